/* SPDX-License-Identifier: MIT */
/*
 * Queues of pending signals, and the tables of what signals do.
 *
 * A queue is a set of bits and a list of items in order of arrival.  An ordinary signal is in it at
 * most once, a real-time one once per item.  Faults of the processor are taken before others, then
 * the least number first; among equals the oldest item.
 *
 * Locks: the callers hold the process's sig.lock; nothing here allocates or frees under it, items
 * go through lists.
 */
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/lib/string.h"
#include "kernel/proc/proc_int.h"

/* What cannot wait: the instruction would fault again behind another signal's handler. */
enum {
    SYNCHRONOUS = 1 << (SIGSEGV - 1) | 1 << (SIGBUS - 1) | 1 << (SIGILL - 1) | 1 << (SIGTRAP - 1) |
                  1 << (SIGFPE - 1) | (int)(1u << (SIGSYS - 1))
};

void sig_queue_init(struct sig_queue *q)
{
    list_init(&q->items);
    q->bits = 0;
}

static int first_signal(u64 due)
{
    if (due & (u32)SYNCHRONOUS)
        due &= (u32)SYNCHRONOUS;
    return due ? __builtin_ctzll(due) + 1 : 0;
}

/* Move the oldest item of signo to freed and copy what it says; the bit stays if there are more. */
static void take_item(struct sig_queue *q, int signo, siginfo_t *ret, struct list *freed)
{
    struct sig_item *oldest = NULL;

    list_for_each_safe(link, &q->items) {
        struct sig_item *item = list_entry(link, struct sig_item, link);

        if (item->info.si_signo != signo)
            continue;
        if (oldest)
            return;                              /* another one remains                     */
        oldest = item;
        *ret = item->info;
        list_remove(link);
        list_append(freed, link);
    }
    q->bits &= ~sig_bit(signo);
    if (!oldest) {
        memset(ret, 0, sizeof(*ret));            /* there was no memory for an item         */
        ret->si_signo = signo;
        ret->si_code = SI_USER;
    }
}

int sig_queue_take(struct sig_queue *q, u64 blocked, siginfo_t *ret, struct list *freed)
{
    int signo = first_signal(q->bits & ~blocked);

    if (signo)
        take_item(q, signo, ret, freed);
    return signo;
}

void sig_queue_flush(struct sig_queue *q, u64 signals, struct list *freed)
{
    if (!(q->bits & signals))
        return;
    q->bits &= ~signals;
    list_for_each_safe(link, &q->items) {
        struct sig_item *item = list_entry(link, struct sig_item, link);

        if (!(sig_bit(item->info.si_signo) & signals))
            continue;
        list_remove(link);
        list_append(freed, link);
    }
}

void sig_items_free(struct list *items)
{
    list_for_each_safe(link, items) {
        struct sig_item *item = list_entry(link, struct sig_item, link);

        list_remove(link);
        if (item->timer) {
            posix_timer_unqueued(item->timer, NULL);
            continue;
        }
        user_sigpending_add(item->user, -1);
        user_put(item->user);
        kfree(item);
    }
}

void sig_item_taken(struct list *freed, siginfo_t *info)
{
    struct list *link = list_first(freed);
    struct sig_item *item = link ? list_entry(link, struct sig_item, link) : NULL;

    if (item && item->timer) {
        list_remove(link);
        posix_timer_unqueued(item->timer, info);
    }
    sig_items_free(freed);
}

/* ---- actions ---- */

struct sighand *sighand_new(void)
{
    struct sighand *h = kzalloc(sizeof(*h));

    if (h)
        ref_init(&h->refs);
    return h;
}

int sighand_copy(struct sighand *from, struct sighand **ret)
{
    struct sighand *h = sighand_new();

    if (!h)
        return -ENOMEM;
    spin_lock(&from->lock);
    memcpy(h->action, from->action, sizeof(h->action));
    spin_unlock(&from->lock);
    *ret = h;
    return 0;
}

void sighand_put(struct sighand *h)
{
    if (h && ref_put(&h->refs))
        kfree(h);
}

void sighand_reset(struct sighand *h, enum sighand_reset what)
{
    WITH_SPINLOCK(&h->lock);

    for (u32 i = 0; i < SIG_COUNT; i++) {
        bool ignored = h->action[i].handler == (u64)SIG_IGN;

        h->action[i] = (struct sig_action){
            .handler = what == RESET_CAUGHT && ignored ? (u64)SIG_IGN : (u64)SIG_DFL,
        };
    }
}

struct sig_action sighand_get(struct sighand *h, int signo)
{
    WITH_SPINLOCK(&h->lock);
    return h->action[signo - 1];
}

struct sig_action signal_action(struct process *p, int signo)
{
    WITH_SPINLOCK(&p->sig.lock);                 /* the table itself changes in exec        */
    return sighand_get(p->sig.hand, signo);
}
