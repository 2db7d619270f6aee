/* SPDX-License-Identifier: MIT */
/*
 * strace's decoders: structures of time, signals, files and processes, field by field.
 */
#include "abi/linux/capability.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ipc.h"
#include "abi/linux/resource.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/stat.h"
#include "abi/linux/sysinfo.h"
#include "abi/linux/time.h"
#include "kernel/lib/printf.h"
#include "kernel/syscall/strace_int.h"

/* ---- time ---- */

void show_timespec_value(struct show *s, s64 sec, s64 nsec)
{
    strbuf_printf(s->out, "{tv_sec=%ld, tv_nsec=%ld}", sec, nsec);
}

static void show_timeval_value(struct show *s, s64 sec, s64 usec)
{
    strbuf_printf(s->out, "{tv_sec=%ld, tv_usec=%ld}", sec, usec);
}

void show_timespec(struct show *s, long v)
{
    s64 t[2];

    if (show_fetch(s, t, v, sizeof(t)))
        show_timespec_value(s, t[0], t[1]);
}

void show_timeval(struct show *s, long v)
{
    s64 t[2];

    if (show_fetch(s, t, v, sizeof(t)))
        show_timeval_value(s, t[0], t[1]);
}

/* utimensat(2): access and modification time, or what to do instead. */
void show_timespec2(struct show *s, long v)
{
    s64 t[4];

    if (!show_fetch(s, t, v, sizeof(t)))
        return;
    for (unsigned i = 0; i < 2; i++) {
        strbuf_puts(s->out, i ? ", " : "[");
        if (t[2 * i + 1] == UTIME_NOW)
            strbuf_puts(s->out, "UTIME_NOW");
        else if (t[2 * i + 1] == UTIME_OMIT)
            strbuf_puts(s->out, "UTIME_OMIT");
        else
            show_timespec_value(s, t[2 * i], t[2 * i + 1]);
    }
    strbuf_putc(s->out, ']');
}

void show_timeval2(struct show *s, long v)
{
    s64 t[4];

    if (!show_fetch(s, t, v, sizeof(t)))
        return;
    strbuf_putc(s->out, '[');
    show_timeval_value(s, t[0], t[1]);
    strbuf_puts(s->out, ", ");
    show_timeval_value(s, t[2], t[3]);
    strbuf_putc(s->out, ']');
}

void show_timezone(struct show *s, long v)
{
    struct timezone tz;

    if (show_fetch(s, &tz, v, sizeof(tz)))
        strbuf_printf(s->out, "{tz_minuteswest=%d, tz_dsttime=%d}", tz.tz_minuteswest,
                      tz.tz_dsttime);
}

void show_itimerspec(struct show *s, long v)
{
    s64 t[4];

    if (!show_fetch(s, t, v, sizeof(t)))
        return;
    strbuf_puts(s->out, "{it_interval=");
    show_timespec_value(s, t[0], t[1]);
    strbuf_puts(s->out, ", it_value=");
    show_timespec_value(s, t[2], t[3]);
    strbuf_putc(s->out, '}');
}

void show_itimerval(struct show *s, long v)
{
    s64 t[4];

    if (!show_fetch(s, t, v, sizeof(t)))
        return;
    strbuf_puts(s->out, "{it_interval=");
    show_timeval_value(s, t[0], t[1]);
    strbuf_puts(s->out, ", it_value=");
    show_timeval_value(s, t[2], t[3]);
    strbuf_putc(s->out, '}');
}

void show_timex(struct show *s, long v)
{
    struct __kernel_timex tx;

    if (show_fetch(s, &tx, v, sizeof(tx)))
        strbuf_printf(s->out,
                      "{modes=%#x, offset=%ld, freq=%ld, maxerror=%ld, esterror=%ld, "
                      "status=%#x, ...}",
                      tx.modes, (long)tx.offset, (long)tx.freq, (long)tx.maxerror,
                      (long)tx.esterror, (u32)tx.status);
}

void show_tms(struct show *s, long v)
{
    struct tms tms;

    if (show_fetch(s, &tms, v, sizeof(tms)))
        strbuf_printf(s->out, "{tms_utime=%ld, tms_stime=%ld, tms_cutime=%ld, tms_cstime=%ld}",
                      tms.tms_utime, tms.tms_stime, tms.tms_cutime, tms.tms_cstime);
}

/* ---- signals ---- */

/* POSIX leaves the numbers 32 and 33 to the C library; strace(1) counts from 32 all the same. */
const char *signal_name(int signo, char buf[16])
{
    static const char *const name[] = {
        [SIGHUP] = "HUP",   [SIGINT] = "INT",       [SIGQUIT] = "QUIT", [SIGILL] = "ILL",
        [SIGTRAP] = "TRAP", [SIGABRT] = "ABRT",     [SIGBUS] = "BUS",   [SIGFPE] = "FPE",
        [SIGKILL] = "KILL", [SIGUSR1] = "USR1",     [SIGSEGV] = "SEGV", [SIGUSR2] = "USR2",
        [SIGPIPE] = "PIPE", [SIGALRM] = "ALRM",     [SIGTERM] = "TERM", [SIGSTKFLT] = "STKFLT",
        [SIGCHLD] = "CHLD", [SIGCONT] = "CONT",     [SIGSTOP] = "STOP", [SIGTSTP] = "TSTP",
        [SIGTTIN] = "TTIN", [SIGTTOU] = "TTOU",     [SIGURG] = "URG",   [SIGXCPU] = "XCPU",
        [SIGXFSZ] = "XFSZ", [SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF", [SIGWINCH] = "WINCH",
        [SIGIO] = "IO",     [SIGPWR] = "PWR",       [SIGSYS] = "SYS",
    };

    if (signo > 0 && signo < (int)ARRAY_SIZE(name))
        return name[signo];
    if (signo < SIGRTMIN || signo > 64)
        return NULL;
    if (signo == SIGRTMIN)
        return "RTMIN";
    ksnprintf(buf, 16, "RT_%d", signo - SIGRTMIN);
    return buf;
}

void show_signal(struct show *s, long v)
{
    char buf[16];
    const char *name = signal_name((int)v, buf);

    if (name)
        strbuf_printf(s->out, "SIG%s", name);
    else
        show_int(s, v);
}

/* [INT TERM]; of a set that is more full than empty what is missing: ~[KILL STOP]. */
void show_sigset_bits(struct show *s, u64 set)
{
    const char *sep = "";
    char buf[16];

    if (__builtin_popcountll(set) > 32) {
        strbuf_putc(s->out, '~');
        set = ~set;
    }
    strbuf_putc(s->out, '[');
    for (int signo = 1; signo <= 64; signo++) {
        if (!(set >> (signo - 1) & 1))
            continue;
        strbuf_printf(s->out, "%s%s", sep, signal_name(signo, buf));
        sep = " ";
    }
    strbuf_putc(s->out, ']');
}

void show_sigset(struct show *s, long v)
{
    u64 set;

    if (show_fetch(s, &set, v, sizeof(set)))
        show_sigset_bits(s, set);
}

/* pselect6(2): the set's address and size. */
void show_sigset_pair(struct show *s, long v)
{
    u64 pair[2];

    if (!show_fetch(s, pair, v, sizeof(pair)))
        return;
    strbuf_putc(s->out, '{');
    show_sigset(s, (long)pair[0]);
    strbuf_printf(s->out, ", %lu}", pair[1]);
}

/* The kernel's struct sigaction, whose mask comes last. */
void show_sigaction(struct show *s, long v)
{
    struct {
        u64 handler, flags, restorer, mask;
    } act;

    if (!show_fetch(s, &act, v, sizeof(act)))
        return;
    strbuf_puts(s->out, "{sa_handler=");
    if (act.handler == (u64)SIG_DFL)
        strbuf_puts(s->out, "SIG_DFL");
    else if (act.handler == (u64)SIG_IGN)
        strbuf_puts(s->out, "SIG_IGN");
    else
        show_hex64(s, (long)act.handler);
    strbuf_puts(s->out, ", sa_mask=");
    show_sigset_bits(s, act.mask);
    strbuf_puts(s->out, ", sa_flags=");
    show_flag_set(s, KIND_SA_FLAGS, act.flags);
    if (act.flags & SA_RESTORER)
        strbuf_printf(s->out, ", sa_restorer=%#lx", act.restorer);
    strbuf_putc(s->out, '}');
}

struct code_name {
    int signo, code;
    const char *name;
};

/* si_code: of any signal (signo 0), or of one. */
static const char *code_name(int signo, int code)
{
    static const struct code_name names[] = {
        { 0, SI_USER, "SI_USER" },
        { 0, SI_KERNEL, "SI_KERNEL" },
        { 0, SI_QUEUE, "SI_QUEUE" },
        { 0, SI_TIMER, "SI_TIMER" },
        { 0, SI_MESGQ, "SI_MESGQ" },
        { 0, SI_ASYNCIO, "SI_ASYNCIO" },
        { 0, SI_SIGIO, "SI_SIGIO" },
        { 0, SI_TKILL, "SI_TKILL" },
        { SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR" },
        { SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR" },
        { SIGSEGV, SEGV_PKUERR, "SEGV_PKUERR" },
        { SIGBUS, BUS_ADRALN, "BUS_ADRALN" },
        { SIGBUS, BUS_ADRERR, "BUS_ADRERR" },
        { SIGBUS, BUS_OBJERR, "BUS_OBJERR" },
        { SIGILL, ILL_ILLOPC, "ILL_ILLOPC" },
        { SIGILL, ILL_ILLOPN, "ILL_ILLOPN" },
        { SIGILL, ILL_PRVOPC, "ILL_PRVOPC" },
        { SIGFPE, FPE_INTDIV, "FPE_INTDIV" },
        { SIGFPE, FPE_INTOVF, "FPE_INTOVF" },
        { SIGFPE, FPE_FLTDIV, "FPE_FLTDIV" },
        { SIGFPE, FPE_FLTOVF, "FPE_FLTOVF" },
        { SIGFPE, FPE_FLTUND, "FPE_FLTUND" },
        { SIGFPE, FPE_FLTRES, "FPE_FLTRES" },
        { SIGFPE, FPE_FLTINV, "FPE_FLTINV" },
        { SIGFPE, FPE_FLTSUB, "FPE_FLTSUB" },
        { SIGTRAP, TRAP_BRKPT, "TRAP_BRKPT" },
        { SIGTRAP, TRAP_TRACE, "TRAP_TRACE" },
        { SIGCHLD, CLD_EXITED, "CLD_EXITED" },
        { SIGCHLD, CLD_KILLED, "CLD_KILLED" },
        { SIGCHLD, CLD_DUMPED, "CLD_DUMPED" },
        { SIGCHLD, CLD_TRAPPED, "CLD_TRAPPED" },
        { SIGCHLD, CLD_STOPPED, "CLD_STOPPED" },
        { SIGCHLD, CLD_CONTINUED, "CLD_CONTINUED" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].code == code && (!names[i].signo || names[i].signo == signo))
            return names[i].name;
    return NULL;
}

static bool is_fault(int signo)
{
    return signo == SIGSEGV || signo == SIGBUS || signo == SIGILL || signo == SIGFPE ||
           signo == SIGTRAP;
}

/* {si_code=SEGV_MAPERR, si_addr=0x10}: the fields that this code fills in. */
static void show_siginfo_value(struct show *s, const siginfo_t *info)
{
    const char *code = code_name(info->si_signo, info->si_code);

    if (code)
        strbuf_printf(s->out, "{si_code=%s", code);
    else
        strbuf_printf(s->out, "{si_code=%d", info->si_code);

    if (info->si_code > 0 && info->si_code != SI_KERNEL && is_fault(info->si_signo))
        strbuf_printf(s->out, ", si_addr=%#lx", (unsigned long)info->si_addr);
    else if (info->si_code > 0 && info->si_signo == SIGCHLD)
        strbuf_printf(s->out, ", si_pid=%d, si_uid=%u, si_status=%d, si_utime=%ld, si_stime=%ld",
                      info->si_pid, info->si_uid, info->si_status, info->si_utime, info->si_stime);
    else if (info->si_code == SI_TIMER)
        strbuf_printf(s->out, ", si_timerid=%d, si_overrun=%d, si_value=%#lx", info->si_tid,
                      info->si_overrun, (unsigned long)info->si_value.sival_ptr);
    else if (info->si_code == SI_USER || info->si_code == SI_TKILL)
        strbuf_printf(s->out, ", si_pid=%d, si_uid=%u", info->si_pid, info->si_uid);
    else if (info->si_code < 0)
        strbuf_printf(s->out, ", si_pid=%d, si_uid=%u, si_value=%#lx", info->si_pid, info->si_uid,
                      (unsigned long)info->si_value.sival_ptr);
    strbuf_putc(s->out, '}');
}

void show_siginfo(struct show *s, long v)
{
    siginfo_t info;

    if (show_fetch(s, &info, v, sizeof(info)))
        show_siginfo_value(s, &info);
}

void show_siginfo_fields(struct show *s, const void *siginfo)
{
    const siginfo_t *info = siginfo;

    strbuf_puts(s->out, "--- ");
    show_signal(s, info->si_signo);
    strbuf_putc(s->out, ' ');
    show_siginfo_value(s, info);
    strbuf_puts(s->out, " ---");
}

void show_stack(struct show *s, long v)
{
    stack_t stack;

    if (!show_fetch(s, &stack, v, sizeof(stack)))
        return;
    strbuf_puts(s->out, "{ss_sp=");
    show_addr(s, (long)stack.ss_sp);
    strbuf_puts(s->out, ", ss_flags=");
    show_flag_set(s, KIND_SS_FLAGS, (u32)stack.ss_flags);
    strbuf_printf(s->out, ", ss_size=%lu}", (unsigned long)stack.ss_size);
}

void show_sigevent(struct show *s, long v)
{
    struct sigevent ev;

    if (!show_fetch(s, &ev, v, sizeof(ev)))
        return;
    strbuf_printf(s->out,
                  "{sigev_value=%#lx, sigev_signo=", (unsigned long)ev.sigev_value.sival_ptr);
    show_signal(s, ev.sigev_signo);
    strbuf_puts(s->out, ", sigev_notify=");
    show_flag_set(s, KIND_SIGEV, (u32)ev.sigev_notify);
    if (ev.sigev_notify == SIGEV_THREAD_ID)
        strbuf_printf(s->out, ", sigev_notify_thread_id=%d", ev._sigev_un._tid);
    strbuf_putc(s->out, '}');
}

/* ---- files ---- */

void show_stat(struct show *s, long v)
{
    struct stat st;

    if (!show_fetch(s, &st, v, sizeof(st)))
        return;
    strbuf_puts(s->out, "{st_mode=");
    show_mode(s, st.st_mode);
    if ((st.st_mode & S_IFMT) == S_IFCHR || (st.st_mode & S_IFMT) == S_IFBLK) {
        strbuf_puts(s->out, ", st_rdev=");
        show_dev(s, (long)st.st_rdev);
    } else {
        strbuf_printf(s->out, ", st_size=%ld", (long)st.st_size);
    }
    strbuf_puts(s->out, ", ...}");
}

void show_statx(struct show *s, long v)
{
    struct statx st;

    if (!show_fetch(s, &st, v, sizeof(st)))
        return;
    strbuf_puts(s->out, "{stx_mask=");
    show_flag_set(s, KIND_STATX_MASK, st.stx_mask);
    strbuf_printf(s->out, ", stx_attributes=%#lx, stx_mode=", (unsigned long)st.stx_attributes);
    show_mode(s, st.stx_mode);
    strbuf_printf(s->out, ", stx_size=%lu, ...}", (unsigned long)st.stx_size);
}

void show_statfs(struct show *s, long v)
{
    struct statfs st;

    if (show_fetch(s, &st, v, sizeof(st)))
        strbuf_printf(s->out,
                      "{f_type=%#lx, f_bsize=%ld, f_blocks=%lu, f_bfree=%lu, "
                      "f_bavail=%lu, f_files=%lu, f_ffree=%lu, f_namelen=%ld, f_flags=%#lx}",
                      (unsigned long)st.f_type, (long)st.f_bsize, (unsigned long)st.f_blocks,
                      (unsigned long)st.f_bfree, (unsigned long)st.f_bavail,
                      (unsigned long)st.f_files, (unsigned long)st.f_ffree, (long)st.f_namelen,
                      (unsigned long)st.f_flags);
}

void show_open_how(struct show *s, long v)
{
    struct open_how how;

    if (!show_fetch(s, &how, v, sizeof(how)))
        return;
    strbuf_puts(s->out, "{flags=");
    show_flag_set(s, KIND_OFLAGS, how.flags);
    if (how.flags & (O_CREAT | O_TMPFILE))
        strbuf_printf(s->out, ", mode=%#03lo", (unsigned long)how.mode);
    strbuf_puts(s->out, ", resolve=");
    show_flag_set(s, KIND_RESOLVE, how.resolve);
    strbuf_putc(s->out, '}');
}

void show_mq_attr(struct show *s, long v)
{
    struct mq_attr attr;

    if (!show_fetch(s, &attr, v, sizeof(attr)))
        return;
    strbuf_puts(s->out, "{mq_flags=");
    show_flag_set(s, KIND_OFLAGS, (u64)attr.mq_flags);
    strbuf_printf(s->out, ", mq_maxmsg=%ld, mq_msgsize=%ld, mq_curmsgs=%ld}", attr.mq_maxmsg,
                  attr.mq_msgsize, attr.mq_curmsgs);
}

/* ---- processes ---- */

static void show_limit_value(struct show *s, u64 limit)
{
    if (limit == RLIM64_INFINITY)
        strbuf_puts(s->out, "RLIM64_INFINITY");
    else if (limit && limit % 1024 == 0)
        strbuf_printf(s->out, "%lu*1024", limit / 1024);
    else
        strbuf_printf(s->out, "%lu", limit);
}

void show_rlimit(struct show *s, long v)
{
    struct rlimit64 limit;

    if (!show_fetch(s, &limit, v, sizeof(limit)))
        return;
    strbuf_puts(s->out, "{rlim_cur=");
    show_limit_value(s, limit.rlim_cur);
    strbuf_puts(s->out, ", rlim_max=");
    show_limit_value(s, limit.rlim_max);
    strbuf_putc(s->out, '}');
}

void show_rusage(struct show *s, long v)
{
    struct rusage usage;

    if (!show_fetch(s, &usage, v, sizeof(usage)))
        return;
    strbuf_puts(s->out, "{ru_utime=");
    show_timeval_value(s, usage.ru_utime.tv_sec, usage.ru_utime.tv_usec);
    strbuf_puts(s->out, ", ru_stime=");
    show_timeval_value(s, usage.ru_stime.tv_sec, usage.ru_stime.tv_usec);
    strbuf_puts(s->out, ", ...}");
}

/* What <sys/wait.h> would say of it.  wait4() with WNOHANG that found nobody stores nothing. */
void show_wait_status(struct show *s, long v)
{
    u32 status;
    char buf[16];

    if (!s->ret) {
        show_addr(s, v);
        return;
    }
    if (!show_fetch(s, &status, v, sizeof(status)))
        return;
    if (status == 0xffff)
        strbuf_puts(s->out, "[{WIFCONTINUED(s)}]");
    else if ((status & 0xff) == 0x7f)
        strbuf_printf(s->out, "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIG%s}]",
                      signal_name(status >> 8 & 0xff, buf) ?: "?");
    else if (status & 0x7f)
        strbuf_printf(s->out, "[{WIFSIGNALED(s) && WTERMSIG(s) == SIG%s%s}]",
                      signal_name(status & 0x7f, buf) ?: "?",
                      status & 0x80 ? " && WCOREDUMP(s)" : "");
    else
        strbuf_printf(s->out, "[{WIFEXITED(s) && WEXITSTATUS(s) == %u}]", status >> 8 & 0xff);
}

void show_sysinfo(struct show *s, long v)
{
    struct sysinfo info;

    if (show_fetch(s, &info, v, sizeof(info)))
        strbuf_printf(s->out,
                      "{uptime=%ld, loads=[%lu, %lu, %lu], totalram=%lu, freeram=%lu, "
                      "procs=%u, mem_unit=%u, ...}",
                      info.uptime, info.loads[0], info.loads[1], info.loads[2], info.totalram,
                      info.freeram, info.procs, info.mem_unit);
}

void show_utsname(struct show *s, long v)
{
    static const char *const field[] = { "sysname=", "nodename=", "release=" };

    strbuf_putc(s->out, '{');
    for (u64 i = 0; i < ARRAY_SIZE(field); i++) {
        strbuf_printf(s->out, "%s%s", i ? ", " : "", field[i]);
        show_string(s, (u64)v + i * sizeof(((struct new_utsname *)NULL)->sysname), 64);
    }
    strbuf_puts(s->out, ", ...}");
}

void show_sched_param(struct show *s, long v)
{
    show_ret32(s, v);
}

void show_sched_attr(struct show *s, long v)
{
    struct sched_attr attr;

    if (!show_fetch(s, &attr, v, SCHED_ATTR_SIZE_VER0))
        return;
    strbuf_printf(s->out, "{size=%u, sched_policy=", attr.size);
    show_flag_set(s, KIND_SCHED, attr.sched_policy);
    strbuf_printf(s->out, ", sched_flags=%#lx, sched_nice=%d, sched_priority=%u, ...}",
                  (unsigned long)attr.sched_flags, attr.sched_nice, attr.sched_priority);
}

void show_cap_header(struct show *s, long v)
{
    struct __user_cap_header_struct header;

    if (!show_fetch(s, &header, v, sizeof(header)))
        return;
    if (header.version == _LINUX_CAPABILITY_VERSION_3)
        strbuf_puts(s->out, "{version=_LINUX_CAPABILITY_VERSION_3");
    else
        strbuf_printf(s->out, "{version=%#x", header.version);
    strbuf_printf(s->out, ", pid=%d}", header.pid);
}

/* Version 1 has one element, the others two: low words, then high words. */
void show_cap_data(struct show *s, long v)
{
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct data[2] = { { 0 } };
    size_t count;

    if (!show_fetch(s, &header, s->a[0], sizeof(header)))
        return;
    count = header.version == _LINUX_CAPABILITY_VERSION_1 ? 1 : 2;
    if (!show_fetch(s, data, v, count * sizeof(data[0])))
        return;
    strbuf_printf(s->out, "{effective=%#lx, permitted=%#lx, inheritable=%#lx}",
                  (u64)data[1].effective << 32 | data[0].effective,
                  (u64)data[1].permitted << 32 | data[0].permitted,
                  (u64)data[1].inheritable << 32 | data[0].inheritable);
}

void show_clone_args(struct show *s, long v)
{
    struct clone_args args = { 0 };
    u64 size = (u64)s->a[s->i + 1];

    if (!show_fetch(s, &args, v, min_size(size, sizeof(args))))
        return;
    strbuf_puts(s->out, "{flags=");
    show_flag_set(s, KIND_CLONE, args.flags);
    strbuf_puts(s->out, ", exit_signal=");
    show_signal(s, (long)args.exit_signal);
    strbuf_printf(s->out, ", stack=%#lx, stack_size=%#lx, tls=%#lx}", (unsigned long)args.stack,
                  (unsigned long)args.stack_size, (unsigned long)args.tls);
}
