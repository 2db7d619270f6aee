/* SPDX-License-Identifier: MIT */
/* memfd_create(2) */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/mman.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/memfd.h"

/* There are no huge pages: MFD_HUGETLB is refused as where none are configured. */
long sys_memfd_create(struct thread *self, uptr memname, u32 flags)
{
    AUTO(file_putp) struct file *f = NULL;
    char name[MEMFD_NAME_MAX + 1];
    ssize_t len;
    int err;

    if (flags_unknown(KIND_MFD, flags & ~MFD_HUGETLB))
        return -EINVAL;
    len = copy_in_str(name, memname, sizeof(name));
    if (len < 0)
        return len == -ENAMETOOLONG ? -EINVAL : len;
    if (flags & MFD_HUGETLB)
        return -ENODEV;
    err = memfd_new(name, flags & MFD_ALLOW_SEALING ? MEMFD_SEALABLE : MEMFD_SEALED, &f);
    return err ? err : fd_install(self->fds, f, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}
