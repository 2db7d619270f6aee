/* SPDX-License-Identifier: MIT */
/*
 * strace's decoders: vectors of memory, messages, socket addresses, and what poll, select and
 * epoll wait for.
 */
#include "abi/linux/netlink.h"
#include "abi/linux/poll.h"
#include "abi/linux/socket.h"
#include "abi/linux/uio.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/strace_int.h"

/* ---- vectors of memory ---- */

/* One element of a vector: its bytes as far as the call moved them (left), else its address. */
enum iov_content { IOV_BYTES, IOV_ADDRESS };

static void show_iov_list(struct show *s, long v, u64 count, enum iov_content content, u64 left)
{
    u64 seg[2];

    if (!v) {
        show_addr(s, v);
        return;
    }
    strbuf_putc(s->out, '[');
    for (u64 i = 0; i < count && i < SHOW_ITEMS; i++) {
        u64 len;

        if (i)
            strbuf_puts(s->out, ", ");
        if (!show_fetch(s, seg, (long)((u64)v + i * sizeof(seg)), sizeof(seg)))
            break;
        len = min_u64(seg[1], left);
        left -= len;
        strbuf_puts(s->out, "{iov_base=");
        if (content == IOV_BYTES && (len || !seg[1]))
            show_bytes(s, seg[0], len, SHOW_BYTES);
        else
            show_addr(s, (long)seg[0]);
        strbuf_printf(s->out, ", iov_len=%lu}", seg[1]);
    }
    strbuf_puts(s->out, count > SHOW_ITEMS ? ", ...]" : "]");
}

void show_iov_in(struct show *s, long v)
{
    show_iov_list(s, v, (u64)s->a[s->i + 1], IOV_BYTES, UINT64_MAX);
}

void show_iov_out(struct show *s, long v)
{
    show_iov_list(s, v, (u64)s->a[s->i + 1], IOV_BYTES, (u64)s->ret);
}

void show_iov_addr(struct show *s, long v)
{
    show_iov_list(s, v, (u64)s->a[s->i + 1], IOV_ADDRESS, 0);
}

/* ---- socket addresses ---- */

static void show_inet6_addr(struct show *s, const u8 *addr)
{
    int best = -1, best_len = 1;

    /* The longest run of zero groups, of two at least, is left out. */
    for (int i = 0; i < 8; i++) {
        int len = 0;

        while (i + len < 8 && !addr[2 * (i + len)] && !addr[2 * (i + len) + 1])
            len++;
        if (len > best_len) {
            best = i;
            best_len = len;
        }
    }
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            strbuf_puts(s->out, i + best_len == 8 || !i ? "::" : ":");
            if (i && i + best_len < 8)
                strbuf_putc(s->out, ':');
            i += best_len - 1;
            continue;
        }
        strbuf_printf(s->out, "%s%x", i && i != best + best_len ? ":" : "",
                      (u32)addr[2 * i] << 8 | addr[2 * i + 1]);
    }
}

static void show_unix_path(struct show *s, const char *path, size_t len)
{
    const char *end = memchr(path, '\0', len);

    strbuf_puts(s->out, "sun_path=");
    if (len && !path[0]) {                       /* abstract: every byte counts             */
        strbuf_putc(s->out, '@');
        path++;
        len--;
    } else if (end) {
        len = (size_t)(end - path);
    }
    strbuf_putc(s->out, '"');
    show_quoted(s, path, len, false);
    strbuf_putc(s->out, '"');
}

static void show_sockaddr_fields(struct show *s, const struct __kernel_sockaddr_storage *storage,
                                 size_t len)
{
    const struct sockaddr_in *in = (const void *)storage;
    const struct sockaddr_in6 *in6 = (const void *)storage;
    const struct sockaddr_un *un = (const void *)storage;
    const struct sockaddr_nl *nl = (const void *)storage;
    const u8 *v4 = (const u8 *)&in->sin_addr;

    if (storage->ss_family == AF_INET && len >= sizeof(*in)) {
        strbuf_printf(s->out, "sin_port=htons(%u), sin_addr=inet_addr(\"%u.%u.%u.%u\")",
                      __builtin_bswap16(in->sin_port), v4[0], v4[1], v4[2], v4[3]);
    } else if (storage->ss_family == AF_INET6 && len >= sizeof(*in6)) {
        strbuf_printf(s->out,
                      "sin6_port=htons(%u), sin6_flowinfo=htonl(%u), "
                      "inet_pton(AF_INET6, \"",
                      __builtin_bswap16(in6->sin6_port), __builtin_bswap32(in6->sin6_flowinfo));
        show_inet6_addr(s, in6->sin6_addr.s6_addr);
        strbuf_printf(s->out, "\", &sin6_addr), sin6_scope_id=%u", in6->sin6_scope_id);
    } else if (storage->ss_family == AF_UNIX) {
        show_unix_path(s, un->sun_path, len - offsetof(struct sockaddr_un, sun_path));
    } else if (storage->ss_family == AF_NETLINK && len >= sizeof(*nl)) {
        strbuf_printf(s->out, "nl_pid=%u, nl_groups=%#x", nl->nl_pid, nl->nl_groups);
    } else {
        strbuf_puts(s->out, "sa_data=\"");
        show_quoted(s, (const char *)storage + 2, min_size(len - 2, SHOW_BYTES), false);
        strbuf_putc(s->out, '"');
    }
}

static void show_sockaddr(struct show *s, u64 addr, u64 len)
{
    struct __kernel_sockaddr_storage storage;
    size_t have = min_size(len, sizeof(storage));

    if (have < sizeof(storage.ss_family) || !addr || copy_in(&storage, UPTR(addr), have)) {
        show_addr(s, (long)addr);
        return;
    }
    strbuf_puts(s->out, "{sa_family=");
    show_flag_set(s, KIND_AF, storage.ss_family);
    if (have > sizeof(storage.ss_family)) {
        strbuf_puts(s->out, ", ");
        show_sockaddr_fields(s, &storage, have);
    }
    strbuf_putc(s->out, '}');
}

void show_sockaddr_in(struct show *s, long v)
{
    show_sockaddr(s, (u64)v, (u32)s->a[s->i + 1]);
}

/* The length is where the argument behind points. */
void show_sockaddr_out(struct show *s, long v)
{
    u32 len;

    if (!v || copy_in(&len, UPTR(s->a[s->i + 1]), sizeof(len)))
        show_addr(s, v);
    else
        show_sockaddr(s, (u64)v, len);
}

/* ---- messages ---- */

/* moved: how many bytes of the vector the call has read or will write. */
static void show_msghdr_value(struct show *s, const struct user_msghdr *msg, u64 moved)
{
    strbuf_puts(s->out, "{msg_name=");
    show_sockaddr(s, msg->msg_name, msg->msg_namelen);
    strbuf_printf(s->out, ", msg_namelen=%u, msg_iov=", msg->msg_namelen);
    show_iov_list(s, (long)msg->msg_iov, msg->msg_iovlen, IOV_BYTES, moved);
    strbuf_printf(s->out, ", msg_iovlen=%lu, msg_controllen=%lu, msg_flags=",
                  (unsigned long)msg->msg_iovlen, (unsigned long)msg->msg_controllen);
    show_flag_set(s, KIND_MSG, msg->msg_flags);
    strbuf_putc(s->out, '}');
}

void show_msghdr_in(struct show *s, long v)
{
    struct user_msghdr msg;

    if (show_fetch(s, &msg, v, sizeof(msg)))
        show_msghdr_value(s, &msg, UINT64_MAX);
}

void show_msghdr_out(struct show *s, long v)
{
    struct user_msghdr msg;

    if (show_fetch(s, &msg, v, sizeof(msg)))
        show_msghdr_value(s, &msg, (u64)s->ret);
}

/* sendmmsg and recvmmsg: count of them, of which each has its own length when it is done. */
static void show_mmsghdr_list(struct show *s, long v, u64 count)
{
    struct user_mmsghdr m;

    if (!v) {
        show_addr(s, v);
        return;
    }
    strbuf_putc(s->out, '[');
    for (u64 i = 0; i < count && i < SHOW_ITEMS; i++) {
        if (i)
            strbuf_puts(s->out, ", ");
        if (!show_fetch(s, &m, (long)((u64)v + i * sizeof(m)), sizeof(m)))
            break;
        strbuf_puts(s->out, "{msg_hdr=");
        show_msghdr_value(s, &m.msg_hdr, s->done ? m.msg_len : UINT64_MAX);
        if (s->done)
            strbuf_printf(s->out, ", msg_len=%u", m.msg_len);
        strbuf_putc(s->out, '}');
    }
    strbuf_puts(s->out, count > SHOW_ITEMS ? ", ...]" : "]");
}

void show_mmsghdr_in(struct show *s, long v)
{
    show_mmsghdr_list(s, v, (u32)s->a[s->i + 1]);
}

void show_mmsghdr_out(struct show *s, long v)
{
    show_mmsghdr_list(s, v, (u64)s->ret);
}

/* ---- readiness ---- */

/* What is asked for, or of those that are ready what came back. */
static void show_poll_list(struct show *s, long v, u64 count)
{
    const char *sep = "";
    struct pollfd p;
    u32 shown = 0;

    strbuf_putc(s->out, '[');
    for (u64 i = 0; i < count && shown < SHOW_ITEMS; i++) {
        if (copy_in(&p, UPTR((u64)v + i * sizeof(p)), sizeof(p)))
            break;
        if (s->done && !p.revents)
            continue;
        strbuf_printf(s->out, "%s{fd=%d, %s=", sep, p.fd, s->done ? "revents" : "events");
        show_flag_set(s, KIND_POLL, (u16)(s->done ? p.revents : p.events));
        strbuf_putc(s->out, '}');
        sep = ", ";
        shown++;
    }
    strbuf_puts(s->out, shown == SHOW_ITEMS ? ", ...]" : "]");
}

void show_pollfds(struct show *s, long v)
{
    if (v)
        show_poll_list(s, v, (u32)s->a[s->i + 1]);
    else
        show_addr(s, v);
}

void show_poll_result(struct show *s)
{
    if (!s->ret) {
        strbuf_puts(s->out, " (Timeout)");
        return;
    }
    strbuf_puts(s->out, " (");
    show_poll_list(s, s->a[0], (u32)s->a[1]);
    strbuf_putc(s->out, ')');
}

void show_fd_set(struct show *s, long v)
{
    u64 count = min_u64((u32)s->a[0], 1024), word = 0;
    const char *sep = "";

    if (!v) {
        show_addr(s, v);
        return;
    }
    strbuf_putc(s->out, '[');
    for (u64 fd = 0; fd < count; fd++) {
        if (fd % 64 == 0 && copy_in(&word, UPTR((u64)v + fd / 8), sizeof(word)))
            break;
        if (word >> fd % 64 & 1) {
            strbuf_printf(s->out, "%s%lu", sep, fd);
            sep = " ";
        }
    }
    strbuf_putc(s->out, ']');
}

/* (in [3], out [4 5]) */
void show_select_result(struct show *s)
{
    static const char *const word[] = { "in ", "out ", "except " };
    const char *sep = " (";

    if (!s->ret) {
        strbuf_puts(s->out, " (Timeout)");
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(word); i++) {
        if (!s->a[1 + i])
            continue;
        strbuf_printf(s->out, "%s%s", sep, word[i]);
        show_fd_set(s, s->a[1 + i]);
        sep = ", ";
    }
    strbuf_puts(s->out, *sep == ',' ? ")" : "");
}

void show_epoll_event(struct show *s, long v)
{
    struct epoll_event ev;

    if (!show_fetch(s, &ev, v, sizeof(ev)))
        return;
    strbuf_puts(s->out, "{events=");
    show_flag_set(s, KIND_EPOLL_BITS, ev.events);
    strbuf_printf(s->out, ", data=%#lx}", (unsigned long)ev.data);
}

/* As many as the result says. */
void show_epoll_events(struct show *s, long v)
{
    strbuf_putc(s->out, '[');
    for (long i = 0; i < s->ret && i < SHOW_ITEMS; i++) {
        strbuf_puts(s->out, i ? ", " : "");
        show_epoll_event(s, (long)((u64)v + (u64)i * sizeof(struct epoll_event)));
    }
    strbuf_puts(s->out, s->ret > SHOW_ITEMS ? ", ...]" : "]");
}
