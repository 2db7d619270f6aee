/* SPDX-License-Identifier: MIT */
/*
 * strace: which calls are shown, and the hooks that show them.
 *
 * A struct strace_config is plain data without pointers.  The loader fills it in, so that a
 * misspelt name is an error before anything starts, and hands it over in boot_params.strace;
 * strace_config.c is linked into kernel and host tools and needs neither.
 *
 * One rule decides about a thread (pid and tid filters), another about a call (names and groups);
 * both must agree.  With `failing` every failing call is shown: those alone, or if there is a
 * filter of names, in addition to what it lets through.
 */
#pragma once
#include "kernel/syscall/syscall.h"

enum {
    STRACE_SLOT_WORDS = (SYS_SLOTS + 63) / 64,
    STRACE_ID_MAX = 32768,                       /* ids are below it (kernel/proc/pid.h)    */
    STRACE_ID_WORDS = STRACE_ID_MAX / 64,
};

struct strace_ids {
    bool limited;                                /* only those of the set                   */
    u64 set[STRACE_ID_WORDS];
};

struct strace_config {
    bool on;                                     /* any of it                               */
    bool failing;                                /* every failing call                      */
    bool host_calls;                             /* --strace=host                           */
    bool unknown;                                /* numbers without a slot                  */
    u64 slots[STRACE_SLOT_WORDS];                /* calls that are shown, as bits           */
    struct strace_ids pids, tids;
};

/* The options as given on the command line; NULL: not given. */
struct strace_request {
    bool all;                                    /* --strace                                */
    bool host_calls;                             /* --strace=host                           */
    bool failing;                                /* --strace-failing                        */
    const char *filter;                          /* --strace-filter: "A:B"                  */
    const char *exclude;                         /* --strace-exclude-filter                 */
    const char *tids, *pids;                     /* "n:n"                                   */
};

/* Make a configuration of a request.  0, or -EINVAL and one line about it in err.  Any option
 * turns tracing on; tids and pids narrow what the others show, and alone they narrow all. */
int strace_config_parse(const struct strace_request *request, struct strace_config *ret, char *err,
                        size_t err_size) MUST_CHECK;

/* For callers that have taken the numbers apart themselves. */
void strace_ids_add(struct strace_ids *ids, s32 id);

static inline bool strace_has_slot(const struct strace_config *c, unsigned long slot)
{
    return slot < SYS_SLOTS ? c->slots[slot / 64] >> slot % 64 & 1 : c->unknown;
}

static inline bool strace_has_id(const struct strace_ids *ids, s32 id)
{
    return !ids->limited || (id >= 0 && id < STRACE_ID_MAX && ids->set[id / 64] >> id % 64 & 1);
}
