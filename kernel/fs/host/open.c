/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of files that are not directories.
 *
 * They are opened when something is done that needs one, by the name the file was last seen under, and
 * kept while the node lives.  Special files are never really opened: a FIFO works inside, a device not
 * at all; what has to be changed about them goes by O_PATH.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/fs/host/host_fs.h"
#include "kernel/host/host.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/pipe.h"

static int check_same(struct host_node *n, hfd fd)
{
    struct stat st;
    int err = host_fstat(fd, &st);

    if (err)
        return err;
    if (st.st_dev != n->host_dev || st.st_ino != n->host_ino || (st.st_mode & S_IFMT) != n->v.type)
        return -ENOENT;                          /* the name means another file by now      */
    return 0;
}

static int open_locked(struct host_node *n, u32 flags, hfd *ret)
{
    hfd fd;
    int err;

    if (!n->home.dir)
        return -ENOENT;
    err = call_openat(host_node(n->home.dir)->dir, n->home.name, flags, 0, &fd);
    if (err)
        return err;
    err = check_same(n, fd);
    if (err) {
        host_close(fd);
        return err;
    }
    *ret = fd;
    return 0;
}

static int read_fd_locked(struct host_node *n, hfd *ret)
{
    int err = n->rd.id >= 0 ? 0 : open_locked(n, O_RDONLY, &n->rd);

    *ret = n->rd;
    return err;
}

static int write_fd_locked(struct host_node *n, hfd *ret)
{
    int err = n->wr.id >= 0 ? 0 : open_locked(n, O_WRONLY, &n->wr);

    *ret = n->wr;
    return err;
}

static int any_fd_locked(struct host_node *n, hfd *ret)
{
    int err = 0;

    if (n->rd.id < 0 && n->wr.id < 0 && n->path.id < 0)
        err = open_locked(n, O_PATH, &n->path);
    *ret = n->rd.id >= 0 ? n->rd : n->wr.id >= 0 ? n->wr : n->path;
    return err;
}

int node_fd(struct host_node *n, enum node_access access, hfd *ret)
{
    hfd fd = n->dir;
    int err = 0;

    if (n->v.type == S_IFDIR) {
        *ret = fd;
        return 0;
    }
    if (access != NODE_ANY && n->v.type != S_IFREG)
        return -EINVAL;
    mutex_lock(&n->lock);
    if (access == NODE_READ)
        err = read_fd_locked(n, &fd);
    else if (access == NODE_WRITE)
        err = write_fd_locked(n, &fd);
    else
        err = any_fd_locked(n, &fd);
    mutex_unlock(&n->lock);
    if (!err)
        *ret = fd;
    return err;
}

bool node_is_open(struct host_node *n)
{
    WITH_MUTEX(&n->lock);
    return n->dir.id >= 0 || n->rd.id >= 0 || n->wr.id >= 0 || n->path.id >= 0;
}

int node_open(struct vnode *v, struct file *f)
{
    struct host_node *n = host_node(v);
    hfd fd;
    int err = 0;

    if (v->type == S_IFIFO)
        return fifo_open(f);
    if (v->type != S_IFREG)
        return -ENXIO;
    if (f->read_ok)
        err = node_fd(n, NODE_READ, &fd);
    if (!err && f->write_ok)
        err = node_fd(n, NODE_WRITE, &fd);
    return err;
}
