/* SPDX-License-Identifier: MIT */
/*
 * A sub-command of myst: one file cmd_<name>.c which defines one struct command, and one line in
 * commands.def.  Usage and help are made from the struct.
 */
#pragma once
#include "tools/myst/option.h"

#include <stdio.h>

struct command {
    const char *name;
    const char *arguments;                       /* "<directory> <archive>"                 */
    const char *summary;                         /* one line                                */
    const char *description;                     /* further lines for `myst help <name>`, or NULL */
    const struct option *options;                /* ended by a row without name; NULL: none */
    enum option_end options_end;
    int words_min;                               /* how many positional words there may be  */
    int words_max;

    /* Do it.  words are the positional ones, NULL-terminated.  Returns the exit status; an error
     * has been printed. */
    int (*run)(char **words, int count);
};

#define COMMAND(name) extern const struct command command_##name;
#include "tools/myst/commands.def"
#undef COMMAND

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);

/* All commands, one line each. */
void command_print_list(FILE *to);

/* How to call a command, and everything about it. */
void command_print_usage(const struct command *c, FILE *to);
void command_print_help(const struct command *c, FILE *to);
