/* SPDX-License-Identifier: MIT */
/* Identities on hostfs: the maps of --host-to-enc-uid-map and --host-to-enc-gid-map. */
#include "abi/linux/errno.h"
#include "kernel/fs/host/host_fs.h"
#include "kernel/fs/host/hostfs.h"
#include "kernel/host/host.h"

struct map {
    const struct boot_id *row;
    u32 count;
};

static struct map uids, gids;                    /* [const] after start                     */

void hostfs_set_ids(const struct boot_id *uid_map, u32 uid_count, const struct boot_id *gid_map,
                    u32 gid_count)
{
    uids = (struct map){ uid_map, uid_count };
    gids = (struct map){ gid_map, gid_count };
}

static u32 inside(const struct map *m, u32 host)
{
    for (u32 i = 0; i < m->count; i++)
        if (m->row[i].host == host)
            return m->row[i].inside;
    return ID_UNKNOWN;
}

static int on_host(const struct map *m, u32 id, u32 *ret)
{
    for (u32 i = 0; i < m->count; i++) {
        if (m->row[i].inside == id) {
            *ret = m->row[i].host;
            return 0;
        }
    }
    return -EOVERFLOW;                           /* as in a user namespace that lacks it    */
}

u32 uid_inside(u32 host)
{
    return inside(&uids, host);
}

u32 gid_inside(u32 host)
{
    return inside(&gids, host);
}

int uid_on_host(u32 id, u32 *ret)
{
    return on_host(&uids, id, ret);
}

int gid_on_host(u32 id, u32 *ret)
{
    return on_host(&gids, id, ret);
}
