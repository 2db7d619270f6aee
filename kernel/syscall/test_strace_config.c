/* SPDX-License-Identifier: MIT */
/* strace's options: what they choose, and what they say when they are wrong. */
#include "kernel/syscall/strace.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

static struct strace_config config;
static char message[256];

static int parse(struct strace_request request)
{
    message[0] = '\0';
    return strace_config_parse(&request, &config, message, sizeof(message));
}

static bool shows(unsigned long nr)
{
    return strace_has_slot(&config, sys_slot(nr));
}

TEST(without_options_nothing_is_traced)
{
    CHECK_EQ(parse((struct strace_request){ 0 }), 0);
    CHECK(!config.on);
    CHECK(!shows(NR_read));
}

TEST(strace_shows_all_calls_and_numbers_without_one)
{
    CHECK_EQ(parse((struct strace_request){ .all = true }), 0);
    CHECK(config.on);
    CHECK(shows(NR_read));
    CHECK(shows(NR_myst_gen_creds));
    CHECK(shows(400));
    CHECK(shows(5000));
    CHECK(strace_has_id(&config.pids, 1));
}

TEST(a_filter_shows_only_its_calls_and_groups)
{
    CHECK_EQ(parse((struct strace_request){ .filter = "SYS_read:close:clock" }), 0);
    CHECK(config.on);
    CHECK(shows(NR_read));
    CHECK(shows(NR_close));
    CHECK(shows(NR_clock_gettime));
    CHECK(!shows(NR_write));
    CHECK(!shows(400));
    CHECK(!shows(5000));
}

TEST(a_filter_wins_over_strace)
{
    CHECK_EQ(parse((struct strace_request){ .all = true, .filter = "read" }), 0);
    CHECK(shows(NR_read));
    CHECK(!shows(NR_write));
}

TEST(a_name_that_is_a_call_and_a_group_is_the_group)
{
    CHECK_EQ(parse((struct strace_request){ .filter = "fstat" }), 0);
    CHECK(shows(NR_fstat));
    CHECK(shows(NR_newfstatat));
    CHECK_EQ(parse((struct strace_request){ .filter = "SYS_fstat" }), 0);
    CHECK(shows(NR_fstat));
    CHECK(!shows(NR_newfstatat));
}

TEST(an_exclude_filter_shows_all_but_its_calls)
{
    CHECK_EQ(parse((struct strace_request){ .exclude = "memory:read" }), 0);
    CHECK(!shows(NR_read));
    CHECK(!shows(NR_mmap));
    CHECK(shows(NR_write));
    CHECK(shows(5000));
}

TEST(failing_alone_chooses_no_call_by_name)
{
    CHECK_EQ(parse((struct strace_request){ .failing = true, .all = true }), 0);
    CHECK(config.failing);
    CHECK(!shows(NR_read));
    CHECK_EQ(parse((struct strace_request){ .failing = true, .filter = "read" }), 0);
    CHECK(config.failing);
    CHECK(shows(NR_read));
    CHECK(!shows(NR_write));
}

TEST(every_group_and_every_call_is_a_name)
{
    for (unsigned g = 0; g < SYS_GROUPS; g++)
        CHECK_EQ(parse((struct strace_request){ .filter = sys_group_name[g] }), 0);
    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++) {
        if (!sys_info[slot].name)
            continue;
        CHECK_EQ(parse((struct strace_request){ .filter = sys_info[slot].name }), 0);
        CHECK(strace_has_slot(&config, slot));
    }
}

TEST(a_name_that_does_not_exist_is_named)
{
    CHECK_EQ(parse((struct strace_request){ .filter = "read:raed" }), -EINVAL);
    CHECK_STREQ(message, "Invalid group name or syscall name 'raed' specified in --strace-filter "
                         "or --strace-exclude-filter.");
    CHECK_EQ(parse((struct strace_request){ .exclude = "" }), -EINVAL);
    CHECK_STREQ(message, "Invalid group name or syscall name '' specified in --strace-filter "
                         "or --strace-exclude-filter.");
    CHECK_EQ(parse((struct strace_request){ .filter = "read:" }), -EINVAL);
    CHECK_EQ(parse((struct strace_request){ .filter = "rea" }), -EINVAL);
    CHECK_EQ(parse((struct strace_request){ .filter = "SYS_" }), -EINVAL);
    CHECK_EQ(parse((struct strace_request){ .filter = "SYS_desc" }), -EINVAL);
}

TEST(a_filter_and_its_opposite_exclude_each_other)
{
    CHECK_EQ(parse((struct strace_request){ .filter = "read", .exclude = "write" }), -EINVAL);
    CHECK_STREQ(message, "Cannot specify both --strace-filter and --strace-exclude-filter");
}

TEST(ids_narrow_what_is_shown)
{
    CHECK_EQ(parse((struct strace_request){ .pids = "101:32767", .filter = "read" }), 0);
    CHECK(strace_has_id(&config.pids, 101));
    CHECK(strace_has_id(&config.pids, 32767));
    CHECK(!strace_has_id(&config.pids, 102));
    CHECK(!strace_has_id(&config.pids, 32768));
    CHECK(!strace_has_id(&config.pids, -1));
    CHECK(strace_has_id(&config.tids, 102));
    CHECK(!shows(NR_write));
}

TEST(ids_alone_show_all_calls_of_those_threads)
{
    CHECK_EQ(parse((struct strace_request){ .tids = "7" }), 0);
    CHECK(config.on);
    CHECK(shows(NR_write));
    CHECK(!strace_has_id(&config.tids, 8));
}

TEST(ids_above_any_id_are_accepted_and_match_nobody)
{
    CHECK_EQ(parse((struct strace_request){ .tids = "2147483647" }), 0);
    CHECK(!strace_has_id(&config.tids, 1));
}

TEST(an_id_must_be_a_positive_number)
{
    static const char *const bad[] = { "0",  "-1", "x",          "1x",         "1.5",
                                       "+1", " 1", "2147483648", "99999999999" };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char expected[128] = "tid or pid ";

        strcat(strcat(expected, bad[i]), " is invalid. Must be a positive number.");
        CHECK_EQ(parse((struct strace_request){ .pids = bad[i] }), -EINVAL);
        CHECK_STREQ(message, expected);
    }
    CHECK_EQ(parse((struct strace_request){ .tids = "1:" }), -EINVAL);
    CHECK_STREQ(message, "tid or pid  is invalid. Must be a positive number.");
}

TEST(a_message_fits_whatever_the_word)
{
    char word[1000], small[16];
    struct strace_request request = { .filter = word };

    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    CHECK_EQ(parse(request), -EINVAL);
    CHECK(strlen(message) < sizeof(message));
    CHECK(strstr(message, "--strace-exclude-filter."));
    CHECK_EQ(strace_config_parse(&request, &config, small, sizeof(small)), -EINVAL);
    CHECK_STREQ(small, "Invalid group n");
}
