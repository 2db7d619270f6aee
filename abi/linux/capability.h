/* SPDX-License-Identifier: MIT */
/* Capabilities, and the bits that say how user ids grant them. */
#pragma once
#include <linux/capability.h>
#include <linux/securebits.h>
