/* SPDX-License-Identifier: MIT */
/*
 * hostfs: a directory of the host's, or one file of it, as a file system; the part for others.
 *
 * Nothing about it is protected.  It is contained: the host is only ever asked for one name beneath a
 * directory that it opened for us, never for a path with "..", and never to follow a link; links are
 * read, and walked inside.
 */
#pragma once
#include "kernel/lib/types.h"

struct boot_id;

/* Who is who: identities of the host's and what they are inside.  Once, before the first mount; the
 * arrays stay for ever.  Those that no row names are 65534 inside. */
void hostfs_set_ids(const struct boot_id *uids, u32 uid_count, const struct boot_id *gids,
                    u32 gid_count);
