/* SPDX-License-Identifier: MIT */
/* The options of --strace and its filters, checked before anything starts. */
#include "kernel/syscall/strace.h"
#include "targets/linux/outer.h"

static struct strace_config config;

int strace_prepare(const struct strace_options *o, const struct strace_config **ret)
{
    struct strace_request request = {
        .all = o->all || o->tids.count || o->pids.count,
        .host_calls = o->host_calls,
        .failing = o->failing,
        .filter = o->filter,
        .exclude = o->exclude,
    };
    char message[256];

    if (strace_config_parse(&request, &config, message, sizeof(message)))
        return outer_error("%s", message);
    for (size_t i = 0; i < o->tids.count; i++)
        strace_ids_add(&config.tids, o->tids.ids[i]);
    for (size_t i = 0; i < o->pids.count; i++)
        strace_ids_add(&config.pids, o->pids.ids[i]);
    *ret = config.on ? &config : NULL;
    return 0;
}
