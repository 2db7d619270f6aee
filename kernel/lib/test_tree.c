/* SPDX-License-Identifier: MIT */
/* Trees, judged by a bitmap of keys, with the size of each subtree as its summary. */
#include "kernel/lib/tree.h"
#include "tests/unit/test.h"

enum { KEYS = 512, STEPS = 40000 };

struct item {
    struct tree_node node;
    u64 size;                                    /* nodes in this subtree                   */
    bool present;
};

static struct item items[KEYS];
static u64 seed = 88172645463325252ull;

static u64 next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static u64 subtree_size(const struct tree_node *n)
{
    return n ? container_of(n, struct item, node)->size : 0;
}

static void summarise(struct tree_node *n)
{
    container_of(n, struct item, node)->size =
        1 + subtree_size(n->child[0]) + subtree_size(n->child[1]);
}

static void check_sizes(const struct tree *t)
{
    for (struct tree_node *n = tree_first(t); n; n = tree_next(n)) {
        u64 was = subtree_size(n);

        summarise(n);
        CHECK_EQ(subtree_size(n), was);
    }
}

static struct tree_node *expected_floor(u64 key)
{
    for (u64 i = key + 1; i-- > 0;)
        if (items[i].present)
            return &items[i].node;
    return NULL;
}

static struct tree_node *expected_ceil(u64 key)
{
    for (u64 i = key; i < KEYS; i++)
        if (items[i].present)
            return &items[i].node;
    return NULL;
}

TEST(tree_finds_what_a_bitmap_finds_after_any_insertions_and_removals)
{
    struct tree tree = { .update = summarise };
    u64 count = 0;

    for (u32 i = 0; i < STEPS; i++) {
        u64 key = next_random() % KEYS;
        struct item *item = &items[key];

        if (item->present) {
            tree_remove(&tree, &item->node);
            count--;
        } else {
            item->node.key = key;
            tree_insert(&tree, &item->node);
            count++;
        }
        item->present = !item->present;

        u64 probe = next_random() % KEYS;
        CHECK(tree_floor(&tree, probe) == expected_floor(probe));
        CHECK(tree_ceil(&tree, probe) == expected_ceil(probe));
        CHECK_EQ(subtree_size(tree.root), count);
        if (i % 100)
            continue;
        CHECK(tree_check(&tree));
        check_sizes(&tree);
    }
}

TEST(tree_walks_in_order_both_ways)
{
    struct tree tree = { 0 };
    u64 at = 0;

    CHECK(!tree_first(&tree));
    CHECK(!tree_last(&tree));
    for (u64 i = 0; i < KEYS; i++) {
        items[i].node.key = i * 37 % KEYS;
        tree_insert(&tree, &items[i].node);
    }
    for (struct tree_node *n = tree_first(&tree); n; n = tree_next(n))
        CHECK_EQ(n->key, at++);
    CHECK_EQ(at, KEYS);
    for (struct tree_node *n = tree_last(&tree); n; n = tree_prev(n))
        CHECK_EQ(n->key, --at);
    CHECK_EQ(at, 0);
}

TEST(tree_stays_low_when_keys_come_in_order)
{
    struct tree tree = { 0 };

    for (u64 i = 0; i < KEYS; i++) {
        items[i].node.key = i;
        tree_insert(&tree, &items[i].node);
    }
    CHECK(tree_check(&tree));
    CHECK(tree.root->height <= 10);              /* 512 nodes: at least 9 * 1.44 without AVL */
}

TEST(tree_summaries_follow_a_change_of_one_node)
{
    struct tree tree = { .update = summarise };

    for (u64 i = 0; i < KEYS; i++) {
        items[i].node.key = 2 * i;
        tree_insert(&tree, &items[i].node);
    }
    items[7].node.key = 2 * 7 + 1;               /* the order has stayed the same           */
    items[7].size = 0;
    tree_changed(&tree, &items[7].node);
    CHECK(tree_check(&tree));
    check_sizes(&tree);
    CHECK(tree_floor(&tree, 15) == &items[7].node);
    CHECK(tree_floor(&tree, 14) == &items[6].node);
}

TEST(tree_check_notices_damage)
{
    struct tree tree = { 0 };

    for (u64 i = 0; i < 16; i++) {
        items[i].node.key = i;
        tree_insert(&tree, &items[i].node);
    }
    CHECK(tree_check(&tree));
    items[3].node.key = 9;
    CHECK(!tree_check(&tree));
    items[3].node.key = 3;
    items[3].node.height += 2;
    CHECK(!tree_check(&tree));
}
