/* SPDX-License-Identifier: MIT */
/* mbind(2), set_mempolicy(2), get_mempolicy(2). */
#pragma once
#include <linux/mempolicy.h>
