/* SPDX-License-Identifier: MIT */
/*
 * Every call of the kernel's table that follows an address, with addresses that lead nowhere: it
 * may fail as it likes, but it returns, and neither the program nor the kernel comes to harm.  A
 * call whose first argument is a path fails with EFAULT.
 */
#include "kernel/syscall/syscall.h"              /* first: its PAGE_SIZE is no macro        */

#include "tests/sys/sys.h"

#include <sys/mman.h>

struct call {
    long nr;
    const char *name;
    bool handled;
    unsigned nargs;
    enum sys_kind kind[6];
};

#define HANDLED_FULL            true
#define HANDLED_PARTIAL         true
#define HANDLED_STUB            true
#define HANDLED_ENOSYS          true
#define HANDLED_EPERM           true
#define HANDLED_EINVAL          true
#define HANDLED_ENOSPC          true
#define HANDLED_EOPNOTSUPP      true
#define HANDLED_NONE            false
#define KIND_OF_ARG(x, i, K, n) KIND_##K

static const struct call calls[] = {
#define SYS(groups, nr, name, word, note, ...)                                                     \
    { nr,                                                                                          \
      #name,                                                                                       \
      HANDLED_##word,                                                                              \
      PAIRS(__VA_ARGS__),                                                                          \
      { MAP(KIND_OF_ARG, COMMA, _, ##__VA_ARGS__) } },
#include "kernel/syscall/table.def"
#undef SYS
};

/* Kinds with the type of an address, ADDR apart, which is not followed. */
static const bool is_address[SYS_KINDS] = {
#define KIND(name, ...)                                                                            \
    [KIND_##name] = KIND_##name != KIND_ADDR && _Generic((kind_##name){ 0 }, uptr                  \
                                                         : true, default                           \
                                                         : false),
#include "kernel/syscall/kinds.def"
#undef KIND
};

/* Calls that would end the program or make another one, whatever their addresses. */
static bool is_left_out(const struct call *c)
{
    static const long nr[] = {
        NR_clone, NR_vfork, NR_fork, NR_rt_sigreturn, NR_exit, NR_exit_group
    };

    for (size_t i = 0; i < COUNT(nr); i++)
        if (c->nr == nr[i])
            return true;
    return !c->handled;
}

static bool has_address(const struct call *c)
{
    for (unsigned i = 0; i < c->nargs; i++)
        if (is_address[c->kind[i]])
            return true;
    return false;
}

/* Where there is no address, a number that keeps the call short and harmless. */
static long number_for(enum sys_kind kind, int file)
{
    switch (kind) {
    case KIND_FD:
        return file;
    case KIND_DIRFD:
        return AT_FDCWD;
    case KIND_SIZE:
    case KIND_UINT:
    case KIND_ULONG:
        return 8;
    default:
        return 0;
    }
}

static void call_with(const struct call *c, long address, int file)
{
    bool path = c->nargs && c->kind[0] == KIND_PATH;
    long a[6] = { 0 }, ret;

    for (unsigned i = 0; i < c->nargs; i++)
        a[i] = is_address[c->kind[i]] ? address : number_for(c->kind[i], file);
    ret = syscall(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (path && !(ret == -1 && (errno == EFAULT || errno == ENOSYS || errno == EPERM)))
        check_failed(__FILE__, __LINE__, "%s with path %#lx: %ld, errno %d", c->name, address, ret,
                     errno);
}

static void call_all_with(long address)
{
    int file = open("file", O_RDWR | O_CREAT, 0600);

    CHECK_OK(file);
    CHECK_EQ(write(file, "0123456789abcdef", 16), 16);
    for (size_t i = 0; i < COUNT(calls); i++) {
        if (is_left_out(&calls[i]) || !has_address(&calls[i]))
            continue;
        lseek(file, 0, SEEK_SET);
        call_with(&calls[i], address, file);
    }
    CHECK_OK(getpid());
    CHECK_OK(close(file));
}

TEST(addresses_near_zero)
{
    call_all_with(8);
    call_all_with(PAGE - 1);
}

TEST(addresses_no_program_can_have)
{
    call_all_with(-1);
    call_all_with(LONG_MIN);
    call_all_with(LONG_MAX);
    call_all_with(0x7ffffffff000);
    call_all_with(0x800000000000);
    call_all_with(-4096);
}

TEST(memory_that_may_not_be_touched)
{
    char *page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(page != MAP_FAILED);
    call_all_with((long)page);
    call_all_with((long)page + PAGE - 1);
    CHECK_OK(munmap(page, PAGE));
}
