/* SPDX-License-Identifier: MIT */
/*
 * Paths of places and of open files: getcwd(2), /proc/self/fd, /proc/self/maps.
 *
 * A directory's path is found by going up: vnode.parent and vnode.name, and from the root of a mount
 * to what it covers, until the root of whoever asks.  A file's path is that of the directory it was
 * opened in and its name there, if that name still means the file; else where rename(2) put it last;
 * else it is deleted.
 */
#include "abi/linux/errno.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file_int.h"
#include "kernel/vfs/fsctx.h"
#include "kernel/vfs/mount_int.h"
#include "kernel/vfs/path_int.h"

static const char deleted[] = " (deleted)";
static const char unreachable[] = "(unreachable)";

/* Put text in front of what begins at *at; false if it does not fit above floor. */
static bool prepend(char **at, const char *floor, const char *text, size_t len)
{
    if ((size_t)(*at - floor) < len)
        return false;
    *at -= len;
    memcpy(*at, text, len);
    return true;
}

char *where_is_locked(const struct place *p, const struct place *root, char *buf, size_t size,
                      enum where *ret)
{
    const struct vnode *v = p->vnode;
    const struct mount *m = p->mount;
    char *at = buf + size - 1;

    *at = '\0';
    *ret = WHERE_BELOW_ROOT;
    while (v != root->vnode || m != root->mount) {
        if (v == m->root) {
            if (!m->parent) {
                *ret = WHERE_UNREACHABLE;
                break;
            }
            v = m->point;
            m = m->parent;
            continue;
        }
        if (!v->parent || !v->name) {
            *ret = WHERE_UNREACHABLE;
            break;
        }
        if (!prepend(&at, buf, v->name, strlen(v->name)) || !prepend(&at, buf, "/", 1))
            return NULL;
        v = v->parent;
    }
    if (!*at && !prepend(&at, buf, "/", 1))
        return NULL;
    return at;
}

/* The path of a directory, or of a file by its vnode.parent and name, as the caller sees it. */
static int add_place(const struct place *p, struct strbuf *dst)
{
    AUTO(kfreep) char *buf = kalloc(KPATH_MAX);
    struct place root;
    enum where where;
    char *path;

    if (!buf)
        return -ENOMEM;
    fsctx_self_root(&root);
    rw_lock_shared(&tree_lock);
    path = where_is_locked(p, &root, buf, KPATH_MAX, &where);
    rw_unlock_shared(&tree_lock);
    place_put(&root);
    if (!path)
        return -ENAMETOOLONG;
    if (where == WHERE_UNREACHABLE && p->mount->id) /* 0: the kernel's own (memfd.c)        */
        strbuf_puts(dst, unreachable);
    strbuf_puts(dst, path);
    return 0;
}

int place_path(const struct place *p, struct strbuf *dst)
{
    int err = add_place(p, dst);

    if (!err && p->vnode->removed)
        strbuf_puts(dst, deleted);
    return err ? err : dst->cut ? -ENAMETOOLONG : 0;
}

/* Does name in dir still mean v? */
static bool entry_is(struct vnode *dir, struct name name, const struct vnode *v)
{
    AUTO(vnode_putp) struct vnode *found = NULL;

    return !dir->removed && !dir_lookup(dir, name, &found) && found == v;
}

/* Where rename(2) put v last, if it is still there: new references to both, or false. */
static bool moved_to(struct vnode *v, struct vnode **ret_dir, char **ret_name)
{
    struct vnode *dir = NULL;
    char *name = NULL;

    rw_lock_shared(&tree_lock);
    if (v->parent) {
        dir = vnode_get(v->parent);
        name = kstrdup(v->name);
    }
    rw_unlock_shared(&tree_lock);
    if (!name || !entry_is(dir, (struct name){ name, strlen(name) }, v)) {
        vnode_put(dir);
        kfree(name);
        return false;
    }
    *ret_dir = dir;
    *ret_name = name;
    return true;
}

static int add_entry(struct mount *m, struct vnode *dir, struct name name, struct strbuf *dst)
{
    struct place p = { m, dir };
    size_t before = dst->len;
    int err = add_place(&p, dst);

    if (err)
        return err;
    if (dst->len == before || dst->buf[dst->len - 1] != '/')
        strbuf_putc(dst, '/');
    strbuf_add(dst, name.str, name.len);
    return 0;
}

static int add_file(struct file *f, struct strbuf *dst)
{
    AUTO(vnode_putp) struct vnode *dir = NULL;
    AUTO(kfreep) char *name = NULL;
    int err;

    if (f->dir && entry_is(f->dir, file_name_get(f), f->vnode))
        return add_entry(f->mount, f->dir, file_name_get(f), dst);
    if (moved_to(f->vnode, &dir, &name))
        return add_entry(f->mount, dir, (struct name){ name, strlen(name) }, dst);
    if (f->dir) {
        err = add_entry(f->mount, f->dir, file_name_get(f), dst);
    } else {                                     /* O_TMPFILE                               */
        strbuf_printf(dst, "/#%llu", (unsigned long long)f->vnode->ino);
        err = 0;
    }
    strbuf_puts(dst, deleted);
    return err;
}

int file_path(struct file *f, struct strbuf *dst)
{
    struct place p = { f->mount, f->vnode };
    int err;

    if (!f->vnode)
        return -ENOENT;
    if (!f->mount) {                             /* the C runtime: in no tree, but named    */
        struct name name = file_name_get(f);

        strbuf_add(dst, name.str, name.len);
        return 0;
    }
    if (f->vnode->type == S_IFDIR || f->vnode == f->mount->root)
        return place_path(&p, dst);
    err = add_file(f, dst);
    return err ? err : dst->cut ? -ENAMETOOLONG : 0;
}
