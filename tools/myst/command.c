/* SPDX-License-Identifier: MIT */
/*
 * The table of sub-commands, and what is printed from it.
 */
#include "tools/myst/command.h"
#include "tools/myst/message.h"

#include <string.h>

#define COMMAND(name) &command_##name,
static const struct command *const commands[] = {
#include "tools/myst/commands.def"
    NULL,
};
#undef COMMAND

enum { HELP_COLUMN = 34 };                       /* where explanations start: most options fit in front */

const struct command *command_find(const char *name)
{
    for (const struct command *const *c = commands; *c; c++) {
        if (!strcmp((*c)->name, name))
            return *c;
    }
    return NULL;
}

void command_print_list(FILE *to)
{
    fprintf(to, "usage: %s <command> [options] [arguments]\n\n", message_program());
    for (const struct command *const *c = commands; *c; c++)
        fprintf(to, "  %-12s %s\n", (*c)->name, (*c)->summary);
    fprintf(to, "\n%s help <command> says more.\n", message_program());
}

void command_print_usage(const struct command *c, FILE *to)
{
    fprintf(to, "usage: %s %s%s%s%s\n", message_program(), c->name, c->options ? " [options]" : "",
            *c->arguments ? " " : "", c->arguments);
}

static void option_print(const struct option *o, FILE *to)
{
    int column = fprintf(to, "  ");

    if (o->letter)
        column += fprintf(to, "-%c, ", o->letter);
    column += fprintf(to, "--%s", o->name);
    if (o->argument == ARGUMENT_REQUIRED)
        column += fprintf(to, " <%s>", o->argument_name);
    if (o->argument == ARGUMENT_OPTIONAL)
        column += fprintf(to, "[=%s]", o->argument_name);

    if (column >= HELP_COLUMN)
        column = fprintf(to, "\n") - 1;
    fprintf(to, "%*s%s\n", HELP_COLUMN - column, "", o->help);
}

void command_print_help(const struct command *c, FILE *to)
{
    command_print_usage(c, to);
    fprintf(to, "\n%s\n", c->summary);
    if (c->description)
        fprintf(to, "\n%s", c->description);
    if (!c->options)
        return;

    fprintf(to, "\noptions:\n");
    for (const struct option *o = c->options; o->name; o++) {
        if (o->help)
            option_print(o, to);
    }
}
