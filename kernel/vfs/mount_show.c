/* SPDX-License-Identifier: MIT */
/* The mount table as text: /proc/self/mounts and /proc/self/mountinfo (proc(5)). */
#include "abi/linux/errno.h"
#include "abi/linux/fs.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/mount_int.h"

struct show {
    const struct place *root;
    struct strbuf *dst;
    char *buf;                                   /* KPATH_MAX bytes                         */
};

/* Spaces and such would end a field: octal (proc(5)). */
static void add_field(struct strbuf *dst, const char *text)
{
    for (; *text; text++) {
        if (strchr(" \t\n\\#", *text))
            strbuf_printf(dst, "\\%03o", (unsigned char)*text);
        else
            strbuf_putc(dst, *text);
    }
}

static void add_flags(struct strbuf *dst, u32 flags)
{
    static const struct {
        u32 bit;
        const char *name;
    } names[] = {
        { MS_NOSUID, ",nosuid" },    { MS_NODEV, ",nodev" },     { MS_NOEXEC, ",noexec" },
        { MS_SYNCHRONOUS, ",sync" }, { MS_NOATIME, ",noatime" }, { MS_NODIRATIME, ",nodiratime" },
    };

    strbuf_puts(dst, flags & MS_RDONLY ? "ro" : "rw");
    for (u32 i = 0; i < ARRAY_SIZE(names); i++)
        if (flags & names[i].bit)
            strbuf_puts(dst, names[i].name);
    if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
        strbuf_puts(dst, ",relatime");
}

/* Where m is mounted, as root sees it; NULL: not beneath root. */
static const char *mount_point(const struct show *s, struct mount *m)
{
    struct place p = { m, m->root };
    enum where where;
    const char *path = where_is_locked(&p, s->root, s->buf, KPATH_MAX, &where);

    return path && where == WHERE_BELOW_ROOT ? path : NULL;
}

static void show_mounts(struct mount *m, void *arg)
{
    const struct show *s = arg;
    const char *point = mount_point(s, m);

    if (!point)
        return;
    add_field(s->dst, m->source);
    strbuf_putc(s->dst, ' ');
    add_field(s->dst, point);
    strbuf_printf(s->dst, " %s ", m->fs->type->name);
    add_flags(s->dst, mount_flags(m) | (m->fs->readonly ? MS_RDONLY : 0));
    if (m->options) {
        strbuf_putc(s->dst, ',');
        add_field(s->dst, m->options);
    }
    strbuf_puts(s->dst, " 0 0\n");
}

/* The root of m within its file system: not "/" if it was bound from further below. */
static void add_inner_root(const struct show *s, struct mount *m)
{
    struct place inner = { m, m->root }, top = { m, m->fs->root };
    struct mount alone = { .root = m->fs->root };
    enum where where;
    char *path;

    inner.mount = top.mount = &alone;
    path = where_is_locked(&inner, &top, s->buf, KPATH_MAX, &where);
    add_field(s->dst, path ? path : "/");
}

static void show_mountinfo(struct mount *m, void *arg)
{
    const struct show *s = arg;
    const char *point = mount_point(s, m);
    u32 flags = mount_flags(m) | (m->fs->readonly ? MS_RDONLY : 0);

    if (!point)
        return;
    strbuf_printf(s->dst, "%u %u 0:%u ", m->id, m->parent ? m->parent->id : m->id, m->fs->dev);
    add_inner_root(s, m);
    strbuf_putc(s->dst, ' ');
    point = mount_point(s, m);                   /* the buffer was used in between          */
    add_field(s->dst, point ? point : "/");
    strbuf_putc(s->dst, ' ');
    add_flags(s->dst, flags);
    strbuf_printf(s->dst, " - %s ", m->fs->type->name);
    add_field(s->dst, m->source);
    strbuf_puts(s->dst, m->fs->readonly ? " ro" : " rw");
    if (m->options) {
        strbuf_putc(s->dst, ',');
        add_field(s->dst, m->options);
    }
    strbuf_putc(s->dst, '\n');
}

static int show_all(const struct place *root, struct strbuf *dst,
                    void (*show)(struct mount *m, void *arg))
{
    AUTO(kfreep) char *buf = kalloc(KPATH_MAX);
    struct show s = { root, dst, buf };

    if (!buf)
        return -ENOMEM;
    mount_for_each(show, &s);
    return dst->cut ? -ENOMEM : 0;
}

int mount_show_mounts(const struct place *root, struct strbuf *dst)
{
    return show_all(root, dst, show_mounts);
}

int mount_show_mountinfo(const struct place *root, struct strbuf *dst)
{
    return show_all(root, dst, show_mountinfo);
}
