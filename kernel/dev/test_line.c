/* SPDX-License-Identifier: MIT */
/*
 * The line discipline, as somebody at the keyboard sees it.  What is expected here was seen on Linux.
 */
#include "abi/linux/errno.h"
#include "abi/linux/signal.h"
#include "kernel/core/iov.h"
#include "kernel/dev/line.h"
#include "kernel/lib/string.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

static struct line line;
static char seen[LINE_OUT + 1];

static void start(void)
{
    machine_start();
    CHECK_EQ(line_init(&line), 0);
}

static void stop(void)
{
    line_fini(&line);
    machine_stop();
}

static void type_bytes(const char *text, size_t len)
{
    while (len) {
        size_t n = min_size(len, line_room(&line));

        CHECK(n > 0);
        line_input(&line, (const u8 *)text, n);
        text += n;
        len -= n;
    }
}

static void type(const char *text)
{
    type_bytes(text, strlen(text));
}

/* What has been shown since the last look. */
static const char *shown(void)
{
    struct iov v;
    ssize_t n;

    iov_kernel(&v, seen, LINE_OUT);
    n = line_take(&line, &v);
    seen[n > 0 ? n : 0] = '\0';
    return seen;
}

static ssize_t got(void *buf, size_t len)
{
    struct iov v;

    iov_kernel(&v, buf, len);
    return line_read(&line, &v);
}

static void check_got(const char *want)
{
    char buf[256];

    CHECK_EQ(got(buf, sizeof(buf)), strlen(want));
    CHECK_MEMEQ(buf, want, strlen(want));
}

static void print(const char *text)
{
    CHECK(line_print_room(&line) >= strlen(text));
    line_print(&line, (const u8 *)text, strlen(text));
}

struct change {
    u32 iflag_set, iflag_clear, oflag_set, oflag_clear, lflag_set, lflag_clear;
};

static void change(struct change c)
{
    struct termios2 t = line.settings;

    t.c_iflag = (t.c_iflag | c.iflag_set) & ~c.iflag_clear;
    t.c_oflag = (t.c_oflag | c.oflag_set) & ~c.oflag_clear;
    t.c_lflag = (t.c_lflag | c.lflag_set) & ~c.lflag_clear;
    line_set(&line, &t);
}

static void set_char(u32 index, u8 c)
{
    struct termios2 t = line.settings;

    t.c_cc[index] = c;
    line_set(&line, &t);
}

static void check_invariants(void)
{
    CHECK(line.in_tail <= line.lines_end && line.lines_end <= line.in_head);
    CHECK(line.in_head - line.in_tail <= LINE_IN);
    CHECK(line.out_tail <= line.out_head && line.out_head - line.out_tail <= LINE_OUT);
    if (!(line.settings.c_lflag & ICANON))
        CHECK_EQ(line.lines_end, line.in_tail);
}

/* ---- canonical mode ---- */

TEST(line_is_there_when_it_has_ended)
{
    char c;

    start();
    type("hel");
    CHECK(!line_is_readable(&line));
    CHECK_EQ(got(&c, 1), -EAGAIN);
    CHECK_EQ(line_waiting(&line), 0);
    type("lo\nnext");
    CHECK(line_is_readable(&line));
    CHECK_EQ(line_waiting(&line), 6);
    check_got("hello\n");
    CHECK_EQ(got(&c, 1), -EAGAIN);
    CHECK_STREQ(shown(), "hello\r\nnext");
    stop();
}

TEST(lines_are_read_one_by_one_and_in_pieces)
{
    char buf[8];

    start();
    type("one\ntwo\n");
    CHECK_EQ(got(buf, 2), 2);
    CHECK_EQ(got(buf, 8), 2);
    CHECK_MEMEQ(buf, "e\n", 2);
    check_got("two\n");
    stop();
}

TEST(end_of_file_ends_a_line_without_being_part_of_it)
{
    char buf[8];

    start();
    type("ab\4");
    CHECK_EQ(line_waiting(&line), 2);
    check_got("ab");
    CHECK_EQ(got(buf, 8), -EAGAIN);
    type("\4");
    CHECK(line_is_readable(&line));
    CHECK_EQ(got(buf, 8), 0);
    CHECK_EQ(got(buf, 8), -EAGAIN);
    type("abc\4");                               /* used up by a read that just fits        */
    CHECK_EQ(got(buf, 3), 3);
    CHECK_EQ(got(buf, 3), -EAGAIN);
    type("abc\n\4");                             /* a line of its own                       */
    CHECK_EQ(got(buf, 4), 4);
    CHECK_EQ(got(buf, 4), 0);
    stop();
}

TEST(erase_takes_back_what_is_shown)
{
    start();
    type("ab\177");
    CHECK_STREQ(shown(), "ab\b \b");
    type("\177\177\177");                        /* nothing in front of the line goes       */
    CHECK_STREQ(shown(), "\b \b");
    type("x\1\177\n");                           /* a control character is two columns wide */
    CHECK_STREQ(shown(), "x^A\b \b\b \b\r\n");
    check_got("x\n");
    stop();
}

TEST(erase_goes_back_to_where_a_tab_began)
{
    start();
    type("ab\tc\177\177\177");
    CHECK_STREQ(shown(), "ab\tc\b \b\b\b\b\b\b\b\b \b");
    type("\n");
    check_got("a\n");
    shown();
    print("prompt> ");                           /* eight columns: a tab is as wide         */
    CHECK_STREQ(shown(), "prompt> ");
    type("\t\177");
    CHECK_STREQ(shown(), "\t\b\b\b\b\b\b\b\b");
    stop();
}

TEST(erase_of_a_character_of_several_bytes)
{
    start();
    change((struct change){ .iflag_set = IUTF8 });
    type("a\xc3\xa4\177");
    CHECK_STREQ(shown(), "a\xc3\xa4\b \b");
    type("\n");
    check_got("a\n");
    type("\xa4\177\n");                          /* a piece of one alone                    */
    check_got("\n");
    stop();
}

TEST(word_erase_and_kill)
{
    start();
    type("a b_c d!\27");
    CHECK_STREQ(shown(), "a b_c d!\b \b\b \b");
    type("\27");
    CHECK_STREQ(shown(), "\b \b\b \b\b \b\b \b");
    type("\25");
    CHECK_STREQ(shown(), "\b \b\b \b");
    type("new\n");
    check_got("new\n");
    shown();
    change((struct change){ .lflag_clear = ECHOKE });
    type("abc\25d\n");
    CHECK_STREQ(shown(), "abc^U\r\nd\r\n");
    check_got("d\n");
    stop();
}

TEST(erased_characters_can_be_printed_between_slashes)
{
    start();
    change((struct change){ .lflag_set = ECHOPRT });
    type("abcd\177\177x");
    CHECK_STREQ(shown(), "abcd\\dc/x");
    type("\25");
    CHECK_STREQ(shown(), "\\xba/");
    stop();
}

TEST(literal_next_takes_the_meaning_from_a_key)
{
    start();
    type("\26\3");
    CHECK_STREQ(shown(), "^\b^C");
    CHECK_EQ(line.signals, 0);
    type("\26\177\26\4\n");
    check_got("\3\177\4\n");
    stop();
}

TEST(reprint_shows_the_line_again)
{
    start();
    type("ab\22c\n");
    CHECK_STREQ(shown(), "ab^R\r\nabc\r\n");
    check_got("abc\n");
    stop();
}

TEST(further_line_ends)
{
    start();
    set_char(VEOL, ';');
    set_char(VEOL2, '|');
    type("a;b|c\n");
    check_got("a;");
    check_got("b|");
    check_got("c\n");
    CHECK_STREQ(shown(), "a;b|c\r\n");
    stop();
}

TEST(overlong_lines_lose_their_end_but_not_their_newline)
{
    static char text[3 * LINE_LENGTH], buf[2 * LINE_LENGTH];

    start();
    memset(text, 'x', sizeof(text));
    type_bytes(text, sizeof(text));
    check_invariants();
    CHECK(line_room(&line) > 0);
    type("\nnext\n");
    CHECK_EQ(line_waiting(&line), LINE_LENGTH + 5);
    CHECK_EQ(got(buf, sizeof(buf)), LINE_LENGTH);
    CHECK_EQ(buf[LINE_LENGTH - 1], '\n');
    check_got("next\n");
    stop();
}

TEST(overlong_lines_ring_the_bell_if_wanted)
{
    static char text[LINE_LENGTH];

    start();
    change((struct change){ .iflag_set = IMAXBEL });
    memset(text, 'x', sizeof(text));
    type_bytes(text, LINE_LENGTH - 1);
    shown();
    type("x");
    CHECK_STREQ(shown(), "\a");
    stop();
}

TEST(lines_nobody_reads_stop_the_input)
{
    start();
    for (u32 i = 0; i < LINE_IN && line_room(&line); i++)
        line_input(&line, (const u8 *)"abc\n", 4);
    CHECK_EQ(line_room(&line), 0);
    check_invariants();
    while (!line_room(&line))
        check_got("abc\n");
    type("x\n");
    stop();
}

/* ---- raw mode ---- */

static void raw(void)
{
    change((struct change){
        .iflag_clear = ICRNL | IXON,
        .oflag_clear = OPOST,
        .lflag_clear = ECHO | ICANON | ISIG | IEXTEN,
    });
}

TEST(raw_mode_passes_every_byte)
{
    char buf[300], all[256];

    start();
    raw();
    for (u32 i = 0; i < 256; i++)
        all[i] = (char)i;
    type_bytes(all, 256);
    CHECK_EQ(line_waiting(&line), 256);
    CHECK_EQ(got(buf, sizeof(buf)), 256);
    CHECK_MEMEQ(buf, all, 256);
    CHECK_STREQ(shown(), "");
    line_print(&line, (const u8 *)"a\n\tb", 4);
    CHECK_STREQ(shown(), "a\n\tb");
    CHECK_EQ(line.signals, 0);
    stop();
}

TEST(raw_mode_is_readable_from_min_bytes_on)
{
    start();
    raw();
    set_char(VMIN, 3);
    type("ab");
    CHECK(!line_is_readable(&line));
    type("c");
    CHECK(line_is_readable(&line));
    set_char(VMIN, 5);
    CHECK(!line_is_readable(&line));
    set_char(VTIME, 1);                          /* then the first one will do              */
    CHECK(line_is_readable(&line));
    stop();
}

TEST(raw_input_fills_the_ring_and_no_more)
{
    static char text[LINE_IN], buf[LINE_IN];

    start();
    raw();
    for (u32 i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7 + i / 256);
    type_bytes(text, sizeof(text));
    CHECK_EQ(line_room(&line), 0);
    CHECK_EQ(got(buf, 1000), 1000);
    CHECK_EQ(line_room(&line), 1000);
    type_bytes(text, 1000);                      /* around the edge                         */
    CHECK_EQ(got(buf, sizeof(buf)), LINE_IN);
    CHECK_MEMEQ(buf, text + 1000, LINE_IN - 1000);
    CHECK_MEMEQ(buf + LINE_IN - 1000, text, 1000);
    check_invariants();
    stop();
}

TEST(what_was_typed_survives_a_change_of_mode)
{
    start();
    type("half");
    raw();
    check_got("half");
    type("ab\4");
    change((struct change){ .lflag_set = ICANON });
    check_got("ab\4");                           /* a line by now, ^D and all               */
    type("\4c\n");
    raw();
    CHECK_EQ(line_waiting(&line), 3);            /* the end of file is a byte again         */
    check_invariants();
    stop();
}

/* ---- signals ---- */

static u64 bit(int signo)
{
    return 1ull << (signo - 1);
}

TEST(signal_keys_discard_what_was_typed)
{
    start();
    type("junk\3");
    CHECK_EQ(line.signals, bit(SIGINT));
    CHECK_STREQ(shown(), "junk^C");
    type("good\n");
    check_got("good\n");
    type("\34\32");
    CHECK_EQ(line.signals, bit(SIGINT) | bit(SIGQUIT) | bit(SIGTSTP));
    stop();
}

TEST(signal_keys_keep_it_with_noflsh)
{
    start();
    change((struct change){ .lflag_set = NOFLSH });
    type("kept\3\n");
    CHECK_EQ(line.signals, bit(SIGINT));
    check_got("kept\n");
    stop();
}

TEST(signal_keys_discard_output_that_piles_up)
{
    static char text[LINE_OUT];

    start();
    memset(text, 'x', sizeof(text));
    change((struct change){ .oflag_clear = OPOST });
    line_print(&line, (const u8 *)text, sizeof(text));
    type("\3");
    CHECK_EQ(line_shown(&line), 4096 + 2);
    stop();
}

TEST(keys_mean_nothing_when_they_are_off)
{
    start();
    set_char(VINTR, 0);
    type("\3");
    CHECK_EQ(line.signals, 0);
    type_bytes("\0\n", 2);                       /* and a zero byte is no key               */
    CHECK_EQ(line.signals, 0);
    CHECK_EQ(line_waiting(&line), 3);
    change((struct change){ .lflag_clear = ISIG });
    type("\34\n");
    CHECK_EQ(line.signals, 0);
    stop();
}

/* ---- translation ---- */

TEST(input_is_translated)
{
    start();
    type("a\rb\n");
    check_got("a\n");
    check_got("b\n");
    change((struct change){ .iflag_set = IGNCR });
    type("a\rb\n");
    check_got("ab\n");
    change((struct change){ .iflag_set = INLCR, .iflag_clear = IGNCR | ICRNL });
    type("a\nb");
    CHECK(!line_is_readable(&line));             /* a CR ends no line                       */
    change((struct change){ .iflag_set = ISTRIP | IUCLC, .iflag_clear = INLCR });
    line_flush_input(&line);
    type("\xc1Q\n");
    check_got("aq\n");
    stop();
}

TEST(a_marked_byte_is_doubled)
{
    start();
    change((struct change){ .iflag_set = PARMRK });
    type("\xff\n");
    check_got("\xff\xff\n");
    stop();
}

TEST(output_is_translated)
{
    start();
    print("a\nb\tc");
    CHECK_STREQ(shown(), "a\r\nb\tc");
    change((struct change){ .oflag_set = XTABS | OLCUC });
    print("\n1\tx");
    CHECK_STREQ(shown(), "\r\n1       X");
    change((struct change){ .oflag_set = ONOCR, .oflag_clear = OLCUC });
    print("\r\rq\r");
    CHECK_STREQ(shown(), "\rq\r");
    change((struct change){ .oflag_set = OCRNL, .oflag_clear = ONOCR });
    print("1\r2");
    CHECK_STREQ(shown(), "1\n2");
    change((struct change){ .oflag_clear = ONLCR | OCRNL });
    print("a\nb");
    CHECK_STREQ(shown(), "a\nb");
    stop();
}

TEST(echo_can_be_only_newlines_or_nothing)
{
    start();
    change((struct change){ .lflag_clear = ECHO, .lflag_set = ECHONL });
    type("secret\n");
    CHECK_STREQ(shown(), "\r\n");
    change((struct change){ .lflag_clear = ECHONL });
    type("secret\n");
    CHECK_STREQ(shown(), "");
    change((struct change){ .lflag_set = ECHO, .lflag_clear = ECHOCTL });
    type("\1\n");
    CHECK_STREQ(shown(), "\1\r\n");
    stop();
}

TEST(echo_nobody_takes_is_lost_and_nothing_else)
{
    static char text[LINE_LENGTH];

    start();
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\n';
    for (u32 i = 0; i < 6; i++) {
        static char buf[LINE_LENGTH];

        type_bytes(text, sizeof(text));
        CHECK_EQ(got(buf, sizeof(buf)), LINE_LENGTH);
    }
    CHECK_EQ(line_shown(&line), LINE_OUT);
    CHECK_EQ(line_print_room(&line), 0);
    check_invariants();
    stop();
}

/* ---- flow ---- */

TEST(stop_and_start_keys_hold_the_output)
{
    start();
    type("\23");
    CHECK_EQ(line_print_room(&line), 0);
    type("x");                                   /* any other key does not start it         */
    CHECK_EQ(line_print_room(&line), 0);
    type("\21");
    CHECK(line_print_room(&line) > 0);
    change((struct change){ .iflag_set = IXANY });
    type("\23x");
    CHECK(line_print_room(&line) > 0);
    type("\23");
    change((struct change){ .iflag_clear = IXON }); /* nobody could start it                */
    CHECK(line_print_room(&line) > 0);
    line_flush_input(&line);
    type("\23\n");
    check_got("\23\n");
    stop();
}

TEST(start_key_does_not_undo_a_call)
{
    start();
    line_stop(&line);
    type("\21");
    CHECK_EQ(line_print_room(&line), 0);
    line_start(&line);
    CHECK(line_print_room(&line) > 0);
    line_send(&line, VSTOP);
    CHECK_STREQ(shown(), "\23");
    stop();
}

TEST(events_for_packet_mode)
{
    start();
    type("\23");
    CHECK_EQ(line.events, TIOCPKT_STOP);
    type("\21");
    CHECK_EQ(line.events, TIOCPKT_START);
    line.events = 0;
    line_flush_input(&line);
    line_flush_output(&line);
    CHECK_EQ(line.events, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
    line.events = 0;
    change((struct change){ .iflag_clear = IXON });
    CHECK_EQ(line.events, TIOCPKT_NOSTOP);
    change((struct change){ .iflag_set = IXON });
    CHECK_EQ(line.events, TIOCPKT_DOSTOP);
    stop();
}

/* ---- anything ---- */

TEST(no_input_and_no_setting_breaks_the_rings)
{
    u64 rng = 20;

    start();
    for (u32 i = 0; i < 200000; i++) {
        struct termios2 t = line.settings;
        char buf[64];
        u8 c;

        rng = rng * 6364136223846793005ull + 1442695040888963407ull;
        c = (u8)(rng >> 40);
        switch (rng >> 60) {
        case 0:
            t.c_lflag ^= 1u << (rng >> 33) % 17;
            line_set(&line, &t);
            break;
        case 1:
            t.c_iflag ^= 1u << (rng >> 33) % 15;
            line_set(&line, &t);
            break;
        case 2:
            t.c_oflag ^= 1u << (rng >> 33) % 13;
            line_set(&line, &t);
            break;
        case 3:
            (void)got(buf, 1 + (rng >> 33) % sizeof(buf));
            break;
        case 4:
            (void)shown();
            break;
        case 5:
            if (line_print_room(&line))
                line_print(&line, &c, 1);
            break;
        case 6:
            if (!((rng >> 33) % 64))
                line_flush_input(&line);
            break;
        default:
            c = rng >> 59 & 1 ? c & 0x1f : c;
            if (line_room(&line))
                line_input(&line, &c, 1);
        }
        check_invariants();
    }
    stop();
}

TEST_TORTURE(line_needs_memory)
{
    machine_start();
    if (!line_init(&line))
        line_fini(&line);
    machine_stop();
}
