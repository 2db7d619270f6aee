/* SPDX-License-Identifier: MIT */
/*
 * Running a program: see exec.h for the order of things.
 *
 *     exec_find        open; follow #! lines; read headers; open the interpreter
 *     exec_load        new address space: program, interpreter, stack
 *     exec_commit      the point of no return, then the registers
 */
#include "kernel/proc/exec.h"
#include "abi/image.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/signal.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/exec_int.h"
#include "kernel/proc/proc_int.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"

enum { SCRIPT_LINE_MAX = 256, SCRIPT_DEPTH_MAX = 5 };

static u64 thread_stack_size;                    /* [const] for musl: PT_GNU_STACK          */
static struct range low;                         /* [const] where fixed programs go         */

int exec_init(const struct boot_params *bp)
{
    thread_stack_size = page_ceil(bp->thread_stack_size);
    low = bp->low;
    exec_stack_init(bp);
    return crt_init(bp);
}

static void exec_free(struct exec *x)
{
    if (!x)
        return;
    file_put(x->file);
    file_put(x->interp_file);
    kfree(x->execfn);
    cred_put(x->cred);
    mm_put(x->mm);
    kfree(x);
}

static void exec_freep(struct exec **x)
{
    exec_free(*x);
}

/* ---- scripts ---- */

struct script {
    char line[SCRIPT_LINE_MAX + 1];
    const char *interp, *arg;                    /* arg: NULL if there is none              */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cut "#! interpreter argument" into its parts (execve(2): at most one argument, blanks around it
 * dropped).  1: done; 0: it is no such line; -ENOEXEC: the name of the interpreter is cut off. */
static int script_parse(struct script *s, size_t len)
{
    char *p = s->line, *end;

    if (len < 2 || p[0] != '#' || p[1] != '!')
        return 0;
    s->line[len] = '\0';
    end = strchr(p, '\n');
    if (!end) {
        end = p + strlen(p);
        for (p += 2; is_blank(*p); p++)
            ;
        while (*p && !is_blank(*p))
            p++;
        if (len == SCRIPT_LINE_MAX && p == end)
            return -ENOEXEC;
        p = s->line;
    }
    while (end > p + 2 && is_blank(end[-1]))
        end--;
    *end = '\0';
    for (p += 2; is_blank(*p); p++)
        ;
    s->interp = p;
    while (*p && !is_blank(*p))
        p++;
    if (*p) {
        *p++ = '\0';
        while (is_blank(*p))
            p++;
    }
    s->arg = *p ? p : NULL;
    return s->interp[0] ? 1 : -ENOEXEC;
}

/* argv becomes: interpreter, its argument, the script's path, and the old argv without [0]. */
static int script_args(struct exec_args *a, const struct script *s, const char *path)
{
    struct exec_args b = { .limit = a->limit };
    size_t skip = a->argc ? strlen(a->text) + 1 : 0;
    int err = exec_args_add(&b, s->interp);

    if (!err && s->arg)
        err = exec_args_add(&b, s->arg);
    if (!err)
        err = exec_args_add(&b, path);
    b.argc = 2 + (s->arg != NULL) + (a->argc ? a->argc - 1 : 0);
    b.envc = a->envc;
    b.env_at = a->env_at - skip + b.len;
    for (size_t at = skip; !err && at < a->len; at += strlen(a->text + at) + 1)
        err = exec_args_add(&b, a->text + at);
    if (err) {
        exec_args_fini(&b);
        return err;
    }
    exec_args_fini(a);
    *a = b;
    return 0;
}

/* ---- finding ---- */

static void comm_set(struct exec *x, const char *path)
{
    const char *slash = strrchr(path, '/');

    (void)str_copy(x->comm, slash ? slash + 1 : path, sizeof(x->comm));
}

static int interp_open(struct exec *x)
{
    const char *path = x->program.interp;
    int err = vfs_open_exec(AT_FDCWD, path, WALK_FOLLOW, &x->interp_file);

    if (err == -ENOENT) {
        x->interp_file = crt_open(path);
        if (x->interp_file)
            err = 0;
        else
            klog(LOG_NOTICE, "%s: its interpreter %s is missing", x->execfn, path);
    }
    if (err)
        return err;
    err = elf_read(x->interp_file, &x->interp);
    if (!err && (x->interp.fixed || x->interp.interp[0]))
        err = -ELIBBAD;
    return err == -ENOEXEC ? -ELIBBAD : err;
}

/* The name scripts are told: the path, or /dev/fd/N for a file opened by descriptor. */
static int script_path(int dirfd, const char *path, char **ret)
{
    char *p;

    if (path[0] == '/' || dirfd == AT_FDCWD) {
        *ret = kstrdup(path);
        return *ret ? 0 : -ENOMEM;
    }
    p = kalloc(KPATH_MAX);
    if (!p)
        return -ENOMEM;
    ksnprintf(p, KPATH_MAX, path[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", dirfd, path);
    *ret = p;
    return 0;
}

static bool closes_on_exec(int fd)
{
    int flags = fd_flags_get(thread_self()->fds, fd);

    return flags > 0 && flags & FD_CLOEXEC;
}

/* Open path and whatever its #! lines lead to. */
static int program_open(struct exec *x, int dirfd, const char *path, u32 walk_flags)
{
    AUTO(kfreep) struct script *script = kalloc(sizeof(*script));
    AUTO(kfreep) char *name = NULL;
    int err = script ? script_path(dirfd, path, &name) : -ENOMEM;

    if (err)
        return err;
    x->execfn = kstrdup(name);
    if (!x->execfn)
        return -ENOMEM;
    comm_set(x, path[0] ? path : name);
    err = vfs_open_exec(dirfd, path, walk_flags, &x->file);
    for (u32 depth = 0; !err; depth++) {
        ssize_t n = file_pread_kernel(x->file, script->line, SCRIPT_LINE_MAX, 0);

        if (n >= 0)
            n = script_parse(script, (size_t)n);
        if (n <= 0)
            return (int)n;
        if (depth == SCRIPT_DEPTH_MAX)
            return -ELOOP;
        if (!depth && path[0] != '/' && dirfd != AT_FDCWD && closes_on_exec(dirfd))
            return -ENOENT;                      /* execveat(2): the interpreter could not open it */
        err = script_args(x->args, script, name);
        if (err)
            return err;
        kfree(name);
        name = kstrdup(script->interp);
        if (!name)
            return -ENOMEM;
        file_put(TAKE(x->file));
        err = vfs_open_exec(AT_FDCWD, name, WALK_FOLLOW, &x->file);
    }
    return err;
}

static int exec_find(struct exec *x, int dirfd, const char *path, u32 walk_flags)
{
    int err = program_open(x, dirfd, path, walk_flags);

    if (err)
        return err;
    err = elf_read(x->file, &x->program);
    if (err)
        return err;
    return x->program.interp[0] ? interp_open(x) : 0;
}

/* ---- loading ---- */

/* musl sizes threads by the program header that it finds in memory (ThreadStackSize). */
static int thread_stack_set(struct exec *x)
{
    const struct elf_image *e = &x->program;
    u64 at = e->phdr_addr + (u64)e->stack_phdr * sizeof(struct elf64_phdr) +
             offsetof(struct elf64_phdr, p_memsz);

    if (e->stack_phdr < 0 || !e->phdr_addr || thread_stack_size <= e->thread_stack)
        return 0;
    return mm_poke(x->mm, at, &thread_stack_size, sizeof(u64)) == sizeof(u64) ? 0 : -ENOMEM;
}

static void layout_note(struct exec *x)
{
    struct mm_layout *l = mm_layout(x->mm);

    l->code_lo = x->program.code_lo;
    l->code_hi = x->program.code_hi;
    l->data_lo = x->program.data_lo;
    l->data_hi = x->program.data_hi;
    l->brk_lo = page_ceil(x->program.end);
}

static int exec_load(struct exec *x)
{
    int err;

    x->mm = mm_new();
    if (!x->mm)
        return -ENOMEM;
    err = elf_map(x->mm, &x->program);
    if (!err && x->interp_file)
        err = elf_map(x->mm, &x->interp);
    if (!err)
        err = thread_stack_set(x);
    if (err)
        return err;
    x->entry = x->interp_file ? x->interp.entry : x->program.entry;
    layout_note(x);
    mm_set_exe(x->mm, x->file);
    return exec_stack_build(x);
}

/* ---- becoming the program ---- */

static void exec_commit(struct thread *self, struct exec *x)
{
    struct pt_regs *regs = self->frame;

    process_exec_done(self, TAKE(x->mm), TAKE(x->cred), x->comm);
    *regs = (struct pt_regs){
        .ip = x->entry,
        .sp = x->sp,
        .flags = RFLAGS_IF | 2,                  /* bit 1 is always set                     */
        .orig_ax = (u64)-1,
    };
    self->block->full_exit = 1;
}

/* A program at fixed addresses that this process occupies alone: nobody else can give them up. */
static bool occupies_itself(const struct thread *self, const struct exec *x, int err)
{
    return err == -ENOMEM && x->program.fixed && self->mm && !mm_is_shared(self->mm);
}

/* Past the point of no return already: the caller is alone and its old program is given up. */
static int exec_load_in_place(struct thread *self, struct exec *x)
{
    int err;

    mm_put(TAKE(x->mm));
    err = process_exec_begin(self);
    if (err)
        return err;
    err = mm_unmap(self->mm, low.lo, low.hi - low.lo);
    if (!err)
        err = exec_load(x);
    if (err) {
        klog(LOG_NOTICE, "%s: cannot be loaded: its addresses are in use", x->execfn);
        process_kill_self(SIGKILL);
        return err;
    }
    exec_commit(self, x);
    return 0;
}

int exec_path(struct thread *self, int dirfd, const char *path, u32 walk_flags,
              struct exec_args *args)
{
    AUTO(exec_freep) struct exec *x = kzalloc(sizeof(*x));
    int err;

    if (!x)
        return -ENOMEM;
    x->args = args;
    err = exec_find(x, dirfd, path, walk_flags);
    if (!err)
        err = exec_cred_make(x, self->cred, self->priv->no_new_privs);
    if (err)
        return err;
    err = exec_load(x);
    if (occupies_itself(self, x, err))
        return exec_load_in_place(self, x);
    if (err) {
        if (err == -ENOMEM && x->program.fixed)
            klog(LOG_NOTICE, "%s: another program occupies its addresses, or memory is used up",
                 x->execfn);
        return err;
    }
    err = process_exec_begin(self);
    if (err)
        return err;
    exec_commit(self, x);
    return 0;
}
