/* SPDX-License-Identifier: MIT */
/*
 * Options of sub-commands, as a table per command.
 *
 * An option is written `--name value`, `--name=value` or, if it has a letter, `-n value` or
 * `-n=value`.  `--` ends the options.  Otherwise they end where the command says: at the first
 * positional word, at the second (exec: an option may stand between root file system and
 * application), or never.  What follows is never looked at: it belongs to the application.
 *
 * A row's parse function stores the value; given twice, the last one counts, or both do where the
 * function collects.
 */
#pragma once
#include <limits.h>
#include <stdint.h>

enum option_argument { ARGUMENT_NONE, ARGUMENT_REQUIRED, ARGUMENT_OPTIONAL };

/* Which positional word ends the options. */
enum option_end {
    OPTIONS_END_AT_FIRST = 1,
    OPTIONS_END_AT_SECOND = 2,
    OPTIONS_END_NEVER = INT_MAX,
};

#define OPTION_REPORTED ""

struct option {
    const char *name;                            /* without the dashes; NULL ends a table   */
    char letter;                                 /* 0: long form only                       */
    enum option_argument argument;
    const char *argument_name;                   /* for the help text                       */
    const char *help;                            /* NULL: an old spelling, understood but not shown */

    /* Store text (NULL for an option without argument) in value.  Returns NULL, or what is wrong
     * with the text: OPTION_REPORTED if that has been printed already. */
    const char *(*parse)(void *value, const char *text);
    void *value;
};

/* The parse functions that more than one command needs; what value points to is in front. */
const char *option_flag(void *value, const char *text);   /* bool: becomes true             */
const char *option_text(void *value, const char *text);   /* const char *                   */
const char *option_number(void *value, const char *text); /* unsigned                       */
const char *option_bool(void *value, const char *text);   /* bool: "true" or "false"        */
const char *option_size(void *value, const char *text);   /* uint64_t: whole pages, not 0   */

/* The decimal number at *text, up to max; *text moves behind it.  Returns 0, or -EINVAL if there is
 * none or it is greater. */
int option_digits(const char **text, uint64_t max, uint64_t *ret);

enum options_result { OPTIONS_OK, OPTIONS_BAD, OPTIONS_HELP };

/* Read the options in words (NULL-terminated), and take them out of it: what remains are the
 * positional words, *ret_count of them, in order.  OPTIONS_BAD: an error has been printed.
 * OPTIONS_HELP: --help or -h came first. */
enum options_result options_parse(const struct option *table, enum option_end end, char **words,
                                  int *ret_count);
