/* SPDX-License-Identifier: MIT */
/*
 * micro.h: the tables of operations that micro measures.
 *
 * An operation is one row: prepare (may be NULL) makes what it needs, run does it `rounds` times
 * and nothing else, finish (may be NULL) undoes prepare.  Rows keep what they need in static
 * variables of their file; only one operation is prepared at a time.
 */

#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

struct micro_op {
    const char *name;
    void (*prepare)(void);
    void (*run)(long rounds);
    void (*finish)(void);
};

/* Each table ends with a row without a name. */
extern const struct micro_op micro_calls[];      /* single calls: entry, clock, poll, memory, spawn */
extern const struct micro_op micro_files[];      /* files in micro_dir                      */
extern const struct micro_op micro_threads[];    /* two threads that wait for each other    */

extern const char *micro_dir;
extern const char *micro_program;

/* Print the expression that does not hold, with errno, and end. */
_Noreturn void micro_fail(const char *expression, const char *file, int line);

#define CHECK(x) ((x) ? (void)0 : micro_fail(#x, __FILE__, __LINE__))

#endif
