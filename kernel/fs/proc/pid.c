/* SPDX-License-Identifier: MIT */
/* /proc/[pid] and /proc/[pid]/task/[tid]: proc(5). */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/resource.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/clock.h"
#include "kernel/fs/proc/proc_fs.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/process.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"

enum { TICKS_PER_SEC = 100, NSEC_PER_TICK = NSEC_PER_SEC / TICKS_PER_SEC, ARGS_MAX = 4 << 20 };

static void mm_putp(struct mm **mm)
{
    mm_put(*mm);
}

static void fsctx_putp(struct fsctx **fs)
{
    fsctx_put(*fs);
}

/* The address space of a process that may be looked into; NULL in *ret for a zombie. */
static int pid_mm(const struct proc_at *at, struct mm **ret)
{
    AUTO(process_putp) struct process *p = NULL;
    int err = proc_process(at, &p);

    if (!err)
        err = process_may_inspect(p) ? -EACCES : 0;
    if (!err)
        *ret = process_mm(p);
    return err;
}

static int pid_info(const struct proc_at *at, struct process_info *ret)
{
    AUTO(process_putp) struct process *p = NULL;
    int err = proc_process(at, &p);

    if (err)
        return err;
    if (at->tid)
        return thread_info_get(p, at->tid, ret);
    process_info_get(p, ret);
    return 0;
}

/* ---- text from the process's own memory ---- */

static int memory_text(struct mm *mm, u64 lo, u64 hi, struct strbuf *dst)
{
    AUTO(kfreep) char *buf = NULL;
    size_t len = (size_t)min_u64(hi - lo, ARGS_MAX);
    ssize_t n;

    if (hi <= lo)
        return 0;
    buf = kalloc(len);
    if (!buf)
        return -ENOMEM;
    n = mm_peek(mm, lo, buf, len);
    if (n > 0)
        strbuf_add(dst, buf, (size_t)n);
    return 0;
}

static int show_cmdline(const struct proc_at *at, struct strbuf *dst)
{
    AUTO(mm_putp) struct mm *mm = NULL;
    int err = pid_mm(at, &mm);

    if (err || !mm)
        return err == -EACCES ? 0 : err;
    return memory_text(mm, mm_layout(mm)->arg_lo, mm_layout(mm)->arg_hi, dst);
}

static int show_environ(const struct proc_at *at, struct strbuf *dst)
{
    AUTO(mm_putp) struct mm *mm = NULL;
    int err = pid_mm(at, &mm);

    if (err || !mm)
        return err;
    return memory_text(mm, mm_layout(mm)->env_lo, mm_layout(mm)->env_hi, dst);
}

static int show_auxv(const struct proc_at *at, struct strbuf *dst)
{
    AUTO(mm_putp) struct mm *mm = NULL;
    int err = pid_mm(at, &mm);

    if (err || !mm)
        return err;
    return memory_text(mm, mm_layout(mm)->auxv_lo, mm_layout(mm)->auxv_hi, dst);
}

static int show_maps_how(const struct proc_at *at, struct strbuf *dst, bool smaps)
{
    AUTO(mm_putp) struct mm *mm = NULL;
    int err = pid_mm(at, &mm);

    return err || !mm ? err : mm_show_maps(mm, dst, smaps);
}

static int show_maps(const struct proc_at *at, struct strbuf *dst)
{
    return show_maps_how(at, dst, false);
}

static int show_smaps(const struct proc_at *at, struct strbuf *dst)
{
    return show_maps_how(at, dst, true);
}

/* ---- numbers ---- */

static void usage_of(const struct proc_at *at, struct mm_usage *u, struct mm_layout *l)
{
    AUTO(process_putp) struct process *p = NULL;
    AUTO(mm_putp) struct mm *mm = NULL;

    *u = (struct mm_usage){ 0 };
    *l = (struct mm_layout){ 0 };
    if (proc_process(at, &p))
        return;
    mm = process_mm(p);
    if (!mm)
        return;
    mm_usage_get(mm, u);
    if (!process_may_inspect(p))
        *l = *mm_layout(mm);
}

static u64 ticks(u64 ns)
{
    return ns / NSEC_PER_TICK;
}

/* Fifty-two fields; proc(5) numbers them. */
static int show_stat(const struct proc_at *at, struct strbuf *dst)
{
    struct process_info i;
    struct mm_usage u;
    struct mm_layout l;
    int err = pid_info(at, &i);

    if (err)
        return err;
    usage_of(at, &u, &l);
    strbuf_printf(dst, "%d (%s) %c %d %d %d 0 -1 0", at->tid ? at->tid : i.pid, i.comm, i.state,
                  i.ppid, i.pgid, i.sid);        /* 1 - 9                                   */
    strbuf_printf(dst, " 0 0 0 0 %lu 0 %lu 0 %d %d %u 0 %lu", ticks(i.cpu_ns),
                  ticks(i.children_cpu_ns), i.rt_priority ? -1 - (int)i.rt_priority : 20 + i.nice,
                  i.nice, i.threads, ticks(i.start_ns)); /* 10 - 22                         */
    strbuf_printf(dst, " %lu %lu %lu %lu %lu %lu 0 0", u.mapped, u.committed >> PAGE_SHIFT,
                  (u64)RLIM64_INFINITY, l.code_lo, l.code_hi, l.stack_hi); /* 23 - 30       */
    strbuf_printf(dst, " %lu %lu %lu %lu 0 0 0 %d 0", i.sig_pending & INT32_MAX,
                  i.sig_blocked & INT32_MAX, i.sig_ignored & INT32_MAX, i.sig_caught & INT32_MAX,
                  i.exit_signal);                /* 31 - 39                                 */
    strbuf_printf(dst, " %u %u 0 0 0 %lu %lu %lu %lu %lu %lu %lu %d\n", i.rt_priority, i.policy,
                  l.data_lo, l.data_hi, l.brk_lo, l.arg_lo, l.arg_hi, l.env_lo, l.env_hi,
                  i.exit_status);                /* 40 - 52                                 */
    return 0;
}

static int show_statm(const struct proc_at *at, struct strbuf *dst)
{
    struct process_info i;
    struct mm_usage u;
    struct mm_layout l;
    int err = pid_info(at, &i);

    if (err)
        return err;
    usage_of(at, &u, &l);
    strbuf_printf(dst, "%lu %lu %lu %lu 0 %lu 0\n", u.mapped >> PAGE_SHIFT,
                  u.committed >> PAGE_SHIFT, u.shared >> PAGE_SHIFT, u.text >> PAGE_SHIFT,
                  (u.data + u.stack) >> PAGE_SHIFT);
    return 0;
}

static const char *state_name(char state)
{
    switch (state) {
    case 'R':
        return "R (running)";
    case 'S':
        return "S (sleeping)";
    case 'T':
        return "T (stopped)";
    case 'Z':
        return "Z (zombie)";
    default:
        return "X (dead)";
    }
}

static void show_status_memory(const struct proc_at *at, struct strbuf *dst)
{
    struct mm_usage u;
    struct mm_layout l;

    usage_of(at, &u, &l);
    strbuf_printf(dst, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8u kB\n", u.mapped >> 10,
                  u.mapped >> 10, 0);
    strbuf_printf(dst, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n", u.peak_committed >> 10,
                  u.committed >> 10);
    strbuf_printf(dst, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmSwap:\t%8u kB\n",
                  u.data >> 10, u.stack >> 10, u.text >> 10, 0);
}

static void show_status_signals(const struct process_info *i, struct strbuf *dst)
{
    strbuf_printf(dst, "Threads:\t%u\nSigQ:\t%u/%lu\n", i->threads, i->sig_queued,
                  process_limit(RLIMIT_SIGPENDING));
    strbuf_printf(dst, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n", i->sig_pending,
                  i->sig_shared, i->sig_blocked);
    strbuf_printf(dst, "SigIgn:\t%016lx\nSigCgt:\t%016lx\n", i->sig_ignored, i->sig_caught);
    strbuf_printf(dst, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\n",
                  i->caps[0], i->caps[1], i->caps[2], i->caps[3]);
    strbuf_printf(dst, "CapAmb:\t%016lx\nNoNewPrivs:\t%d\n", i->caps[4], i->no_new_privs);
}

static int show_status(const struct proc_at *at, struct strbuf *dst)
{
    AUTO(process_putp) struct process *p = NULL;
    AUTO(fsctx_putp) struct fsctx *fs = NULL;
    struct process_info i;
    int err = pid_info(at, &i);

    if (!err)
        err = proc_process(at, &p);
    if (err)
        return err;
    fs = process_fs(p);
    strbuf_printf(dst, "Name:\t%s\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\n", i.comm,
                  fs ? fs->umask : 0, state_name(i.state), at->pid);
    strbuf_printf(dst, "Ngid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", i.pid, i.ppid);
    strbuf_printf(dst, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", i.uid, i.euid, i.suid,
                  i.fsuid, i.gid, i.egid, i.sgid, i.fsgid);
    strbuf_printf(dst, "FDSize:\t64\nGroups:\t\n");
    if (i.state != 'Z')
        show_status_memory(at, dst);
    show_status_signals(&i, dst);
    strbuf_printf(dst, "Seccomp:\t0\nvoluntary_ctxt_switches:\t%lu\n", i.switches);
    strbuf_printf(dst, "nonvoluntary_ctxt_switches:\t0\n");
    return 0;
}

static int show_limits(const struct proc_at *at, struct strbuf *dst)
{
    static const struct {
        const char *name, *unit;
    } rows[RLIM_NLIMITS] = {
        [RLIMIT_CPU] = { "Max cpu time", "seconds" },
        [RLIMIT_FSIZE] = { "Max file size", "bytes" },
        [RLIMIT_DATA] = { "Max data size", "bytes" },
        [RLIMIT_STACK] = { "Max stack size", "bytes" },
        [RLIMIT_CORE] = { "Max core file size", "bytes" },
        [RLIMIT_RSS] = { "Max resident set", "bytes" },
        [RLIMIT_NPROC] = { "Max processes", "processes" },
        [RLIMIT_NOFILE] = { "Max open files", "files" },
        [RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
        [RLIMIT_AS] = { "Max address space", "bytes" },
        [RLIMIT_LOCKS] = { "Max file locks", "locks" },
        [RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
        [RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
        [RLIMIT_NICE] = { "Max nice priority", "" },
        [RLIMIT_RTPRIO] = { "Max realtime priority", "" },
        [RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
    };
    AUTO(process_putp) struct process *p = NULL;
    int err = proc_process(at, &p);

    if (err)
        return err;
    strbuf_printf(dst, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (u32 r = 0; r < RLIM_NLIMITS; r++) {
        u64 value[2];
        struct rlimit64 limit;

        process_limit_get(p, r, &limit);
        value[0] = limit.rlim_cur;
        value[1] = limit.rlim_max;
        strbuf_printf(dst, "%-25s ", rows[r].name);
        for (u32 k = 0; k < 2; k++) {
            if (value[k] == RLIM64_INFINITY)
                strbuf_printf(dst, "%-20s ", "unlimited");
            else
                strbuf_printf(dst, "%-20lu ", value[k]);
        }
        strbuf_printf(dst, "%-10s\n", rows[r].unit);
    }
    return 0;
}

static int show_comm(const struct proc_at *at, struct strbuf *dst)
{
    struct process_info i;
    int err = pid_info(at, &i);

    if (!err)
        strbuf_printf(dst, "%s\n", i.comm);
    return err;
}

static int store_comm(const struct proc_at *at, const char *text, size_t len)
{
    AUTO(process_putp) struct process *p = NULL;
    char comm[16] = "";
    int err = proc_process(at, &p);

    if (err)
        return err;
    while (len && text[len - 1] == '\n')
        len--;
    memcpy(comm, text, min_size(len, sizeof(comm) - 1));
    return thread_set_comm(p, at->tid ? at->tid : at->pid, comm);
}

static int show_oom_score(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "0\n");
    return 0;
}

static int show_oom_score_adj(const struct proc_at *at, struct strbuf *dst)
{
    struct process_info i;
    int err = pid_info(at, &i);

    if (!err)
        strbuf_printf(dst, "%d\n", i.oom_score_adj);
    return err;
}

static int store_oom_score_adj(const struct proc_at *at, const char *text, size_t len)
{
    enum { ADJ_MAX = 1000 };
    AUTO(process_putp) struct process *p = NULL;
    bool negative = len && text[0] == '-';
    u64 n;
    int err = proc_parse(text + negative, len - negative, &n);

    if (!err && n > ADJ_MAX)
        err = -EINVAL;
    if (!err)
        err = proc_process(at, &p);
    if (!err)
        process_set_oom_score_adj(p, negative ? -(s32)n : (s32)n);
    return err;
}

static int show_io(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n"
                     "cancelled_write_bytes: 0\n");
    return 0;
}

static int show_cgroup(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "0::/\n");
    return 0;
}

/* ---- places ---- */

enum place_what { PLACE_ROOT, PLACE_CWD };

static int pid_place(const struct proc_at *at, enum place_what what, struct place *ret)
{
    AUTO(process_putp) struct process *p = NULL;
    AUTO(fsctx_putp) struct fsctx *fs = NULL;
    int err = proc_process(at, &p);

    if (err)
        return err;
    if (process_may_inspect(p))
        return -EACCES;
    fs = process_fs(p);
    if (!fs)
        return -ENOENT;
    if (what == PLACE_ROOT)
        fsctx_root(fs, ret);
    else
        fsctx_cwd(fs, ret);
    return 0;
}

static int place_link(const struct proc_at *at, enum place_what what, struct strbuf *dst)
{
    struct place place;
    int err = pid_place(at, what, &place);

    if (err)
        return err;
    err = place_path(&place, dst);
    place_put(&place);
    return err;
}

static int link_cwd(const struct proc_at *at, struct strbuf *dst)
{
    return place_link(at, PLACE_CWD, dst);
}

static int link_root(const struct proc_at *at, struct strbuf *dst)
{
    return place_link(at, PLACE_ROOT, dst);
}

static int jump_cwd(const struct proc_at *at, struct jump *ret)
{
    return pid_place(at, PLACE_CWD, &ret->place);
}

static int jump_root(const struct proc_at *at, struct jump *ret)
{
    return pid_place(at, PLACE_ROOT, &ret->place);
}

static int pid_exe(const struct proc_at *at, struct file **ret)
{
    AUTO(mm_putp) struct mm *mm = NULL;
    int err = pid_mm(at, &mm);

    if (err)
        return err;
    *ret = mm ? mm_exe(mm) : NULL;
    return *ret ? 0 : -ENOENT;
}

static int link_exe(const struct proc_at *at, struct strbuf *dst)
{
    AUTO(file_putp) struct file *f = NULL;
    int err = pid_exe(at, &f);

    if (!err)
        file_describe(f, dst);
    return err;
}

static int jump_exe(const struct proc_at *at, struct jump *ret)
{
    return pid_exe(at, &ret->file);
}

static int show_mounts_how(const struct proc_at *at, struct strbuf *dst,
                           int (*show)(const struct place *root, struct strbuf *dst))
{
    struct place root;
    int err = pid_place(at, PLACE_ROOT, &root);

    if (err)
        return err;
    err = show(&root, dst);
    place_put(&root);
    return err;
}

static int show_mounts(const struct proc_at *at, struct strbuf *dst)
{
    return show_mounts_how(at, dst, mount_show_mounts);
}

static int show_mountinfo(const struct proc_at *at, struct strbuf *dst)
{
    return show_mounts_how(at, dst, mount_show_mountinfo);
}

/* ---- the tables ---- */

#define PID_COMMON                                                                                 \
    { .name = "auxv", .mode = S_IFREG | 0400, .show = show_auxv },                                 \
        PROC_TEXT("cgroup", show_cgroup), PROC_TEXT("cmdline", show_cmdline),                      \
        { .name = "comm", .mode = S_IFREG | 0644, .show = show_comm, .store = store_comm },        \
        { .name = "cwd", .mode = S_IFLNK | 0777, .link = link_cwd, .jump = jump_cwd },             \
        PROC_OWNER_TEXT("environ", show_environ),                                                  \
        { .name = "exe", .mode = S_IFLNK | 0777, .link = link_exe, .jump = jump_exe },             \
        PROC_OWNER_TEXT("io", show_io), PROC_TEXT("limits", show_limits),                          \
        PROC_TEXT("maps", show_maps), PROC_TEXT("mountinfo", show_mountinfo),                      \
        PROC_TEXT("mounts", show_mounts), PROC_DIR("net", 0555, proc_net),                         \
        PROC_TEXT("oom_score", show_oom_score),                                                    \
        { .name = "oom_score_adj",                                                                 \
          .mode = S_IFREG | 0644,                                                                  \
          .show = show_oom_score_adj,                                                              \
          .store = store_oom_score_adj },                                                          \
        { .name = "root", .mode = S_IFLNK | 0777, .link = link_root, .jump = jump_root },          \
        PROC_TEXT("smaps", show_smaps), PROC_TEXT("stat", show_stat),                              \
        PROC_TEXT("statm", show_statm), PROC_TEXT("status", show_status)

/* /proc/[pid]/fd and its like are nodes with functions of their own, so they are copied in by
 * value: fd.c names their parts. */
#include "kernel/fs/proc/fd.h"

static const struct proc_node task_entries[] = {
    PID_COMMON, PROC_FD_NODE, PROC_FDINFO_NODE, { 0 }
};

static int task_find(const struct proc_at *at, u64 number, struct proc_at *ret)
{
    AUTO(process_putp) struct process *p = NULL;
    int err = proc_process(at, &p);

    if (err || thread_next(p, (pid_t)number) != (pid_t)number)
        return -ENOENT;
    *ret = (struct proc_at){ .node = &proc_task_dir, .pid = at->pid, .tid = (s32)number, .fd = -1 };
    return 0;
}

static int task_next(const struct proc_at *at, u64 *number, struct proc_at *ret)
{
    AUTO(process_putp) struct process *p = NULL;
    pid_t tid;

    if (*number > INT32_MAX || proc_process(at, &p))
        return -ENOENT;
    tid = thread_next(p, (pid_t)*number);
    if (tid < 0)
        return -ENOENT;
    *number = (u64)tid;
    *ret = (struct proc_at){ .node = &proc_task_dir, .pid = at->pid, .tid = tid, .fd = -1 };
    return 0;
}

static const struct proc_node pid_entries[] = {
    PID_COMMON,
    PROC_FD_NODE,
    PROC_FDINFO_NODE,
    { .name = "task", .mode = S_IFDIR | 0555, .find = task_find, .next = task_next },
    { 0 },
};

const struct proc_node proc_pid_dir = PROC_DIR("pid", 0555, pid_entries);
const struct proc_node proc_task_dir = PROC_DIR("tid", 0555, task_entries);
