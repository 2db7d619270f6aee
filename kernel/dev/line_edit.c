/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: what each byte that arrives means (termios(3)), and its echo.  See line.h.
 *
 * A byte goes through the same gates in the same order as on Linux: literal, flow control, signals,
 * translation of CR and NL, editing, and what is left is text.
 */
#include "abi/linux/signal.h"
#include "kernel/dev/line_int.h"

enum { CHUNK_MAX = 2048 };                       /* line_room() where overlong lines are cut */

static bool has(const struct line *l, u32 lflag)
{
    return l->settings.c_lflag & lflag;
}

/* Is c the special character of that index?  0 switches one off. */
static bool is_key(const struct line *l, u32 index, u8 c)
{
    return c && l->settings.c_cc[index] == c;
}

static bool line_is_empty(const struct line *l)
{
    return l->in_head == l->lines_end;
}

/* ---- echo ---- */

static void echo(struct line *l, u8 c)
{
    if (!has(l, ECHOCTL) || !is_control(c) || c == '\t') {
        line_print_char(l, c);
        return;
    }
    line_put(l, '^');
    line_put(l, c ^ 0100);
    l->column += 2;
}

static void echo_erasing_ends(struct line *l)
{
    if (!l->erasing)
        return;
    line_print_char(l, '/');
    l->erasing = false;
}

static void echo_text(struct line *l, u8 c)
{
    if (!has(l, ECHO))
        return;
    echo_erasing_ends(l);
    if (c == '\n') {
        line_print_char(l, c);
        return;
    }
    if (line_is_empty(l))
        l->line_column = l->column;
    echo(l, c);
}

static void echo_back_over(struct line *l)
{
    line_print_char(l, '\b');
    line_print_char(l, ' ');
    line_print_char(l, '\b');
}

/* ---- erasing ---- */

static u8 typed(const struct line *l, u64 at)
{
    return l->in[at % LINE_IN];
}

/* The column behind what is left of the line. */
static u32 line_width(const struct line *l)
{
    u32 column = l->line_column;

    for (u64 at = l->lines_end; at < l->in_head; at++) {
        u8 c = typed(l, at);

        if (c == '\t')
            column = (column | 7) + 1;
        else if (is_control(c))
            column += has(l, ECHOCTL) ? 2 : 0;
        else
            column += !line_is_inside_char(l, c);
    }
    return column;
}

/* The character [from, to) is no longer in the line. */
static void echo_erased(struct line *l, u64 from, u64 to, bool by_erase_key)
{
    u8 c = typed(l, from);

    if (!has(l, ECHO))
        return;
    if (has(l, ECHOPRT)) {
        if (!l->erasing)
            line_print_char(l, '\\');
        l->erasing = true;
        for (; from < to; from++)
            echo(l, typed(l, from));
    } else if (by_erase_key && !has(l, ECHOE)) {
        echo(l, l->settings.c_cc[VERASE]);
    } else if (c == '\t') {
        for (u32 back_to = line_width(l); l->column > back_to;)
            line_print_char(l, '\b');
    } else {
        if (is_control(c) && has(l, ECHOCTL))
            echo_back_over(l);
        if (!is_control(c) || has(l, ECHOCTL))
            echo_back_over(l);
    }
}

/* Where the last character begins.  A line may begin inside one. */
static u64 last_character(const struct line *l)
{
    u64 at = l->in_head - 1;

    while (at > l->lines_end && line_is_inside_char(l, typed(l, at)))
        at--;
    return at;
}

static void erase_last(struct line *l, bool by_erase_key)
{
    u64 from = last_character(l), to = l->in_head;

    l->in_head = from;
    echo_erased(l, from, to, by_erase_key);
    if (line_is_empty(l) && has(l, ECHO))
        echo_erasing_ends(l);
}

static bool is_word_char(u8 c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
           c >= 0x80;
}

/* What is not a word, then the word in front of it. */
static void erase_word(struct line *l)
{
    bool in_word = false;

    while (!line_is_empty(l)) {
        bool word = is_word_char(typed(l, last_character(l)));

        if (in_word && !word)
            return;
        in_word = word;
        erase_last(l, false);
    }
}

static void erase_line(struct line *l)
{
    bool one_by_one = has(l, ECHOK) && has(l, ECHOKE) && has(l, ECHOE);

    if (has(l, ECHO) && one_by_one) {
        while (!line_is_empty(l))
            erase_last(l, false);
        return;
    }
    l->in_head = l->lines_end;
    if (!has(l, ECHO))
        return;
    echo_erasing_ends(l);
    echo(l, l->settings.c_cc[VKILL]);
    if (has(l, ECHOK))
        line_print_char(l, '\n');
}

static void show_again(struct line *l)
{
    echo_erasing_ends(l);
    echo(l, l->settings.c_cc[VREPRINT]);
    line_print_char(l, '\n');
    for (u64 at = l->lines_end; at < l->in_head; at++)
        echo(l, typed(l, at));
}

/* ---- keys ---- */

static bool take_flow_key(struct line *l, u8 c)
{
    if (!(l->settings.c_iflag & IXON))
        return false;
    if (is_key(l, VSTART, c))
        line_start_by_key(l);
    else if (is_key(l, VSTOP, c))
        line_stop_by_key(l);
    else
        return false;
    return true;
}

static bool take_signal_key(struct line *l, u8 c)
{
    static const struct {
        u8 index, signo;
    } keys[] = { { VINTR, SIGINT }, { VQUIT, SIGQUIT }, { VSUSP, SIGTSTP } };
    u32 i = 0;

    if (!has(l, ISIG))
        return false;
    while (i < ARRAY_SIZE(keys) && !is_key(l, keys[i].index, c))
        i++;
    if (i == ARRAY_SIZE(keys))
        return false;
    if (!has(l, NOFLSH))
        line_flush_for_signal(l);
    if (l->settings.c_iflag & IXON)
        line_start_by_key(l);
    if (has(l, ECHO))
        echo(l, c);
    l->signals |= 1ull << (keys[i].signo - 1);
    return true;
}

static bool take_erase_key(struct line *l, u8 c)
{
    if (is_key(l, VERASE, c)) {
        if (!line_is_empty(l))
            erase_last(l, true);
    } else if (is_key(l, VKILL, c)) {
        if (!line_is_empty(l))
            erase_line(l);
    } else if (is_key(l, VWERASE, c) && has(l, IEXTEN)) {
        erase_word(l);
    } else {
        return false;
    }
    return true;
}

static bool take_other_key(struct line *l, u8 c)
{
    if (!has(l, IEXTEN))
        return false;
    if (is_key(l, VLNEXT, c)) {
        l->literal = true;
        if (has(l, ECHO) && has(l, ECHOCTL)) {
            echo_erasing_ends(l);
            line_print_char(l, '^');
            line_print_char(l, '\b');
        }
        return true;
    }
    if (is_key(l, VREPRINT, c) && has(l, ECHO)) {
        show_again(l);
        return true;
    }
    return false;
}

static bool take_line_end(struct line *l, u8 c)
{
    if (c == '\n') {
        if (has(l, ECHO) || has(l, ECHONL))
            line_print_char(l, c);
        line_end(l, c, false);
    } else if (is_key(l, VEOF, c)) {
        line_end(l, '\0', true);
    } else if (is_key(l, VEOL, c) || (is_key(l, VEOL2, c) && has(l, IEXTEN))) {
        if (has(l, ECHO))
            echo(l, c);
        line_end(l, c, false);
    } else {
        return false;
    }
    return true;
}

/* ---- text ---- */

static void take_text(struct line *l, u8 c)
{
    if (line_is_canonical(l) && l->in_head - l->lines_end >= LINE_LENGTH - 1) {
        if (l->settings.c_iflag & IMAXBEL)
            line_print_char(l, '\a');
        return;                                  /* one place is kept for the newline       */
    }
    echo_text(l, c);
    if (c == 0xff && (l->settings.c_iflag & (PARMRK | ISTRIP)) == PARMRK)
        line_store(l, c);                        /* a lone one would announce a bad byte    */
    line_store(l, c);
}

/* CR and NL into each other; false: the byte is dropped. */
static bool translate(const struct line *l, u8 *c)
{
    u32 flags = l->settings.c_iflag;

    if (*c == '\r') {
        if (flags & IGNCR)
            return false;
        if (flags & ICRNL)
            *c = '\n';
    } else if (*c == '\n' && (flags & INLCR)) {
        *c = '\r';
    }
    return true;
}

static void input_char(struct line *l, u8 c)
{
    if (l->settings.c_iflag & ISTRIP)
        c &= 0x7f;
    if ((l->settings.c_iflag & IUCLC) && has(l, IEXTEN) && c >= 'A' && c <= 'Z')
        c += 'a' - 'A';
    if (l->literal) {
        l->literal = false;
        take_text(l, c);
        return;
    }
    if (has(l, EXTPROC)) {                       /* the other side does all of this         */
        line_store(l, c);
        return;
    }
    if (take_flow_key(l, c) || take_signal_key(l, c))
        return;
    if (l->stopped_by_key && (l->settings.c_iflag & (IXON | IXANY)) == (IXON | IXANY))
        line_start_by_key(l);
    if (!translate(l, &c))
        return;
    if (has(l, ICANON) && (take_erase_key(l, c) || take_other_key(l, c) || take_line_end(l, c)))
        return;
    take_text(l, c);
}

void line_input(struct line *l, const u8 *src, size_t len)
{
    for (size_t i = 0; i < len; i++)
        input_char(l, src[i]);
}

/* Each byte adds at most two (PARMRK).  While a first line is typed everything is taken: what is too
 * long for it is dropped, so that its end can always come. */
size_t line_room(const struct line *l)
{
    u64 left = LINE_IN - (l->in_head - l->in_tail);
    u32 bytes_each = l->settings.c_iflag & PARMRK ? 2 : 1;

    if (line_is_canonical(l))
        return l->lines_end == l->in_tail ? CHUNK_MAX
               : left > LINE_LENGTH       ? (left - LINE_LENGTH) / 2
                                          : 0;
    return left / bytes_each;
}
