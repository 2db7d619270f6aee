/* SPDX-License-Identifier: MIT */
/*
 * Output files.  The name of the one that is being written is also known to the signal handler,
 * which can only unlink it and die: hence one at a time, and signals blocked while it changes.
 */
#include "tools/myst/output.h"
#include "tools/myst/option.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int ending_signals[] = { SIGHUP, SIGINT, SIGTERM };
enum { ENDING_SIGNALS = sizeof(ending_signals) / sizeof(ending_signals[0]) };

/* What the handler removes.  Changes only while the signals are blocked. */
static const char *volatile doomed;

static void ending_handler(int signal_number)
{
    if (doomed)
        unlink(doomed);
    /* SA_RESETHAND: this time it kills, and our parent sees of what. */
    raise(signal_number);
}

static void ending_signals_mask(sigset_t *set)
{
    sigemptyset(set);
    for (int i = 0; i < ENDING_SIGNALS; i++)
        sigaddset(set, ending_signals[i]);
}

static void ending_signals_install(void)
{
    for (int i = 0; i < ENDING_SIGNALS; i++) {
        struct sigaction action = { .sa_handler = ending_handler, .sa_flags = (int)SA_RESETHAND };
        struct sigaction before;

        /* Whoever started us with a signal ignored (nohup) wants it so. */
        if (sigaction(ending_signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(ending_signals[i], &action, NULL);
    }
}

/* The destination with symlinks followed: renaming onto a link would replace the link. */
static char *destination(const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
        return realpath(path, NULL);
    return strdup(path);
}

static int destination_check(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    return S_ISREG(st.st_mode) ? 0 : -ENOTSUP;
}

static int temp_create(struct output *o)
{
    sigset_t ending, before;
    int err = 0;

    ending_signals_mask(&ending);
    sigprocmask(SIG_BLOCK, &ending, &before);
    o->fd = mkostemp(o->temp, O_CLOEXEC);
    if (o->fd < 0)
        err = -errno;
    else
        doomed = o->temp;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return err;
}

int output_open(struct output *o, const char *path, mode_t mode)
{
    mode_t mask = umask(0);
    uid_t uid;
    gid_t gid;
    int err;

    umask(mask);
    *o = (struct output){ .fd = -1 };
    o->path = destination(path);
    if (!o->path)
        return -errno;
    err = destination_check(o->path);
    if (err)
        return err;

    if (asprintf(&o->temp, "%s.XXXXXX", o->path) < 0) {
        o->temp = NULL;
        return -ENOMEM;
    }
    ending_signals_install();
    err = temp_create(o);
    if (err) {
        free(o->temp);
        o->temp = NULL;
        return err;
    }

    output_owner(&uid, &gid);
    if (fchown(o->fd, uid, gid) < 0 || fchmod(o->fd, mode & ~mask) < 0)
        return -errno;
    return 0;
}

/* Nothing is there to remove any more. */
static void temp_forget(struct output *o)
{
    doomed = NULL;
    free(o->temp);
    o->temp = NULL;
}

int output_commit(struct output *o)
{
    int fd = o->fd;

    /* close() reports what the file system could not tell earlier (quota, NFS). */
    o->fd = -1;
    if (close(fd) < 0)
        return -errno;
    if (rename(o->temp, o->path) < 0)
        return -errno;
    temp_forget(o);
    return 0;
}

void output_fini(struct output *o)
{
    if (o->fd >= 0)
        close(o->fd);
    if (o->temp) {
        unlink(o->temp);
        temp_forget(o);
    }
    free(o->path);
    *o = (struct output){ .fd = -1 };
}

static bool id_from_environment(const char *name, unsigned *ret)
{
    const char *text = getenv(name);
    uint64_t n;

    if (!text || option_digits(&text, UINT32_MAX - 1, &n) || *text)
        return false;
    *ret = (unsigned)n;
    return true;
}

void output_owner(uid_t *ret_uid, gid_t *ret_gid)
{
    bool sudo = geteuid() == 0;

    if (!sudo || !id_from_environment("SUDO_UID", ret_uid))
        *ret_uid = (uid_t)-1;
    if (!sudo || !id_from_environment("SUDO_GID", ret_gid))
        *ret_gid = (gid_t)-1;
}
