/* SPDX-License-Identifier: MIT */
/*
 * pie_python: Debian's Python as a position-independent program.
 *
 * Debian links /usr/bin/python3.11 at fixed addresses, and two such programs cannot be in memory at
 * once before image exchange, so it cannot start itself.  The same interpreter comes as a shared
 * library, libpython3.11; this is the main() that python3.11 has, around that.
 */

int Py_BytesMain(int argc, char **argv);

int main(int argc, char **argv)
{
    return Py_BytesMain(argc, argv);
}
