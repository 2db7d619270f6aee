/* SPDX-License-Identifier: MIT */
/*
 * Balanced trees, ordered by a u64, with the links inside the elements.
 *
 * An AVL tree: the heights of two siblings differ by at most one, so a look-up among a million
 * elements takes at most 28 steps.  Keys are unique.  A tree may keep a summary of each subtree
 * in its root (the largest free range below, say): update() computes it from the two children,
 * and is called for every node whose subtree has changed, from the bottom to the top.
 *
 * Locks: the caller's.
 */
#pragma once
#include "kernel/lib/types.h"

struct tree_node {
    struct tree_node *child[2];                  /* lower, higher keys                      */
    struct tree_node *parent;
    u64 key;
    u32 height;                                  /* 1 for a leaf                            */
};

struct tree {
    struct tree_node *root;
    void (*update)(struct tree_node *n);         /* NULL: no summaries                      */
};

/* An all-zero tree is empty.  The caller has set n->key, to a value that is not in the tree. */
void tree_insert(struct tree *t, struct tree_node *n);
void tree_remove(struct tree *t, struct tree_node *n);

/* What n's summary is made of has changed; or its key, and the order has stayed the same. */
void tree_changed(struct tree *t, struct tree_node *n);

/* The node with the greatest key <= key, with the least key >= key; NULL if there is none. */
struct tree_node *tree_floor(const struct tree *t, u64 key);
struct tree_node *tree_ceil(const struct tree *t, u64 key);

struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_last(const struct tree *t);
struct tree_node *tree_next(const struct tree_node *n);
struct tree_node *tree_prev(const struct tree_node *n);

/* Is everything true that is said above?  Takes time proportional to the size of the tree. */
bool tree_check(const struct tree *t);
