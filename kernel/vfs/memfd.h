/* SPDX-License-Identifier: MIT */
/* memfd_create(2): files in memory without a name. */
#pragma once
#include "kernel/lib/types.h"

struct file;

enum { MEMFD_NAME_MAX = 249 };                   /* with "memfd:", a file name              */

/* name is only for /proc.  sealable: fcntl(F_ADD_SEALS) works. */
enum memfd_seals { MEMFD_SEALED, MEMFD_SEALABLE };
int memfd_new(const char *name, enum memfd_seals seals, struct file **ret) MUST_CHECK;
