/* SPDX-License-Identifier: MIT */
/* The program of an address space, for /proc/[pid]/exe: set once by exec, dropped with the mm. */
#include "kernel/core/cleanup.h"
#include "kernel/mm/mm_int.h"
#include "kernel/vfs/file.h"

void mm_set_exe(struct mm *mm, struct file *exe)
{
    AUTO(file_putp) struct file *old = NULL;     /* closed after the lock is dropped        */

    WITH_MUTEX(&mm->map_lock);
    old = TAKE(mm->exe);
    mm->exe = exe ? file_get(exe) : NULL;
}

struct file *mm_exe(struct mm *mm)
{
    WITH_MUTEX(&mm->map_lock);
    return mm->exe ? file_get(mm->exe) : NULL;
}
