/* SPDX-License-Identifier: MIT */
/* Route netlink messages. */
#pragma once
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
