/* SPDX-License-Identifier: MIT */
/*
 * Messages: sendto(2), sendmsg(2), sendmmsg(2) and their counterparts.
 *
 * A struct user_msghdr is copied in once, with its vector and, for sending, its address and control
 * messages; what recvmsg(2) has to tell is written back field by field.
 */
#include "abi/linux/errno.h"
#include "abi/linux/time.h"
#include "abi/linux/uio.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/clock.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/sockaddr.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timespec.h"

enum {
    MSG_CMSG_COMPAT_ = (int)0x80000000,          /* of 32-bit programs                      */
    MESSAGES_MAX = IOV_MAX,                      /* of one sendmmsg(2)                      */
};

/* ---- headers ---- */

/* A message of a program's, on its way in or out. */
struct transit {
    struct user_msghdr h;
    struct iov data;
    struct address address;
    struct message m;
    u8 *control;                                 /* owned                                   */
};

static void transit_fini(struct transit *t)
{
    iov_fini(&t->data);
    kfree(t->control);
}
#define TRANSIT_AUTO __attribute__((cleanup(transit_fini)))

/* Most vectors have one element, which needs no list. */
static int vector_in(struct iov *v, const struct user_msghdr *h)
{
    struct iovec one;

    if (h->msg_iovlen > IOV_MAX)
        return -EMSGSIZE;
    if (h->msg_iovlen != 1)
        return iov_user_vec(v, UPTR(h->msg_iov), h->msg_iovlen);
    if (copy_in_struct(&one, UPTR(h->msg_iov)))
        return -EFAULT;
    if ((s64)one.iov_len < 0)
        return -EINVAL;
    iov_user(v, UPTR(one.iov_base), one.iov_len);
    return 0;
}

static int header_in(struct transit *t, uptr msg, u32 flags)
{
    int err;

    t->control = NULL;
    t->data = (struct iov){ 0 };
    t->address.len = 0;
    t->m = (struct message){ .data = &t->data, .flags = flags };
    err = copy_in_struct(&t->h, msg);
    if (err)
        return err;
    if ((s32)t->h.msg_namelen < 0)
        return -EINVAL;
    if (!t->h.msg_name)
        t->h.msg_namelen = 0;
    return vector_in(&t->data, &t->h);
}

/* ---- sending ---- */

static int control_in(struct transit *t)
{
    size_t len = t->h.msg_controllen;

    if (!len)
        return 0;
    if (len > CONTROL_MAX)
        return -ENOBUFS;
    t->control = kalloc(len);
    if (!t->control)
        return -ENOBUFS;
    t->m.control = t->control;
    t->m.control_len = len;
    return copy_in(t->control, UPTR(t->h.msg_control), len);
}

static ssize_t send_one(struct file *f, uptr msg, u32 flags)
{
    TRANSIT_AUTO struct transit t;
    u32 namelen;
    int err = header_in(&t, msg, flags);

    if (err)
        return err;
    namelen = (u32)min_u64(t.h.msg_namelen, ADDRESS_MAX);
    if (namelen) {
        err = sockaddr_in(&t.address, UPTR(t.h.msg_name), namelen);
        t.m.address = &t.address;
    }
    if (!err)
        err = control_in(&t);
    return err ? err : socket_send(f, &t.m);
}

long sys_sendto(struct thread *self, int fd, uptr buf, size_t len, u32 flags, uptr addr,
                u32 addrlen)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    struct iov data;
    struct message m = { .data = &data, .flags = flags };
    struct address a;
    int err = socket_borrow(self, fd, &f);

    if (err)
        return err;
    if (addr.addr) {
        err = sockaddr_in(&a, addr, addrlen);
        if (err)
            return err;
        m.address = addrlen ? &a : NULL;
    }
    iov_user(&data, buf, len);
    return socket_send(f.file, &m);
}

long sys_sendmsg(struct thread *self, int fd, uptr msg, u32 flags)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    int err = socket_borrow(self, fd, &f);

    if (err)
        return err;
    return flags & (u32)MSG_CMSG_COMPAT_ ? -EINVAL : send_one(f.file, msg, flags);
}

static uptr header_at(uptr msgs, u32 i)
{
    return uptr_add(msgs, (u64)i * sizeof(struct user_mmsghdr));
}

static int length_out(uptr header, ssize_t n)
{
    u32 len = (u32)n;

    return copy_out_struct(uptr_add(header, offsetof(struct user_mmsghdr, msg_len)), &len);
}

long sys_sendmmsg(struct thread *self, int fd, uptr msgs, u32 count, u32 flags)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    u32 done = 0;
    ssize_t n = socket_borrow(self, fd, &f);

    if (n)
        return n;
    if (flags & (u32)MSG_CMSG_COMPAT_)
        return -EINVAL;
    while (done < min_u64(count, MESSAGES_MAX)) {
        n = send_one(f.file, header_at(msgs, done), flags);
        if (n >= 0 && length_out(header_at(msgs, done), n))
            n = -EFAULT;
        if (n < 0)
            break;
        done++;
    }
    return done ? (long)done : n;
}

/* ---- receiving ---- */

long sys_recvfrom(struct thread *self, int fd, uptr buf, size_t len, u32 flags, uptr addr,
                  uptr addrlen)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    struct iov data;
    struct message m = { .data = &data, .flags = flags };
    struct address a;
    ssize_t n = socket_borrow(self, fd, &f);
    int err;

    if (n)
        return n;
    a.len = 0;
    if (addr.addr)
        m.address = &a;
    iov_user(&data, buf, len);
    n = socket_recv(f.file, &m);
    if (n < 0 || !addr.addr)
        return n;
    err = sockaddr_out(&a, addr, addrlen);
    return err ? err : n;
}

/* The source, and what there is to say about the message.  The header comes from t, the rest is only
 * written. */
static int header_out(const struct transit *t, uptr msg)
{
    struct {
        u64 controllen;
        u32 flags;
    } tail = {
        .controllen = t->m.control_out.addr - t->h.msg_control,
        .flags = t->m.ret_flags | (t->m.flags & MSG_CMSG_CLOEXEC),
    };
    size_t fits = min_size(min_size(t->h.msg_namelen, ADDRESS_MAX), t->address.len);
    size_t tail_len = offsetof(struct user_msghdr, msg_flags) + sizeof(u32) -
                      offsetof(struct user_msghdr, msg_controllen);

    if (t->h.msg_name) {
        if (copy_out(UPTR(t->h.msg_name), t->address.bytes, fits) ||
            copy_out_struct(uptr_add(msg, offsetof(struct user_msghdr, msg_namelen)),
                            &t->address.len))
            return -EFAULT;
    }
    return copy_out(uptr_add(msg, offsetof(struct user_msghdr, msg_controllen)), &tail, tail_len);
}

static ssize_t recv_one(struct file *f, uptr msg, u32 flags)
{
    TRANSIT_AUTO struct transit t;
    int err = header_in(&t, msg, flags);
    ssize_t n;

    if (err)
        return err;
    if (t.h.msg_name)
        t.m.address = &t.address;
    t.m.wants_flags = true;
    t.m.control_out = UPTR(t.h.msg_control);
    t.m.control_room = t.h.msg_control ? t.h.msg_controllen : 0;
    n = socket_recv(f, &t.m);
    if (n < 0)
        return n;
    err = header_out(&t, msg);
    return err ? err : n;
}

long sys_recvmsg(struct thread *self, int fd, uptr msg, u32 flags)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    int err = socket_borrow(self, fd, &f);

    if (err)
        return err;
    return flags & (u32)MSG_CMSG_COMPAT_ ? -EINVAL : recv_one(f.file, msg, flags);
}

/* The timeout is looked at after each message only (recvmmsg(2), BUGS). */
static long recv_many(struct file *f, uptr msgs, u32 count, u32 flags, u64 deadline_ns)
{
    u32 done = 0;
    ssize_t n = 0;

    while (done < min_u64(count, MESSAGES_MAX)) {
        n = recv_one(f, header_at(msgs, done), flags & ~(u32)MSG_WAITFORONE);
        if (n >= 0 && length_out(header_at(msgs, done), n))
            n = -EFAULT;
        if (n < 0)
            break;
        done++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (deadline_ns != NO_DEADLINE && clock_monotonic_ns() >= deadline_ns)
            break;
    }
    return done ? (long)done : n;
}

long sys_recvmmsg(struct thread *self, int fd, uptr msgs, u32 count, u32 flags, uptr timeout)
{
    FD_REF_AUTO struct fd_ref f = { 0 };
    u64 deadline_ns, now;
    long n;
    int err;

    if (flags & (u32)MSG_CMSG_COMPAT_)
        return -EINVAL;
    err = timespec_deadline_in(timeout, &deadline_ns);
    if (!err)
        err = socket_borrow(self, fd, &f);
    if (err)
        return err;
    n = recv_many(f.file, msgs, count, flags, deadline_ns);
    if (n <= 0 || !timeout.addr)
        return n;
    now = clock_monotonic_ns();
    err = timespec_out(timeout, deadline_ns > now ? deadline_ns - now : 0);
    return err ? err : n;
}
