/* SPDX-License-Identifier: MIT */
/*
 * Root, working directory and umask.
 *
 * Walks begin at places they hold no reference to.  They read the pair inside an epoch, and a pair
 * that is replaced drops its references only when the epochs that may have seen it are over.
 */
#include "kernel/vfs/fsctx.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/vfs/mount.h"

void place_put(struct place *p)
{
    vnode_put(p->vnode);
    mount_put(p->mount);
}

void place_copy(struct place *dst, const struct place *src)
{
    dst->mount = mount_get(src->mount);
    dst->vnode = vnode_get(src->vnode);
}

static struct fsctx_places *places_new(const struct place *root, const struct place *cwd)
{
    struct fsctx_places *p = kalloc(sizeof(*p));

    if (!p)
        return NULL;
    place_copy(&p->root, root);
    place_copy(&p->cwd, cwd);
    return p;
}

static void places_free(struct retired *r)
{
    struct fsctx_places *p = container_of(r, struct fsctx_places, retired);

    place_put(&p->root);
    place_put(&p->cwd);
    kfree(p);
}

struct fsctx *fsctx_new(const struct place *root, const struct place *cwd, u32 umask)
{
    struct fsctx *fs = kzalloc(sizeof(*fs));

    if (!fs)
        return NULL;
    fs->places = places_new(root, cwd);
    if (!fs->places) {
        kfree(fs);
        return NULL;
    }
    ref_init(&fs->refs);
    fs->umask = umask;
    return fs;
}

struct fsctx *fsctx_copy(struct fsctx *fs)
{
    struct place root, cwd;
    struct fsctx *copy;

    fsctx_root(fs, &root);
    fsctx_cwd(fs, &cwd);
    copy = fsctx_new(&root, &cwd, __atomic_load_n(&fs->umask, __ATOMIC_RELAXED));
    place_put(&root);
    place_put(&cwd);
    return copy;
}

struct fsctx *fsctx_get(struct fsctx *fs)
{
    ref_get(&fs->refs);
    return fs;
}

void fsctx_put(struct fsctx *fs)
{
    if (!fs || !ref_put(&fs->refs))
        return;
    places_free(&fs->places->retired);           /* nobody walks from it any more           */
    kfree(fs);
}

void fsctx_root(struct fsctx *fs, struct place *ret)
{
    epoch_enter();
    place_copy(ret, &__atomic_load_n(&fs->places, __ATOMIC_ACQUIRE)->root);
    epoch_leave();
}

void fsctx_cwd(struct fsctx *fs, struct place *ret)
{
    epoch_enter();
    place_copy(ret, &__atomic_load_n(&fs->places, __ATOMIC_ACQUIRE)->cwd);
    epoch_leave();
}

static int fsctx_replace(struct fsctx *fs, const struct place *root, const struct place *cwd)
{
    struct fsctx_places *fresh, *old;

    mutex_lock(&fs->lock);
    old = fs->places;
    fresh = places_new(root ? root : &old->root, cwd ? cwd : &old->cwd);
    if (fresh)
        __atomic_store_n(&fs->places, fresh, __ATOMIC_RELEASE);
    mutex_unlock(&fs->lock);
    if (!fresh)
        return -ENOMEM;
    epoch_retire(&old->retired, places_free);
    return 0;
}

int fsctx_set_cwd(struct fsctx *fs, const struct place *p)
{
    return fsctx_replace(fs, NULL, p);
}

int fsctx_set_root(struct fsctx *fs, const struct place *p)
{
    return fsctx_replace(fs, p, NULL);
}
