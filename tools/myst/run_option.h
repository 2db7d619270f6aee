/* SPDX-License-Identifier: MIT */
/*
 * Parse functions for the options that describe a run, whatever the target: each fills in a member
 * of struct run_options.
 */
#pragma once
#include "tools/myst/option.h"

const char *option_id_map(void *value, const char *text);       /* struct id_map            */
const char *option_ids(void *value, const char *text);          /* struct id_list           */
const char *option_mount(void *value, const char *text);        /* struct mount_list, collects */
const char *option_log_level(void *value, const char *text);    /* unsigned                 */
const char *option_fork_mode(void *value, const char *text);    /* enum fork_mode           */
const char *option_interception(void *value, const char *text); /* enum interception        */
const char *option_strace(void *value, const char *text);       /* struct strace_options    */
const char *option_memory(void *value, const char *text);       /* uint64_t, at least 1m    */
const char *option_stack(void *value, const char *text);        /* uint64_t, at least 64k   */
