/* SPDX-License-Identifier: MIT */
/* Devices without state: null(4), zero, full(4), random(4). */
#pragma once
#include "kernel/lib/types.h"

struct file;

int null_open(struct file *f, u32 minor);
int zero_open(struct file *f, u32 minor);
int full_open(struct file *f, u32 minor);
int random_open(struct file *f, u32 minor);
