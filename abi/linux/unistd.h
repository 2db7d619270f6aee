/* SPDX-License-Identifier: MIT */
/* Numbers of the system calls. */
#pragma once
#include <asm/unistd.h>
