/* SPDX-License-Identifier: MIT */
/*
 * strace: one line per call, on the host's stderr.
 *
 *     [101] read(3, "root:x:0:0:root:/root:/bin/bash\n"..., 4096) = 812
 *
 * What a line says is decided in strace_call.c, when it is printed here: whole when the call
 * returns, in one write, unless the thread goes to sleep inside.  Then what there is so far comes
 * out first, and the last line of the output stays open:
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
 * With --strace=host what the call asked of the host is collected meanwhile and stands under it:
 *
 *     [101] read(0, "y\n", 4096) = 2
 *     [101]     host read(0, [4096]) = 2
 *
 * Locks: strace_lock, for the order of writes and for open_line; nothing is taken under it.
 */
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/core/mutex.h"
#include "kernel/core/thread.h"
#include "kernel/host/host.h"
#include "kernel/proc/process.h"
#include "kernel/syscall/strace_int.h"

/* What a thread is printing.  One per slot, made when its first call is traced, kept for ever. */
struct line {
    struct strbuf text;                          /* [self] "[101] read(3, ", then the rest  */
    const struct sys_info *info;                 /* [self] NULL: a number without a row     */
    unsigned long nr;                            /* [self]                                  */
    struct strbuf host;                          /* [self] what the call asked of the host  */
    bool collecting;                             /* [self] into host                        */
    bool waiting;                                /* [self] text is worth printing before a sleep */
    size_t printed;                              /* [self] of text, in bytes                */
};

static const struct strace_config *config;       /* [const] after strace_setup()            */
static struct line **lines;                      /* [const]; [i] is of the thread in slot i */
static u32 line_count;                           /* [const]                                 */
static struct park_ops below;                    /* [const] what we stand before            */

static struct mutex strace_lock;
static struct line *open_line;                   /* the output ends in it; under strace_lock */

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
        strbuf_init_growing(&line->host, krealloc);
        lines[self->slot] = line;
    }
    line->text.len = 0;
    line->text.cut = false;
    line->host.len = 0;
    line->printed = 0;
    line->waiting = false;
    line->collecting = false;
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

/* What the caller is printing, if anything. */
static struct line *line_current(const struct thread *self)
{
    return self && self->slot < line_count ? lines[self->slot] : NULL;
}

bool strace_before_sleep(struct thread *self)
{
    struct line *line = line_current(self);
    bool collecting;

    if (!line || !line->waiting)
        return false;
    line->waiting = false;                       /* first: printing may sleep, and come here */
    collecting = line->collecting;
    line->collecting = false;                    /* printing is not what the call asked for */
    line_print(self, line, LINE_STAYS_OPEN);
    line->collecting = collecting;
    return true;
}

static int strace_park(enum park_how how, u64 deadline_ns)
{
    return strace_before_sleep(thread_self()) ? 0 : below.park(how, deadline_ns);
}

static int strace_poll(struct host_poll *set, u32 n, enum park_how how, u64 deadline_ns)
{
    return strace_before_sleep(thread_self()) ? 0 : below.poll(set, n, how, deadline_ns);
}

/* ---- calls ---- */

/* Calls that end the caller, and so have no result. */
static bool does_not_return(const struct sys_info *info, unsigned long nr)
{
    return nr == NR_exit || nr == NR_exit_group ||
           (!sys_has_handler(info) && !syscall_unhandled_enosys);
}

static void line_end(struct line *line)
{
    strbuf_puts(&line->text, line->text.cut ? "...\n" : "\n");
    if (line->host.len)
        strbuf_add(&line->text, line->host.buf, line->host.len);
}

/* --strace=host: one more line to stand under the call. */
static void trace_host(const struct hostcall *c, s64 answer)
{
    enum { HOST_TEXT_MAX = 64 * 1024 };          /* a call that copies a large file         */
    struct thread *self = thread_self();
    struct line *line = line_current(self);

    if (!line || !line->collecting || line->host.len > HOST_TEXT_MAX)
        return;
    add_who(&line->host, self);
    strbuf_puts(&line->host, "    host ");
    host_call_describe(&line->host, c, answer);
    strbuf_putc(&line->host, '\n');
}

/* The call as it begins, and as it ends. */
static long trace(struct thread *self, struct line *line, const long a[6], bool chosen)
{
    const struct sys_info *info = line->info;
    struct show s = { .out = &line->text, .info = info, .nr = line->nr, .a = a };

    add_who(&line->text, self);
    show_call_begin(&s);
    if (does_not_return(info, s.nr)) {
        show_call_without_end(&s);
        line_end(line);
        if (chosen)
            line_print(self, line, LINE_ENDS);
        return syscall_dispatch(self, s.nr, a);
    }

    line->waiting = chosen;
    line->collecting = config->host_calls;
    s.ret = syscall_dispatch(self, s.nr, a);
    line->collecting = false;
    line->waiting = false;
    if (!chosen && !(config->failing && show_is_error(&s)))
        return s.ret;

    show_call_end(&s);
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
    if (config->host_calls)
        host_trace_ops.call = trace_host;
    return 0;
}
