/* SPDX-License-Identifier: MIT */
/*
 * /proc/[pid]/net: what there is to say without asking the host, whose sockets and interfaces are
 * not ours to show: the loopback interface, empty tables with their headers, and our own AF_UNIX
 * sockets.
 */
#include "kernel/fs/proc/proc_fs.h"

static int show_dev(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst,
                "Inter-|   Receive                                                |  Transmit\n"
                " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
                "packets errs drop fifo colls carrier compressed\n"
                "    lo:       0       0    0    0    0     0          0         0        0"
                "       0    0    0    0     0       0          0\n");
    return 0;
}

static int show_if_inet6(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "00000000000000000000000000000001 01 80 10 80       lo\n");
    return 0;
}

static int show_route(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst,
                "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\t"
                "IRTT\n");
    return 0;
}

static int show_inet(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst,
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   "
                "uid  timeout inode\n");
    return 0;
}

static int show_unix(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "Num       RefCount Protocol Flags    Type St Inode Path\n");
    if (proc_net_ops.show_unix)
        proc_net_ops.show_unix(dst);
    return 0;
}

struct proc_net_ops proc_net_ops;

const struct proc_node proc_net[] = {
    PROC_TEXT("dev", show_dev),
    PROC_TEXT("if_inet6", show_if_inet6),
    PROC_TEXT("route", show_route),
    PROC_TEXT("tcp", show_inet),
    PROC_TEXT("tcp6", show_inet),
    PROC_TEXT("udp", show_inet),
    PROC_TEXT("udp6", show_inet),
    PROC_TEXT("unix", show_unix),
    { 0 },
};
