/* SPDX-License-Identifier: MIT */
/*
 * Arguments by kind.
 *
 * Memory is a scratch area: its first part is filled anew for every call with words that make
 * sense as fields of structures (small numbers, addresses in the area, sizes), its second part
 * holds texts.  So an iovec, a msghdr or a sigevent found there is often half right, which gets
 * further into a handler than noise does.
 */
#include "tests/fuzz/call_source.h"

#include "kernel/syscall/flags.h"

#include <limits.h>
#include <string.h>

enum {
    WORDS = 256,                                 /* of the first part                       */
    TEXT_AT = 4096,                              /* where the second part begins            */
    PATH_SIZE = 4096,
};

static u32 draw(struct call_source *s, u32 n)
{
    u32 v = s->byte(s);

    if (n > 256)
        v = v << 8 | s->byte(s);
    return v % n;
}

static u64 draw_u64(struct call_source *s)
{
    u64 v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | s->byte(s);
    return v;
}

static bool one_in(struct call_source *s, u32 n)
{
    return draw(s, n) == 0;
}

#define PICK(s, array) ((array)[draw((s), ARRAY_SIZE(array))])

/* ---- numbers ---- */

static long pick_size(struct call_source *s)
{
    static const long sizes[] = {
        0,        1,        4,        7,     8,     15,       16,       17,
        24,       64,       88,       100,   128,   255,      1000,     4095,
        4096,     4097,     8192,     65535, 65536, 1 << 20,  1 << 30,  INT_MAX,
        1l << 31, UINT_MAX, 1l << 32, -1,    -4096, LONG_MAX, LONG_MIN, LONG_MAX - 4095,
    };

    return PICK(s, sizes);
}

static long pick_offset(struct call_source *s)
{
    static const long offsets[] = { 0,        1,        100, 4096,     65536,          1l << 31,
                                    1l << 40, LONG_MAX, -1,  LONG_MIN, LONG_MAX - 4096 };

    return PICK(s, offsets);
}

static long pick_fd(struct call_source *s)
{
    static const long odd[] = { -1, -100, 1000, 1 << 30, INT_MAX, INT_MIN, 2047, 65535 };

    return one_in(s, 8) ? PICK(s, odd) : (long)draw(s, 24);
}

/* A subset of the list, one of it, or noise. */
static long pick_flags(struct call_source *s, enum sys_kind kind)
{
    const struct flag_set *set = &flag_sets[kind];
    u64 v = 0;

    if (one_in(s, 16))
        return (long)draw_u64(s);
    if (set->flag[0].whole || one_in(s, 3))
        return (long)set->flag[draw(s, set->count)].value;
    for (u32 n = draw(s, 4); n-- > 0;)
        v |= set->flag[draw(s, set->count)].value;
    return (long)v;
}

/* ---- memory ---- */

/* Words that mean something as a field. */
static u64 pick_word(struct call_source *s)
{
    u64 base = (u64)s->memory;

    switch (draw(s, 8)) {
    case 0:
        return 0;
    case 1:
        return base + draw(s, WORDS) * 8;
    case 2:
        return base + TEXT_AT;
    case 3:
        return (u64)pick_size(s);
    case 4:
        return draw(s, 16);
    case 5:
        return (u64)draw(s, 16) << 32 | draw(s, 16);
    case 6:
        return draw_u64(s);
    default:
        return draw(s, 1024);
    }
}

static void fill_words(struct call_source *s)
{
    for (u32 n = 4 + draw(s, 28); n-- > 0;) {
        u64 word = pick_word(s);

        memcpy(s->memory + 8 * draw(s, WORDS), &word, sizeof(word));
    }
}

static const char *const paths[] = {
    "/",
    ".",
    "..",
    "",
    "/tmp",
    "/tmp/a",
    "/tmp/b",
    "/tmp/d",
    "/tmp/d/c",
    "/tmp/d/..",
    "a",
    "b",
    "d",
    "d/e",
    "link",
    "/tmp/link",
    "/tmp/loop",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/fd/0",
    "/proc/self/cwd",
    "/proc/self/fd/3",
    "/proc/self/maps",
    "/proc/stat",
    "/proc/self/mem",
    "a/",
    "a//b",
    "./d/./e",
    "user.x",
    "tmpfs",
    "/nonexistent/x",
};

/* A text in the second part, at times one that does not end, or ends where memory does. */
static long pick_text(struct call_source *s)
{
    u8 *at = s->memory + TEXT_AT + 512 * draw(s, 4);
    const char *text = PICK(s, paths);
    size_t room = s->size - TEXT_AT;

    if (one_in(s, 16)) {
        memset(s->memory + TEXT_AT, one_in(s, 2) ? 'x' : '/', min_size(room, PATH_SIZE + 8));
        if (one_in(s, 2))
            s->memory[TEXT_AT + draw(s, PATH_SIZE)] = '\0';
        return (long)s->memory + TEXT_AT;
    }
    if (one_in(s, 16))
        at = s->memory + s->size - strlen(text) - (one_in(s, 2) ? 1 : 0);
    memcpy(at, text, min_size(strlen(text) + 1, (size_t)(s->memory + s->size - at)));
    return (long)at;
}

static long pick_address(struct call_source *s)
{
    static const long wild[] = { 1,        8,        4095,           4096,           -1,      -4096,
                                 LONG_MIN, LONG_MAX, 0x800000000000, 0x7ffffffff000, 0x400000 };

    switch (draw(s, 16)) {
    case 0:
        return 0;
    case 1:
        return PICK(s, wild);
    case 2:
        return (long)(s->memory + s->size - draw(s, 64)); /* runs out of memory             */
    case 3:
        return (long)(s->memory + draw(s, WORDS * 8)); /* not aligned                       */
    default:
        return (long)(s->memory + 8 * draw(s, WORDS));
    }
}

/* Mostly whole pages of where mappings may change; at times not aligned, or any address at all:
 * the lowest are nobody's. */
static long pick_mapping(struct call_source *s)
{
    u64 page = draw(s, (u32)(s->maps_size / PAGE_SIZE));

    if (one_in(s, 16))
        return (long)draw(s, 1 << 16) * 16;
    return (long)(s->maps + page * PAGE_SIZE + (one_in(s, 16) ? draw(s, PAGE_SIZE) : 0));
}

static long pick_mapping_size(struct call_source *s)
{
    return one_in(s, 8) ? pick_size(s) : (long)draw(s, 16) * PAGE_SIZE;
}

/* ---- arguments ---- */

static long pick_argument(struct call_source *s, const struct sys_info *info, enum sys_kind kind)
{
    bool maps = info->groups & 1u << GROUP_memory_mapping_change;

    if (maps && kind == KIND_ADDR)
        return pick_mapping(s);
    if (maps && kind == KIND_SIZE)
        return pick_mapping_size(s);
    if (flag_sets[kind].count)
        return pick_flags(s, kind);
    switch (kind) {
    case KIND_FD:
        return pick_fd(s);
    case KIND_DIRFD:
        return one_in(s, 3) ? pick_fd(s) : -100; /* AT_FDCWD                                */
    case KIND_PID:
        return one_in(s, 4) ? 0 : s->pid;
    case KIND_SIGNAL:
        return draw(s, 67);
    case KIND_ID:
        return one_in(s, 4) ? -1 : (long)draw(s, 4);
    case KIND_MODE:
        return one_in(s, 8) ? (long)draw_u64(s) : (long)draw(s, 010000);
    case KIND_SIZE:
    case KIND_ULONG:
    case KIND_UINT:
        return one_in(s, 2) ? (long)draw(s, 64) : pick_size(s);
    case KIND_OFF:
        return pick_offset(s);
    case KIND_INT:
    case KIND_LONG:
        return one_in(s, 4) ? pick_size(s) : (long)draw(s, 32);
    case KIND_PATH:
    case KIND_STR:
        return one_in(s, 8) ? pick_address(s) : pick_text(s);
    case KIND_HEX:
    case KIND_HEX64:
        return one_in(s, 4) ? (long)draw_u64(s) : (long)draw(s, 4);
    case KIND_FCNTL_ARG:
    case KIND_IOCTL_ARG:
        return one_in(s, 2) ? pick_address(s) : (long)draw(s, 64);
    default:
        return pick_address(s);
    }
}

void call_source_init(struct call_source *s)
{
    s->count = 0;
    for (u32 slot = 0; slot < SYS_SLOTS; slot++)
        if (sys_info[slot].name && sys_info[slot].status > STATUS_NONE &&
            (!s->allows || s->allows(sys_slot_nr(slot))))
            s->slots[s->count++] = (u16)slot;
}

void call_make(struct call_source *s, struct made_call *ret)
{
    *ret = (struct made_call){ .nr = sys_slot_nr(s->slots[draw(s, s->count)]) };
    ret->info = sys_info_find(ret->nr);
    fill_words(s);
    for (unsigned i = 0; i < ret->info->nargs; i++)
        ret->a[i] = pick_argument(s, ret->info, ret->info->arg[i].kind);
}
