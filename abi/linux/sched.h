/* SPDX-License-Identifier: MIT */
/* clone(2) flags and scheduling. */
#pragma once
#include <linux/sched.h>
#include <linux/sched/types.h>
