/* SPDX-License-Identifier: MIT */
/* How threads of programs park: what core/waitq.h needs from proc/. */
#pragma once
#include "kernel/core/waitq.h"

extern const struct park_ops proc_park_ops;
