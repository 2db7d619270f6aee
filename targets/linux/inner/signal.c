/* SPDX-License-Identifier: MIT */
/*
 * Host signals: how a trap, a fault or an interrupt becomes an entry into the kernel.
 *
 * The handler does no work.  It looks at where the thread was and rewrites the saved registers, so
 * that the host's own return from the signal continues in the kernel, with the user's extended
 * state back in the registers:
 *
 *     RIP in user code, a system call     as a stub would: RCX = RIP, at trap_entry
 *     RIP in user code, anything else     the frame is stored, at exception_entry
 *     RIP in the exit window, interrupt   the exit starts again
 *     RIP in the kernel, a fault          its fixup, or panic_entry
 *     RIP in the kernel or in host code, interrupt: nothing, the exit will look
 *
 * It runs on the thread's alternate stack with every signal blocked, must not touch FS, and must
 * not call libc.
 */
#include "targets/linux/inner/inner.h"
#include "kernel/arch/x86_64/frame.h"
#include "targets/linux/inner/raw.h"

#include <asm/errno.h>
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <linux/types.h>

enum { SA_RESTORER_ = 0x04000000, USER_FLAGS_KEPT = ~(RFLAGS_TF | RFLAGS_DF | RFLAGS_AC) };

struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, struct ucontext *);
    unsigned long flags;
    void (*restorer)(void);
    u64 mask;
};

static struct thread_block *block_self(void)
{
    struct thread_block *block;

    __asm__("mov %%gs:0, %0" : "=r"(block));
    return block;
}

static bool in_range(u64 addr, u64 lo, u64 hi)
{
    return addr >= lo && addr < hi;
}

static bool in_kernel(u64 ip)
{
    return in_range(ip, inner.bp->image.lo, inner.bp->image.hi);
}

/* A wild jump may lead anywhere, above the boundary too: then the stack tells whose code it was. */
static bool in_host(u64 ip, u64 sp, const struct thread_block *block)
{
    const struct host_thread *t = &inner.threads[block->cookie];
    u64 slot = slot_base(inner.bp, block->cookie);

    if (ip < LINUX_BOUNDARY)
        return false;
    if (block->cookie == 0)
        return true;                             /* slot 0 runs no user code                */
    return in_range(sp, slot, slot + SLOT_SIZE) ||
           in_range(sp, (u64)t->stack, (u64)t->stack + inner.host_stack_size);
}

/* Linux's sigcontext calls it oldmask and so on; these are the fields that matter. */
static void frame_store(struct pt_regs *regs, const struct sigcontext *sc, u64 ip)
{
    *regs = (struct pt_regs){
        .r15 = sc->r15,
        .r14 = sc->r14,
        .r13 = sc->r13,
        .r12 = sc->r12,
        .bp = sc->rbp,
        .bx = sc->rbx,
        .r11 = sc->r11,
        .r10 = sc->r10,
        .r9 = sc->r9,
        .r8 = sc->r8,
        .ax = sc->rax,
        .cx = sc->rcx,
        .dx = sc->rdx,
        .si = sc->rsi,
        .di = sc->rdi,
        .orig_ax = (u64)-1,
        .ip = ip,
        .flags = sc->eflags,
        .sp = sc->rsp,
    };
}

static u64 kernel_frame(const struct thread_block *block)
{
    return block->kernel_sp - sizeof(struct pt_regs);
}

static struct exception *exception_store(struct thread_block *block, int sig,
                                         const struct sigcontext *sc)
{
    struct exception *e = (struct exception *)&block->target[BLOCK_EXCEPTION];

    *e = (struct exception){
        .vector = sig == SIGNAL_INTERRUPT ? EXC_INTERRUPT : (u32)sc->trapno,
        .error = (u32)sc->err,
        .addr = sc->cr2,
    };
    return e;
}

static void enter_exception(struct thread_block *block, int sig, struct sigcontext *sc, u64 ip)
{
    struct pt_regs *regs = (struct pt_regs *)kernel_frame(block);

    frame_store(regs, sc, ip);
    sc->rsi = (u64)exception_store(block, sig, sc);
    sc->rdi = (u64)regs;
    sc->rsp = (u64)regs;
    sc->rip = (u64)inner.gates.exception_entry;
    sc->eflags &= (u64)(s64)USER_FLAGS_KEPT;
}

static void enter_trap(struct sigcontext *sc)
{
    sc->rcx = sc->rip;
    sc->rip = (u64)inner.gates.trap_entry;
}

static void kernel_interrupted(struct thread_block *block, int sig, struct sigcontext *sc)
{
    u64 fixup;

    if (sig == SIGNAL_INTERRUPT) {
        if (in_range(sc->rip, inner.gates.exit_begin, inner.gates.exit_end)) {
            sc->rip = inner.gates.exit_begin;
            sc->rsp = kernel_frame(block);
        }
        return;
    }
    fixup = inner.gates.fault_fixup(sc->rip);
    if (fixup) {
        sc->rip = fixup;
        return;
    }
    sc->rsi = (u64)exception_store(block, sig, sc);
    sc->rdi = sc->rip;
    sc->rdx = sc->rbp;
    sc->rip = (u64)inner.gates.panic_entry;
    if (!in_range(sc->rsp, slot_base(inner.bp, block->cookie) + PAGE_SIZE, block->kernel_sp + 1))
        sc->rsp = block->kernel_sp;              /* the kernel stack overflowed             */
}

/*
 * A frame with TF set single-steps the kernel's exit too, from popf to the jump.  Those steps, and
 * the one of the jump itself, are not the program's: Linux's first trap comes after its first
 * instruction.
 */
static bool step_is_ours(struct thread_block *block, u64 ip)
{
    if (in_kernel(ip)) {
        block->target[BLOCK_STEPPED] = 1;
        return true;
    }
    if (!block->target[BLOCK_STEPPED])
        return false;
    block->target[BLOCK_STEPPED] = 0;
    return true;
}

static void host_broken(int sig)
{
    static const char text[] = "myst: error: the host side of the linux target crashed\n";

    (void)sig;
    (void)raw3(__NR_write, 2, text, sizeof(text) - 1);
    (void)raw1(__NR_exit_group, 125);
}

static void on_signal(int sig, siginfo_t *info, struct ucontext *uc)
{
    struct sigcontext *sc = (struct sigcontext *)&uc->uc_mcontext;
    struct thread_block *block = block_self();

    (void)info;
    if (sig == SIGTRAP && sc->trapno == EXC_DEBUG && step_is_ours(block, sc->rip))
        return;
    if (sc->rip == inner.gates.exit_jump)
        enter_exception(block, sig, sc, block->exit_ip);
    else if (in_kernel(sc->rip))
        kernel_interrupted(block, sig, sc);
    else if (in_host(sc->rip, sc->rsp, block)) {
        if (sig != SIGNAL_INTERRUPT)
            host_broken(sig);
    } else if (sig == SIGSYS)
        enter_trap(sc);
    else
        enter_exception(block, sig, sc, sc->rip);
}

int inner_signals_install(void)
{
    static const u8 signals[] = {
        SIGSYS, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGNAL_INTERRUPT,
    };
    struct kernel_sigaction action = {
        .handler = on_signal,
        .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER_,
        .restorer = inner_signal_return,
        .mask = ~0ull,
    };
    struct kernel_sigaction ignore = {
        .handler = (void (*)(int, siginfo_t *, struct ucontext *))1,
        .flags = SA_RESTORER_,
        .restorer = inner_signal_return,
    };

    for (u32 i = 0; i < ARRAY_SIZE(signals); i++) {
        long err = raw4(__NR_rt_sigaction, signals[i], &action, 0, sizeof(u64));

        if (err)
            return (int)err;
    }
    return (int)raw4(__NR_rt_sigaction, SIGPIPE, &ignore, 0, sizeof(u64));
}
