/* SPDX-License-Identifier: MIT */
/*
 * System calls about files, typed from the table, dispatched to the kernel on the sim machine.
 *
 * The input chooses calls and arguments (call_source.h).  Whatever they answer, nothing outside the
 * scratch memory may be touched on their behalf, the file tree must be sound afterwards, and nothing
 * may be left when it is gone.  Every call is also printed by strace, which must be as careful.
 *
 * SHOW=1 build/fuzz/syscalls FILE prints the calls of an input.
 *
 * Calls of processes and mappings need more of a machine than there is here: tests/fuzz/inside.
 */
#include "abi/linux/errno.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/syscall/strace_int.h"
#include "targets/sim/machine.h"
#include "tests/fuzz/call_source.h"
#include "tests/fuzz/check_tree.h"
#include "tests/fuzz/stand_in.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { CALLS_MAX = 200, MEMORY_SIZE = 32768 };

static u8 memory[MEMORY_SIZE] __attribute__((aligned(PAGE_SIZE)));

struct input {
    struct call_source source;
    const u8 *data;
    size_t left;
};

static u8 input_byte(struct call_source *s)
{
    struct input *in = container_of(s, struct input, source);

    if (!in->left)
        return 0;
    in->left--;
    return *in->data++;
}

/* Calls about files, except those that ask for a process, for a mapping, or for the host. */
static bool allows(unsigned long nr)
{
    const u32 good = 1u << GROUP_desc | 1u << GROUP_file;
    const u32 bad =
        1u << GROUP_memory | 1u << GROUP_process | 1u << GROUP_network | 1u << GROUP_signal;
    u32 groups = sys_info_find(nr)->groups;

    switch (nr) {
    case NR_mount:                               /* types that need more of a machine       */
    case NR_umount2:
    case NR_memfd_create:                        /* its file system lives for ever          */
    case NR_mq_open ... NR_mq_getsetattr:        /* charge a user                           */
    case NR_timerfd_create:
    case NR_pidfd_open:
    case NR_pidfd_send_signal:
    case NR_pidfd_getfd:
    case NR_process_madvise:
        return false;
    default:
        return (groups & good) && !(groups & bad);
    }
}

static int scratch_check(u64 addr, size_t len, enum user_access how)
{
    u64 begin = (u64)memory;

    (void)how;
    return addr >= begin && addr - begin <= MEMORY_SIZE && len <= MEMORY_SIZE - (addr - begin)
               ? 0
               : -EFAULT;
}

static void run(const struct made_call *c, bool visible)
{
    static char text[16384];
    struct strbuf out;
    struct show s = { .out = &out, .info = c->info, .nr = c->nr, .a = c->a };

    strbuf_init(&out, text, sizeof(text));
    show_call_begin(&s);
    if (visible)
        fputs(text, stderr);
    strbuf_init(&out, text, sizeof(text));
    s.ret = syscall_dispatch(thread_self(), c->nr, c->a);
    show_call_end(&s);
    if (visible)
        fprintf(stderr, "%s\n", text);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static struct input in = {
        .source = { .byte = input_byte,
                    .allows = allows,
                    .memory = memory,
                    .size = sizeof(memory),
                    .maps = (u64)memory,
                    .maps_size = sizeof(memory),
                    .pid = 101 },
    };

    const bool visible = getenv("SHOW");

    if (!in.source.count)
        call_source_init(&in.source);
    in.data = data;
    in.left = size;
    memset(memory, 0, sizeof(memory));
    machine_start_fs();
    user_ops.check = scratch_check;
    machine_become(0, 0);
    stand_in_start();
    for (u32 i = 0; in.left && i < CALLS_MAX; i++) {
        struct made_call c;

        call_make(&in.source, &c);
        run(&c, visible);
    }
    fuzz_check_tree("/");
    machine_stop_fs();
    return 0;
}
