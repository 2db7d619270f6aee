/* SPDX-License-Identifier: MIT */
/*
 * Archives that nobody made with cpio.
 *
 * With an odd first byte the rest is the archive, in a block of exactly its size.  Otherwise it is a
 * list of records, so that names, links and duplicates are tried without having to guess digits:
 * each byte picks a field from a few.  What is mounted must be a sound tree.
 */
#include "abi/linux/stat.h"
#include "kernel/vfs/boot.h"
#include "kernel/vfs/vnode.h"
#include "targets/sim/machine.h"
#include "tests/fuzz/check_tree.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void try_archive(const u8 *bytes, size_t size)
{
    struct mount_args args = { .source = "x", .data = bytes, .data_len = size };

    machine_start_fs();
    CHECK_EQ(vfs_mkdir_p("/m", 0755), 0);
    if (!vfs_mount_at("/m", fs_type_find("ramfs"), &args))
        fuzz_check_tree("/m");
    machine_stop_fs();
}

static const char *const names[] = {
    ".",          "a",
    "b",          "a/b",
    "a/b/c",      "./a/d",
    "b/../c",     "/e",
    "a//f",       "..",
    "a/",         "long/name/of/a/dir",
    "",           "a/b/c/d/e/f/g",
    "TRAILER!!!", "\xff\xfe",
};
static const u32 modes[] = { S_IFREG | 0644,
                             S_IFDIR | 0755,
                             S_IFLNK | 0777,
                             S_IFCHR | 0666,
                             S_IFIFO | 0600,
                             S_IFREG | 07777,
                             0,
                             S_IFSOCK };

static size_t append_record(u8 *at, const u8 op[4])
{
    const char *name = names[op[0] % 16];
    size_t name_size = strlen(name) + 1, size = op[2] % 40;
    size_t data = (110 + name_size + 3) & ~(size_t)3;

    snprintf((char *)at, 111, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
             op[3] % 4, modes[op[1] % 8], 0, 0, 1 + op[3] / 4 % 3, 0, size, 0, 0, 1, 3, name_size,
             0);
    memcpy(at + 110, name, name_size);
    memset(at + data, 'x', size);
    return (data + size + 3) & ~(size_t)3;
}

static void try_records(const u8 *ops, size_t count)
{
    u8 *archive = calloc(count + 1, 256);
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        len += append_record(archive + len, ops + i * 4);
    len += append_record(archive + len, (const u8[]){ 14, 0, 0, 0 });
    try_archive(archive, len);
    free(archive);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    u8 *exact;

    if (!size)
        return 0;
    if (!(data[0] & 1)) {
        try_records(data + 1, (size - 1) / 4);
        return 0;
    }
    exact = malloc(size - 1 ? size - 1 : 1);
    memcpy(exact, data + 1, size - 1);
    try_archive(exact, size - 1);
    free(exact);
    return 0;
}
