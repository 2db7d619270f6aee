/* SPDX-License-Identifier: MIT */
/* Ownership by scope: AUTO runs a function when a variable dies, TAKE hands its value on. */
#pragma once

/* Run fn(&variable) when the variable goes out of scope, on every path; later ones first.
 * x_putp(struct x **p) is x_put(*p), and x_put(NULL) does nothing. */
#define AUTO(fn) __attribute__((cleanup(fn)))

/* The value of p, which forgets it: ownership moves to whoever takes the value. */
#define TAKE(p)                                                                                    \
    ({                                                                                             \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })
