/* SPDX-License-Identifier: MIT */
/* covers: getuid geteuid getgid getegid setuid setgid setreuid setregid setresuid setresgid */
/* covers: getresuid getresgid getgroups setgroups setfsuid setfsgid */
/*
 * User and group ids.  Raw calls change one thread, which is what is tested here; the libc's
 * change the process.
 */
#include <grp.h>

#include "tests/sys/sys.h"

#define CHECK_UIDS(r, e, s)                                                                        \
    do {                                                                                           \
        uid_t r_ = 99, e_ = 99, s_ = 99;                                                           \
        CHECK_OK(getresuid(&r_, &e_, &s_));                                                        \
        CHECK_EQ(r_, r);                                                                           \
        CHECK_EQ(e_, e);                                                                           \
        CHECK_EQ(s_, s);                                                                           \
    } while (0)

#define CHECK_GIDS(r, e, s)                                                                        \
    do {                                                                                           \
        gid_t r_ = 99, e_ = 99, s_ = 99;                                                           \
        CHECK_OK(getresgid(&r_, &e_, &s_));                                                        \
        CHECK_EQ(r_, r);                                                                           \
        CHECK_EQ(e_, e);                                                                           \
        CHECK_EQ(s_, s);                                                                           \
    } while (0)

static void run(const char *name)
{
    need_root();
    CHECK_EXIT(child_start(name), 0);
}

CHILD(setuid_as_root)
{
    CHECK_OK(setuid(1000));                      /* all three, for good                     */
    CHECK_UIDS(1000, 1000, 1000);
    CHECK_ERR(setuid(0), EPERM);
    CHECK_ERR(seteuid(0), EPERM);
    CHECK_OK(setuid(1000));
    return 0;
}

TEST(setuid_by_root_is_final)
{
    run("setuid_as_root");
}

CHILD(seteuid_there_and_back)
{
    CHECK_OK(seteuid(1000));
    CHECK_UIDS(0, 1000, 0);
    CHECK_EQ(geteuid(), 1000);
    CHECK_EQ(getuid(), 0);
    CHECK_ERR(seteuid(1001), EPERM);
    CHECK_OK(setuid(0));                         /* to the real id; an ordinary user's setuid changes the effective */
    CHECK_UIDS(0, 0, 0);
    return 0;
}

TEST(effective_id_can_go_and_come_back)
{
    run("seteuid_there_and_back");
}

CHILD(setreuid_rules)
{
    CHECK_OK(setreuid(1000, 2000));
    CHECK_UIDS(1000, 2000, 2000);                /* the saved id follows                    */
    CHECK_OK(setreuid(2000, 1000));              /* swaps                                   */
    CHECK_UIDS(2000, 1000, 1000);
    CHECK_ERR(setreuid(3000, (uid_t)-1), EPERM);
    CHECK_ERR(setreuid((uid_t)-1, 3000), EPERM);
    CHECK_OK(setreuid((uid_t)-1, (uid_t)-1));
    CHECK_OK(setreuid((uid_t)-1, 2000));
    CHECK_UIDS(2000, 2000, 1000);                /* effective = real: the saved id stays    */
    return 0;
}

TEST(setreuid_follows_its_rules)
{
    run("setreuid_rules");
}

CHILD(setresuid_rules)
{
    CHECK_OK(setresuid(1, 2, 3));
    CHECK_UIDS(1, 2, 3);
    CHECK_OK(setresuid(3, 1, 2));                /* any of the three may be taken           */
    CHECK_UIDS(3, 1, 2);
    CHECK_ERR(setresuid(4, (uid_t)-1, (uid_t)-1), EPERM);
    CHECK_OK(setresuid((uid_t)-1, 2, (uid_t)-1));
    CHECK_UIDS(3, 2, 2);
    return 0;
}

TEST(setresuid_follows_its_rules)
{
    run("setresuid_rules");
}

CHILD(gid_rules)
{
    CHECK_OK(setresgid(1, 2, 3));
    CHECK_GIDS(1, 2, 3);
    CHECK_EQ(getgid(), 1);
    CHECK_EQ(getegid(), 2);
    CHECK_OK(setregid(5, 6));                    /* still root                              */
    CHECK_GIDS(5, 6, 6);
    CHECK_OK(setgid(9));
    CHECK_GIDS(9, 9, 9);
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_ERR(setgid(0), EPERM);
    CHECK_ERR(setresgid(0, 0, 0), EPERM);
    CHECK_ERR(setregid(0, 0), EPERM);
    CHECK_OK(setgid(9));
    return 0;
}

TEST(group_ids_follow_theirs)
{
    run("gid_rules");
}

CHILD(groups_rules)
{
    static gid_t many[65537];
    gid_t some[3] = { 30, 10, 20 }, back[5] = { 0 };

    CHECK_OK(setgroups(3, some));
    CHECK_EQ(getgroups(0, NULL), 3);
    CHECK_EQ(getgroups(5, back), 3);
    CHECK_EQ(back[0] + back[1] + back[2], 60);
    CHECK_ERR(getgroups(2, back), EINVAL);
    CHECK_ERR(syscall(SYS_getgroups, -1, back), EINVAL);
    CHECK_ERR(syscall(SYS_getgroups, 5, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_setgroups, 3, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_setgroups, 65537, many), EINVAL);
    CHECK_OK(syscall(SYS_setgroups, 65536, many));
    CHECK_EQ(getgroups(0, NULL), 65536);
    CHECK_OK(setgroups(0, NULL));
    CHECK_EQ(getgroups(0, NULL), 0);
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_ERR(setgroups(0, NULL), EPERM);
    return 0;
}

TEST(supplementary_groups)
{
    run("groups_rules");
}

static void *report_euid(UNUSED void *arg)
{
    return (void *)(long)geteuid();
}

CHILD(libc_changes_all_threads)
{
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_EQ(thread_join(thread_start(report_euid, NULL)), 1000);
    return 0;
}

static atomic_bool changed;

static void *wait_and_report(UNUSED void *arg)
{
    while (!changed)
        sleep_ms(1);
    return (void *)(long)geteuid();
}

CHILD(other_threads_follow)
{
    pthread_t t = thread_start(wait_and_report, NULL);

    settle();
    CHECK_OK(setuid(1000));                      /* the libc signals the other threads      */
    changed = true;
    CHECK_EQ(thread_join(t), 1000);
    return 0;
}

TEST(the_libc_changes_every_thread)
{
    run("libc_changes_all_threads");
    run("other_threads_follow");
}

static void *change_alone(UNUSED void *arg)
{
    CHECK_OK(syscall(SYS_setresuid, 1000, 1000, 1000));
    CHECK_EQ(syscall(SYS_geteuid), 1000);
    return NULL;
}

TEST(the_kernel_changes_one_thread)
{
    need_root();
    thread_join(thread_start(change_alone, NULL));
    CHECK_EQ(syscall(SYS_geteuid), 0);
}

CHILD(report)
{
    CHECK_UIDS(atoi(argv[0]), atoi(argv[1]), atoi(argv[1]));
    return 0;
}

CHILD(exec_saves)
{
    CHECK_OK(setresuid(0, 1000, 0));
    CHECK_EXIT(child_start("report", "0", "1000"), 0); /* exec copies effective to saved    */
    return 0;
}

TEST(exec_saves_the_effective_id)
{
    need_root();
    CHECK_OK(chmod(".", 0755));
    run("exec_saves");
}

TEST(set_user_id_programs)
{
    static char image[8 << 20];
    char *argv[] = { (char *)"copy", (char *)"--child", (char *)"report",
                     (char *)"1000", (char *)"77",      NULL };
    pid_t pid;

    need_root();
    int fd = open("/proc/self/exe", O_RDONLY);
    ssize_t n = read(fd, image, sizeof(image));
    CHECK(n > 0);
    file_write("copy", image, (size_t)n);
    CHECK_OK(chown("copy", 77, 77));
    CHECK_OK(chmod("copy", 04755));
    CHECK_OK(syscall(SYS_setresuid, 1000, 1000, 0));
    CHECK_EQ(posix_spawn(&pid, "copy", NULL, NULL, argv, environ), 0);
    CHECK_EXIT(pid, 0);
    CHECK_OK(syscall(SYS_setresuid, 0, 0, 0));
}

TEST(bad_pointers)
{
    uid_t id;

    CHECK_ERR(syscall(SYS_getresuid, BAD_POINTER, &id, &id), EFAULT);
    CHECK_ERR(syscall(SYS_getresgid, &id, &id, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_setuid, -1), EINVAL);
    CHECK_ERR(syscall(SYS_setgid, -1), EINVAL);
}
