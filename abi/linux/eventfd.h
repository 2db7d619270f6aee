/* SPDX-License-Identifier: MIT */
/* eventfd2(2) flags, which no UAPI header of this version has. */
#pragma once

enum { EFD_SEMAPHORE = 1, EFD_NONBLOCK = 04000, EFD_CLOEXEC = 02000000 };
