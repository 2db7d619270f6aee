/* SPDX-License-Identifier: MIT */
/*
 * myst fsgsbase
 *
 * The kernel keeps its own thread block behind GS and switches FS between programs with wrfsbase;
 * both the processor and the host's kernel must allow that.
 */
#include "tools/myst/command.h"

#include <asm/hwcap2.h>
#include <stdbool.h>
#include <sys/auxv.h>

static bool quiet;

static const struct option fsgsbase_options[] = {
    { "quiet", 'q', ARGUMENT_NONE, NULL, "print nothing; the exit status tells", option_flag,
      &quiet },
    { 0 },
};

static int fsgsbase_run(char **words, int count)
{
    /* CPUID alone would not say whether Linux has switched them on. */
    bool supported = getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE;

    (void)words;
    (void)count;
    if (!quiet)
        printf("FSGSBASE instructions are %ssupported\n", supported ? "" : "not ");
    return supported ? 0 : 1;
}

const struct command command_fsgsbase = {
    .name = "fsgsbase",
    .arguments = "",
    .summary = "tell whether this machine lets programs use the FSGSBASE instructions",
    .options = fsgsbase_options,
    .options_end = OPTIONS_END_NEVER,
    .run = fsgsbase_run,
};
