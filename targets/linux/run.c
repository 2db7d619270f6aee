/* SPDX-License-Identifier: MIT */
/*
 * One run on the linux target: reserve, load, describe, hand over.
 *
 * The calling thread becomes the kernel's slot 0 and never comes back; the process ends when the
 * kernel calls target.exit().  Nothing of libc runs after the hand-over.
 */
#include "targets/linux/layout.h"
#include "targets/linux/outer.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

enum {
    HEAP_SLACK = 256 << 20,                      /* page map, fragmentation                 */
    LOOP_STACK = 16 << 10,
    HANDLER_STACK = 8 << 10,
};

const char *outer_program = "myst";

int outer_error(const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "%s: error: ", outer_program);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return 1;
}

static u64 round_up(u64 v, u64 to)
{
    return (v + to - 1) & ~(to - 1);
}

/* Everything below the boundary is ours: the parts that hold no file are reserved here. */
static int ranges_reserve(struct boot_params *bp, const struct run_options *o)
{
    u64 heap = round_up(o->memory_size + HEAP_SLACK, 4 << 20);

    bp->slots = LAYOUT_SLOT_COUNT;
    bp->slot_area =
        (struct range){ LAYOUT_SLOTS, LAYOUT_SLOTS + (u64)LAYOUT_SLOT_COUNT * SLOT_SIZE };
    bp->low = (struct range){ LAYOUT_LOW_LO, LAYOUT_LOW_HI };
    bp->heap = (struct range){ LAYOUT_HEAP, LAYOUT_HEAP + heap };
    bp->arena = (struct range){ LAYOUT_ARENA_LO, LAYOUT_ARENA_HI };
    if (bp->heap.hi > bp->arena.lo)
        return outer_error("--memory-size is larger than the address range for it");
    return range_reserve(bp->low.lo, bp->low.hi, "programs at fixed addresses") ||
           range_reserve(bp->slot_area.lo, bp->slot_area.hi, "threads") ||
           range_reserve(bp->heap.lo, bp->heap.hi, "kernel heap") ||
           range_reserve(bp->arena.lo, bp->arena.hi, "user memory");
}

static int modules_load(struct boot_params *bp, const struct run_options *o)
{
    char path[PATH_MAX];

    if (library_path("ld-musl-x86_64.so.1", path, sizeof(path)) ||
        module_map(path, LAYOUT_CRT, &bp->crt))
        return 1;
    if (o->rootfs_kind == ROOTFS_CPIO) {
        bp->rootfs_kind = BOOT_ROOTFS_CPIO;
        return module_map(o->rootfs, LAYOUT_ROOTFS, &bp->rootfs);
    }
    bp->rootfs_kind = BOOT_ROOTFS_HOSTFS;
    bp->rootfs_source = o->rootfs;
    return 0;
}

/* Signals for the run arrive as records of a descriptor that the kernel reads. */
static int signals_redirect(struct boot_params *bp)
{
    static const int forwarded[] = {
        SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT, SIGUSR1, SIGUSR2,
    };
    sigset_t set;
    int fd;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
        sigaddset(&set, forwarded[i]);
    if (sigprocmask(SIG_SETMASK, &set, NULL))
        return outer_error("sigprocmask: %s", strerror(errno));
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return outer_error("signalfd: %s", strerror(errno));
    bp->signals = (hfd){ fd };
    return 0;
}

/* Descriptors 0 to 2 must be something, or the next file opened would become one of them. */
static int descriptors_check(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd)
            return outer_error("descriptor %d is closed and /dev/null cannot take its place", fd);
    return 0;
}

/* Files of the host's that programs inside have open are ours; what they may have is the kernel's
 * business. */
static void descriptors_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);      /* else programs run into ENFILE earlier   */
}

static struct boot_id *ids_convert(const struct id_map *map)
{
    struct boot_id *ids = calloc(map->count ? map->count : 1, sizeof(*ids));

    for (size_t i = 0; ids && i < map->count; i++)
        ids[i] = (struct boot_id){ map->pairs[i].host, map->pairs[i].inside };
    return ids;
}

static int mounts_convert(struct boot_params *bp, const struct mount_list *list)
{
    struct boot_mount *mounts = calloc(list->count ? list->count : 1, sizeof(*mounts));

    if (!mounts || list->count > BOOT_MOUNTS_MAX)
        return outer_error("too many --mount options");
    for (size_t i = 0; i < list->count; i++)
        mounts[i] = (struct boot_mount){ .source = list->items[i].source,
                                         .target = list->items[i].target,
                                         .type = "hostfs" };
    bp->mounts = mounts;
    bp->mount_count = (u32)list->count;
    return 0;
}

static int params_fill(struct boot_params *bp, const struct run_options *o)
{
    static const char *const fork_modes[] = {
        [FORK_NONE] = "none",
        [FORK_PSEUDO] = "pseudo",
        [FORK_PSEUDO_WAIT] = "pseudo_wait_for_exit_exec",
        [FORK_FULL] = "full",
    };
    const char **env = calloc(o->env.count + 1, sizeof(*env));
    struct boot_id *uids = ids_convert(&o->uid_map), *gids = ids_convert(&o->gid_map);

    if (!env || !uids || !gids)
        return outer_error("out of memory");
    memcpy(env, o->env.items, o->env.count * sizeof(*env));
    bp->version = BOOT_VERSION;
    bp->memory_size = o->memory_size;
    bp->argv = (const char *const *)o->argv;
    bp->envp = env;
    bp->main_stack_size = o->main_stack_size;
    bp->thread_stack_size = o->thread_stack_size;
    bp->max_affinity_cpus = o->max_affinity;
    bp->uid_map = uids;
    bp->gid_map = gids;
    bp->uid_count = (u32)o->uid_map.count;
    bp->gid_count = (u32)o->gid_map.count;
    bp->nobrk = o->nobrk;
    bp->exec_stack = o->exec_stack;
    bp->host_uds = o->host_uds;
    bp->unhandled_enosys = o->unhandled_enosys;
    bp->debug = true;                            /* always, on this target                  */
    bp->host_stdin = true;
    bp->perf = o->perf;
    bp->etrace = o->error_trace;
    bp->ttrace = o->time_trace;
    bp->memcheck = o->memcheck;
    bp->native_tids = o->report_native_tids;
    bp->patch_eager = bp->patch_lazy = o->interception != INTERCEPT_TRAP;
    bp->stderr_is_tty = isatty(2);
    bp->log_level = (u8)o->log_level;
    bp->fork_mode = fork_modes[o->fork_mode];
    bp->user_va_limit = LINUX_BOUNDARY;
    return mounts_convert(bp, &o->mounts) || strace_prepare(&o->strace, &bp->strace);
}

static int inner_prepare(const struct boot_params *bp)
{
    void *vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
    u64 minimum = getauxval(AT_MINSIGSTKSZ);

    inner.bp = bp;
    inner.pid = getpid();
    inner.altstack_size = (u32)round_up((minimum ? minimum : 4096) + HANDLER_STACK, 4096);
    inner.host_stack_size = inner.altstack_size + LOOP_STACK;
    if (vdso)
        inner.vdso_clock_gettime = (long (*)(int, void *))dlsym(vdso, "__vdso_clock_gettime");
    inner.threads = mmap(NULL, bp->slots * sizeof(*inner.threads), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    inner.threads[0].stack = mmap(NULL, inner.host_stack_size, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (inner.threads == MAP_FAILED || inner.threads[0].stack == MAP_FAILED)
        return outer_error("out of memory");
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0))
        return outer_error("membarrier: %s", strerror(errno));
    return 0;
}

/* Slot 0: this thread's kernel stack and thread block. */
static int slot_prepare(const struct boot_params *bp)
{
    u64 base = slot_base(bp, 0) + PAGE_SIZE;
    struct thread_block *block = slot_block(bp, 0);

    if (mprotect((void *)base, SLOT_SIZE - PAGE_SIZE, PROT_READ | PROT_WRITE))
        return outer_error("out of memory");
    block->self = block;
    block->kernel_sp = slot_kernel_sp(bp, 0);
    inner.threads[0].tid = (u32)syscall(SYS_gettid);
    return inner_thread_arm(0, false) ? outer_error("cannot use the thread block") : 0;
}

int run_linux(const struct run_options *options)
{
    static struct boot_params bp;
    u64 entry;

    outer_program = options->program;
    if (descriptors_check() || ranges_reserve(&bp, options) || image_load(&bp, &entry) ||
        modules_load(&bp, options) || processor_describe(&bp) || params_fill(&bp, options) ||
        signals_redirect(&bp) || inner_prepare(&bp) || trap_choose(options->interception))
        return 1;
    descriptors_raise();
    fflush(stdout);
    if (slot_prepare(&bp))
        return 1;
    inner_run(slot_block(&bp, 0), entry, (u64)&bp, (u64)&linux_target);
    return 1;
}
