/* SPDX-License-Identifier: MIT */
/*
 * Everything said about a call except how to run it.  No handler is named here: this file is
 * linked into the kernel (strace), into `myst syscalls`, the page generator and the fuzzer.  It
 * includes neither libc's nor Linux's headers, so that a group may be called `signal`.
 */
#include "kernel/syscall/syscall.h"

const char *const sys_group_name[SYS_GROUPS] = {
#define GROUP(name, implied) [GROUP_##name] = #name,
#include "kernel/syscall/groups.def"
#undef GROUP
};

const char *const sys_status_name[] = {
    [STATUS_NONE] = "none",       [STATUS_REFUSED] = "refused", [STATUS_STUB] = "advice only",
    [STATUS_PARTIAL] = "partial", [STATUS_FULL] = "full",
};

/* The group column of a row is an expression over these. */
enum {
#define GROUP(name, implied) name = 1u << GROUP_##name | (implied),
#include "kernel/syscall/groups.def"
#undef GROUP
};

/* The status column: what it is, and for a refused call the error. */
#define WORD_FULL       .status = STATUS_FULL
#define WORD_PARTIAL    .status = STATUS_PARTIAL
#define WORD_STUB       .status = STATUS_STUB
#define WORD_NONE       .status = STATUS_NONE
#define REFUSAL(name)   .status = STATUS_REFUSED, .err = SYS_ERR_##name, .err_name = #name
#define WORD_ENOSYS     REFUSAL(ENOSYS)
#define WORD_EPERM      REFUSAL(EPERM)
#define WORD_EINVAL     REFUSAL(EINVAL)
#define WORD_ENOSPC     REFUSAL(ENOSPC)
#define WORD_EOPNOTSUPP REFUSAL(EOPNOTSUPP)

#define ARG(x, i, K, n) [i] = { #n, KIND_##K }
const struct sys_info sys_info[SYS_SLOTS] = {
#define SYS(groups_, nr, name_, word, note_, ...)                                                  \
    [SYS_SLOT(nr)] = { .name = #name_,                                                             \
                       .note = note_,                                                              \
                       .groups = groups_,                                                          \
                       .nargs = PAIRS(__VA_ARGS__),                                                \
                       WORD_##word,                                                                \
                       .arg = { MAP(ARG, COMMA, _, ##__VA_ARGS__) } },
#include "kernel/syscall/table.def"
#undef SYS
};

/* A limit must be written down, and a number must have a slot. */
#define NOTELESS_FULL       1
#define NOTELESS_PARTIAL    0
#define NOTELESS_STUB       0
#define NOTELESS_NONE       0
#define NOTELESS_ENOSYS     0
#define NOTELESS_EPERM      0
#define NOTELESS_EINVAL     0
#define NOTELESS_ENOSPC     0
#define NOTELESS_EOPNOTSUPP 0
#define SYS(groups, nr, name, word, note, ...)                                                     \
    _Static_assert(NOTELESS_##word || sizeof(note) > 1, #name ": say what the limit is");          \
    _Static_assert((nr) < SYS_LINUX_END || ((nr) >= SYS_MYST_BEGIN && (nr) < SYS_MYST_END),        \
                   #name ": number");
#include "kernel/syscall/table.def"
#undef SYS

const char *const sys_kind_name[SYS_KINDS] = {
#define KIND(name, ...) [KIND_##name] = #name,
#include "kernel/syscall/kinds.def"
#undef KIND
};

const char *const sys_kind_type[SYS_KINDS] = {
#define KIND(name, type, ...) [KIND_##name] = #type,
#include "kernel/syscall/kinds.def"
#undef KIND
};
