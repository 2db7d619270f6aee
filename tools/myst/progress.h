/* SPDX-License-Identifier: MIT */
/*
 * Progress of work that takes more than a second, on a terminal only: one line on stderr which is
 * rewritten in place and gone in the end.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what;                            /* "packing"                               */
    uint64_t total;                              /* bytes; 0: not known                     */
    uint64_t next_ns;                            /* when to show something again            */
    bool terminal;
    bool shown;
};

void progress_init(struct progress *p, const char *what, uint64_t total);
void progress_show(struct progress *p, uint64_t done);

/* Remove the line.  Before anything else is printed, and in the end. */
void progress_fini(struct progress *p);
