/* SPDX-License-Identifier: MIT */
/*
 * The newc format (cpio(5)): a record is a header of 110 characters (the magic and thirteen numbers of
 * eight hexadecimal digits), the name with its NUL, padding to a multiple of four, the data, padding.
 * A record named TRAILER!!! ends the archive.
 */
#include "kernel/fs/ramfs/cpio.h"
#include "abi/linux/errno.h"
#include "kernel/lib/string.h"

enum {
    CPIO_MAGIC_LEN = 6,
    CPIO_HEADER = 110,
    CPIO_DIGITS = 8,
};

enum cpio_field {
    FIELD_INO,
    FIELD_MODE,
    FIELD_UID,
    FIELD_GID,
    FIELD_NLINK,
    FIELD_MTIME,
    FIELD_SIZE,
    FIELD_DEV_MAJOR,
    FIELD_DEV_MINOR,
    FIELD_RDEV_MAJOR,
    FIELD_RDEV_MINOR,
    FIELD_NAME_SIZE,
    FIELD_CHECK,                                 /* a checksum in other formats             */
    FIELDS
};
_Static_assert(CPIO_MAGIC_LEN + FIELDS * CPIO_DIGITS == CPIO_HEADER, "cpio(5)");

static const char magic[CPIO_MAGIC_LEN + 1] = "070701";
static const char trailer[] = "TRAILER!!!";

#define EACH(byte) ((byte)*0x0101010101010101ull)

/* Bytes of x that are in [lo, hi] get their top bit set.  All bytes are below 0x80. */
static u64 bytes_between(u64 x, u8 lo, u8 hi)
{
    u64 at_least = (x | EACH(0x80)) - EACH((u64)lo);
    u64 above = (x | EACH(0x80)) - EACH((u64)hi + 1);

    return at_least & ~above & EACH(0x80);
}

/*
 * Eight hexadecimal digits, all at once: a header has 104 of them, and start-up waits for every
 * header of the archive.  Digits are told from letters by range; then neighbours are joined.
 */
static bool parse_hex8(const char *s, u32 *ret)
{
    u64 x, lower, digits, letters, v;

    memcpy(&x, s, sizeof(x));
    if (x & EACH(0x80))
        return false;
    digits = bytes_between(x, '0', '9');
    lower = x | EACH(0x20);                      /* '0'..'9' have this bit already          */
    letters = bytes_between(lower, 'a', 'f');
    if ((digits | letters) != EACH(0x80))
        return false;
    v = (lower & EACH(0x0f)) + (letters >> 7) * 9;
    /* the first digit is in the lowest byte and is the most significant */
    v = (v << 4 | v >> 8) & 0x00ff00ff00ff00ffull;
    v = (v << 8 | v >> 16) & 0x0000ffff0000ffffull;
    *ret = (u32)(v << 16 | v >> 32);
    return true;
}

static bool parse_fields(const char *header, u32 field[FIELDS])
{
    for (u32 i = 0; i < FIELDS; i++)
        if (!parse_hex8(header + CPIO_MAGIC_LEN + i * CPIO_DIGITS, &field[i]))
            return false;
    return true;
}

static u64 align4(u64 v)
{
    return (v + 3) & ~(u64)3;
}

/* A name of size bytes, the last of which, and only that, is its NUL. */
static bool name_is_sound(const char *name, u32 size)
{
    return size >= 2 && size <= CPIO_NAME_MAX + 1 && memchr(name, '\0', size) == name + size - 1;
}

int cpio_next(struct cpio_reader *r, struct cpio_record *ret)
{
    u64 left = r->at <= r->size ? r->size - r->at : 0;
    const char *header = (const char *)r->archive + r->at;
    u32 f[FIELDS];
    u64 data;

    if (left < CPIO_HEADER || memcmp(header, magic, CPIO_MAGIC_LEN) || !parse_fields(header, f))
        return -EINVAL;
    if (f[FIELD_NAME_SIZE] > left - CPIO_HEADER ||
        !name_is_sound(header + CPIO_HEADER, f[FIELD_NAME_SIZE]))
        return -EINVAL;
    if (f[FIELD_NAME_SIZE] == sizeof(trailer) &&
        !memcmp(header + CPIO_HEADER, trailer, sizeof(trailer)))
        return 0;
    data = align4(CPIO_HEADER + f[FIELD_NAME_SIZE]);
    if (data > left || f[FIELD_SIZE] > left - data)
        return -EINVAL;

    *ret = (struct cpio_record){
        .name = header + CPIO_HEADER,
        .name_len = f[FIELD_NAME_SIZE] - 1,
        .mode = f[FIELD_MODE],
        .uid = f[FIELD_UID],
        .gid = f[FIELD_GID],
        .nlink = f[FIELD_NLINK],
        .mtime = f[FIELD_MTIME],
        .ino = f[FIELD_INO],
        .dev_major = f[FIELD_DEV_MAJOR],
        .dev_minor = f[FIELD_DEV_MINOR],
        .rdev_major = f[FIELD_RDEV_MAJOR],
        .rdev_minor = f[FIELD_RDEV_MINOR],
        .data = r->archive + r->at + data,
        .size = f[FIELD_SIZE],
        .offset = r->at,
    };
    r->at += align4(data + f[FIELD_SIZE]);       /* may pass the end: then left is 0        */
    return 1;
}
