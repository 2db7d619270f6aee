/* SPDX-License-Identifier: MIT */
/* prctl(2), arch_prctl(2), seccomp(2), personality(2). */
#pragma once
#include <linux/prctl.h>
#include <asm/prctl.h>
#include <linux/personality.h>
#include <linux/seccomp.h>
