/* SPDX-License-Identifier: MIT */
/*
 * Values of the options that describe a run.  Lists grow by one: command lines are short.  What is
 * allocated here lives as long as the command.
 */
#include "tools/myst/run_option.h"
#include "tools/myst/cleanup.h"
#include "tools/myst/message.h"
#include "targets/linux/run.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char no_memory[] = "no memory";

enum { MEMORY_MIN = 1 << 20, STACK_MIN = 64 << 10 };

/* One row of a list of words: where word stands in names (NULL-terminated), -1 if nowhere. */
static int word_index(const char *const *names, const char *word)
{
    for (int i = 0; names[i]; i++) {
        if (!strcmp(names[i], word))
            return i;
    }
    return -1;
}

/* "h:e" at *text, which moves behind it. */
static int id_pair_parse(const char **text, struct id_pair *ret)
{
    uint64_t host, inside;

    if (option_digits(text, UINT32_MAX, &host) || *(*text)++ != ':' ||
        option_digits(text, UINT32_MAX, &inside))
        return -1;
    *ret = (struct id_pair){ (uint32_t)host, (uint32_t)inside };
    return 0;
}

const char *option_id_map(void *value, const char *text)
{
    AUTO(freep) struct id_pair *pairs = NULL;
    struct id_map *map = value;
    size_t count = 0;

    do {
        struct id_pair *grown = reallocarray(pairs, count + 1, sizeof(*pairs));
        if (!grown)
            return no_memory;
        pairs = grown;
        if (id_pair_parse(&text, &pairs[count++]))
            return "must be <host id>:<id inside>[,...]";
    } while (*text++ == ',');
    if (text[-1])
        return "must be <host id>:<id inside>[,...]";

    free(map->pairs);
    *map = (struct id_map){ TAKE(pairs), count };
    return NULL;
}

const char *option_ids(void *value, const char *text)
{
    AUTO(freep) int *ids = NULL;
    struct id_list *list = value;
    size_t count = 0;

    for (;; text++) {
        const char *word = text;
        uint64_t id;
        int *grown = reallocarray(ids, count + 1, sizeof(*ids));
        if (!grown)
            return no_memory;
        ids = grown;

        if (option_digits(&text, INT_MAX, &id) || id == 0 || (*text && *text != ':')) {
            message_error("tid or pid %.*s is invalid. Must be a positive number.",
                          (int)strcspn(word, ":"), word);
            return OPTION_REPORTED;
        }
        ids[count++] = (int)id;
        if (!*text)
            break;
    }
    free(list->ids);
    *list = (struct id_list){ TAKE(ids), count };
    return NULL;
}

const char *option_mount(void *value, const char *text)
{
    struct mount_list *list = value;
    const char *equals = strchr(text, '=');

    if (!equals || equals == text || equals[1] != '/')
        return "must be <source>=<absolute target>";

    struct mount_source *grown = reallocarray(list->items, list->count + 1, sizeof(*grown));
    if (!grown)
        return no_memory;
    list->items = grown;

    const char *source = strndup(text, (size_t)(equals - text));
    if (!source)
        return no_memory;
    list->items[list->count++] = (struct mount_source){ source, equals + 1 };
    return NULL;
}

const char *option_log_level(void *value, const char *text)
{
    static const char *const names[] = { "emerg",  "alert", "crit",  "err", "warn",
                                         "notice", "info",  "debug", NULL };
    int level = word_index(names, text);

    if (level < 0)
        return "must be emerg, alert, crit, err, warn, notice, info or debug";
    *(unsigned *)value = (unsigned)level;
    return NULL;
}

const char *option_fork_mode(void *value, const char *text)
{
    static const char *const names[] = {
        [FORK_NONE] = "none",
        [FORK_PSEUDO] = "pseudo",
        [FORK_PSEUDO_WAIT] = "pseudo_wait_for_exit_exec",
        [FORK_FULL] = "full",
        NULL,
    };
    int mode = word_index(names, text);

    if (mode < 0)
        return "must be none, pseudo, pseudo_wait_for_exit_exec or full";
    *(enum fork_mode *)value = (enum fork_mode)mode;
    return NULL;
}

const char *option_interception(void *value, const char *text)
{
    static const char *const names[] = {
        [INTERCEPT_AUTO] = "auto",       [INTERCEPT_TRAP] = "trap",
        [INTERCEPT_SUD] = "sud",         [INTERCEPT_SUD_INCLUSIVE] = "sud-inclusive",
        [INTERCEPT_SECCOMP] = "seccomp", NULL,
    };
    int mode = word_index(names, text);

    if (mode < 0)
        return "must be auto, trap, sud, sud-inclusive or seccomp";
    *(enum interception *)value = (enum interception)mode;
    return NULL;
}

const char *option_strace(void *value, const char *text)
{
    struct strace_options *strace = value;

    if (text && strcmp(text, "host"))
        return "must be host, or nothing";
    strace->all = true;
    strace->host_calls = strace->host_calls || text;
    return NULL;
}

const char *option_memory(void *value, const char *text)
{
    uint64_t size;
    const char *wrong = option_size(&size, text);

    if (wrong)
        return wrong;
    if (size < MEMORY_MIN)
        return "must be at least 1m";
    *(uint64_t *)value = size;
    return NULL;
}

const char *option_stack(void *value, const char *text)
{
    uint64_t size;
    const char *wrong = option_size(&size, text);

    if (wrong)
        return wrong;
    if (size < STACK_MIN)
        return "must be at least 64k";
    *(uint64_t *)value = size;
    return NULL;
}
