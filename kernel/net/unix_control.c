/* SPDX-License-Identifier: MIT */
/* What goes with messages of AF_UNIX sockets: credentials, open files, time stamps (unix(7)). */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/lib/string.h"
#include "kernel/net/unix_int.h"
#include "kernel/proc/process.h"
#include "kernel/vfs/path.h"

enum { ID_NOBODY = 65534 };                      /* an id that was not said                 */

/* ---- sending ---- */

/* Who is privileged may say that it is somebody else. */
static int ids_check(const struct ucred *said)
{
    const struct cred *c = vfs_cred();
    struct process *p;

    if (said->pid != file_signal_ops.pid_self()) {
        if (!cred_has_cap(c, CAP_SYS_ADMIN))
            return -EPERM;
        p = process_find(said->pid);
        if (!p)
            return -ESRCH;
        process_put(p);
    }
    if (said->uid != c->uid && said->uid != c->euid && said->uid != c->suid &&
        !cred_has_cap(c, CAP_SETUID))
        return -EPERM;
    if (said->gid != c->gid && said->gid != c->egid && said->gid != c->sgid &&
        !cred_has_cap(c, CAP_SETGID))
        return -EPERM;
    return 0;
}

static int parse_credentials(struct message *m, const struct control_item *item)
{
    struct ucred said;
    int err;

    if (item->len != sizeof(said))
        return -EINVAL;
    memcpy(&said, item->data, sizeof(said));
    err = ids_check(&said);
    if (!err)
        m->ids = (struct socket_ids){ said.pid, said.uid, said.gid };
    return err;
}

static int parse_item(struct message *m, const struct control_item *item)
{
    if (item->level != SOL_SOCKET)
        return 0;                                /* as Linux: not for us                    */
    switch (item->type) {
    case SCM_RIGHTS:
        return rights_add(&m->rights, item->data, (u32)(item->len / sizeof(int)));
    case SCM_CREDENTIALS:
        return parse_credentials(m, item);
    default:
        return -EINVAL;
    }
}

static int parse_all(struct message *m)
{
    struct control_item item;
    size_t pos = 0;
    int more, err = 0;

    while ((more = control_next(m, &pos, &item)) > 0 && !err)
        err = parse_item(m, &item);
    if (!err && more >= 0 && m->rights)
        err = rights_launch(m->rights);
    return err ? err : more < 0 ? more : 0;
}

int unix_control_parse(struct unix_sock *u, struct unix_sock *dest, struct message *m)
{
    const struct cred *c = vfs_cred();
    int err;

    if (!m->parsed && m->control_len) {
        err = parse_all(m);
        if (err)
            return err;
        m->parsed = true;
    }
    if (!m->ids.pid && (local_option_is_on(&u->options, SO_PASSCRED) || !dest->file ||
                        local_option_is_on(&dest->options, SO_PASSCRED)))
        m->ids = (struct socket_ids){ file_signal_ops.pid_self(), c->uid, c->gid };
    return 0;
}

/* ---- receiving ---- */

static void put_credentials(struct message *m, const struct socket_ids *ids)
{
    struct ucred c = { .pid = ids->pid, .uid = ids->uid, .gid = ids->gid };

    if (!ids->pid)
        c = (struct ucred){ .uid = ID_NOBODY, .gid = ID_NOBODY };
    control_put(m, SOL_SOCKET, SCM_CREDENTIALS, &c, sizeof(c));
}

static void put_timestamp(struct unix_sock *u, struct message *m)
{
    u64 now = clock_realtime_ns();
    struct __kernel_timespec ns = { (s64)(now / NSEC_PER_SEC), (s64)(now % NSEC_PER_SEC) };
    struct __kernel_old_timeval us = { (long)ns.tv_sec, (long)(ns.tv_nsec / NSEC_PER_USEC) };

    if (local_option_is_on(&u->options, SO_TIMESTAMP_OLD))
        control_put(m, SOL_SOCKET, SO_TIMESTAMP_OLD, &us, sizeof(us));
    else if (local_option_is_on(&u->options, SO_TIMESTAMP_NEW))
        control_put(m, SOL_SOCKET, SO_TIMESTAMP_NEW, &us, sizeof(us));
    else if (local_option_is_on(&u->options, SO_TIMESTAMPNS_OLD))
        control_put(m, SOL_SOCKET, SO_TIMESTAMPNS_OLD, &ns, sizeof(ns));
    else if (local_option_is_on(&u->options, SO_TIMESTAMPNS_NEW))
        control_put(m, SOL_SOCKET, SO_TIMESTAMPNS_NEW, &ns, sizeof(ns));
}

/* Bits of options that make every message bring control data. */
static bool wants_control(const struct unix_sock *u)
{
    const u64 low = 1ull << SO_PASSCRED | 1ull << SO_TIMESTAMP_OLD | 1ull << SO_TIMESTAMPNS_OLD |
                    1ull << SO_TIMESTAMP_NEW;

    return u->options.on[0] & low || local_option_is_on(&u->options, SO_TIMESTAMPNS_NEW);
}

void unix_control_put(struct unix_sock *u, struct message *m, const struct socket_ids *ids,
                      struct rights *rights)
{
    if (unlikely(wants_control(u)) && !m->started) {
        if (!unix_is_stream(u))
            put_timestamp(u, m);
        if (local_option_is_on(&u->options, SO_PASSCRED))
            put_credentials(m, ids);
    }
    if (!m->started)
        m->ids = *ids;
    m->started = true;
    if (unlikely(rights))
        rights_deliver(m, rights);
}
