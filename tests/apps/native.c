/* SPDX-License-Identifier: MIT */
/*
 * native: run a program of a root file system on Linux itself, under the conditions it finds in
 * the library OS, so that a check of the suite means the same on both sides.
 *
 *     native ROOT PROGRAM ARGS...
 *
 * The root is mounted read-only with fresh file systems on /tmp, /run and /var/tmp and the host's
 * /proc, /dev and /sys; ids are 0; no variable of the environment enters; and fork answers ENOSYS
 * while vfork and threads work.  A program that passes here needs nothing that we refuse.
 *
 * The program replaces this process, so signals, terminal and exit status are its own.  Without
 * privileges a user namespace gives them.  Exit 125: the root could not be entered.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STATUS_NOT_ENTERED = 125, STATUS_NOT_FOUND = 254 };

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    int error = errno;
    va_list args;

    va_start(args, format);
    fprintf(stderr, "native: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, ": %s\n", strerror(error));
    va_end(args);
    exit(STATUS_NOT_ENTERED);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        die("%s", path);
    close(fd);
}

/* A mount namespace of our own, with privileges in a user namespace if we have none. */
static void enter_namespaces(void)
{
    unsigned uid = geteuid();
    unsigned gid = getegid();
    char map[64];

    if (uid == 0) {
        if (unshare(CLONE_NEWNS))
            die("unshare");
        return;
    }
    if (unshare(CLONE_NEWNS | CLONE_NEWUSER))
        die("unshare");
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
}

static void mount_at(const char *root, const char *name, const char *type, const char *options)
{
    char target[4096];
    unsigned long flags = type ? MS_NOSUID | MS_NODEV : MS_BIND | MS_REC;

    snprintf(target, sizeof(target), "%s%s", root, name);
    if (mount(type ? type : name, target, type, flags, options))
        die("mounting %s", target);
}

static void enter_root(const char *root)
{
    static const char *const from_host[] = { "/proc", "/dev", "/sys" };
    static const char *const scratch[] = { "/tmp", "/run", "/var/tmp" };

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        die("making mounts private");
    if (mount(root, root, NULL, MS_BIND, NULL) ||
        mount(NULL, root, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL))
        die("mounting %s", root);
    for (size_t i = 0; i < sizeof(from_host) / sizeof(from_host[0]); i++)
        mount_at(root, from_host[i], NULL, NULL);
    for (size_t i = 0; i < sizeof(scratch) / sizeof(scratch[0]); i++)
        mount_at(root, scratch[i], "tmpfs", "mode=1777");
    if (chroot(root) || chdir("/"))
        die("entering %s", root);
}

/*
 * fork, and clone without CLONE_VM, answer ENOSYS.  The flags of clone3 lie in memory, where a
 * filter cannot look, so all of it answers ENOSYS, and C libraries fall back to clone.
 */
static void refuse_fork(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fork, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_VM, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };
    struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        die("installing the filter");
}

int main(int argc, char **argv)
{
    /* What a program inside finds: MYST_TARGET is the only variable that is always there. */
    char *const environment[] = { "MYST_TARGET=native", NULL };
    struct rlimit descriptors = { .rlim_cur = 2048, .rlim_max = 65536 };

    if (argc < 3) {
        fprintf(stderr, "usage: native ROOT PROGRAM ARGS...\n");
        return STATUS_NOT_ENTERED;
    }
    if (setrlimit(RLIMIT_NOFILE, &descriptors)) {
        getrlimit(RLIMIT_NOFILE, &descriptors);
        if (descriptors.rlim_cur > 2048)
            descriptors.rlim_cur = 2048;
        if (setrlimit(RLIMIT_NOFILE, &descriptors))
            die("limiting descriptors");
    }
    enter_namespaces();
    enter_root(argv[1]);
    umask(022);
    refuse_fork();
    execve(argv[2], &argv[2], environment);
    fprintf(stderr, "native: %s: %s\n", argv[2], strerror(errno));
    return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_ENTERED;
}
