/* SPDX-License-Identifier: MIT */
/*
 * What the files of kernel/proc/ share: the structs behind process.h and signal.h, and the locks.
 *
 *     session 1--n pgrp 1--n process 1--n thread
 *                              | parent, children
 *
 * A process lives from clone to the moment it is reaped: while it has threads, then as a zombie.
 * Its threads count it, so does the pid table until it is reaped; whoever looks one up takes a
 * reference.  The parent of the first process is kernel_process, which is in no table.
 *
 * A struct slot is the storage of one thread slot: the thread as everybody sees it, and our part.
 * Slots are reused but never freed; of a slot without a thread only parker, kick_next, parked and
 * the constants may be touched.
 *
 * Locks, outermost first:
 *
 *     process.timer_lock mutex   POSIX timers and itimers of one process
 *     proc_lock          mutex   relations: pid table, parents, threads, groups, sessions, states
 *     process.sig.lock   spin    signal state of a process and its threads; at most one at a time
 *     sighand.lock       spin    what signals do
 *     leaves             spin    slots, users, timer queue, futex buckets, limits
 *
 * The list of threads of a process changes under proc_lock and sig.lock together, so either is
 * enough to walk it.  Nothing wakes or interrupts a thread under a spinlock: struct kicks collects.
 */
#pragma once
#include "abi/linux/resource.h"
#include "abi/linux/signal.h"
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/core/thread.h"
#include "kernel/lib/list.h"
#include "kernel/proc/limit.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal_call.h"
#include "kernel/proc/timer.h"
#include "kernel/proc/usage.h"

extern struct mutex proc_lock;
extern struct process kernel_process;            /* pid 100, slot 0's, parent of the first  */
extern struct process *first_process;            /* guarded by proc_lock                    */

struct tty;
struct user;

/* ---- signals ---- */

/* A queued signal.  Owned by the queue it is in; one that belongs to a timer is the timer's. */
struct sig_item {
    struct list link;
    siginfo_t info;
    struct user *user;                           /* counts; pays for it (RLIMIT_SIGPENDING) */
    struct posix_timer *timer;                   /* counts while queued; whose item it is   */
};

/* Signals that have been sent and not taken.  A bit may be set without an item: there was no
 * memory for one. */
struct sig_queue {
    struct list items;                           /* by arrival                              */
    u64 bits;
};

/* What signals do: shared with CLONE_SIGHAND. */
struct sighand {
    refcount refs;
    struct spinlock lock;
    struct sig_action action[SIG_COUNT];         /* guarded by lock; [signo - 1]            */
};

struct proc_signals {
    struct spinlock lock;
    struct sighand *hand;                        /* counts; changes in exec only            */
    struct sig_queue queue;                      /* directed at the process                 */
    struct waitq wait;                           /* woken by every signal that is queued    */

    /* The end of the process, or of all threads but one. */
    bool group_exit;                             /* all threads end, with exit_status       */
    struct thread *exec_thread;                  /* all threads but this one end            */

    /* Job control.  stop_signo != 0: the threads are stopping, stop_left have yet to. */
    u32 stop_signo;
    u32 stop_left;
    bool stopped;                                /* all have                                */
    bool stop_dequeued;                          /* a stop was taken, no SIGCONT since      */
    bool report_stop, report_continue;           /* wait(2) has not yet told                */
    struct waitq stop_wait;                      /* where stopped threads sleep             */
};

/* ---- threads ---- */

/* A parent waits here until its vfork child has given the address space back. */
struct vfork {
    refcount refs;
    bool done;                                   /* [atomic] set once                       */
    struct waitq wait;
};

struct proc_thread {
    struct list link;                            /* in process.threads                      */

    /* Signals: guarded by proc->sig.lock; own mask and stack may be read without. */
    u64 blocked;
    u64 saved_mask;                              /* WORK_RESTORE_MASK: put this back        */
    struct sig_queue queue;                      /* directed at the thread                  */
    u64 altstack_sp, altstack_size;              /* [self]                                  */
    u32 altstack_flags;                          /* [self] SS_AUTODISARM, SS_DISABLE        */
    u32 fault_vector, fault_error;               /* [self] last exception, for sigcontext   */
    u64 fault_addr;
    struct restart_block restart;                /* [self]                                  */

    /* Sleeping. */
    u32 parked;                                  /* [atomic] pairs with kick_add()          */
    struct thread *kick_next;                    /* [atomic] NULL: on no list of kicks      */

    /* Starting. */
    struct pt_regs start;                        /* [const] what user mode begins with      */
    u64 start_fs;
    uptr set_child_tid;                          /* store the tid here first                */
    void (*begin)(void *arg);                    /* NULL, or run this in the kernel first   */
    void *begin_arg;
    void *fpu;                                   /* [const] of the slot: an XSAVE image     */
    bool pinned; /* [of the slot] its host thread may not run
                                                    on all processors                       */

    /* Ending. */
    bool exiting;                                /* [self] exit(2) was called               */
    bool gone;                                   /* guarded by sig.lock: takes no signals   */
    int exit_status;                             /* as wait(2) encodes it                   */
    uptr clear_child_tid;                        /* [self]                                  */
    uptr robust_list;                            /* [self] but get_robust_list(2)           */
    struct vfork *vfork;                         /* counts; [self]                          */
    u32 pdeath_signal;                           /* [atomic]                                */

    /* Accounting. */
    struct user *user;                           /* counts; RLIMIT_NPROC                    */
    u64 start_ns;                                /* [const]                                 */
    u64 cpu_base_ns;                             /* [const] host thread's clock at start    */
    u64 cpu_ns;                                  /* [atomic] last look at it                */
    u64 parks;                                   /* [self] voluntary context switches       */

    struct thread_sched sched;                   /* guarded by proc_lock                    */
    u64 affinity[AFFINITY_WORDS];                /* guarded by proc_lock                    */
    bool no_new_privs;                           /* [self]                                  */
    bool tsc_disabled;
};

struct slot {
    struct thread thread;
    struct proc_thread priv;
};

/* ---- processes ---- */

enum process_state { PROCESS_RUNNING, PROCESS_ZOMBIE, PROCESS_DEAD };

struct itimer_cpu {
    u64 expires_ns;                              /* CPU time; 0: off                        */
    u64 interval_ns;
};

struct process {
    refcount refs;
    pid_t pid;                                   /* [const]                                 */
    u64 start_ns;                                /* [const] CLOCK_MONOTONIC                 */

    /* Relations: guarded by proc_lock. */
    struct process *parent;                      /* not owned: outlives its children        */
    pid_t parent_tid;                            /* the thread of it that made us           */
    pid_t ppid;                                  /* [atomic] the parent's                   */
    struct list children, sibling;
    struct list threads;                         /* and sig.lock: see above                 */
    u32 thread_count;
    u32 ending_count;                            /* of these: those in thread_end()         */
    struct thread *leader;                       /* not owned; NULL once it has ended       */
    struct pgrp *pgrp;                           /* not owned: it lives while we are in it  */
    struct list pgrp_link;
    enum process_state state;
    int exit_signal;                             /* what the parent gets; 0: nothing        */
    int leader_status;                           /* the leader's, if it ended alone         */
    int exit_status;                             /* of the whole, as wait(2) encodes it     */
    bool has_execed;
    bool adopted;                                /* by the first process or a subreaper     */
    bool subreaper;

    struct waitq child_wait;                     /* a child's state changed                 */
    struct waitq thread_wait;                    /* a thread ended                          */
    struct waitq end_wait;                       /* the last one did: pidfds                */
    struct proc_signals sig;

    struct usage dead_threads;                   /* guarded by proc_lock                    */
    struct usage dead_children;                  /* waited for, and theirs                  */

    struct spinlock limit_lock;
    struct rlimit64 limits[RLIM_NLIMITS];        /* guarded by limit_lock; cur is atomic    */

    struct mutex timer_lock;
    struct list posix_timers;                    /* struct posix_timer                      */
    s32 next_timer_id;
    struct ktimer real_timer;                    /* ITIMER_REAL, alarm(2)                   */
    u64 real_due_ns, real_interval_ns;           /* 0: off                                  */
    struct itimer_cpu itimer_cpu[2];             /* ITIMER_VIRTUAL, ITIMER_PROF             */
    struct ktimer cpu_timer;                     /* when to look at the CPU clock next      */
    u64 cpu_limit_next_ns;                       /* CPU time of the next SIGXCPU            */

    u32 uid;                                     /* [atomic] real, of the leader            */
    char last_comm[16];                          /* of the leader, when it ended            */
    u32 dumpable;                                /* [atomic] PR_SET_DUMPABLE                */
    u32 personality;                             /* [atomic]                                */
    s32 oom_score_adj;                           /* [atomic]                                */
    u32 membarrier_registered;                   /* [atomic] MEMBARRIER_CMD_REGISTER_ bits  */
    struct sysv_undo *sem_undo;                  /* sysv_sem.c's, under its lock            */
};

static inline struct slot *slot_of_thread(struct thread *t)
{
    return container_of(t, struct slot, thread);
}

static inline struct thread *thread_of_link(struct list *link)
{
    return &container_of(link, struct slot, priv.link)->thread;
}

static inline struct list *thread_link(struct thread *t)
{
    return &container_of(t, struct slot, thread)->priv.link;
}

#define for_each_thread(t, p)                                                                      \
    for (struct thread *t = thread_of_link((p)->threads.next); thread_link(t) != &(p)->threads;    \
         t = thread_of_link(thread_link(t)->next))

/* The frame no longer is what the system call left: restore every register.  Calling thread. */
static inline void frame_was_replaced(struct thread *self)
{
    self->block->full_exit = 1;
}

/* ---- slot.c ---- */

/* An unused slot with its storage, most recently used first; NULL: no slot or no memory. */
struct slot *slot_alloc(void);
void slot_free(struct slot *s);
u32 slot_count(void);
/* Let the thread of a slot begin: thread_main() on a host thread of its own. */
int slot_start(struct slot *s) MUST_CHECK;

/* ---- kick.c: making threads look at their work ---- */

struct kicks {
    struct wakes wakes;                          /* those asleep in the kernel              */
    struct thread *running;                      /* those that may be in user mode          */
};
#define KICKS_INIT                                                                                 \
    {                                                                                              \
        WAKES_INIT, &kicks_end                                                                     \
    }
extern struct thread kicks_end;

/* t has new bits in its work word: make it look.  Under a spinlock or not. */
void kick_add(struct kicks *k, struct thread *t);
/* Under no spinlock. */
void kicks_run(struct kicks *k);

/* Sleep on q until it is woken after the ticket was drawn; ended only by that and by the thread's
 * own end: 0 or -EINTR. */
int waitq_sleep_killable(struct waitq *q, u64 ticket) MUST_CHECK;

/* ---- process.c ---- */

struct process *process_new(pid_t pid);          /* one reference; NULL: no memory          */
void process_check_locked(struct process *p);    /* asserts the invariants of the relations */

/* ---- signal_queue.c ---- */

void sig_queue_init(struct sig_queue *q);
/* Take the next signal of q that is not in blocked: its number, 0 if there is none.  What was
 * taken is added to freed, to be given to sig_items_free() without locks. */
int sig_queue_take(struct sig_queue *q, u64 blocked, siginfo_t *ret, struct list *freed);
void sig_queue_flush(struct sig_queue *q, u64 signals, struct list *freed);
void sig_items_free(struct list *items);
/* The same for the one item that was taken: a timer's overrun is added to its siginfo. */
void sig_item_taken(struct list *freed, siginfo_t *info);

struct sighand *sighand_new(void);
int sighand_copy(struct sighand *from, struct sighand **ret) MUST_CHECK;
void sighand_put(struct sighand *h);
/* SIG_DFL for what is caught; with all, for what is ignored too. */
enum sighand_reset { RESET_CAUGHT, RESET_ALL };
void sighand_reset(struct sighand *h, enum sighand_reset what);
struct sig_action sighand_get(struct sighand *h, int signo);
/* What signo does in p. */
struct sig_action signal_action(struct process *p, int signo);

/* ---- signal_send.c ---- */

/* Queue a signal for p, or for its thread t if that is not NULL.  As signal_send_process(), with
 * proc_lock held; whom it concerns is added to k. */
int signal_send_locked(struct process *p, struct thread *t, const siginfo_t *info, struct kicks *k);
/* The same for a timer's item, which is the queue's until posix_timer_unqueued().  False: it is not
 * queued, nobody is interested. */
bool signal_send_item_locked(struct process *p, struct thread *t, struct sig_item *item,
                             struct kicks *k);
int signal_may_send_locked(struct process *p, int signo) MUST_CHECK;
/* Recompute WORK_SIGNAL of t after its mask or a queue changed.  sig.lock. */
void signal_recalc_locked(struct thread *t);
/* All threads end; the first caller's status counts.  sig.lock. */
void process_kill_locked(struct process *p, int status, struct kicks *k);
void process_kill(struct process *p, int status);
/* Signals queued for the thread or its process that the mask lets through. */
bool signal_is_due(struct thread *self);
/* The thread takes no more signals; what it should have taken goes to its siblings. */
void signal_thread_gone(struct thread *self);
bool sig_is_stop(int signo);
bool sig_ignored_by_default(int signo);

/* ---- signal_stop.c ---- */

/* A stop signal was taken and has its default action. */
void signal_stop_begin(struct thread *self, int signo);
/* WORK_STOP: sleep until continued or killed. */
void signal_stop_here(struct thread *self);
/* SIGCONT was sent: undo stops.  Returns the CLD_ code to tell the parent, or 0.  sig.lock. */
int signal_continue_locked(struct process *p, struct kicks *k);
/* SIGCHLD to the parent about a stop or a continuation, and a wake of its waiters.  proc_lock. */
void signal_notify_stop_locked(struct process *p, int code, struct kicks *k);
/* Threads that join or leave while the process is stopping.  leave: true if it was the last that
 * had yet to stop.  sig.lock. */
void signal_stop_join_locked(struct process *p, struct thread *t);
bool signal_stop_leave_locked(struct process *p, struct thread *t);

/* ---- signal_frame.c ---- */

/* Make regs enter the handler.  -EFAULT: the stack cannot be written. */
int signal_frame_push(struct pt_regs *regs, const struct sig_action *action, const siginfo_t *info,
                      u64 mask) MUST_CHECK;
/* rt_sigreturn: 0 and the mask to install, or -EFAULT: nothing to go back to. */
int signal_frame_pop(struct pt_regs *regs, u64 *ret_mask) MUST_CHECK;

/* ---- exit.c ---- */

/* What a parent is told about its child: signo is SIGCHLD or the child's exit signal. */
void siginfo_child_locked(siginfo_t *ret, struct process *child, int signo, int code, int status);

NORETURN void thread_end(struct thread *self);
/* A zombie's last trace.  Consumes the table's reference. */
void process_reap_locked(struct process *p);
/* The parent does not care how it ends. */
bool process_is_disowned_locked(struct process *p);
void vfork_release(struct thread *self);
void vfork_put(struct vfork *v);

/* ---- job.c ---- */

int job_init_first(struct process *p) MUST_CHECK;
void job_join_locked(struct process *child, struct process *parent);
void job_leave_locked(struct process *p);
void job_orphan_check_locked(struct process *p, struct process *parent,
                             const struct process *except, struct kicks *k);
bool job_is_orphaned_locked(struct pgrp *g, const struct process *except);
struct pgrp *job_find_locked(pid_t pgid);
struct list *job_members(struct pgrp *g);
pid_t job_pgid(const struct process *p);
pid_t job_sid(const struct process *p);
/* leader ends: its session has no leader any more.  Returns the terminal it had, for
 * job_tty_release() without locks; NULL: none. */
struct tty *job_session_end_locked(struct process *leader, struct kicks *k);
void job_tty_release(struct tty *tty);

/* ---- cputime.c ---- */

void cputime_start(struct thread *t);            /* before anybody can ask for it           */
void cputime_end(struct thread *t);
/* Of the process itself, threads that have ended included. */
void process_usage_locked(struct process *p, struct usage *ret);
void usage_add(struct usage *to, const struct usage *from);
/* The calling thread is about to give its memory back: remember the peak. */
void usage_note_memory(struct thread *self);

/* ---- itimer.c, posix_timer.c ---- */

void timers_init(struct process *p);
void timers_exec(struct process *p);             /* POSIX timers end, itimers stay          */
void timers_exit(struct process *p);
/* The timer's signal was taken (info: add the overrun) or dropped (NULL): it may go on.  Drops the
 * reference of the queue. */
void posix_timer_unqueued(struct posix_timer *timer, siginfo_t *info);

/* ---- user.c ---- */

/* The caller acts with c from now on (consumed), and counts for its real user.  May sleep. */
void cred_install(struct thread *self, struct cred *c);

/* The account of a user id: counts what limits are per user for.  NULL: no memory. */
struct user *user_find(u32 uid);
struct user *user_get(struct user *u);
void user_put(struct user *u);
u32 user_threads_add(struct user *u, s32 n);     /* the new number                          */
u32 user_sigpending_add(struct user *u, s32 n);
u64 user_msgqueue_add(struct user *u, s64 n);
