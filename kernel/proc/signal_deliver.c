/* SPDX-License-Identifier: MIT */
/*
 * The way back to user mode: ending, stopping, delivering signals, restarting calls.
 *
 * proc_exit_work() looks at the work word until nothing is left.  A signal is taken from a queue
 * together with its action; then it ends the process, stops it, does nothing, or gets a frame, so
 * that user mode continues in its handler.
 *
 * A system call that was cut short has left -ERESTART* in ax.  The first handler that is entered
 * decides whether the frame it interrupts shows -EINTR or a call to be made again; if no handler is,
 * it is made again.  Made again means: ip back at the instruction, ax the number.
 */
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/frame.h"
#include "kernel/core/user.h"
#include "kernel/proc/proc_int.h"

enum { SYSCALL_LENGTH = 2, NR_RESTART_SYSCALL = 219 };

/* ---- restarting ---- */

static bool was_cut_short(const struct pt_regs *regs)
{
    return (s64)regs->orig_ax >= 0 && signal_is_restart((long)regs->ax);
}

static void restart(struct pt_regs *regs)
{
    bool later = (long)regs->ax == -ERESTART_RESTARTBLOCK;

    regs->ax = later ? NR_RESTART_SYSCALL : regs->orig_ax;
    regs->ip -= SYSCALL_LENGTH;
    regs->orig_ax = ~0ull;
}

/* A handler is about to interrupt the call. */
static void restart_or_eintr(struct pt_regs *regs, const struct sig_action *action)
{
    long result = (long)regs->ax;

    if (result == -ERESTARTNOINTR || (result == -ERESTARTSYS && (action->flags & SA_RESTART))) {
        restart(regs);
    } else {
        regs->ax = (u64)-EINTR;
        regs->orig_ax = ~0ull;
    }
}

static long restart_is_over(struct thread *self, struct restart_block *rb)
{
    (void)self;
    (void)rb;
    return -EINTR;
}

struct restart_block *restart_block(struct thread *self)
{
    return &self->priv->restart;
}

/* ---- taking ---- */

static struct sig_action action_taken_locked(struct process *p, int signo)
{
    struct sighand *h = p->sig.hand;

    WITH_SPINLOCK(&h->lock);
    struct sig_action *action = &h->action[signo - 1];
    struct sig_action taken = *action;

    if (taken.handler != (u64)SIG_DFL && taken.handler != (u64)SIG_IGN &&
        (taken.flags & SA_RESETHAND))
        action->handler = (u64)SIG_DFL;
    return taken;
}

/* The next signal that is due, and what to do about it; 0: none. */
static int take_signal(struct thread *self, siginfo_t *info, struct sig_action *ret)
{
    struct process *p = self->proc;
    struct list freed = LIST_INIT(freed);
    u64 blocked = self->priv->blocked;
    int signo;

    spin_lock(&p->sig.lock);
    signo = sig_queue_take(&self->priv->queue, blocked, info, &freed);
    if (!signo)
        signo = sig_queue_take(&p->sig.queue, blocked, info, &freed);
    if (signo) {
        *ret = action_taken_locked(p, signo);
        if (sig_is_stop(signo) && ret->handler == (u64)SIG_DFL)
            p->sig.stop_dequeued = true;
    }
    signal_recalc_locked(self);
    spin_unlock(&p->sig.lock);
    sig_item_taken(&freed, info);
    return signo;
}

int signal_dequeue(u64 set, siginfo_t *ret)
{
    struct thread *self = thread_self();
    struct process *p = self->proc;
    struct list freed = LIST_INIT(freed);
    siginfo_t info;
    int signo;

    set &= ~SIG_UNBLOCKABLE;
    spin_lock(&p->sig.lock);
    signo = sig_queue_take(&self->priv->queue, ~set, &info, &freed);
    if (!signo)
        signo = sig_queue_take(&p->sig.queue, ~set, &info, &freed);
    signal_recalc_locked(self);
    spin_unlock(&p->sig.lock);
    if (!signo)
        return -EAGAIN;
    sig_item_taken(&freed, &info);
    *ret = info;
    return signo;
}

u64 signal_pending_set(void)
{
    struct thread *self = thread_self();

    WITH_SPINLOCK(&self->proc->sig.lock);
    return self->priv->queue.bits | self->proc->sig.queue.bits;
}

struct waitq *signal_waitq(void)
{
    return &thread_self()->proc->sig.wait;
}

bool signal_is_due(struct thread *self)
{
    WITH_SPINLOCK(&self->proc->sig.lock);
    signal_recalc_locked(self);
    return thread_has_work(self, WORK_SIGNAL);
}

bool signal_is_pending(void)
{
    struct thread *self = thread_self();

    if (thread_has_work(self, WORK_EXIT | WORK_STOP))
        return true;
    return thread_has_work(self, WORK_SIGNAL) && signal_is_due(self);
}

/* ---- masks for the time of one call ---- */

static void mask_swap(struct thread *self, u64 mask)
{
    self->priv->saved_mask = self->priv->blocked;
    signal_set_blocked(self, mask);
    thread_add_work(self, WORK_RESTORE_MASK);
}

static void mask_restore(struct thread *self)
{
    if (!thread_has_work(self, WORK_RESTORE_MASK))
        return;
    thread_clear_work(self, WORK_RESTORE_MASK);
    signal_set_blocked(self, self->priv->saved_mask);
}

int signal_mask_enter(uptr set, u64 size)
{
    u64 mask;

    if (!set.addr)
        return 0;
    if (size != sizeof(mask))
        return -EINVAL;
    int err = copy_in_struct(&mask, set);
    if (!err)
        mask_swap(thread_self(), mask);
    return err;
}

long signal_mask_leave(long result)
{
    if (result != -EINTR && !signal_is_restart(result))
        mask_restore(thread_self());
    return result;
}

/* ---- delivering ---- */

/* The frame cannot be written: SIGSEGV instead, and if that is what could not be delivered, the
 * end. */
static void frame_failed(struct thread *self, int signo)
{
    siginfo_t info;

    if (signo == SIGSEGV) {
        process_kill(self->proc, SIGSEGV);
        return;
    }
    siginfo_kernel(&info, SIGSEGV);
    signal_force_self(&info);
}

static void enter_handler(struct thread *self, struct pt_regs *regs,
                          const struct sig_action *action, const siginfo_t *info)
{
    struct proc_thread *priv = self->priv;
    int signo = info->si_signo;
    bool restore = thread_has_work(self, WORK_RESTORE_MASK);
    u64 mask = restore ? priv->saved_mask : priv->blocked;

    if (was_cut_short(regs))
        restart_or_eintr(regs, action);
    if (signal_frame_push(regs, action, info, mask)) {
        frame_failed(self, signo);
        return;
    }
    priv->restart.fn = restart_is_over;
    thread_clear_work(self, WORK_RESTORE_MASK);  /* the frame has it now                    */
    signal_set_blocked(self, priv->blocked | action->mask |
                                 (action->flags & SA_NODEFER ? 0 : sig_bit(signo)));
}

static void deliver(struct thread *self, struct pt_regs *regs)
{
    struct sig_action action;
    siginfo_t info;
    int signo = take_signal(self, &info, &action);

    if (!signo || action.handler == (u64)SIG_IGN)
        return;
    if (action.handler == (u64)SIG_DFL && sig_ignored_by_default(signo))
        return;
    if (proc_ops.trace_signal)
        proc_ops.trace_signal(self, &info);
    if (action.handler != (u64)SIG_DFL)
        enter_handler(self, regs, &action, &info);
    else if (sig_is_stop(signo))
        signal_stop_begin(self, signo);
    else
        process_kill(self->proc, signo);
}

void proc_exit_work(struct pt_regs *regs)
{
    struct thread *self = thread_self();

    for (;;) {
        if (thread_has_work(self, WORK_EXIT))
            thread_end(self);
        if (thread_has_work(self, WORK_STOP))
            signal_stop_here(self);
        else if (thread_has_work(self, WORK_SIGNAL))
            deliver(self, regs);
        else if (thread_has_work(self, WORK_RESTORE_MASK))
            mask_restore(self);
        else
            break;
    }
    if (was_cut_short(regs))
        restart(regs);
}
