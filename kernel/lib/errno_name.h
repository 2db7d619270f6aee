/* SPDX-License-Identifier: MIT */
/* The names of errors, for messages. */
#pragma once
#include "kernel/lib/types.h"

/* "ENOENT"; "No such file or directory".  NULL for what is no error number; err is positive. */
const char *errno_name(int err);
const char *errno_words(int err);
