/* SPDX-License-Identifier: MIT */
/*
 * Processes and threads, for the rest of the kernel.
 *
 * A process is what fork makes and wait reaps; its threads are what runs.  struct process is
 * opaque outside proc/; struct thread (core/thread.h) is open.  process_info_get() and
 * thread_info_get() are snapshots for those who show processes.
 */
#pragma once
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"
#include "kernel/proc/limit.h"

struct boot_params;
struct cred;
struct fdtable;
struct fsctx;
struct mm;
struct process;

/* ---- start-up ---- */

/* Thread slots, the id table, and what lower layers need from proc/: park_ops, file_signal_ops,
 * fd_limit_ops.  Makes slot 0's struct thread (process 100, all rights, no files). */
int proc_init(const struct boot_params *bp) MUST_CHECK;

/* Make the first process: pid and tid 101, parent 100.  Its thread runs begin(arg) in the kernel,
 * which loads a program with process_exec_begin() and process_exec_done(); if there is a frame to
 * go to when begin() returns it enters user mode by it, else (or when begin() calls process_kill)
 * the process ends.  Takes references to fs and fds. */
int process_first(struct fsctx *fs, struct fdtable *fds, void (*begin)(void *arg), void *arg)
    MUST_CHECK;

/* The entry point of every thread but slot 0's: the target calls it on the slot's kernel stack,
 * below the place of the register frame, with GS at the thread block. */
void thread_main(u64 cookie);

/* The service thread, slot 0: serves timers and the host's signals.  Does not return. */
NORETURN void service_main(void);

/* What proc/ needs from above. */
struct proc_ops {
    /* The first process has ended, with this exit status (128 + n: signal n), and everyone else
     * is gone too. */
    NORETURN void (*shutdown)(int status);
    /* A signal is delivered (after its siginfo was made) or a thread ends; NULL: nobody looks. */
    void (*trace_signal)(struct thread *self, const void *siginfo);
    void (*trace_exit)(struct thread *self, int wait_status);
};
extern struct proc_ops proc_ops;

/* ---- processes ---- */

struct process *process_get(struct process *p);
void process_put(struct process *p);
void process_putp(struct process **p);

/* By its id or that of a thread of it; a zombie counts.  A new reference or NULL. */
struct process *process_find(pid_t pid);
/* The living process with the least pid >= pid; NULL at the end.  For /proc. */
struct process *process_next(pid_t pid);
pid_t process_pid(const struct process *p);
pid_t process_ppid(const struct process *p);
/* All its threads have ended. */
bool process_is_gone(struct process *p);

/* What a process's threads work with: that of its leader, or of any thread if that one has ended.
 * A new reference; NULL if the process is a zombie. */
struct mm *process_mm(struct process *p);
struct fdtable *process_fds(struct process *p);
struct fsctx *process_fs(struct process *p);
struct cred *process_cred(struct process *p);

/* May the caller look into p: its memory, its descriptors (ptrace(2)'s rule)?  0, -EPERM. */
int process_may_inspect(struct process *p) MUST_CHECK;

/* A soft limit (RLIMIT_*) of the caller's process; RLIM64_INFINITY is the greatest u64. */
u64 process_limit(u32 resource);
struct rlimit64;
/* Of any process, soft and hard. */
void process_limit_get(struct process *p, u32 resource, struct rlimit64 *ret);

/* The caller's process ends as if by this signal, which nothing can catch. */
void process_kill_self(int signo);
/* The caller made a system call nobody handles: as if by an uncatchable SIGSYS. */
void process_kill_unhandled(struct thread *self);

/* ---- exec ---- */

/*
 * The point of no return.  Afterwards the caller is the only thread of its process and has the
 * process's pid as its tid.  -EAGAIN, -EINTR: the process is ending; do not go on.
 */
int process_exec_begin(struct thread *self) MUST_CHECK;

/*
 * The caller runs another program from now on: takes over new_mm (consumes the reference; the old
 * one is dropped), which everything exec(2) lists follows from: caught signals reset, alternate
 * stack gone, descriptors closed, POSIX timers gone, vfork parent woken, robust list and
 * clear_child_tid forgotten, comm set, extended state and FS base as a new program has them.  cred
 * (consumed; NULL: unchanged) are the credentials of the program.  The caller writes self->frame.
 */
void process_exec_done(struct thread *self, struct mm *new_mm, struct cred *cred, const char *comm);

/* ---- threads ---- */

/* Run fn on the struct thread with this id, which cannot end meanwhile.  -ESRCH. */
int thread_with(pid_t tid, int (*fn)(struct thread *t, void *arg), void *arg) MUST_CHECK;

/* How many thread slots there are for programs, and how many processes and threads now. */
u32 thread_max(void);
u32 thread_count_now(void);
u32 process_count_now(void);
pid_t process_last_pid(void);

/* ---- what is shown ---- */

struct process_info {
    pid_t pid, tgid, ppid, pgid, sid;
    char comm[16];
    char state;                                  /* R S T Z X                               */
    u32 threads;
    u64 start_ns;                                /* since the run began                     */
    u64 cpu_ns, children_cpu_ns;
    u64 switches;
    u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
    s32 nice;
    u32 policy, rt_priority;
    u64 affinity[AFFINITY_WORDS];
    int exit_signal, exit_status;
    u64 sig_pending, sig_shared, sig_blocked, sig_ignored, sig_caught;
    u32 sig_queued;
    u64 caps[5];                                 /* inh, prm, eff, bnd, amb                 */
    bool no_new_privs;
    bool dumpable;
    s32 oom_score_adj;
};

void process_info_get(struct process *p, struct process_info *ret);

/* The same seen from one of its threads, for /proc/[pid]/task: pid is then the tid.  -ESRCH if p
 * has no such thread. */
int thread_info_get(struct process *p, pid_t tid, struct process_info *ret) MUST_CHECK;
/* The thread of p with the least tid >= tid; -1 at the end. */
pid_t thread_next(struct process *p, pid_t tid);
/* /proc/[pid]/comm, oom_score_adj. */
int thread_set_comm(struct process *p, pid_t tid, const char *comm);
void process_set_oom_score_adj(struct process *p, s32 adj);

/* CPU time of all processes, and time idle, for /proc/stat and uptime. */
u64 process_total_cpu_ns(void);
