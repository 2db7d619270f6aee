/* SPDX-License-Identifier: MIT */
/*
 * myst lscpio
 *
 * One line per entry, in the archive's order:
 *
 *     drwxr-xr-x  1 0 0          0 2015-12-18 02:24 usr/bin
 *     crw-rw-rw-  1 0 0       1, 3 2015-12-18 02:24 dev/null
 *     lrwxrwxrwx  1 0 0          4 2015-12-18 02:24 bin/sh -> dash
 *
 * Times are UTC and control characters are written as \ooo, so that the text depends on the archive
 * only.
 */
#include "tools/myst/archive.h"
#include "tools/myst/cleanup.h"
#include "tools/myst/command.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void print_escaped(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < ' ' || c == 0x7f || c == '\\')
            printf("\\%03o", c);
        else
            putchar(c);
    }
}

static char type_letter(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFIFO:
        return 'p';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    case S_IFSOCK:
        return 's';
    default:
        return '-';
    }
}

static void mode_format(uint32_t mode, char text[11])
{
    static const char letters[] = "rwxrwxrwx";

    text[0] = type_letter(mode);
    for (int i = 0; i < 9; i++)
        text[1 + i] = mode & (0400u >> i) ? letters[i] : '-';
    if (mode & S_ISUID)
        text[3] = mode & S_IXUSR ? 's' : 'S';
    if (mode & S_ISGID)
        text[6] = mode & S_IXGRP ? 's' : 'S';
    if (mode & S_ISVTX)
        text[9] = mode & S_IXOTH ? 't' : 'T';
    text[10] = '\0';
}

static void print_entry(const struct cpio_entry *e)
{
    char mode[11], when[32], size[32];
    time_t mtime = e->mtime;
    struct tm tm;

    mode_format(e->mode, mode);
    gmtime_r(&mtime, &tm);
    strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    if (S_ISCHR(e->mode) || S_ISBLK(e->mode))
        snprintf(size, sizeof(size), "%u, %u", e->rdev_major, e->rdev_minor);
    else
        snprintf(size, sizeof(size), "%u", e->size);

    printf("%s %2u %u %u %10s %s ", mode, e->nlink, e->uid, e->gid, size, when);
    print_escaped(e->name, strlen(e->name));
}

static int print_target(struct archive *a)
{
    char target[PATH_MAX];
    ssize_t n;

    printf(" -> ");
    while ((n = cpio_read_data(&a->reader, target, sizeof(target))) > 0)
        print_escaped(target, (size_t)n);
    return (int)n;
}

static int lscpio_run(char **words, int count)
{
    AUTO(archive_fini) struct archive a = { .fd = -1 };
    struct cpio_entry e;
    int more;

    (void)count;
    if (archive_open(&a, words[0]))
        return 1;
    while ((more = cpio_read_entry(&a.reader, &e)) > 0) {
        print_entry(&e);
        int err = S_ISLNK(e.mode) ? print_target(&a) : 0;
        putchar('\n');
        if (err)
            return archive_report(&a, err);
    }
    return more ? archive_report(&a, more) : 0;
}

const struct command command_lscpio = {
    .name = "lscpio",
    .arguments = "<archive>",
    .summary = "list what is in a CPIO archive",
    .options_end = OPTIONS_END_NEVER,
    .words_min = 1,
    .words_max = 1,
    .run = lscpio_run,
};
