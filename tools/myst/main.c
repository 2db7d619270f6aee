/* SPDX-License-Identifier: MIT */
/*
 * The myst command.  Called as "myst" it takes a sub-command; under any other name it is a packaged
 * application, which may be renamed to whatever its user likes.
 */
#include "tools/myst/command.h"
#include "tools/myst/message.h"

#include <stdlib.h>
#include <string.h>

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The spellings of commands that look like options. */
static const char *command_spelling(const char *word)
{
    if (!strcmp(word, "-h") || !strcmp(word, "--help"))
        return "help";
    if (!strcmp(word, "--version"))
        return "version";
    return word;
}

static int command_run(const struct command *c, char **words)
{
    int count;

    switch (options_parse(c->options, c->options_end, words, &count)) {
    case OPTIONS_BAD:
        return EXIT_FAILURE;
    case OPTIONS_HELP:
        command_print_help(c, stdout);
        return EXIT_SUCCESS;
    case OPTIONS_OK:
        break;
    }

    if (count < c->words_min || count > c->words_max) {
        command_print_usage(c, stderr);
        return EXIT_FAILURE;
    }
    return c->run(words, count);
}

/* Output that could not be written is an error, whatever the command thinks. */
static int flush_stdout(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    return message_error("cannot write to standard output");
}

int main(int argc, char **argv)
{
    message_init(argc > 0 ? argv[0] : "myst");

    if (strcmp(last_component(message_program()), "myst"))
        return message_error("not a package");
    if (argc < 2) {
        command_print_list(stderr);
        return EXIT_FAILURE;
    }

    const struct command *c = command_find(command_spelling(argv[1]));
    if (!c) {
        message_error("unknown command: %s", argv[1]);
        command_print_list(stderr);
        return EXIT_FAILURE;
    }
    return flush_stdout(command_run(c, argv + 2));
}
