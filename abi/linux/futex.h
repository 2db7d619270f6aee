/* SPDX-License-Identifier: MIT */
/* futex(2). */
#pragma once
#include <linux/futex.h>
