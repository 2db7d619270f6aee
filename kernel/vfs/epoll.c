/* SPDX-License-Identifier: MIT */
/*
 * epoll(7).
 *
 *     struct epoll --items (by fd)--> struct item --sleeper--> queue of the watched file
 *          |                             |
 *          +--ready list-----------------+--in file.epolls
 *
 * An item enlists once, when it is added, with a wake function of its own: a wake of the watched
 * file's queue moves the item to the ready list and passes the wake on to the epoll's own queue.
 * The list is of candidates; who collects asks ready() again.  A level-triggered item that is
 * ready goes back to the end of the list, an edge-triggered one leaves it until the next wake.
 *
 * Files that live on the host are watched there as well, by one host epoll behind each instance,
 * with the same flags; what it reports carries the item's key and is looked up, never trusted.  A
 * file that is watched in both ways (another epoll) is always asked itself.
 *
 * An item does not count its file: a file that is closed takes its items out (epoll_forget).
 *
 * Locks: links_lock (which items exist: f->epolls of all files), then epoll.lock (items, the
 * collecting), then the watched files' own, then epoll.ready_lock, a leaf taken in wakes.
 */
#include "kernel/vfs/epoll.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/mutex.h"
#include "kernel/host/host.h"
#include "kernel/lib/list.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/tree.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/poll.h"

enum {
    NESTS_MAX = 5,                               /* epoll_ctl(2): ELOOP above               */
    SLEEP_FIRST = 15,                            /* then look first again: it may be busy   */
    HOST_BATCH = 64,                             /* events fetched from the host at once    */
    PRIVATE_BITS = (int)(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE),
    EXCLUSIVE_OK =
        (int)(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE),
    ALWAYS = POLLERR | POLLHUP,
};

struct item {
    struct tree_node node;                       /* key: fd << 32 | serial                  */
    struct epoll *ep;                            /* not owned                               */
    struct file *file;                           /* not counted: see above                  */
    struct list in_file;                         /* in file->epolls, under links_lock       */
    struct list in_ready;                        /* in ep->ready, under ready_lock          */
    struct epoll_event event;                    /* guarded by ep->lock                     */
    _Atomic u32 wanted;                          /* [atomic] event.events for the wake      */
    bool on_host;                                /* [const] the host watches it too         */
    struct sleeper sleeper;
};

struct epoll {
    struct file *file;                           /* [const] not owned: owns us              */
    struct mutex lock;
    struct tree items;                           /* guarded by lock                         */
    u32 serial;                                  /* guarded by lock                         */
    u32 host_items;                              /* guarded by lock                         */
    u32 sleep_first;                             /* [atomic] a hint: epoll_collect()        */
    hfd host;                                    /* guarded by lock; set once               */
    struct spinlock ready_lock;
    struct list ready;                           /* guarded by ready_lock                   */
};

static struct mutex links_lock;

static const struct file_ops epoll_ops;

static struct epoll *epoll_of(struct file *f)
{
    return f->ops == &epoll_ops ? f->priv : NULL;
}

/* ---- the ready list ---- */

static void item_queue(struct item *i)
{
    WITH_SPINLOCK(&i->ep->ready_lock);
    if (list_is_empty(&i->in_ready))
        list_append(&i->ep->ready, &i->in_ready);
}

static void item_unqueue(struct item *i)
{
    WITH_SPINLOCK(&i->ep->ready_lock);
    list_remove(&i->in_ready);
}

/* Under the watched queue's lock: no sleep, nothing but leaf locks. */
static void item_wake(struct sleeper *s, struct wakes *w)
{
    struct item *i = container_of(s, struct item, sleeper);
    u32 wanted = __atomic_load_n(&i->wanted, __ATOMIC_RELAXED);

    if (!wanted || (w->events && !(w->events & wanted)))
        return;
    item_queue(i);
    waitq_collect(i->ep->file->wait, w);
}

/* ---- the host's side ---- */

static hfd file_host(struct file *f)
{
    return f->ops->host ? f->ops->host(f) : HFD_NONE;
}

static int host_create_locked(struct epoll *ep)
{
    struct hostcall c = { .op = HOSTOP_epoll_create };

    return ep->host.id >= 0 ? 0 : host_call_fd(&c, &ep->host);
}

static int host_control_locked(struct epoll *ep, int op, struct item *i)
{
    struct hostcall c = {
        .op = HOSTOP_epoll_ctl,
        .fd = ep->host,
        .arg = { (u64)op, (u64)file_host(i->file).id, i->event.events & ~(u32)EPOLLWAKEUP,
                 i->node.key },
    };

    return (int)host_call(&c);
}

/* ---- items ---- */

static struct item *item_find_locked(struct epoll *ep, struct file *f, int fd)
{
    for (struct tree_node *n = tree_ceil(&ep->items, (u64)fd << 32); n && n->key >> 32 == (u64)fd;
         n = tree_next(n))
        if (container_of(n, struct item, node)->file == f)
            return container_of(n, struct item, node);
    return NULL;
}

static void item_want(struct item *i, const struct epoll_event *event)
{
    i->event = *event;
    i->event.events |= ALWAYS;
    __atomic_store_n(&i->wanted, i->event.events & ~(u32)PRIVATE_BITS, __ATOMIC_RELAXED);
}

/* A candidate from now on, whatever it turns out to be; those who wait look. */
static void item_announce(struct item *i)
{
    item_queue(i);
    file_wake(i->ep->file);
}

/* f->epolls is a list head of its own, made at the first item. */
static int file_link(struct file *f, struct item *i)
{
    if (!f->epolls) {
        f->epolls = kalloc(sizeof(*f->epolls));
        if (!f->epolls)
            return -ENOMEM;
        list_init(f->epolls);
    }
    list_append(f->epolls, &i->in_file);
    return 0;
}

static int item_add_locked(struct epoll *ep, struct file *f, int fd,
                           const struct epoll_event *event)
{
    struct item *i = kzalloc(sizeof(*i));
    bool on_host = file_host(f).id >= 0;
    int err;

    if (!i)
        return -ENOMEM;
    i->ep = ep;
    i->file = f;
    i->on_host = on_host;
    i->node.key = (u64)fd << 32 | ep->serial++;
    i->sleeper = (struct sleeper){ .wake = item_wake };
    list_init(&i->in_ready);
    item_want(i, event);
    err = on_host ? host_create_locked(ep) : 0;
    if (!err && on_host)
        err = host_control_locked(ep, EPOLL_CTL_ADD, i);
    if (!err) {
        err = file_link(f, i);
        if (err && on_host)
            (void)host_control_locked(ep, EPOLL_CTL_DEL, i);
    }
    if (err) {
        kfree(i);
        return err;
    }
    tree_insert(&ep->items, &i->node);
    ep->host_items += on_host;
    waitq_enlist(f->wait, &i->sleeper);
    item_announce(i);
    return 0;
}

static void item_remove_locked(struct item *i)
{
    struct epoll *ep = i->ep;

    waitq_delist(i->file->wait, &i->sleeper);
    item_unqueue(i);
    if (i->on_host) {
        /* Fails only if the host has dropped it already, with its descriptor. */
        (void)host_control_locked(ep, EPOLL_CTL_DEL, i);
        ep->host_items--;
    }
    tree_remove(&ep->items, &i->node);
    list_remove(&i->in_file);
    kfree(i);
}

static int item_change_locked(struct item *i, const struct epoll_event *event)
{
    int err = 0;

    if ((i->event.events | event->events) & EPOLLEXCLUSIVE)
        return -EINVAL;
    item_want(i, event);
    if (i->on_host)
        err = host_control_locked(i->ep, EPOLL_CTL_MOD, i);
    if (!err)
        item_announce(i);
    return err;
}

/* ---- loops ---- */

/* Does a chain of watching lead from f to target, or deeper than allowed?  Under links_lock. */
static bool reaches(struct file *f, const struct file *target, u32 depth)
{
    struct epoll *ep = epoll_of(f);

    if (f == target || depth > NESTS_MAX)
        return true;
    if (!ep)
        return false;
    for (struct tree_node *n = tree_first(&ep->items); n; n = tree_next(n))
        if (reaches(container_of(n, struct item, node)->file, target, depth + 1))
            return true;
    return false;
}

static u32 watchers_depth(struct file *f, u32 depth)
{
    u32 deepest = depth;

    if (!f->epolls || depth > NESTS_MAX)
        return depth;
    list_for_each(l, f->epolls) {
        u32 d = watchers_depth(list_entry(l, struct item, in_file)->ep->file, depth + 1);

        deepest = d > deepest ? d : deepest;
    }
    return deepest;
}

static int loop_check(struct file *ep, struct file *target)
{
    if (!epoll_of(target))
        return 0;
    return reaches(target, ep, watchers_depth(ep, 1)) ? -ELOOP : 0;
}

/* ---- control ---- */

static int event_check(int op, struct file *target, const struct epoll_event *event)
{
    if (op == EPOLL_CTL_DEL || !(event->events & EPOLLEXCLUSIVE))
        return 0;
    if (op == EPOLL_CTL_MOD || epoll_of(target) || event->events & ~(u32)EXCLUSIVE_OK)
        return -EINVAL;
    return 0;
}

int epoll_change(struct file *f, int op, struct file *target, int fd,
                 const struct epoll_event *event)
{
    struct epoll *ep = epoll_of(f);
    struct item *i;
    int err;

    if (!target->ops->ready && !target->ops->host)
        return -EPERM;
    if (!ep || f == target)
        return -EINVAL;
    err = event_check(op, target, event);
    if (err)
        return err;
    WITH_MUTEX(&links_lock);
    err = op == EPOLL_CTL_ADD ? loop_check(f, target) : 0;
    if (err)
        return err;
    WITH_MUTEX(&ep->lock);
    i = item_find_locked(ep, target, fd);
    switch (op) {
    case EPOLL_CTL_ADD:
        return i ? -EEXIST : item_add_locked(ep, target, fd, event);
    case EPOLL_CTL_MOD:
        return i ? item_change_locked(i, event) : -ENOENT;
    case EPOLL_CTL_DEL:
        if (i)
            item_remove_locked(i);
        return i ? 0 : -ENOENT;
    default:
        return -EINVAL;
    }
}

/* A watched file goes: its last reference is gone, so nobody adds it again. */
static void epoll_forget(struct file *f)
{
    WITH_MUTEX(&links_lock);
    list_for_each_safe(l, f->epolls) {
        struct item *i = list_entry(l, struct item, in_file);
        struct epoll *ep = i->ep;

        WITH_MUTEX(&ep->lock);
        item_remove_locked(i);
    }
    kfree(f->epolls);
    f->epolls = NULL;
}

/* ---- collecting ---- */

struct collect {
    struct epoll_event *ret;
    int max, n;
};

static void collect_add(struct collect *c, struct item *i, u32 ready)
{
    c->ret[c->n++] = (struct epoll_event){ .events = ready, .data = i->event.data };
    if (i->event.events & EPOLLONESHOT) {
        i->event.events &= (u32)PRIVATE_BITS;
        __atomic_store_n(&i->wanted, 0, __ATOMIC_RELAXED);
    }
}

static struct item *ready_take(struct epoll *ep)
{
    WITH_SPINLOCK(&ep->ready_lock);
    struct list *first = list_first(&ep->ready);

    if (!first)
        return NULL;
    list_remove(first);
    return list_entry(first, struct item, in_ready);
}

/* What the kernel's part of the file, or all of it for one watched both ways, is ready for. */
static u32 item_ready(struct item *i)
{
    u32 wanted = i->event.events & ~(u32)PRIVATE_BITS;

    if (!wanted)
        return 0;
    if (i->file->ops->mixed)
        return file_ready(i->file, wanted) & wanted;
    return i->on_host ? 0 : i->file->ops->ready(i->file) & wanted;
}

/* Look at every candidate once.  Level-triggered ones that are ready stay candidates. */
static void collect_kernel_locked(struct epoll *ep, struct collect *c)
{
    struct list again = LIST_INIT(again);
    struct item *i;

    while (c->n < c->max && (i = ready_take(ep))) {
        u32 ready = item_ready(i);

        if (!ready)
            continue;
        collect_add(c, i, ready);
        if (!(i->event.events & (EPOLLET | EPOLLONESHOT)))
            list_append(&again, &i->in_ready);
    }
    WITH_SPINLOCK(&ep->ready_lock);
    list_for_each_safe(l, &again) {
        list_remove(l);
        list_append(&ep->ready, l);
    }
}

/* What the host reports is a key and events: both are checked against the item. */
static void collect_one_locked(struct epoll *ep, struct collect *c, const struct epoll_event *e)
{
    struct tree_node *n = tree_floor(&ep->items, e->data);
    struct item *i = n && n->key == e->data ? container_of(n, struct item, node) : NULL;
    u32 ready;

    if (!i || !i->on_host)
        return;
    ready = i->file->ops->mixed ? item_ready(i) : e->events & i->event.events & ~(u32)PRIVATE_BITS;
    if (ready)
        collect_add(c, i, ready);
}

static int collect_host_locked(struct epoll *ep, struct collect *c)
{
    struct epoll_event events[HOST_BATCH];
    u32 room = (u32)(c->max - c->n);
    struct hostcall call = { .op = HOSTOP_epoll_wait, .fd = ep->host };
    s64 n;

    if (room > HOST_BATCH)
        room = HOST_BATCH;
    call.buf[0].ptr = events;
    call.buf[0].len = room * sizeof(events[0]);
    n = host_call(&call);
    if (n < 0 || n > room)
        return n < 0 ? (int)n : -EIO;
    for (s64 k = 0; k < n; k++)
        collect_one_locked(ep, c, &events[k]);
    return 0;
}

static int collect_all(struct epoll *ep, struct collect *c, bool ask_host)
{
    int err = 0;

    WITH_MUTEX(&ep->lock);
    collect_kernel_locked(ep, c);
    if (ask_host && ep->host_items && c->n < c->max)
        err = collect_host_locked(ep, c);
    return c->n ? c->n : err;
}

/* 0 (look), -EINTR, -ETIMEDOUT. */
static int epoll_sleep(struct epoll *ep, u64 ticket, u64 deadline_ns)
{
    struct host_poll host = { .fd = ep->host, .events = POLLIN };
    struct sleeper s = { .wake = sleeper_wake, .parker = park_ops.self() };
    int err = 0;

    if (ep->host.id < 0)
        return waitq_sleep(ep->file->wait, ticket, deadline_ns);
    waitq_enlist(ep->file->wait, &s);
    if (waitq_ticket(ep->file->wait) == ticket)
        err = park_ops.poll(&host, 1, PARK_INTERRUPTIBLE, deadline_ns);
    waitq_delist(ep->file->wait, &s);
    return err > 0 || waitq_ticket(ep->file->wait) != ticket ? 0 : err;
}

/*
 * A look costs a call to the host, and so does a sleep.  Busy instances find something at the first
 * look; one that found nothing sleeps first for the next SLEEP_FIRST calls, which says more for the
 * same price.
 */
int epoll_collect(struct file *f, struct epoll_event *ret, int max, u64 deadline_ns)
{
    struct epoll *ep = epoll_of(f);
    struct collect c = { ret, max, 0 };
    bool look;

    if (!ep)
        return -EINVAL;
    look = !ep->sleep_first || deadline_ns == 0;
    if (!look)
        ep->sleep_first--;
    for (;;) {
        u64 ticket = waitq_ticket(f->wait);
        int n = collect_all(ep, &c, look);

        if (n)
            return n;
        if (look)
            ep->sleep_first = SLEEP_FIRST;
        look = true;
        n = deadline_ns ? epoll_sleep(ep, ticket, deadline_ns) : -ETIMEDOUT;
        if (n == -ETIMEDOUT)
            return collect_all(ep, &c, true);
        if (n)
            return n;
    }
}

/* ---- the file ---- */

/* Is any candidate ready?  The list is left as it is, but for those that are not. */
static u32 epoll_ready(struct file *f)
{
    struct epoll *ep = f->priv;
    struct list kept = LIST_INIT(kept);
    struct item *i;
    u32 ready = 0;

    WITH_MUTEX(&ep->lock);
    while (!ready && (i = ready_take(ep))) {
        ready = item_ready(i);
        if (ready)
            list_append(&kept, &i->in_ready);
    }
    WITH_SPINLOCK(&ep->ready_lock);
    if (ready) {
        struct list *l = list_first(&kept);

        list_remove(l);
        list_push(&ep->ready, l);
    }
    return ready ? POLLIN | POLLRDNORM : 0;
}

/* Made when somebody asks, so that those who wait for this file see what is added later too. */
static hfd epoll_host(struct file *f)
{
    struct epoll *ep = f->priv;

    WITH_MUTEX(&ep->lock);
    return host_create_locked(ep) ? HFD_NONE : ep->host;
}

static void epoll_show(struct file *f, struct strbuf *dst)
{
    struct epoll *ep = f->priv;

    WITH_MUTEX(&ep->lock);
    for (struct tree_node *n = tree_first(&ep->items); n; n = tree_next(n)) {
        struct item *i = container_of(n, struct item, node);

        strbuf_printf(dst, "tfd: %8d events: %8x data: %16llx\n", (int)(n->key >> 32),
                      i->event.events, (unsigned long long)i->event.data);
    }
}

static void epoll_release(struct file *f)
{
    struct epoll *ep = f->priv;
    struct tree_node *n;

    mutex_lock(&links_lock);
    mutex_lock(&ep->lock);
    while ((n = tree_first(&ep->items)))
        item_remove_locked(container_of(n, struct item, node));
    mutex_unlock(&ep->lock);
    mutex_unlock(&links_lock);
    if (ep->host.id >= 0)
        host_close(ep->host);
    kfree(ep);
}

static const struct file_ops epoll_ops = {
    .kind = "eventpoll",
    .ready = epoll_ready,
    .host = epoll_host,
    .mixed = true,
    .show_fdinfo = epoll_show,
    .release = epoll_release,
};

int epoll_new(struct file **ret)
{
    AUTO(kfreep) struct epoll *ep = kzalloc(sizeof(*ep));
    int err;

    if (!ep)
        return -ENOMEM;
    file_epoll_ops.forget = epoll_forget;
    ep->host = HFD_NONE;
    list_init(&ep->ready);
    err = file_new(&epoll_ops, ep, O_RDWR, ret);
    if (err)
        return err;
    ep->file = *ret;
    (void)TAKE(ep);
    return 0;
}
