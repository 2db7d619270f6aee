/* SPDX-License-Identifier: MIT */
/* Which user memory a thread may touch: fills in user_ops (kernel/core/user.h). */
#pragma once

void user_check_init(void);
