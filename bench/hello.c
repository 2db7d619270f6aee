/* SPDX-License-Identifier: MIT */
/* hello: the program whose start-up and memory are measured. */

#include <stdio.h>

int main(void)
{
    return puts("hello") < 0;
}
