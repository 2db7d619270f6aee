/* SPDX-License-Identifier: MIT */
/*
 * The backward vote.
 *
 * Each of the VOTE_REACH offsets before the end is decoded once, from the right to the left, and
 * remembers what the chain from it says: chains share their tails.  The last few offsets have no
 * vote of their own, because a chain needs some instructions to fall into step.
 */
#include "kernel/arch/x86_64/vote.h"
#include "kernel/arch/x86_64/ilen.h"

enum {
    VOTE_NEAR = 16,                              /* chains shorter than this do not count   */
    VOTE_MIN = 8,                                /* chains that must arrive                 */
    VOTE_PERCENT = 80,                           /* of these, how many must agree           */
    VOTE_UNANIMOUS = 16,                         /* so many without dissent settle it       */
};

size_t vote_prev_len(const u8 *start, const u8 *end)
{
    u8 last[VOTE_REACH + 1] = { 0 };             /* by distance; 0: the chain misses end    */
    u8 votes[ILEN_MAX + 1] = { 0 };
    u32 total = 0, best = 0;
    struct ilen insn;

    for (u32 back = 1; back <= VOTE_REACH && back <= (size_t)(end - start); back++) {
        size_t len = ilen_decode(end - back, back, &insn);
        if (!len)
            continue;
        last[back] = len == back ? (u8)len : last[back - len];
        if (back >= VOTE_NEAR && last[back]) {
            votes[last[back]]++;
            total++;
            if (total == VOTE_UNANIMOUS && votes[last[back]] == total)
                return last[back];
        }
    }

    for (u32 len = 1; len <= ILEN_MAX; len++) {
        if (votes[len] > votes[best])
            best = len;
    }
    return total >= VOTE_MIN && votes[best] * 100u >= total * VOTE_PERCENT ? best : 0;
}
