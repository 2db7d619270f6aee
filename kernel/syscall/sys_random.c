/* SPDX-License-Identifier: MIT */
/* getrandom(2). */
#include "abi/linux/errno.h"
#include "abi/linux/random.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"

/* Requests up to this are never cut short: random(4).  Also how much is drawn at once. */
enum { ATOMIC_SIZE = 256 };

/* getrandom(2): refuses unknown flags.  The source never blocks, so GRND_NONBLOCK and GRND_INSECURE
 * change nothing. */
long sys_getrandom(struct thread *self, uptr buf, size_t len, u32 flags)
{
    u8 chunk[ATOMIC_SIZE];
    size_t done = 0;
    int err = 0;

    (void)self;
    if (flags_unknown(KIND_GRND, flags) ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    len = min_size(len, INT32_MAX);
    while (!err && done < len) {
        size_t n = min_size(len - done, sizeof(chunk));

        if (done && signal_is_pending())
            break;
        err = host_random(chunk, n);
        if (!err)
            err = copy_out(uptr_add(buf, done), chunk, n);
        if (!err)
            done += n;
    }
    secure_zero(chunk, sizeof(chunk));
    return done ? (long)done : err;
}
