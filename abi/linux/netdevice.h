/* SPDX-License-Identifier: MIT */
/*
 * netdevice(7).  linux/if.h and linux/if_arp.h include libc's sys/socket.h, so what is needed of
 * them stands here.
 */
#pragma once
#include <linux/sockios.h>
#include <linux/types.h>

enum { IFNAMSIZ = 16 };

enum { IFF_UP = 0x1, IFF_LOOPBACK = 0x8, IFF_RUNNING = 0x40, IFF_LOWER_UP = 0x10000 };
enum { ARPHRD_LOOPBACK = 772 };
enum { IF_OPER_UNKNOWN = 0 };

/* The argument of most of its ioctls; what value is depends on the request. */
struct ifreq {
    char ifr_name[IFNAMSIZ];
    union {
        __u8 bytes[24];
        __s32 number;
        __s16 flags;
    } value;
};

/* SIOCGIFCONF: an array of struct ifreq at ifc_buf. */
struct ifconf {
    __s32 ifc_len;
    __s32 pad_;
    __u64 ifc_buf;
};
