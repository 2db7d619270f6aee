/* SPDX-License-Identifier: MIT */
/*
 * myst syscalls
 *
 * The table the kernel was built from: which system calls there are and what a program can expect
 * of them.
 *
 *     2  open                      full
 *    16  ioctl                     partial      terminals, sockets and FIONREAD
 *   334  rseq                      ENOSYS       C libraries then ask the vDSO for their CPU
 *   356 calls: 200 full, 14 partial, 5 advice only, 87 refused, 50 none
 *
 * With --json an array of objects with everything the table says.
 */
#include "kernel/syscall/syscall.h"
#include "tools/myst/command.h"
#include "tools/myst/message.h"

#include <stdio.h>
#include <string.h>

static bool as_json;

/* What a program gets: "full", or the error of a refused call. */
static const char *status_text(const struct sys_info *info)
{
    return info->status == STATUS_REFUSED ? info->err_name : sys_status_name[info->status];
}

/* Does the word name this call, one of its groups, or its status? */
static bool word_matches(const char *word, const struct sys_info *info)
{
    if (!strncmp(word, "SYS_", 4) && !strcmp(word + 4, info->name))
        return true;
    if (!strcmp(word, info->name) || !strcmp(word, status_text(info)) ||
        !strcmp(word, sys_status_name[info->status]))
        return true;
    for (unsigned g = 0; g < SYS_GROUPS; g++)
        if (info->groups >> g & 1 && !strcmp(word, sys_group_name[g]))
            return true;
    return false;
}

static bool is_wanted(char **words, const struct sys_info *info)
{
    if (!*words)
        return true;
    for (; *words; words++)
        if (word_matches(*words, info))
            return true;
    return false;
}

/* A word that matches nothing is a misspelling. */
static int check_words(char **words)
{
    for (; *words; words++) {
        bool found = false;

        for (unsigned long slot = 0; slot < SYS_SLOTS && !found; slot++)
            found = sys_info[slot].name && word_matches(*words, &sys_info[slot]);
        if (!found)
            return message_error("no such system call, group or status: %s", *words);
    }
    return 0;
}

static void print_text(unsigned long nr, const struct sys_info *info)
{
    printf("%5lu  %-25s %s", nr, info->name, status_text(info));
    if (*info->note)
        printf("%*s%s", (int)(13 - strlen(status_text(info))), "", info->note);
    putchar('\n');
}

/* The notes in the table contain no control characters (check-table). */
static void print_json_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void print_json(unsigned long nr, const struct sys_info *info)
{
    const char *sep = "";

    printf("  {\"nr\": %lu, \"name\": \"%s\", \"status\": \"%s\", ", nr, info->name,
           sys_status_name[info->status]);
    if (info->err_name)
        printf("\"error\": \"%s\", ", info->err_name);
    printf("\"note\": ");
    print_json_string(info->note);
    printf(", \"groups\": [");
    for (unsigned g = 0; g < SYS_GROUPS; g++) {
        if (!(info->groups >> g & 1))
            continue;
        printf("%s\"%s\"", sep, sys_group_name[g]);
        sep = ", ";
    }
    printf("], \"arguments\": [");
    for (unsigned i = 0; i < info->nargs; i++)
        printf("%s{\"name\": \"%s\", \"kind\": \"%s\"}", i ? ", " : "", info->arg[i].name,
               sys_kind_name[info->arg[i].kind]);
    printf("]}");
}

static void print_counts(const unsigned count[SYS_STATUSES])
{
    unsigned all = 0;
    const char *sep = "";

    for (unsigned s = 0; s < SYS_STATUSES; s++)
        all += count[s];
    printf("%5u calls: ", all);
    for (unsigned s = SYS_STATUSES; s-- > 0;) {
        if (!count[s])
            continue;
        printf("%s%u %s", sep, count[s], sys_status_name[s]);
        sep = ", ";
    }
    putchar('\n');
}

static int syscalls_run(char **words, int count)
{
    unsigned of_status[SYS_STATUSES] = { 0 };
    const char *sep = "[\n";
    int err = check_words(words);

    (void)count;
    if (err)
        return err;
    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++) {
        const struct sys_info *info = &sys_info[slot];

        if (!info->name || !is_wanted(words, info))
            continue;
        of_status[info->status]++;
        if (as_json) {
            fputs(sep, stdout);
            print_json(sys_slot_nr(slot), info);
            sep = ",\n";
        } else {
            print_text(sys_slot_nr(slot), info);
        }
    }
    if (as_json)
        printf("\n]\n");
    else
        print_counts(of_status);
    return 0;
}

static const struct option options[] = {
    { "json", 0, ARGUMENT_NONE, NULL, "print everything the table says, as JSON", option_flag,
      &as_json },
    { 0 },
};

const struct command command_syscalls = {
    .name = "syscalls",
    .arguments = "[<call>, <group> or <status>...]",
    .summary = "list the system calls and what programs can expect of them",
    .description =
        "full         behaves as Linux does\n"
        "partial      works within the limit beside it\n"
        "advice only  accepted; has no effect, as the standard allows\n"
        "E...         always answered with this error, because programs have another way\n"
        "none         ends the program, or ENOSYS with --unhandled-syscall-enosys\n",
    .options = options,
    .options_end = OPTIONS_END_NEVER,
    .words_max = INT_MAX,
    .run = syscalls_run,
};
