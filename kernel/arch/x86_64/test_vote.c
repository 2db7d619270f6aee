/* SPDX-License-Identifier: MIT */
/*
 * The backward vote against the boundaries that a forward sweep with Zydis finds.  A wrong vote at
 * a system call must not happen; elsewhere it may in tables of data only.
 */
#include "kernel/arch/x86_64/vote.h"
#include "kernel/arch/x86_64/test_text.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

struct tally {
    const struct patch_text *text;
    size_t prev_len;                             /* of the instruction before               */
    size_t prev_end;
    u32 seen;
    u32 right, wrong, undecided;                 /* every 16th instruction                  */
    u32 call_right, call_wrong, call_undecided;  /* system calls                            */
};

static void count(size_t vote, size_t truth, u32 *right, u32 *wrong, u32 *undecided)
{
    if (!vote)
        ++*undecided;
    else if (vote == truth)
        ++*right;
    else
        ++*wrong;
}

static void visit(void *arg, size_t off, const struct test_insn *z)
{
    struct tally *t = arg;
    const u8 *bytes = t->text->bytes;
    bool is_call = z->insn.mnemonic == ZYDIS_MNEMONIC_SYSCALL;

    if (t->prev_end == off && (t->seen++ % 16 == 0 || is_call)) {
        size_t vote = vote_prev_len(bytes, bytes + off);
        if (is_call)
            count(vote, t->prev_len, &t->call_right, &t->call_wrong, &t->call_undecided);
        else
            count(vote, t->prev_len, &t->right, &t->wrong, &t->undecided);
    }
    t->prev_len = z->insn.length;
    t->prev_end = off + z->insn.length;
}

static struct tally vote_on_file(const char *path)
{
    struct test_text text;
    struct tally t = { 0 };

    if (!test_text_open(&text, path))
        test_skip(path);
    for (size_t i = 0; i < text.section_count; i++) {
        t.text = &text.section[i];
        t.prev_end = SIZE_MAX;
        test_sweep(t.text, visit, &t);
    }
    test_text_close(&text);
    return t;
}

static void check_clean_file(const char *path, u32 calls_min)
{
    struct tally t = vote_on_file(path);

    CHECK_EQ(t.call_wrong, 0);
    CHECK(t.call_right >= calls_min);
    CHECK(t.call_undecided <= 1 + t.call_right / 200);
    CHECK_EQ(t.wrong, 0);
    CHECK(t.undecided * 50 <= t.right);
}

TEST(vote_is_never_wrong_in_glibc)
{
    check_clean_file("/lib/x86_64-linux-gnu/libc.so.6", 400);
}

TEST(vote_is_never_wrong_in_the_glibc_loader)
{
    check_clean_file("/lib64/ld-linux-x86-64.so.2", 30);
}

TEST(vote_is_never_wrong_in_musl)
{
    check_clean_file("/lib/ld-musl-x86_64.so.1", 400);
}

TEST(vote_is_never_wrong_in_go)
{
    check_clean_file("/usr/lib/go-1.19/bin/go", 40);
}

TEST(vote_is_never_wrong_in_python)
{
    check_clean_file("/usr/bin/python3.11", 0);
}

TEST(vote_is_rarely_wrong_in_tables_of_data)
{
    struct tally t = vote_on_file("/usr/lib/x86_64-linux-gnu/libcrypto.so.3");

    CHECK(t.wrong * 1000 <= t.right);
}

TEST(vote_needs_enough_bytes)
{
    u8 code[80];

    memset(code, 0x90, sizeof(code));
    CHECK_EQ(vote_prev_len(code, code), 0);
    CHECK_EQ(vote_prev_len(code, code + 15), 0);
    CHECK_EQ(vote_prev_len(code, code + 40), 1);
}

/* The buffer is exactly as large as it says: AddressSanitizer sees a byte too many. */
TEST(vote_reads_nothing_outside)
{
    srandom(3);
    for (u32 round = 0; round < 5000; round++) {
        size_t size = (size_t)random() % 100;
        u8 *code = malloc(size + !size);

        for (size_t i = 0; i < size; i++)
            code[i] = (u8)(random() >> 7);
        CHECK(vote_prev_len(code, code + size) <= 15);
        free(code);
    }
}
