/* SPDX-License-Identifier: MIT */
/*
 * Host threads: made, armed, put to sleep, woken, interrupted.
 *
 * Sleeping is one word per thread, host_thread.park:
 *
 *     NONE --park()--> FUTEX --unpark()--> PERMIT --(park returns)--> NONE
 *     NONE --poll()--> POLL  --unpark()--> PERMIT --(poll returns)--> NONE
 *     NONE --unpark()--> PERMIT --park() or poll() return at once--> NONE
 *
 * unpark() exchanges PERMIT in and looks at what was there: only a sleeper costs a system call.
 */
#include "targets/linux/inner/inner.h"
#include "targets/linux/inner/raw.h"

#include <asm/errno.h>
#include <asm/signal.h>
#include <linux/eventpoll.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/time_types.h>

enum {
    POLL_FIRST_ROOM = 64,
    PR_SET_SYSCALL_USER_DISPATCH_ = 59,
    SUD_EXCLUSIVE = 1,
    SUD_INCLUSIVE = 2,
    EFD_FLAGS = 02004000,                        /* EFD_CLOEXEC | EFD_NONBLOCK              */
};

#define USER_TOP (1ull << 47)

struct inner inner;

static struct __kernel_timespec timespec_of(u64 ns)
{
    return (struct __kernel_timespec){ .tv_sec = (s64)(ns / 1000000000u),
                                       .tv_nsec = (s64)(ns % 1000000000u) };
}

static long futex_wait(_Atomic u32 *word, u32 value, u64 deadline_ns)
{
    struct __kernel_timespec ts = timespec_of(deadline_ns);

    return raw6(__NR_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value,
                deadline_ns == NO_DEADLINE ? 0 : &ts, 0, FUTEX_BITSET_MATCH_ANY);
}

static void futex_wake(_Atomic u32 *word)
{
    (void)raw3(__NR_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}

/* Arming: only threads that run user code pay for the trap on their own system calls. */
static int trap_arm(void)
{
    if (inner.trap == TRAP_SUD_RANGE)
        return (int)raw5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH_, SUD_EXCLUSIVE, LINUX_BOUNDARY,
                         USER_TOP - LINUX_BOUNDARY, 0);
    if (inner.trap == TRAP_SUD_INCLUSIVE)
        return (int)raw5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH_, SUD_INCLUSIVE, 0,
                         LINUX_BOUNDARY, 0);
    return 0;                                    /* seccomp: inherited from the first thread */
}

int inner_thread_arm(u64 cookie, bool runs_user_code)
{
    struct host_thread *t = &inner.threads[cookie];
    struct thread_block *block = slot_block(inner.bp, cookie);
    stack_t alternate = { .ss_sp = t->stack, .ss_size = inner.altstack_size };
    long err;

    __asm__ volatile("wrgsbase %0" : : "r"(block) : "memory");
    err = raw2(__NR_sigaltstack, &alternate, 0);
    if (!err && runs_user_code)
        err = trap_arm();
    return (int)err;
}

/* A new thread has its creator's GS until it is armed: no interrupt may find it before. */
static int interrupts_mask(int how)
{
    u64 set = 1ull << (SIGNAL_INTERRUPT - 1);

    return (int)raw4(__NR_rt_sigprocmask, how, &set, 0, sizeof(set));
}

static void thread_loop(u64 cookie)
{
    struct host_thread *t = &inner.threads[cookie];
    struct thread_block *block = slot_block(inner.bp, cookie);

    if (inner_thread_arm(cookie, true) || interrupts_mask(SIG_UNBLOCK))
        raw1(__NR_exit_group, 125);
    /* Not before GS is ours: the handler of an interrupt would take us for our creator. */
    __atomic_store_n(&t->tid, (u32)raw0(__NR_gettid), __ATOMIC_RELEASE);
    for (;;) {
        while (!__atomic_load_n(&t->go, __ATOMIC_ACQUIRE))
            futex_wait(&t->go, 0, NO_DEADLINE);
        __atomic_fetch_sub(&t->go, 1, __ATOMIC_ACQ_REL);
        inner_run(block, (u64)inner.gates.thread_main, cookie, 0);
    }
}

__attribute__((noreturn)) void inner_thread_exit(u64 cookie)
{
    (void)cookie;
    inner_leave();
}

/* Stack and slot memory, then the host thread itself. */
static long thread_spawn(u64 cookie)
{
    struct host_thread *t = &inner.threads[cookie];
    unsigned long flags =
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    long stack, tid;

    if (!t->stack) {
        stack = raw6(__NR_mmap, 0, inner.host_stack_size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (stack < 0 && stack > -4096)
            return stack;
        t->stack = (u8 *)stack;
    }
    (void)interrupts_mask(SIG_BLOCK);
    tid = inner_clone(flags, t->stack + inner.host_stack_size, thread_loop, cookie);
    (void)interrupts_mask(SIG_UNBLOCK);
    return tid;
}

static void spin_acquire(_Atomic u32 *lock)
{
    while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
        __builtin_ia32_pause();
}

int inner_thread_create(u64 cookie)
{
    struct host_thread *t = &inner.threads[cookie];
    long tid = 0;

    if (cookie >= inner.bp->slots)
        return -EINVAL;
    spin_acquire(&t->lock);
    if (!t->spawned) {
        tid = thread_spawn(cookie);
        t->spawned = tid > 0;
    }
    __atomic_store_n(&t->lock, 0, __ATOMIC_RELEASE);
    if (tid < 0)
        return (int)tid;
    __atomic_fetch_add(&t->go, 1, __ATOMIC_ACQ_REL);
    futex_wake(&t->go);
    return 0;
}

int inner_park(u64 cookie, u64 deadline_ns)
{
    struct host_thread *t = &inner.threads[cookie];
    u32 state = PARK_NONE;
    long err = 0;

    if (__atomic_compare_exchange_n(&t->park, &state, PARK_FUTEX, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
        while (err != -ETIMEDOUT && __atomic_load_n(&t->park, __ATOMIC_SEQ_CST) == PARK_FUTEX)
            err = futex_wait(&t->park, PARK_FUTEX, deadline_ns);
    state = __atomic_exchange_n(&t->park, PARK_NONE, __ATOMIC_SEQ_CST);
    return state == PARK_PERMIT ? 0 : -ETIMEDOUT;
}

int inner_unpark(u64 cookie)
{
    struct host_thread *t = &inner.threads[cookie];
    u64 one = 1;

    switch (__atomic_exchange_n(&t->park, PARK_PERMIT, __ATOMIC_SEQ_CST)) {
    case PARK_FUTEX:
        futex_wake(&t->park);
        break;
    case PARK_POLL:
        (void)raw3(__NR_write, t->event_fd, &one, sizeof(one));
        break;
    default:
        break;
    }
    return 0;
}

/* Room for n descriptors and the event descriptor. */
static int poll_reserve(struct host_thread *t, u32 n)
{
    u32 room = t->poll_room ? t->poll_room : POLL_FIRST_ROOM;
    long set;

    if (!t->event_fd) {
        long fd = raw2(__NR_eventfd2, 0, EFD_FLAGS);

        if (fd < 0)
            return (int)fd;
        t->event_fd = (s32)fd;
    }
    if (n < t->poll_room)
        return 0;
    while (room <= n)
        room *= 2;
    set = raw6(__NR_mmap, 0, room * sizeof(struct pollfd), PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (set < 0 && set > -4096)
        return (int)set;
    if (t->poll_set)
        (void)raw2(__NR_munmap, t->poll_set, t->poll_room * sizeof(struct pollfd));
    t->poll_set = (void *)set;
    t->poll_room = room;
    return 0;
}

static u64 now_ns(void)
{
    struct __kernel_timespec ts;

    if (inner.vdso_clock_gettime)
        (void)inner.vdso_clock_gettime(1, &ts);
    else
        (void)raw2(__NR_clock_gettime, 1, &ts);
    return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

static long poll_wait(struct pollfd *set, u32 n, u64 deadline_ns)
{
    u64 now = deadline_ns == NO_DEADLINE ? 0 : now_ns();
    struct __kernel_timespec ts = timespec_of(deadline_ns > now ? deadline_ns - now : 0);

    return raw5(__NR_ppoll, set, n, deadline_ns == NO_DEADLINE ? 0 : &ts, 0, 8);
}

int inner_poll(u64 cookie, struct host_poll *set, u32 n, u64 deadline_ns)
{
    struct host_thread *t = &inner.threads[cookie];
    struct pollfd *fds;
    u32 state = PARK_NONE;
    long ready = poll_reserve(t, n);
    u64 drained;

    if (ready < 0)
        return (int)ready;
    fds = t->poll_set;
    for (u32 i = 0; i < n; i++)
        fds[i] = (struct pollfd){ .fd = (int)set[i].fd.id, .events = (short)set[i].events };
    fds[n] = (struct pollfd){ .fd = t->event_fd, .events = POLLIN };

    if (__atomic_compare_exchange_n(&t->park, &state, PARK_POLL, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
        ready = poll_wait(fds, n + 1, deadline_ns);
    else
        ready = poll_wait(fds, n, 0);            /* unparked already: only look             */
    state = __atomic_exchange_n(&t->park, PARK_NONE, __ATOMIC_SEQ_CST);
    if (ready > 0 && fds[n].revents)
        (void)raw3(__NR_read, t->event_fd, &drained, sizeof(drained));
    for (u32 i = 0; i < n && ready > 0; i++)
        set[i].ready = (u32)(u16)fds[i].revents;
    return ready == 0 && state != PARK_PERMIT ? -ETIMEDOUT : 0;
}

int inner_set_affinity(u64 cookie, const u64 *mask, size_t words)
{
    u32 tid = __atomic_load_n(&inner.threads[cookie].tid, __ATOMIC_ACQUIRE);
    long n = tid ? raw3(__NR_sched_setaffinity, tid, words * sizeof(*mask), mask) : -ESRCH;

    return n < 0 ? (int)n : 0;
}

int inner_interrupt(u64 cookie)
{
    u32 tid = __atomic_load_n(&inner.threads[cookie].tid, __ATOMIC_ACQUIRE);

    return tid ? (int)raw3(__NR_tgkill, inner.pid, tid, SIGNAL_INTERRUPT) : 0;
}
