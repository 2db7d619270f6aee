/* SPDX-License-Identifier: MIT */
/* POSIX timers: timer_create(2) and its family, of the calling process. */
#pragma once
#include "abi/linux/signal.h"
#include "abi/linux/time.h"
#include "kernel/lib/types.h"
#include "kernel/proc/itimer.h"

/* event NULL: SIGALRM with the timer's id as its value.  0, -EINVAL, -EAGAIN, -EOPNOTSUPP. */
int posix_timer_create(int clock_id, const struct sigevent *event, s32 *ret_id) MUST_CHECK;
int posix_timer_delete(s32 id);
int posix_timer_overrun(s32 id);
int posix_timer_get(s32 id, struct itimer_value *ret) MUST_CHECK;

enum timer_set_how { TIMER_SET_RELATIVE, TIMER_SET_ABSOLUTE };

/* left_ns is a moment of the timer's clock with TIMER_SET_ABSOLUTE; 0 disarms. */
int posix_timer_set(s32 id, enum timer_set_how how, const struct itimer_value *value,
                    struct itimer_value *ret_old) MUST_CHECK;

/* ---- for itimer.c, with process.timer_lock ---- */

bool posix_timers_on_cpu_locked(struct process *p);
/* Expire those by CPU clocks; *left becomes the least that is left of any, if it was more. */
void posix_timers_expire_cpu_locked(struct process *p, u64 *left);
void cpu_timers_look_locked(struct process *p);
void posix_timers_delete_all(struct process *p);
