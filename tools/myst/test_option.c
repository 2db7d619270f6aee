/* SPDX-License-Identifier: MIT */
/*
 * The option parser: where options end, what is refused, sizes at their limits.
 */
#include "tools/myst/option.h"
#include "tools/myst/run_option.h"
#include "tests/unit/test.h"
#include "targets/linux/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct values {
    bool perf;
    uint64_t size;
    const char *text;
    struct strace_options strace;
};

static struct values values;

static const struct option table[] = {
    { "perf", 'p', ARGUMENT_NONE, NULL, "", option_flag, &values.perf },
    { "size", 's', ARGUMENT_REQUIRED, "size", "", option_size, &values.size },
    { "text", 0, ARGUMENT_REQUIRED, "text", "", option_text, &values.text },
    { "strace", 0, ARGUMENT_OPTIONAL, "host", "", option_strace, &values.strace },
    { 0 },
};

/* Parse a line of words; the rest is joined by spaces. */
static enum options_result parse(enum option_end end, const char *line, char rest[256])
{
    char copy[256], *words[32], *save;
    int count = 0, left = -1;

    values = (struct values){ 0 };
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        words[count++] = w;
    words[count] = NULL;

    enum options_result result = options_parse(table, end, words, &left);
    rest[0] = '\0';
    for (int i = 0; result == OPTIONS_OK && words[i]; i++) {
        if (i)
            strcat(rest, " ");
        strcat(rest, words[i]);
        left--;
    }
    if (result == OPTIONS_OK)
        CHECK_EQ(left, 0);
    return result;
}

#define CHECK_PARSE(end, line, words)                                                              \
    do {                                                                                           \
        char rest_[256];                                                                           \
        CHECK_EQ(parse(end, line, rest_), OPTIONS_OK);                                             \
        CHECK_STREQ(rest_, words);                                                                 \
    } while (0)

#define CHECK_REFUSED(line)                                                                        \
    do {                                                                                           \
        char rest_[256];                                                                           \
        CHECK_EQ(parse(OPTIONS_END_NEVER, line, rest_), OPTIONS_BAD);                              \
    } while (0)

TEST(options_end_at_the_first_positional_word)
{
    CHECK_PARSE(OPTIONS_END_AT_FIRST, "--perf a --text x", "a --text x");
    CHECK(values.perf);
    CHECK(!values.text);
}

TEST(options_of_exec_may_stand_between_root_and_application)
{
    CHECK_PARSE(OPTIONS_END_AT_SECOND, "root --perf /app --perf --size=1 --",
                "root /app --perf --size=1 --");
    CHECK(values.perf);
    CHECK_EQ(values.size, 0);
}

TEST(options_may_follow_the_words_of_other_commands)
{
    CHECK_PARSE(OPTIONS_END_NEVER, "a --perf b --text x", "a b");
    CHECK_STREQ(values.text, "x");
}

TEST(two_dashes_end_the_options_and_vanish)
{
    CHECK_PARSE(OPTIONS_END_NEVER, "a -- --perf -- -x", "a --perf -- -x");
    CHECK(!values.perf);
    CHECK_PARSE(OPTIONS_END_AT_SECOND, "root -- --perf", "root --perf");
    CHECK(!values.perf);
}

TEST(a_single_dash_is_a_word)
{
    CHECK_PARSE(OPTIONS_END_NEVER, "- -p", "-");
    CHECK(values.perf);
}

TEST(an_argument_follows_or_is_attached)
{
    CHECK_PARSE(OPTIONS_END_AT_FIRST, "--text=x=y w", "w");
    CHECK_STREQ(values.text, "x=y");
    CHECK_PARSE(OPTIONS_END_AT_FIRST, "--text -p w", "w");
    CHECK_STREQ(values.text, "-p");
    CHECK_PARSE(OPTIONS_END_AT_FIRST, "-s 4k w", "w");
    CHECK_EQ(values.size, 4096);
}

TEST(the_last_of_several_counts)
{
    CHECK_PARSE(OPTIONS_END_AT_FIRST, "--text a --text b", "");
    CHECK_STREQ(values.text, "b");
}

TEST(an_optional_argument_must_be_attached)
{
    CHECK_PARSE(OPTIONS_END_AT_FIRST, "--strace host", "host");
    CHECK(values.strace.all);
    CHECK(!values.strace.host_calls);
    CHECK_PARSE(OPTIONS_END_AT_FIRST, "--strace=host", "");
    CHECK(values.strace.host_calls);
    CHECK_REFUSED("--strace=guest");
}

TEST(wrong_options_are_refused)
{
    CHECK_REFUSED("--perf=1");
    CHECK_REFUSED("--perf=");
    CHECK_REFUSED("--text");
    CHECK_REFUSED("--text=");
    CHECK_REFUSED("--per");
    CHECK_REFUSED("--perfect");
    CHECK_REFUSED("-perf");
    CHECK_REFUSED("-x");
}

TEST(help_is_found_among_options_only)
{
    char rest[256];

    CHECK_EQ(parse(OPTIONS_END_AT_SECOND, "--perf -h", rest), OPTIONS_HELP);
    CHECK_EQ(parse(OPTIONS_END_AT_SECOND, "root --help", rest), OPTIONS_HELP);
    CHECK_EQ(parse(OPTIONS_END_AT_SECOND, "root /app --help", rest), OPTIONS_OK);
}

TEST(sizes_are_rounded_up_to_pages)
{
    uint64_t size;

    CHECK(!option_size(&size, "1"));
    CHECK_EQ(size, 4096);
    CHECK(!option_size(&size, "4097"));
    CHECK_EQ(size, 8192);
    CHECK(!option_size(&size, "3k"));
    CHECK_EQ(size, 4096);
    CHECK(!option_size(&size, "2M"));
    CHECK_EQ(size, 2 << 20);
    CHECK(!option_size(&size, "8g"));
    CHECK_EQ(size, 8ull << 30);
}

TEST(sizes_that_are_none_are_refused)
{
    static const char *const wrong[] = { "",
                                         "0",
                                         "0k",
                                         "-1",
                                         "+1",
                                         "1t",
                                         "1kb",
                                         " 1",
                                         "1 ",
                                         "k",
                                         "1.5m",
                                         "0x10",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "17179869184g" };
    uint64_t size = 7;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CHECK(option_size(&size, wrong[i]));
    CHECK_EQ(size, 7);
}

TEST(memory_and_stacks_have_least_sizes)
{
    uint64_t size;

    CHECK(option_memory(&size, "1020k"));
    CHECK(!option_memory(&size, "1m"));
    CHECK(option_stack(&size, "60k"));
    CHECK(!option_stack(&size, "64k"));
}

TEST(id_maps_are_lists_of_pairs)
{
    struct id_map map = { 0 };

    CHECK(!option_id_map(&map, "1000:0,4294967295:65534"));
    CHECK_EQ(map.count, 2);
    CHECK_EQ(map.pairs[1].host, 4294967295u);
    CHECK_EQ(map.pairs[1].inside, 65534);
    CHECK(option_id_map(&map, "1000"));
    CHECK(option_id_map(&map, "1000:"));
    CHECK(option_id_map(&map, "1000:0,"));
    CHECK(option_id_map(&map, "1000:0:1"));
    CHECK(option_id_map(&map, "4294967296:0"));
    CHECK_EQ(map.count, 2);
    free(map.pairs);
}

TEST(filters_by_id_take_positive_numbers)
{
    struct id_list ids = { 0 };

    CHECK(!option_ids(&ids, "101:7"));
    CHECK_EQ(ids.count, 2);
    CHECK_EQ(ids.ids[1], 7);
    CHECK(option_ids(&ids, "0"));
    CHECK(option_ids(&ids, "1:"));
    CHECK(option_ids(&ids, ":1"));
    CHECK(option_ids(&ids, "1:-2"));
    CHECK(option_ids(&ids, "2147483648"));
    CHECK_EQ(ids.count, 2);
    free(ids.ids);
}

TEST(mounts_are_collected)
{
    struct mount_list mounts = { 0 };

    CHECK(!option_mount(&mounts, "/a=/x"));
    CHECK(!option_mount(&mounts, "b=/y=z"));
    CHECK_EQ(mounts.count, 2);
    CHECK_STREQ(mounts.items[1].source, "b");
    CHECK_STREQ(mounts.items[1].target, "/y=z");
    CHECK(option_mount(&mounts, "/a"));
    CHECK(option_mount(&mounts, "=/x"));
    CHECK(option_mount(&mounts, "/a=x"));
    CHECK_EQ(mounts.count, 2);
    for (size_t i = 0; i < mounts.count; i++)
        free((void *)mounts.items[i].source);
    free(mounts.items);
}
