/* SPDX-License-Identifier: MIT */
/*
 * The line discipline of a terminal: what becomes of what is typed and of what is printed (termios(3)).
 *
 *     typed ──► line_input() ──► in: edited lines, or bytes ──► line_read() ──► program
 *                    │ echo
 *                    ▼
 *     shown ◄── line_take() ◄── out ◄── line_write() ◄── program
 *
 * Both rings count bytes from the beginning: [tail, head) is in them, modulo their size.  In canonical
 * mode [tail, lines_end) are complete lines and [lines_end, head) is being typed; the byte that ends a
 * line is marked in `ends`, and an end of file, which is not part of it, in `eofs` as well.
 *
 * Nothing here sleeps, wakes or sends: signals that keys ask for are left in `signals`, events of
 * packet mode in `events`, for whoever holds the lock.
 *
 * Invariants: 1. in_tail <= lines_end <= in_head <= in_tail + LINE_IN, the same for out; 2. in raw mode
 * lines_end == in_tail, and nothing is marked; 3. a line being typed is no longer than LINE_LENGTH.
 *
 * Locks: the owner's.
 */
#pragma once
#include "abi/linux/ioctl.h"
#include "kernel/lib/types.h"

struct iov;

enum {
    LINE_IN = 16384,
    LINE_OUT = 16384,
    LINE_LENGTH = 4096,                          /* termios(3): what is typed beyond is lost */
};

struct line {
    struct termios2 settings;
    u8 *in, *out;                                /* owned: LINE_IN, LINE_OUT                */
    u64 *ends, *eofs;                            /* owned: one bit for each byte of in      */
    u64 in_head, in_tail, lines_end;
    u64 out_head, out_tail;
    u32 column;                                  /* of the cursor                           */
    u32 line_column;                             /* where the line being typed begins       */
    bool stopped_by_key, stopped_by_call;        /* output waits: VSTOP, TCOOFF             */
    bool literal;                                /* VLNEXT was typed                        */
    bool erasing;                                /* ECHOPRT: between \ and /                */
    u64 signals;                                 /* bit n - 1: send signal n to the foreground */
    u8 events;                                   /* TIOCPKT_*                               */
};

int line_init(struct line *l) MUST_CHECK;        /* Linux's settings for a new terminal     */
void line_fini(struct line *l);

void line_set(struct line *l, const struct termios2 *settings);

/* The user's side: bytes that arrive.  len is at most line_room(), which is 0 when nothing can be taken
 * before something is read. */
size_t line_room(const struct line *l);
void line_input(struct line *l, const u8 *src, size_t len);

/* The program's side of what was typed: -EAGAIN, 0 at an end of file, -EFAULT. */
ssize_t line_read(struct line *l, struct iov *dst);
bool line_is_readable(const struct line *l);     /* for poll(2)                             */
u32 line_waiting(const struct line *l);          /* FIONREAD                                */

/* What the program prints.  len is at most line_print_room(). */
size_t line_print_room(const struct line *l);    /* 0: full or stopped                      */
void line_print(struct line *l, const u8 *src, size_t len);

/* The user's side of what is shown: -EAGAIN, -EFAULT. */
ssize_t line_take(struct line *l, struct iov *dst);
u32 line_shown(const struct line *l);

/* TCFLSH, TCXONC */
void line_flush_input(struct line *l);
void line_flush_output(struct line *l);
void line_stop(struct line *l);
void line_start(struct line *l);
void line_send(struct line *l, u32 index);       /* the character c_cc[index] to the user   */
