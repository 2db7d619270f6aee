/* SPDX-License-Identifier: MIT */
/*
 * The vDSO's clock on a machine made of two numbers, the tick counter and the host's time, which
 * the tests move as they like; and once on the real counter with real threads.
 */
#include "kernel/arch/x86_64/vclock.h"
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define MS  1000000ull
#define SEC 1000000000ull

enum { HZ = 2500000000u };                       /* 2.5 ticks a nanosecond                  */

static struct {
    u64 tsc, mono_ns, real_ns;
} machine;

static struct vdso_data page;
static struct vclock clock_;

static u64 machine_tsc(void)
{
    return machine.tsc;
}

static void pass(u64 ns)
{
    machine.tsc += ns / 2 * 5;
    machine.mono_ns += ns;
    machine.real_ns += ns;
}

static u64 update(void)
{
    struct vclock_sample s = { .tsc = machine.tsc,
                               .mono_ns = machine.mono_ns,
                               .real_ns = machine.real_ns };

    return vclock_update(&clock_, &s);
}

static void start(u64 tsc_hz)
{
    struct vclock_config config = { .kernel_entry = 0x1234,
                                    .tsc_hz = tsc_hz,
                                    .read_tsc = machine_tsc };

    machine.tsc = 123456789012;
    machine.mono_ns = 1000 * SEC;
    machine.real_ns = 1700000000 * SEC;
    page = (struct vdso_data){ 0 };
    vclock_init(&clock_, &page, &config);
}

/* Read as user code does. */
static bool try_read(u32 clock, u64 *ret_ns)
{
    struct vdso_time now;

    if (!vdso_read(&page, clock, machine_tsc, &now))
        return false;
    CHECK(now.nsec < SEC);
    *ret_ns = now.sec * SEC + now.nsec;
    return true;
}

/* The line must be valid. */
static u64 read_clock(u32 clock)
{
    u64 ns;

    CHECK(try_read(clock, &ns));
    return ns;
}

static bool readable(void)
{
    u64 ns;

    return try_read(CLOCK_MONOTONIC, &ns);
}

static u64 distance(u64 a, u64 b)
{
    return a > b ? a - b : b - a;
}

/* A clock that has been calibrated for ten seconds. */
static void start_settled(void)
{
    start(0);
    for (u32 i = 0; i < 100; i++) {
        update();
        pass(100 * MS);
    }
    update();
}

TEST(vclock_is_off_until_it_has_measured)
{
    start(0);
    CHECK(!readable());
    CHECK_EQ(update(), machine.mono_ns);
    CHECK(!readable());
    pass(MS / 2);
    CHECK_EQ(update(), machine.mono_ns);
    CHECK(!readable());
    pass(2 * MS);
    CHECK_EQ(update(), machine.mono_ns);
    CHECK(readable());
    CHECK_EQ(page.kernel_entry, 0x1234);
}

TEST(vclock_is_on_at_once_if_the_frequency_is_known)
{
    start(HZ);
    update();
    pass(5 * MS);
    CHECK(distance(read_clock(CLOCK_MONOTONIC), machine.mono_ns) <= 10);
}

/* As long as it has been measured, up to a second; then the kernel is asked. */
TEST(vclock_line_is_as_long_as_its_measurement)
{
    start(0);
    update();
    for (u64 ns = 2 * MS; ns < 4 * SEC; ns *= 2) {
        pass(ns);
        update();
        u64 valid = ns < SEC ? ns - ns / 100 : SEC - MS;
        machine.tsc += valid / 2 * 5;
        CHECK(readable());
        machine.tsc += valid / 2 * 5 * 3;
        CHECK(!readable());
        machine.tsc -= valid / 2 * 5 * 4;
    }
}

TEST(vclock_follows_an_honest_host)
{
    start_settled();
    for (u32 i = 0; i < 1000; i++) {
        for (u32 k = 0; k < 10; k++) {
            CHECK(distance(read_clock(CLOCK_MONOTONIC), machine.mono_ns) <= 20);
            pass(90 * MS);
        }
        u64 told = update();
        CHECK_EQ(told, read_clock(CLOCK_MONOTONIC));
    }
}

/* 500 ppm is what NTP may slew; the line is at most a second old. */
TEST(vclock_follows_a_host_that_changes_its_speed)
{
    start_settled();
    for (u32 i = 0; i < 200; i++) {
        pass(900 * MS);
        machine.mono_ns += i % 100 < 50 ? 450000 : (u64)-450000;
        CHECK(distance(read_clock(CLOCK_MONOTONIC), machine.mono_ns) < 2 * MS);
        update();
    }
}

TEST(vclock_tolerates_samples_taken_late)
{
    start_settled();
    srandom(11);
    for (u32 i = 0; i < 2000; i++) {
        struct vclock_sample s = { .tsc = machine.tsc,
                                   .mono_ns = machine.mono_ns,
                                   .real_ns = machine.real_ns };

        pass((u64)random() % 50000);             /* held up between question and answer     */
        vclock_update(&clock_, &s);
        pass((u64)random() % (900 * MS));
        CHECK(distance(read_clock(CLOCK_MONOTONIC), machine.mono_ns) < 200000);
    }
}

TEST(vclock_steps_forward_with_the_host)
{
    start_settled();
    pass(10 * SEC);                              /* nobody asked for a while                */
    CHECK(!readable());
    CHECK_EQ(update(), machine.mono_ns);
    machine.mono_ns += 3600 * SEC;               /* the host says it slept                  */
    CHECK_EQ(update(), machine.mono_ns);
    CHECK_EQ(read_clock(CLOCK_MONOTONIC), machine.mono_ns);
}

/* Told and shown times alike: nothing is ever taken back, and the host catches up. */
TEST(vclock_waits_for_a_host_that_went_back)
{
    start_settled();
    u64 before = read_clock(CLOCK_MONOTONIC);

    machine.mono_ns -= 30 * MS;
    u64 last = update();
    CHECK(last >= before);
    for (u32 i = 0; i < 2000; i++) {
        pass(MS);
        u64 now = readable() ? read_clock(CLOCK_MONOTONIC) : update();
        CHECK(now >= last);
        last = now;
    }
    CHECK(distance(last, machine.mono_ns) < 20000);
}

TEST(vclock_goes_on_when_the_host_stands_still)
{
    start_settled();
    u64 begin = read_clock(CLOCK_MONOTONIC), last = begin;

    for (u32 i = 0; i < 1000; i++) {
        machine.tsc += HZ / 1000;
        u64 now = readable() ? read_clock(CLOCK_MONOTONIC) : update();
        CHECK(now >= last);
        last = now;
    }
    CHECK(last - begin <= SEC + MS);
}

/* A virtual machine moves.  Somebody may have read up to a second ahead, which takes a while. */
TEST(vclock_survives_a_counter_that_jumps)
{
    static const s64 jumps[] = { 1ll << 50, -100000000000ll, 12345, -12345 };

    for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
        start_settled();
        u64 last = read_clock(CLOCK_MONOTONIC);

        machine.tsc += (u64)jumps[i];
        for (u32 k = 0; k < 2000; k++) {
            pass(10 * MS);
            u64 now = readable() ? read_clock(CLOCK_MONOTONIC) : update();
            CHECK(now >= last);
            last = now;
        }
        CHECK(distance(last, machine.mono_ns) < MS);
    }
}

TEST(vclock_learns_a_new_frequency)
{
    start_settled();
    for (u32 i = 0; i < 300; i++) {
        pass(10 * MS);
        machine.tsc -= 10 * MS;                  /* 1.5 ticks a nanosecond                  */
        if (!readable())
            update();
    }
    CHECK(readable() || update());
    CHECK(distance(read_clock(CLOCK_MONOTONIC), machine.mono_ns) < MS);
}

TEST(vclock_realtime_follows_the_host_both_ways)
{
    start_settled();
    CHECK(distance(read_clock(CLOCK_REALTIME), machine.real_ns) <= 20);
    machine.real_ns -= 5000 * SEC;
    update();
    CHECK(distance(read_clock(CLOCK_REALTIME), machine.real_ns) <= 20);
    CHECK_EQ(read_clock(CLOCK_REALTIME_COARSE), read_clock(CLOCK_REALTIME));
    machine.real_ns += 9000 * SEC;
    update();
    CHECK(distance(read_clock(CLOCK_REALTIME), machine.real_ns) <= 20);
}

TEST(vclock_keeps_what_was_set)
{
    start_settled();
    vclock_set_real_shift(&clock_, (u64)(-3600ll * (s64)SEC));
    CHECK(distance(read_clock(CLOCK_REALTIME), machine.real_ns - 3600 * SEC) <= 20);
    vclock_set_tai_offset(&clock_, 37);
    CHECK_EQ(read_clock(CLOCK_TAI) - read_clock(CLOCK_REALTIME), 37 * SEC);
    pass(100 * MS);
    update();
    CHECK(distance(read_clock(CLOCK_REALTIME), machine.real_ns - 3600 * SEC) <= 20);
    CHECK_EQ(read_clock(CLOCK_TAI) - read_clock(CLOCK_REALTIME), 37 * SEC);
}

TEST(vclock_serves_these_clocks_and_no_others)
{
    static const u32 served[] = { CLOCK_REALTIME,
                                  CLOCK_MONOTONIC,
                                  CLOCK_MONOTONIC_RAW,
                                  CLOCK_REALTIME_COARSE,
                                  CLOCK_MONOTONIC_COARSE,
                                  CLOCK_BOOTTIME,
                                  CLOCK_TAI };
    u64 mask = 0, ns;

    start_settled();
    for (size_t i = 0; i < ARRAY_SIZE(served); i++) {
        CHECK(try_read(served[i], &ns));
        mask |= 1ull << served[i];
    }
    for (u32 clock = 0; clock < 100; clock++) {
        if (clock >= 64 || !(mask >> clock & 1))
            CHECK(!try_read(clock, &ns));
    }
    CHECK(!try_read((u32)-2, &ns));
}

TEST(vclock_not_before_lifts_the_line)
{
    start_settled();
    u64 now = read_clock(CLOCK_MONOTONIC);

    vclock_not_before(&clock_, now - 5);
    CHECK_EQ(read_clock(CLOCK_MONOTONIC), now);
    vclock_not_before(&clock_, now + 777);
    CHECK_EQ(read_clock(CLOCK_MONOTONIC), now + 777);
    pass(500 * MS);
    vclock_not_before(&clock_, now + SEC);
    CHECK_EQ(read_clock(CLOCK_MONOTONIC), now + SEC);
    pass(600 * MS);
    CHECK(!readable());                          /* the line has not become longer          */
    CHECK(update() >= now + SEC + 500 * MS - 10);
}

TEST(vclock_without_a_counter_is_the_host_made_monotone)
{
    struct vclock_config config = { .kernel_entry = 0x1234 };

    start(0);
    vclock_init(&clock_, &page, &config);
    CHECK_EQ(update(), machine.mono_ns);
    pass(5 * MS);
    CHECK_EQ(update(), machine.mono_ns);
    u64 last = machine.mono_ns;
    machine.mono_ns -= SEC;
    CHECK_EQ(update(), last);
    vclock_not_before(&clock_, last + 5);
    CHECK_EQ(update(), last + 5);
    CHECK(!readable());
}

/* One step of a machine whose host and counter do what they like. */
static void misbehave(void)
{
    pass((u64)random() % (50 * MS));
    switch (random() % 12) {
    case 0:
        machine.mono_ns -= (u64)random() % SEC;
        break;
    case 1:
        machine.mono_ns += (u64)random() % SEC;
        break;
    case 2:
        machine.mono_ns = (u64)random() << 20;
        break;
    case 3:
        machine.tsc -= (u64)random() % HZ;
        break;
    case 4:
        machine.tsc += (u64)random() << 10;
        break;
    case 5:
        machine.real_ns = (u64)random() * (u64)random();
        break;
    case 6:
        pass(5 * SEC);
        break;
    default:
        break;
    }
}

TEST(vclock_never_decreases_whatever_the_host_says)
{
    for (u32 seed = 0; seed < 300; seed++) {
        u64 last = 0, now;

        srandom(seed);
        start(seed % 3 ? 0 : HZ);
        for (u32 i = 0; i < 1000; i++) {
            misbehave();
            if (try_read(CLOCK_MONOTONIC, &now)) {
                /* a counter that ran backwards may repeat a time, not undo the kernel's word */
                CHECK(now >= clock_.newest_ns);
                if (random() % 2)
                    continue;
            }
            now = update();
            CHECK(now >= last);
            last = now;
            CHECK(page.seq % 2 == 0);
        }
    }
}

/* ---- the real counter ---- */

enum { READERS = 2, UPDATES = 1000 };

static struct {
    struct vclock clock;
    struct vdso_data page;
    atomic_bool stop;
    atomic_ulong reads, backwards;
} real;

/* A reader's times never decrease, whatever lines are drawn meanwhile.  (Between processors they
 * are as far apart as the processors' counters, which is not ours to test.) */
static void *reader(void *arg)
{
    u64 last = 0, now;

    (void)arg;
    while (!atomic_load(&real.stop)) {
        if (!vclock_read(&real.clock, CLOCK_MONOTONIC, &now))
            continue;
        if (now < last)
            atomic_fetch_add(&real.backwards, 1);
        atomic_fetch_add(&real.reads, 1);
        last = now;
    }
    return NULL;
}

/* Draw a new line from a host that is now ahead, now behind: flatter lines too. */
static u64 update_real(u64 first)
{
    u64 tsc = vdso_rdtsc();
    struct vclock_sample s = { .tsc = tsc, .mono_ns = SEC + (tsc - first) / 5 * 2 };

    s.mono_ns += (u64)random() % 20000;
    s.real_ns = s.mono_ns;
    return vclock_update(&real.clock, &s);
}

TEST(vclock_is_monotone_across_threads)
{
    struct vclock_config config = { .tsc_hz = HZ, .read_tsc = vdso_rdtsc };
    pthread_t threads[READERS];
    u64 told = 0;

    srandom(17);
    vclock_init(&real.clock, &real.page, &config);
    u64 first = vdso_rdtsc();
    for (size_t i = 0; i < READERS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, reader, NULL), 0);
    for (u32 i = 0; i < UPDATES || atomic_load(&real.reads) < 1000; i++) {
        u64 now = update_real(first);

        CHECK(now >= told);
        told = now;
    }
    atomic_store(&real.stop, true);
    for (size_t i = 0; i < READERS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(atomic_load(&real.backwards), 0);
}
