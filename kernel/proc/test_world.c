/* SPDX-License-Identifier: MIT */
/* A small world for the tests of proc/: see test_world.h. */
#include "kernel/proc/test_world.h"
#include "abi/image.h"
#include "abi/linux/errno.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/pid.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

struct world proc_world;

static struct slot slots[WORLD_THREADS];
static struct thread_block blocks[WORLD_THREADS];
static struct pt_regs frames[WORLD_THREADS];
static u64 chunk_blocks;                         /* of the id table, which stay             */

static int world_attach(const struct kernel_gates *gates)
{
    (void)gates;
    return 0;
}

static int world_unpark_slot(u64 cookie)
{
    proc_world.unparks[cookie]++;
    return 0;
}

static int world_interrupt(u64 cookie)
{
    proc_world.interrupts[cookie]++;
    return 0;
}

static int world_clock(u32 clock_id, u64 *ret_ns)
{
    (void)clock_id;
    *ret_ns = machine.now_ns;
    return 0;
}

static u64 world_now(void)
{
    return machine.now_ns;
}

static int world_park(enum park_how how, u64 deadline_ns)
{
    if (proc_world.on_park)
        return proc_world.on_park(how, deadline_ns);
    if (deadline_ns != NO_DEADLINE)
        return -ETIMEDOUT;
    return how == PARK_INTERRUPTIBLE ? -EINTR : 0;
}

static void world_unpark(struct parker *p)
{
    world_unpark_slot(container_of(p, struct thread, parker)->slot);
}

static struct parker *world_self(void)
{
    return &thread_self()->parker;
}

void proc_world_start(void)
{
    static const struct target target = {
        .name = "test",
        .attach = world_attach,
        .unpark = world_unpark_slot,
        .interrupt = world_interrupt,
        .clock = world_clock,
    };
    static const struct boot_params bp;

    machine_start();
    CHECK_EQ(host_init(&target, &bp, NULL), 0);
    clock_ops = (struct clock_ops){ .monotonic_ns = world_now, .realtime_ns = world_now };
    park_ops = (struct park_ops){ .park = world_park, .unpark = world_unpark, .self = world_self };
    memset(&proc_world, 0, sizeof(proc_world));
    list_init(&kernel_process.children);
    list_init(&kernel_process.threads);
    futex_init();
    chunk_blocks = 0;
}

/* An id.  The table's chunks stay for ever; nobody is to count them. */
static pid_t new_pid(void)
{
    u64 before = machine.blocks;
    pid_t pid;

    machine.quiet = true;
    CHECK_EQ(pid_alloc(&pid), 0);
    machine.quiet = false;
    chunk_blocks += machine.blocks - before;
    return pid;
}

struct thread *world_thread(struct process *p)
{
    struct slot *s = &slots[proc_world.threads];
    struct thread *t = &s->thread;
    u32 number = proc_world.threads++;

    CHECK(number < WORLD_THREADS);
    memset(s, 0, sizeof(*s));
    memset(&blocks[number], 0, sizeof(blocks[number]));
    t->priv = &s->priv;
    t->slot = number;
    t->block = &blocks[number];
    t->frame = &frames[number];
    t->tid = p->leader ? new_pid() : p->pid;
    t->proc = process_get(p);
    sig_queue_init(&s->priv.queue);
    s->priv.altstack_flags = SS_DISABLE;
    machine.quiet = true;
    t->cred = cred_new_root();
    s->priv.user = user_find(0);
    machine.quiet = false;
    user_threads_add(s->priv.user, 1);

    list_append(&p->threads, &s->priv.link);
    p->thread_count++;
    if (!p->leader)
        p->leader = t;
    pid_entry(t->tid)->thread = t;
    return t;
}

struct process *world_process(struct process *parent)
{
    pid_t pid = new_pid();
    struct process *p;

    machine.quiet = true;
    p = process_new(pid);
    p->sig.hand = sighand_new();
    for (u32 i = 0; i < RLIM_NLIMITS; i++)
        p->limits[i] = (struct rlimit64){ RLIM64_INFINITY, RLIM64_INFINITY };
    pid_entry(pid)->process = p;
    if (parent)
        job_join_locked(p, parent);
    else
        CHECK_EQ(job_init_first(p), 0);
    machine.quiet = false;
    p->parent = parent ? parent : &kernel_process;
    p->parent_tid = p->ppid = p->parent->pid;
    list_append(&p->parent->children, &p->sibling);
    (void)world_thread(p);
    return p;
}

void world_run(struct thread *t)
{
    machine.self = t;
}

u32 world_kicks(const struct thread *t)
{
    return proc_world.unparks[t->slot] + proc_world.interrupts[t->slot];
}

static void thread_stop(struct thread *t)
{
    struct process *p = t->proc;
    struct list freed = LIST_INIT(freed);

    sig_queue_flush(&t->priv->queue, ~0ull, &freed);
    sig_items_free(&freed);
    list_remove(&t->priv->link);
    p->thread_count--;
    pid_entry(t->tid)->thread = NULL;
    if (p->leader == t)
        p->leader = NULL;
    user_threads_add(t->priv->user, -1);
    user_put(t->priv->user);
    cred_put(t->cred);
    process_put(p);
}

static void process_stop(struct process *p)
{
    struct list freed = LIST_INIT(freed);

    timers_exit(p);
    while (!list_is_empty(&p->threads))
        thread_stop(thread_of_link(p->threads.next));
    sig_queue_flush(&p->sig.queue, ~0ull, &freed);
    sig_items_free(&freed);
    list_for_each_safe(link, &p->children)
        process_stop(list_entry(link, struct process, sibling));
    if (p->state == PROCESS_RUNNING)
        p->state = PROCESS_ZOMBIE;
    process_reap_locked(p);
}

void proc_world_stop(void)
{
    machine.self = NULL;
    list_for_each_safe(link, &kernel_process.children)
        process_stop(list_entry(link, struct process, sibling));
    machine.blocks -= chunk_blocks;
    machine_stop();
}
