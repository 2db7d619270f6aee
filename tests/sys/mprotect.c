/* SPDX-License-Identifier: MIT */
/* covers: mprotect pkey_mprotect */
/*
 * mprotect(2), and the faults that it makes.
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

static sigjmp_buf jump;
static siginfo_t fault;

static void on_fault(UNUSED int signal, siginfo_t *info, UNUSED void *context)
{
    fault = *info;
    siglongjmp(jump, 1);
}

enum access { READ, WRITE, EXECUTE };

/* 0 if the access succeeds, else the si_code of the SIGSEGV; checks si_addr. */
static int try(char *at, enum access access)
{
    volatile char *v = at;

    signal_handle_info(SIGSEGV, on_fault, SA_NODEFER);
    if (sigsetjmp(jump, 1)) {
        CHECK_EQ(fault.si_signo, SIGSEGV);
        CHECK(fault.si_addr == at);
        return fault.si_code;
    }
    if (access == READ)
        (void)*v;
    else if (access == WRITE)
        *v = *v;
    else
        ((void (*)(void))(uintptr_t)at)();
    return 0;
}

static char *map(size_t pages, int prot)
{
    char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    memset(p, 0xc3, pages * PAGE);               /* ret                                     */
    CHECK_OK(mprotect(p, pages * PAGE, prot));
    return p;
}

TEST(each_protection_allows_what_it_says)
{
    char *none = map(1, PROT_NONE);
    CHECK_EQ(try(none + 5, READ), SEGV_ACCERR);
    CHECK_EQ(try(none + 5, EXECUTE), SEGV_ACCERR);
    char *r = map(1, PROT_READ);
    CHECK_EQ(try(r, READ), 0);
    CHECK_EQ(try(r + 100, WRITE), SEGV_ACCERR);
    CHECK_EQ(try(r, EXECUTE), SEGV_ACCERR);
    char *rw = map(1, PROT_READ | PROT_WRITE);
    CHECK_EQ(try(rw, WRITE), 0);
    CHECK_EQ(try(rw, EXECUTE), SEGV_ACCERR);
    char *rx = map(1, PROT_READ | PROT_EXEC);
    CHECK_EQ(try(rx, EXECUTE), 0);
    CHECK_EQ(try(rx, WRITE), SEGV_ACCERR);
}

TEST(unmapped_is_maperr)
{
    char *p = map(1, PROT_READ);

    CHECK_OK(munmap(p, PAGE));
    CHECK_EQ(try(p + 17, READ), SEGV_MAPERR);
    CHECK_EQ(try(p + 17, EXECUTE), SEGV_MAPERR);
    CHECK_EQ(try((char *)16, READ), SEGV_MAPERR);
    CHECK_EQ(try((char *)16, EXECUTE), SEGV_MAPERR);
}

TEST(parts_of_a_mapping_can_differ)
{
    char *p = map(5, PROT_READ | PROT_WRITE);

    CHECK_OK(mprotect(p + 2 * PAGE, PAGE, PROT_READ));
    CHECK_EQ(try(p + 2 * PAGE - 1, WRITE), 0);
    CHECK_EQ(try(p + 2 * PAGE, WRITE), SEGV_ACCERR);
    CHECK_EQ(try(p + 3 * PAGE - 1, WRITE), SEGV_ACCERR);
    CHECK_EQ(try(p + 3 * PAGE, WRITE), 0);
    CHECK_OK(mprotect(p, 5 * PAGE, PROT_READ | PROT_WRITE));
    CHECK_EQ(try(p + 2 * PAGE, WRITE), 0);
    CHECK_EQ((unsigned char)p[2 * PAGE], 0xc3);  /* the content stayed                      */
}

TEST(content_survives_prot_none)
{
    char *p = map(1, PROT_READ | PROT_WRITE);

    strcpy(p, "kept");
    CHECK_OK(mprotect(p, PAGE, PROT_NONE));
    CHECK_OK(mprotect(p, PAGE, PROT_READ));
    CHECK_STR(p, "kept");
}

TEST(range_over_a_hole_is_enomem)
{
    char *p = map(3, PROT_READ | PROT_WRITE);

    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK_ERR(mprotect(p, 3 * PAGE, PROT_READ), ENOMEM);
    CHECK_ERR(mprotect(p + PAGE, PAGE, PROT_READ), ENOMEM);
}

TEST(arguments)
{
    char *p = map(1, PROT_READ | PROT_WRITE);

    CHECK_ERR(syscall(SYS_mprotect, p + 1, PAGE, PROT_READ), EINVAL); /* musl rounds        */
    CHECK_ERR(mprotect(p, PAGE, 0x100), EINVAL);
    CHECK_OK(mprotect(p, 0, PROT_READ));
    CHECK_EQ(try(p, WRITE), 0);                  /* length 0 changed nothing                */
    CHECK_ERR(mprotect(p, (size_t)-1 & ~(PAGE - 1), PROT_READ), ENOMEM);
    CHECK_ERR(syscall(SYS_mprotect, -PAGE, PAGE, PROT_READ), ENOMEM);
}

TEST(pkey_mprotect_without_a_key_is_mprotect)
{
    char *p = map(1, PROT_READ | PROT_WRITE);

    CHECK_OK(syscall(SYS_pkey_mprotect, p, PAGE, PROT_READ, -1));
    CHECK_EQ(try(p, WRITE), SEGV_ACCERR);
    CHECK_ERR(syscall(SYS_pkey_mprotect, p, PAGE, PROT_READ, 77), EINVAL);
}

TEST(handler_can_repair_and_retry)
{
    char *p = map(1, PROT_READ);
    volatile int tries = 0;

    signal_handle_info(SIGSEGV, on_fault, SA_NODEFER);
    if (sigsetjmp(jump, 1)) {
        CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
        tries++;
    }
    *(volatile char *)p = 1;
    CHECK_EQ(tries, 1);
}
