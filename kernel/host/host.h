/* SPDX-License-Identifier: MIT */
/*
 * The host, checked: the only folder that calls struct target.  What it returns is safe: bounded,
 * known, monotone.  A count is at most what was asked for, an errno is one that Linux defines and
 * that means nothing special inside (others become -EIO), a new descriptor is not one that is
 * live already, types and sizes fit.
 */
#pragma once
#include "abi/image.h"
#include "kernel/lib/types.h"

/* Copy the operations before anything else runs, so that nobody can change them afterwards. */
int host_init(const struct target *t, const struct boot_params *bp,
              const struct kernel_gates *gates);

const char *host_target_name(void);
bool host_has_tee(void);
bool host_has_tsc(void);

/* memory */
int host_protect(u64 addr, u64 len, u32 prot) MUST_CHECK;
int host_discard(u64 addr, u64 len) MUST_CHECK;
void host_sync_cores(void);

/* threads */
int host_thread_create(u32 slot) MUST_CHECK;
NORETURN void host_thread_exit(u32 slot);
int host_park(u32 slot, u64 deadline_ns);        /* 0 or -ETIMEDOUT                         */
void host_unpark(u32 slot);
void host_interrupt(u32 slot);
/* Advice: on these processors only (bits of words). */
void host_set_affinity(u32 slot, const u64 *mask, size_t words);
NORETURN void host_exit(int status);

/* time and entropy */
u64 host_monotonic_ns(void);
u64 host_realtime_ns(void);
/* Any other clock of the host's (CLOCK_THREAD_CPUTIME_ID: the calling thread's): -EINVAL. */
int host_clock_ns(u32 clock_id, u64 *ret) MUST_CHECK;
int host_random(void *dst, size_t len) MUST_CHECK;

/* Wait until a descriptor of the set is ready, the thread is unparked, or the deadline passes:
 * the number of entries with ready != 0, or -ETIMEDOUT. */
int host_poll(u32 slot, struct host_poll *set, u32 n, u64 deadline_ns);

/* streams and files; see abi/hostop.def for each */
ssize_t host_read(hfd fd, void *dst, size_t len) MUST_CHECK;
ssize_t host_write(hfd fd, const void *src, size_t len) MUST_CHECK;
ssize_t host_pread(hfd fd, void *dst, size_t len, u64 off) MUST_CHECK;
ssize_t host_pwrite(hfd fd, const void *src, size_t len, u64 off) MUST_CHECK;
s64 host_lseek(hfd fd, s64 off, int whence);
void host_close(hfd fd);
int host_ioctl(hfd fd, u32 request, void *arg, size_t in_len, size_t out_len);
int host_ioctl_value(hfd fd, u32 request, u64 value); /* whose argument is no address       */
int host_set_nonblock(hfd fd, bool on);

/* What the host says of a file, made plausible: a type there is, a size that fits, nanoseconds
 * below a second, a power of two as block size; -EIO where it cannot be meant. */
struct stat;
struct statfs;
int host_fstat(hfd fd, struct stat *ret) MUST_CHECK;
int host_statat(hfd dir, const char *name, struct stat *ret) MUST_CHECK; /* never follows   */
int host_statfs(hfd fd, struct statfs *ret) MUST_CHECK;

/* The general form, for hostfs and net: runs c, checks the result by its row, returns it. */
s64 host_call(struct hostcall *c) MUST_CHECK;
/* The same for rows whose result is FD. */
int host_call_fd(struct hostcall *c, hfd *ret) MUST_CHECK;

/* What host/ needs from above: strace, to show host operations under the call that made them. */
struct host_trace_ops {
    void (*call)(const struct hostcall *c, s64 answer); /* after it, on its thread; NULL: off */
};
extern struct host_trace_ops host_trace_ops;

/* Add a line's worth about a host operation to out: "openat(7, 0x8000, \"etc/passwd\") = 9". */
struct strbuf;
void host_call_describe(struct strbuf *out, const struct hostcall *c, s64 answer);
