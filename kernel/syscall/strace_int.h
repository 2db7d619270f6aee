/* SPDX-License-Identifier: MIT */
/*
 * strace inside: when lines are printed (strace.c), what a call's line says (strace_call.c), and
 * the decoders, one per kind: numbers, text and flags (strace_show.c), structures
 * (strace_struct.c), vectors, sockets and readiness (strace_io.c).
 */
#pragma once
#include "kernel/lib/strbuf.h"
#include "kernel/syscall/strace.h"

/* One call that is being printed.  A decoder adds the value v of argument i to out; it may look at
 * the other arguments, and at ret if `done`. */
struct show {
    struct strbuf *out;
    const struct sys_info *info;                 /* NULL: a number without a row            */
    unsigned long nr;
    const long *a;
    unsigned i;
    bool done;                                   /* the call has returned                   */
    long ret;
};

/* "read(3, " with out, info, nr and a filled in; "4096) = 812" with ret. */
void show_call_begin(struct show *s);
void show_call_end(struct show *s);
/* In place of the second, for a call that does not return. */
void show_call_without_end(struct show *s);
bool show_is_error(const struct show *s);

#define KIND(name, type, from, when, decoder) void show_##decoder(struct show *s, long v);
#include "kernel/syscall/kinds.def"
#undef KIND

/* How many arguments mean anything: open without O_CREAT has no mode. */
unsigned show_count(const struct sys_info *info, unsigned long nr, const long a[6]);
/* What is told behind the result: what poll found ready, which flags F_GETFL means. */
void show_result_words(struct show *s);
void show_poll_result(struct show *s);
void show_select_result(struct show *s);

/* For decoders. */

/* Copy len bytes of user memory at v; if that is not possible print the address and say false. */
bool show_fetch(struct show *s, void *dst, long v, size_t len);
void show_flag_set(struct show *s, enum sys_kind kind, u64 v);
/* "..." of len bytes, cut if there are more than max. */
void show_bytes(struct show *s, u64 addr, u64 len, u64 max);
/* "..." up to the NUL, cut at max. */
void show_string(struct show *s, u64 addr, u64 max);
void show_quoted(struct show *s, const char *text, size_t len, bool next_is_digit);
void show_sigset_bits(struct show *s, u64 set);
void show_siginfo_fields(struct show *s, const void *siginfo);
void show_timespec_value(struct show *s, s64 sec, s64 nsec);

enum {
    SHOW_BYTES = 32,                             /* of data and of strings but paths        */
    SHOW_ITEMS = 16,                             /* of a vector                             */
};

/* The name of a signal without SIG ("KILL", "RT_3"), in buf if it has to be made; NULL: none. */
const char *signal_name(int signo, char buf[16]);

/* ---- strace.c ---- */

int strace_setup(const struct strace_config *config, u32 slots) MUST_CHECK;

/* The thread is about to sleep: true if the line of its call has been printed now. */
bool strace_before_sleep(struct thread *self);

/* syscall_dispatch(), printing the call as the configuration says. */
long syscall_traced(struct thread *self, unsigned long nr, const long a[6]);
