/* SPDX-License-Identifier: MIT */
/* Clocks, timers and the structures that carry time; utimensat(2)'s two special times. */
#pragma once
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/timerfd.h>
#include <linux/timex.h>
#include <linux/utime.h>

#define UTIME_NOW  ((1l << 30) - 1l)
#define UTIME_OMIT ((1l << 30) - 2l)
