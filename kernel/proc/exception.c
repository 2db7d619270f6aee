/* SPDX-License-Identifier: MIT */
/*
 * Processor exceptions of user code as signals, with Linux's si_code and si_addr.
 *
 * Some never become one: a page fault that mm/ can mend, cpuid, and the interrupt that makes a
 * thread look at its work.
 */
#include "abi/image.h"
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/cpuid.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/proc_int.h"

/* Which signal, and where si_addr comes from. */
enum fault_address { AT_NOTHING, AT_IP };

struct fault {
    u8 vector;
    u8 signo;
    s16 code;
    u8 address;                                  /* enum fault_address                      */
};

static const struct fault faults[] = {
    { EXC_DIVIDE, SIGFPE, FPE_INTDIV, AT_IP },
    { EXC_DEBUG, SIGTRAP, TRAP_TRACE, AT_IP },
    { EXC_BREAKPOINT, SIGTRAP, SI_KERNEL, AT_NOTHING },
    { EXC_OVERFLOW, SIGSEGV, SI_KERNEL, AT_NOTHING },
    { EXC_BOUND, SIGSEGV, SI_KERNEL, AT_NOTHING },
    { EXC_INVALID_OPCODE, SIGILL, ILL_ILLOPN, AT_IP },
    { EXC_STACK, SIGBUS, SI_KERNEL, AT_NOTHING },
    { EXC_PROTECTION, SIGSEGV, SI_KERNEL, AT_NOTHING },
    { EXC_ALIGNMENT, SIGBUS, BUS_ADRALN, AT_NOTHING },
};

/* Places in an XSAVE image, and the exception bits of both units, masked by their mask bits. */
enum { FXSAVE_FCW = 0, FXSAVE_FSW = 2, FXSAVE_MXCSR = 24, MXCSR_MASK_SHIFT = 7 };
enum {
    FP_INVALID = 1,
    FP_DENORMAL = 2,
    FP_ZERO = 4,
    FP_OVER = 8,
    FP_UNDER = 16,
    FP_PRECISION = 32
};

/* Which of the unmasked exceptions a floating-point fault is about: Linux's order. */
static int float_code(struct thread *self, u32 vector)
{
    const u8 *image = self->priv->fpu;
    u32 raised, mxcsr;
    u16 fcw, fsw;

    fpu_save(self->priv->fpu);
    memcpy(&fcw, image + FXSAVE_FCW, sizeof(fcw));
    memcpy(&fsw, image + FXSAVE_FSW, sizeof(fsw));
    memcpy(&mxcsr, image + FXSAVE_MXCSR, sizeof(mxcsr));
    raised = vector == EXC_X87 ? (u32)(fsw & ~fcw) : mxcsr & ~(mxcsr >> MXCSR_MASK_SHIFT);

    if (raised & FP_INVALID)
        return FPE_FLTINV;
    if (raised & FP_ZERO)
        return FPE_FLTDIV;
    if (raised & FP_OVER)
        return FPE_FLTOVF;
    if (raised & (FP_UNDER | FP_DENORMAL))
        return FPE_FLTUND;
    if (raised & FP_PRECISION)
        return FPE_FLTRES;
    return 0;
}

static void force(struct thread *self, int signo, int code, u64 addr)
{
    siginfo_t info;

    (void)self;
    memset(&info, 0, sizeof(info));
    info.si_signo = signo;
    info.si_code = code;
    info.si_addr = (void *)addr;
    signal_force_self(&info);
}

static void page_fault(struct thread *self, const struct exception *e)
{
    int code;
    int signo = mm_fault(self->mm, e->addr, e->error, &code);

    if (signo) {
        self->priv->fault_addr = e->addr;
        force(self, signo, code, e->addr);
    }
}

void signal_exception(struct pt_regs *regs, const struct exception *e)
{
    struct thread *self = thread_self();
    u64 ip = mm_original_ip(self->mm, regs->ip);

    regs->orig_ax = ~0ull;
    if (e->vector == EXC_INTERRUPT)
        return;
    if (e->vector == EXC_INVALID_OPCODE && mm_is_cpuid_site(self->mm, ip)) {
        cpuid_emulate(regs);
        return;
    }
    self->priv->fault_vector = e->vector;
    self->priv->fault_error = e->error;
    if (e->vector == EXC_PAGE_FAULT) {
        page_fault(self, e);
        return;
    }
    if (e->vector == EXC_X87 || e->vector == EXC_SIMD) {
        force(self, SIGFPE, float_code(self, e->vector), ip);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        const struct fault *f = &faults[i];

        if (f->vector != e->vector)
            continue;
        force(self, f->signo, f->code, f->address == AT_IP ? ip : 0);
        return;
    }
    force(self, SIGSEGV, SI_KERNEL, 0);          /* what Linux makes of the rest            */
}
