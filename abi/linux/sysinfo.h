/* SPDX-License-Identifier: MIT */
/* sysinfo(2), uname(2), times(2). */
#pragma once
#include <linux/sysinfo.h>
#include <linux/utsname.h>
#include <linux/times.h>
#include <linux/types.h>
