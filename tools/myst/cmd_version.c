/* SPDX-License-Identifier: MIT */
/*
 * myst version, also spelled --version
 */
#include "tools/myst/command.h"

#define MYST_VERSION "0.1.0"

static int version_run(char **words, int count)
{
    (void)words;
    (void)count;
    printf("myst %s\n", MYST_VERSION);
    return 0;
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .summary = "print the version",
    .options_end = OPTIONS_END_NEVER,
    .run = version_run,
};
