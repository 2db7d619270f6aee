/* SPDX-License-Identifier: MIT */
/*
 * Ownership that ends by itself, as in the kernel: what a function owns is AUTO, what it hands on
 * is TAKEn.
 */
#pragma once
#include <stdlib.h>
#include <unistd.h>

/* Run fn(&variable) when the variable goes out of scope, on every path.  Later ones run first. */
#define AUTO(fn) __attribute__((cleanup(fn)))

/* The value of p, which forgets it: ownership moves to whoever takes the value. */
#define TAKE(p)                                                                                    \
    ({                                                                                             \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })

/* For pointers of any type, which void ** would not accept. */
static inline void freep(void *p)
{
    free(*(void **)p);
}

/* A negative descriptor is none. */
static inline void closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
