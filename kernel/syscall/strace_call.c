/* SPDX-License-Identifier: MIT */
/*
 * strace: the text of one call, in two parts.  Arguments whose value is known at the call are in
 * the first, what the call stores and its result in the second.
 *
 *     read(3,   |   "root:x:0:0:root:/root:/bin/bash\n"..., 4096) = 812
 */
#include "abi/linux/errno.h"
#include "kernel/core/thread.h"
#include "kernel/lib/errno_name.h"
#include "kernel/syscall/strace_int.h"

enum { ERRNO_MAX = 4095 };

static const enum sys_shown {
    ENTRY,
    EXIT
} shown_at[SYS_KINDS] = {
#define KIND(name, type, from, when, decoder) [KIND_##name] = when,
#include "kernel/syscall/kinds.def"
#undef KIND
};

static void (*const show_kind[SYS_KINDS])(struct show *s, long v) = {
#define KIND(name, type, from, when, decoder) [KIND_##name] = show_##decoder,
#include "kernel/syscall/kinds.def"
#undef KIND
};

/* Arguments from s->i on, up to the first that cannot be shown yet. */
static void add_args(struct show *s)
{
    unsigned count = show_count(s->info, s->nr, s->a);
    /* A failed call has stored nothing; a sleep cut short stores what is left, a full one not. */
    bool sleep = s->nr == NR_nanosleep || s->nr == NR_clock_nanosleep;
    bool stored = sleep ? s->ret == -EINTR || s->ret <= -ERESTARTSYS : s->ret >= 0;

    for (; s->i < count; s->i++) {
        enum sys_kind kind = s->info->arg[s->i].kind;

        if (!s->done && shown_at[kind] == EXIT)
            break;
        if (s->i)
            strbuf_puts(s->out, ", ");
        if (s->done && shown_at[kind] == EXIT && !stored)
            show_addr(s, s->a[s->i]);
        else
            show_kind[kind](s, s->a[s->i]);
    }
}

/* A number without a row: all six registers. */
static void add_unknown(struct strbuf *out, unsigned long nr, const long a[6])
{
    strbuf_printf(out, "syscall_%#lx(", nr);
    for (unsigned i = 0; i < 6; i++)
        strbuf_printf(out, "%s%#lx", i ? ", " : "", (unsigned long)a[i]);
}

static void add_error(struct strbuf *out, long ret)
{
    static const struct {
        int err;
        const char *words;
    } restart[] = {
        { ERESTARTSYS, "ERESTARTSYS (To be restarted if SA_RESTART is set)" },
        { ERESTARTNOINTR, "ERESTARTNOINTR (To be restarted)" },
        { ERESTARTNOHAND, "ERESTARTNOHAND (To be restarted if no handler)" },
        { ERESTART_RESTARTBLOCK, "ERESTART_RESTARTBLOCK (Interrupted by signal)" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(restart); i++) {
        if (-ret == restart[i].err) {
            strbuf_printf(out, "? %s", restart[i].words);
            return;
        }
    }
    if (errno_name((int)-ret))
        strbuf_printf(out, "-1 %s (%s)", errno_name((int)-ret), errno_words((int)-ret));
    else
        strbuf_printf(out, "%ld", ret);
}

bool show_is_error(const struct show *s)
{
    bool never = s->info && s->info->groups & 1u << GROUP_syscall_never_fails;

    return s->ret < 0 && s->ret >= -ERRNO_MAX && !never;
}

static void add_result(struct show *s)
{
    switch (s->nr) {
    case NR_mmap:
    case NR_mremap:
    case NR_brk:
    case NR_shmat:
        strbuf_printf(s->out, "%#lx", (unsigned long)s->ret);
        break;
    case NR_umask:
        strbuf_printf(s->out, "%#lo", (unsigned long)s->ret);
        break;
    default:
        strbuf_printf(s->out, "%ld", s->ret);
    }
    if (s->info)
        show_result_words(s);
}

void show_call_begin(struct show *s)
{
    s->i = 0;
    s->done = false;
    if (!s->info) {
        add_unknown(s->out, s->nr, s->a);
        return;
    }
    strbuf_printf(s->out, "%s(", s->info->name);
    add_args(s);
}

void show_call_without_end(struct show *s)
{
    s->done = true;
    s->ret = -EFAULT;                            /* nothing is ever stored                  */
    if (s->info)
        add_args(s);
    strbuf_puts(s->out, ") = ?");
}

void show_call_end(struct show *s)
{
    s->done = true;
    if (s->info)
        add_args(s);
    strbuf_puts(s->out, ") = ");
    if (show_is_error(s))
        add_error(s->out, s->ret);
    else
        add_result(s);
    if (s->info && s->info->status == STATUS_STUB)
        strbuf_puts(s->out, " (stub)");
}
