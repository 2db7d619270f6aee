/* SPDX-License-Identifier: MIT */
/* child: what a test starts: says its first argument, $FROM and its standard input; status 7. */

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    char input[256];
    size_t size = fread(input, 1, sizeof(input), stdin);
    const char *from = getenv("FROM");

    printf("%s %s %.*s\n", argc > 1 ? argv[1] : "", from ? from : "", (int)size, input);
    return 7;
}
