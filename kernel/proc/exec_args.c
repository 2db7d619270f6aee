/* SPDX-License-Identifier: MIT */
/* What a program is told: arguments and environment, collected in one block (exec.h). */
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/proc/exec.h"

enum {
    STRING_MAX = 128 * 1024,                     /* Linux: MAX_ARG_STRLEN                   */
    POINTER_COST = 8,                            /* a string's pointer counts too           */
    ROOM_FIRST = 4096,
};

void exec_args_fini(struct exec_args *a)
{
    kfree(a->text);
    *a = (struct exec_args){ 0 };
}

/* Room for len more bytes, within the limit. */
static int args_reserve(struct exec_args *a, size_t len)
{
    size_t want = a->len + len;
    size_t room = a->room ? a->room : ROOM_FIRST;
    char *text;

    if (want + ((size_t)a->argc + a->envc + 1) * POINTER_COST > a->limit)
        return -E2BIG;
    if (want <= a->room)
        return 0;
    while (room < want)
        room *= 2;
    text = krealloc(a->text, room);
    if (!text)
        return -ENOMEM;
    a->text = text;
    a->room = room;
    return 0;
}

int exec_args_add(struct exec_args *a, const char *s)
{
    size_t len = strlen(s) + 1;
    int err = args_reserve(a, len);

    if (err)
        return err;
    memcpy(a->text + a->len, s, len);
    a->len += len;
    return 0;
}

/* One string from user memory, copied straight into place, growing as it turns out longer. */
static int args_add_user(struct exec_args *a, uptr s)
{
    size_t room = 256;

    for (;;) {
        int err = args_reserve(a, room);
        ssize_t len;

        if (err)
            return err;
        len = copy_in_str(a->text + a->len, s, room);
        if (len >= 0) {
            a->len += (size_t)len + 1;
            return 0;
        }
        if (len != -ENAMETOOLONG)
            return (int)len;
        if (room >= STRING_MAX)
            return -E2BIG;
        room *= 2;
    }
}

int exec_args_copy_in(struct exec_args *a, uptr array, u32 *count)
{
    if (!array.addr)
        return 0;                                /* execve(2): NULL is an empty list        */
    for (u64 i = 0;; i++) {
        u64 s;
        int err = copy_in_struct(&s, uptr_add(array, i * sizeof(s)));

        if (err)
            return err;
        if (!s)
            return 0;
        err = args_add_user(a, UPTR(s));
        if (err)
            return err;
        (*count)++;
    }
}
