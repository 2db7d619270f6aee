/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an archive, read the way excpio does: entries, their data in pieces, clean names.
 * What the reader hands out must hold what cpio.h promises.
 */
#include "tools/myst/cpio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct source {
    const uint8_t *bytes;
    size_t len;
};

static ssize_t source_read(void *context, void *dst, size_t len)
{
    struct source *s = context;

    if (len > s->len)
        len = s->len;
    memcpy(dst, s->bytes, len);
    s->bytes += len;
    s->len -= len;
    return (ssize_t)len;
}

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_name(const char *name)
{
    char clean[CPIO_NAME_MAX + 1];

    must(strlen(name) <= CPIO_NAME_MAX);
    if (cpio_clean_name(name, clean))
        return;
    must(clean[0] && clean[0] != '/' && strlen(clean) <= strlen(name));
    must(strcmp(clean, "..") && strncmp(clean, "../", 3) && !strstr(clean, "/../"));
    must(!strstr(clean, "//") && clean[strlen(clean) - 1] != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct source source = { bytes, len };
    struct cpio_reader r;
    struct cpio_entry e;
    char data[100];
    int more;

    cpio_reader_init(&r, source_read, &source);
    while ((more = cpio_read_entry(&r, &e)) > 0) {
        uint64_t sum = 0;
        ssize_t n;

        check_name(e.name);
        while ((n = cpio_read_data(&r, data, sizeof(data))) > 0)
            sum += (uint64_t)n;
        must(n < 0 ? n == -EINVAL : sum == e.size);
        if (n < 0)
            return 0;
    }
    must(more == 0 || (more == -EINVAL && r.error));
    must(r.offset <= len);
    return 0;
}
