/* SPDX-License-Identifier: MIT */
/* Capabilities. */
#pragma once
#include <linux/capability.h>
