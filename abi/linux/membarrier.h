/* SPDX-License-Identifier: MIT */
/* membarrier(2). */
#pragma once
#include <linux/membarrier.h>
