/* SPDX-License-Identifier: MIT */
/*
 * strace's decoders: numbers, flags, text and bytes.
 *
 * User memory is read in small pieces straight into the line; what cannot be read is shown as an
 * address.  What a program sees may differ from what is printed if another thread writes to it:
 * this is a log, nothing is decided by it.
 */
#include "abi/linux/fcntl.h"
#include "abi/linux/futex.h"
#include "abi/linux/ipc.h"
#include "abi/linux/mman.h"
#include "abi/linux/signal.h"
#include "abi/linux/socket.h"
#include "abi/linux/stat.h"
#include "kernel/core/user.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/strace_int.h"

enum { PATH_SHOWN = 4096 };                      /* PATH_MAX: paths are shown whole         */

/* ---- numbers ---- */

void show_int(struct show *s, long v)
{
    strbuf_printf(s->out, "%d", (int)v);
}

void show_uint(struct show *s, long v)
{
    strbuf_printf(s->out, "%u", (u32)v);
}

void show_long(struct show *s, long v)
{
    strbuf_printf(s->out, "%ld", v);
}

void show_ulong(struct show *s, long v)
{
    strbuf_printf(s->out, "%lu", (unsigned long)v);
}

void show_hex32(struct show *s, long v)
{
    strbuf_printf(s->out, "%#x", (u32)v);
}

void show_hex64(struct show *s, long v)
{
    strbuf_printf(s->out, "%#lx", (unsigned long)v);
}

void show_addr(struct show *s, long v)
{
    if (v)
        show_hex64(s, v);
    else
        strbuf_puts(s->out, "NULL");
}

void show_dirfd(struct show *s, long v)
{
    if ((int)v == AT_FDCWD)
        strbuf_puts(s->out, "AT_FDCWD");
    else
        show_int(s, v);
}

/* S_IFCHR|0644 if there is a type, else 0644. */
void show_mode(struct show *s, long v)
{
    u32 mode = (u32)v;

    if (mode & S_IFMT) {
        show_flag_set(s, KIND_FILE_TYPE, mode & ~0777u);
        strbuf_putc(s->out, '|');
        mode &= 0777;
    }
    strbuf_printf(s->out, "%#03o", mode);
}

void show_dev(struct show *s, long v)
{
    u64 dev = (u64)v;
    u32 major = (u32)(dev >> 8 & 0xfff) | (u32)(dev >> 32 & ~0xfffull);
    u32 minor = (u32)(dev & 0xff) | (u32)(dev >> 12 & ~0xffull);

    strbuf_printf(s->out, "makedev(%#x, %#x)", major, minor);
}

void show_key(struct show *s, long v)
{
    if ((int)v == IPC_PRIVATE)
        strbuf_puts(s->out, "IPC_PRIVATE");
    else
        show_hex32(s, v);
}

/* ---- flags ---- */

/* The names of v's bits, then what has no name. */
void show_flag_set(struct show *s, enum sys_kind kind, u64 v)
{
    const struct flag_set *set = &flag_sets[kind];
    u64 width = set->bits == 64 ? ~0ull : (1ull << set->bits) - 1, explained = 0;
    const char *sep = "";

    v &= width;
    for (u32 i = 0; i < set->count; i++) {
        const struct flag *f = &set->flag[i];
        u64 mask = f->mask & width;

        if ((mask & explained) || (v & mask) != (f->value & width))
            continue;
        strbuf_printf(s->out, "%s%s", sep, f->name);
        explained |= mask;
        sep = "|";
    }
    v &= ~explained;
    if (v || !*sep)
        strbuf_printf(s->out, v ? "%s%#lx" : "%s%lu", sep, v);
}

void show_flags(struct show *s, long v)
{
    show_flag_set(s, s->info->arg[s->i].kind, (u64)v);
}

/* The option of the level before it. */
void show_sockopt(struct show *s, long v)
{
    switch ((int)s->a[s->i - 1]) {
    case SOL_SOCKET:
        show_flag_set(s, KIND_SO, (u64)v);
        break;
    case IPPROTO_TCP:
        show_flag_set(s, KIND_TCP, (u64)v);
        break;
    case IPPROTO_IP:
        show_flag_set(s, KIND_IP_OPT, (u64)v);
        break;
    case IPPROTO_IPV6:
        show_flag_set(s, KIND_IPV6_OPT, (u64)v);
        break;
    default:
        show_int(s, v);
    }
}

static void show_flock(struct show *s, long v)
{
    struct flock lock;

    if (!show_fetch(s, &lock, v, sizeof(lock)))
        return;
    strbuf_puts(s->out, "{l_type=");
    show_flag_set(s, KIND_LOCK_TYPE, (u64)lock.l_type);
    strbuf_puts(s->out, ", l_whence=");
    show_flag_set(s, KIND_WHENCE, (u64)lock.l_whence);
    strbuf_printf(s->out, ", l_start=%ld, l_len=%ld}", (long)lock.l_start, (long)lock.l_len);
}

/* fcntl's third argument, by its second. */
void show_fcntl_arg(struct show *s, long v)
{
    switch ((u32)s->a[1]) {
    case F_SETFD:
        show_flag_set(s, KIND_FD_FLAGS, (u64)v);
        break;
    case F_SETFL:
        show_flag_set(s, KIND_OFLAGS, (u64)v);
        break;
    case F_ADD_SEALS:
        show_flag_set(s, KIND_SEALS, (u64)v);
        break;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        show_flock(s, v);
        break;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
    case F_SETOWN:
    case F_SETPIPE_SZ:
    case F_SETSIG:
    case F_SETLEASE:
        show_int(s, v);
        break;
    default:
        show_hex64(s, v);
    }
}

/* A timeout or a count, by the operation. */
void show_futex_arg(struct show *s, long v)
{
    switch ((int)s->a[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
    case FUTEX_WAIT_REQUEUE_PI:
        show_timespec(s, v);
        break;
    default:
        show_uint(s, v);
    }
}

/* ---- text and bytes ---- */

/* Characters as C would have them between quotes.  next_is_digit: of the one behind the last. */
void show_quoted(struct show *s, const char *text, size_t len, bool next_is_digit)
{
    static const char special[] = "\aa\bb\tt\nn\vv\ff\rr\"\"\\\\";

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool digit = i + 1 < len ? text[i + 1] >= '0' && text[i + 1] <= '9' : next_is_digit;
        size_t pair = 0;

        while (special[pair] && (unsigned char)special[pair] != c)
            pair += 2;
        if (special[pair])
            strbuf_printf(s->out, "\\%c", special[pair + 1]);
        else if (c >= ' ' && c <= '~')
            strbuf_putc(s->out, (char)c);
        else
            strbuf_printf(s->out, digit ? "\\%03o" : "\\%o", c);
    }
}

bool show_fetch(struct show *s, void *dst, long v, size_t len)
{
    if (v && !copy_in(dst, UPTR(v), len))
        return true;
    show_addr(s, v);
    return false;
}

void show_bytes(struct show *s, u64 addr, u64 len, u64 max)
{
    char buf[SHOW_BYTES + 1];
    size_t want = min_size(min_u64(len, max) + 1, sizeof(buf)), have;

    want = min_size(want, len);
    if (!addr || (len && copy_in(buf, UPTR(addr), want))) {
        show_addr(s, (long)addr);
        return;
    }
    have = min_size(want, min_u64(max, SHOW_BYTES));
    strbuf_putc(s->out, '"');
    show_quoted(s, buf, have, have < want && buf[have] >= '0' && buf[have] <= '9');
    strbuf_puts(s->out, have < len ? "\"..." : "\"");
}

void show_string(struct show *s, u64 addr, u64 max)
{
    size_t begin = s->out->len;
    u64 done = 0;
    char buf[64];

    strbuf_putc(s->out, '"');
    while (addr && done <= max) {                /* one more than max: is that the NUL?     */
        size_t want = min_size(sizeof(buf), max + 1 - done);
        size_t got = copy_in_some(buf, UPTR(addr + done), want);
        const char *end = memchr(buf, '\0', got);
        size_t len = min_size(end ? (size_t)(end - buf) : got, max - done);

        show_quoted(s, buf, len, true);          /* the next piece may begin with a digit   */
        if (end) {
            strbuf_putc(s->out, '"');
            return;
        }
        if (got < want)
            break;
        done += got;
    }
    if (done > max) {
        strbuf_puts(s->out, "\"...");
        return;
    }
    s->out->len = begin;                         /* not a string: its address               */
    show_addr(s, (long)addr);
}

void show_path(struct show *s, long v)
{
    show_string(s, (u64)v, PATH_SHOWN);
}

void show_str(struct show *s, long v)
{
    show_string(s, (u64)v, SHOW_BYTES);
}

void show_bytes_in(struct show *s, long v)
{
    show_bytes(s, (u64)v, (u64)s->a[s->i + 1], SHOW_BYTES);
}

/* The result is the length, but no more than the argument behind says (recv with MSG_TRUNC,
 * getxattr with size 0). */
void show_bytes_out(struct show *s, long v)
{
    show_bytes(s, (u64)v, min_u64((u64)s->ret, (u64)s->a[s->i + 1]), SHOW_BYTES);
}

/* ---- values that a call stores ---- */

void show_ret32(struct show *s, long v)
{
    s32 value;

    if (show_fetch(s, &value, v, sizeof(value)))
        strbuf_printf(s->out, "[%d]", value);
}

void show_ret64(struct show *s, long v)
{
    s64 value;

    if (show_fetch(s, &value, v, sizeof(value)))
        strbuf_printf(s->out, "[%ld]", value);
}

void show_fd_pair(struct show *s, long v)
{
    s32 fds[2];

    if (show_fetch(s, fds, v, sizeof(fds)))
        strbuf_printf(s->out, "[%d, %d]", fds[0], fds[1]);
}

/* An int where it is one, else bytes. */
void show_optval_out(struct show *s, long v)
{
    u32 len;

    if (copy_in(&len, UPTR(s->a[s->i + 1]), sizeof(len)))
        show_addr(s, v);
    else if (len == sizeof(s32))
        show_ret32(s, v);
    else
        show_bytes(s, (u64)v, len, SHOW_BYTES);
}

/* ---- vectors of small things ---- */

void show_argv(struct show *s, long v)
{
    u64 arg;

    if (!show_fetch(s, &arg, v, sizeof(arg)))
        return;
    strbuf_putc(s->out, '[');
    for (u64 i = 0; i < SHOW_ITEMS && arg; i++) {
        strbuf_puts(s->out, i ? ", " : "");
        show_string(s, arg, SHOW_BYTES);
        if (copy_in(&arg, UPTR((u64)v + (i + 1) * sizeof(arg)), sizeof(arg)))
            break;
    }
    strbuf_puts(s->out, arg ? ", ...]" : "]");
}

void show_envp(struct show *s, long v)
{
    enum { ENV_COUNTED = 4096 };
    u64 var, count = 0;

    show_addr(s, v);
    if (!v)
        return;
    while (count < ENV_COUNTED && !copy_in(&var, UPTR((u64)v + count * sizeof(var)), sizeof(var)) &&
           var)
        count++;
    strbuf_printf(s->out, " /* %lu vars */", count);
}

static void show_id_list(struct show *s, long v, long count)
{
    u32 id;

    if (!v || count < 0) {
        show_addr(s, v);
        return;
    }
    strbuf_putc(s->out, '[');
    for (long i = 0; i < count && i < SHOW_ITEMS; i++) {
        if (copy_in(&id, UPTR((u64)v + (u64)i * sizeof(id)), sizeof(id)))
            break;
        strbuf_printf(s->out, "%s%u", i ? ", " : "", id);
    }
    strbuf_puts(s->out, count > SHOW_ITEMS ? ", ...]" : "]");
}

void show_gids(struct show *s, long v)
{
    show_id_list(s, v, (int)s->a[s->i - 1]);
}

void show_gids_out(struct show *s, long v)
{
    show_id_list(s, v, s->a[s->i - 1] ? s->ret : 0);
}

/* Bits as a list of numbers; the size is the argument before, or what the call says it stored. */
void show_cpu_set(struct show *s, long v)
{
    u64 size = s->done && s->ret > 0 ? (u64)s->ret : (u64)s->a[s->i - 1], word;
    const char *sep = "";

    if (!v) {
        show_addr(s, v);
        return;
    }
    strbuf_putc(s->out, '[');
    for (u64 i = 0; i + 8 <= size && i < 128; i += 8) {
        if (copy_in(&word, UPTR((u64)v + i), sizeof(word)))
            break;
        for (u64 bit = 0; bit < 64; bit++) {
            if (word >> bit & 1) {
                strbuf_printf(s->out, "%s%lu", sep, i * 8 + bit);
                sep = " ";
            }
        }
    }
    strbuf_putc(s->out, ']');
}

/* Both kinds of records have their length at offset 16. */
void show_dirent(struct show *s, long v)
{
    u64 at = 0, count = 0;
    u16 len;

    show_addr(s, v);
    while (at < (u64)s->ret && !copy_in(&len, UPTR((u64)v + at + 16), sizeof(len)) && len) {
        at += len;
        count++;
    }
    strbuf_printf(s->out, " /* %lu entries */", count);
}

/* ---- what the number of arguments and the result mean ---- */

static unsigned futex_count(long op)
{
    switch ((int)op & FUTEX_CMD_MASK) {
    case FUTEX_WAKE:
        return 3;
    case FUTEX_WAIT:
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
        return 4;
    case FUTEX_UNLOCK_PI:
    case FUTEX_TRYLOCK_PI:
        return 2;
    case FUTEX_REQUEUE:
        return 5;
    default:
        return 6;
    }
}

static unsigned fcntl_count(long cmd)
{
    switch ((u32)cmd) {
    case F_GETFD:
    case F_GETFL:
    case F_GETOWN:
    case F_GETSIG:
    case F_GETLEASE:
    case F_GETPIPE_SZ:
    case F_GET_SEALS:
        return 2;
    default:
        return 3;
    }
}

static bool has_device(u32 mode)
{
    return (mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK;
}

unsigned show_count(const struct sys_info *info, unsigned long nr, const long a[6])
{
    const long creates = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);

    switch (nr) {
    case NR_open:
        return a[1] & creates ? 3 : 2;
    case NR_openat:
        return a[2] & creates ? 4 : 3;
    case NR_mknod:
        return has_device((u32)a[1]) ? 3 : 2;
    case NR_mknodat:
        return has_device((u32)a[2]) ? 4 : 3;
    case NR_preadv:
    case NR_pwritev:
        return 4;                                /* the high half is for 32 bits            */
    case NR_mremap:
        return a[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP) ? 5 : 4;
    case NR_fcntl:
        return fcntl_count(a[1]);
    case NR_futex:
        return futex_count(a[1]);
    default:
        return info->nargs;
    }
}

static void show_fcntl_result(struct show *s)
{
    enum sys_kind kind;

    switch ((u32)s->a[1]) {
    case F_GETFD:
        kind = KIND_FD_FLAGS;
        break;
    case F_GETFL:
        kind = KIND_OFLAGS;
        break;
    case F_GET_SEALS:
        kind = KIND_SEALS;
        break;
    default:
        return;
    }
    if (kind != KIND_OFLAGS && !s->ret)
        return;
    strbuf_puts(s->out, " (flags ");
    show_flag_set(s, kind, (u64)s->ret);
    strbuf_putc(s->out, ')');
}

void show_result_words(struct show *s)
{
    for (unsigned i = 0; i < s->info->nargs; i++) {
        switch (s->info->arg[i].kind) {
        case KIND_POLLFDS:
            show_poll_result(s);
            return;
        case KIND_FD_SET:
            show_select_result(s);
            return;
        case KIND_FCNTL:
            show_fcntl_result(s);
            return;
        default:
            break;
        }
    }
}
