/* SPDX-License-Identifier: MIT */
/*
 * Doubly linked lists, circular, with the links inside the elements.  A list head is a link that
 * belongs to no element; an element that is on no list should be list_init()ed too, so that
 * list_remove() is harmless.
 */
#pragma once
#include "kernel/lib/types.h"

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name)                                                                            \
    {                                                                                              \
        &(name), &(name)                                                                           \
    }

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_insert_(struct list *e, struct list *prev, struct list *next)
{
    e->prev = prev;
    e->next = next;
    prev->next = e;
    next->prev = e;
}

static inline void list_push(struct list *head, struct list *e) /* at the front             */
{
    list_insert_(e, head, head->next);
}

static inline void list_append(struct list *head, struct list *e) /* at the back            */
{
    list_insert_(e, head->prev, head);
}

static inline void list_remove(struct list *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
    list_init(e);
}

static inline struct list *list_first(const struct list *head) /* NULL if empty             */
{
    return list_is_empty(head) ? NULL : head->next;
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

#define list_for_each(pos, head)                                                                   \
    for (struct list *pos = (head)->next; pos != (head); pos = pos->next)

/* The current element may be removed. */
#define list_for_each_safe(pos, head)                                                              \
    for (struct list *pos = (head)->next, *pos##_next = pos->next; pos != (head);                  \
         pos = pos##_next, pos##_next = pos->next)
