/* SPDX-License-Identifier: MIT */
/*
 * Where things are in the reserved range: the same picture as an enclave's, so that programs meet
 * the same addresses on every target.
 *
 *     low       programs linked at fixed addresses (0x200000, 0x400000, ...)
 *     image     the kernel
 *     slots     thread blocks and kernel stacks
 *     crt       the C runtime's bytes           modules: read-only, from files
 *     rootfs    the archive
 *     heap      kernel memory
 *     arena     all other user memory, up to LINUX_BOUNDARY
 *
 * All of it is reserved without memory behind it; only the kernel commits.
 */
#pragma once
#include "targets/linux/inner/inner.h"

#define LAYOUT_LOW_LO   0x0000000000010000ull    /* above every sane mmap_min_addr          */
#define LAYOUT_LOW_HI   0x0000000080000000ull
#define LAYOUT_IMAGE    0x0000000080000000ull
#define LAYOUT_SLOTS    0x0000000090000000ull
#define LAYOUT_CRT      0x00000000f0000000ull
#define LAYOUT_ROOTFS   0x0000000100000000ull    /* up to 60 GiB                            */
#define LAYOUT_HEAP     0x0000001000000000ull
#define LAYOUT_ARENA_LO 0x0000004000000000ull
#define LAYOUT_ARENA_HI LINUX_BOUNDARY

enum { LAYOUT_SLOT_COUNT = 4096 };
