/* SPDX-License-Identifier: MIT */
/* What the calls on sockets share: addresses across the border, and the socket of a descriptor. */
#pragma once
#include "kernel/core/thread.h"
#include "kernel/net/socket.h"
#include "kernel/vfs/fdtable.h"

/* -EINVAL (longer than any address), -EFAULT. */
int sockaddr_in(struct address *ret, uptr addr, u32 len) MUST_CHECK;
/* As much as the int at addrlen has room for; it becomes the length. */
int sockaddr_out(const struct address *a, uptr addr, uptr addrlen) MUST_CHECK;

/* The file behind fd if it is a socket: -EBADF, -ENOTSOCK.  FD_REF_AUTO in any case. */
int socket_borrow(struct thread *self, int fd, struct fd_ref *ret) MUST_CHECK;
