/* SPDX-License-Identifier: MIT */
/*
 * Thread slots: the storage and the kernel stack a thread runs on.
 *
 * Unused slots are a stack, so that the one used last, whose host thread is still warm, is used
 * first.  A slot is put back by its own thread while it still runs on the slot's stack: the next
 * thread may be prepared meanwhile, but the target starts it only when the old one has arrived in
 * host_thread_exit().  So preparing touches nothing that code on the old stack still uses: the
 * constants of the thread block, its canary above all, are written once, when a slot is first used.
 *
 * Locks: slots_lock, a leaf.
 */
#include "abi/image.h"
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/alloc.h"
#include "kernel/core/panic.h"
#include "kernel/core/user.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/proc_int.h"
#include "kernel/proc/slot.h"

enum { FPU_ALIGN = 64 };

static const struct boot_params *boot;           /* [const]                                 */
static struct spinlock slots_lock;
static struct slot **slots;                      /* [slot]; NULL: never used                */
static u32 *unused;                              /* a stack of slot numbers                 */
static u32 unused_count;

static struct slot service;                      /* slot 0's, before there is an allocator  */

static void slot_bind(struct slot *s, u32 number)
{
    struct thread_block *block = slot_block(boot, number);

    s->thread.slot = number;
    s->thread.block = block;
    s->thread.frame = (struct pt_regs *)slot_kernel_sp(boot, number) - 1;
    s->thread.priv = &s->priv;
}

/* The slot's memory above its guard page, and what assembly and the compiler find through GS; once
 * per slot. */
static int block_init(struct slot *s)
{
    struct thread_block *block = s->thread.block;
    u64 stack = slot_base(boot, s->thread.slot) + PAGE_SIZE;
    u64 canary;
    int err = host_protect(stack, SLOT_SIZE - PAGE_SIZE, TARGET_PROT_READ | TARGET_PROT_WRITE);

    if (!err)
        err = host_random(&canary, sizeof(canary));
    if (err)
        return err;
    block->self = block;
    block->kernel_sp = slot_kernel_sp(boot, s->thread.slot);
    block->thread = &s->thread;
    block->canary = canary & ~0xffull;           /* strings end before it                   */
    block->cookie = s->thread.slot;
    return 0;
}

int slots_init(const struct boot_params *bp)
{
    boot = bp;
    slots = kcalloc(bp->slots, sizeof(*slots));
    unused = kcalloc(bp->slots, sizeof(*unused));
    if (!slots || !unused)
        return -ENOMEM;
    for (u32 i = bp->slots - 1; i > 0; i--)
        unused[unused_count++] = i;

    /* The calling thread: its block has been made by the target and its canary is in use. */
    slots[0] = &service;
    slot_bind(&service, 0);
    service.thread.block->thread = &service.thread;
    list_init(&service.priv.link);
    sig_queue_init(&service.priv.queue);
    return 0;
}

struct thread *slots_service_thread(void)
{
    return &service.thread;
}

static struct slot *slot_new(u32 number)
{
    size_t fpu_bytes = fpu_size() + FPU_ALIGN;
    struct slot *s = kzalloc(sizeof(*s) + fpu_bytes);

    if (!s)
        return NULL;
    s->priv.fpu = (void *)(((u64)(s + 1) + FPU_ALIGN - 1) & ~(u64)(FPU_ALIGN - 1));
    slot_bind(s, number);
    if (block_init(s)) {
        kfree(s);
        return NULL;
    }
    return s;
}

static void slot_push(u32 number)
{
    WITH_SPINLOCK(&slots_lock);
    unused[unused_count++] = number;
}

/* Everything but what outlives threads becomes zero. */
static void slot_clear(struct slot *s)
{
    struct thread *t = &s->thread;
    struct proc_thread *priv = &s->priv;
    void *fpu = priv->fpu;
    bool pinned = priv->pinned;

    t->tid = 0;
    t->proc = NULL;
    t->mm = NULL;
    t->fds = NULL;
    t->fs = NULL;
    t->cred = NULL;
    memset(&t->user_cache, 0, sizeof(t->user_cache));
    t->sys_nr = 0;
    memset(t->comm, 0, sizeof(t->comm));

    memset(priv, 0, offsetof(struct proc_thread, parked));
    memset(&priv->start, 0, sizeof(*priv) - offsetof(struct proc_thread, start));
    priv->fpu = fpu;
    priv->pinned = pinned;
    list_init(&priv->link);
    sig_queue_init(&priv->queue);
    t->block->work = 0;
    t->block->full_exit = 0;
}

struct slot *slot_alloc(void)
{
    u32 number = 0;

    spin_lock(&slots_lock);
    if (unused_count)
        number = unused[--unused_count];
    spin_unlock(&slots_lock);
    if (!number)
        return NULL;

    if (!slots[number])
        slots[number] = slot_new(number);
    if (!slots[number]) {
        slot_push(number);
        return NULL;
    }
    slot_clear(slots[number]);
    cputime_start(&slots[number]->thread);
    return slots[number];
}

void slot_free(struct slot *s)
{
    slot_push(s->thread.slot);
}

u32 slot_count(void)
{
    return boot->slots;
}

u32 thread_max(void)
{
    return boot->slots - 1;
}

int slot_start(struct slot *s)
{
    return host_thread_create(s->thread.slot) ? -EAGAIN : 0;
}

u32 thread_count_now(void)
{
    WITH_SPINLOCK(&slots_lock);
    return boot->slots - 1 - unused_count;
}

void thread_main(u64 cookie)
{
    struct thread *self = thread_self();
    struct proc_thread *priv = self->priv;
    struct pt_regs *frame = self->frame;

    assert(self->slot == cookie);
    assert((u64)__builtin_frame_address(0) < (u64)frame);
    fs_base_set(priv->start_fs);
    /* Saved by our parent: it cannot be refused. */
    if (fpu_restore(priv->fpu))
        fpu_reset();
    affinity_apply(self);
    if (priv->set_child_tid.addr)
        (void)copy_out_some(priv->set_child_tid, &self->tid, sizeof(self->tid)); /* as Linux */

    memcpy(frame, &priv->start, sizeof(*frame));
    if (priv->begin) {
        priv->begin(priv->begin_arg);
        if (self->mm)
            frame->ip = mm_resume_ip(self->mm, frame->ip);
    }
    enter_user(frame);                           /* looks at the work word first            */
}
