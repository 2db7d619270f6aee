/* SPDX-License-Identifier: MIT */
/* File-system magic numbers. */
#pragma once
#include <linux/magic.h>
