/* SPDX-License-Identifier: MIT */
/* clone(2) flags, scheduling, I/O priorities, memory policies. */
#pragma once
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
