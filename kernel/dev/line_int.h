/* SPDX-License-Identifier: MIT */
/* The line discipline, shared by line.c (rings, output) and line_edit.c (input, echo). */
#pragma once
#include "kernel/dev/line.h"

static inline bool line_is_canonical(const struct line *l)
{
    return l->settings.c_lflag & ICANON && !(l->settings.c_lflag & EXTPROC);
}

static inline bool is_control(u8 c)
{
    return c < ' ' || c == 0x7f;
}

/* Not the first byte of a character (IUTF8): it has no width of its own. */
static inline bool line_is_inside_char(const struct line *l, u8 c)
{
    return (l->settings.c_iflag & IUTF8) && (c & 0xc0) == 0x80;
}

void line_store(struct line *l, u8 c);           /* behind what has been typed              */
void line_end(struct line *l, u8 c, bool eof);   /* the same, and that completes the line   */
void line_put(struct line *l, u8 c);             /* show c as it is                         */
void line_print_char(struct line *l, u8 c);      /* show c as output flags want it          */
void line_stop_by_key(struct line *l);
void line_start_by_key(struct line *l);
void line_flush_for_signal(struct line *l);
