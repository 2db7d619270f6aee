/* SPDX-License-Identifier: MIT */
/*
 * A stream of the host's as a file: standard input, output and error.
 *
 * The descriptor's O_NONBLOCK belongs to the host's programs too (a terminal is shared with the
 * shell), so it is never changed: readiness is asked first, and no more is written at once than
 * cannot block.
 */
#pragma once
#include "abi/target.h"
#include "kernel/lib/types.h"

struct file;

/* flags: O_RDONLY, O_WRONLY or O_RDWR.  The host descriptor stays open for ever. */
int stream_open(hfd fd, u32 flags, struct file **ret) MUST_CHECK;
