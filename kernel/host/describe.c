/* SPDX-License-Identifier: MIT */
/* Host operations in words, for --strace=host.  What a row of abi/hostop.def calls its buffers
 * decides what is shown of them: the text of a PATH, the length of the others. */
#include "abi/linux/errno.h"
#include "kernel/host/host.h"
#include "kernel/lib/errno_name.h"
#include "kernel/lib/strbuf.h"

enum { BUFFERS = 3, PATH_SHOWN = 128 };

enum buffer { NONE, IN, OUT, PATH };

static const struct {
    const char *name;
    enum buffer buf[BUFFERS];
} row[HOSTOP_COUNT] = {
#define HOSTOP(name_, result, b0, b1, b2) [HOSTOP_##name_] = { #name_, { b0, b1, b2 } },
#include "abi/hostop.def"
#undef HOSTOP
};

struct host_trace_ops host_trace_ops;

static void add_buffer(struct strbuf *out, enum buffer kind, const char *data, size_t len)
{
    size_t shown = 0;

    if (kind != PATH) {
        strbuf_printf(out, "[%lu]", len);
        return;
    }
    strbuf_putc(out, '"');
    for (; shown < len && shown < PATH_SHOWN && data[shown]; shown++)
        strbuf_putc(out, data[shown] >= ' ' && data[shown] <= '~' ? data[shown] : '?');
    strbuf_puts(out, shown == PATH_SHOWN ? "\"..." : "\"");
}

/* Operations that make a descriptor out of nothing. */
static bool has_fd(enum hostop op)
{
    return op != HOSTOP_open_root && op != HOSTOP_socket && op != HOSTOP_socketpair &&
           op != HOSTOP_epoll_create;
}

void host_call_describe(struct strbuf *out, const struct hostcall *c, s64 answer)
{
    unsigned args = ARRAY_SIZE(c->arg);
    const char *sep = "";

    while (args && !c->arg[args - 1])            /* the unused ones are zero                */
        args--;
    strbuf_printf(out, "%s(", row[c->op].name);
    if (has_fd(c->op)) {
        strbuf_printf(out, "%ld", c->fd.id);
        sep = ", ";
    }
    for (unsigned i = 0; i < args; i++) {
        strbuf_printf(out, "%s%#lx", sep, c->arg[i]);
        sep = ", ";
    }
    for (unsigned i = 0; i < BUFFERS; i++) {
        if (row[c->op].buf[i] == NONE)
            continue;
        strbuf_puts(out, sep);
        add_buffer(out, row[c->op].buf[i], c->buf[i].ptr, c->buf[i].len);
        sep = ", ";
    }

    if (answer < 0 && errno_name((int)-answer))
        strbuf_printf(out, ") = -1 %s", errno_name((int)-answer));
    else
        strbuf_printf(out, ") = %ld", answer);
}
