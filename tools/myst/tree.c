/* SPDX-License-Identifier: MIT */
/*
 * Collecting a tree.  The list is also the queue: directories found are appended and listed when
 * their turn comes, so depth costs neither stack nor descriptors.
 */
#include "tools/myst/tree.h"
#include "tools/myst/cleanup.h"
#include "tools/myst/cpio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void closedirp(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* Order of a byte in a path: the end, then '/', then all others. */
static int path_rank(char c)
{
    if (c == '\0')
        return 0;
    return c == '/' ? 1 : (unsigned char)c + 1;
}

static int item_compare(const void *a, const void *b)
{
    const char *x = ((const struct tree_item *)a)->path;
    const char *y = ((const struct tree_item *)b)->path;

    while (*x && *x == *y) {
        x++;
        y++;
    }
    return path_rank(*x) - path_rank(*y);
}

/* Consumes path, also on failure. */
static int tree_append(struct tree *t, char *path, const struct stat *st)
{
    if (t->count == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 256;
        struct tree_item *items = reallocarray(t->items, capacity, sizeof(*items));
        if (!items) {
            free(path);
            return -ENOMEM;
        }
        t->items = items;
        t->capacity = capacity;
    }
    t->items[t->count++] = (struct tree_item){ path, st->st_mode, (uint64_t)st->st_size };
    return 0;
}

static char *path_join(const char *directory, const char *name)
{
    char *path;

    if (!strcmp(directory, "."))
        return strdup(name);
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

static int tree_add(struct tree *t, const char *directory, const char *name,
                    const struct stat *outside)
{
    char *path = path_join(directory, name);
    struct stat st;
    int err;

    if (!path)
        return -ENOMEM;
    if (strlen(path) > CPIO_NAME_MAX)
        err = -ENAMETOOLONG;
    else if (fstatat(t->dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        err = -errno;
    else if (outside && st.st_dev == outside->st_dev && st.st_ino == outside->st_ino)
        err = -ELOOP;
    else
        return tree_append(t, path, &st);

    t->failed = path;                            /* tree_fini() frees it                    */
    return err;
}

static int tree_list(struct tree *t, const char *directory, const struct stat *outside)
{
    int fd = openat(t->dir, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;

    AUTO(closedirp) DIR *d = fdopendir(fd);
    if (!d) {
        int err = -errno;
        close(fd);
        return err;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(d);
        if (!entry)
            return -errno;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;

        int err = tree_add(t, directory, entry->d_name, outside);
        if (err)
            return err;
    }
}

int tree_init(struct tree *t, const char *directory, const struct stat *outside)
{
    struct stat st;
    int err;

    *t = (struct tree){ .dir = -1 };
    t->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->dir < 0 || fstat(t->dir, &st) < 0)
        return -errno;

    char *root = strdup(".");
    if (!root)
        return -ENOMEM;
    err = tree_append(t, root, &st);
    if (err)
        return err;

    for (size_t i = 0; i < t->count; i++) {
        /* Not a pointer into items, which tree_add() moves. */
        const char *path = t->items[i].path;

        if (!S_ISDIR(t->items[i].mode))
            continue;
        err = tree_list(t, path, outside);
        if (err) {
            if (!t->failed)
                t->failed = strdup(path);
            return err;
        }
    }

    /* "." stays in front; nothing sorts before it by right. */
    qsort(t->items + 1, t->count - 1, sizeof(*t->items), item_compare);
    return 0;
}

void tree_fini(struct tree *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->items[i].path);
    free(t->items);
    free(t->failed);
    if (t->dir >= 0)
        close(t->dir);
    *t = (struct tree){ .dir = -1 };
}
