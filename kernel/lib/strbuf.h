/* SPDX-License-Identifier: MIT */
/*
 * Text that grows into a buffer of the caller's (fixed) or of its own (owned by strbuf, made with
 * the allocator the first user registers).  Text beyond the end is dropped and remembered.
 */
#pragma once
#include "kernel/lib/types.h"

struct strbuf {
    char *buf;
    size_t size, len;                            /* len < size; always terminated           */
    bool cut;                                    /* something did not fit                   */
    void *(*grow)(void *p, size_t size);         /* NULL: fixed                             */
};

/* Fixed storage of size bytes. */
void strbuf_init(struct strbuf *s, char *buf, size_t size);
/* Growing storage: grow is krealloc(); the caller frees s->buf with kfree(). */
void strbuf_init_growing(struct strbuf *s, void *(*grow)(void *p, size_t size));

void strbuf_add(struct strbuf *s, const char *text, size_t len);
void strbuf_puts(struct strbuf *s, const char *text);
void strbuf_putc(struct strbuf *s, char c);
void strbuf_printf(struct strbuf *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
