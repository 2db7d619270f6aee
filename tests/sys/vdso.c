/* SPDX-License-Identifier: MIT */
/* covers: clock_gettime gettimeofday time getcpu */
/*
 * The vDSO, found and called as a runtime without libc does.
 */
#include <elf.h>
#include <sys/auxv.h>

#include "tests/sys/sys.h"

/* The address of a symbol; NULL if there is none. */
static void *find(const char *name)
{
    const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
    CHECK(base);
    const Elf64_Ehdr *h = (const Elf64_Ehdr *)base;
    const Elf64_Phdr *ph = (const Elf64_Phdr *)(base + h->e_phoff);
    const Elf64_Dyn *dyn = NULL;
    uintptr_t slide = 0;

    for (int i = 0; i < h->e_phnum; i++)
        if (ph[i].p_type == PT_LOAD)
            slide = (uintptr_t)base + ph[i].p_offset - ph[i].p_vaddr;
        else if (ph[i].p_type == PT_DYNAMIC)
            dyn = (const Elf64_Dyn *)(base + ph[i].p_offset);
    CHECK(dyn);

    const char *strings = NULL;
    const Elf64_Sym *symbols = NULL;
    const uint32_t *hash = NULL, *gnu_hash = NULL;
    for (; dyn->d_tag; dyn++)
        switch (dyn->d_tag) {
        case DT_STRTAB:
            strings = (const char *)(slide + dyn->d_un.d_ptr);
            break;
        case DT_SYMTAB:
            symbols = (const Elf64_Sym *)(slide + dyn->d_un.d_ptr);
            break;
        case DT_HASH:
            hash = (const uint32_t *)(slide + dyn->d_un.d_ptr);
            break;
        case DT_GNU_HASH:
            gnu_hash = (const uint32_t *)(slide + dyn->d_un.d_ptr);
            break;
        }
    CHECK(strings && symbols && (hash || gnu_hash));
    /* With only a GNU hash the count is unknown; the symbol table lies before the strings. */
    size_t count = hash ? hash[1] : (size_t)((const Elf64_Sym *)strings - symbols);
    for (size_t i = 1; i < count; i++)
        if (strcmp(strings + symbols[i].st_name, name) == 0 && symbols[i].st_shndx != SHN_UNDEF)
            return (void *)(slide + symbols[i].st_value);
    return NULL;
}

TEST(clock_gettime_agrees_with_the_system_call)
{
    int (*fast)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))(uintptr_t)find("__vdso_clock_gettime");
    struct timespec a, b, c;

    CHECK(fast);
    for (int i = 0; i < 1000; i++) {
        CHECK_EQ(fast(CLOCK_MONOTONIC, &a), 0);
        CHECK_OK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &b));
        CHECK_EQ(fast(CLOCK_MONOTONIC, &c), 0);
        CHECK(timespec_ns(&a) <= timespec_ns(&b) && timespec_ns(&b) <= timespec_ns(&c));
    }
    CHECK_EQ(fast(CLOCK_PROCESS_CPUTIME_ID, &a), 0); /* falls back to the system call       */
    CHECK_EQ(fast(999, &a), -EINVAL);
}

TEST(gettimeofday_and_time)
{
    int (*fast_tod)(struct timeval *, void *) =
        (int (*)(struct timeval *, void *))(uintptr_t)find("__vdso_gettimeofday");
    time_t (*fast_time)(time_t *) = (time_t(*)(time_t *))(uintptr_t)find("__vdso_time");
    struct timeval tv = { 0, 0 };
    time_t stored = 0;

    CHECK(fast_tod && fast_time);
    int64_t before = clock_ns(CLOCK_REALTIME) / 1000;
    CHECK_EQ(fast_tod(&tv, NULL), 0);
    int64_t now = tv.tv_sec * 1000000L + tv.tv_usec;
    CHECK(now >= before && now <= clock_ns(CLOCK_REALTIME) / 1000);
    CHECK_EQ(fast_tod(NULL, NULL), 0);
    CHECK_EQ(fast_time(&stored), stored);
    CHECK(stored >= before / 1000000 - 1);
    CHECK(fast_time(NULL) >= stored);
}

TEST(getcpu)
{
    long (*fast)(unsigned *, unsigned *, void *) =
        (long (*)(unsigned *, unsigned *, void *))(uintptr_t)find("__vdso_getcpu");
    unsigned cpu = 9999;

    CHECK(fast);
    CHECK_EQ(fast(&cpu, NULL, NULL), 0);
    CHECK((long)cpu < sysconf(_SC_NPROCESSORS_CONF));
    CHECK_EQ(fast(NULL, NULL, NULL), 0);
}

static atomic_int handled;
static int (*fast_clock)(clockid_t, struct timespec *);

static void on_alarm(UNUSED int signal)
{
    struct timespec ts;

    fast_clock(CLOCK_MONOTONIC, &ts);
    handled++;
}

TEST(signals_in_the_middle_of_it)
{
    struct itimerval fast = { .it_value = { .tv_usec = 500 }, .it_interval = { .tv_usec = 500 } };
    int64_t last = 0;

    fast_clock = (int (*)(clockid_t, struct timespec *))(uintptr_t)find("__vdso_clock_gettime");
    handled = 0;
    signal_handle(SIGALRM, on_alarm, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &fast, NULL));
    while (handled < 40) {
        struct timespec ts;
        CHECK_EQ(fast_clock(CLOCK_MONOTONIC, &ts), 0);
        CHECK(timespec_ns(&ts) >= last);
        last = timespec_ns(&ts);
    }
}
