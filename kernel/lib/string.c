/* SPDX-License-Identifier: MIT */
/*
 * Bytes and strings.
 *
 * The kernel has no vector registers, so copies are `rep movsb` from REP_MIN bytes up (fast
 * string operations: 16 or more bytes a cycle on every processor with SGX) and a loop of words
 * below, where the start-up cost of rep would dominate.
 */
#include "kernel/lib/string.h"

enum { REP_MIN = 256 };                          /* measured: loops win below, rep above    */

static inline u64 load8(const void *p)
{
    u64 v;

    __builtin_memcpy(&v, p, sizeof(v));
    return v;
}

static inline void store8(void *p, u64 v)
{
    __builtin_memcpy(p, &v, sizeof(v));
}

/* Fewer than 8 bytes. */
static inline void copy_tail(u8 *d, const u8 *s, size_t len)
{
    while (len--)
        *d++ = *s++;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t len)
{
    u8 *d = dst;
    const u8 *s = src;

    if (len >= REP_MIN) {
        __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(len) : : "memory");
        return dst;
    }
    for (; len >= 8; len -= 8, d += 8, s += 8)
        store8(d, load8(s));
    copy_tail(d, s, len);
    return dst;
}

static void copy_backward(u8 *d, const u8 *s, size_t len)
{
    while (len >= 8) {
        len -= 8;
        store8(d + len, load8(s + len));
    }
    while (len--)
        d[len] = s[len];
}

void *memmove(void *dst, const void *src, size_t len)
{
    u8 *d = dst;
    const u8 *s = src;

    if ((u64)d - (u64)s < len) {
        copy_backward(d, s, len);
        return dst;
    }
    if (len >= REP_MIN && (u64)s - (u64)d >= 64) {
        __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(len) : : "memory");
        return dst;
    }
    for (; len >= 8; len -= 8, d += 8, s += 8)
        store8(d, load8(s));
    copy_tail(d, s, len);
    return dst;
}

void *memset(void *dst, int byte, size_t len)
{
    u8 *d = dst;
    u64 word = (u8)byte * 0x0101010101010101ull;

    if (len >= REP_MIN) {
        __asm__ volatile("rep stosb" : "+D"(d), "+c"(len) : "a"(byte) : "memory");
        return dst;
    }
    for (; len >= 8; len -= 8, d += 8)
        store8(d, word);
    while (len--)
        *d++ = (u8)byte;
    return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const u8 *x = a, *y = b;

    while (len >= 8 && load8(x) == load8(y)) {
        x += 8;
        y += 8;
        len -= 8;
    }
    for (; len; len--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int byte, size_t len)
{
    for (const u8 *p = s; len; len--, p++)
        if (*p == (u8)byte)
            return (void *)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *p = s;

    while (*p)
        p++;
    return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
    const char *end = memchr(s, 0, max);

    return end ? (size_t)(end - s) : max;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++)
        if (*a != *b || !*a)
            return (u8)*a - (u8)*b;
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;

    for (;; s++) {
        if (*s == (char)c)
            found = s;
        if (!*s)
            return (char *)found;
    }
}

char *strstr(const char *s, const char *what)
{
    size_t len = strlen(what);

    for (; *s; s++)
        if (!strncmp(s, what, len))
            return (char *)s;
    return len ? NULL : (char *)s;
}

ssize_t str_copy(char *dst, const char *src, size_t size)
{
    size_t len = strlen(src);

    if (!size)
        return -1;
    if (len >= size) {
        memcpy(dst, src, size - 1);
        dst[size - 1] = '\0';
        return -1;
    }
    memcpy(dst, src, len + 1);
    return (ssize_t)len;
}

static u32 digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (u32)(c - '0');
    if (c >= 'a' && c <= 'z')
        return (u32)(c - 'a') + 10;
    if (c >= 'A' && c <= 'Z')
        return (u32)(c - 'A') + 10;
    return UINT32_MAX;
}

bool str_to_u64(const char *s, size_t len, u32 base, u64 *ret)
{
    u64 value = 0;

    if (!base) {
        base = 10;
        if (len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
            base = 16;
            s += 2;
            len -= 2;
        } else if (len > 1 && s[0] == '0') {
            base = 8;
        }
    }
    if (!len)
        return false;
    for (; len; len--, s++) {
        u32 digit = digit_value(*s);

        if (digit >= base || mul_overflows(value, (u64)base, &value) ||
            add_overflows(value, (u64)digit, &value))
            return false;
    }
    *ret = value;
    return true;
}

void secure_zero(void *p, size_t len)
{
    memset(p, 0, len);
    __asm__ volatile("" : : "r"(p) : "memory");
}
