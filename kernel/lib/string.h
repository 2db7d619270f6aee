/* SPDX-License-Identifier: MIT */
/* Bytes and strings, as in C, without locale. */
#pragma once
#include "kernel/lib/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
void *memchr(const void *s, int byte, size_t len);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);

/* Copy a string into size bytes, always terminated; returns its length, or -1 if it was cut. */
ssize_t str_copy(char *dst, const char *src, size_t size);

/* A decimal (or with base 0, C-style prefixed) number that fills the whole string; false if it
 * does not. */
bool str_to_u64(const char *s, size_t len, u32 base, u64 *ret);

/* memset() that the compiler may not leave out. */
void secure_zero(void *p, size_t len);
