/* SPDX-License-Identifier: MIT */
/*
 * From strace's options to a struct strace_config.  Pure: neither kernel nor libc behind it.
 */
#include "kernel/syscall/strace.h"

#include "kernel/lib/string.h"

enum { NAME_SHOWN = 64 };                        /* of a bad name, in a message             */

/* One element of "A:B". */
struct word {
    const char *str;
    size_t len;
};

/* The next element of *list, which moves behind it; false at the end.  "A:" has two elements, the
 * second one empty. */
static bool word_next(const char **list, struct word *ret)
{
    const char *colon;

    if (!*list)
        return false;
    ret->str = *list;
    colon = strchr(*list, ':');
    ret->len = colon ? (size_t)(colon - *list) : strlen(*list);
    *list = colon ? colon + 1 : NULL;
    return true;
}

static bool word_is(struct word w, const char *name)
{
    return strlen(name) == w.len && !memcmp(name, w.str, w.len);
}

/* before, the word, after: what fits. */
static int complain(char *err, size_t err_size, const char *before, struct word w,
                    const char *after)
{
    const struct word part[] = {
        { before, strlen(before) },
        { w.str, w.len < NAME_SHOWN ? w.len : NAME_SHOWN },
        { after, strlen(after) },
    };
    size_t at = 0;

    for (size_t i = 0; i < ARRAY_SIZE(part); i++)
        for (size_t j = 0; j < part[i].len && at + 1 < err_size; j++)
            err[at++] = part[i].str[j];
    if (err_size)
        err[at] = '\0';
    return -SYS_ERR_EINVAL;
}

static void slot_set(struct strace_config *c, unsigned long slot, bool shown)
{
    u64 bit = 1ull << slot % 64;

    if (shown)
        c->slots[slot / 64] |= bit;
    else
        c->slots[slot / 64] &= ~bit;
}

/* All calls of a group, given by its number. */
static void group_set(struct strace_config *c, unsigned group, bool shown)
{
    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++)
        if (sys_info[slot].name && sys_info[slot].groups >> group & 1)
            slot_set(c, slot, shown);
}

/* A name is SYS_x, x or a group; one that is both (stat, fstat) is the group, which contains the
 * call. */
static bool name_set(struct strace_config *c, struct word w, bool shown)
{
    for (unsigned g = 0; g < SYS_GROUPS; g++) {
        if (word_is(w, sys_group_name[g])) {
            group_set(c, g, shown);
            return true;
        }
    }

    if (w.len > 4 && !memcmp(w.str, "SYS_", 4))
        w = (struct word){ w.str + 4, w.len - 4 };
    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++) {
        if (sys_info[slot].name && word_is(w, sys_info[slot].name)) {
            slot_set(c, slot, shown);
            return true;
        }
    }
    return false;
}

static int names_set(struct strace_config *c, const char *names, bool shown, char *err,
                     size_t err_size)
{
    struct word w;

    while (word_next(&names, &w))
        if (!name_set(c, w, shown))
            return complain(err, err_size, "Invalid group name or syscall name '", w,
                            "' specified in --strace-filter or --strace-exclude-filter.");
    return 0;
}

void strace_ids_add(struct strace_ids *ids, s32 id)
{
    ids->limited = true;
    if (id >= 0 && id < STRACE_ID_MAX)           /* others never exist                      */
        ids->set[id / 64] |= 1ull << id % 64;
}

/* A positive decimal number that fits an id; 0 if it is not. */
static s32 id_parse(struct word w)
{
    u64 value = 0;

    if (w.len == 0 || w.len > 10)
        return 0;
    for (size_t i = 0; i < w.len; i++) {
        if (w.str[i] < '0' || w.str[i] > '9')
            return 0;
        value = value * 10 + (u64)(w.str[i] - '0');
    }
    return value <= INT32_MAX ? (s32)value : 0;
}

static int ids_set(struct strace_ids *ids, const char *numbers, char *err, size_t err_size)
{
    struct word w;

    while (word_next(&numbers, &w)) {
        s32 id = id_parse(w);

        if (!id)
            return complain(err, err_size, "tid or pid ", w,
                            " is invalid. Must be a positive number.");
        strace_ids_add(ids, id);
    }
    return 0;
}

int strace_config_parse(const struct strace_request *request, struct strace_config *ret, char *err,
                        size_t err_size)
{
    const struct word nothing = { "", 0 };
    int bad;

    memset(ret, 0, sizeof(*ret));
    if (request->filter && request->exclude)
        return complain(err, err_size,
                        "Cannot specify both --strace-filter and "
                        "--strace-exclude-filter",
                        nothing, "");

    ret->on = request->all || request->host_calls || request->failing || request->filter ||
              request->exclude || request->tids || request->pids;
    ret->failing = request->failing;
    ret->host_calls = request->host_calls;
    if (request->exclude || (ret->on && !request->filter && !request->failing)) {
        memset(ret->slots, 0xff, sizeof(ret->slots));
        ret->unknown = true;
    }

    bad = names_set(ret, request->filter, true, err, err_size);
    if (!bad)
        bad = names_set(ret, request->exclude, false, err, err_size);
    if (!bad)
        bad = ids_set(&ret->tids, request->tids, err, err_size);
    if (!bad)
        bad = ids_set(&ret->pids, request->pids, err, err_size);
    return bad;
}
