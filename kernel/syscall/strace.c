/* SPDX-License-Identifier: MIT */
/*
 * strace: one line per call, on the host's stderr.
 *
 *     [101] read(3, "root:x:0:0:root:/root:/bin/bash\n"..., 4096) = 812
 *
 * Arguments whose value is known at the call are decoded before it, the others after it.  The
 * line is printed whole when the call returns, in one write, unless the thread goes to sleep
 * inside: then what there is so far comes out first, and the terminal's last line stays open:
 *
 *     thread 101                            thread 102
 *     read(3,                               |
 *     sleeps: "[101] read(3, "              |
 *                                           close(4)
 *                                           " <unfinished ...>\n", "[102] close(4) = 0\n"
 *     returns: "[101] <... read resumed>"...
 *
 * To see a thread that is about to sleep, setup puts itself before park_ops.park.  After printing
 * it answers "look again" instead of parking: printing may itself have slept (on strace_lock),
 * and a wake-up that came meanwhile must not be lost.
 *
 * Locks: strace_lock, for the order of writes and for open_line; nothing is taken under it.
 */
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/core/mutex.h"
#include "kernel/core/thread.h"
#include "kernel/lib/errno_name.h"
#include "kernel/proc/process.h"
#include "kernel/syscall/strace_int.h"

/* What a thread is printing.  One per slot, made when its first call is traced, kept for ever. */
struct line {
    struct strbuf text;                          /* [self] "[101] read(3, ", then the rest  */
    const struct sys_info *info;                 /* [self] NULL: a number without a row     */
    unsigned long nr;                            /* [self]                                  */
    bool waiting;                                /* [self] text is worth printing before a sleep */
    size_t printed;                              /* [self] of text, in bytes                */
};

static const struct strace_config *config;       /* [const] after strace_setup()            */
static struct line **lines;                      /* [const]; [i] is of the thread in slot i */
static u32 line_count;                           /* [const]                                 */
static struct park_ops below;                    /* [const] what we stand before            */

static struct mutex strace_lock;
static struct line *open_line;                   /* the output ends in it; under strace_lock */

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

/* ---- lines ---- */

/* The caller's line, empty; NULL: no memory for one. */
static struct line *line_begin(struct thread *self)
{
    struct line *line;

    if (self->slot >= line_count)
        return NULL;
    line = lines[self->slot];
    if (!line) {
        line = kzalloc(sizeof(*line));
        if (!line)
            return NULL;
        strbuf_init_growing(&line->text, krealloc);
        lines[self->slot] = line;
    }
    line->text.len = 0;
    line->text.cut = false;
    line->printed = 0;
    line->waiting = false;
    return line;
}

/* "[101] ", "[101/102] " */
static void add_who(struct strbuf *out, const struct thread *self)
{
    pid_t pid = process_pid(self->proc);

    if (pid == self->tid)
        strbuf_printf(out, "[%d] ", pid);
    else
        strbuf_printf(out, "[%d/%d] ", pid, self->tid);
}

/* Print what has not been printed of the line.  How it is left: ended, or open at its end. */
enum line_end { LINE_ENDS, LINE_STAYS_OPEN };

static void line_print(struct thread *self, struct line *line, enum line_end end)
{
    char buf[96];
    struct strbuf before;
    bool goes_on;

    WITH_MUTEX(&strace_lock);
    strbuf_init(&before, buf, sizeof(buf));
    goes_on = open_line == line && line->printed;
    if (open_line && !goes_on)
        strbuf_puts(&before, " <unfinished ...>\n");
    if (line->printed && !goes_on) {
        add_who(&before, self);
        strbuf_printf(&before, "<... %s resumed>", line->info ? line->info->name : "syscall");
    }
    open_line = end == LINE_STAYS_OPEN ? line : NULL;
    if (before.len)
        log_raw(before.buf, before.len);
    log_raw(line->text.buf + line->printed, line->text.len - line->printed);
    line->printed = line->text.len;
}

/* The calling thread is about to sleep: true if its line has been printed now. */
static bool flush_before_sleep(void)
{
    struct thread *self = thread_self();
    struct line *line = self && self->slot < line_count ? lines[self->slot] : NULL;

    if (!line || !line->waiting)
        return false;
    line->waiting = false;                       /* first: printing may sleep, and come here */
    line_print(self, line, LINE_STAYS_OPEN);
    return true;
}

static int strace_park(enum park_how how, u64 deadline_ns)
{
    return flush_before_sleep() ? 0 : below.park(how, deadline_ns);
}

static int strace_poll(struct host_poll *set, u32 n, enum park_how how, u64 deadline_ns)
{
    return flush_before_sleep() ? 0 : below.poll(set, n, how, deadline_ns);
}

/* ---- calls ---- */

/* Arguments from `first` on, up to the first that is not shown yet: its index. */
static unsigned add_args(struct show *s, const struct sys_info *info, unsigned first,
                         unsigned count)
{
    /* A failed call has stored nothing; a sleep cut short stores what is left, a full one not. */
    bool sleep = s->nr == NR_nanosleep || s->nr == NR_clock_nanosleep;
    bool stored = sleep ? s->ret == -EINTR || s->ret <= -ERESTARTSYS : s->ret >= 0;

    for (s->i = first; s->i < count; s->i++) {
        enum sys_kind kind = info->arg[s->i].kind;

        if (!s->done && shown_at[kind] == EXIT)
            break;
        if (s->i)
            strbuf_puts(s->out, ", ");
        if (s->done && shown_at[kind] == EXIT && !stored)
            show_addr(s, s->a[s->i]);
        else
            show_kind[kind](s, s->a[s->i]);
    }
    return s->i;
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

static bool is_error(const struct sys_info *info, long ret)
{
    bool never = info && info->groups & 1u << GROUP_syscall_never_fails;

    return ret < 0 && ret >= -4095 && !never;
}

static void add_result(struct show *s, const struct sys_info *info)
{
    strbuf_puts(s->out, ") = ");
    if (is_error(info, s->ret)) {
        add_error(s->out, s->ret);
    } else {
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
        if (info)
            show_result_words(s, info);
    }
    if (info && info->status == STATUS_STUB)
        strbuf_puts(s->out, " (stub)");
}

/* Calls that end the caller, and so have no result. */
static bool does_not_return(const struct sys_info *info, unsigned long nr)
{
    return nr == NR_exit || nr == NR_exit_group ||
           (!sys_has_handler(info) && !syscall_unhandled_enosys);
}

static void line_end(struct line *line)
{
    strbuf_puts(&line->text, line->text.cut ? "...\n" : "\n");
}

/* The call as it begins, and as it ends. */
static long trace(struct thread *self, struct line *line, const long a[6], bool chosen)
{
    const struct sys_info *info = line->info;
    struct show s = { .out = &line->text, .nr = line->nr, .a = a };
    unsigned count = info ? show_count(info, s.nr, a) : 0, shown = 0;

    add_who(&line->text, self);
    if (info) {
        strbuf_printf(&line->text, "%s(", info->name);
        shown = add_args(&s, info, 0, count);
    } else {
        add_unknown(&line->text, s.nr, a);
    }
    if (does_not_return(info, s.nr)) {
        strbuf_puts(&line->text, ") = ?");
        line_end(line);
        if (chosen)
            line_print(self, line, LINE_ENDS);
        return syscall_dispatch(self, s.nr, a);
    }

    line->waiting = chosen;
    s.ret = syscall_dispatch(self, s.nr, a);
    line->waiting = false;
    if (!chosen && !(config->failing && is_error(info, s.ret)))
        return s.ret;

    s.done = true;
    if (info)
        add_args(&s, info, shown, count);
    add_result(&s, info);
    line_end(line);
    line_print(self, line, LINE_ENDS);
    return s.ret;
}

static bool is_wanted(const struct thread *self)
{
    return strace_has_id(&config->tids, self->tid) &&
           strace_has_id(&config->pids, process_pid(self->proc));
}

long syscall_traced(struct thread *self, unsigned long nr, const long a[6])
{
    bool chosen = strace_has_slot(config, sys_slot(nr));
    struct line *line;

    if ((!chosen && !config->failing) || !is_wanted(self))
        return syscall_dispatch(self, nr, a);
    line = line_begin(self);
    if (!line)
        return syscall_dispatch(self, nr, a);    /* no memory to print it                   */
    line->info = sys_info_find(nr);
    line->nr = nr;
    return trace(self, line, a, chosen);
}

/* ---- what happens between calls ---- */

static void trace_signal(struct thread *self, const void *siginfo)
{
    struct line *line = is_wanted(self) ? line_begin(self) : NULL;
    struct show s;

    if (!line)
        return;
    s = (struct show){ .out = &line->text };
    add_who(&line->text, self);
    show_siginfo_fields(&s, siginfo);
    line_end(line);
    line_print(self, line, LINE_ENDS);
}

static void trace_exit(struct thread *self, int wait_status)
{
    struct line *line = is_wanted(self) ? line_begin(self) : NULL;
    char buf[16];
    const char *name;

    if (!line)
        return;
    add_who(&line->text, self);
    name = wait_status & 0x7f ? signal_name(wait_status & 0x7f, buf) : NULL;
    if (name)
        strbuf_printf(&line->text, "+++ killed by SIG%s +++", name);
    else
        strbuf_printf(&line->text, "+++ exited with %d +++", wait_status >> 8 & 0xff);
    line_end(line);
    line_print(self, line, LINE_ENDS);
}

int strace_setup(const struct strace_config *from, u32 slots)
{
    lines = kcalloc(slots, sizeof(*lines));
    if (!lines)
        return -ENOMEM;
    line_count = slots;
    config = from;

    below = park_ops;
    park_ops.park = strace_park;
    park_ops.poll = strace_poll;
    proc_ops.trace_signal = trace_signal;
    proc_ops.trace_exit = trace_exit;
    return 0;
}
