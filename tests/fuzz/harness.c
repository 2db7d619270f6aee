/* SPDX-License-Identifier: MIT */
/* What the sim machine expects of the unit tests' runner, for fuzzers: a failed check is a crash. */
#include "tests/unit/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void test_fail(const char *file, int line, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
    abort();
}

void test_check_eq(const char *file, int line, const char *text, long long a, long long b)
{
    if (a != b)
        test_fail(file, line, "CHECK_EQ(%s): %lld is not %lld", text, a, b);
}

/* The image of the vDSO is assembled into the real kernel only. */
__asm__(".pushsection .rodata\n"
        ".balign 4096\n"
        ".globl vdso_image, vdso_image_end\n"
        "vdso_image: .zero 4096\n"
        "vdso_image_end:\n"
        ".popsection\n");
