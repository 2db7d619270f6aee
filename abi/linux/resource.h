/* SPDX-License-Identifier: MIT */
/* Limits and usage. */
#pragma once
#include <linux/resource.h>
