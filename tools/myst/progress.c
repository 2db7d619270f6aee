/* SPDX-License-Identifier: MIT */
/*
 * The progress line.
 */
#include "tools/myst/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const uint64_t FIRST_NS = 1000000000;     /* work that ends before needs no line     */
static const uint64_t INTERVAL_NS = 100000000;   /* often enough to look alive              */

enum { MIB = 1 << 20 };

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void progress_init(struct progress *p, const char *what, uint64_t total)
{
    *p = (struct progress){
        .what = what,
        .total = total,
        .next_ns = now_ns() + FIRST_NS,
        .terminal = isatty(STDERR_FILENO),
    };
}

void progress_show(struct progress *p, uint64_t done)
{
    if (!p->terminal || now_ns() < p->next_ns)
        return;
    p->next_ns = now_ns() + INTERVAL_NS;
    p->shown = true;

    if (p->total)
        fprintf(stderr, "\r%s: %u%% of %llu MiB\033[K", p->what, (unsigned)(done * 100 / p->total),
                (unsigned long long)(p->total / MIB));
    else
        fprintf(stderr, "\r%s: %llu MiB\033[K", p->what, (unsigned long long)(done / MIB));
    fflush(stderr);
}

void progress_fini(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
