/* SPDX-License-Identifier: MIT */
/*
 * The walk, for the files of vfs/ that work on names.
 *
 * A walk is light or counted.  It begins light: inside an epoch, without references, with peek()
 * instead of lookup().  Where that is not enough (a link, "..", a file system without peek(), a
 * directory that is just changing) walk_hold() takes references, ends the epoch, and the walk
 * goes on counted.  If the vnode has died by then, the walk starts again, counted from the start.
 *
 *     walk_init() ──► walk_find() / walk_find_parent() ──► use ──► walk_fini()
 *                               │ light                    ▲
 *                               └──────► walk_hold() ──────┘ counted
 */
#pragma once
#include "kernel/lib/types.h"
#include "kernel/vfs/path.h"

struct cred;

enum { WALK_LINKS_MAX = 40 };                    /* path_resolution(7)                      */

enum walk_state { WALK_IDLE, WALK_LIGHT, WALK_COUNTED };

/* What the last component is. */
enum walk_last { LAST_ROOT, LAST_DOT, LAST_DOTDOT, LAST_NAME };

struct walk {
    enum walk_state state;
    struct mount *mount;                         /* where the walk is; counts if counted    */
    struct vnode *vnode;
    struct vnode *dir;                           /* where `last` was found, or NULL         */
    struct name last;                            /* in the path or in text                  */
    enum walk_last last_is;
    bool trailing;                               /* slashes behind the last component       */
    bool again;                                  /* second attempt: counted from the start  */
    u32 flags;                                   /* WALK_*                                  */
    u32 links;                                   /* followed so far                         */
    int dirfd;
    const char *path;
    const char *rest;                            /* not walked yet                          */
    char *text;                                  /* owned: a link's target and what followed */
    const struct cred *cred;
    struct file *base;                           /* counts: dirfd's                         */
    struct file *via;                            /* counts: a magic link led to it          */
    struct place scope;                          /* counts: RESOLVE_BENEATH and _IN_ROOT    */
};

void walk_init(struct walk *w, int dirfd, const char *path, u32 flags);
void walk_fini(struct walk *w);
#define WALK_AUTO __attribute__((cleanup(walk_fini)))

/* Walk to what the path names.  With w->via set, the path names an open file; w->vnode is NULL if
 * that has none. */
int walk_find(struct walk *w) MUST_CHECK;

/* Walk to the directory of the last component, which is in w->last (last_is says whether it is a
 * name).  Counted. */
int walk_find_parent(struct walk *w) MUST_CHECK;

/* From there: look w->last up and step on to it, or follow it if it is a link and follow is set; then
 * 1 means that the walk is at another parent.  -ENOENT leaves the walk where it is. */
int walk_last_step(struct walk *w, bool follow) MUST_CHECK;

/* Make a light walk counted.  -ESTALE: what it stands on is gone (walk_find() again). */
int walk_hold(struct walk *w) MUST_CHECK;

/* Light walks: whether the vnode is still one that has a name or a user, checked after use. */
bool walk_is_valid(const struct walk *w);

/* walk_find(), counted at the end. */
int walk_find_held(struct walk *w) MUST_CHECK;

/* lookup() with its lock. */
int dir_lookup(struct vnode *dir, struct name name, struct vnode **ret) MUST_CHECK;

/* Where a vnode is (vnode.parent), in two halves: a copy of the name; then, under tree_lock
 * exclusively, parent and name are set.  Takes a reference to dir; *name becomes the old name, to be
 * freed, and the result is the old parent, to be put, both without locks. */
int vnode_place_prepare(struct name name, char **ret) MUST_CHECK;
struct vnode *vnode_place_locked(struct vnode *v, struct vnode *dir, char **name);

/* Both locks of a pair of vnodes of one level, by address; a may be b. */
void vnode_lock_two(struct vnode *a, struct vnode *b);
void vnode_unlock_two(struct vnode *a, struct vnode *b);

int vnode_drop_privs_locked(struct vnode *v) MUST_CHECK; /* set-id bits, before a write     */

/* A read through m happened: relatime(8). */
void vnode_touch_atime(struct mount *m, struct vnode *v);
