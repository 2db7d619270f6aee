/* SPDX-License-Identifier: MIT */
/*
 * The site table, against a plain array that is searched from one end to the other.
 */
#include "kernel/mm/site.h"
#include "abi/linux/errno.h"
#include "tests/unit/fault.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

/* P7 at `at`: mov, lea and jmp in a stub of 18 bytes. */
static struct patch p7(u64 at, u64 stub)
{
    return (struct patch){
        .at = at,
        .insn = at + 5,
        .stub = stub,
        .shape = PATCH_P7,
        .len = 5,
        .stub_len = 18,
        .point_count = 3,
        .points = { { 0, 0 }, { 5, 5 }, { 12, 5 } },
    };
}

/* AFTER at S, with two moved instructions of 3 and 4 bytes. */
static struct patch after(u64 at, u64 stub)
{
    return (struct patch){
        .at = at,
        .insn = at,
        .stub = stub,
        .shape = PATCH_AFTER,
        .len = 9,
        .stub_len = 25,
        .point_count = 5,
        .points = { { 0, 0 }, { 7, 0 }, { 13, 2 }, { 16, 5 }, { 20, 9 } },
    };
}

/* BEFORE: two instructions of 4 and 2 bytes in front of S. */
static struct patch before(u64 at, u64 stub)
{
    return (struct patch){
        .at = at,
        .insn = at + 6,
        .stub = stub,
        .shape = PATCH_BEFORE,
        .len = 6,
        .stub_len = 19,
        .point_count = 4,
        .points = { { 0, 0 }, { 4, 4 }, { 6, 6 }, { 13, 6 } },
    };
}

/* HOP: S in the middle of a page, a hole 0x40 bytes before it. */
static struct patch hop(u64 at, u64 stub)
{
    return (struct patch){
        .at = at,
        .insn = at,
        .stub = stub,
        .hole = at - 0x40,
        .hole_original = { 0x66, 0x90, 0x0f, 0x1f, 0x00 },
        .shape = PATCH_HOP,
        .len = 2,
        .stub_len = 13,
        .point_count = 2,
        .points = { { 0, 0 }, { 7, 0 } },
    };
}

static const u8 bytes[PATCH_LEN_MAX] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

static void add(struct site_table *t, struct patch p)
{
    CHECK_EQ(site_add(t, &p, bytes), 0);
}

TEST(site_of_a_stub_address_is_exact)
{
    machine_start();
    struct site_table t = { 0 };

    add(&t, after(0x1000, 0x9000));
    add(&t, p7(0x1100, 0x9020));
    add(&t, before(0x1200, 0x9040));

    /* the call sequence means S; each moved instruction means itself; the jump back what follows */
    CHECK_EQ(site_orig_of_stub(&t, 0x9000), 0x1000);
    CHECK_EQ(site_orig_of_stub(&t, 0x9007), 0x1000);
    CHECK_EQ(site_orig_of_stub(&t, 0x900d), 0x1002);
    CHECK_EQ(site_orig_of_stub(&t, 0x9010), 0x1005);
    CHECK_EQ(site_orig_of_stub(&t, 0x9014), 0x1009);
    CHECK_EQ(site_orig_of_stub(&t, 0x9020), 0x1100);
    CHECK_EQ(site_orig_of_stub(&t, 0x9025), 0x1105);
    CHECK_EQ(site_orig_of_stub(&t, 0x902c), 0x1105);
    CHECK_EQ(site_orig_of_stub(&t, 0x9040), 0x1200);
    CHECK_EQ(site_orig_of_stub(&t, 0x9044), 0x1204);
    CHECK_EQ(site_orig_of_stub(&t, 0x9046), 0x1206);

    /* outside any stub: between two, behind the last, before the first */
    CHECK_EQ(site_orig_of_stub(&t, 0x9019), 0x9019);
    CHECK_EQ(site_orig_of_stub(&t, 0x9053), 0x9053);
    CHECK_EQ(site_orig_of_stub(&t, 0x8fff), 0x8fff);
    CHECK_EQ(site_orig_of_stub(&t, 0x1000), 0x1000);
    site_table_fini(&t);
    machine_stop();
}

TEST(site_resumes_where_the_instruction_is_now)
{
    machine_start();
    struct site_table t = { 0 };

    add(&t, after(0x1000, 0x9000));
    add(&t, p7(0x1100, 0x9020));
    add(&t, before(0x1200, 0x9040));

    CHECK_EQ(site_resume_of_orig(&t, 0x1000), 0x9000);
    CHECK_EQ(site_resume_of_orig(&t, 0x1002), 0x900d);
    CHECK_EQ(site_resume_of_orig(&t, 0x1005), 0x9010);
    CHECK_EQ(site_resume_of_orig(&t, 0x1009), 0x1009); /* behind the site                   */
    CHECK_EQ(site_resume_of_orig(&t, 0x1003), 0x1003); /* no instruction begins there       */
    CHECK_EQ(site_resume_of_orig(&t, 0x1105), 0x9025); /* S again: no trap                  */
    CHECK_EQ(site_resume_of_orig(&t, 0x1107), 0x1107); /* S+2 is where it was               */
    CHECK_EQ(site_resume_of_orig(&t, 0x1204), 0x9044);
    CHECK_EQ(site_resume_of_orig(&t, 0x1206), 0x9046);
    CHECK_EQ(site_resume_of_orig(&t, 0x1208), 0x1208);
    site_table_fini(&t);
    machine_stop();
}

struct forgotten {
    u64 stubs[8];
    size_t count;
};

static void forgot(void *arg, const struct site *s)
{
    struct forgotten *f = arg;

    CHECK(f->count < ARRAY_SIZE(f->stubs));
    f->stubs[f->count++] = s->stub;
}

/* The hole is part of the way to the stub: whoever is in it is at S. */
TEST(site_knows_its_hole)
{
    machine_start();
    struct site_table t = { 0 };
    struct patch second = hop(0x1082, 0x9020);
    u8 copy[0x60];

    add(&t, hop(0x1080, 0x9000));
    CHECK_EQ(site_orig_of_stub(&t, 0x1040), 0x1080);
    CHECK_EQ(site_orig_of_stub(&t, 0x9007), 0x1080);
    CHECK_EQ(site_orig_of_stub(&t, 0x1045), 0x1045);
    CHECK_EQ(site_resume_of_orig(&t, 0x1080), 0x9000);
    CHECK_EQ(site_resume_of_orig(&t, 0x1082), 0x1082);
    CHECK_EQ(site_find(&t, 0x1080)->shape, PATCH_HOP);

    CHECK(site_overlaps(&t, 0x1044, 1));
    CHECK(!site_overlaps(&t, 0x1045, 0x3b));
    CHECK_EQ(site_add(&t, &second, bytes), -EEXIST); /* the same hole                       */

    memset(copy, 0xee, sizeof(copy));
    site_table_restore(&t, 0x1040, copy, sizeof(copy));
    CHECK_MEMEQ(copy, "\x66\x90\x0f\x1f\x00\xee", 6);
    CHECK_MEMEQ(copy + 0x3f, "\xee\1\2\xee", 4);

    struct forgotten f = { 0 };
    site_forget_range(&t, 0x1000, 0x1000, forgot, &f);
    CHECK_EQ(f.count, 1);
    CHECK_EQ(f.stubs[0], 0x9000);
    CHECK_EQ(t.count, 0);

    struct patch p = hop(0x1080, 0x9000);
    add(&t, p);
    site_forget(&t, &p);
    CHECK_EQ(t.count, 0);
    CHECK_EQ(t.stub_count, 0);
    site_table_fini(&t);
    machine_stop();
}

TEST(site_is_found_by_its_instruction)
{
    machine_start();
    struct site_table t = { 0 };

    add(&t, p7(0x1100, 0x9000));
    CHECK_EQ(site_add_refused(&t, 0x2000), 0);
    CHECK(!site_find(&t, 0x1100));
    CHECK(site_find(&t, 0x1105));
    CHECK_EQ(site_find(&t, 0x1105)->shape, PATCH_P7);
    CHECK_EQ(site_find(&t, 0x2000)->shape, PATCH_NONE);
    CHECK(!site_find(&t, 0x2001));
    CHECK_EQ(site_resume_of_orig(&t, 0x2000), 0x2000);
    CHECK_EQ(site_orig_of_stub(&t, 0), 0);
    site_table_fini(&t);
    machine_stop();
}

TEST(sites_never_overlap)
{
    machine_start();
    struct site_table t = { 0 };
    struct patch p;

    add(&t, p7(0x1100, 0x9000));                 /* 0x1100 .. 0x1107, S included            */
    CHECK(site_overlaps(&t, 0x10ff, 2));
    CHECK(site_overlaps(&t, 0x1106, 1));
    CHECK(!site_overlaps(&t, 0x1107, 100));
    CHECK(!site_overlaps(&t, 0x10f0, 0x10));
    p = p7(0x1106, 0x9100);
    CHECK_EQ(site_add(&t, &p, bytes), -EEXIST);
    p = after(0x10f8, 0x9100);
    CHECK_EQ(site_add(&t, &p, bytes), -EEXIST);
    CHECK_EQ(site_add_refused(&t, 0x1105), -EEXIST);
    CHECK_EQ(site_add_refused(&t, 0x1107), 0);
    site_table_fini(&t);
    machine_stop();
}

TEST(site_gives_the_original_bytes_back)
{
    machine_start();
    struct site_table t = { 0 };
    u8 copy[16];

    add(&t, p7(0x1000, 0x9000));
    add(&t, after(0x100c, 0x9100));

    memset(copy, 0xee, sizeof(copy));
    site_table_restore(&t, 0x1000, copy, sizeof(copy));
    CHECK_MEMEQ(copy, "\1\2\3\4\5\xee\xee\xee\xee\xee\xee\xee\1\2\3\4", 16);

    /* a window that begins and ends inside sites */
    memset(copy, 0xee, sizeof(copy));
    site_table_restore(&t, 0x1003, copy, 11);
    CHECK_MEMEQ(copy, "\4\5\xee\xee\xee\xee\xee\xee\xee\1\2\xee", 12);
    site_table_fini(&t);
    machine_stop();
}

TEST(site_forgets_a_range)
{
    machine_start();
    struct site_table t = { 0 };
    struct forgotten f = { 0 };

    for (u64 i = 0; i < 5; i++)
        add(&t, p7(0x1000 + 0x100 * i, 0x9000 + 0x20 * i));
    CHECK_EQ(site_add_refused(&t, 0x1180), 0);

    /* begins in the middle of one site, ends before another: 1, the refused one and 2 go */
    site_forget_range(&t, 0x1106, 0x1300 - 0x1106, forgot, &f);
    CHECK_EQ(f.count, 3);
    CHECK_EQ(f.stubs[0], 0x9020);
    CHECK_EQ(f.stubs[1], 0);
    CHECK_EQ(f.stubs[2], 0x9040);
    CHECK_EQ(t.count, 3);
    CHECK(!site_find(&t, 0x1105));
    CHECK(!site_find(&t, 0x1205));
    CHECK(site_find(&t, 0x1005));
    CHECK(site_find(&t, 0x1305));
    CHECK_EQ(site_orig_of_stub(&t, 0x9025), 0x9025);
    CHECK_EQ(site_orig_of_stub(&t, 0x9065), 0x1305);

    site_forget_range(&t, 0x5000, 0x1000, forgot, &f);
    CHECK_EQ(f.count, 3);
    add(&t, p7(0x1200, 0x9040));
    CHECK_EQ(site_resume_of_orig(&t, 0x1205), 0x9045);
    site_table_fini(&t);
    machine_stop();
}

enum { MODEL_SITES = 600 };

struct model {
    struct patch site[MODEL_SITES];
    bool present[MODEL_SITES];
};

/* Every site has its own 64 bytes of code and of stub space, in an order that differs. */
static struct patch model_site(u64 index)
{
    u64 at = 0x100000 + index * 64, stub = 0x900000 + (index * 7 % MODEL_SITES) * 64;

    switch (index % 3) {
    case 0:
        return p7(at, stub);
    case 1:
        return after(at, stub);
    default:
        return before(at, stub);
    }
}

static void check_model(const struct site_table *t, const struct model *m)
{
    for (u64 i = 0; i < MODEL_SITES; i++) {
        const struct patch *p = &m->site[i];
        u64 last = p->stub + p->points[2].stub_off, orig = p->at + p->points[2].orig_off;

        CHECK_EQ(site_orig_of_stub(t, last), m->present[i] ? orig : last);
        CHECK_EQ(site_overlaps(t, p->at, 1), m->present[i]);
        if (p->shape == PATCH_AFTER)
            CHECK_EQ(site_resume_of_orig(t, orig), m->present[i] ? last : orig);
    }
}

TEST(site_table_equals_a_simple_model)
{
    machine_start();
    struct model *m = calloc(1, sizeof(*m));
    struct site_table t = { 0 };

    CHECK(m);
    for (u64 i = 0; i < MODEL_SITES; i++)
        m->site[i] = model_site(i);
    srandom(5);
    for (u32 round = 0; round < 4000; round++) {
        u64 i = (u64)random() % MODEL_SITES;
        if (random() % 40 == 0) {
            u64 count = (u64)random() % 50;
            site_forget_range(&t, m->site[i].at, count * 64, NULL, NULL);
            for (u64 k = i; k < i + count && k < MODEL_SITES; k++)
                m->present[k] = false;
        } else {
            CHECK_EQ(site_add(&t, &m->site[i], bytes), m->present[i] ? -EEXIST : 0);
            m->present[i] = true;
        }
        if (round % 100 == 0)
            check_model(&t, m);
    }
    check_model(&t, m);
    site_table_fini(&t);
    free(m);
    machine_stop();
}

TEST_TORTURE(site_add_without_memory_changes_nothing)
{
    machine_start();
    struct site_table t = { 0 };

    for (u64 i = 0; i < 200; i++) {
        struct patch p = model_site(i);
        int err = site_add(&t, &p, bytes);
        if (err) {
            CHECK(fault_injected());
            CHECK_EQ(err, -ENOMEM);
            CHECK_EQ(t.count, i);
            CHECK(!site_overlaps(&t, p.at, 64));
            CHECK_EQ(site_add(&t, &p, bytes), 0); /* it was once only                       */
        }
    }
    CHECK_EQ(t.count, 200);
    site_table_fini(&t);
    machine_stop();
}

TEST_TORTURE(site_table_reserve_makes_room)
{
    machine_start();
    struct site_table t = { 0 };

    if (site_table_reserve(&t, 1000)) {
        CHECK(fault_injected());
        site_table_fini(&t);
        return;
    }
    fault_arm(1);
    for (u64 i = 0; i < 500; i++) {
        struct patch p = model_site(i);
        CHECK_EQ(site_add(&t, &p, bytes), 0);
    }
    CHECK(!fault_injected());
    fault_arm(0);
    site_table_fini(&t);
    machine_stop();
}
