/* SPDX-License-Identifier: MIT */
/*
 * Formatted text: %d %i %u %x %X %o %c %s %p %% with flags - 0 + space #, width and precision (also
 * *), lengths hh h l ll z j t.  No floating point.
 */
#pragma once
#include <stdarg.h>
#include "kernel/lib/types.h"

/* Like snprintf(3): returns the length the text has or would have, terminates if size > 0. */
int ksnprintf(char *dst, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int kvsnprintf(char *dst, size_t size, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));
