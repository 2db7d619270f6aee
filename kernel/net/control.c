/* SPDX-License-Identifier: MIT */
/*
 * Control messages (cmsg(3)): a header, data, and padding to eight bytes, one behind the other.
 *
 * They arrive from a program as a block that was copied in; they leave one at a time, straight to
 * the program's buffer.
 */
#include "abi/linux/errno.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/net/socket.h"

enum { CONTROL_ALIGN = 8 };

static size_t control_align(size_t len)
{
    return (len + CONTROL_ALIGN - 1) & ~(size_t)(CONTROL_ALIGN - 1);
}

void control_put(struct message *m, int level, int type, const void *data, size_t len)
{
    struct cmsghdr h = { .cmsg_level = level, .cmsg_type = type };
    size_t fits;

    if (m->control_room < sizeof(h)) {
        m->ret_flags |= MSG_CTRUNC;
        return;
    }
    if (m->control_room < sizeof(h) + len)
        m->ret_flags |= MSG_CTRUNC;
    fits = min_size(len, m->control_room - sizeof(h));
    h.cmsg_len = sizeof(h) + fits;
    /* A buffer that cannot be written to gets nothing: the message itself has arrived. */
    if (copy_out_struct(m->control_out, &h) ||
        copy_out(uptr_add(m->control_out, sizeof(h)), data, fits))
        return;
    control_skip(m, sizeof(h) + len);
}

void control_skip(struct message *m, size_t len)
{
    size_t step = min_size(control_align(len), m->control_room);

    m->control_out = uptr_add(m->control_out, step);
    m->control_room -= step;
}

int control_next(const struct message *m, size_t *pos, struct control_item *ret)
{
    struct cmsghdr h;
    size_t left;

    if (*pos > m->control_len || m->control_len - *pos < sizeof(h))
        return 0;
    left = m->control_len - *pos;
    memcpy(&h, m->control + *pos, sizeof(h));
    if (h.cmsg_len < sizeof(h) || h.cmsg_len > left)
        return -EINVAL;
    *ret = (struct control_item){
        .level = h.cmsg_level,
        .type = h.cmsg_type,
        .data = m->control + *pos + sizeof(h),
        .len = h.cmsg_len - sizeof(h),
    };
    *pos += control_align(h.cmsg_len);
    return 1;
}
