/* SPDX-License-Identifier: MIT */
/* covers: clock_gettime clock_getres clock_settime gettimeofday settimeofday time */
/* covers: clock_adjtime adjtimex getcpu */
/*
 * Clocks, through the libc (and so through the vDSO where there is one) and by system call.
 */
#include <sys/auxv.h>
#include <sys/timex.h>

#include "tests/sys/sys.h"

static int64_t raw_clock(clockid_t clock)
{
    struct timespec ts = { -1, -1 };

    CHECK_OK(syscall(SYS_clock_gettime, clock, &ts));
    CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < SEC);
    return timespec_ns(&ts);
}

TEST(monotonic_clocks_never_go_back)
{
    static const clockid_t clocks[] = { CLOCK_MONOTONIC,          CLOCK_MONOTONIC_RAW,
                                        CLOCK_MONOTONIC_COARSE,   CLOCK_BOOTTIME,
                                        CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };

    for (size_t i = 0; i < COUNT(clocks); i++) {
        int64_t last = 0;
        for (int k = 0; k < 5000; k++) {
            int64_t now = clock_ns(clocks[i]);
            CHECK(now >= last);
            last = now;
        }
    }
}

TEST(fast_path_and_system_call_agree)
{
    static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME,
                                        CLOCK_MONOTONIC_RAW };

    for (size_t i = 0; i < COUNT(clocks); i++)
        for (int k = 0; k < 100; k++) {
            int64_t a = clock_ns(clocks[i]), b = raw_clock(clocks[i]), c = clock_ns(clocks[i]);
            CHECK(a <= b && b <= c);
        }
}

static atomic_llong latest;
static atomic_int backwards;

static void *watch_clock(UNUSED void *arg)
{
    for (int i = 0; i < 20000; i++) {
        long long seen = latest;
        long long now = now_ns();
        if (now < seen)
            backwards++;
        while (seen < now && !atomic_compare_exchange_weak(&latest, &seen, now))
            ;
    }
    return NULL;
}

TEST(monotonic_clock_is_monotonic_across_threads)
{
    pthread_t t[4];

    latest = 0;
    backwards = 0;
    for (int i = 0; i < 4; i++)
        t[i] = thread_start(watch_clock, NULL);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    CHECK_EQ(backwards, 0);
}

TEST(clocks_advance_while_sleeping)
{
    int64_t mono = now_ns(), real = clock_ns(CLOCK_REALTIME);

    sleep_ms(20);
    CHECK(now_ns() - mono >= 20 * MS);
    CHECK(clock_ns(CLOCK_REALTIME) - real >= 19 * MS);
}

TEST(coarse_clocks_lag_by_little)
{
    for (int i = 0; i < 20; i++) {
        int64_t coarse = clock_ns(CLOCK_REALTIME_COARSE), fine = clock_ns(CLOCK_REALTIME);
        CHECK(coarse <= fine);
        sleep_ms(1);
    }
    sleep_ms(30);
    int64_t before = clock_ns(CLOCK_MONOTONIC);
    sleep_ms(30);
    CHECK(clock_ns(CLOCK_MONOTONIC_COARSE) > before);
}

TEST(cpu_clocks_count_work)
{
    int64_t thread = clock_ns(CLOCK_THREAD_CPUTIME_ID),
            process = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    int64_t until = now_ns() + 30 * MS;

    while (now_ns() < until)
        ;
    CHECK(clock_ns(CLOCK_THREAD_CPUTIME_ID) > thread);
    CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) > process);
    CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) >= clock_ns(CLOCK_THREAD_CPUTIME_ID) - thread);
}

TEST(cpu_clocks_of_others)
{
    clockid_t clock;

    CHECK_EQ(clock_getcpuclockid(getpid(), &clock), 0);
    CHECK(clock_ns(clock) > 0);
    CHECK_EQ(pthread_getcpuclockid(pthread_self(), &clock), 0);
    CHECK(clock_ns(clock) > 0);
    CHECK(clock_getcpuclockid(4194303, &clock) != 0);
}

TEST(resolutions)
{
    struct timespec ts;

    CHECK_OK(clock_getres(CLOCK_MONOTONIC, &ts));
    CHECK_EQ(timespec_ns(&ts), 1);
    CHECK_OK(syscall(SYS_clock_getres, CLOCK_REALTIME, &ts));
    CHECK_EQ(timespec_ns(&ts), 1);
    CHECK_OK(clock_getres(CLOCK_MONOTONIC_COARSE, &ts));
    CHECK(timespec_ns(&ts) >= MS && timespec_ns(&ts) <= 10 * MS);
    CHECK_OK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL));
    CHECK_OK(clock_getres(CLOCK_PROCESS_CPUTIME_ID, &ts));
}

TEST(errors)
{
    struct timespec ts = { 0, 0 };

    CHECK_ERR(syscall(SYS_clock_gettime, 999, &ts), EINVAL);
    CHECK_ERR(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_clock_getres, 999, &ts), EINVAL);
    CHECK_ERR(syscall(SYS_clock_getres, CLOCK_REALTIME, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &ts), EINVAL);
    CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, BAD_POINTER), EFAULT);
    ts.tv_nsec = SEC;
    CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &ts), EINVAL);
    CHECK_ERR(syscall(SYS_gettimeofday, BAD_POINTER, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_time, BAD_POINTER), EFAULT);
}

CHILD(set_clocks_as_user)
{
    struct timespec ts = { 1000000000, 0 };
    struct timeval tv = { 1000000000, 0 };

    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_ERR(syscall(SYS_clock_settime, CLOCK_REALTIME, &ts), EPERM);
    CHECK_ERR(syscall(SYS_settimeofday, &tv, NULL), EPERM);
    return 0;
}

TEST(setting_the_clock_is_for_root)
{
    need_root();
    CHECK_EXIT(child_start("set_clocks_as_user"), 0);
}

TEST(older_calls_agree_with_realtime)
{
    struct timeval tv = { 0, 0 };
    struct {
        int minutes_west, dst;
    } zone = { 77, 77 };
    time_t stored = 0;

    int64_t before = clock_ns(CLOCK_REALTIME);
    CHECK_OK(gettimeofday(&tv, NULL));
    int64_t after = clock_ns(CLOCK_REALTIME);
    int64_t between = tv.tv_sec * SEC + tv.tv_usec * 1000;
    CHECK(between >= before - 1000 && between <= after);
    CHECK_OK(syscall(SYS_gettimeofday, &tv, &zone));
    CHECK(zone.minutes_west != 77);
    CHECK_OK(syscall(SYS_gettimeofday, NULL, NULL));
    time_t t = (time_t)syscall(SYS_time, &stored);
    CHECK_EQ(t, stored);
    CHECK(t >= before / SEC - 1 && t <= clock_ns(CLOCK_REALTIME) / SEC);
    CHECK(time(NULL) >= t - 1);
}

TEST(adjtimex_reads_without_privilege)
{
    struct timex t = { 0 };

    CHECK(adjtimex(&t) >= 0);
    CHECK(t.time.tv_sec > 1600000000);
    CHECK(t.tick > 0);
    memset(&t, 0, sizeof(t));
    CHECK(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t) >= 0);
    CHECK_ERR(syscall(SYS_clock_adjtime, 999, &t), EINVAL);
    CHECK_ERR(syscall(SYS_adjtimex, BAD_POINTER), EFAULT);
}

TEST(tai_runs_with_realtime)
{
    struct timespec ts;

    CHECK_OK(clock_gettime(CLOCK_TAI, &ts));
    int64_t difference = timespec_ns(&ts) - clock_ns(CLOCK_REALTIME);
    CHECK(difference > -SEC && difference < 100 * SEC);
}

TEST(getcpu_names_an_existing_processor)
{
    unsigned cpu = 9999, node = 9999;

    CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
    CHECK((long)cpu < sysconf(_SC_NPROCESSORS_CONF));
    CHECK(node < 64);
    CHECK_OK(syscall(SYS_getcpu, NULL, NULL, NULL));
    CHECK_ERR(syscall(SYS_getcpu, BAD_POINTER, NULL, NULL), EFAULT);
}

TEST(vdso_is_an_elf_image)
{
    const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR);

    CHECK(vdso);
    CHECK_MEM(vdso, "\177ELF", 4);
}
