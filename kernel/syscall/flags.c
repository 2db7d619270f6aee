/* SPDX-License-Identifier: MIT */
/*
 * The rows of flags.def as tables.  Pure data; the numbers are those of Linux's headers.
 */
#include "kernel/syscall/flags.h"

#include "abi/linux/eventfd.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/futex.h"
#include "abi/linux/inotify.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/ipc.h"
#include "abi/linux/membarrier.h"
#include "abi/linux/mman.h"
#include "abi/linux/poll.h"
#include "abi/linux/prctl.h"
#include "abi/linux/random.h"
#include "abi/linux/resource.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/socket.h"
#include "abi/linux/stat.h"
#include "abi/linux/time.h"
#include "abi/linux/wait.h"
#include "abi/linux/xattr.h"

/* One array per row.  A flag's bits are its mask. */
#define ROW(name_, value_, mask_, honoured_, whole_)                                               \
    { .value = (u64)(value_),                                                                      \
      .mask = (u64)(mask_),                                                                        \
      .name = (name_),                                                                             \
      .honoured = (honoured_),                                                                     \
      .whole = (whole_) },
#define F(x)                   ROW(#x, x, x, true, false)
#define N(x)                   ROW(#x, x, x, false, false)
#define M(field, x)            ROW(#x, x, field, true, false)
#define V(x)                   ROW(#x, x, ~0ull, true, true)
#define VN(x)                  ROW(#x, x, ~0ull, false, true)
#define FLAGS(kind, type, ...) static const struct flag kind##_flag[] = { __VA_ARGS__ };
#include "kernel/syscall/flags.def"
#undef FLAGS

#define FLAGS(kind, type, ...)                                                                     \
    [KIND_##kind] = { kind##_flag, ARRAY_SIZE(kind##_flag), sizeof(type) * 8 },
const struct flag_set flag_sets[SYS_KINDS] = {
#include "kernel/syscall/flags.def"
};
#undef FLAGS
#undef F
#undef N
#undef M
#undef V
#undef VN

/* Without the sign of 32-bit constants. */
#define F(x) | (sizeof(x) > sizeof(u32) ? (u64)(x) : (u64)(u32)(x))
#define N(x)
#define M(field, x) | (u64)(u32)(field)
#define V(x)
#define VN(x)
#define FLAGS(kind, type, ...) [KIND_##kind] = 0 __VA_ARGS__,
const u64 flags_honoured[SYS_KINDS] = {
#include "kernel/syscall/flags.def"
};
