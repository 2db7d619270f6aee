/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces: those of the host, looked at and not changed.
 *
 * The host is asked in netlink's language (rtnetlink(7)) and every message it answers is taken apart
 * and put together again from what is known and in range.  A host that does not answer has a
 * loopback interface.
 */
#pragma once
#include "abi/linux/netlink.h"
#include "kernel/lib/types.h"

enum { INTERFACE_MESSAGE_MAX = 1024 };           /* of a message's body                     */

/* A message's body: struct ifinfomsg or ifaddrmsg and attributes, len bytes; 0, or -errno, which
 * ends the dump. */
typedef int (*interface_emit)(void *arg, const u8 *body, u32 len);

/* All links (RTM_GETLINK) or addresses (RTM_GETADDR) of a family, AF_UNSPEC for any.  -ENOMEM. */
int interface_dump(u16 request, u8 family, interface_emit emit, void *arg) MUST_CHECK;

/* An attribute of a message that interface_dump() gave, behind its header of header_len bytes; NULL
 * if it is not there. */
const u8 *interface_attribute(const u8 *body, u32 len, u32 header_len, u16 type, u32 *ret_len);

/* ioctls of any socket that ask about interfaces or want to change them (netdevice(7)). */
bool interface_ioctl_knows(u32 cmd);
/* -ENODEV, -EPERM (changes), -EADDRNOTAVAIL, -EFAULT. */
long interface_ioctl(u32 cmd, uptr arg);
