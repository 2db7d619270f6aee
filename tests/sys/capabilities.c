/* SPDX-License-Identifier: MIT */
/* covers: capget capset prctl */
/*
 * Capabilities, as far as user ids and permission checks show them.
 */
#include <linux/capability.h>
#include <sys/prctl.h>

#include "tests/sys/sys.h"

struct sets {
    uint32_t effective, permitted, inheritable;
};

static struct sets get(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2];

    CHECK_OK(syscall(SYS_capget, &header, data));
    return (struct sets){ data[0].effective, data[0].permitted, data[0].inheritable };
}

static int set(struct sets s)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2] = { { s.effective, s.permitted, s.inheritable },
                                              { 0, 0, 0 } };

    return (int)syscall(SYS_capset, &header, data);
}

#define BIT(cap) (1U << (cap))

static void run(const char *name)
{
    need_root();
    CHECK_EXIT(child_start(name), 0);
}

TEST(root_has_the_classic_ones)
{
    need_root();
    struct sets s = get();
    const uint32_t classic = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) |
                             BIT(CAP_KILL) | BIT(CAP_SETGID) | BIT(CAP_SETUID);
    CHECK_EQ(s.effective & classic, classic);
    CHECK_EQ(s.permitted & classic, classic);
}

CHILD(drop_dac)
{
    struct sets s = get();

    CHECK_OK(open("private", O_RDONLY));
    s.effective &= ~(BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH));
    CHECK_OK(set(s));
    CHECK_ERR(open("private", O_RDONLY), EACCES); /* uid 0 without the capability           */
    s.effective |= BIT(CAP_DAC_OVERRIDE);
    CHECK_OK(set(s));                            /* still permitted                         */
    CHECK_OK(open("private", O_RDONLY));
    s.permitted &= ~BIT(CAP_DAC_OVERRIDE);
    s.effective &= ~BIT(CAP_DAC_OVERRIDE);
    CHECK_OK(set(s));
    s.permitted |= BIT(CAP_DAC_OVERRIDE);
    CHECK_ERR(set(s), EPERM);                    /* gone for good                           */
    return 0;
}

TEST(capabilities_decide_and_not_the_uid)
{
    need_root();
    file_put("private", "");
    CHECK_OK(chown("private", 5, 5));
    CHECK_OK(chmod("private", 0600));
    run("drop_dac");
}

CHILD(follow_the_uid)
{
    CHECK_OK(seteuid(1000));
    CHECK_EQ(get().effective, 0);
    CHECK(get().permitted != 0);
    CHECK_OK(seteuid(0));
    CHECK(get().effective != 0);
    CHECK_OK(setuid(1000));
    CHECK_EQ(get().effective, 0);
    CHECK_EQ(get().permitted, 0);
    return 0;
}

TEST(uid_changes_clear_and_restore)
{
    run("follow_the_uid");
}

CHILD(keep)
{
    CHECK_EQ(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), 0);
    CHECK_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
    CHECK_OK(setuid(1000));
    CHECK_EQ(get().effective, 0);
    CHECK(get().permitted & BIT(CAP_CHOWN));
    return 0;
}

TEST(keepcaps_keeps_the_permitted_ones)
{
    run("keep");
}

CHILD(report_empty)
{
    struct sets s = get();

    return s.effective == 0 && s.permitted == 0 ? 0 : 1;
}

CHILD(exec_as_user)
{
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_EXIT(child_start("report_empty"), 0);
    return 0;
}

TEST(programs_of_ordinary_users_have_none)
{
    run("exec_as_user");
}

CHILD(bounding)
{
    CHECK_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0), 1);
    CHECK_OK(prctl(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0, 0));
    CHECK_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0), 0);
    CHECK_ERR(prctl(PR_CAPBSET_READ, 99, 0, 0, 0), EINVAL);
    return 0;
}

TEST(bounding_set_can_only_shrink)
{
    run("bounding");
}

TEST(header_is_checked)
{
    struct __user_cap_header_struct header = { 0x12345678, 0 };
    struct __user_cap_data_struct data[2];

    CHECK_ERR(syscall(SYS_capget, &header, data), EINVAL);
    CHECK_EQ(header.version, _LINUX_CAPABILITY_VERSION_3); /* the answer to a probe         */
    header.version = 0;
    CHECK_OK(syscall(SYS_capget, &header, NULL));
    header = (struct __user_cap_header_struct){ _LINUX_CAPABILITY_VERSION_3, 4194303 };
    CHECK_ERR(syscall(SYS_capget, &header, data), ESRCH);
    header.pid = -1;
    CHECK_ERR(syscall(SYS_capget, &header, data), EINVAL);
    CHECK_ERR(syscall(SYS_capget, BAD_POINTER, data), EFAULT);
    header.pid = 0;
    CHECK_ERR(syscall(SYS_capget, &header, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_capset, &header, BAD_POINTER), EFAULT);
    header.pid = getppid();
    CHECK_ERR(syscall(SYS_capset, &header, data), EPERM);
}
