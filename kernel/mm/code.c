/* SPDX-License-Identifier: MIT */
/*
 * Rewriting system-call sites.  See code.h; kernel/arch/x86_64/patch.h says what is written, this
 * file says when and how.
 *
 * The eager pass works on text that still holds its original bytes, so it plans all patches
 * of a range before it applies the first (rewrite.h).  A patch is complete before anyone can reach
 * it: stub written and executable, site in the table, and only then the jump.
 *
 *     thread that patches (lazily)              another thread
 *     stub, executable                          executes the old instruction: traps, and finds
 *     site in the table                           the site done, and goes on as a system call
 *     one aligned store: the jump
 *     sync_cores(): everyone refetches          executes the jump, into the stub
 *
 * Patches that take more than that store are made only while the process has a single thread.
 * Meanwhile the page is writable and executable for the host: there is one mapping of it, and other
 * threads may be running in it.
 */
#include "kernel/mm/code.h"
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/core/alloc.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/rewrite.h"

enum { SYSCALL_LEN = 2 };

#define STUB_DISTANCE ((s64)512 << 20)

static bool patch_eager, patch_lazy;             /* [const] after code_init()               */

int code_init(const struct boot_params *bp, const struct mm_entries *entries)
{
    patch_eager = bp->patch_eager;
    patch_lazy = bp->patch_lazy;
    stub_init(entries);
    return 0;
}

void code_fini(struct mm *mm)
{
    site_table_fini(&mm->code.sites);
    stub_space_fini(&mm->code.stubs);
}

static bool is_taken(const void *sites, u64 at, u64 len)
{
    return site_overlaps(sites, at, len);
}

/* The text of a patch, with its bytes where they run or in a copy. */
static struct patch_text text_of(const struct code *code, const u8 *bytes, u64 lo, u64 hi)
{
    return (struct patch_text){
        .bytes = bytes,
        .size = hi - lo,
        .addr = lo,
        .is_taken = is_taken,
        .arg = &code->sites,
    };
}

/* ---- the eager pass ---- */

/* Where the stubs of a text are planned to be: half a GiB away, where two texts of a process do not
 * get in each other's way, and below it, because a home is filled from its end. */
static s64 stub_offset_for(u64 lo)
{
    return lo > 2 * STUB_DISTANCE ? -STUB_DISTANCE : STUB_DISTANCE;
}

/* The plan for a text, made now if it is not kept. */
static int plan_get(const struct patch_text *text, const struct text_source *source,
                    struct rewrite **ret)
{
    int err;

    if (source) {
        *ret = rewrite_find(source);
        if (*ret)
            return 0;
    }
    err = rewrite_make(text, stub_offset_for(text->addr), ret);
    if (!err && source)
        rewrite_keep(*ret, source);
    return err;
}

/* An area for the stubs of *r; if it cannot be where they are planned, *r is planned anew. */
static int plan_place(struct code *code, const struct patch_text *text, struct rewrite **r,
                      struct stub_area **ret)
{
    AUTO(rewrite_putp) struct rewrite *other = NULL;
    u64 lo = text->addr, hi = lo + text->size;
    int err;

    if (!stub_area_new(&code->stubs, lo + (u64)(*r)->stub_offset, lo, hi, (*r)->stub_pages, ret))
        return 0;
    err = stub_area_new(&code->stubs, 0, lo, hi, (*r)->stub_pages, ret);
    if (!err)
        err = rewrite_make(text, (s64)((*ret)->lo - lo), &other);
    if (err)
        return err;
    rewrite_put(*r);
    *r = TAKE(other);
    return 0;
}

/* A kept plan is as good as the file's time stamps: look whether the sites are there. */
static bool plan_fits(const struct patch_text *text, const struct rewrite *r)
{
    for (u32 i = 0; i < r->count; i++) {
        const u8 *insn = text->bytes + r->patches[i].insn;

        if (r->patches[i].insn + SYSCALL_LEN > text->size || insn[0] != 0x0f)
            return false;
        if (insn[1] != 0x05 && insn[1] != 0xa2)
            return false;
    }
    return true;
}

/* Stubs and table are complete: write the jumps. */
static void plan_write(const struct rewrite *r, u64 lo)
{
    for (u32 i = 0; i < r->count; i++)
        memcpy((void *)(lo + r->patches[i].at), r->patches[i].code, r->patches[i].len);
}

static int plan_apply_locked(struct code *code, const struct patch_text *text,
                             struct rewrite **plan)
{
    struct stub_area *area = NULL;
    const struct rewrite *r;
    int err = 0;

    if ((*plan)->stub_pages)
        err = plan_place(code, text, plan, &area);
    r = *plan;
    if (!err)
        err = site_table_reserve(&code->sites, r->count);
    if (!err && area)
        err = stub_area_fill(&code->stubs, area, r, text->addr);
    for (u32 i = 0; i < r->count && !err; i++) {
        struct patch p = rewrite_patch(r, i, text->addr);

        err = site_add(&code->sites, &p, text->bytes + (p.at - text->addr));
    }
    if (!err)
        plan_write(r, text->addr);
    return err;
}

/* Whatever fails, the sites are left to their first trap. */
void code_prepare(struct mm *mm, u64 lo, u64 hi, const struct text_source *source)
{
    AUTO(rewrite_putp) struct rewrite *plan = NULL;
    struct code *code = &mm->code;
    struct patch_text text = text_of(code, (const u8 *)lo, lo, hi);

    if (!patch_eager)
        return;
    WITH_MUTEX(&code->lock);
    if (site_overlaps(&code->sites, lo, hi - lo))
        return;                                  /* it was executable before                */
    if (plan_get(&text, source, &plan) || !plan_fits(&text, plan))
        return;
    if (plan_apply_locked(code, &text, &plan)) {
        site_forget_range(&code->sites, lo, hi - lo, NULL, NULL);
        stub_sweep(&code->stubs);
    }
}

/* ---- one site, at its first trap ---- */

/* The executable memory around insn that may be rewritten, as far as it matters: false if insn is
 * not in any. */
static bool trap_window_locked(struct mm *mm, u64 insn, u64 *ret_lo, u64 *ret_hi)
{
    const struct mapping *m = mapping_find(mm, insn);

    if (!m || !mapping_is_own(m) || m->flags & MAPPING_SHARED || !(m->flags & MAPPING_BACKED))
        return false;
    if ((m->prot & (PROT_EXEC | PROT_WRITE)) != PROT_EXEC)
        return false;
    *ret_lo = max_u64(mapping_lo(m), insn > PATCH_WINDOW ? insn - PATCH_WINDOW : 0);
    *ret_hi = min_u64(m->hi, insn + PATCH_WINDOW);
    return *ret_hi - insn >= SYSCALL_LEN;
}

/* A copy of the window with the original instructions in it; NULL: no memory. */
static u8 *trap_copy_locked(struct code *code, u64 lo, u64 hi)
{
    u8 *copy = kalloc(hi - lo);

    if (!copy)
        return NULL;
    memcpy(copy, (const void *)lo, hi - lo);
    site_table_restore(&code->sites, lo, copy, hi - lo);
    return copy;
}

/* Write p's jump.  Live: only the bytes that have to change, with one store. */
static void code_store(const struct patch *p, enum patch_threads threads)
{
    u64 word_at = p->at & ~7ull;
    u64 word;

    if (threads == PATCH_ALONE) {
        memcpy((void *)p->at, p->code, p->len);
        return;
    }
    memcpy(&word, (const void *)word_at, sizeof(word));
    memcpy((u8 *)&word + (p->at - word_at), p->code, p->store_len);
    __atomic_store_n((u64 *)word_at, word, __ATOMIC_SEQ_CST);
}

/* p's stub is in place and its site in the table: let the program jump there. */
static int code_apply(const struct patch *p, enum patch_threads threads)
{
    u64 lo = page_floor(p->at), hi = page_ceil(p->at + p->len);
    int err;

    err = host_protect(lo, hi - lo, TARGET_PROT_READ | TARGET_PROT_WRITE | TARGET_PROT_EXEC);
    if (err)
        return err;
    if (p->hole) {                               /* in padding: nobody executes it yet      */
        memcpy((void *)p->hole, p->hole_code, PATCH_JMP_LEN);
        host_sync_cores();
    }
    code_store(p, threads);
    host_sync_cores();
    return host_protect(lo, hi - lo, TARGET_PROT_READ | TARGET_PROT_EXEC);
}

static int trap_patch_locked(struct code *code, const struct patch_text *text,
                             const struct patch_trap *trap)
{
    struct patch_place place;
    struct patch p;
    int err;

    err = stub_place(&code->stubs, text->addr, text->addr + text->size, &place);
    if (!err)
        err = patch_plan(text, trap, &place, &p);
    if (!err && trap->threads == PATCH_LIVE && !patch_is_live_safe(&p))
        err = -EAGAIN;
    if (!err)
        err = site_add(&code->sites, &p, text->bytes + (p.at - text->addr));
    if (err)
        return err;
    err = stub_write(&code->stubs, &p);
    if (!err)
        err = code_apply(&p, trap->threads);
    if (err)
        site_forget(&code->sites, &p);
    return err;
}

/* Both of mm's locks are held: nobody changes what is mapped, or which sites there are. */
static void trap_try_locked(struct mm *mm, const struct patch_trap *trap)
{
    AUTO(kfreep) u8 *copy = NULL;
    struct code *code = &mm->code;
    u64 lo, hi;

    if (site_overlaps(&code->sites, trap->insn, SYSCALL_LEN))
        return;                                  /* done, or refused: it traps for ever     */
    if (!trap_window_locked(mm, trap->insn, &lo, &hi))
        return;
    copy = trap_copy_locked(code, lo, hi);
    if (!copy)
        return;

    struct patch_text text = text_of(code, copy, lo, hi);

    if (trap_patch_locked(code, &text, trap))
        (void)!site_add_refused(&code->sites, trap->insn); /* else it is tried again        */
}

u64 mm_trap(struct mm *mm, u64 insn, u64 nr)
{
    struct patch_trap trap = { .insn = insn, .nr = nr, .threads = PATCH_LIVE };

    if (!patch_lazy)
        return insn + SYSCALL_LEN;
    if (mm_thread_ops.single_threaded && mm_thread_ops.single_threaded(mm))
        trap.threads = PATCH_ALONE;

    rw_lock_shared(&mm->lock);
    {
        WITH_MUTEX(&mm->code.lock);
        trap_try_locked(mm, &trap);
    }
    rw_unlock_shared(&mm->lock);
    return mm_resume_ip(mm, insn + SYSCALL_LEN);
}

/* ---- forgetting ---- */

static void forget_stub(void *arg, const struct site *site)
{
    struct stub_space *stubs = arg;

    if (site->stub)
        stub_drop(stubs, site->stub);
}

void code_forget(struct mm *mm, u64 lo, u64 hi)
{
    struct code *code = &mm->code;

    WITH_MUTEX(&code->lock);
    if (!site_overlaps(&code->sites, lo, hi - lo))
        return;
    site_forget_range(&code->sites, lo, hi - lo, forget_stub, &code->stubs);
    stub_sweep(&code->stubs);
}

/* The stubs stay: a thread that is in a system call may be about to return into one. */
void code_restore(struct mm *mm, u64 lo, u64 hi)
{
    struct code *code = &mm->code;

    WITH_MUTEX(&code->lock);
    if (!code->sites.count)
        return;
    site_table_restore(&code->sites, lo, (u8 *)lo, hi - lo);
    site_forget_range(&code->sites, lo, hi - lo, NULL, NULL);
}

/* ---- translating ---- */

void code_show_original(struct mm *mm, u64 addr, void *copy, size_t len)
{
    WITH_MUTEX(&mm->code.lock);
    site_table_restore(&mm->code.sites, addr, copy, len);
}

u64 mm_original_ip(struct mm *mm, u64 ip)
{
    WITH_MUTEX(&mm->code.lock);
    return site_orig_of_stub(&mm->code.sites, ip);
}

u64 mm_resume_ip(struct mm *mm, u64 ip)
{
    WITH_MUTEX(&mm->code.lock);
    return site_resume_of_orig(&mm->code.sites, ip);
}

bool mm_is_cpuid_site(struct mm *mm, u64 ip)
{
    const struct site *s;

    WITH_MUTEX(&mm->code.lock);
    s = site_find(&mm->code.sites, ip);
    return s && s->shape == PATCH_CPUID;
}

bool code_next_stubs(struct mm *mm, u64 at, u64 *ret_lo, u64 *ret_hi)
{
    WITH_MUTEX(&mm->code.lock);
    return stub_next(&mm->code.stubs, at, ret_lo, ret_hi);
}

u64 code_stub_bytes(struct mm *mm)
{
    WITH_MUTEX(&mm->code.lock);
    return mm->code.stubs.committed;
}
