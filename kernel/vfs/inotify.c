/* SPDX-License-Identifier: MIT */
/*
 * inotify(7).
 *
 *     struct inotify (an open file) ── watches ──► struct watch ◄── vnode.watches
 *                    └─ events (a queue)              └─ vnode (counts)
 *
 * Events are told by the VFS after an operation; each goes to the watches on the file itself and, with
 * the name, to those on the directory it was reached by.
 *
 * Limits are Linux's defaults: 16,384 waiting events (then one IN_Q_OVERFLOW), 65,536 watches.
 *
 * Locks: watch_lock guards all lists of watches and is taken by nobody who is not watching;
 * inotify.lock guards the events, after it.
 */
#include "kernel/vfs/inotify.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/inotify.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/user.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/path.h"

enum {
    EVENTS_MAX = 16384,
    WATCHES_MAX = 65536,
    NAME_ALIGN = sizeof(struct inotify_event),   /* names are padded to that                */
    NAME_PADDED_MAX = 256,
};

struct event {
    struct event *next;
    struct inotify_event e;                      /* and the name, padded                    */
};

struct inotify {
    struct mutex lock;
    struct event *first, **last;                 /* guarded by lock                         */
    u32 count, bytes;                            /* guarded by lock                         */
    bool overflown;                              /* guarded by lock: told, not read yet     */
    struct file *file;                           /* [const] not owned: it owns us           */
    struct list watches;                         /* guarded by watch_lock                   */
    int next_wd;                                 /* guarded by watch_lock                   */
};

struct watch {
    struct list of_vnode, of_inotify, of_all;
    struct inotify *in;                          /* [const] not owned                       */
    struct vnode *v;                             /* [const] counts                          */
    int wd;                                      /* [const]                                 */
    u32 mask;                                    /* guarded by watch_lock                   */
};

/* On the vnode, while anybody watches it. */
struct watches {
    struct list list;
};

static const struct name no_name;

static struct mutex watch_lock;
static struct list all_watches = LIST_INIT(all_watches); /* guarded by watch_lock           */
static u32 watch_count;                                  /* guarded by watch_lock           */
static _Atomic u32 last_cookie;

u32 notify_cookie(void)
{
    return __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED);
}

/* ---- the queue of events ---- */

static u32 name_padded(struct name n)
{
    return n.len ? (u32)((n.len + NAME_ALIGN) & ~(size_t)(NAME_ALIGN - 1)) : 0;
}

static bool event_is_same(const struct event *a, const struct inotify_event *e, struct name name)
{
    return a->e.wd == e->wd && a->e.mask == e->mask && a->e.cookie == e->cookie &&
           a->e.len == e->len && (!name.len || !memcmp(a->e.name, name.str, name.len));
}

static struct event *event_last_locked(struct inotify *in)
{
    return in->first ? container_of(in->last, struct event, next) : NULL;
}

static void event_push_locked(struct inotify *in, const struct inotify_event *e, struct name name)
{
    struct event *ev = kzalloc(sizeof(*ev) + e->len);

    if (!ev)                                     /* no memory is told like too many events  */
        return;
    ev->e = *e;
    memcpy(ev->e.name, name.str, name.len);
    if (!in->first)
        in->last = &in->first;
    *in->last = ev;
    in->last = &ev->next;
    in->count++;
    in->bytes += sizeof(*e) + e->len;
}

static void event_add(struct inotify *in, int wd, u32 mask, u32 cookie, struct name name)
{
    struct inotify_event e = { .wd = wd, .mask = mask, .cookie = cookie, .len = name_padded(name) };
    struct inotify_event overflow = { .wd = -1, .mask = IN_Q_OVERFLOW };
    struct event *last;

    mutex_lock(&in->lock);
    last = event_last_locked(in);
    if (last && event_is_same(last, &e, name)) {
        mutex_unlock(&in->lock);                 /* inotify(7): equal neighbours are one    */
        return;
    }
    if (in->count < EVENTS_MAX) {
        event_push_locked(in, &e, name);
    } else if (!in->overflown) {
        in->overflown = true;
        event_push_locked(in, &overflow, no_name);
    }
    mutex_unlock(&in->lock);
    file_wake(in->file);
}

/* ---- watches; watch_lock is held ---- */

static struct watch *watch_of_vnode(struct list *l)
{
    return list_entry(l, struct watch, of_vnode);
}

static struct watch *watch_of_inotify(struct list *l)
{
    return list_entry(l, struct watch, of_inotify);
}

/* Take w out; its storage and its reference to the vnode are dropped by watches_free(), unlocked. */
static void watch_unlink_locked(struct watch *w, struct list *gone)
{
    list_remove(&w->of_vnode);
    list_remove(&w->of_all);
    list_remove(&w->of_inotify);
    list_append(gone, &w->of_inotify);
    watch_count--;
}

/* Nobody watches v any more? */
static void vnode_trim_locked(struct vnode *v)
{
    struct watches *on = v->watches;

    if (!on || !list_is_empty(&on->list))
        return;
    __atomic_store_n(&v->watches, NULL, __ATOMIC_RELEASE);
    kfree(on);
}

/* w goes, and says so itself. */
static void watch_end_locked(struct watch *w, struct list *gone)
{
    watch_unlink_locked(w, gone);
    event_add(w->in, w->wd, IN_IGNORED, 0, no_name);
}

static void watches_free(struct list *gone)
{
    struct list *l;

    while ((l = list_first(gone))) {
        struct watch *w = watch_of_inotify(l);

        list_remove(l);
        vnode_put(w->v);
        kfree(w);
    }
}

/* Something that happens to a file. */
struct happening {
    u32 mask, cookie;
    bool unlinked;                               /* to one that has no name any more        */
};

static void tell_locked(struct vnode *v, struct name name, const struct happening *h,
                        struct list *gone)
{
    if (!v || !v->watches)
        return;
    list_for_each_safe(l, &v->watches->list) {
        struct watch *w = watch_of_vnode(l);

        if (!(w->mask & h->mask & IN_ALL_EVENTS) ||
            (name.len && h->unlinked && (w->mask & IN_EXCL_UNLINK)))
            continue;
        event_add(w->in, w->wd, h->mask, h->cookie, name);
        if (w->mask & IN_ONESHOT)
            watch_end_locked(w, gone);
    }
    vnode_trim_locked(v);
}

static void tell(struct vnode *v, struct vnode *dir, struct name name, const struct happening *h)
{
    struct list gone = LIST_INIT(gone);

    mutex_lock(&watch_lock);
    tell_locked(dir, name, h, &gone);
    tell_locked(v, no_name, h, &gone);
    mutex_unlock(&watch_lock);
    watches_free(&gone);
}

/* ---- what the VFS calls ---- */

static bool vnode_is_unlinked(struct vnode *v)
{
    struct vattr a;

    return v->removed || (!vnode_getattr(v, &a) && !a.nlink);
}

void notify_vnode_slow(struct vnode *v, struct vnode *dir, struct name name, u32 mask)
{
    struct happening h = { .mask = mask | (v->type == S_IFDIR ? IN_ISDIR : 0),
                           .unlinked = dir && vnode_is_unlinked(v) };

    tell(v, dir, name, &h);
}

void notify_file_slow(struct file *f, u32 mask)
{
    struct name name = { f->name.longer ? f->name.longer : f->name.text, f->name.len };

    if (!f->no_notify)
        notify_vnode_slow(f->vnode, f->dir, name, mask);
}

void notify_entry_slow(struct vnode *dir, struct name name, u32 mask, u32 cookie)
{
    struct happening h = { .mask = mask, .cookie = cookie };

    tell(NULL, dir, name, &h);
}

static void end_all_locked(struct vnode *v, struct list *gone)
{
    if (!v->watches)
        return;
    list_for_each_safe(l, &v->watches->list)
        watch_end_locked(watch_of_vnode(l), gone);
    vnode_trim_locked(v);
}

/* Besides the caller, do only watches refer to v? */
static bool is_last_user_locked(const struct vnode *v)
{
    u32 watches = 0;

    if (!v->watches)
        return false;
    list_for_each(l, &v->watches->list)
        watches++;
    return ref_count(&v->refs) <= watches + 1;
}

static void end_of_vnode_locked(struct vnode *v, struct list *gone)
{
    struct happening deleted = { .mask = IN_DELETE_SELF };

    tell_locked(v, no_name, &deleted, gone);
    end_all_locked(v, gone);
}

void notify_deleted(struct vnode *v)
{
    struct happening attrib = { .mask = IN_ATTRIB };
    struct list gone = LIST_INIT(gone);

    mutex_lock(&watch_lock);
    if (v->type != S_IFDIR)
        tell_locked(v, no_name, &attrib, &gone);
    if (v->type == S_IFDIR || is_last_user_locked(v))
        end_of_vnode_locked(v, &gone);
    mutex_unlock(&watch_lock);
    watches_free(&gone);
}

void notify_released_slow(struct vnode *v)
{
    struct list gone = LIST_INIT(gone);

    if (!vnode_is_unlinked(v))
        return;
    mutex_lock(&watch_lock);
    if (is_last_user_locked(v))
        end_of_vnode_locked(v, &gone);
    mutex_unlock(&watch_lock);
    watches_free(&gone);
}

void notify_unmounted(struct fs *fs)
{
    struct list gone = LIST_INIT(gone);

    mutex_lock(&watch_lock);
    list_for_each_safe(l, &all_watches) {
        struct watch *w = list_entry(l, struct watch, of_all);

        if (w->v->fs != fs)
            continue;
        event_add(w->in, w->wd, IN_UNMOUNT, 0, no_name);
        watch_end_locked(w, &gone);
        vnode_trim_locked(w->v);
    }
    mutex_unlock(&watch_lock);
    watches_free(&gone);
}

/* ---- the open file ---- */

static u32 event_size(const struct event *ev)
{
    return (u32)sizeof(ev->e) + ev->e.len;
}

static void event_pop_locked(struct inotify *in)
{
    struct event *ev = in->first;

    in->first = ev->next;
    in->count--;
    in->bytes -= event_size(ev);
    if (ev->e.mask & IN_Q_OVERFLOW)
        in->overflown = false;
    kfree(ev);
}

static ssize_t inotify_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct inotify *in = f->priv;
    ssize_t done = 0;

    (void)pos;
    WITH_MUTEX(&in->lock);
    if (!in->first)
        return -EAGAIN;
    while (in->first && event_size(in->first) <= iov_left(dst)) {
        u32 size = event_size(in->first);
        ssize_t n = iov_put(dst, &in->first->e, size);

        if (n != (ssize_t)size)
            return done ? done : -EFAULT;
        event_pop_locked(in);
        done += n;
    }
    return done ? done : -EINVAL;                /* not even one fits                       */
}

static u32 inotify_ready(struct file *f)
{
    struct inotify *in = f->priv;

    return __atomic_load_n(&in->first, __ATOMIC_RELAXED) ? POLLIN | POLLRDNORM : 0;
}

static long inotify_ioctl(struct file *f, u32 cmd, u64 arg)
{
    struct inotify *in = f->priv;
    int bytes;

    if (cmd != FIONREAD)
        return -ENOTTY;
    bytes = (int)__atomic_load_n(&in->bytes, __ATOMIC_RELAXED);
    return copy_out_struct(UPTR(arg), &bytes);
}

static void inotify_show_fdinfo(struct file *f, struct strbuf *dst)
{
    struct inotify *in = f->priv;

    WITH_MUTEX(&watch_lock);
    list_for_each(l, &in->watches) {
        struct watch *w = watch_of_inotify(l);

        strbuf_printf(dst, "inotify wd:%x ino:%llx sdev:%x mask:%x ignored_mask:0\n", (u32)w->wd,
                      (unsigned long long)w->v->ino, w->v->fs->dev, w->mask);
    }
}

static void inotify_release(struct file *f)
{
    struct inotify *in = f->priv;
    struct list gone = LIST_INIT(gone);
    struct list *l;

    mutex_lock(&watch_lock);
    while ((l = list_first(&in->watches))) {
        struct watch *w = watch_of_inotify(l);

        watch_unlink_locked(w, &gone);
        vnode_trim_locked(w->v);
    }
    mutex_unlock(&watch_lock);
    watches_free(&gone);
    while (in->first)
        event_pop_locked(in);
    kfree(in);
}

static const struct file_ops inotify_ops = {
    .kind = "inotify",
    .read = inotify_read,
    .ready = inotify_ready,
    .ioctl = inotify_ioctl,
    .show_fdinfo = inotify_show_fdinfo,
    .release = inotify_release,
};

int inotify_open(u32 flags, struct file **ret)
{
    struct inotify *in;
    int err;

    if (flags & ~(u32)(IN_CLOEXEC | IN_NONBLOCK))
        return -EINVAL;
    in = kzalloc(sizeof(*in));
    if (!in)
        return -ENOMEM;
    list_init(&in->watches);
    in->next_wd = 1;
    err = file_new(&inotify_ops, in, O_RDONLY | (flags & O_NONBLOCK), ret);
    if (err) {
        kfree(in);
        return err;
    }
    in->file = *ret;
    return 0;
}

/* ---- adding and removing ---- */

static struct watch *watch_find_locked(const struct inotify *in, struct vnode *v)
{
    if (!v->watches)
        return NULL;
    list_for_each(l, &v->watches->list)
        if (watch_of_vnode(l)->in == in)
            return watch_of_vnode(l);
    return NULL;
}

/* A new watch; fresh and on are storage, consumed (on only if v has had no watch). */
static int watch_add_locked(struct inotify *in, struct vnode *v, u32 mask, struct watch *fresh,
                            struct watches **on)
{
    if (watch_count >= WATCHES_MAX)
        return -ENOSPC;
    *fresh = (struct watch){ .in = in, .v = vnode_get(v), .wd = in->next_wd++, .mask = mask };
    if (!v->watches) {
        list_init(&(*on)->list);
        __atomic_store_n(&v->watches, *on, __ATOMIC_RELEASE);
        *on = NULL;
    }
    list_append(&v->watches->list, &fresh->of_vnode);
    list_append(&in->watches, &fresh->of_inotify);
    list_append(&all_watches, &fresh->of_all);
    watch_count++;
    return fresh->wd;
}

int inotify_add(struct file *f, struct vnode *v, u32 mask)
{
    struct inotify *in = f->priv;
    struct watches *on = kzalloc(sizeof(*on));
    struct watch *fresh = kzalloc(sizeof(*fresh)), *old;
    u32 keep = mask & (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK);
    int wd = -ENOMEM;

    if (!on || !fresh)
        goto out;
    mutex_lock(&watch_lock);
    old = watch_find_locked(in, v);
    if (!old) {
        wd = watch_add_locked(in, v, keep, fresh, &on);
        if (wd >= 0)
            fresh = NULL;
    } else if (mask & IN_MASK_CREATE) {
        wd = -EEXIST;
    } else {
        old->mask = mask & IN_MASK_ADD ? old->mask | keep : keep;
        wd = old->wd;
    }
    mutex_unlock(&watch_lock);
out:
    kfree(on);
    kfree(fresh);
    return wd;
}

bool file_is_inotify(const struct file *f)
{
    return f->ops == &inotify_ops;
}

int inotify_remove(struct file *f, int wd)
{
    struct inotify *in = f->priv;
    struct list gone = LIST_INIT(gone);
    int err = -EINVAL;

    mutex_lock(&watch_lock);
    list_for_each_safe(l, &in->watches) {
        if (watch_of_inotify(l)->wd != wd)
            continue;
        struct watch *w = watch_of_inotify(l);

        watch_end_locked(w, &gone);
        vnode_trim_locked(w->v);
        err = 0;
        break;
    }
    mutex_unlock(&watch_lock);
    watches_free(&gone);
    return err;
}
