/* SPDX-License-Identifier: MIT */
/* Which kinds of file systems there are: list.def. */
#include "kernel/lib/string.h"
#include "kernel/vfs/vnode.h"

#define FS(name) extern const struct fs_type name##_fs;
#include "kernel/fs/list.def"
#undef FS

#define FS(name) &name##_fs,
static const struct fs_type *const types[] = {
#include "kernel/fs/list.def"
};
#undef FS

const struct fs_type *fs_type_at(u32 index)
{
    return index < ARRAY_SIZE(types) ? types[index] : NULL;
}

const struct fs_type *fs_type_find(const char *name)
{
    for (u32 i = 0; i < ARRAY_SIZE(types); i++)
        if (!strcmp(types[i]->name, name))
            return types[i];
    return NULL;
}
