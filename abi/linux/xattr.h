/* SPDX-License-Identifier: MIT */
/* Extended attributes. */
#pragma once
#include <linux/xattr.h>
