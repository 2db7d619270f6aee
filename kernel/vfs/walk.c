/* SPDX-License-Identifier: MIT */
/*
 * The path walk (path_resolution(7), openat2(2)): see path_int.h for its two states.
 *
 * The loop is walk_run(): take a component off the front of `rest`, check that we stand on a
 * directory we may search, step.  A link in the middle replaces `rest` by its target and what
 * followed it, so that nothing recurses.
 *
 * Locks: of one directory at a time, shared; tree_lock shared for "..".
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/fsctx.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path_int.h"

enum { WALK_SCOPED = WALK_BENEATH | WALK_IN_ROOT };

void walk_init(struct walk *w, int dirfd, const char *path, u32 flags)
{
    w->flags = flags;
    w->dirfd = dirfd;
    w->path = path;
    w->cred = vfs_cred();
    w->again = false;
    w->state = WALK_IDLE;
    w->links = 0;
    w->mount = NULL;
    w->vnode = w->dir = NULL;
    w->text = NULL;
    w->base = w->via = NULL;
    w->scope.vnode = NULL;                       /* the rest is set where the walk starts   */
}

/* Leave where the walk stands; what it was asked to do stays. */
static void walk_reset(struct walk *w)
{
    if (w->state == WALK_COUNTED) {
        vnode_put(w->vnode);
        mount_put(w->mount);
        vnode_put(w->dir);
    } else if (w->state == WALK_LIGHT) {
        epoch_leave();
    }
    w->state = WALK_IDLE;
    w->vnode = w->dir = NULL;
    w->mount = NULL;
    if (unlikely(w->text)) {
        kfree(w->text);
        w->text = NULL;
    }
    if (unlikely(w->base)) {
        file_put(w->base);
        w->base = NULL;
    }
    if (unlikely(w->via)) {
        file_put(w->via);
        w->via = NULL;
    }
    if (unlikely(w->scope.vnode)) {
        place_put(&w->scope);
        w->scope = (struct place){ 0 };
    }
    w->links = 0;
}

void walk_fini(struct walk *w)
{
    walk_reset(w);
}

bool walk_is_valid(const struct walk *w)
{
    return w->state == WALK_COUNTED || ref_count(&w->vnode->refs) != 0;
}

/* The three references of a counted walk, or none. */
static bool walk_try_refs(struct walk *w)
{
    if (!ref_try_get(&w->vnode->refs))
        return false;
    if (!mount_try_get(w->mount))
        goto undo_vnode;
    if (w->dir && !ref_try_get(&w->dir->refs))
        goto undo_mount;
    return true;

undo_mount:
    mount_put(w->mount);
undo_vnode:
    vnode_put(w->vnode);
    return false;
}

int walk_hold(struct walk *w)
{
    bool held;

    if (w->state != WALK_LIGHT)
        return 0;
    held = walk_try_refs(w);
    epoch_leave();
    w->state = held ? WALK_COUNTED : WALK_IDLE;
    if (held)
        return 0;
    w->vnode = w->dir = NULL;
    w->mount = NULL;
    return -ESTALE;
}

/* ---- steps ---- */

/* Stand on v in m; both references are the walk's if it is counted. */
static void walk_move(struct walk *w, struct mount *m, struct vnode *v)
{
    if (w->state == WALK_COUNTED) {
        vnode_put(w->dir);
        vnode_put(w->vnode);
        mount_put(w->mount);
    }
    w->dir = NULL;
    w->mount = m;
    w->vnode = v;
}

/* Stand on a place whose references the walk takes over. */
static void walk_move_to(struct walk *w, const struct place *p)
{
    walk_move(w, p->mount, p->vnode);
}

/* From a directory to its child; a counted walk takes over the reference to the child. */
static void walk_descend(struct walk *w, struct vnode *child)
{
    if (w->state == WALK_COUNTED)
        vnode_put(w->dir);
    w->dir = w->vnode;
    w->vnode = child;
}

/* From a covered directory to the root of what covers it, if there is one. */
static int walk_cross_one(struct walk *w, bool *ret_crossed)
{
    struct mount *m;
    bool counted = w->state == WALK_COUNTED;

    if (counted)
        epoch_enter();
    m = mount_covering(w->mount, w->vnode);
    if (m && counted && !mount_try_get(m))
        m = NULL;                                /* just unmounted                          */
    if (counted)
        epoch_leave();

    *ret_crossed = m;
    if (!m)
        return 0;
    if (w->flags & WALK_NO_XDEV) {
        if (counted)
            mount_put(m);
        return -EXDEV;
    }
    if (counted) {
        vnode_put(w->vnode);
        mount_put(w->mount);
        vnode_get(m->root);
    }
    w->mount = m;
    w->vnode = m->root;
    return 0;
}

static int walk_cross(struct walk *w)
{
    bool crossed = true;
    int err = 0;

    while (!err && crossed && unlikely(__atomic_load_n(&w->vnode->mounted, __ATOMIC_ACQUIRE)))
        err = walk_cross_one(w, &crossed);
    return err;
}

int dir_lookup(struct vnode *dir, struct name name, struct vnode **ret)
{
    int err;

    if (!dir->ops->lookup)
        return -ENOTDIR;
    rw_lock_shared(&dir->lock);
    err = dir->ops->lookup(dir, name, ret);
    rw_unlock_shared(&dir->lock);
    if (err || (*ret)->type != S_IFDIR || likely((*ret)->parent))
        return err;
    /* the first look at a directory that its file system makes on demand */
    err = vnode_place_set(*ret, dir, name);
    if (err)
        vnode_put(*ret);
    return err;
}

/* Look the last component up, in whichever way the walk is in; may make a light walk counted. */
static int walk_lookup(struct walk *w, struct vnode **ret)
{
    int err = -EAGAIN;

    if (w->state == WALK_LIGHT) {
        if (w->vnode->ops->peek)
            err = w->vnode->ops->peek(w->vnode, w->last, ret);
        if (err != -EAGAIN)
            return err;
        err = walk_hold(w);
        if (err)
            return err;
    }
    return dir_lookup(w->vnode, w->last, ret);
}

/* ---- ".." ---- */

static bool walk_at(const struct walk *w, const struct place *p)
{
    return w->vnode == p->vnode && w->mount == p->mount;
}

/* Whether ".." stays: the root of the process, or that of RESOLVE_IN_ROOT; -EXDEV beneath. */
static int walk_is_at_top(struct walk *w, bool *ret)
{
    if (w->flags & WALK_SCOPED) {
        *ret = walk_at(w, &w->scope);
        return *ret && (w->flags & WALK_BENEATH) ? -EXDEV : 0;
    }
    epoch_enter();
    *ret = walk_at(w, &fsctx_self_places()->root);
    epoch_leave();
    return 0;
}

/* The directory above, mounts not yet considered: from the root of a mount to what it covers.  New
 * references; false: this is the top of all. */
static bool walk_above(struct walk *w, struct place *ret)
{
    bool found = true;

    rw_lock_shared(&tree_lock);
    if (w->vnode == w->mount->root) {
        if (w->mount->parent)
            *ret = (struct place){ mount_get(w->mount->parent), vnode_get(w->mount->point) };
        else
            found = false;
    } else if (w->vnode->parent) {
        *ret = (struct place){ mount_get(w->mount), vnode_get(w->vnode->parent) };
    } else {
        found = false;
    }
    rw_unlock_shared(&tree_lock);
    return found;
}

static int walk_up(struct walk *w)
{
    int err = walk_hold(w);

    while (!err) {
        bool was_root = w->vnode == w->mount->root;
        struct place above;
        bool top;

        err = walk_is_at_top(w, &top);
        if (err || top)
            break;
        if (!walk_above(w, &above))
            break;
        if (above.mount != w->mount && (w->flags & WALK_NO_XDEV)) {
            place_put(&above);
            return -EXDEV;
        }
        walk_move_to(w, &above);
        if (!was_root)
            return walk_cross(w);
    }
    if (!err) {                                  /* stays; but no longer "found in" anything */
        vnode_put(w->dir);
        w->dir = NULL;
    }
    return err;
}

/* ---- links ---- */

/* Go to where an absolute target begins. */
static int walk_to_root(struct walk *w)
{
    struct place root;

    if (w->flags & WALK_BENEATH)
        return -EXDEV;
    if (w->flags & WALK_IN_ROOT)
        place_copy(&root, &w->scope);
    else
        fsctx_self_root(&root);
    if ((w->flags & WALK_NO_XDEV) && root.mount != w->mount) {
        place_put(&root);
        return -EXDEV;
    }
    walk_move_to(w, &root);
    w->last_is = LAST_ROOT;
    return 0;
}

static int walk_jump(struct walk *w, struct vnode *link)
{
    struct jump jump = { 0 };
    int err;

    if (w->flags & WALK_NO_MAGICLINKS)
        return -ELOOP;
    if (w->flags & WALK_SCOPED)
        return -EXDEV;
    err = link->ops->jump(link, &jump);
    if (err)
        return err;
    if ((w->flags & WALK_NO_XDEV) && jump.place.mount != w->mount) {
        file_put(jump.file);
        if (jump.place.vnode)
            place_put(&jump.place);
        return -EXDEV;
    }
    if (jump.file && !jump.place.vnode && jump.file->vnode) {
        struct place p = { jump.file->mount, jump.file->vnode };

        place_copy(&jump.place, &p);
    }
    file_put(w->via);
    w->via = jump.file;
    walk_move_to(w, &jump.place);
    w->last_is = LAST_ROOT;
    if (!w->vnode && *w->rest)
        return -ENOTDIR;
    return 0;
}

/* Put the target of a link in front of what is left of the path. */
static int walk_splice_text(struct walk *w, struct vnode *link)
{
    struct strbuf text;
    int err = -EINVAL;

    strbuf_init_growing(&text, krealloc);
    rw_lock_shared(&link->lock);
    if (link->ops->readlink)
        err = link->ops->readlink(link, &text);
    rw_unlock_shared(&link->lock);
    if (!err && !text.len)
        err = text.cut ? -ENOMEM : -ENOENT;
    if (!err && text.len >= KPATH_MAX)
        err = -ENAMETOOLONG;
    if (!err && (w->trailing || *w->rest)) {
        strbuf_putc(&text, '/');
        strbuf_puts(&text, w->rest);
    }
    if (!err && text.cut)
        err = -ENOMEM;
    if (err) {
        kfree(text.buf);
        return err;
    }
    kfree(w->text);
    w->text = text.buf;
    w->rest = text.buf;
    return 0;
}

/* Follow a link that lies in the directory we stand on. */
static int walk_follow(struct walk *w, struct vnode *link)
{
    int err;

    if (++w->links > WALK_LINKS_MAX || (w->flags & WALK_NO_SYMLINKS))
        return -ELOOP;
    vnode_touch_atime(w->mount, link);
    if (link->ops->jump)
        return walk_jump(w, link);
    err = walk_splice_text(w, link);
    if (!err && *w->rest == '/')
        err = walk_to_root(w);
    return err;
}

/* ---- the loop ---- */

static int walk_may_search(const struct walk *w)
{
    if (unlikely(!w->vnode || w->vnode->type != S_IFDIR))
        return -ENOTDIR;
    if (likely((vnode_mode(w->vnode) & 0111) == 0111))
        return 0;
    return vnode_permission(w->vnode, 1, w->cred);
}

/* The next component, "." and ".." included; rest moves behind it and its slashes. */
static int walk_next_name(struct walk *w, struct name *ret)
{
    const char *p = w->rest;

    while (*p && *p != '/')
        p++;
    *ret = (struct name){ w->rest, (size_t)(p - w->rest) };
    if (ret->len > KNAME_MAX)
        return -ENAMETOOLONG;
    w->trailing = *p == '/';
    while (*p == '/')
        p++;
    w->rest = p;
    w->trailing = w->trailing && !*p;
    return 0;
}

/* Step on to the last component or, if that is right here, into its link. */
static int walk_step(struct walk *w, bool follow)
{
    struct vnode *child;
    int err = walk_lookup(w, &child);

    if (unlikely(!err && child->type == S_IFLNK && follow)) {
        if (w->state == WALK_LIGHT) {
            err = walk_hold(w);
            if (!err)
                err = dir_lookup(w->vnode, w->last, &child);
            if (err)
                return err;
            if (child->type != S_IFLNK) {        /* replaced between the two looks          */
                walk_descend(w, child);
                return walk_cross(w);
            }
        }
        err = walk_follow(w, child);
        vnode_put(child);
        return err;
    }
    if (err)
        return err;
    walk_descend(w, child);
    return walk_cross(w);
}

static int walk_dots(struct walk *w, size_t len)
{
    if (len == 2) {
        w->last_is = LAST_DOTDOT;
        return walk_up(w);
    }
    w->last_is = LAST_DOT;
    if (w->state == WALK_COUNTED)
        vnode_put(w->dir);
    w->dir = NULL;
    return 0;
}

static bool name_is_dots(struct name n)
{
    return n.str[0] == '.' && (n.len == 1 || (n.len == 2 && n.str[1] == '.'));
}

/* Walk `rest` to its end, or to its last component if parent is set. */
static int walk_run(struct walk *w, bool parent)
{
    for (;;) {
        struct name name;
        int err;

        while (*w->rest == '/')
            w->rest++;
        if (!*w->rest)
            return 0;
        err = walk_next_name(w, &name);
        if (!err)
            err = walk_may_search(w);
        if (err)
            return err;
        if (unlikely(name_is_dots(name))) {
            err = walk_dots(w, name.len);
        } else {
            bool final = !*w->rest;

            w->last = name;
            w->last_is = LAST_NAME;
            if (final && parent)
                return 0;
            err = walk_step(w, !final || (w->flags & WALK_FOLLOW) || w->trailing);
        }
        if (err)
            return err;
    }
}

/* ---- starting and ending ---- */

/* Stand on dirfd's file.  Only an empty path may name something that is not a directory. */
static int walk_start_at_fd(struct walk *w)
{
    int err = fd_get_path(thread_self()->fds, w->dirfd, &w->base);

    if (err)
        return err;
    if (*w->path && (!w->base->vnode || w->base->vnode->type != S_IFDIR))
        return -ENOTDIR;
    w->vnode = w->base->vnode;
    w->mount = w->base->mount;
    if (!*w->path)
        w->via = file_get(w->base);
    return 0;
}

static int walk_set_scope(struct walk *w)
{
    struct place p = { w->mount, w->vnode };

    if (!(w->flags & WALK_SCOPED) || !w->vnode)
        return 0;
    if (*w->path == '/' && (w->flags & WALK_BENEATH))
        return -EXDEV;
    place_copy(&w->scope, &p);
    return 0;
}

static int walk_start(struct walk *w)
{
    int err = 0;

    if (!*w->path && !(w->flags & WALK_EMPTY))
        return -ENOENT;
    w->rest = w->path;
    w->last_is = LAST_ROOT;
    w->trailing = false;
    epoch_enter();
    w->state = WALK_LIGHT;
    if (*w->path == '/' && !(w->flags & WALK_SCOPED)) {
        w->vnode = fsctx_self_places()->root.vnode;
        w->mount = fsctx_self_places()->root.mount;
    } else if (w->dirfd == AT_FDCWD) {
        w->vnode = fsctx_self_places()->cwd.vnode;
        w->mount = fsctx_self_places()->cwd.mount;
    } else {
        err = walk_start_at_fd(w);
    }
    if (!err && unlikely(w->flags & WALK_SCOPED))
        err = walk_set_scope(w);
    if (!err && !w->vnode) {                     /* an open file without a place            */
        epoch_leave();
        w->state = WALK_IDLE;
    } else if (!err && unlikely(w->again)) {
        err = walk_hold(w);                      /* the start is held by others: it lives   */
    }
    return err;
}

static int walk_check_end(const struct walk *w)
{
    if (unlikely(!w->vnode))
        return w->via && !w->trailing && !(w->flags & WALK_DIRECTORY) ? 0 : -ENOTDIR;
    if ((w->trailing || (w->flags & WALK_DIRECTORY)) && w->vnode->type != S_IFDIR)
        return -ENOTDIR;
    return 0;
}

static int walk_attempt(struct walk *w, bool parent)
{
    int err = walk_start(w);

    if (!err && w->state != WALK_IDLE)
        err = walk_run(w, parent);
    if (!err && !parent)
        err = walk_check_end(w);
    if (!err && parent) {
        if (!w->vnode)
            err = -ENOTDIR;
        else
            err = walk_hold(w);
    }
    return err;
}

static int walk_any(struct walk *w, bool parent)
{
    int err = walk_attempt(w, parent);

    if (unlikely(err == -ESTALE && !w->again)) {
        walk_reset(w);
        w->again = true;
        err = walk_attempt(w, parent);
    }
    return err;
}

int walk_find(struct walk *w)
{
    return walk_any(w, false);
}

int walk_find_parent(struct walk *w)
{
    return walk_any(w, true);
}

int walk_find_held(struct walk *w)
{
    int err = walk_any(w, false);

    if (!err)
        err = walk_hold(w);
    if (unlikely(err == -ESTALE && !w->again)) {
        walk_reset(w);
        w->again = true;
        err = walk_any(w, false);
    }
    return err;
}

int walk_last_step(struct walk *w, bool follow)
{
    u32 before = w->links;
    int err;

    err = walk_step(w, follow || w->trailing);
    if (err || w->links == before)
        return err;
    if (!w->via)
        err = walk_run(w, true);
    return err ? err : 1;
}

int path_walk(int dirfd, const char *path, u32 walk_flags, struct place *ret)
{
    WALK_AUTO struct walk w;
    struct place p;
    int err;

    walk_init(&w, dirfd, path, walk_flags);
    err = walk_find_held(&w);
    if (err)
        return err;
    if (!w.vnode)
        return -ENXIO;
    p = (struct place){ w.mount, w.vnode };
    place_copy(ret, &p);
    return 0;
}
