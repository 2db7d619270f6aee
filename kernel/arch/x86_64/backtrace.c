/* SPDX-License-Identifier: MIT */
/* Back traces: see backtrace.h.  Every pointer is checked to lie in a kernel stack first. */
#include "kernel/arch/x86_64/backtrace.h"
#include "abi/image.h"
#include "kernel/core/log.h"

enum { FRAMES_MAX = 32 };

/* The symbols, by address; the first link has an empty table, the second the real one. */
struct ksym {
    u32 offset;                                  /* from the start of the image             */
    u32 name;                                    /* into ksym_names                         */
};
extern const struct ksym ksym_table[];
extern const u32 ksym_count;
extern const char ksym_names[];

static struct range image, slots;                /* [const] after start                     */

void backtrace_init(const struct range *image_range, const struct range *slot_range)
{
    image = *image_range;
    slots = *slot_range;
}

static const char *ksym_find(u64 addr)
{
    u32 lo = 0, hi = ksym_count;
    u64 offset = addr - image.lo;

    if (addr < image.lo || addr >= image.hi)
        return NULL;
    while (lo < hi) {
        u32 mid = (lo + hi) / 2;

        if (ksym_table[mid].offset <= offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? ksym_names + ksym_table[lo - 1].name : NULL;
}

static void log_frame(u64 ip)
{
    const char *name = ksym_find(ip);

    log_line("0x%lx: %s()", ip, name ? name : "?");
}

void backtrace_log(u64 ip, u64 bp)
{
    if (ip)
        log_frame(ip);
    for (u32 i = 0; i < FRAMES_MAX; i++) {
        const u64 *frame = (const u64 *)bp;

        if (bp < slots.lo || bp + 16 > slots.hi || bp & 7 || !frame[1])
            return;
        log_frame(frame[1] - 1);                 /* the call, not what follows it           */
        if (frame[0] <= bp)
            return;
        bp = frame[0];
    }
}
