/* SPDX-License-Identifier: MIT */
/*
 * The machine of the unit tests: see machine.h.
 *
 * Kernel memory: the link of build/tests/unit sends the calls of kalloc() and its family here
 * (ld --wrap, mk/unit.mk).  Outside machine_start() they go on to the kernel's own allocator, which
 * has tests too.
 */
#include "targets/sim/machine.h"
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/user_copy.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/commit.h"
#include "kernel/core/cred.h"
#include "kernel/core/user.h"
#include "kernel/vfs/boot.h"
#include "kernel/vfs/epoch.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"
#include "tests/unit/fault.h"
#include "tests/unit/test.h"

#include <stdlib.h>

enum {
    MACHINE_MEMORY = 1 << 30,
    MACHINE_BEGIN = 1000000000,                  /* 2001: later than nothing                */
    MACHINE_FDS = 1024,
    HEADER = 64,                                 /* keeps blocks 16-byte aligned            */
};

struct machine machine;

static struct thread thread;
static struct thread_block block;

struct thread *thread_self(void)
{
    return machine.self ? machine.self : &thread;
}

/* There is no user mode. */
NORETURN void enter_user(struct pt_regs *regs)
{
    (void)regs;
    test_fail(__FILE__, __LINE__, "a unit test went to user mode");
}

/* ---- kernel memory ---- */

/* Every block says how long it is, so that krealloc() knows what to copy. */
struct header {
    size_t size;
};

static void *machine_alloc(size_t size, bool zero)
{
    struct header *h;

    if (!machine.quiet && fault_should_fail())
        return NULL;
    h = zero ? calloc(1, HEADER + size) : malloc(HEADER + size);
    if (!h)
        abort();
    h->size = size;
    machine.blocks++;
    return (char *)h + HEADER;
}

static void machine_free(void *p)
{
    if (!p)
        return;
    machine.blocks--;
    free((char *)p - HEADER);
}

#define WRAP(type, name, ...)                                                                      \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

WRAP(void *, kalloc, size_t size)
{
    return machine.running ? machine_alloc(size, false) : __real_kalloc(size);
}

WRAP(void *, kzalloc, size_t size)
{
    return machine.running ? machine_alloc(size, true) : __real_kzalloc(size);
}

WRAP(void *, kcalloc, size_t count, size_t size)
{
    size_t bytes;

    if (!machine.running)
        return __real_kcalloc(count, size);
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : machine_alloc(bytes, true);
}

WRAP(void, kfree, void *p)
{
    if (machine.running)
        machine_free(p);
    else
        __real_kfree(p);
}

WRAP(void, kfreep, void *pp)
{
    if (machine.running)
        machine_free(*(void **)pp);
    else
        __real_kfreep(pp);
}

WRAP(void *, krealloc, void *p, size_t size)
{
    size_t old = p && machine.running ? ((struct header *)((char *)p - HEADER))->size : 0;
    void *fresh;

    if (!machine.running)
        return __real_krealloc(p, size);
    fresh = machine_alloc(size, false);
    if (!fresh)
        return NULL;
    if (p)
        __builtin_memcpy(fresh, p, old < size ? old : size);
    machine_free(p);
    return fresh;
}

WRAP(char *, kmemdup_str, const char *s, size_t len)
{
    char *copy;

    if (!machine.running)
        return __real_kmemdup_str(s, len);
    copy = machine_alloc(len + 1, false);
    if (copy) {
        __builtin_memcpy(copy, s, len);
        copy[len] = '\0';
    }
    return copy;
}

WRAP(char *, kstrdup, const char *s)
{
    return machine.running ? __wrap_kmemdup_str(s, __builtin_strlen(s)) : __real_kstrdup(s);
}

WRAP(void *, page_alloc, size_t count)
{
    void *p;

    if (!machine.running)
        return __real_page_alloc(count);
    if (!machine.quiet && fault_should_fail())
        return NULL;
    if (posix_memalign(&p, PAGE_SIZE, count * PAGE_SIZE))
        abort();
    __builtin_memset(p, 0, count * PAGE_SIZE);
    machine.blocks++;
    return p;
}

WRAP(void, page_free, void *p, size_t count)
{
    if (!machine.running) {
        __real_page_free(p, count);
    } else if (p) {
        machine.blocks--;
        free(p);
    }
}

/* ---- user memory ---- */

static int machine_check(u64 addr, size_t len, enum user_access how)
{
    (void)how;
    return addr < PAGE_SIZE || addr + len < addr ? -EFAULT : 0;
}

static int machine_fault(u64 addr, enum user_access how)
{
    (void)addr;
    (void)how;
    return -EFAULT;
}

size_t user_copy(void *dst, const void *src, size_t len)
{
    if (len)                                     /* NULL is an address like any other       */
        __builtin_memcpy(dst, src, len);
    return 0;
}

size_t user_clear(void *dst, size_t len)
{
    if (len)
        __builtin_memset(dst, 0, len);
    return 0;
}

int user_load(const u32 *src, u32 *ret)
{
    *ret = *src;
    return 0;
}

int user_cmpxchg(u32 *addr, u32 old, u32 new, u32 *seen)
{
    *seen = *addr;
    if (*addr == old)
        *addr = new;
    return 0;
}

/* ---- what layers above would fill in ---- */

static int machine_park(enum park_how how, u64 deadline_ns)
{
    if (deadline_ns != NO_DEADLINE)
        return -ETIMEDOUT;
    if (how == PARK_INTERRUPTIBLE)
        return -EINTR;                           /* as if a signal had come                 */
    test_fail(__FILE__, __LINE__, "the only thread sleeps for ever");
}

static int machine_poll(struct host_poll *set, u32 n, enum park_how how, u64 deadline_ns)
{
    (void)set;
    (void)n;
    return machine_park(how, deadline_ns);
}

static void machine_unpark(struct parker *p)
{
    (void)p;
}

static struct parker *machine_parker(void)
{
    return &thread_self()->parker;
}

static u64 machine_clock(void)
{
    machine.now_ns += 1000;
    return machine.now_ns;
}

static void machine_signal(int signo)
{
    machine.signals[signo]++;
}

static u64 machine_fsize(void)
{
    return machine.fsize_limit;
}

static s32 machine_pid(void)
{
    return 101;
}

static u32 machine_fds(void)
{
    return machine.fd_limit;
}

/* ---- life ---- */

void machine_start(void)
{
    machine = (struct machine){
        .running = true,
        .now_ns = (u64)MACHINE_BEGIN * 1000000000,
        .fd_limit = MACHINE_FDS,
        .fsize_limit = UINT64_MAX,
    };
    thread = (struct thread){ .block = &block, .tid = 101 };
    commit_init(MACHINE_MEMORY);
    user_ops = (struct user_ops){ .check = machine_check, .fault = machine_fault };
    park_ops = (struct park_ops){ machine_park, machine_poll, machine_unpark, machine_parker };
    clock_ops = (struct clock_ops){ .monotonic_ns = machine_clock, .realtime_ns = machine_clock };
    file_signal_ops = (struct file_signal_ops){
        .send_self = machine_signal,
        .limit_fsize = machine_fsize,
        .pid_self = machine_pid,
    };
    fd_limit_ops.limit = machine_fds;
}

void machine_stop(void)
{
    epoch_drain();
    cred_put(thread.cred);
    thread.cred = NULL;
    file_pool_drain();
    CHECK_EQ(machine.blocks, 0);
    machine.running = false;
}

void machine_start_fs(void)
{
    struct mount_args args = { .source = "root" };

    machine_start();
    machine.quiet = true;
    thread.fds = fdtable_new();
    CHECK_EQ(vfs_mount_root(fs_type_find("tmpfs"), &args, &thread.fs), 0);
    machine.quiet = false;
}

void machine_stop_fs(void)
{
    machine.quiet = true;
    fdtable_put(thread.fds);
    thread.fds = NULL;
    fsctx_put(thread.fs);
    thread.fs = NULL;
    vfs_teardown();
    machine_stop();
}

void machine_become(u32 uid, u32 gid)
{
    struct cred *c;

    machine.quiet = true;
    c = cred_new_root();
    machine.quiet = false;
    c->uid = c->euid = c->suid = c->fsuid = uid;
    c->gid = c->egid = c->sgid = c->fsgid = gid;
    if (uid)
        c->cap_permitted = c->cap_effective = 0;
    cred_put(thread.cred);
    thread.cred = c;
}
