/* SPDX-License-Identifier: MIT */
/* ioctl(2) numbers and terminals. */
#pragma once
#include <asm/ioctls.h>
#include <asm/termios.h>
#include <linux/sockios.h>
