/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys: numbers that programs ask for.  Nothing here can be changed but the host name, because
 * nothing behind the others could follow a change.
 */
#include "abi/linux/errno.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/fs/proc/proc_fs.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/uts.h"
#include "kernel/vfs/fdtable.h"

enum { UUID_BYTES = 16 };

/* A file whose text never changes. */
#define FIXED(function, text)                                                                      \
    static int function(const struct proc_at *at, struct strbuf *dst)                              \
    {                                                                                              \
        (void)at;                                                                                  \
        strbuf_puts(dst, text "\n");                                                               \
        return 0;                                                                                  \
    }

FIXED(show_osrelease, "5.4.0")
FIXED(show_ostype, "Linux")
FIXED(show_version, "#1 Mystikos 1.0.0")
FIXED(show_ngroups_max, "65536")
FIXED(show_cap_last_cap, "40")
FIXED(show_randomize, "2")
FIXED(show_core_pattern, "core")
FIXED(show_overcommit, "2")
FIXED(show_max_map_count, "65530")
FIXED(show_mmap_min_addr, "65536")
FIXED(show_somaxconn, "4096")
FIXED(show_mem_max, "212992")
FIXED(show_file_max, "9223372036854775807")
FIXED(show_pipe_max_size, "1048576")
FIXED(show_inotify_instances, "128")
FIXED(show_inotify_watches, "65536")
FIXED(show_inotify_events, "16384")
FIXED(show_port_range, "32768\t60999")
FIXED(show_sem, "32000\t1024000000\t500\t32000")
FIXED(show_shmmax, "18446744073692774399")
FIXED(show_shmmni, "4096")
FIXED(show_poolsize, "256")

static int show_pid_max(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_printf(dst, "%d\n", PID_MAX);
    return 0;
}

static int show_nr_open(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_printf(dst, "%d\n", FD_LIMIT_HARD);
    return 0;
}

static int show_hostname(const struct proc_at *at, struct strbuf *dst)
{
    char name[UTS_NAME_MAX + 1];

    (void)at;
    uts_nodename(name);
    strbuf_printf(dst, "%s\n", name);
    return 0;
}

static int store_hostname(const struct proc_at *at, const char *text, size_t len)
{
    (void)at;
    while (len && text[len - 1] == '\n')
        len--;
    return uts_set_nodename(text, min_size(len, UTS_NAME_MAX));
}

/* A random UUID, version 4 (RFC 9562). */
static int uuid_print(const u8 random[UUID_BYTES], struct strbuf *dst)
{
    for (u32 i = 0; i < UUID_BYTES; i++) {
        u8 b = random[i];

        if (i == 6)
            b = (b & 0x0f) | 0x40;
        if (i == 8)
            b = (b & 0x3f) | 0x80;
        strbuf_printf(dst, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b);
    }
    strbuf_putc(dst, '\n');
    return 0;
}

static int show_uuid(const struct proc_at *at, struct strbuf *dst)
{
    u8 random[UUID_BYTES];
    int err = host_random(random, sizeof(random));

    (void)at;
    return err ? err : uuid_print(random, dst);
}

static int show_boot_id(const struct proc_at *at, struct strbuf *dst)
{
    static u8 random[UUID_BYTES];
    static struct mutex lock;
    static bool made;
    int err = 0;

    (void)at;
    WITH_MUTEX(&lock);
    if (!made)
        err = host_random(random, sizeof(random));
    made = !err;
    return err ? err : uuid_print(random, dst);
}

static const struct proc_node random_entries[] = {
    PROC_TEXT("boot_id", show_boot_id),
    PROC_TEXT("poolsize", show_poolsize),
    PROC_TEXT("uuid", show_uuid),
    { 0 },
};

static const struct proc_node kernel_entries[] = {
    PROC_TEXT("cap_last_cap", show_cap_last_cap),
    PROC_TEXT("core_pattern", show_core_pattern),
    { .name = "hostname", .mode = S_IFREG | 0644, .show = show_hostname, .store = store_hostname },
    PROC_TEXT("ngroups_max", show_ngroups_max),
    PROC_TEXT("osrelease", show_osrelease),
    PROC_TEXT("ostype", show_ostype),
    PROC_TEXT("pid_max", show_pid_max),
    PROC_DIR("random", 0555, random_entries),
    PROC_TEXT("randomize_va_space", show_randomize),
    PROC_TEXT("sem", show_sem),
    PROC_TEXT("shmmax", show_shmmax),
    PROC_TEXT("shmmni", show_shmmni),
    PROC_TEXT("version", show_version),
    { 0 },
};

static const struct proc_node vm_entries[] = {
    PROC_TEXT("max_map_count", show_max_map_count),
    PROC_TEXT("mmap_min_addr", show_mmap_min_addr),
    PROC_TEXT("overcommit_memory", show_overcommit),
    { 0 },
};

static const struct proc_node core_entries[] = {
    PROC_TEXT("rmem_default", show_mem_max), PROC_TEXT("rmem_max", show_mem_max),
    PROC_TEXT("somaxconn", show_somaxconn),  PROC_TEXT("wmem_default", show_mem_max),
    PROC_TEXT("wmem_max", show_mem_max),     { 0 },
};

static const struct proc_node ipv4_entries[] = {
    PROC_TEXT("ip_local_port_range", show_port_range),
    { 0 },
};

static const struct proc_node net_entries[] = {
    PROC_DIR("core", 0555, core_entries),
    PROC_DIR("ipv4", 0555, ipv4_entries),
    { 0 },
};

static const struct proc_node inotify_entries[] = {
    PROC_TEXT("max_queued_events", show_inotify_events),
    PROC_TEXT("max_user_instances", show_inotify_instances),
    PROC_TEXT("max_user_watches", show_inotify_watches),
    { 0 },
};

static const struct proc_node fs_entries[] = {
    PROC_TEXT("file-max", show_file_max),
    PROC_DIR("inotify", 0555, inotify_entries),
    PROC_TEXT("nr_open", show_nr_open),
    PROC_TEXT("pipe-max-size", show_pipe_max_size),
    { 0 },
};

const struct proc_node proc_sys[] = {
    PROC_DIR("fs", 0555, fs_entries),
    PROC_DIR("kernel", 0555, kernel_entries),
    PROC_DIR("net", 0555, net_entries),
    PROC_DIR("vm", 0555, vm_entries),
    { 0 },
};
