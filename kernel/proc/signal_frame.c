/* SPDX-License-Identifier: MIT */
/*
 * The frame a signal handler runs on: Linux's struct rt_sigframe for x86-64.
 *
 *     high   interrupted stack, or the top of the alternate one
 *            red zone (128 bytes)
 *            extended state: XSAVE image, then FP_XSTATE_MAGIC2      64-byte aligned
 *            siginfo
 *            ucontext
 *     low    return address: the vDSO's rt_sigreturn                 16-byte aligned minus 8
 *
 * Everything in it may have been changed, or made up, when it comes back: registers are taken from
 * it where user code could have loaded them itself, and nothing else is.
 */
#include "abi/linux/errno.h"
#include "abi/linux/signal.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/altstack.h"
#include "kernel/proc/proc_int.h"

struct rt_sigframe {
    u64 return_address;
    struct ucontext uc;
    siginfo_t info;
};

_Static_assert(sizeof(struct ucontext) == 304, "as user programs know it");
_Static_assert(offsetof(struct rt_sigframe, info) == 312, "as unwinders know it");

enum {
    RED_ZONE = 128,
    USER_CS = 0x33,
    USER_SS = 0x2b,
    FXSAVE_SIZE = 512,
    XSAVE_HEADER_SIZE = 64,
    FX_SW_BYTES = 464,                           /* struct _fpx_sw_bytes in the FXSAVE image */
    XSTATE_FP_SSE = 3,
    /* Flags that rt_sigreturn takes from the frame. */
    FLAGS_RESTORED = RFLAGS_AC | RFLAGS_OF | RFLAGS_DF | RFLAGS_TF | RFLAGS_SF | RFLAGS_ZF |
                     RFLAGS_AF | RFLAGS_PF | RFLAGS_CF,
    FLAGS_ALWAYS = RFLAGS_IF | 2,
};

#define CANONICAL_LIMIT (1ull << 47)

static u32 fpu_frame_size(void)
{
    return fpu_size() + FP_XSTATE_MAGIC2_SIZE;
}

/* ---- going in ---- */

/* Does the handler begin a visit to the alternate stack? */
static bool enters_altstack(struct thread *self, const struct pt_regs *regs,
                            const struct sig_action *action)
{
    return (action->flags & SA_ONSTACK) && self->priv->altstack_size &&
           !altstack_is_active(self, regs->sp);
}

/* The user's extended state and what says how long it is. */
static int push_fpu(struct thread *self, u64 at)
{
    u8 *image = self->priv->fpu;
    u32 magic2 = FP_XSTATE_MAGIC2;
    struct _fpx_sw_bytes sw = {
        .magic1 = FP_XSTATE_MAGIC1,
        .extended_size = fpu_frame_size(),
        .xfeatures = fpu_features(),
        .xstate_size = fpu_size(),
    };

    fpu_save(image);
    memcpy(image + FX_SW_BYTES, &sw, sizeof(sw));
    if (copy_out(UPTR(at), image, fpu_size()))
        return -EFAULT;
    return copy_out(UPTR(at + fpu_size()), &magic2, sizeof(magic2));
}

static void fill_context(struct thread *self, struct sigcontext *sc, const struct pt_regs *regs)
{
    sc->r8 = regs->r8;
    sc->r9 = regs->r9;
    sc->r10 = regs->r10;
    sc->r11 = regs->r11;
    sc->r12 = regs->r12;
    sc->r13 = regs->r13;
    sc->r14 = regs->r14;
    sc->r15 = regs->r15;
    sc->rdi = regs->di;
    sc->rsi = regs->si;
    sc->rbp = regs->bp;
    sc->rbx = regs->bx;
    sc->rdx = regs->dx;
    sc->rax = regs->ax;
    sc->rcx = regs->cx;
    sc->rsp = regs->sp;
    sc->rip = mm_original_ip(self->mm, regs->ip);
    sc->eflags = regs->flags;
    sc->cs = USER_CS;
    sc->ss = USER_SS;
    sc->err = self->priv->fault_error;
    sc->trapno = self->priv->fault_vector;
    sc->cr2 = self->priv->fault_addr;
}

static void fill_frame(struct thread *self, struct rt_sigframe *frame, const struct pt_regs *regs,
                       const siginfo_t *info, u64 mask, u64 fpstate)
{
    memset(frame, 0, sizeof(*frame));
    frame->return_address = mm_vdso_sigreturn(self->mm);
    frame->uc.uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    frame->uc.uc_stack.ss_sp = (void *)self->priv->altstack_sp;
    frame->uc.uc_stack.ss_flags = (int)self->priv->altstack_flags;
    frame->uc.uc_stack.ss_size = self->priv->altstack_size;
    fill_context(self, &frame->uc.uc_mcontext, regs);
    frame->uc.uc_mcontext.oldmask = mask;
    frame->uc.uc_mcontext.fpstate = (void *)fpstate;
    frame->uc.uc_sigmask = mask;
    frame->info = *info;
}

int signal_frame_push(struct pt_regs *regs, const struct sig_action *action, const siginfo_t *info,
                      u64 mask)
{
    struct thread *self = thread_self();
    struct rt_sigframe frame;
    bool enters = enters_altstack(self, regs, action);
    bool on_altstack = enters || altstack_is_active(self, regs->sp);
    u64 top = enters ? self->priv->altstack_sp + self->priv->altstack_size : regs->sp - RED_ZONE;
    u64 fpstate = (top - fpu_frame_size()) & ~63ull;
    u64 at = ((fpstate - sizeof(frame)) & ~15ull) - 8;

    /* What does not fit on the alternate stack must not overwrite what is below it. */
    if (on_altstack && !altstack_contains(self, at))
        return -EFAULT;
    if (action->handler >= CANONICAL_LIMIT || push_fpu(self, fpstate))
        return -EFAULT;
    fill_frame(self, &frame, regs, info, mask, fpstate);
    if (copy_out_struct(UPTR(at), &frame))
        return -EFAULT;

    altstack_entered(self);
    regs->di = (u64)info->si_signo;
    regs->si = at + offsetof(struct rt_sigframe, info);
    regs->dx = at + offsetof(struct rt_sigframe, uc);
    regs->ax = 0;
    regs->orig_ax = ~0ull;
    regs->ip = action->handler;
    regs->sp = at;
    regs->flags = (regs->flags & ~(u64)(RFLAGS_DF | RFLAGS_TF)) | FLAGS_ALWAYS;
    frame_was_replaced(self);
    fpu_reset();
    return 0;
}

/* ---- coming back ---- */

/* How much of an XSAVE image there is at fpstate, by what the frame itself says: the whole, or
 * FXSAVE_SIZE for one that was made by hand. */
static u32 image_size(u64 fpstate, const u8 *fxsave)
{
    struct _fpx_sw_bytes sw;
    u32 magic2;

    memcpy(&sw, fxsave + FX_SW_BYTES, sizeof(sw));
    if (sw.magic1 != FP_XSTATE_MAGIC1 || sw.xstate_size < FXSAVE_SIZE + XSAVE_HEADER_SIZE ||
        sw.xstate_size > fpu_size() || sw.xstate_size > sw.extended_size)
        return FXSAVE_SIZE;
    if (copy_in_struct(&magic2, UPTR(fpstate + sw.xstate_size)) || magic2 != FP_XSTATE_MAGIC2)
        return FXSAVE_SIZE;
    return sw.xstate_size;
}

static int pop_fpu(struct thread *self, u64 fpstate)
{
    u8 *image = self->priv->fpu;
    u64 *features = (u64 *)(image + FXSAVE_SIZE);
    u64 named;

    if (!fpstate) {
        fpu_reset();
        return 0;
    }
    memset(image, 0, fpu_size());
    if (copy_in(image, UPTR(fpstate), FXSAVE_SIZE))
        return -EFAULT;
    u32 size = image_size(fpstate, image);
    if (size == FXSAVE_SIZE) {
        *features = XSTATE_FP_SSE;
    } else {
        memcpy(&named, image + FX_SW_BYTES + offsetof(struct _fpx_sw_bytes, xfeatures),
               sizeof(named));
        if (copy_in(image + FXSAVE_SIZE, UPTR(fpstate + FXSAVE_SIZE), size - FXSAVE_SIZE))
            return -EFAULT;
        *features &= named;
    }
    return fpu_restore(image) ? -EFAULT : 0;
}

static void restore_context(struct pt_regs *regs, const struct sigcontext *sc)
{
    regs->r8 = sc->r8;
    regs->r9 = sc->r9;
    regs->r10 = sc->r10;
    regs->r11 = sc->r11;
    regs->r12 = sc->r12;
    regs->r13 = sc->r13;
    regs->r14 = sc->r14;
    regs->r15 = sc->r15;
    regs->di = sc->rdi;
    regs->si = sc->rsi;
    regs->bp = sc->rbp;
    regs->bx = sc->rbx;
    regs->dx = sc->rdx;
    regs->ax = sc->rax;
    regs->cx = sc->rcx;
    regs->sp = sc->rsp;
    regs->ip = sc->rip;
    regs->flags =
        (regs->flags & ~(u64)FLAGS_RESTORED) | (sc->eflags & FLAGS_RESTORED) | FLAGS_ALWAYS;
    regs->orig_ax = ~0ull;
}

int signal_frame_pop(struct pt_regs *regs, u64 *ret_mask)
{
    struct thread *self = thread_self();
    struct ucontext uc;
    u64 at = regs->sp - sizeof(u64);             /* the return address has been popped      */

    if (copy_in_struct(&uc, UPTR(at + offsetof(struct rt_sigframe, uc))))
        return -EFAULT;
    /* Another code segment would be 32-bit code, which does not exist here. */
    if (uc.uc_mcontext.cs != USER_CS || uc.uc_mcontext.rip >= CANONICAL_LIMIT)
        return -EFAULT;
    if (pop_fpu(self, (u64)uc.uc_mcontext.fpstate))
        return -EFAULT;
    restore_context(regs, &uc.uc_mcontext);
    /* As the entry leaves it: where the code runs now, which may be in a stub. */
    regs->ip = mm_resume_ip(self->mm, regs->ip);
    frame_was_replaced(self);
    /* Linux ignores a stack that sigaltstack(2) would refuse, and so do we. */
    (void)altstack_set(self, &uc.uc_stack, regs->sp, ALTSTACK_FROM_FRAME);
    *ret_mask = uc.uc_sigmask;
    return 0;
}
