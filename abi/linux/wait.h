/* SPDX-License-Identifier: MIT */
/* wait4(2) and waitid(2). */
#pragma once
#include <linux/wait.h>
