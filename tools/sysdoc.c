/* SPDX-License-Identifier: MIT */
/*
 * The system-call table for people and for `make check-table`.
 *
 *   sysdoc --page TESTS         docs/generated/syscalls.md on stdout
 *   sysdoc --check TESTS        complaints on stderr; reads `#define __NR_x n` lines on stdin
 *   sysdoc --prototype [name]   what a handler looks like
 *
 * TESTS is the folder of programs that exercise single calls (tests/sys, and ours/ in it).  Each
 * says which in a comment near its top: "covers: open openat", or "covers: refused" for all calls
 * with that status.
 */
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_SIZE = 1024,
    HEAD_LINES = 12,                             /* of a test: where "covers:" may stand    */
};

static const char *const groups_shown[] = {
    "desc", "file", "memory", "network", "process", "signal", "ipc", "clock", "creds", "myst",
};

/* The first program, by name, that covers a row, without its ".c"; "" for none. */
static char covered_by[SYS_SLOTS][64];

static unsigned complaints;

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    complaints++;
}

static unsigned long slot_by_name(const char *name)
{
    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++)
        if (sys_info[slot].name && !strcmp(sys_info[slot].name, name))
            return slot;
    return SYS_SLOTS;
}

/* ---- what the tests cover ---- */

static void cover(unsigned long slot, const char *program)
{
    if (!*covered_by[slot])
        snprintf(covered_by[slot], sizeof(covered_by[slot]), "%s", program);
}

static void cover_refused(const char *program)
{
    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++)
        if (sys_info[slot].status == STATUS_REFUSED)
            cover(slot, program);
}

static void covers_line(const char *program, char *names)
{
    char *save = NULL;

    for (char *name = strtok_r(names, " ,\t\n*/", &save); name;
         name = strtok_r(NULL, " ,\t\n*/", &save)) {
        unsigned long slot = slot_by_name(name);

        if (slot < SYS_SLOTS)
            cover(slot, program);
        else if (!strcmp(name, "refused"))
            cover_refused(program);
        else
            complain("%s.c covers %s, which is no system call", program, name);
    }
}

static void covers_file(const char *folder, const char *below, const char *file)
{
    char path[LINE_SIZE], line[LINE_SIZE], program[64];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s%s", folder, below, file);
    snprintf(program, sizeof(program), "%s%.*s", below, (int)(strlen(file) - 2), file);
    f = fopen(path, "r");
    if (!f) {
        complain("%s: cannot be read", path);
        return;
    }
    for (int i = 0; i < HEAD_LINES && fgets(line, sizeof(line), f); i++) {
        char *covers = strstr(line, "covers:");

        if (covers)
            covers_line(program, covers + strlen("covers:"));
    }
    fclose(f);
}

static int is_c_file(const struct dirent *e)
{
    size_t len = strlen(e->d_name);

    return len > 2 && !strcmp(e->d_name + len - 2, ".c");
}

/* below: "" or "ours/". */
static void covers_folder(const char *folder, const char *below)
{
    char path[LINE_SIZE];
    struct dirent **entries;
    int count;

    snprintf(path, sizeof(path), "%s/%s", folder, below);
    count = scandir(path, &entries, is_c_file, alphasort);
    if (count < 0) {
        complain("%s: cannot be read", path);
        return;
    }
    for (int i = 0; i < count; i++) {
        covers_file(folder, below, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

/* ---- the page ---- */

static const char *status_text(const struct sys_info *info)
{
    return info->status == STATUS_REFUSED ? info->err_name : sys_status_name[info->status];
}

static void page_counts(void)
{
    static const char *const means[SYS_STATUSES] = {
        [STATUS_FULL] = "behaves as Linux does, as far as we know",
        [STATUS_PARTIAL] = "works within the limit that stands beside it",
        [STATUS_STUB] = "accepted and without effect, which the standard allows: it is advice",
        [STATUS_REFUSED] = "always answered with the error named; programs have another way",
        [STATUS_NONE] = "ends the program with a message that names the call, or answers ENOSYS "
                        "where the configuration says `UnhandledSyscallEnosys`",
    };
    unsigned count[SYS_STATUSES] = { 0 }, all = 0;

    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++) {
        if (sys_info[slot].name) {
            count[sys_info[slot].status]++;
            all++;
        }
    }
    printf("%u calls are known by name:\n\n| status | calls | a program can expect |\n"
           "|---|---:|---|\n",
           all);
    for (unsigned s = SYS_STATUSES; s-- > 0;)
        if (count[s])
            printf("| %s | %u | %s |\n", sys_status_name[s], count[s], means[s]);
}

static void page_row(unsigned long slot, const struct sys_info *info)
{
    const char *sep = "";

    printf("| %lu | `%s(", sys_slot_nr(slot), info->name);
    for (unsigned i = 0; i < info->nargs; i++)
        printf("%s%s", i ? ", " : "", info->arg[i].name);
    printf(")` | %s | ", status_text(info));
    if (*covered_by[slot])
        printf("[%s](../../tests/sys/%s.c)", covered_by[slot], covered_by[slot]);
    printf(" | ");
    for (size_t i = 0; i < ARRAY_SIZE(groups_shown); i++) {
        for (unsigned g = 0; g < SYS_GROUPS; g++) {
            if (info->groups >> g & 1 && !strcmp(sys_group_name[g], groups_shown[i])) {
                printf("%s%s", sep, groups_shown[i]);
                sep = " ";
            }
        }
    }
    printf(" | %s |\n", info->note);
}

static void page_flags(enum sys_kind kind)
{
    const struct flag_set *set = &flag_sets[kind];

    for (int honoured = 1; honoured >= 0; honoured--) {
        const char *sep = "";

        printf(" | ");
        for (u32 i = 0; i < set->count; i++) {
            if (set->flag[i].honoured == (bool)honoured) {
                printf("%s%s", sep, set->flag[i].name);
                sep = " ";
            }
        }
    }
    printf(" |\n");
}

/* The calls that take an argument of this kind, in a table's first cell. */
static bool page_kind_users(enum sys_kind kind)
{
    bool any = false;

    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++) {
        const struct sys_info *info = &sys_info[slot];
        bool uses = false;

        for (unsigned i = 0; info->name && i < info->nargs; i++)
            uses = uses || info->arg[i].kind == kind;
        if (!uses || info->status == STATUS_NONE || info->status == STATUS_REFUSED)
            continue;
        printf("%s%s", any ? ", " : "| ", info->name);
        any = true;
    }
    return any;
}

static void page(void)
{
    printf("# System calls\n\n"
           "Generated by `make docs` from `kernel/syscall/table.def`; `myst syscalls` prints the "
           "same.\n\n");
    page_counts();

    printf("\n| nr | call | status | test | groups | limits |\n|---:|---|---|---|---|---|\n");
    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++)
        if (sys_info[slot].name)
            page_row(slot, &sys_info[slot]);

    printf("\n## Flags\n\n"
           "What stands on the right is known by name only: refused, or ignored where Linux may "
           "ignore it.\n\n| argument of | honoured | not honoured |\n|---|---|---|\n");
    for (unsigned kind = 0; kind < SYS_KINDS; kind++)
        if (flag_sets[kind].count && page_kind_users(kind))
            page_flags(kind);
}

/* ---- the check ---- */

/* Every number of Linux's header is a row with that name. */
static void check_numbers(FILE *header)
{
    bool seen[SYS_LINUX_END] = { false };
    unsigned long nr, last = 0;
    char line[LINE_SIZE], name[64];

    while (fgets(line, sizeof(line), header)) {
        if (sscanf(line, "#define __NR_%63s %lu", name, &nr) != 2)
            continue;
        if (nr >= SYS_LINUX_END || !sys_info[nr].name)
            complain("%s (%lu) is not in the table", name, nr);
        else if (strcmp(sys_info[nr].name, name))
            complain("%lu is %s in the table and %s in Linux", nr, sys_info[nr].name, name);
        if (nr < SYS_LINUX_END)
            seen[nr] = true;
        last = nr > last ? nr : last;
    }
    if (!last)
        complain("no __NR_ numbers on stdin");
    for (nr = 0; nr < SYS_LINUX_END && nr <= last; nr++)
        if (sys_info[nr].name && !seen[nr])
            complain("%s (%lu) is in the table, but not in Linux", sys_info[nr].name, nr);
}

static void check_row(unsigned long slot, const struct sys_info *info)
{
    bool needs_test = info->status == STATUS_FULL || info->status == STATUS_PARTIAL ||
                      info->status == STATUS_REFUSED;

    if (needs_test && !*covered_by[slot])
        complain("%s is %s, but no program in tests/sys covers it", info->name, status_text(info));
    for (const char *c = info->note; *c; c++)
        if (*c < ' ' || *c == '|')
            complain("%s: the note contains %#x", info->name, (unsigned)*c);
}

static int check(void)
{
    check_numbers(stdin);
    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++)
        if (sys_info[slot].name)
            check_row(slot, &sys_info[slot]);
    printf("table: %u findings\n", complaints);
    return complaints ? 1 : 0;
}

/* ---- prototypes ---- */

static int prototypes(const char *name)
{
    bool found = false;

    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++) {
        const struct sys_info *info = &sys_info[slot];

        if (!info->name || (name && strcmp(info->name, name)))
            continue;
        printf("long sys_%s(struct thread *self", info->name);
        for (unsigned i = 0; i < info->nargs; i++)
            printf(", %s %s", sys_kind_type[info->arg[i].kind], info->arg[i].name);
        printf(")\n");
        found = true;
    }
    if (!found)
        fprintf(stderr, "sysdoc: no such call: %s\n", name);
    return found ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && argc <= 3 && !strcmp(argv[1], "--prototype"))
        return prototypes(argv[2]);
    if (argc == 3) {
        covers_folder(argv[2], "");
        covers_folder(argv[2], "ours/");
        if (!strcmp(argv[1], "--check"))
            return check();
        if (!strcmp(argv[1], "--page")) {
            page();                              /* complaints are for --check to act on    */
            return 0;
        }
    }
    fprintf(stderr, "usage: sysdoc --page TESTS | --check TESTS | --prototype [name]\n");
    return 1;
}
