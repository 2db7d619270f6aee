/* SPDX-License-Identifier: MIT */
/*
 * The option parser.  One pass over the words: an option is acted on where it is met, anything else
 * is moved to the front.
 */
#include "tools/myst/option.h"
#include "tools/myst/message.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_BYTES = 4096 };

const char *option_flag(void *value, const char *text)
{
    (void)text;
    *(bool *)value = true;
    return NULL;
}

const char *option_text(void *value, const char *text)
{
    *(const char **)value = text;
    return NULL;
}

const char *option_bool(void *value, const char *text)
{
    if (strcmp(text, "true") && strcmp(text, "false"))
        return "must be true or false";
    *(bool *)value = !strcmp(text, "true");
    return NULL;
}

int option_digits(const char **text, uint64_t max, uint64_t *ret)
{
    const char *p = *text;
    uint64_t n = 0;

    if (*p < '0' || *p > '9')
        return -EINVAL;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, *p - '0', &n))
            return -EINVAL;
    }
    if (n > max)
        return -EINVAL;
    *text = p;
    *ret = n;
    return 0;
}

const char *option_number(void *value, const char *text)
{
    uint64_t n;

    if (option_digits(&text, INT_MAX, &n) || *text)
        return "not a number";
    *(unsigned *)value = (unsigned)n;
    return NULL;
}

/* Binary digits that a suffix stands for; -1 if it is none. */
static int size_shift(const char *suffix)
{
    if (!*suffix)
        return 0;
    if (suffix[1])
        return -1;
    switch (*suffix | 0x20) {
    case 'k':
        return 10;
    case 'm':
        return 20;
    case 'g':
        return 30;
    default:
        return -1;
    }
}

const char *option_size(void *value, const char *text)
{
    uint64_t n;

    if (option_digits(&text, UINT64_MAX, &n) || size_shift(text) < 0)
        return "not a size (digits, then nothing, k, m or g)";
    if (n == 0)
        return "must not be zero";
    if (__builtin_mul_overflow(n, (uint64_t)1 << size_shift(text), &n) ||
        n > UINT64_MAX - PAGE_BYTES)
        return "too large";
    *(uint64_t *)value = (n + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    return NULL;
}

/* The option that word spells, with or without "=value"; NULL if there is none. */
static const struct option *option_find(const struct option *table, const char *word,
                                        size_t word_len)
{
    for (const struct option *o = table; o && o->name; o++) {
        if (word_len == 2 && o->letter && word[1] == o->letter)
            return o;
        if (word_len > 2 && word[1] == '-' && strlen(o->name) == word_len - 2 &&
            !strncmp(o->name, word + 2, word_len - 2))
            return o;
    }
    return NULL;
}

static bool option_is_help(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-h");
}

/* Act on the option at words[0].  Returns the words it took, 0 if an error was printed. */
static int option_take(const struct option *table, char **words)
{
    const char *equals = strchr(words[0], '=');
    size_t len = equals ? (size_t)(equals - words[0]) : strlen(words[0]);
    int name_len = (int)len;
    const struct option *o = option_find(table, words[0], len);
    const char *text = equals ? equals + 1 : NULL;
    int taken = 1;

    if (!o) {
        message_error("unknown option: %.*s", name_len, words[0]);
        return 0;
    }
    if (o->argument == ARGUMENT_NONE && equals) {
        message_error("extraneous '=': %.*s", name_len, words[0]);
        return 0;
    }
    if (o->argument == ARGUMENT_REQUIRED && !equals) {
        text = words[1];
        taken = 2;
    }
    if ((o->argument == ARGUMENT_REQUIRED && !text) || (text && !*text)) {
        message_error("missing option argument: %.*s", name_len, words[0]);
        return 0;
    }

    const char *wrong = o->parse(o->value, text);
    if (wrong) {
        if (strcmp(wrong, OPTION_REPORTED))
            message_error("bad %.*s option: %s%s%s", name_len, words[0], text ? text : "",
                          text ? ": " : "", wrong);
        return 0;
    }
    return taken;
}

enum options_result options_parse(const struct option *table, enum option_end end, char **words,
                                  int *ret_count)
{
    bool options_end = false;
    int count = 0;
    int i = 0;

    while (words[i]) {
        if (options_end || words[i][0] != '-' || !words[i][1]) {
            words[count++] = words[i++];
            options_end = options_end || count >= (int)end;
        } else if (!strcmp(words[i], "--")) {
            options_end = true;
            i++;
        } else if (option_is_help(words[i])) {
            return OPTIONS_HELP;
        } else {
            int taken = option_take(table, words + i);
            if (!taken)
                return OPTIONS_BAD;
            i += taken;
        }
    }
    words[count] = NULL;
    *ret_count = count;
    return OPTIONS_OK;
}
