/* SPDX-License-Identifier: MIT */
/*
 * The kernel log: lines "mystikos: <level>: <file>(<line>): <function>(): <message>" on the host's
 * stderr, nothing below the level given at start.  Libraries are silent: the dispatcher, host/
 * and start-up log.
 */
#pragma once
#include "kernel/lib/types.h"

enum log_level {
    LOG_EMERG,
    LOG_ALERT,
    LOG_CRIT,
    LOG_ERR,
    LOG_WARN,
    LOG_NOTICE,
    LOG_INFO,
    LOG_DEBUG
};

extern enum log_level log_threshold;             /* [const] after start-up                  */

void log_at(enum log_level level, const char *file, int line, const char *func, const char *fmt,
            ...) __attribute__((format(printf, 5, 6)));

/* Bytes straight to the host's stderr (strace, messages with a format of their own). */
void log_raw(const char *text, size_t len);
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Where text goes; host/ fills it in at start.  Before that it is dropped. */
struct log_ops {
    void (*write)(const char *text, size_t len);
};
extern struct log_ops log_ops;

#define klog(level, ...)                                                                           \
    ((level) <= log_threshold ? log_at((level), __FILE__, __LINE__, __func__, __VA_ARGS__)         \
                              : (void)0)
