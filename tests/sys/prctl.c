/* SPDX-License-Identifier: MIT */
/* covers: prctl arch_prctl personality */
/*
 * prctl(2), arch_prctl(2) and personality(2).
 */
#include <sys/personality.h>
#include <sys/prctl.h>

#include "tests/sys/sys.h"

static void *check_thread_name(UNUSED void *arg)
{
    char name[16] = "";

    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "parent-name");              /* inherited                               */
    CHECK_OK(prctl(PR_SET_NAME, "thread-name"));
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "thread-name");
    return NULL;
}

TEST(names_belong_to_threads)
{
    char name[16] = "";

    CHECK_OK(prctl(PR_SET_NAME, "parent-name"));
    thread_join(thread_start(check_thread_name, NULL));
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "parent-name");
    CHECK_OK(prctl(PR_SET_NAME, "a name that is much too long"));
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "a name that is ");          /* 15 bytes and a NUL                      */
    CHECK_ERR(prctl(PR_SET_NAME, BAD_POINTER), EFAULT);
    CHECK_ERR(prctl(PR_GET_NAME, BAD_POINTER), EFAULT);
}

TEST(name_shows_in_proc)
{
    CHECK_OK(prctl(PR_SET_NAME, "shown"));
    CHECK_FILE("/proc/self/comm", "shown\n");
}

TEST(parent_death_signal)
{
    int signal = -1;

    CHECK_OK(prctl(PR_GET_PDEATHSIG, &signal));
    CHECK_EQ(signal, 0);
    CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
    CHECK_OK(prctl(PR_GET_PDEATHSIG, &signal));
    CHECK_EQ(signal, SIGUSR1);
    CHECK_ERR(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
    CHECK_ERR(prctl(PR_GET_PDEATHSIG, BAD_POINTER), EFAULT);
    CHECK_OK(prctl(PR_SET_PDEATHSIG, 0));
}

TEST(dumpable)
{
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
    CHECK_OK(prctl(PR_SET_DUMPABLE, 0));
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
    CHECK_ERR(prctl(PR_SET_DUMPABLE, 2), EINVAL);
    CHECK_OK(prctl(PR_SET_DUMPABLE, 1));
}

CHILD(no_new_privs_is_inherited)
{
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), argc > 0);
    if (argc > 0)
        return 0;
    CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    CHECK_EXIT(child_start("no_new_privs_is_inherited", "yes"), 0);
    return 0;
}

TEST(no_new_privs_cannot_be_undone)
{
    CHECK_EXIT(child_start("no_new_privs_is_inherited"), 0);
}

TEST(timer_slack)
{
    int before = prctl(PR_GET_TIMERSLACK);

    CHECK(before > 0);
    CHECK_OK(prctl(PR_SET_TIMERSLACK, 12345));
    CHECK_EQ(prctl(PR_GET_TIMERSLACK), 12345);
    CHECK_OK(prctl(PR_SET_TIMERSLACK, 0));       /* back to the default                     */
    CHECK_EQ(prctl(PR_GET_TIMERSLACK), before);
}

TEST(child_subreaper)
{
    int value = -1;

    CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &value));
    CHECK_EQ(value, 0);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &value));
    CHECK_EQ(value, 1);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
}

TEST(timestamp_counter_is_enabled)
{
    int mode = -1;

    CHECK_OK(prctl(PR_GET_TSC, &mode));
    CHECK_EQ(mode, PR_TSC_ENABLE);
}

TEST(unknown_options_are_einval)
{
    CHECK_ERR(prctl(99999, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(prctl(-1, 0, 0, 0, 0), EINVAL);
}

static int fs_cookie(void)
{
    unsigned long base = 0, self = 0;

    if (syscall(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, &base) != 0)
        return -1;
    __asm__ volatile("mov %%fs:0, %0" : "=r"(self));
    return self == base;                         /* the thread block starts with its own address */
}

TEST(fs_base_can_be_read_and_set)
{
    unsigned long base = 0;

    CHECK_EQ(fs_cookie(), 1);
    CHECK_OK(syscall(SYS_arch_prctl, 0x1003, &base));
    CHECK_OK(syscall(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, base));
    CHECK_EQ(fs_cookie(), 1);
    CHECK_ERR(syscall(SYS_arch_prctl, 0x1003, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_arch_prctl, 0x1002, 1UL << 63), EPERM); /* not an address         */
    CHECK_ERR(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
}

TEST(personality_is_linux)
{
    CHECK_EQ(personality(0xffffffff), 0);
    CHECK_EQ(personality(ADDR_NO_RANDOMIZE), 0);
    CHECK_EQ(personality(0xffffffff), ADDR_NO_RANDOMIZE);
    CHECK_EQ(personality(0), ADDR_NO_RANDOMIZE);
}
