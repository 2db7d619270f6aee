/* SPDX-License-Identifier: MIT */
/*
 * The measured C runtime as a file: Debian's musl, for programs that name it as their interpreter
 * in a root file system that lacks it.  It has no place in the tree; its bytes are the boot
 * module's, never copied until a program maps them.
 */
#include "abi/image.h"
#include "abi/linux/errno.h"
#include "abi/linux/stat.h"
#include "kernel/lib/string.h"
#include "kernel/proc/exec_int.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/vnode.h"

static const char crt_path[] = "/lib/ld-musl-x86_64.so.1";

static struct boot_module crt;                   /* [const] after start                     */
static struct file *crt_file;                    /* [const] for ever                        */

static ssize_t crt_read(struct file *f, struct iov *dst, u64 *pos)
{
    ssize_t n;

    (void)f;
    if (*pos >= crt.size)
        return 0;
    n = iov_put(dst, (const u8 *)crt.data + *pos, min_u64(crt.size - *pos, iov_left(dst)));
    if (n > 0)
        *pos += (u64)n;
    return n;
}

static const struct file_ops crt_ops = {
    .kind = "crt",
    .read = crt_read,
};

static int crt_getattr(struct vnode *v, struct vattr *ret)
{
    *ret = (struct vattr){
        .mode = v->mode,
        .nlink = 1,
        .ino = v->ino,
        .size = crt.size,
        .blksize = PAGE_SIZE,
        .blocks = (crt.size + 511) / 512,
    };
    return 0;
}

static const struct vnode_ops crt_vnode_ops = {
    .getattr = crt_getattr,
};

static const struct fs_type crt_fs_type = { .name = "crt", .nodev = true };
static struct fs crt_fs;
static struct vnode crt_vnode;                   /* never evicted: crt_file keeps it        */

int crt_init(const struct boot_params *bp)
{
    int err;

    crt = bp->crt;
    if (!crt.size)
        return 0;
    fs_init(&crt_fs, &crt_fs_type);
    crt_fs.readonly = true;
    vnode_init(&crt_vnode, &crt_fs, &crt_vnode_ops, S_IFREG | 0755, 1);
    err = file_new(&crt_ops, NULL, 0, &crt_file);
    if (err)
        return err;
    crt_file->vnode = &crt_vnode;
    crt_file->name.len = sizeof(crt_path) - 1;
    memcpy(crt_file->name.text, crt_path, sizeof(crt_path));
    return 0;
}

struct file *crt_open(const char *path)
{
    return crt_file && !strcmp(path, crt_path) ? file_get(crt_file) : NULL;
}
