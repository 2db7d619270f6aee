/* SPDX-License-Identifier: MIT */
/*
 * Archive files.  Reads ahead in large pieces: headers are small and come by the thousand.
 */
#include "tools/myst/archive.h"
#include "tools/myst/message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char ahead[CPIO_BUFFER_SIZE];             /* what has been read and not yet been asked for: one */
static size_t ahead_start, ahead_end;            /* archive is open at a time               */

static ssize_t archive_read(void *context, void *dst, size_t len)
{
    const struct archive *a = context;

    while (ahead_start == ahead_end) {
        ssize_t n = read(a->fd, ahead, sizeof(ahead));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        ahead_start = 0;
        ahead_end = (size_t)n;
    }
    if (len > ahead_end - ahead_start)
        len = ahead_end - ahead_start;
    memcpy(dst, ahead + ahead_start, len);
    ahead_start += len;
    return (ssize_t)len;
}

int archive_open(struct archive *a, const char *path)
{
    struct stat st;

    a->path = path;
    a->size = 0;
    a->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (a->fd < 0 || fstat(a->fd, &st) < 0)
        return message_error("%s: %s", path, strerror(errno));
    if (S_ISREG(st.st_mode))
        a->size = (uint64_t)st.st_size;

    ahead_start = ahead_end = 0;
    cpio_reader_init(&a->reader, archive_read, a);
    return 0;
}

void archive_fini(struct archive *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

int archive_report(const struct archive *a, int err)
{
    if (err == -EINVAL)
        return message_error("%s: byte %llu: %s", a->path, (unsigned long long)a->reader.offset,
                             a->reader.error);
    return message_error("%s: %s", a->path, strerror(-err));
}
