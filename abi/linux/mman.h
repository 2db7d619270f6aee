/* SPDX-License-Identifier: MIT */
/* mmap(2), madvise(2), mremap(2), memfd_create(2). */
#pragma once
#include <linux/mman.h>
#include <linux/memfd.h>
