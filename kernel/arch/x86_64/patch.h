/* SPDX-License-Identifier: MIT */
/*
 * Turning system-call instructions into jumps: what to write, not when and how.
 *
 * Everything here is a pure function over bytes and the addresses they stand for.  The caller
 * finds out which pages may be patched, allocates the stub, makes memory writable, stops threads
 * and stores; it also keeps the record (kernel/mm/site.h).
 *
 *   load time   patch_scan() finds the unmistakable sites of a file's text;
 *               patch_build() makes the bytes of each
 *   first trap  patch_plan() picks a shape for a site that has just been executed
 *
 * `at` is the first overwritten byte, S the system-call instruction:
 *
 *   P7      mov $nr,%eax | S         ->  jmp stub | S
 *   C7      mov $nr,%rax | S         ->  jmp stub, nops | S
 *   BEFORE  moved instructions | S   ->  jmp stub, nops | S
 *   AFTER   S | moved instructions   ->  jmp stub, int3s
 *   HOP     S                        ->  jmp hole; hole, in padding nearby: jmp stub
 *   CPUID   cpuid                    ->  ud2, no stub: the handler emulates; AFTER if there is
 *                                        room, because the exception takes ten microseconds
 *
 *   stub of P7 and C7            of BEFORE; HOP without     of AFTER
 *     mov  $nr,%eax                <moved instructions>       lea  cont(%rip),%rcx
 *     lea  S+2(%rip),%rcx          lea  S+2(%rip),%rcx        jmp  *slot(%rip)
 *     jmp  *slot(%rip)             jmp  *slot(%rip)         cont:
 *                                                             <moved instructions>
 *                                                             jmp  S+len
 *
 * The stub enters the kernel with eax = number and rcx = where to resume (for cpuid, which reads
 * both, at another entry with rdx = where to resume, which it writes); it has changed nothing
 * else: no other register, no flag, no byte of memory.  The slot is an 8-byte word, one per stub
 * area, that holds the address of the kernel's entry.  (A jump to a common far jump would do, but
 * a thread interrupted at that jump could not be told which site it came from.)
 *
 * Text must hold the original bytes.  Live text with sites patched already has to be copied and
 * restored first (site_table_restore()), else branches that have moved into stubs are not seen.
 */
#pragma once
#include "kernel/lib/types.h"

/* Bytes of one executable mapping (or any part of it), and where they run. */
struct patch_text {
    const u8 *bytes;
    size_t size;
    u64 addr;                                    /* of bytes[0]                             */

    /* Is a byte of [at, at+len) part of a site?  For holes; NULL: none is. */
    bool (*is_taken)(const void *arg, u64 at, u64 len);
    const void *arg;
};

enum patch_shape {
    PATCH_NONE,
    PATCH_P7,
    PATCH_C7,
    PATCH_BEFORE,
    PATCH_AFTER,
    PATCH_HOP,
    PATCH_CPUID,
    PATCH_HOLE,                                  /* only in kernel/mm/site.h                */
};

enum {
    /* One more than the greatest number in use: SYS_myst_* end at 1063.  Eager patterns with
     * another immediate are left to their first trap. */
    PATCH_NR_LIMIT = 1064,

    PATCH_LEN_MAX = 20,                          /* 2 + 2 + the longest instruction, or less */
    PATCH_STUB_MAX = 64,                         /* longest stub                            */
    PATCH_POINTS_MAX = 8,                        /* instructions in a stub                  */
    PATCH_JMP_LEN = 5,                           /* jmp rel32                               */
};

/* An instruction of the stub and the original address it stands for, both as distances: from the
 * stub's first byte and from `at`. */
struct patch_point {
    u8 stub_off;
    u8 orig_off;
};

/* What has to be written where. */
struct patch {
    u64 at;                                      /* first overwritten byte                  */
    u64 insn;                                    /* S, or the cpuid                         */
    u64 stub;                                    /* first byte of the stub; 0: none         */
    u64 hole;                                    /* HOP; else 0                             */
    u8 shape;                                    /* enum patch_shape                        */
    u8 len;                                      /* bytes owned from `at`                   */
    u8 store_len;                                /* of which so many have to change         */
    u8 stub_len;
    u8 point_count;

    /* The store_len bytes lie in one naturally aligned 8-byte word. */
    bool in_word;
    /* A thread may be standing inside [at, at+len): stop the others, whatever in_word says. */
    bool must_stop;

    u8 code[PATCH_LEN_MAX];                      /* len bytes for `at`                      */
    u8 hole_code[PATCH_JMP_LEN];                 /* for hole, to be written before code     */
    u8 hole_original[PATCH_JMP_LEN];             /* the padding there                       */
    u8 stub_code[PATCH_STUB_MAX];                /* stub_len bytes for stub                 */
    struct patch_point points[PATCH_POINTS_MAX]; /* by rising stub_off                      */
};

/* May p be applied with one aligned 8-byte store while other threads run? */
static inline bool patch_is_live_safe(const struct patch *p)
{
    return p->in_word && !p->must_stop;
}

/* Where the stub goes, and the words that hold the addresses of the kernel's entries.  All within
 * reach of a 32-bit displacement, else -ERANGE. */
struct patch_place {
    u64 stub;
    u64 slot;
    u64 cpuid_slot;
};

/* A site that patch_scan() is sure of. */
struct patch_found {
    u32 off;                                     /* of the instruction, from text->addr     */
    u32 shape;                                   /* enum patch_shape                        */
};

/* Where a scan stands.  Starts all zero. */
struct patch_scan {
    size_t off;                                  /* next byte to look at                    */
    size_t end;                                  /* end of the last site found              */
};

/* Find the next sites of text, at most max; 0 when there are no more.  Rising, not overlapping,
 * each wholly inside the text.  About 1 ms per MB.  Sites of text beyond 4 GiB are not found. */
size_t patch_scan_next(const struct patch_text *text, struct patch_scan *scan,
                       struct patch_found *ret, size_t max);

/* Make the patch of the given shape for the instruction at insn.  The shape must come from
 * patch_scan_next() or patch_choose() over the same bytes.  -ERANGE if place is out of reach. */
int patch_build(const struct patch_text *text, u64 insn, enum patch_shape shape,
                const struct patch_place *place, struct patch *ret) MUST_CHECK;

enum patch_threads {
    PATCH_ALONE,                                 /* nobody else can run this code: any shape */
    PATCH_LIVE,                                  /* others run: one aligned store at most   */
};

/* A system-call instruction that has just been executed: the caller vouches for that. */
struct patch_trap {
    u64 insn;
    u64 nr;                                      /* RAX: what was called                    */
    enum patch_threads threads;
};

/* Pick the best shape for the site of a trap.  -EINVAL if there is no system-call instruction,
 * -EPERM if it must stay as it is (the rt_sigreturn that unwinders recognise), -EAGAIN if only
 * PATCH_ALONE could do it, -ENOENT if no shape fits. */
int patch_choose(const struct patch_text *text, const struct patch_trap *trap,
                 enum patch_shape *ret) MUST_CHECK;

/* patch_choose() and patch_build() in one. */
int patch_plan(const struct patch_text *text, const struct patch_trap *trap,
               const struct patch_place *place, struct patch *ret) MUST_CHECK;

/* How much text around a site is looked at, on either side: a copy for patch_plan() needs no more.
 * Branches into the bytes behind a system call come from at most 2.7 KiB away in glibc, musl, Go,
 * libgomp and libasan, not counting calls of functions that begin there. */
enum { PATCH_WINDOW = 8192 };
