/* SPDX-License-Identifier: MIT */
/*
 * myst help
 */
#include "tools/myst/command.h"
#include "tools/myst/message.h"

static int help_run(char **words, int count)
{
    if (count == 0) {
        command_print_list(stdout);
        return 0;
    }

    const struct command *c = command_find(words[0]);
    if (!c)
        return message_error("unknown command: %s", words[0]);
    command_print_help(c, stdout);
    return 0;
}

const struct command command_help = {
    .name = "help",
    .arguments = "[command]",
    .summary = "say what there is, or how to use one command",
    .options_end = OPTIONS_END_NEVER,
    .words_max = 1,
    .run = help_run,
};
