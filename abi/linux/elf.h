/* SPDX-License-Identifier: MIT */
/* ELF files and the auxiliary vector. */
#pragma once
#include <linux/elf.h>
#include <linux/auxvec.h>
