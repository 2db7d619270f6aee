/* SPDX-License-Identifier: MIT */
/*
 * AVL trees with parent links.  See tree.h.
 *
 * Insertion and removal change the shape in one place and then walk from there to the root: each
 * node on the way is rotated if its children's heights differ by two, and then summarised.
 */
#include "kernel/lib/tree.h"

enum { LOWER, HIGHER };

static u32 tree_height(const struct tree_node *n)
{
    return n ? n->height : 0;
}

static void tree_summarise(const struct tree *t, struct tree_node *n)
{
    u32 lower = tree_height(n->child[LOWER]);
    u32 higher = tree_height(n->child[HIGHER]);

    n->height = (lower > higher ? lower : higher) + 1;
    if (t->update)
        t->update(n);
}

/* Put n, or nothing, where old hangs. */
static void tree_replace(struct tree *t, const struct tree_node *old, struct tree_node *n)
{
    struct tree_node *parent = old->parent;

    if (!parent)
        t->root = n;
    else
        parent->child[parent->child[HIGHER] == old] = n;
    if (n)
        n->parent = parent;
}

/*
 * Lift n's child on the given side above n.
 *
 *         n                 up
 *        / \               /  \
 *       a   up     ->     n    c          (side HIGHER; LOWER is its mirror image)
 *          /  \          / \
 *         b    c        a   b
 */
static struct tree_node *tree_rotate(struct tree *t, struct tree_node *n, int side)
{
    struct tree_node *up = n->child[side];
    struct tree_node *between = up->child[!side];

    tree_replace(t, n, up);
    up->child[!side] = n;
    n->parent = up;
    n->child[side] = between;
    if (between)
        between->parent = n;

    tree_summarise(t, n);
    tree_summarise(t, up);
    return up;
}

/* Restore the balance at n.  Returns what stands in its place now. */
static struct tree_node *tree_balance(struct tree *t, struct tree_node *n)
{
    u32 lower = tree_height(n->child[LOWER]);
    u32 higher = tree_height(n->child[HIGHER]);
    u32 difference = lower > higher ? lower - higher : higher - lower;

    if (difference < 2) {
        tree_summarise(t, n);
        return n;
    }

    int side = higher > lower ? HIGHER : LOWER;
    struct tree_node *heavy = n->child[side];

    if (tree_height(heavy->child[!side]) > tree_height(heavy->child[side]))
        tree_rotate(t, heavy, !side);
    return tree_rotate(t, n, side);
}

static void tree_balance_upwards(struct tree *t, struct tree_node *n)
{
    while (n)
        n = tree_balance(t, n)->parent;
}

void tree_insert(struct tree *t, struct tree_node *n)
{
    struct tree_node *parent = NULL;
    struct tree_node **link = &t->root;

    while (*link) {
        parent = *link;
        link = &parent->child[n->key > parent->key];
    }
    n->child[LOWER] = n->child[HIGHER] = NULL;
    n->parent = parent;
    *link = n;
    tree_balance_upwards(t, n);
}

void tree_remove(struct tree *t, struct tree_node *n)
{
    struct tree_node *from = n->parent;          /* the lowest node whose subtree changes   */

    if (!n->child[LOWER] || !n->child[HIGHER]) {
        tree_replace(t, n, n->child[n->child[LOWER] ? LOWER : HIGHER]);
        tree_balance_upwards(t, from);
        return;
    }

    /* The next node has no lower child: take it out of its place and put it into n's. */
    struct tree_node *next = tree_next(n);

    from = next->parent == n ? next : next->parent;
    tree_replace(t, next, next->child[HIGHER]);
    tree_replace(t, n, next);
    for (int side = LOWER; side <= HIGHER; side++) {
        next->child[side] = n->child[side];
        if (next->child[side])
            next->child[side]->parent = next;
    }
    tree_balance_upwards(t, from);
}

void tree_changed(struct tree *t, struct tree_node *n)
{
    if (!t->update)
        return;
    for (; n; n = n->parent)
        t->update(n);
}

struct tree_node *tree_floor(const struct tree *t, u64 key)
{
    struct tree_node *best = NULL;

    for (struct tree_node *n = t->root; n; n = n->child[n->key <= key])
        if (n->key <= key)
            best = n;
    return best;
}

struct tree_node *tree_ceil(const struct tree *t, u64 key)
{
    struct tree_node *best = NULL;

    for (struct tree_node *n = t->root; n; n = n->child[n->key < key])
        if (n->key >= key)
            best = n;
    return best;
}

static struct tree_node *tree_outermost(struct tree_node *n, int side)
{
    while (n && n->child[side])
        n = n->child[side];
    return n;
}

struct tree_node *tree_first(const struct tree *t)
{
    return tree_outermost(t->root, LOWER);
}

struct tree_node *tree_last(const struct tree *t)
{
    return tree_outermost(t->root, HIGHER);
}

static struct tree_node *tree_step(const struct tree_node *n, int side)
{
    if (n->child[side])
        return tree_outermost(n->child[side], !side);
    while (n->parent && n->parent->child[side] == n)
        n = n->parent;
    return n->parent;
}

struct tree_node *tree_next(const struct tree_node *n)
{
    return tree_step(n, HIGHER);
}

struct tree_node *tree_prev(const struct tree_node *n)
{
    return tree_step(n, LOWER);
}

static bool tree_node_check(const struct tree_node *n)
{
    u32 lower = tree_height(n->child[LOWER]);
    u32 higher = tree_height(n->child[HIGHER]);

    for (int side = LOWER; side <= HIGHER; side++)
        if (n->child[side] && n->child[side]->parent != n)
            return false;
    return n->height == (lower > higher ? lower : higher) + 1 && lower <= higher + 1 &&
           higher <= lower + 1;
}

bool tree_check(const struct tree *t)
{
    const struct tree_node *before = NULL;

    if (t->root && t->root->parent)
        return false;
    for (const struct tree_node *n = tree_first(t); n; before = n, n = tree_next(n))
        if (!tree_node_check(n) || (before && before->key >= n->key))
            return false;
    return true;
}
