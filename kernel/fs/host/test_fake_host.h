/* SPDX-License-Identifier: MIT */
/*
 * A host in memory, for the tests of hostfs: a tree of files behind host operations, honest until a
 * test says otherwise.
 */
#pragma once
#include "abi/target.h"
#include "kernel/lib/types.h"

enum { FAKE_FILES = 64, FAKE_FDS = 512, FAKE_DATA = 16384, FAKE_ENTRIES = 48, FAKE_DEV = 5 };

struct fake_file {
    u32 mode;                                    /* 0: does not exist                       */
    u32 uid, gid;
    u32 nlink;
    u64 size;
    u64 mtime;
    u8 data[FAKE_DATA];
    struct {
        char name[256];
        u32 ino;
    } entry[FAKE_ENTRIES];                       /* of a directory; ino 0: free             */
};

struct fake_fd {
    u32 ino;                                     /* 0: closed                               */
    u32 flags;
    u64 pos;
};

struct fake_host {
    struct fake_file file[FAKE_FILES + 1];       /* by inode number; 1 is the root          */
    struct fake_fd fd[FAKE_FDS];
    u32 fds;                                     /* open now                                */
    u32 calls;
    u32 umask;
    /* Sees each call with its honest answer, and may change what the kernel gets. */
    s64 (*lie)(struct hostcall *c, s64 answer);
};
extern struct fake_host fake;

/* An empty host with a root directory, in the place of the target; before machine_start_fs(). */
void fake_host_start(void);

/* As the host's user would: the inode, or 0. */
u32 fake_make(const char *path, u32 mode, const char *text);
u32 fake_find(const char *path);
