/* SPDX-License-Identifier: MIT */
/*
 * The end.  The first thread that panics prints and ends the run; a panic while panicking (or on
 * another thread meanwhile) goes straight to the end, so that a broken log cannot loop.
 */
#include "kernel/core/panic.h"
#include "kernel/core/log.h"
#include "kernel/lib/printf.h"

struct panic_ops panic_ops;

static _Atomic u32 panicking;

NORETURN static void panic_end(void)
{
    if (panic_ops.exit)
        panic_ops.exit(PANIC_STATUS);
    for (;;)
        __builtin_trap();
}

static void panic_begin(void)
{
    if (__atomic_exchange_n(&panicking, 1, __ATOMIC_SEQ_CST))
        panic_end();
}

static void panic_backtrace(u64 ip, u64 bp)
{
    if (panic_ops.backtrace)
        panic_ops.backtrace(ip, bp);
}

NORETURN void panic_at(const char *file, int line, const char *func, const char *fmt, ...)
{
    char message[256];
    va_list args;

    panic_begin();
    va_start(args, fmt);
    kvsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    log_line("*** kernel panic: %s(%d): %s(): %s", file, line, func, message);
    panic_backtrace(0, (u64)__builtin_frame_address(0));
    panic_end();
}

NORETURN void panic_fault(u64 ip, u64 bp, u32 vector, u64 addr)
{
    panic_begin();
    log_line("*** kernel panic: exception %u at 0x%lx, address 0x%lx", vector, ip, addr);
    panic_backtrace(ip, bp);
    panic_end();
}

/* The compiler's: a canary was overwritten. */
NORETURN void __stack_chk_fail(void);
NORETURN void __stack_chk_fail(void)
{
    panic("a stack frame was overrun");
}
