/* SPDX-License-Identifier: MIT */
/*
 * Telling root file systems apart.
 */
#include "tools/myst/rootfs.h"
#include "tools/myst/cleanup.h"
#include "tools/myst/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FSSIG_SIZE = 4096,                           /* the trailer of a signed or verified image */
    EXT2_MAGIC_OFFSET = 1080,
};

static const unsigned char cpio_magic[] = { '0', '7', '0', '7', '0', '1' };
static const unsigned char luks_magic[] = { 'L', 'U', 'K', 'S', 0xba, 0xbe };
static const unsigned char ext2_magic[] = { 0x53, 0xef };
/* The fssig's first field, 0xf55198a153624d38, as it lies in the file. */
static const unsigned char fssig_magic[] = { 0x38, 0x4d, 0x62, 0x53, 0xa1, 0x98, 0x51, 0xf5 };

static bool has_bytes(int fd, off_t offset, const unsigned char *bytes, size_t len)
{
    unsigned char found[8];

    return offset >= 0 && pread(fd, found, len, offset) == (ssize_t)len &&
           !memcmp(found, bytes, len);
}

static bool is_ext2(int fd, off_t size)
{
    return has_bytes(fd, size - FSSIG_SIZE, fssig_magic, sizeof(fssig_magic)) ||
           has_bytes(fd, 0, luks_magic, sizeof(luks_magic)) ||
           has_bytes(fd, EXT2_MAGIC_OFFSET, ext2_magic, sizeof(ext2_magic));
}

int rootfs_detect(const char *path, enum rootfs_kind *ret)
{
    AUTO(closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return message_error("%s: %s", path, strerror(errno));

    if (S_ISDIR(st.st_mode))
        *ret = ROOTFS_HOST;
    else if (has_bytes(fd, 0, cpio_magic, sizeof(cpio_magic)))
        *ret = ROOTFS_CPIO;
    else if (is_ext2(fd, st.st_size))
        *ret = ROOTFS_EXT2;
    else
        return message_error("%s: not a root file system (a CPIO archive, a directory or an ext2 "
                             "image)",
                             path);
    return 0;
}
