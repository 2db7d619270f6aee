/* SPDX-License-Identifier: MIT */
/*
 * Preprocessor macros for the tables in this folder.  Nothing clever belongs anywhere else, and
 * if this file passes 40 lines of code the tables should be generated instead.
 */
#pragma once

#define PP_CAT_(a, b) a##b
#define PP_CAT(a, b)  PP_CAT_(a, b)

/* PAIRS(a, 1, b, 2) is 2: the number of (kind, name) pairs, 0 to 6. */
#define PAIRS(...) PAIRS_(0, ##__VA_ARGS__, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0)
/* The argument behind the first thirteen. */
#define PAIRS_(z, a, b, c, d, e, f, g, h, i, j, k, l, n, ...) n

/* MAP(f, sep, x, K0, n0, K1, n1) is f(x, 0, K0, n0) sep() f(x, 1, K1, n1). */
#define MAP(f, sep, x, ...) PP_CAT(MAP, PAIRS(__VA_ARGS__))(f, sep, x, ##__VA_ARGS__)
#define MAP0(f, s, x)
#define MAP1(f, s, x, K, n)                   f(x, 0, K, n)
#define MAP2(f, s, x, K, n, ...)              f(x, 0, K, n) s() MAP2_(f, s, x, __VA_ARGS__)
#define MAP2_(f, s, x, K, n)                  f(x, 1, K, n)
#define MAP3(f, s, x, K, n, L, m, M, o)       MAP2(f, s, x, K, n, L, m) s() f(x, 2, M, o)
#define MAP4(f, s, x, K, n, L, m, M, o, N, p) MAP3(f, s, x, K, n, L, m, M, o) s() f(x, 3, N, p)
#define MAP5(f, s, x, K, n, L, m, M, o, N, p, O, q)                                                \
    MAP4(f, s, x, K, n, L, m, M, o, N, p) s() f(x, 4, O, q)
#define MAP6(f, s, x, K, n, L, m, M, o, N, p, O, q, P, r)                                          \
    MAP5(f, s, x, K, n, L, m, M, o, N, p, O, q) s() f(x, 5, P, r)
#define COMMA() ,
#define NOTHING()
