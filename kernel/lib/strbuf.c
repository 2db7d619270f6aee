/* SPDX-License-Identifier: MIT */
/* Text that grows into a buffer: see strbuf.h. */
#include "kernel/lib/strbuf.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

void strbuf_init(struct strbuf *s, char *buf, size_t size)
{
    *s = (struct strbuf){ .buf = buf, .size = size };
    if (size)
        buf[0] = '\0';
}

void strbuf_init_growing(struct strbuf *s, void *(*grow)(void *p, size_t size))
{
    *s = (struct strbuf){ .grow = grow };
}

/* Room for len more bytes and the NUL: how many of len fit. */
static size_t strbuf_reserve(struct strbuf *s, size_t len)
{
    size_t want = s->len + len + 1;

    if (want > s->size && s->grow) {
        size_t size = want < 2 * s->size ? 2 * s->size : want;
        char *buf = s->grow(s->buf, size < 64 ? 64 : size);

        if (buf) {
            s->buf = buf;
            s->size = size < 64 ? 64 : size;
        }
    }
    if (want <= s->size)
        return len;
    s->cut = true;
    return s->size > s->len + 1 ? s->size - s->len - 1 : 0;
}

void strbuf_add(struct strbuf *s, const char *text, size_t len)
{
    len = strbuf_reserve(s, len);
    if (!s->size)
        return;
    memcpy(s->buf + s->len, text, len);
    s->len += len;
    s->buf[s->len] = '\0';
}

void strbuf_puts(struct strbuf *s, const char *text)
{
    strbuf_add(s, text, strlen(text));
}

void strbuf_putc(struct strbuf *s, char c)
{
    strbuf_add(s, &c, 1);
}

void strbuf_printf(struct strbuf *s, const char *fmt, ...)
{
    va_list args;
    size_t room;
    int len;

    va_start(args, fmt);
    len = kvsnprintf(NULL, 0, fmt, args);
    va_end(args);
    room = strbuf_reserve(s, (size_t)len);
    if (!s->size)
        return;
    va_start(args, fmt);
    kvsnprintf(s->buf + s->len, room + 1, fmt, args);
    va_end(args);
    s->len += room;
}
