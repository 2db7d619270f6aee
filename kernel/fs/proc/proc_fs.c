/* SPDX-License-Identifier: MIT */
/* procfs: vnodes, files and directories; see proc_fs.h for the model. */
#include "kernel/fs/proc/proc_fs.h"
#include "abi/linux/dirent.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/magic.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/clock.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/proc/process.h"
#include "kernel/vfs/file.h"

enum { WRITE_MAX = 4096, NUMBER_DIGITS = 10 };

struct proc_vnode {
    struct vnode v;
    struct proc_at at;
};

/* The content of one open file. */
struct proc_text {
    struct mutex lock;
    struct strbuf text;
    bool made;
};

static const struct vnode_ops proc_vnode_ops, proc_jump_ops;

static const struct proc_at *at_of(const struct vnode *v)
{
    return &container_of(v, struct proc_vnode, v)->at;
}

int proc_process(const struct proc_at *at, struct process **ret)
{
    struct process *p = process_find(at->pid);

    if (!p)
        return -ESRCH;
    *ret = p;
    return 0;
}

int proc_parse(const char *text, size_t len, u64 *ret)
{
    while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    return str_to_u64(text, len, 10, ret) ? 0 : -EINVAL;
}

/* Numbers that differ where places differ; Linux's mean nothing either. */
static u64 ino_of(const struct proc_at *at)
{
    u64 h = (u64)at->node >> 3;

    h = h * 31 + (u32)at->pid;
    h = h * 31 + (u32)at->tid;
    h = h * 31 + (u32)(at->fd + 1);
    return (h & 0xffffffff) | 0x100000000;
}

static void owner_set(struct vnode *v, const struct proc_at *at)
{
    AUTO(process_putp) struct process *p = NULL;
    struct process_info info;

    if (!at->pid || proc_process(at, &p))
        return;
    process_info_get(p, &info);
    vnode_set_owner(v, at->node->mode, info.euid, info.egid);
}

static int vnode_make(struct fs *fs, const struct proc_at *at, struct vnode **ret)
{
    struct proc_vnode *p = kzalloc(sizeof(*p));

    if (!p)
        return -ENOMEM;
    p->at = *at;
    vnode_init(&p->v, fs, at->node->jump ? &proc_jump_ops : &proc_vnode_ops, at->node->mode,
               ino_of(at));
    owner_set(&p->v, at);
    *ret = &p->v;
    return 0;
}

/* ---- directories ---- */

static const struct proc_node *child_find(const struct proc_node *list, struct name name)
{
    for (; list && list->name; list++)
        if (strlen(list->name) == name.len && !memcmp(list->name, name.str, name.len))
            return list;
    return NULL;
}

static int proc_lookup(struct vnode *dir, struct name name, struct vnode **ret)
{
    const struct proc_at *at = at_of(dir);
    struct proc_at child = *at;
    u64 number;
    int err;

    child.node = child_find(at->node->children, name);
    if (child.node)
        return vnode_make(dir->fs, &child, ret);
    if (!at->node->find || !str_to_u64(name.str, name.len, 10, &number) || number > INT32_MAX ||
        (name.len > 1 && name.str[0] == '0'))
        return -ENOENT;
    err = at->node->find(at, number, &child);
    return err ? err : vnode_make(dir->fs, &child, ret);
}

static u32 dtype_of(const struct proc_node *n)
{
    return (n->mode & S_IFMT) >> 12;
}

static u32 child_count(const struct proc_node *list)
{
    u32 n = 0;

    while (list && list[n].name)
        n++;
    return n;
}

/* Fixed entries first, numbered from READDIR_START; then those that come and go, by number. */
static int proc_readdir(struct vnode *dir, u64 *cookie, readdir_emit emit, void *arg)
{
    const struct proc_at *at = at_of(dir);
    u32 fixed = child_count(at->node->children);
    struct proc_at child = *at;
    char digits[NUMBER_DIGITS + 1];
    u64 i;

    for (; *cookie < READDIR_START + fixed; (*cookie)++) {
        child.node = &at->node->children[*cookie - READDIR_START];
        if (!emit(arg, (struct name){ child.node->name, strlen(child.node->name) }, ino_of(&child),
                  dtype_of(child.node), *cookie + 1))
            return 0;
    }
    for (i = *cookie - READDIR_START - fixed; at->node->next && !at->node->next(at, &i, &child);
         i++) {
        int len = ksnprintf(digits, sizeof(digits), "%llu", (unsigned long long)i);

        *cookie = READDIR_START + fixed + i;
        if (!emit(arg, (struct name){ digits, (size_t)len }, ino_of(&child), dtype_of(child.node),
                  *cookie + 1))
            return 0;
        (*cookie)++;
    }
    return 0;
}

/* ---- attributes and links ---- */

static int proc_getattr(struct vnode *v, struct vattr *ret)
{
    u64 now = clock_realtime_ns();
    struct timespec64 t = { (s64)(now / NSEC_PER_SEC), (u32)(now % NSEC_PER_SEC) };

    *ret = (struct vattr){
        .mode = vnode_mode(v),
        .uid = v->uid,
        .gid = v->gid,
        .nlink = v->type == S_IFDIR ? 2 : 1,
        .ino = v->ino,
        .blksize = 1024,
        .atime = t,
        .mtime = t,
        .ctime = t,
        .btime = t,
    };
    return 0;
}

static int proc_readlink(struct vnode *v, struct strbuf *dst)
{
    const struct proc_at *at = at_of(v);

    return at->node->link ? at->node->link(at, dst) : -EINVAL;
}

static int proc_jump(struct vnode *v, struct jump *ret)
{
    const struct proc_at *at = at_of(v);

    return at->node->jump(at, ret);
}

/* ---- files ---- */

static int text_make(struct file *f, struct proc_text *t)
{
    const struct proc_at *at = at_of(f->vnode);
    int err;

    t->text.len = 0;
    t->text.cut = false;
    err = at->node->show(at, &t->text);
    if (!err && t->text.cut)
        err = -ENOMEM;
    t->made = !err;
    return err;
}

static ssize_t text_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct proc_text *t = f->priv;
    ssize_t n;
    int err = 0;

    if (!at_of(f->vnode)->node->show)
        return -EINVAL;
    WITH_MUTEX(&t->lock);
    if (*pos == 0 || !t->made)
        err = text_make(f, t);
    if (err || *pos >= t->text.len)
        return err;
    n = iov_put(dst, t->text.buf + *pos, min_size(iov_left(dst), t->text.len - *pos));
    if (n > 0)
        *pos += (u64)n;
    return n;
}

static ssize_t text_write(struct file *f, struct iov *src, u64 *pos)
{
    const struct proc_at *at = at_of(f->vnode);
    AUTO(kfreep) char *text = NULL;
    size_t len = iov_left(src);
    ssize_t n;
    int err;

    if (!at->node->store)
        return -EINVAL;
    if (len > WRITE_MAX)
        return -EINVAL;
    text = kalloc(len + 1);
    if (!text)
        return -ENOMEM;
    n = iov_get(src, text, len);
    if (n < 0)
        return n;
    err = at->node->store(at, text, (size_t)n);
    if (err)
        return err;
    *pos += (u64)n;
    return n;
}

static s64 text_seek(struct file *f, s64 off, int whence)
{
    s64 at = whence == SEEK_CUR ? (s64)f->pos + off : off;

    if ((whence != SEEK_SET && whence != SEEK_CUR) || at < 0)
        return -EINVAL;
    f->pos = (u64)at;
    return at;
}

static void text_release(struct file *f)
{
    struct proc_text *t = f->priv;

    kfree(t->text.buf);
    kfree(t);
}

static const struct file_ops text_ops = {
    .kind = "proc",
    .read = text_read,
    .write = text_write,
    .seek = text_seek,
    .release = text_release,
};

static int proc_open(struct vnode *v, struct file *f)
{
    struct proc_text *t;

    if (v->type != S_IFREG)
        return 0;
    t = kzalloc(sizeof(*t));
    if (!t)
        return -ENOMEM;
    strbuf_init_growing(&t->text, krealloc);
    f->ops = &text_ops;
    f->priv = t;
    return 0;
}

/* open(O_TRUNC) of a writable file succeeds and changes nothing; modes and owners are not ours to
 * give. */
static int proc_setattr(struct vnode *v, const struct vattr *attr, u32 mask)
{
    (void)v;
    (void)attr;
    return mask & ~(u32)(VATTR_SIZE | VATTR_MTIME | VATTR_CTIME | VATTR_ATIME) ? -EPERM : 0;
}

static void vnode_free(struct retired *r)
{
    struct vnode *v = container_of(r, struct vnode, retired);

    vnode_fini(v);
    kfree(container_of(v, struct proc_vnode, v));
}

static void proc_evict(struct vnode *v)
{
    epoch_retire(&v->retired, vnode_free);
}

static const struct vnode_ops proc_vnode_ops = {
    .lookup = proc_lookup,
    .readdir = proc_readdir,
    .readlink = proc_readlink,
    .getattr = proc_getattr,
    .setattr = proc_setattr,
    .open = proc_open,
    .evict = proc_evict,
};

/* Links that lead where no text could say. */
static const struct vnode_ops proc_jump_ops = {
    .readlink = proc_readlink,
    .jump = proc_jump,
    .getattr = proc_getattr,
    .setattr = proc_setattr,
    .evict = proc_evict,
};

/* ---- the file system ---- */

static int root_find(const struct proc_at *at, u64 number, struct proc_at *ret)
{
    struct process *p = process_find((pid_t)number);

    (void)at;
    if (!p)
        return -ENOENT;
    process_put(p);
    *ret = (struct proc_at){ .node = &proc_pid_dir, .pid = (s32)number, .fd = -1 };
    return 0;
}

static int root_next(const struct proc_at *at, u64 *number, struct proc_at *ret)
{
    struct process *p = *number < INT32_MAX ? process_next((pid_t)*number) : NULL;

    (void)at;
    if (!p)
        return -ENOENT;
    *number = (u64)process_pid(p);
    process_put(p);
    *ret = (struct proc_at){ .node = &proc_pid_dir, .pid = (s32)*number, .fd = -1 };
    return 0;
}

static const struct proc_node proc_root_dir = {
    .name = "/",
    .mode = S_IFDIR | 0555,
    .children = proc_root,
    .find = root_find,
    .next = root_next,
};

int proc_tree_mount(const struct fs_type *type, const struct proc_node *root, struct fs **ret)
{
    struct proc_at at = { .node = root, .fd = -1 };
    struct fs *fs = kzalloc(sizeof(*fs));
    int err;

    if (!fs)
        return -ENOMEM;
    fs_init(fs, type);
    err = vnode_make(fs, &at, &fs->root);
    if (err) {
        kfree(fs);
        return err;
    }
    *ret = fs;
    return 0;
}

static int proc_mount(const struct mount_args *args, struct fs **ret)
{
    (void)args;
    return proc_tree_mount(&proc_fs, &proc_root_dir, ret);
}

int proc_tree_statfs(struct fs *fs, struct kstatfs *ret)
{
    *ret = (struct kstatfs){ .type = fs->type == &proc_fs ? PROC_SUPER_MAGIC : SYSFS_MAGIC,
                             .bsize = PAGE_SIZE,
                             .frsize = PAGE_SIZE,
                             .namelen = KNAME_MAX };
    return 0;
}

void proc_tree_unmount(struct fs *fs)
{
    kfree(fs);
}

const struct fs_type proc_fs = {
    .name = "proc",
    .nodev = true,
    .mount = proc_mount,
    .statfs = proc_tree_statfs,
    .unmount = proc_tree_unmount,
};
