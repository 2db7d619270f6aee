/* SPDX-License-Identifier: MIT */
/*
 * The words every other header uses: sized integers, the address types that must not mix, and
 * the handful of macros that are allowed everywhere.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef long ssize_t;

/* Numbers as they lie on a disk or in a file: little-endian, converted only by function. */
typedef struct {
    u16 raw;
} le16;
typedef struct {
    u32 raw;
} le32;
typedef struct {
    u64 raw;
} le64;

/* An address in user memory.  A struct, so that nothing but copy_in(), copy_out() and iov can
 * follow it: dereferencing one does not compile. */
typedef struct {
    u64 addr;
} uptr;
#define UPTR(v)   ((uptr){ .addr = (u64)(v) })
#define UPTR_NULL ((uptr){ .addr = 0 })

static inline uptr uptr_add(uptr p, u64 bytes)
{
    return UPTR(p.addr + bytes);
}

static inline u16 le16_get(le16 v)
{
    return v.raw;
}
static inline u32 le32_get(le32 v)
{
    return v.raw;
}
static inline u64 le64_get(le64 v)
{
    return v.raw;
}

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define likely(x)                       __builtin_expect(!!(x), 1)
#define unlikely(x)                     __builtin_expect(!!(x), 0)

#define MUST_CHECK                      __attribute__((warn_unused_result))
#define NORETURN                        __attribute__((noreturn))

enum { PAGE_SIZE = 4096, PAGE_SHIFT = 12 };
#define PAGE_MASK (~(u64)(PAGE_SIZE - 1))

static inline u64 page_floor(u64 v)
{
    return v & PAGE_MASK;
}
static inline u64 page_offset(u64 v)
{
    return v & (u64)(PAGE_SIZE - 1);
}

/* Round up to whole pages.  The caller has checked that v is no closer than a page to 2^64. */
static inline u64 page_ceil(u64 v)
{
    return (v + PAGE_SIZE - 1) & PAGE_MASK;
}

/* Arithmetic on foreign numbers: true if the result does not fit, *ret is then unspecified. */
#define add_overflows(a, b, ret) __builtin_add_overflow(a, b, ret)
#define sub_overflows(a, b, ret) __builtin_sub_overflow(a, b, ret)
#define mul_overflows(a, b, ret) __builtin_mul_overflow(a, b, ret)

static inline u64 min_u64(u64 a, u64 b)
{
    return a < b ? a : b;
}
static inline u64 max_u64(u64 a, u64 b)
{
    return a > b ? a : b;
}
static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}
