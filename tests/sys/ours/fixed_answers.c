/* SPDX-License-Identifier: MIT */
/* covers: uselib _sysctl create_module get_kernel_syms query_module nfsservctl getpmsg putpmsg */
/* covers: afs_syscall tuxcall security set_thread_area get_thread_area io_setup io_destroy */
/* covers: io_getevents io_submit io_cancel lookup_dcookie epoll_ctl_old epoll_wait_old vserver */
/* covers: add_key request_key keyctl perf_event_open fanotify_init fanotify_mark */
/* covers: name_to_handle_at open_by_handle_at kcmp seccomp bpf userfaultfd pkey_alloc pkey_free */
/* covers: pkey_mprotect io_pgetevents io_uring_setup io_uring_enter io_uring_register rseq */
/* covers: landlock_create_ruleset landlock_add_rule landlock_restrict_self futex_waitv */
/* covers: open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr quotactl_fd */
/* covers: memfd_secret process_mrelease set_mempolicy_home_node cachestat map_shadow_stack */
/* covers: futex_wake futex_wait futex_requeue statmount listmount lsm_get_self_attr */
/* covers: lsm_set_self_attr lsm_list_modules mseal */
/*
 * Calls that libraries probe for and that we answer with one errno, always.
 */
#include "tests/sys/sys.h"

static const struct {
    short nr, error;
} answers[] = {
    { 134, ENOSYS },                             /* uselib                                  */
    { 156, ENOSYS },                             /* _sysctl                                 */
    { 174, ENOSYS },                             /* create_module                           */
    { 177, ENOSYS },                             /* get_kernel_syms                         */
    { 178, ENOSYS },                             /* query_module                            */
    { 180, ENOSYS },                             /* nfsservctl                              */
    { 181, ENOSYS },                             /* getpmsg                                 */
    { 182, ENOSYS },                             /* putpmsg                                 */
    { 183, ENOSYS },                             /* afs_syscall                             */
    { 184, ENOSYS },                             /* tuxcall                                 */
    { 185, ENOSYS },                             /* security                                */
    { 205, ENOSYS },                             /* set_thread_area                         */
    { 206, ENOSYS },                             /* io_setup                                */
    { 207, ENOSYS },                             /* io_destroy                              */
    { 208, ENOSYS },                             /* io_getevents                            */
    { 209, ENOSYS },                             /* io_submit                               */
    { 210, ENOSYS },                             /* io_cancel                               */
    { 211, ENOSYS },                             /* get_thread_area                         */
    { 212, ENOSYS },                             /* lookup_dcookie                          */
    { 214, ENOSYS },                             /* epoll_ctl_old                           */
    { 215, ENOSYS },                             /* epoll_wait_old                          */
    { 236, ENOSYS },                             /* vserver                                 */
    { 248, ENOSYS },                             /* add_key                                 */
    { 249, ENOSYS },                             /* request_key                             */
    { 250, ENOSYS },                             /* keyctl                                  */
    { 298, ENOSYS },                             /* perf_event_open                         */
    { 300, ENOSYS },                             /* fanotify_init                           */
    { 301, ENOSYS },                             /* fanotify_mark                           */
    { 303, EOPNOTSUPP },                         /* name_to_handle_at                       */
    { 304, EOPNOTSUPP },                         /* open_by_handle_at                       */
    { 312, ENOSYS },                             /* kcmp                                    */
    { 317, EINVAL },                             /* seccomp                                 */
    { 321, EPERM },                              /* bpf                                     */
    { 323, ENOSYS },                             /* userfaultfd                             */
    { 330, ENOSPC },                             /* pkey_alloc                              */
    { 331, EINVAL },                             /* pkey_free                               */
    { 333, ENOSYS },                             /* io_pgetevents                           */
    { 334, ENOSYS },                             /* rseq                                    */
    { 425, ENOSYS },                             /* io_uring_setup                          */
    { 426, ENOSYS },                             /* io_uring_enter                          */
    { 427, ENOSYS },                             /* io_uring_register                       */
    { 428, ENOSYS },                             /* open_tree                               */
    { 429, ENOSYS },                             /* move_mount                              */
    { 430, ENOSYS },                             /* fsopen                                  */
    { 431, ENOSYS },                             /* fsconfig                                */
    { 432, ENOSYS },                             /* fsmount                                 */
    { 433, ENOSYS },                             /* fspick                                  */
    { 442, ENOSYS },                             /* mount_setattr                           */
    { 443, ENOSYS },                             /* quotactl_fd                             */
    { 444, ENOSYS },                             /* landlock_create_ruleset                 */
    { 445, ENOSYS },                             /* landlock_add_rule                       */
    { 446, ENOSYS },                             /* landlock_restrict_self                  */
    { 447, ENOSYS },                             /* memfd_secret                            */
    { 448, ENOSYS },                             /* process_mrelease                        */
    { 449, ENOSYS },                             /* futex_waitv                             */
    { 450, ENOSYS },                             /* set_mempolicy_home_node                 */
    { 451, ENOSYS },                             /* cachestat                               */
    { 453, ENOSYS },                             /* map_shadow_stack                        */
    { 454, ENOSYS },                             /* futex_wake                              */
    { 455, ENOSYS },                             /* futex_wait                              */
    { 456, ENOSYS },                             /* futex_requeue                           */
    { 457, ENOSYS },                             /* statmount                               */
    { 458, ENOSYS },                             /* listmount                               */
    { 459, ENOSYS },                             /* lsm_get_self_attr                       */
    { 460, ENOSYS },                             /* lsm_set_self_attr                       */
    { 461, ENOSYS },                             /* lsm_list_modules                        */
    { 462, ENOSYS },                             /* mseal                                   */
};

TEST(answers_do_not_depend_on_arguments)
{
    static char buf[4096];
    const long arguments[] = { 0, 1, -1, (long)buf, 8 };

    for (size_t i = 0; i < COUNT(answers); i++)
        for (size_t k = 0; k < COUNT(arguments); k++) {
            long a = arguments[k];
            long got = raw_syscall(answers[i].nr, a, a, a, a, a, a);
            if (got != -answers[i].error)
                check_failed(__FILE__, __LINE__, "call %d with %ld is %ld, not -%d", answers[i].nr,
                             a, got, answers[i].error);
        }
}

TEST(memory_keys_are_refused)
{
    CHECK_ERR(syscall(SYS_pkey_mprotect, 0, 4096, 0, 3), EINVAL);
}
