/* SPDX-License-Identifier: MIT */
/*
 * Sockets.  The UAPI headers hold the address and option structures; families, types and
 * message flags are known to libc only, so they stand here (socket(2), recv(2), send(2)).
 */
#pragma once
#include <asm/socket.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/un.h>

enum {
    AF_UNSPEC = 0,
    AF_UNIX = 1,
    AF_INET = 2,
    AF_INET6 = 10,
    AF_NETLINK = 16,
    AF_PACKET = 17,
    AF_VSOCK = 40,
    AF_MAX = 46,
};

enum {
    SOCK_STREAM = 1,
    SOCK_DGRAM = 2,
    SOCK_RAW = 3,
    SOCK_SEQPACKET = 5,
    SOCK_TYPE_MASK = 0xf,
    SOCK_CLOEXEC = 02000000,
    SOCK_NONBLOCK = 04000,
};

enum { SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2 };
enum { SOMAXCONN = 4096 };

enum {
    MSG_OOB = 0x1,
    MSG_PEEK = 0x2,
    MSG_DONTROUTE = 0x4,
    MSG_CTRUNC = 0x8,
    MSG_TRUNC = 0x20,
    MSG_DONTWAIT = 0x40,
    MSG_EOR = 0x80,
    MSG_WAITALL = 0x100,
    MSG_CONFIRM = 0x800,
    MSG_ERRQUEUE = 0x2000,
    MSG_NOSIGNAL = 0x4000,
    MSG_MORE = 0x8000,
    MSG_WAITFORONE = 0x10000,
    MSG_FASTOPEN = 0x20000000,
    MSG_CMSG_CLOEXEC = 0x40000000,
};

enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2, SCM_MAX_FD = 253 };
enum { SOL_IP_ = 0, SOL_TCP_ = 6, SOL_IPV6_ = 41, SOL_PACKET = 263, SOL_NETLINK = 270 };
enum { ICMP_FILTER = 1, ICMPV6_FILTER = 1 };

/* msghdr, mmsghdr and cmsghdr as the x86-64 system calls take them; pointers are user
 * addresses and therefore plain numbers here. */
struct user_msghdr {
    __u64 msg_name;
    __u32 msg_namelen;
    __u32 pad_;
    __u64 msg_iov;
    __u64 msg_iovlen;
    __u64 msg_control;
    __u64 msg_controllen;
    __u32 msg_flags;
    __u32 pad2_;
};

struct user_mmsghdr {
    struct user_msghdr msg_hdr;
    __u32 msg_len;
    __u32 pad_;
};

struct cmsghdr {
    __u64 cmsg_len;
    __s32 cmsg_level;
    __s32 cmsg_type;
};

struct ucred {
    __s32 pid;
    __u32 uid;
    __u32 gid;
};

struct linger {
    __s32 l_onoff;
    __s32 l_linger;
};
