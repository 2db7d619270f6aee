/* SPDX-License-Identifier: MIT */
/*
 * myst excpio
 *
 * Archives are hostile input: nothing is written outside the directory, whatever names, links and
 * orders an archive has.  Every path is walked component by component from the directory's
 * descriptor and no component may be a symlink, be it from the archive or one that was there.
 *
 * Final permissions of directories, and of files that other entries link to, are set at the very
 * end, children before parents: a directory may be read-only, and a linked file's data may come
 * with its last name.
 */
#include "tools/myst/archive.h"
#include "tools/myst/cleanup.h"
#include "tools/myst/command.h"
#include "tools/myst/message.h"
#include "tools/myst/output.h"
#include "tools/myst/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_SIZE = 128 * 1024, IMPLIED_DIRECTORY_MODE = 0755 };

/* A file whose permissions are set when everything is there. */
struct deferred {
    char *path;
    uint32_t mode;
};

/* The first name of a file with several, by which later entries find it. */
struct linked {
    uint32_t dev_major;
    uint32_t dev_minor;
    uint32_t ino;
    char path[];
};

struct extraction {
    struct archive *archive;
    struct progress progress;
    int root;
    uid_t uid;                                   /* who owns what we make; -1: whoever we are */
    gid_t gid;
    struct deferred *deferred;
    size_t deferred_count;
    size_t deferred_capacity;
    void *links;                                 /* of struct linked, for tsearch(3)        */
    char path[CPIO_NAME_MAX + 1];                /* of the current entry, clean             */
};

static int report(struct extraction *x, const char *path, const char *what)
{
    progress_fini(&x->progress);
    return message_error("%s: %s: %s", x->archive->path, path, what);
}

static int report_errno(struct extraction *x, const char *path)
{
    return report(x, path, strerror(errno));
}

static int report_read(struct extraction *x, int err)
{
    progress_fini(&x->progress);
    return archive_report(x->archive, err);
}

/* ---- walking ---- */

static int report_step(struct extraction *x, int dir, const char *name, const char *path)
{
    int err = errno;
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
        return report(x, path, "leads through a symbolic link");
    return report(x, path, strerror(err));
}

/* Open the directory name in dir, which must not be a symlink; make it if it is missing.  Consumes
 * dir.  Returns -1 after an error has been printed. */
static int step(struct extraction *x, int dir, const char *name, const char *path)
{
    AUTO(closep) int from = dir;

    if (mkdirat(from, name, IMPLIED_DIRECTORY_MODE) == 0) {
        if (fchownat(from, name, x->uid, x->gid, AT_SYMLINK_NOFOLLOW) < 0) {
            report_errno(x, path);
            return -1;
        }
    } else if (errno != EEXIST) {
        report_errno(x, path);
        return -1;
    }

    int fd = openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        report_step(x, from, name, path);
    return fd;
}

/* Open the directory that holds path, making what is missing; *ret_name is the last component.
 * Returns -1 after an error has been printed. */
static int open_parent(struct extraction *x, const char *path, const char **ret_name)
{
    char name[NAME_MAX + 1];
    int fd = fcntl(x->root, F_DUPFD_CLOEXEC, 0);

    if (fd < 0) {
        report_errno(x, path);
        return -1;
    }
    for (const char *slash; (slash = strchr(*ret_name = path, '/')); path = slash + 1) {
        size_t len = (size_t)(slash - path);

        if (len >= sizeof(name)) {
            close(fd);
            report(x, x->path, strerror(ENAMETOOLONG));
            return -1;
        }
        memcpy(name, path, len);
        name[len] = '\0';
        fd = step(x, fd, name, x->path);
        if (fd < 0)
            return -1;
    }
    return fd;
}

/* Make room for a new file: what has its name goes, unless it is a directory, or a symlink in the
 * place of something else, which the user may have put there to lead elsewhere. */
static int clear_place(struct extraction *x, int parent, const char *name, uint32_t mode)
{
    struct stat st;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : report_errno(x, x->path);
    if (S_ISLNK(st.st_mode) && !S_ISLNK(mode))
        return report(x, x->path, "leads through a symbolic link");
    return unlinkat(parent, name, 0) < 0 ? report_errno(x, x->path) : 0;
}

/* ---- permissions at the end ---- */

static int defer_mode(struct extraction *x, const char *path, uint32_t mode)
{
    if (x->deferred_count == x->deferred_capacity) {
        size_t capacity = x->deferred_capacity ? 2 * x->deferred_capacity : 256;
        struct deferred *deferred = reallocarray(x->deferred, capacity, sizeof(*deferred));
        if (!deferred)
            return report(x, path, strerror(ENOMEM));
        x->deferred = deferred;
        x->deferred_capacity = capacity;
    }

    char *copy = strdup(path);
    if (!copy)
        return report(x, path, strerror(ENOMEM));
    x->deferred[x->deferred_count++] = (struct deferred){ copy, mode };
    return 0;
}

static int deferred_compare(const void *a, const void *b)
{
    const struct deferred *x = a, *y = b;

    return strcmp(y->path, x->path);
}

static int set_mode(struct extraction *x, const struct deferred *d)
{
    const char *name;
    struct stat st;

    snprintf(x->path, sizeof(x->path), "%s", d->path);
    AUTO(closep) int parent = open_parent(x, d->path, &name);
    if (parent < 0)
        return 1;
    AUTO(closep) int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return report_errno(x, d->path);

    /* A later entry of the archive may have taken the name. */
    if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT))
        return 0;
    if (fchown(fd, x->uid, x->gid) < 0 || fchmod(fd, d->mode & 07777) < 0)
        return report_errno(x, d->path);
    return 0;
}

static int set_deferred_modes(struct extraction *x)
{
    /* Backwards by name, so that "a/b" comes before "a". */
    qsort(x->deferred, x->deferred_count, sizeof(*x->deferred), deferred_compare);
    for (size_t i = 0; i < x->deferred_count; i++) {
        if (set_mode(x, &x->deferred[i]))
            return 1;
    }
    return 0;
}

/* ---- kinds of entries ---- */

static int copy_data(struct extraction *x, int fd)
{
    static char buffer[COPY_SIZE];

    for (;;) {
        ssize_t n = cpio_read_data(&x->archive->reader, buffer, sizeof(buffer));
        if (n < 0)
            return report_read(x, (int)n);
        if (n == 0)
            return 0;
        for (ssize_t done = 0; done < n;) {
            ssize_t written = write(fd, buffer + done, (size_t)(n - done));
            if (written < 0 && errno != EINTR)
                return report_errno(x, x->path);
            done += written > 0 ? written : 0;
        }
        progress_show(&x->progress, x->archive->reader.offset);
    }
}

static int extract_file(struct extraction *x, int parent, const char *name,
                        const struct cpio_entry *e)
{
    if (clear_place(x, parent, name, e->mode))
        return 1;
    AUTO(closep) int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return report_errno(x, x->path);
    if (copy_data(x, fd))
        return 1;

    /* The owner first: changing it clears the set-user-ID bit. */
    if (fchown(fd, x->uid, x->gid) < 0 || fchmod(fd, e->mode & 07777) < 0)
        return report_errno(x, x->path);
    return 0;
}

static int linked_compare(const void *a, const void *b)
{
    const struct linked *x = a, *y = b;

    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    if (x->dev_major != y->dev_major)
        return x->dev_major < y->dev_major ? -1 : 1;
    return x->dev_minor == y->dev_minor ? 0 : x->dev_minor < y->dev_minor ? -1 : 1;
}

/* The first name of the file that e is a name of: x->path if it is new.  NULL without memory. */
static const char *linked_find(struct extraction *x, const struct cpio_entry *e)
{
    size_t size = sizeof(struct linked) + strlen(x->path) + 1;
    AUTO(freep) struct linked *l = malloc(size);

    if (!l)
        return NULL;
    l->dev_major = e->dev_major;
    l->dev_minor = e->dev_minor;
    l->ino = e->ino;
    memcpy(l->path, x->path, size - sizeof(*l));

    struct linked **found = tsearch(l, &x->links, linked_compare);
    if (!found)
        return NULL;
    if (*found == l) {
        l = NULL;
        return x->path;
    }
    return (*found)->path;
}

/* Write the entry's data to a file that exists already, under its first name. */
static int fill_linked(struct extraction *x, int parent, const char *name)
{
    struct stat st;
    AUTO(closep)
    int fd = openat(parent, name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0)
        return report_errno(x, x->path);
    if (!S_ISREG(st.st_mode))
        return report(x, x->path, "linked to something that is not a file");
    return copy_data(x, fd);
}

/* A regular file with several names.  GNU cpio stores its data with the last of them, others with
 * the first or with all. */
static int extract_linked(struct extraction *x, int parent, const char *name,
                          const struct cpio_entry *e)
{
    const char *first = linked_find(x, e), *first_name;

    if (!first)
        return report(x, x->path, strerror(ENOMEM));
    if (first == x->path) {
        struct cpio_entry writable = *e;
        writable.mode = S_IFREG | 0600;
        return extract_file(x, parent, name, &writable) || defer_mode(x, x->path, e->mode);
    }
    if (!strcmp(first, x->path))
        return e->size ? fill_linked(x, parent, name) : 0;

    AUTO(closep) int first_parent = open_parent(x, first, &first_name);
    if (first_parent < 0 || clear_place(x, parent, name, e->mode))
        return 1;
    if (linkat(first_parent, first_name, parent, name, 0) < 0)
        return report_errno(x, x->path);
    return e->size ? fill_linked(x, parent, name) : 0;
}

static int extract_directory(struct extraction *x, int parent, const char *name,
                             const struct cpio_entry *e)
{
    struct stat st;

    if (mkdirat(parent, name, 0700) < 0) {
        if (errno != EEXIST || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return report_errno(x, x->path);
        if (S_ISLNK(st.st_mode))
            return report(x, x->path, "leads through a symbolic link");
        if (!S_ISDIR(st.st_mode))
            return report(x, x->path, strerror(ENOTDIR));
    }
    return defer_mode(x, x->path, e->mode);
}

static int extract_symlink(struct extraction *x, int parent, const char *name,
                           const struct cpio_entry *e)
{
    char target[PATH_MAX];

    if (e->size == 0 || e->size >= sizeof(target))
        return report(x, x->path, "a symbolic link's target is empty or too long");
    for (size_t done = 0; done < e->size;) {
        ssize_t n = cpio_read_data(&x->archive->reader, target + done, e->size - done);
        if (n < 0)
            return report_read(x, (int)n);
        done += (size_t)n;
    }
    target[e->size] = '\0';
    if (strlen(target) != e->size)
        return report(x, x->path, "a symbolic link's target contains NUL");

    if (clear_place(x, parent, name, e->mode))
        return 1;
    if (symlinkat(target, parent, name) < 0 ||
        fchownat(parent, name, x->uid, x->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return report_errno(x, x->path);
    return 0;
}

static int extract_fifo(struct extraction *x, int parent, const char *name,
                        const struct cpio_entry *e)
{
    if (clear_place(x, parent, name, e->mode))
        return 1;
    if (mkfifoat(parent, name, e->mode & 07777) < 0 ||
        fchownat(parent, name, x->uid, x->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return report_errno(x, x->path);
    return 0;
}

static int extract_entry(struct extraction *x, const struct cpio_entry *e)
{
    const char *name;
    const char *wrong = cpio_clean_name(e->name, x->path);

    if (wrong)
        return report(x, e->name, wrong);
    if (!strcmp(x->path, "."))
        return S_ISDIR(e->mode) ? defer_mode(x, ".", e->mode)
                                : report(x, e->name, "the root is not a directory");

    AUTO(closep) int parent = open_parent(x, x->path, &name);
    if (parent < 0)
        return 1;

    switch (e->mode & S_IFMT) {
    case S_IFREG:
        return e->nlink > 1 ? extract_linked(x, parent, name, e) : extract_file(x, parent, name, e);
    case S_IFDIR:
        return extract_directory(x, parent, name, e);
    case S_IFLNK:
        return extract_symlink(x, parent, name, e);
    case S_IFIFO:
        return extract_fifo(x, parent, name, e);
    default:
        progress_fini(&x->progress);
        message_warning("%s: %s: %s left out", x->archive->path, x->path,
                        S_ISSOCK(e->mode) ? "socket" : "device");
        return 0;
    }
}

/* ---- the command ---- */

static void extraction_fini(struct extraction *x)
{
    progress_fini(&x->progress);
    for (size_t i = 0; i < x->deferred_count; i++)
        free(x->deferred[i].path);
    free(x->deferred);
    tdestroy(x->links, free);
    if (x->root >= 0)
        close(x->root);
}

static int open_root(struct extraction *x, const char *directory)
{
    bool made = mkdir(directory, IMPLIED_DIRECTORY_MODE) == 0;

    if (!made && errno != EEXIST)
        return message_error("cannot create %s: %s", directory, strerror(errno));
    x->root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (x->root < 0)
        return message_error("%s: %s", directory, strerror(errno));

    output_owner(&x->uid, &x->gid);
    if (made && fchown(x->root, x->uid, x->gid) < 0)
        return message_error("%s: %s", directory, strerror(errno));
    return 0;
}

static int excpio_run(char **words, int count)
{
    AUTO(archive_fini) struct archive archive = { .fd = -1 };
    AUTO(extraction_fini) struct extraction x = { .archive = &archive, .root = -1 };
    struct cpio_entry e;
    int more;

    (void)count;
    if (archive_open(&archive, words[0]))
        return 1;
    progress_init(&x.progress, "unpacking", archive.size);
    /* Permissions come from the archive alone. */
    umask(0);

    /* A file that is no archive is noticed before anything is made. */
    more = cpio_read_entry(&archive.reader, &e);
    if (more < 0)
        return report_read(&x, more);
    if (open_root(&x, words[1]))
        return 1;
    for (; more > 0; more = cpio_read_entry(&archive.reader, &e)) {
        if (extract_entry(&x, &e))
            return 1;
    }
    if (more < 0)
        return report_read(&x, more);
    return set_deferred_modes(&x);
}

const struct command command_excpio = {
    .name = "excpio",
    .arguments = "<archive> <directory>",
    .summary = "unpack a CPIO archive into a directory",
    .description =
        "The directory is made if needed.  Files that are in the way are replaced.  Names\n"
        "that lead out of the directory, or through a symbolic link, are errors.\n",
    .options_end = OPTIONS_END_NEVER,
    .words_min = 2,
    .words_max = 2,
    .run = excpio_run,
};
