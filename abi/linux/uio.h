/* SPDX-License-Identifier: MIT */
/* Vectors of user memory. */
#pragma once
#include <linux/uio.h>
