/* SPDX-License-Identifier: MIT */
/*
 * The system-call table: its rows, slots, groups and flag lists, and the dispatcher on rows that
 * have no handler.
 */
#include "abi/linux/errno.h"
#include "kernel/core/log.h"
#include "kernel/lib/strbuf.h"
#include "kernel/proc/proc_int.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/strace_int.h"
#include "tests/unit/test.h"

#include <string.h>

static char logged[1024];

static void log_to_buffer(const char *text, size_t len)
{
    size_t at = strlen(logged);

    if (len >= sizeof(logged) - at)
        len = sizeof(logged) - at - 1;
    memcpy(logged + at, text, len);
    logged[at + len] = '\0';
}

static struct process process = { .pid = 101 };
static struct thread thread = { .tid = 102, .proc = &process };

static long call(unsigned long nr)
{
    static const long a[6];

    return syscall_dispatch(&thread, nr, a);
}

static bool has_group(const char *name, enum sys_group group)
{
    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++)
        if (sys_info[slot].name && !strcmp(sys_info[slot].name, name))
            return sys_info[slot].groups >> group & 1;
    CHECK(!"a call of that name");
    return false;
}

TEST(slots_hold_two_ranges_of_numbers_and_nothing_else)
{
    CHECK_EQ(sys_slot(0), 0);
    CHECK_EQ(sys_slot(511), 511);
    CHECK_EQ(sys_slot(512), SYS_SLOTS);
    CHECK_EQ(sys_slot(999), SYS_SLOTS);
    CHECK_EQ(sys_slot(1000), 512);
    CHECK_EQ(sys_slot(1063), SYS_SLOTS - 1);
    CHECK_EQ(sys_slot(1064), SYS_SLOTS);
    CHECK_EQ(sys_slot(~0ul), SYS_SLOTS);
    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++)
        CHECK_EQ(sys_slot(sys_slot_nr(slot)), slot);
}

TEST(every_linux_call_up_to_334_and_of_ours_has_a_row)
{
    for (unsigned long nr = 0; nr <= 334; nr++)
        CHECK(sys_info_find(nr));
    for (unsigned long nr = 424; nr <= 450; nr++)
        CHECK(sys_info_find(nr));
    for (unsigned long nr = 1008; nr <= 1033; nr++)
        CHECK(sys_info_find(nr));
    CHECK(!sys_info_find(335));
    CHECK(!sys_info_find(1034));
    CHECK(!sys_info_find(2000));
}

TEST(a_row_says_everything_about_its_call)
{
    const struct sys_info *info = sys_info_find(257);

    CHECK(info);
    CHECK_STREQ(info->name, "openat");
    CHECK_EQ(info->groups, 1u << GROUP_desc | 1u << GROUP_file);
    CHECK_EQ(info->nargs, 4);
    CHECK_STREQ(info->arg[0].name, "dirfd");
    CHECK_EQ(info->arg[0].kind, KIND_DIRFD);
    CHECK_STREQ(info->arg[3].name, "mode");
    CHECK_EQ(info->arg[3].kind, KIND_MODE);
    CHECK_EQ(sys_info_find(39)->nargs, 0);
    CHECK_EQ(sys_info_find(9)->nargs, 6);
}

TEST(no_two_rows_have_one_name)
{
    for (unsigned long i = 0; i < SYS_SLOTS; i++)
        for (unsigned long j = 0; sys_info[i].name && j < i; j++)
            CHECK(!sys_info[j].name || strcmp(sys_info[i].name, sys_info[j].name));
}

TEST(groups_imply_what_strace_says_they_imply)
{
    CHECK(has_group("stat", GROUP_stat));
    CHECK(has_group("stat", GROUP_stat_like));
    CHECK(!has_group("stat", GROUP_fstat));
    CHECK(has_group("statx", GROUP_fstat));
    CHECK(has_group("ustat", GROUP_statfs_like));
    CHECK(!has_group("ustat", GROUP_statfs));
    CHECK(has_group("getpid", GROUP_pure));
    CHECK(has_group("getpid", GROUP_syscall_never_fails));
    CHECK(has_group("umask", GROUP_syscall_never_fails));
    CHECK(!has_group("umask", GROUP_pure));
    CHECK(has_group("execve", GROUP_comm_change));
    CHECK(has_group("myst_gen_creds", GROUP_myst));
}

TEST(refused_calls_answer_with_the_error_of_their_row)
{
    unsigned count = 0;

    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++) {
        if (sys_info[slot].status != STATUS_REFUSED)
            continue;
        CHECK_EQ(call(sys_slot_nr(slot)), -sys_info[slot].err);
        count++;
    }
    CHECK(count > 40);
    CHECK_EQ(call(NR_rseq), -ENOSYS);
    CHECK_EQ(call(NR_bpf), -EPERM);
    CHECK_EQ(call(NR_seccomp), -EINVAL);
    CHECK_EQ(call(NR_pkey_alloc), -ENOSPC);
    CHECK_EQ(call(NR_name_to_handle_at), -EOPNOTSUPP);
}

TEST(unhandled_calls_are_enosys_if_the_configuration_says_so_and_logged_once_each)
{
    syscall_unhandled_enosys = true;
    log_ops.write = log_to_buffer;

    CHECK_EQ(call(NR_ptrace), -ENOSYS);
    CHECK(strstr(logged, "SYS_ptrace(101): pid=101 tid=102"));
    logged[0] = '\0';
    CHECK_EQ(call(NR_ptrace), -ENOSYS);
    CHECK_STREQ(logged, "");

    CHECK_EQ(call(400), -ENOSYS);
    CHECK(strstr(logged, "(400)"));
    logged[0] = '\0';
    CHECK_EQ(call(2000), -ENOSYS);
    CHECK(strstr(logged, "(2000)"));
    CHECK_EQ(call(~0ul), -ENOSYS);
}

/* The name of a row of this value, or of another of the same value, is in text. */
static bool is_named(const struct flag_set *set, u64 value, const char *text)
{
    for (u32 i = 0; i < set->count; i++)
        if (set->flag[i].value == value && strstr(text, set->flag[i].name))
            return true;
    return false;
}

TEST(no_flag_is_hidden_by_another)
{
    for (unsigned kind = 0; kind < SYS_KINDS; kind++) {
        for (u32 i = 0; i < flag_sets[kind].count; i++) {
            u64 value = flag_sets[kind].flag[i].value;
            char buf[512];
            struct strbuf out;
            struct show s = { .out = &out };

            strbuf_init(&out, buf, sizeof(buf));
            show_flag_set(&s, kind, value);
            if (!is_named(&flag_sets[kind], value, buf))
                CHECK_STREQ(buf, flag_sets[kind].flag[i].name);
            CHECK(!strstr(buf, "0x"));
        }
    }
}

TEST(unknown_flags_are_those_no_list_honours)
{
    CHECK_EQ(flags_unknown(KIND_DUP3, 02000000), 0);
    CHECK_EQ(flags_unknown(KIND_DUP3, 02000001), 1);
    CHECK_EQ(flags_unknown(KIND_PIPE2, (u64)(s64)-1) >> 32, UINT32_MAX);
    CHECK_EQ(flags_unknown(KIND_EFD, 1 | 04000 | 02000000), 0);
    CHECK_EQ(flags_unknown(KIND_RENAME, 4), 4);  /* RENAME_WHITEOUT is only named           */
}
