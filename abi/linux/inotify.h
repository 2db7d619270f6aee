/* SPDX-License-Identifier: MIT */
/* inotify(7). */
#pragma once
#include <linux/inotify.h>
