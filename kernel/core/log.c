/* SPDX-License-Identifier: MIT */
/*
 * The kernel log.
 *
 * A line is composed on the stack and leaves in one write, so that lines of different threads do
 * not mix.  Where it goes is host/'s business: log_ops.
 */
#include "kernel/core/log.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

enum { LINE_MAX = 512 };                         /* longer lines are cut                    */

enum log_level log_threshold = LOG_NOTICE;
struct log_ops log_ops;

static const char *const level_name[] = {
    "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
};

void log_raw(const char *text, size_t len)
{
    if (log_ops.write)
        log_ops.write(text, len);
}

/* Finish the line of len (or more, if it was cut) characters in buf and write it. */
static void line_write(char *buf, int len)
{
    if (len > LINE_MAX - 2)
        len = LINE_MAX - 2;
    buf[len++] = '\n';
    log_raw(buf, (size_t)len);
}

void log_line(const char *fmt, ...)
{
    char buf[LINE_MAX];
    va_list args;
    int len;

    va_start(args, fmt);
    len = kvsnprintf(buf, sizeof(buf) - 1, fmt, args);
    va_end(args);
    line_write(buf, len);
}

void log_at(enum log_level level, const char *file, int line, const char *func, const char *fmt,
            ...)
{
    char buf[LINE_MAX];
    va_list args;
    int len;

    len = ksnprintf(buf, sizeof(buf) - 1, "mystikos: %s: %s(%d): %s(): ", level_name[level], file,
                    line, func);
    if (len < LINE_MAX - 1) {
        va_start(args, fmt);
        len += kvsnprintf(buf + len, sizeof(buf) - 1 - (size_t)len, fmt, args);
        va_end(args);
    }
    line_write(buf, len);
}
