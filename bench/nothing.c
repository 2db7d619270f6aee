/* SPDX-License-Identifier: MIT */
/* nothing: the child that posix_spawn is measured with. */

int main(void)
{
    return 0;
}
