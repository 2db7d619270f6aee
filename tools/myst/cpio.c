/* SPDX-License-Identifier: MIT */
/*
 * The newc format.  See cpio.h for its picture.
 */
#include "tools/myst/cpio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEADER_SIZE = 110,
    FIELD_COUNT = 13,
    FIELD_DIGITS = 8,
    ALIGNMENT = 4,
    ARCHIVE_ALIGNMENT = 512,
};

static const char magic[] = "070701";
static const char trailer[] = "TRAILER!!!";

/* What every entry of ours says about itself, whatever the source was. */
enum { OUR_MTIME = 0x56734BA4, OUR_DEV_MAJOR = 8, OUR_DEV_MINOR = 2 };

static uint32_t padding(uint64_t offset, uint32_t alignment)
{
    return (uint32_t)(-offset & (alignment - 1));
}

/* ---- writing ---- */

int cpio_writer_init(struct cpio_writer *w, int fd)
{
    char *buffer = malloc(CPIO_BUFFER_SIZE);

    if (!buffer)
        return -ENOMEM;
    *w = (struct cpio_writer){ .fd = fd, .buffer = buffer };
    return 0;
}

void cpio_writer_fini(struct cpio_writer *w)
{
    free(w->buffer);
    w->buffer = NULL;
}

static int writer_flush(struct cpio_writer *w)
{
    size_t done = 0;

    while (done < w->fill) {
        ssize_t n = write(w->fd, w->buffer + done, w->fill - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        done += (size_t)n;
    }
    w->fill = 0;
    return 0;
}

static int writer_put(struct cpio_writer *w, const void *data, size_t len)
{
    const char *from = data;

    while (len) {
        size_t n = CPIO_BUFFER_SIZE - w->fill;
        if (n > len)
            n = len;
        memcpy(w->buffer + w->fill, from, n);
        w->fill += n;
        w->offset += n;
        from += n;
        len -= n;

        int err = w->fill == CPIO_BUFFER_SIZE ? writer_flush(w) : 0;
        if (err)
            return err;
    }
    return 0;
}

static int writer_pad(struct cpio_writer *w, uint32_t alignment)
{
    static const char zeros[ARCHIVE_ALIGNMENT];

    return writer_put(w, zeros, padding(w->offset, alignment));
}

static int writer_put_header(struct cpio_writer *w, const struct cpio_entry *e)
{
    char header[HEADER_SIZE + 1];
    size_t name_size = strlen(e->name) + 1;
    int err;

    if (name_size > CPIO_NAME_MAX + 1)
        return -ENAMETOOLONG;
    snprintf(header, sizeof(header), "%s%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08zX%08X",
             magic, e->ino, e->mode, e->uid, e->gid, e->nlink, e->mtime, e->size, e->dev_major,
             e->dev_minor, e->rdev_major, e->rdev_minor, name_size, 0u);

    err = writer_put(w, header, HEADER_SIZE);
    if (err)
        return err;
    err = writer_put(w, e->name, name_size);
    if (err)
        return err;
    return writer_pad(w, ALIGNMENT);
}

int cpio_write_entry(struct cpio_writer *w, const char *name, uint32_t mode, uint32_t size)
{
    struct cpio_entry e = {
        .name = name,
        .mode = mode,
        .nlink = 1,
        .mtime = OUR_MTIME,
        .size = size,
        .dev_major = OUR_DEV_MAJOR,
        .dev_minor = OUR_DEV_MINOR,
    };

    if (w->left)
        return -EINVAL;
    w->left = size;
    return writer_put_header(w, &e);
}

int cpio_write_data(struct cpio_writer *w, const void *data, size_t len)
{
    int err;

    if (len > w->left)
        return -EINVAL;
    err = writer_put(w, data, len);
    if (err)
        return err;
    w->left -= (uint32_t)len;
    return w->left ? 0 : writer_pad(w, ALIGNMENT);
}

int cpio_write_end(struct cpio_writer *w)
{
    struct cpio_entry e = { .name = trailer, .nlink = 1 };
    int err;

    if (w->left)
        return -EINVAL;
    err = writer_put_header(w, &e);
    if (err)
        return err;
    err = writer_pad(w, ARCHIVE_ALIGNMENT);
    if (err)
        return err;
    return writer_flush(w);
}

/* ---- reading ---- */

void cpio_reader_init(struct cpio_reader *r, cpio_source *read, void *context)
{
    *r = (struct cpio_reader){ .read = read, .context = context };
}

static int reader_refuse(struct cpio_reader *r, const char *why)
{
    r->error = why;
    return -EINVAL;
}

/* Read exactly len bytes. */
static int reader_get(struct cpio_reader *r, void *dst, size_t len)
{
    char *to = dst;

    while (len) {
        ssize_t n = r->read(r->context, to, len);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return reader_refuse(r, "the archive ends too early");
        to += n;
        len -= (size_t)n;
        r->offset += (uint64_t)n;
    }
    return 0;
}

static int reader_skip(struct cpio_reader *r, uint64_t len)
{
    char ignored[4096];

    while (len) {
        size_t n = len < sizeof(ignored) ? (size_t)len : sizeof(ignored);
        int err = reader_get(r, ignored, n);
        if (err)
            return err;
        len -= n;
    }
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int reader_get_fields(struct cpio_reader *r, uint32_t field[FIELD_COUNT])
{
    char header[HEADER_SIZE];
    const char *p = header + sizeof(magic) - 1;
    int err;

    err = reader_get(r, header, sizeof(header));
    if (err)
        return err;
    if (memcmp(header, magic, sizeof(magic) - 1))
        return reader_refuse(r, "not a newc header");

    for (int i = 0; i < FIELD_COUNT; i++) {
        field[i] = 0;
        for (int digit = 0; digit < FIELD_DIGITS; digit++) {
            int value = hex_digit(*p++);
            if (value < 0)
                return reader_refuse(r, "a header field is not a number");
            field[i] = field[i] << 4 | (uint32_t)value;
        }
    }
    return 0;
}

static int reader_get_name(struct cpio_reader *r, uint32_t size)
{
    int err;

    if (size < 2)
        return reader_refuse(r, "an entry without a name");
    if (size > sizeof(r->name))
        return reader_refuse(r, "a name is too long");
    err = reader_get(r, r->name, size);
    if (err)
        return err;
    if (strnlen(r->name, size) != size - 1)
        return reader_refuse(r, "a name does not end where it should");
    return reader_skip(r, padding(r->offset, ALIGNMENT));
}

static bool entry_has_data(const struct cpio_entry *e)
{
    return S_ISREG(e->mode) || S_ISLNK(e->mode);
}

static int reader_check_entry(struct cpio_reader *r, const struct cpio_entry *e)
{
    switch (e->mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFIFO:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFSOCK:
        break;
    default:
        return reader_refuse(r, "an entry of unknown type");
    }
    if (e->size && !entry_has_data(e))
        return reader_refuse(r, "data in an entry that has none");
    return 0;
}

int cpio_read_entry(struct cpio_reader *r, struct cpio_entry *ret)
{
    uint32_t f[FIELD_COUNT];
    int err;

    if (r->ended)
        return 0;
    /* Padding belongs to the data before it, so that the offset is that of a header here. */
    err = reader_skip(r, (uint64_t)r->left + padding(r->offset + r->left, ALIGNMENT));
    if (err)
        return err;
    r->left = 0;

    err = reader_get_fields(r, f);
    if (err)
        return err;
    err = reader_get_name(r, f[11]);
    if (err)
        return err;
    if (!strcmp(r->name, trailer)) {
        r->ended = true;
        return 0;
    }

    struct cpio_entry e = {
        .name = r->name,
        .ino = f[0],
        .mode = f[1],
        .uid = f[2],
        .gid = f[3],
        .nlink = f[4],
        .mtime = f[5],
        .size = f[6],
        .dev_major = f[7],
        .dev_minor = f[8],
        .rdev_major = f[9],
        .rdev_minor = f[10],
    };
    err = reader_check_entry(r, &e);
    if (err)
        return err;
    r->left = e.size;
    *ret = e;
    return 1;
}

ssize_t cpio_read_data(struct cpio_reader *r, void *dst, size_t len)
{
    if (len > r->left)
        len = r->left;
    int err = reader_get(r, dst, len);
    if (err)
        return err;
    r->left -= (uint32_t)len;
    return (ssize_t)len;
}

/* ---- names ---- */

const char *cpio_clean_name(const char *name, char *dst)
{
    char *end = dst;

    if (*name == '/')
        return "an absolute name";
    while (*name) {
        size_t len = strcspn(name, "/");

        if (len == 2 && name[0] == '.' && name[1] == '.')
            return "a name with ..";
        if (len && !(len == 1 && name[0] == '.')) {
            if (end != dst)
                *end++ = '/';
            memcpy(end, name, len);
            end += len;
        }
        name += len;
        while (*name == '/')
            name++;
    }
    if (end == dst)
        *end++ = '.';
    *end = '\0';
    return NULL;
}
