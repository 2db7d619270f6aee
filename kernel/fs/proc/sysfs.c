/* SPDX-License-Identifier: MIT */
/*
 * sysfs: the few files under /sys that C libraries and runtimes read (processors, huge pages), as
 * another tree of the same kind as /proc.
 */
#include "kernel/fs/proc/proc_fs.h"
#include "kernel/proc/limit.h"

static int show_cpus(const struct proc_at *at, struct strbuf *dst)
{
    u32 cpus = affinity_cpus();

    (void)at;
    strbuf_printf(dst, cpus > 1 ? "0-%u\n" : "0\n", cpus - 1);
    return 0;
}

static int show_kernel_max(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_printf(dst, "%u\n", AFFINITY_WORDS * 64 - 1);
    return 0;
}

static int show_zero(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "0\n");
    return 0;
}

static int show_hugepages(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "always madvise [never]\n");
    return 0;
}

static const struct proc_node topology_entries[] = {
    PROC_TEXT("core_siblings_list", show_cpus),
    PROC_TEXT("physical_package_id", show_zero),
    PROC_TEXT("thread_siblings_list", show_zero),
    { 0 },
};

static const struct proc_node one_cpu_entries[] = {
    PROC_DIR("topology", 0555, topology_entries),
    { 0 },
};

static const struct proc_node cpu_entries[] = {
    PROC_DIR("cpu0", 0555, one_cpu_entries),
    PROC_DIR("cpu1", 0555, one_cpu_entries),
    PROC_TEXT("kernel_max", show_kernel_max),
    PROC_TEXT("online", show_cpus),
    PROC_TEXT("possible", show_cpus),
    PROC_TEXT("present", show_cpus),
    { 0 },
};

static const struct proc_node node_entries[] = { PROC_TEXT("online", show_zero), { 0 } };

static const struct proc_node system_entries[] = {
    PROC_DIR("cpu", 0555, cpu_entries),
    PROC_DIR("node", 0555, node_entries),
    { 0 },
};

static const struct proc_node devices_entries[] = {
    PROC_DIR("system", 0555, system_entries),
    { 0 },
};

static const struct proc_node hugepage_entries[] = {
    PROC_TEXT("enabled", show_hugepages),
    { 0 },
};

static const struct proc_node kernel_mm_entries[] = {
    PROC_DIR("transparent_hugepage", 0555, hugepage_entries),
    { 0 },
};

static const struct proc_node kernel_entries[] = {
    PROC_DIR("mm", 0555, kernel_mm_entries),
    { 0 },
};

static const struct proc_node root_entries[] = {
    PROC_DIR("devices", 0555, devices_entries),
    PROC_DIR("kernel", 0555, kernel_entries),
    { 0 },
};

static const struct proc_node root = PROC_DIR("/", 0555, root_entries);

static int sysfs_mount(const struct mount_args *args, struct fs **ret)
{
    (void)args;
    return proc_tree_mount(&sysfs_fs, &root, ret);
}

const struct fs_type sysfs_fs = {
    .name = "sysfs",
    .nodev = true,
    .mount = sysfs_mount,
    .statfs = proc_tree_statfs,
    .unmount = proc_tree_unmount,
};
