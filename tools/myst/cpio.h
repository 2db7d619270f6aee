/* SPDX-License-Identifier: MIT */
/*
 * CPIO archives in "newc" format, written and read as streams.
 *
 *     header (110 bytes: "070701" and thirteen fields of eight hex digits), name with its NUL,
 *     zeros to a multiple of 4, data, zeros to a multiple of 4
 *     ...
 *     the same with the name TRAILER!!! and no data, zeros to a multiple of 512
 *
 * The writer knows no owners, times or inodes: the same entries make the same bytes everywhere.
 * The reader takes archives of any producer and believes nothing: whatever the bytes are, it ends
 * with an error and never reads outside what it was given.
 *
 * Nothing here prints; errors are -errno, and -EINVAL of the reader has its reason in error.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    CPIO_NAME_MAX = 4095,                        /* bytes without the NUL: a path that Linux still takes */
    CPIO_BUFFER_SIZE = 256 * 1024,               /* of the writer: few system calls, fits in L2 */
};

#define CPIO_FILE_MAX 0xffffffffull              /* eight hex digits                        */

/* The header's fields that mean something, in its order. */
struct cpio_entry {
    const char *name;                            /* as written in the archive               */
    uint32_t ino;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t nlink;
    uint32_t mtime;
    uint32_t size;
    uint32_t dev_major;
    uint32_t dev_minor;
    uint32_t rdev_major;
    uint32_t rdev_minor;
};

struct cpio_writer {
    int fd;
    uint64_t offset;                             /* bytes of archive so far, buffered ones included */
    size_t fill;
    uint32_t left;                               /* data bytes that the current entry still lacks */
    char *buffer;
};

/* fd stays the caller's.  -ENOMEM. */
int cpio_writer_init(struct cpio_writer *w, int fd);
void cpio_writer_fini(struct cpio_writer *w);

/* Begin an entry; exactly size bytes of data have to follow. */
int cpio_write_entry(struct cpio_writer *w, const char *name, uint32_t mode, uint32_t size);
int cpio_write_data(struct cpio_writer *w, const void *data, size_t len);

/* Write the end of the archive, and everything that is still buffered. */
int cpio_write_end(struct cpio_writer *w);

/* Where an archive comes from: like read(2), but -errno. */
typedef ssize_t cpio_source(void *context, void *dst, size_t len);

struct cpio_reader {
    cpio_source *read;
    void *context;
    uint64_t offset;                             /* bytes consumed                          */
    uint32_t left;                               /* data bytes of the current entry not yet read */
    bool ended;
    const char *error;                           /* why the last call returned -EINVAL      */
    char name[CPIO_NAME_MAX + 1];
};

void cpio_reader_init(struct cpio_reader *r, cpio_source *read, void *context);

/* The next entry; what remained of the one before is skipped.  Its name lives until the next call.
 * Returns 1, 0 at the end of the archive, or -errno. */
int cpio_read_entry(struct cpio_reader *r, struct cpio_entry *ret);

/* Data of the current entry.  Returns the bytes read, 0 when it is complete. */
ssize_t cpio_read_data(struct cpio_reader *r, void *dst, size_t len);

/* Where a name leads, relative to the folder that an archive is unpacked in: no leading "./", no
 * doubled or trailing '/'; the folder itself is ".".  dst has room for CPIO_NAME_MAX + 1 bytes.
 * Returns NULL, or why the name is refused: one that is absolute or has ".." is. */
const char *cpio_clean_name(const char *name, char *dst);
