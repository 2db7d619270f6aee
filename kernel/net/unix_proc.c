/* SPDX-License-Identifier: MIT */
/*
 * All AF_UNIX sockets, and how /proc/net/unix shows them.
 *
 * Locks: all.lock, taken before a socket's.
 */
#include "abi/linux/socket.h"
#include "kernel/lib/strbuf.h"
#include "kernel/net/unix.h"
#include "kernel/net/unix_int.h"

enum {
    PATH_AT = offsetof(struct sockaddr_un, sun_path),
    FLAG_ACCEPTCON = 1 << 16,                    /* __SO_ACCEPTCON                          */
};

static struct {
    struct mutex lock;
    struct list sockets;                         /* guarded by lock: unix_sock.in_all       */
} all = { .sockets = LIST_INIT(all.sockets) };

void unix_all_add(struct unix_sock *u)
{
    WITH_MUTEX(&all.lock);
    list_append(&all.sockets, &u->in_all);
}

void unix_all_remove(struct unix_sock *u)
{
    WITH_MUTEX(&all.lock);
    list_remove(&u->in_all);
}

/* Abstract names have '@' for each NUL. */
static void show_name(const struct unix_name *n, struct strbuf *dst)
{
    u32 end = n->len;

    strbuf_putc(dst, ' ');
    if (n->bytes[PATH_AT])
        end--;                                   /* the NUL behind a path                   */
    for (u32 i = PATH_AT; i < end; i++)
        strbuf_putc(dst, n->bytes[i] ? (char)n->bytes[i] : '@');
}

static void show_one(struct unix_sock *u, struct strbuf *dst)
{
    const struct unix_name *n = __atomic_load_n(&u->name, __ATOMIC_ACQUIRE);
    bool listening = u->state == UNIX_LISTENING;
    bool connected = u->state == UNIX_CONNECTED && u->s.type != SOCK_DGRAM;

    strbuf_printf(dst, "%016x: %08X %08X %08X %04X %02X %5lu", 0, ref_count(&u->refs), 0,
                  listening ? FLAG_ACCEPTCON : 0, u->s.type,
                  connected ? SS_CONNECTED : SS_UNCONNECTED, (unsigned long)u->s.ino);
    if (n)
        show_name(n, dst);
    strbuf_putc(dst, '\n');
}

void unix_show(struct strbuf *dst)
{
    WITH_MUTEX(&all.lock);
    list_for_each(l, &all.sockets) {
        struct unix_sock *u = list_entry(l, struct unix_sock, in_all);

        if (!u->dead)
            show_one(u, dst);
    }
}
