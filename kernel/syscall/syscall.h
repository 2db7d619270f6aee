/* SPDX-License-Identifier: MIT */
/*
 * System calls: what the rest of the kernel, and tools on the host, may know about the table.
 *
 * dispatch.c holds the hot array, one pointer per call; info.c the cold one, everything said
 * about a call, which mentions no handler, so that programs on the host link it too.
 *
 * How to add a call
 *
 * 1. Find its row in table.def: every Linux call has one.  Complete the argument kinds if they
 *    are not to your liking and write FULL (or PARTIAL and a note) in place of NONE.
 * 2. Write its handler in sys_<family>.c, which includes this header.  The row has made the
 *    prototype; `build/bin/sysdoc --prototype <name>` prints it:
 *
 *        long sys_pread64(struct thread *self, int fd, uptr buf, size_t count, s64 offset)
 *
 *    It returns the result or -errno, as Linux's would; -ERESTARTSYS and friends where a signal
 *    ended a wait.  self->frame is the caller's registers.  No handler calls another.
 * 3. Flags are checked against their list in flags.def: flags_unknown(KIND_EFD, flags) (flags.h).
 *    Move flags between F (honoured) and N (not) there: the page of honoured flags is made of it.
 * 4. Write tests/sys/<name>.c, or name the call in the "covers:" comment of the test that
 *    exercises it; `make check-table docs`.
 *
 * strace, the dispatcher, the documentation and the fuzzer know the call already.
 */
#pragma once
#include "kernel/lib/types.h"
#include "kernel/syscall/pp.h"

struct strace_config;
struct thread;

enum sys_kind {
#define KIND(name, ...) KIND_##name,
#include "kernel/syscall/kinds.def"
#undef KIND
    SYS_KINDS
};

enum sys_group {
#define GROUP(name, implied) GROUP_##name,
#include "kernel/syscall/groups.def"
#undef GROUP
    SYS_GROUPS
};
_Static_assert(SYS_GROUPS <= 32, "groups are bits of a u32");

/* In ascending order of what a program can expect. */
enum sys_status {
    STATUS_NONE,
    STATUS_REFUSED,                              /* always the same error                   */
    STATUS_STUB,
    STATUS_PARTIAL,
    STATUS_FULL,
    SYS_STATUSES
};

/* The errors that the status column may name; the same numbers as <asm/errno.h> (checked in
 * dispatch.c), which info.c cannot include. */
enum {
    SYS_ERR_EPERM = 1,
    SYS_ERR_EINVAL = 22,
    SYS_ERR_ENOSPC = 28,
    SYS_ERR_ENOSYS = 38,
    SYS_ERR_EOPNOTSUPP = 95,
};

struct sys_arg {
    const char *name;
    enum sys_kind kind;
};

struct sys_info {
    const char *name;                            /* NULL: no such call                      */
    const char *note;
    const char *err_name;                        /* STATUS_REFUSED: "ENOSYS"                */
    u32 groups;                                  /* bits, 1u << GROUP_x                     */
    u8 status;                                   /* enum sys_status                         */
    u8 err;                                      /* STATUS_REFUSED: the error               */
    u8 nargs;
    struct sys_arg arg[6];
};

/* Linux's numbers, then ours from <myst/tee.h>, packed into one array of slots. */
enum {
    SYS_LINUX_END = 512,
    SYS_MYST_BEGIN = 1000,
    SYS_MYST_END = 1064,
    SYS_SLOTS = SYS_LINUX_END + SYS_MYST_END - SYS_MYST_BEGIN,
};
#define SYS_SLOT(nr) ((nr) < SYS_LINUX_END ? (nr) : SYS_LINUX_END - SYS_MYST_BEGIN + (nr))

/* The slot of a number, SYS_SLOTS for one that has none. */
static inline unsigned long sys_slot(unsigned long nr)
{
    if (nr < SYS_LINUX_END)
        return nr;
    return nr >= SYS_MYST_BEGIN && nr < SYS_MYST_END ? SYS_SLOT(nr) : SYS_SLOTS;
}

static inline unsigned long sys_slot_nr(unsigned long slot)
{
    return slot < SYS_LINUX_END ? slot : slot - SYS_LINUX_END + SYS_MYST_BEGIN;
}

/* NR_read is 0: for the few places that must name a call. */
enum sys_nr {
#define SYS(groups, nr, name, ...) NR_##name = nr,
#include "kernel/syscall/table.def"
#undef SYS
};

extern const struct sys_info sys_info[SYS_SLOTS];
extern const char *const sys_group_name[SYS_GROUPS];
extern const char *const sys_status_name[SYS_STATUSES];
extern const char *const sys_kind_name[SYS_KINDS];
extern const char *const sys_kind_type[SYS_KINDS]; /* "int"                                 */

/* What is said about a number; NULL if nothing is. */
static inline const struct sys_info *sys_info_find(unsigned long nr)
{
    unsigned long slot = sys_slot(nr);

    return slot < SYS_SLOTS && sys_info[slot].name ? &sys_info[slot] : NULL;
}

/* ---- running calls (kernel only) ---- */

/* What the run was started with. */
struct syscall_options {
    const struct strace_config *strace;          /* stays for ever; NULL: off               */
    u32 slots;                                   /* thread slots                            */
    bool perf;
    bool unhandled_enosys;                       /* UnhandledSyscallEnosys                  */
};

/* Once, before the first program and after whoever else fills in park_ops and proc_ops.
 * -ENOMEM. */
int syscall_setup(const struct syscall_options *options) MUST_CHECK;

/* Run the call nr for self: the result, or -errno.  Where there is no handler:
 * syscall_unhandled(). */
long syscall_dispatch(struct thread *self, unsigned long nr, const long a[6]);

/* The policy for calls without a handler (unhandled.c explains): returns -ENOSYS, perhaps to a
 * process that will not see it. */
long syscall_unhandled(struct thread *self, unsigned long nr);
extern bool syscall_unhandled_enosys;            /* [const] after syscall_setup()           */

static inline bool sys_has_handler(const struct sys_info *info)
{
    return info && info->status > STATUS_NONE;
}

/* Somebody wants to know about calls; 0: nobody. */
enum { WATCH_STRACE = 1, WATCH_PERF = 2 };
extern u32 syscall_watch;                        /* [const] after syscall_setup()           */

/* syscall_dispatch(), counted and printed as syscall_watch says (watch.c). */
long syscall_watched(struct thread *self, unsigned long nr, const long a[6]);

/* The one door for kernel/syscall/enter.c. */
static inline long syscall_run(struct thread *self, unsigned long nr, const long a[6])
{
    if (likely(!syscall_watch))
        return syscall_dispatch(self, nr, a);
    return syscall_watched(self, nr, a);
}

/* The table of --perf: calls and time per row, most expensive first, on the host's stderr.
 * Nothing if --perf is off. */
void syscall_perf_print(void);

/* ---- handlers ----
 *
 * long sys_read(struct thread *self, int fd, uptr buf, size_t count); and so on.  Rows without
 * a handler get a prototype too; only a handler that exists is ever called. */
#define KIND(name, type, ...) typedef type kind_##name;
#include "kernel/syscall/kinds.def"
#undef KIND
#define SYS_PARAM(x, i, K, n) , kind_##K n
#define SYS(groups, nr, name, word, note, ...)                                                     \
    long sys_##name(struct thread *self MAP(SYS_PARAM, NOTHING, _, ##__VA_ARGS__));
#include "kernel/syscall/table.def"
#undef SYS
#undef SYS_PARAM
