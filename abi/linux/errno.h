/* SPDX-License-Identifier: MIT */
/* Error numbers, as user programs know them. */
#pragma once
#include <asm/errno.h>
