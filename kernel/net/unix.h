/* SPDX-License-Identifier: MIT */
/* AF_UNIX sockets, for those who show them. */
#pragma once

struct strbuf;

/* The lines of /proc/net/unix, one for each socket. */
void unix_show(struct strbuf *dst);
