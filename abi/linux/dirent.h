/* SPDX-License-Identifier: MIT */
/* getdents64(2): its record, which no UAPI header has. */
#pragma once
#include <linux/types.h>

struct linux_dirent64 {
    __u64 d_ino;
    __s64 d_off;
    __u16 d_reclen;
    __u8 d_type;
    char d_name[];
};

enum {
    DT_UNKNOWN = 0,
    DT_FIFO = 1,
    DT_CHR = 2,
    DT_DIR = 4,
    DT_BLK = 6,
    DT_REG = 8,
    DT_LNK = 10,
    DT_SOCK = 12,
};
