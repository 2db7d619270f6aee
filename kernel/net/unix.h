/* SPDX-License-Identifier: MIT */
/* AF_UNIX sockets, for those who show them. */
#pragma once

struct strbuf;

/* The text of /proc/net/unix. */
void unix_show(struct strbuf *dst);
