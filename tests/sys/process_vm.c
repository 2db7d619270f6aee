/* SPDX-License-Identifier: MIT */
/* covers: process_vm_readv process_vm_writev */
/*
 * Reading and writing the memory of another process.
 */
#include <sys/mman.h>
#include <sys/uio.h>

#include "tests/sys/sys.h"

TEST(own_memory)
{
    char from[] = "0123456789", a[4] = "", b[8] = "";
    struct iovec remote[2] = { { from, 3 }, { from + 5, 5 } }, local[2] = { { a, 3 }, { b, 5 } };

    CHECK_EQ(process_vm_readv(getpid(), local, 2, remote, 2, 0), 8);
    CHECK_STR(a, "012");
    CHECK_STR(b, "56789");
    strcpy(a, "xyz");
    CHECK_EQ(process_vm_writev(getpid(), local, 1, remote, 1, 0), 3);
    CHECK_STR(from, "xyz3456789");
}

/* Sends the address of a string on fd, waits for its change. */
CHILD(expose)
{
    static char text[32] = "secret";
    char *address = text, c;

    CHECK_EQ(write(atoi(argv[0]), &address, sizeof(address)), sizeof(address));
    CHECK_EQ(read(atoi(argv[1]), &c, 1), 1);
    return strcmp(text, "changed") == 0 ? 0 : 1;
}

TEST(memory_of_a_child)
{
    char *address, buf[32] = "";
    struct iovec local = { buf, 7 }, remote;
    int out[2], in[2];

    CHECK_OK(pipe(out));
    CHECK_OK(pipe(in));
    pid_t pid = child_start("expose", number(out[1]), number(in[0]));
    CHECK_EQ(read(out[0], &address, sizeof(address)), sizeof(address));
    remote = (struct iovec){ address, 7 };
    CHECK_EQ(process_vm_readv(pid, &local, 1, &remote, 1, 0), 7);
    CHECK_STR(buf, "secret");
    strcpy(buf, "changed");
    local.iov_len = remote.iov_len = 8;
    CHECK_EQ(process_vm_writev(pid, &local, 1, &remote, 1, 0), 8);
    CHECK_EQ(write(in[1], "x", 1), 1);
    CHECK_EXIT(pid, 0);
}

TEST(unmapped_parts_stop_the_transfer)
{
    char buf[32];
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct iovec local = { buf, 32 }, remote[2] = { { p, 10 }, { BAD_POINTER, 10 } };

    CHECK_EQ(process_vm_readv(getpid(), &local, 1, remote, 2, 0), 10);
    CHECK_ERR(process_vm_readv(getpid(), &local, 1, remote + 1, 1, 0), EFAULT);
    CHECK_OK(mprotect(p, PAGE, PROT_READ));
    CHECK_ERR(process_vm_writev(getpid(), &local, 1, remote, 1, 0), EFAULT);
}

TEST(arguments)
{
    char buf[8];
    struct iovec iov = { buf, 8 };

    CHECK_ERR(process_vm_readv(4194303, &iov, 1, &iov, 1, 0), ESRCH);
    CHECK_ERR(process_vm_readv(getpid(), &iov, 1, &iov, 1, 1), EINVAL);
    CHECK_ERR(process_vm_readv(getpid(), &iov, 1025, &iov, 1, 0), EINVAL);
    CHECK_ERR(process_vm_readv(getpid(), BAD_POINTER, 1, &iov, 1, 0), EFAULT);
    CHECK_ERR(process_vm_readv(getpid(), &iov, 1, BAD_POINTER, 1, 0), EFAULT);
    CHECK_EQ(process_vm_readv(getpid(), &iov, 0, &iov, 1, 0), 0);
}

CHILD(as_user)
{
    char buf[8];
    struct iovec iov = { buf, 8 };

    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_ERR(process_vm_readv(getppid(), &iov, 1, &iov, 1, 0), EPERM);
    return 0;
}

TEST(other_users_are_refused)
{
    need_root();
    CHECK_EXIT(child_start("as_user"), 0);
}
