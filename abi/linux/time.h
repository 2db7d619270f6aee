/* SPDX-License-Identifier: MIT */
/* Clocks, timers and the structures that carry time. */
#pragma once
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/timerfd.h>
#include <linux/timex.h>
#include <linux/utime.h>
