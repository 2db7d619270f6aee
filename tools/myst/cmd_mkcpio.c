/* SPDX-License-Identifier: MIT */
/*
 * myst mkcpio
 *
 * The archive is measured, so it depends on names, modes and content and on nothing else: not on
 * owners, times, inode numbers or the order in which a file system lists names.
 */
#include "tools/myst/cleanup.h"
#include "tools/myst/command.h"
#include "tools/myst/cpio.h"
#include "tools/myst/message.h"
#include "tools/myst/output.h"
#include "tools/myst/progress.h"
#include "tools/myst/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SIZE = 128 * 1024 };

struct packing {
    struct tree *tree;
    struct cpio_writer *writer;
    struct progress *progress;
    const char *directory;                       /* for messages                            */
    const char *archive;
};

static int report(const struct packing *p, const char *path, const char *what)
{
    progress_fini(p->progress);
    return message_error("%s/%s: %s", p->directory, path, what);
}

static int report_write(const struct packing *p, int err)
{
    progress_fini(p->progress);
    return message_error("cannot write %s: %s", p->archive, strerror(-err));
}

/* Copy exactly size bytes, which have been promised in the header. */
static int pack_data(const struct packing *p, int fd, const struct tree_item *item)
{
    static char buffer[COPY_SIZE];
    uint64_t left = item->size;

    for (;;) {
        ssize_t n = read(fd, buffer, sizeof(buffer));
        if (n < 0)
            return report(p, item->path, strerror(errno));
        if ((uint64_t)n > left || (n == 0 && left))
            return report(p, item->path, "changed while it was read");
        if (n == 0)
            return 0;

        int err = cpio_write_data(p->writer, buffer, (size_t)n);
        if (err)
            return report_write(p, err);
        left -= (uint64_t)n;
        progress_show(p->progress, p->writer->offset);
    }
}

static int pack_file(const struct packing *p, const struct tree_item *item)
{
    /* O_NONBLOCK: what has become a FIFO meanwhile must not keep us waiting. */
    AUTO(closep)
    int fd = openat(p->tree->dir, item->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int err;

    if (fd < 0)
        return report(p, item->path, strerror(errno));
    if (item->size > CPIO_FILE_MAX)
        return report(p, item->path, "larger than 4 GiB - 1, the limit of a CPIO archive");
    err = cpio_write_entry(p->writer, item->path, item->mode, (uint32_t)item->size);
    if (err)
        return report_write(p, err);
    return pack_data(p, fd, item);
}

static int pack_symlink(const struct packing *p, const struct tree_item *item)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(p->tree->dir, item->path, target, sizeof(target));
    int err;

    if (len < 0)
        return report(p, item->path, strerror(errno));
    err = cpio_write_entry(p->writer, item->path, item->mode, (uint32_t)len);
    if (!err)
        err = cpio_write_data(p->writer, target, (size_t)len);
    return err ? report_write(p, err) : 0;
}

static int pack_item(const struct packing *p, const struct tree_item *item)
{
    int err;

    switch (item->mode & S_IFMT) {
    case S_IFREG:
        return pack_file(p, item);
    case S_IFLNK:
        return pack_symlink(p, item);
    case S_IFDIR:
    case S_IFIFO:
        err = cpio_write_entry(p->writer, item->path, item->mode, 0);
        return err ? report_write(p, err) : 0;
    default:
        progress_fini(p->progress);
        message_warning("%s/%s: %s left out", p->directory, item->path,
                        S_ISSOCK(item->mode) ? "socket" : "device");
        return 0;
    }
}

static uint64_t tree_bytes(const struct tree *t)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < t->count; i++)
        sum += S_ISREG(t->items[i].mode) ? t->items[i].size : 0;
    return sum;
}

static int pack_tree(struct packing *p, struct output *o)
{
    struct cpio_writer writer;
    struct progress progress;
    int err, status = 0;

    err = cpio_writer_init(&writer, o->fd);
    if (err)
        return message_error("cannot write %s: %s", p->archive, strerror(-err));
    progress_init(&progress, "packing", tree_bytes(p->tree));
    p->writer = &writer;
    p->progress = &progress;

    for (size_t i = 0; i < p->tree->count && !status; i++)
        status = pack_item(p, &p->tree->items[i]);
    if (!status) {
        err = cpio_write_end(&writer);
        if (!err)
            err = output_commit(o);
        status = err ? report_write(p, err) : 0;
    }

    progress_fini(&progress);
    cpio_writer_fini(&writer);
    return status;
}

static int report_tree(const struct tree *t, char **words, int err)
{
    const char *directory = words[0], *archive = words[1];

    if (err == -ELOOP && t->failed)
        return message_error("%s lies in the directory that it is made from", archive);
    return message_error("%s%s%s: %s", directory, t->failed ? "/" : "", t->failed ? t->failed : "",
                         strerror(-err));
}

static int mkcpio_run(char **words, int count)
{
    AUTO(output_fini) struct output output = { .fd = -1 };
    AUTO(tree_fini) struct tree tree = { .dir = -1 };
    struct packing p = { .tree = &tree, .directory = words[0], .archive = words[1] };
    struct stat st;
    int err;

    (void)count;
    if (stat(words[0], &st) < 0)
        return message_error("%s: %s", words[0], strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return message_error("%s: not a directory", words[0]);

    err = output_open(&output, words[1], 0666);
    if (err == -ENOTSUP)
        return message_error("cannot create %s: not a regular file", words[1]);
    if (err)
        return message_error("cannot create %s: %s", words[1], strerror(-err));
    if (fstat(output.fd, &st) < 0)
        return message_error("cannot create %s: %s", words[1], strerror(errno));
    err = tree_init(&tree, words[0], &st);
    if (err)
        return report_tree(&tree, words, err);
    return pack_tree(&p, &output);
}

const struct command command_mkcpio = {
    .name = "mkcpio",
    .arguments = "<directory> <archive>",
    .summary = "make a root file system (a CPIO archive) from a directory",
    .description =
        "The same directory gives the same archive, byte for byte.  Devices and sockets\n"
        "are left out with a warning; owners and times are not kept.\n",
    .options_end = OPTIONS_END_NEVER,
    .words_min = 2,
    .words_max = 2,
    .run = mkcpio_run,
};
