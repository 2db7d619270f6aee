/* SPDX-License-Identifier: MIT */
/* getrandom(2). */
#pragma once
#include <linux/random.h>
