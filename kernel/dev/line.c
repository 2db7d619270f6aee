/* SPDX-License-Identifier: MIT */
/* The line discipline: rings, settings, reading and printing.  See line.h; editing is line_edit.c. */
#include "kernel/dev/line_int.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/iov.h"
#include "kernel/lib/string.h"

enum {
    IN_PAGES = LINE_IN / PAGE_SIZE,
    OUT_PAGES = LINE_OUT / PAGE_SIZE,
    MARK_BYTES = LINE_IN / 8,
    TAB_WIDTH = 8,
    KEPT_AT_SIGNAL = 4096,                       /* of what is shown, when Ctrl-C discards  */
};

/* ---- life ---- */

static const struct termios2 first_settings = {
    .c_iflag = ICRNL | IXON,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = B38400 | CS8 | CREAD,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc = {
        [VINTR] = 'C' - '@', [VQUIT] = '\\' - '@', [VERASE] = 0x7f, [VKILL] = 'U' - '@',
        [VEOF] = 'D' - '@', [VMIN] = 1, [VSTART] = 'Q' - '@', [VSTOP] = 'S' - '@',
        [VSUSP] = 'Z' - '@', [VREPRINT] = 'R' - '@', [VDISCARD] = 'O' - '@',
        [VWERASE] = 'W' - '@', [VLNEXT] = 'V' - '@',
    },
    .c_ispeed = 38400,
    .c_ospeed = 38400,
};

int line_init(struct line *l)
{
    *l = (struct line){
        .settings = first_settings,
        .in = page_alloc(IN_PAGES),
        .out = page_alloc(OUT_PAGES),
        .ends = page_alloc(1),
    };
    if (!l->in || !l->out || !l->ends) {
        line_fini(l);
        return -ENOMEM;
    }
    _Static_assert(2 * MARK_BYTES <= PAGE_SIZE, "both kinds of marks share a page");
    l->eofs = l->ends + MARK_BYTES / sizeof(*l->ends);
    return 0;
}

void line_fini(struct line *l)
{
    page_free(l->in, IN_PAGES);
    page_free(l->out, OUT_PAGES);
    page_free(l->ends, 1);
}

/* ---- marks ---- */

static bool mark_is_set(const u64 *marks, u64 at)
{
    return marks[at % LINE_IN / 64] >> (at % 64) & 1;
}

static void mark_set(u64 *marks, u64 at)
{
    marks[at % LINE_IN / 64] |= 1ull << (at % 64);
}

static void mark_clear(u64 *marks, u64 at)
{
    marks[at % LINE_IN / 64] &= ~(1ull << (at % 64));
}

void line_store(struct line *l, u8 c)
{
    if (l->in_head - l->in_tail == LINE_IN)
        return;                                  /* line_room() sees to it; keys can change it */
    l->in[l->in_head % LINE_IN] = c;
    mark_clear(l->ends, l->in_head);
    mark_clear(l->eofs, l->in_head);
    l->in_head++;
}

void line_end(struct line *l, u8 c, bool eof)
{
    u64 before = l->in_head;

    line_store(l, c);
    if (l->in_head == before)
        return;
    mark_set(l->ends, before);
    if (eof)
        mark_set(l->eofs, before);
    l->lines_end = l->in_head;
}

/* ---- settings ---- */

static bool has_usual_flow_control(const struct termios2 *t)
{
    return (t->c_iflag & IXON) && t->c_cc[VSTOP] == 'S' - '@' && t->c_cc[VSTART] == 'Q' - '@';
}

static void events_of_change(struct line *l, const struct termios2 *now)
{
    bool before = has_usual_flow_control(&l->settings), after = has_usual_flow_control(now);

    if (before == after)
        return;
    l->events &= (u8) ~(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
    l->events |= after ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP;
}

/* What has been typed so far is a line, or is only bytes. */
static void mode_change(struct line *l, bool canonical)
{
    memset(l->ends, 0, 2 * MARK_BYTES);
    l->lines_end = l->in_tail;
    if (canonical && l->in_head != l->in_tail) {
        mark_set(l->ends, l->in_head - 1);
        l->lines_end = l->in_head;
    }
}

void line_set(struct line *l, const struct termios2 *settings)
{
    u32 changed = l->settings.c_lflag ^ settings->c_lflag;

    events_of_change(l, settings);
    l->settings = *settings;
    if (changed & (ICANON | EXTPROC))
        mode_change(l, line_is_canonical(l));
    if (!line_is_canonical(l)) {
        l->erasing = false;
        l->literal = false;
    }
    if (l->stopped_by_key && !(settings->c_iflag & IXON))
        line_start_by_key(l);
}

/* ---- flow ---- */

static bool is_stopped(const struct line *l)
{
    return l->stopped_by_key || l->stopped_by_call;
}

static void event_of_flow(struct line *l, u8 event)
{
    l->events &= (u8) ~(TIOCPKT_STOP | TIOCPKT_START);
    l->events |= event;
}

void line_stop_by_key(struct line *l)
{
    if (!is_stopped(l))
        event_of_flow(l, TIOCPKT_STOP);
    l->stopped_by_key = true;
}

void line_start_by_key(struct line *l)
{
    bool was = is_stopped(l);

    l->stopped_by_key = false;
    if (was && !is_stopped(l))
        event_of_flow(l, TIOCPKT_START);
}

void line_stop(struct line *l)
{
    if (!is_stopped(l))
        event_of_flow(l, TIOCPKT_STOP);
    l->stopped_by_call = true;
}

void line_start(struct line *l)
{
    bool was = is_stopped(l);

    l->stopped_by_call = l->stopped_by_key = false;
    if (was)
        event_of_flow(l, TIOCPKT_START);
}

void line_send(struct line *l, u32 index)
{
    if (l->settings.c_cc[index])
        line_put(l, l->settings.c_cc[index]);
}

void line_flush_input(struct line *l)
{
    l->in_tail = l->lines_end = l->in_head;
    l->literal = l->erasing = false;
    l->events |= TIOCPKT_FLUSHREAD;
}

void line_flush_output(struct line *l)
{
    l->out_tail = l->out_head;
    l->events |= TIOCPKT_FLUSHWRITE;
}

/* Linux keeps what the other side has practically got. */
void line_flush_for_signal(struct line *l)
{
    line_flush_input(l);
    l->out_head = min_u64(l->out_head, l->out_tail + KEPT_AT_SIGNAL);
    l->events |= TIOCPKT_FLUSHWRITE;
}

/* ---- rings ---- */

/* len bytes of a ring from position at on, as far as dst takes them. */
static ssize_t ring_put(const u8 *ring, u64 size, u64 at, u64 len, struct iov *dst)
{
    u64 first = min_u64(len, size - at % size);
    ssize_t n = iov_put(dst, ring + at % size, first), more;

    if (n < (ssize_t)first || first == len)
        return n;
    more = iov_put(dst, ring, len - first);
    return more < 0 ? n : n + more;
}

ssize_t line_take(struct line *l, struct iov *dst)
{
    u64 len = min_u64(l->out_head - l->out_tail, iov_left(dst));
    ssize_t n;

    if (!len)
        return iov_left(dst) ? -EAGAIN : 0;
    n = ring_put(l->out, LINE_OUT, l->out_tail, len, dst);
    if (n > 0)
        l->out_tail += (u64)n;
    return n;
}

u32 line_shown(const struct line *l)
{
    return (u32)(l->out_head - l->out_tail);
}

/* ---- reading ---- */

/* How far the first line goes, at most max bytes of it. */
struct piece {
    u64 data;                                    /* bytes for the reader                    */
    u64 used;                                    /* bytes that are gone then                */
};

static struct piece line_first(const struct line *l, u64 max)
{
    u64 end = l->in_tail + min_u64(max, l->lines_end - l->in_tail);
    u64 at = l->in_tail;

    while (at < end && !mark_is_set(l->ends, at))
        at++;
    if (at < end && !mark_is_set(l->eofs, at))   /* the newline is part of the line         */
        return (struct piece){ at + 1 - l->in_tail, at + 1 - l->in_tail };
    /* An end of file right behind what fits is used up with it. */
    if (at < l->lines_end && mark_is_set(l->eofs, at))
        return (struct piece){ at - l->in_tail, at + 1 - l->in_tail };
    return (struct piece){ at - l->in_tail, at - l->in_tail };
}

static ssize_t read_line(struct line *l, struct iov *dst)
{
    struct piece p;
    ssize_t n;

    if (l->lines_end == l->in_tail)
        return -EAGAIN;
    p = line_first(l, iov_left(dst));
    n = ring_put(l->in, LINE_IN, l->in_tail, p.data, dst);
    if (n >= 0)
        l->in_tail += (u64)n == p.data ? p.used : (u64)n;
    return n;
}

static ssize_t read_bytes(struct line *l, struct iov *dst)
{
    u64 len = min_u64(l->in_head - l->in_tail, iov_left(dst));
    ssize_t n;

    if (!len)
        return -EAGAIN;
    n = ring_put(l->in, LINE_IN, l->in_tail, len, dst);
    if (n > 0) {
        l->in_tail += (u64)n;
        l->lines_end = l->in_tail;
    }
    return n;
}

ssize_t line_read(struct line *l, struct iov *dst)
{
    if (!iov_left(dst))
        return 0;
    return line_is_canonical(l) ? read_line(l, dst) : read_bytes(l, dst);
}

bool line_is_readable(const struct line *l)
{
    const u8 *cc = l->settings.c_cc;

    if (line_is_canonical(l))
        return l->lines_end != l->in_tail;
    return l->in_head - l->in_tail >= (cc[VMIN] && !cc[VTIME] ? cc[VMIN] : 1u);
}

u32 line_waiting(const struct line *l)
{
    u32 n = 0;

    if (!line_is_canonical(l))
        return (u32)(l->in_head - l->in_tail);
    for (u64 at = l->in_tail; at < l->lines_end; at++)
        n += !mark_is_set(l->eofs, at);
    return n;
}

/* ---- printing ---- */

void line_put(struct line *l, u8 c)
{
    if (l->out_head - l->out_tail < LINE_OUT)    /* an echo nobody takes is lost            */
        l->out[l->out_head++ % LINE_OUT] = c;
}

static void print_tab(struct line *l)
{
    u32 width = TAB_WIDTH - l->column % TAB_WIDTH;

    l->column += width;
    if ((l->settings.c_oflag & TABDLY) != XTABS) {
        line_put(l, '\t');
        return;
    }
    while (width--)
        line_put(l, ' ');
}

static void print_newline(struct line *l)
{
    u32 flags = l->settings.c_oflag;

    if (flags & (ONLRET | ONLCR))
        l->column = 0;
    if (flags & ONLCR)
        line_put(l, '\r');
    l->line_column = l->column;
    line_put(l, '\n');
}

static void print_return(struct line *l)
{
    u32 flags = l->settings.c_oflag;

    if ((flags & ONOCR) && !l->column)
        return;
    if (!(flags & OCRNL) || (flags & ONLRET))
        l->column = l->line_column = 0;
    line_put(l, flags & OCRNL ? '\n' : '\r');
}

void line_print_char(struct line *l, u8 c)
{
    u32 flags = l->settings.c_oflag;

    if (!(flags & OPOST)) {
        line_put(l, c);
        return;
    }
    switch (c) {
    case '\n':
        print_newline(l);
        return;
    case '\r':
        print_return(l);
        return;
    case '\t':
        print_tab(l);
        return;
    case '\b':
        l->column -= l->column > 0;
        break;
    default:
        if ((flags & OLCUC) && c >= 'a' && c <= 'z')
            c -= 'a' - 'A';
        if (!is_control(c) && !line_is_inside_char(l, c))
            l->column++;
    }
    line_put(l, c);
}

size_t line_print_room(const struct line *l)
{
    u64 left = LINE_OUT - (l->out_head - l->out_tail);

    if (is_stopped(l))
        return 0;
    return l->settings.c_oflag & OPOST ? left / TAB_WIDTH : left;
}

void line_print(struct line *l, const u8 *src, size_t len)
{
    for (size_t i = 0; i < len; i++)
        line_print_char(l, src[i]);
}
