/* SPDX-License-Identifier: MIT */
/*
 * Sockets: making them, connecting them, asking about them.  Messages are in sys_sockmsg.c.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/sockaddr.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/fdtable.h"

enum { SOCK_MAX = 11 };

/* ---- addresses and descriptors ---- */

int sockaddr_in(struct address *ret, uptr addr, u32 len)
{
    if (len > ADDRESS_MAX)
        return -EINVAL;
    memset(ret, 0, sizeof(*ret));
    ret->len = len;
    return len ? copy_in(ret->bytes, addr, len) : 0;
}

int sockaddr_out(const struct address *a, uptr addr, uptr addrlen)
{
    int room;

    if (copy_in_struct(&room, addrlen))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (copy_out(addr, a->bytes, min_size((size_t)room, a->len)))
        return -EFAULT;
    return copy_out_struct(addrlen, &a->len);
}

int socket_borrow(struct thread *self, int fd, struct fd_ref *ret)
{
    int err = fd_borrow(self->fds, fd, ret);

    if (err)
        return err;
    return socket_of(ret->file) ? 0 : -ENOTSOCK;
}

/* ---- making ---- */

/* SOCK_NONBLOCK and SOCK_CLOEXEC are O_NONBLOCK and O_CLOEXEC. */
static int type_split(int type, int *ret_type, u32 *ret_flags)
{
    u32 flags = (u32)type & ~(u32)SOCK_TYPE_MASK;

    if (flags & ~(u32)(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    *ret_type = type & SOCK_TYPE_MASK;
    *ret_flags = flags;
    return 0;
}

static int kind_check(int domain, int type)
{
    if (domain < 0 || domain >= AF_MAX)
        return -EAFNOSUPPORT;
    return type >= SOCK_MAX ? -EINVAL : 0;
}

long sys_socket(struct thread *self, int domain, int type, int protocol)
{
    AUTO(file_putp) struct file *f = NULL;
    u32 flags;
    int err = type_split(type, &type, &flags);

    if (!err)
        err = kind_check(domain, type);
    if (!err)
        err = socket_new(domain, type, protocol, flags & O_NONBLOCK, &f);
    return err ? err : fd_install(self->fds, f, flags);
}

long sys_socketpair(struct thread *self, int domain, int type, int protocol, uptr fds)
{
    struct file *pair[2];
    u32 flags;
    int fd[2];
    int err = type_split(type, &type, &flags);

    if (!err)
        err = kind_check(domain, type);
    if (!err)
        err = socket_new_pair(domain, type, protocol, flags & O_NONBLOCK, pair);
    if (err)
        return err;
    err = fd_install_two(self->fds, pair[0], pair[1], flags, fd);
    if (!err && copy_out_struct(fds, &fd)) {
        (void)fd_close(self->fds, fd[0]);
        (void)fd_close(self->fds, fd[1]);
        err = -EFAULT;
    }
    file_put(pair[0]);
    file_put(pair[1]);
    return err;
}

/* ---- names and connections ---- */

long sys_bind(struct thread *self, int fd, uptr addr, u32 addrlen)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    struct address a;
    struct socket *s;
    int err = socket_borrow(self, fd, &f);

    if (!err)
        err = sockaddr_in(&a, addr, addrlen);
    if (err)
        return err;
    s = socket_of(f.file);
    return s->ops->bind(s, &a);
}

long sys_listen(struct thread *self, int fd, int backlog)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    struct socket *s;
    int err = socket_borrow(self, fd, &f);

    if (err)
        return err;
    s = socket_of(f.file);
    return s->ops->listen ? s->ops->listen(s, (u32)min_u64((u32)backlog, SOMAXCONN)) : -EOPNOTSUPP;
}

/* The descriptor's number is asked for first, so that no connection is lost for want of one. */
static long do_accept(struct thread *self, int fd, uptr addr, uptr addrlen, int flags)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    AUTO(file_putp) struct file *new = NULL;
    struct address peer = { 0 };
    int err;

    if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    err = socket_borrow(self, fd, &f);
    if (!err)
        err = fd_room(self->fds);
    if (!err)
        err = socket_accept(f.file, flags & SOCK_NONBLOCK, addr.addr ? &peer : NULL, &new);
    if (!err && addr.addr)
        err = sockaddr_out(&peer, addr, addrlen);
    return err ? err : fd_install(self->fds, new, (u32)flags);
}

long sys_accept(struct thread *self, int fd, uptr addr, uptr addrlen)
{
    return do_accept(self, fd, addr, addrlen, 0);
}

long sys_accept4(struct thread *self, int fd, uptr addr, uptr addrlen, int flags)
{
    return do_accept(self, fd, addr, addrlen, flags);
}

long sys_connect(struct thread *self, int fd, uptr addr, u32 addrlen)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    struct address a;
    int err = socket_borrow(self, fd, &f);

    if (!err)
        err = sockaddr_in(&a, addr, addrlen);
    return err ? err : socket_connect(f.file, &a);
}

static long do_getname(struct thread *self, int fd, enum socket_end end, uptr addr, uptr addrlen)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    struct address a = { 0 };
    struct socket *s;
    int err = socket_borrow(self, fd, &f);

    if (err)
        return err;
    s = socket_of(f.file);
    err = s->ops->name(s, end, &a);
    return err ? err : sockaddr_out(&a, addr, addrlen);
}

long sys_getsockname(struct thread *self, int fd, uptr addr, uptr addrlen)
{
    return do_getname(self, fd, SOCKET_OWN, addr, addrlen);
}

long sys_getpeername(struct thread *self, int fd, uptr addr, uptr addrlen)
{
    return do_getname(self, fd, SOCKET_PEER, addr, addrlen);
}

long sys_shutdown(struct thread *self, int fd, int how)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    struct socket *s;
    int err = socket_borrow(self, fd, &f);

    if (err)
        return err;
    s = socket_of(f.file);
    if (!s->ops->shutdown)
        return -EOPNOTSUPP;
    return how >= SHUT_RD && how <= SHUT_RDWR ? s->ops->shutdown(s, how) : -EINVAL;
}

/* ---- options ---- */

long sys_setsockopt(struct thread *self, int fd, int level, int optname, uptr optval, u32 optlen)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    struct option o = { .level = level, .name = optname, .len = optlen };
    int err = socket_borrow(self, fd, &f);

    if (err)
        return err;
    if ((s32)optlen < 0)
        return -EINVAL;
    o.len = (u32)min_u64(optlen, OPTION_MAX);    /* what is behind a value is not looked at */
    if (o.len && copy_in(o.bytes, optval, o.len))
        return -EFAULT;
    return socket_set_option(socket_of(f.file), &o);
}

long sys_getsockopt(struct thread *self, int fd, int level, int optname, uptr optval, uptr optlen)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    struct option o = { .level = level, .name = optname };
    int room, err = socket_borrow(self, fd, &f);
    u32 len;

    if (err)
        return err;
    if (copy_in_struct(&room, optlen))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    o.len = (u32)min_u64((u32)room, OPTION_MAX);
    err = socket_get_option(socket_of(f.file), &o);
    if (err == -ERANGE && copy_out_struct(optlen, &o.len))
        return -EFAULT;                          /* SO_PEERGROUPS says how much it wants    */
    if (err)
        return err;
    len = (u32)min_u64((u32)room, o.len);
    if (copy_out(optval, o.bytes, len))
        return -EFAULT;
    return copy_out_struct(optlen, &len);
}
