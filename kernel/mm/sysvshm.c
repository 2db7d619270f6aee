/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory.  See sysvshm.h.
 *
 * An id is index + SEQ_STEP * seq, so that the id of a removed segment does not soon come to mean
 * another one.
 *
 * Locks: shm_mutex, inside mm.map_lock and before mm.lock, guards all segments.
 */
#include "kernel/mm/sysvshm.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/core/ipc_owner.h"
#include "kernel/core/thread.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/map_int.h"
#include "kernel/mm/place.h"
#include "kernel/mm/shared.h"
#include "kernel/vfs/file.h"

enum { SEQ_STEP = 32768, SEQ_MAX = 65535 };
enum { SHM_DEST = 01000, SHM_LOCKED = 02000 };   /* in the mode: ipcs(1) shows them         */

struct segment {
    struct ipc_owner owner;
    int id;
    u64 size;                                    /* as asked for                            */
    struct shared *shared;                       /* counts                                  */
    bool attached_ever;
    s64 attach_time, detach_time, change_time;
    s32 creator_pid, last_pid;
};

/* In /proc/[pid]/maps, where Linux shows the key too. */
static const char segment_label[] = "/SYSV00000000 (deleted)";

static struct mutex shm_mutex;
static struct segment *segments[SHM_COUNT_MAX];  /* guarded by shm_mutex                    */
static u32 next_seq;                             /* guarded by shm_mutex                    */
static u32 segment_count;                        /* guarded by shm_mutex                    */

static s64 now_seconds(void)
{
    return (s64)(clock_realtime_ns() / NSEC_PER_SEC);
}

static s32 caller_pid(void)
{
    return file_signal_ops.pid_self ? file_signal_ops.pid_self() : 0;
}

static struct segment *segment_find_locked(int id)
{
    u32 index = (u32)id % SEQ_STEP;

    if (id < 0 || index >= SHM_COUNT_MAX)
        return NULL;
    return segments[index] && segments[index]->id == id ? segments[index] : NULL;
}

static struct segment *segment_of_locked(const struct shared *s)
{
    for (u32 i = 0; i < SHM_COUNT_MAX; i++)
        if (segments[i] && segments[i]->shared == s)
            return segments[i];
    return NULL;
}

static struct segment *segment_of_key_locked(s32 key)
{
    for (u32 i = 0; i < SHM_COUNT_MAX; i++)
        if (segments[i] && segments[i]->owner.key == key && !(segments[i]->owner.mode & SHM_DEST))
            return segments[i];
    return NULL;
}

static u32 segment_attached(const struct segment *g)
{
    u32 count = 0;

    WITH_MUTEX(&g->shared->lock);
    list_for_each(l, &g->shared->mappings)
        count += list_entry(l, struct mapping, in_shared)->times;
    return count;
}

static void segment_free_locked(struct segment *g)
{
    segments[(u32)g->id % SEQ_STEP] = NULL;
    segment_count--;
    shared_put(g->shared);
    kfree(g);
}

/* ---- creating ---- */

/* Memory for a segment at lo, which is claimed; it is zero. */
static int segment_place(u64 lo, u64 len, struct shared **ret)
{
    struct shared *s;
    int err;

    err = shared_new(lo, lo + len, TARGET_PROT_NONE, &s);
    if (err) {
        arena_release(lo, lo + len);
        return err;
    }
    err = shared_commit(s, lo, lo + len);
    if (!err)
        err = shared_protect(s, lo, lo + len);
    if (err)
        shared_put(s);
    else
        *ret = s;
    return err;
}

static int segment_new_locked(s32 key, u64 size, u32 flags)
{
    struct segment *g;
    u64 lo;
    u32 index;
    int err;

    if (!size || size > SHM_SIZE_MAX)
        return -EINVAL;
    if (flags & SHM_HUGETLB || size > page_floor(INT64_MAX))
        return -ENOMEM;
    for (index = 0; index < SHM_COUNT_MAX && segments[index]; index++)
        ;
    if (index == SHM_COUNT_MAX)
        return -ENOSPC;
    g = kzalloc(sizeof(*g));
    if (!g)
        return -ENOMEM;
    lo = mm_place_top(page_ceil(size));
    err = lo ? segment_place(lo, page_ceil(size), &g->shared) : -ENOMEM;
    if (err) {
        kfree(g);
        return err;
    }
    ipc_owner_init(&g->owner, key, flags, next_seq);
    g->id = (int)(index + next_seq * SEQ_STEP);
    g->size = size;
    g->change_time = now_seconds();
    g->creator_pid = caller_pid();
    segments[index] = g;
    segment_count++;
    next_seq = (next_seq + 1) % SEQ_MAX;
    return g->id;
}

int shm_get(s32 key, u64 size, u32 flags)
{
    struct segment *g;
    int err;

    WITH_MUTEX(&shm_mutex);
    g = key == IPC_PRIVATE ? NULL : segment_of_key_locked(key);
    if (!g)
        return key == IPC_PRIVATE || flags & IPC_CREAT ? segment_new_locked(key, size, flags)
                                                       : -ENOENT;
    if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
        return -EEXIST;
    if (size > g->size)
        return -EINVAL;
    err = ipc_owner_check(&g->owner, ipc_owner_wanted(flags));
    return err ? err : g->id;
}

/* ---- attaching ---- */

/* The place that p has claimed, which it forgets. */
static u64 place_taken(struct map_plan *p)
{
    u64 lo = p->lo;

    p->lo = 0;
    return lo;
}

/* Let the segment, which nobody has attached, be at p->lo, which is claimed and becomes its own. */
static int segment_move_locked(struct segment *g, struct map_plan *p)
{
    struct shared *old = g->shared, *s;
    int err;

    if (p->dirty && host_discard(p->lo, p->len))
        return -ENOMEM;
    err = segment_place(place_taken(p), p->len, &s);
    if (err)
        return err;
    if (g->attached_ever) {
        err = host_protect(old->lo, p->len, TARGET_PROT_READ);
        if (!err)
            err = host_protect(s->lo, p->len, TARGET_PROT_READ | TARGET_PROT_WRITE);
        if (err) {
            shared_put(s);
            return err;
        }
        memcpy((void *)s->lo, (const void *)old->lo, p->len);
    }
    g->shared = s;
    shared_put(old);
    return 0;
}

static bool is_attached(struct mm *mm, const struct shared *s)
{
    bool attached;

    rw_lock_shared(&mm->lock);
    const struct mapping *m = mapping_from(mm, s->lo);
    attached = m && mapping_lo(m) < s->hi;
    rw_unlock_shared(&mm->lock);
    return attached;
}

/* May the segment be where the caller wants it?  *ret_move: if it goes there now. */
static int attach_check_locked(const struct segment *g, const struct map_plan *p, u32 flags,
                               bool *ret_move)
{
    u32 want = IPC_MAY_READ | (flags & SHM_RDONLY ? 0 : IPC_MAY_WRITE) |
               (flags & SHM_EXEC ? IPC_MAY_EXECUTE : 0);
    int err;

    err = ipc_owner_check(&g->owner, want);
    if (!err)
        err = mm_limits_check(p->mm, page_ceil(g->size), p->prot, p->flags);
    if (err)
        return err;
    *ret_move = p->hint && p->hint != g->shared->lo;
    if (*ret_move)
        return segment_attached(g) ? -ENOMEM : 0; /* it is somewhere else already           */
    return p->hint && !(flags & SHM_REMAP) && is_attached(p->mm, g->shared) ? -EINVAL : 0;
}

static int attach_look(int id, struct map_plan *p, u32 flags, bool *ret_move)
{
    const struct segment *g;

    WITH_MUTEX(&shm_mutex);
    g = segment_find_locked(id);
    if (!g)
        return -EINVAL;
    p->len = page_ceil(g->size);
    return attach_check_locked(g, p, flags, ret_move);
}

/* p->lo, if not 0, is claimed for the segment. */
static s64 attach_do(int id, struct map_plan *p, u32 flags)
{
    struct segment *g;
    bool move;
    int err;

    WITH_MUTEX(&shm_mutex);
    g = segment_find_locked(id);
    err = g ? attach_check_locked(g, p, flags, &move) : -EINVAL;
    if (!err && p->lo)
        err = segment_move_locked(g, p);
    if (err)
        return err;
    p->map_flags = flags & SHM_REMAP ? MAP_FIXED : 0;
    err = shared_show(p, g->shared, g->shared->lo, g->shared->hi);
    if (err)
        return err;
    g->attached_ever = true;
    g->attach_time = now_seconds();
    g->last_pid = caller_pid();
    return (s64)g->shared->lo;
}

static s64 attach_at(int id, struct map_plan *p, u32 flags)
{
    bool move;
    s64 at;
    int err;

    err = attach_look(id, p, flags, &move);
    if (!err && move) {
        /* Without the mutex: what is unmapped for it may be a segment. */
        p->map_flags = flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
        err = map_take_fixed(p);
    }
    if (err)
        return err == -EEXIST ? -EINVAL : err;
    at = attach_do(id, p, flags);
    if (at < 0 && p->lo)
        arena_release(p->lo, p->lo + p->len);
    return at;
}

s64 shm_attach(struct mm *mm, int id, u64 addr, u32 flags)
{
    struct map_plan p = {
        .mm = mm,
        .prot =
            PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0),
        .flags = MAPPING_SHARED,
        .label = segment_label,
    };
    s64 at;

    if (page_offset(addr) && !(flags & SHM_RND))
        return -EINVAL;
    p.hint = page_floor(addr);
    if (flags & SHM_REMAP && !p.hint)
        return -EINVAL;
    {
        WITH_MUTEX(&mm->map_lock);
        at = attach_at(id, &p, flags);
    }
    doomed_finish(&p.doomed, DOOMED_KEEP);
    return at;
}

int shm_detach(struct mm *mm, u64 addr)
{
    struct doomed doomed = { NULL };
    int err = -EINVAL;

    {
        WITH_MUTEX(&mm->map_lock);
        rw_lock(&mm->lock);
        const struct mapping *m = mapping_find(mm, addr);
        if (m && m->shared && !m->file && m->shared->lo == addr)
            err = mm_detach_locked(mm, addr, m->shared->hi, &doomed);
        rw_unlock(&mm->lock);
    }
    doomed_finish(&doomed, DOOMED_GIVE_BACK);
    return err;
}

void shm_unmapped(const struct shared *s)
{
    struct segment *g;

    WITH_MUTEX(&shm_mutex);
    g = segment_of_locked(s);
    if (!g)
        return;
    g->detach_time = now_seconds();
    g->last_pid = caller_pid();
    if (g->owner.mode & SHM_DEST && !segment_attached(g))
        segment_free_locked(g);
}

/* ---- control ---- */

static void segment_show_locked(const struct segment *g, struct shmid64_ds *ret)
{
    *ret = (struct shmid64_ds){
        .shm_segsz = g->size,
        .shm_atime = g->attach_time,
        .shm_dtime = g->detach_time,
        .shm_ctime = g->change_time,
        .shm_cpid = g->creator_pid,
        .shm_lpid = g->last_pid,
        .shm_nattch = segment_attached(g),
    };
    ipc_owner_get(&g->owner, &ret->shm_perm);
}

int shm_stat(int id, struct shmid64_ds *ret)
{
    const struct segment *g;
    int err;

    WITH_MUTEX(&shm_mutex);
    g = segment_find_locked(id);
    if (!g)
        return -EINVAL;
    err = ipc_owner_check(&g->owner, IPC_MAY_READ);
    if (!err)
        segment_show_locked(g, ret);
    return err;
}

int shm_stat_index(int index, int cmd, struct shmid64_ds *ret)
{
    const struct segment *g;
    int err = 0;

    WITH_MUTEX(&shm_mutex);
    g = index >= 0 && index < SHM_COUNT_MAX ? segments[index] : NULL;
    if (!g)
        return -EINVAL;
    if (cmd != SHM_STAT_ANY)
        err = ipc_owner_check(&g->owner, IPC_MAY_READ);
    if (err)
        return err;
    segment_show_locked(g, ret);
    return g->id;
}

int shm_set(int id, const struct shmid64_ds *from)
{
    struct segment *g;
    int err;

    WITH_MUTEX(&shm_mutex);
    g = segment_find_locked(id);
    if (!g)
        return -EINVAL;
    err = ipc_owner_check_control(&g->owner);
    if (err)
        return err;
    ipc_owner_set(&g->owner, &from->shm_perm);
    g->change_time = now_seconds();
    return 0;
}

int shm_remove(int id)
{
    struct segment *g;
    int err;

    WITH_MUTEX(&shm_mutex);
    g = segment_find_locked(id);
    if (!g)
        return -EINVAL;
    err = ipc_owner_check_control(&g->owner);
    if (err)
        return err;
    if (!segment_attached(g)) {
        segment_free_locked(g);
        return 0;
    }
    g->owner.mode |= SHM_DEST;
    g->owner.key = IPC_PRIVATE;
    return 0;
}

int shm_lock(int id, enum shm_lock_how how)
{
    struct segment *g;

    WITH_MUTEX(&shm_mutex);
    g = segment_find_locked(id);
    if (!g)
        return -EINVAL;
    if (!cred_has_cap(thread_self()->cred, CAP_IPC_LOCK) && ipc_owner_check_control(&g->owner))
        return -EPERM;
    if (how == SHM_DO_LOCK)
        g->owner.mode |= SHM_LOCKED;
    else
        g->owner.mode &= ~(u32)SHM_LOCKED;
    return 0;
}

void shm_totals_get(struct shm_totals *ret)
{
    WITH_MUTEX(&shm_mutex);
    *ret = (struct shm_totals){ .highest = -1 };
    for (int i = 0; i < SHM_COUNT_MAX; i++) {
        if (!segments[i])
            continue;
        ret->segments++;
        ret->bytes += page_ceil(segments[i]->size);
        ret->highest = i;
    }
}
