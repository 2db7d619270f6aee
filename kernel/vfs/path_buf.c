/* SPDX-License-Identifier: MIT */
/* Paths from user memory. */
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/path.h"

int path_copy_in(uptr path, char **ret)
{
    char *buf = kalloc(KPATH_MAX);
    ssize_t len;

    if (!buf)
        return -ENOMEM;
    len = copy_in_str(buf, path, KPATH_MAX);
    if (len < 0) {
        kfree(buf);
        return (int)len;
    }
    *ret = buf;
    return 0;
}

int path_buf_init(struct path_buf *p, uptr path)
{
    ssize_t len = copy_in_str(p->small, path, sizeof(p->small));

    p->str = p->small;
    if (likely(len >= 0))
        return 0;
    if (len != -ENAMETOOLONG)
        return (int)len;
    return path_copy_in(path, &p->str);          /* from the start: one copy is what counts */
}

void path_buf_fini(struct path_buf *p)
{
    if (unlikely(p->str && p->str != p->small))
        kfree(p->str);
}
