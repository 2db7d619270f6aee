/* SPDX-License-Identifier: MIT */
/*
 * transcript: run the commands of a transcript and print it anew, with what they answer now.
 *
 *     transcript FILE
 *
 * FILE looks like a terminal session.  A line "$ command" is run; the lines below it are what it
 * printed when the transcript was written and are ignored here: whoever started us compares our
 * output with FILE (without lines that are empty or start with "#", which are comments).  A status other than 0 is printed as "[N]", death by a signal as "[128+N]".
 *
 * A command is words with '...', "..." and \x as in a shell, joined by | and redirected by <, >
 * and >>; there are no variables, patterns or compounds.  "cd DIR" is built in.  Programs are
 * started by posix_spawn, all of a pipeline at once, so no step needs fork.  Standard error goes
 * where standard output goes, as on a terminal.
 *
 * Linked as static-pie: two programs at fixed addresses cannot be in memory at once before image
 * exchange, and the commands may be such programs.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Generous for lines written by hand; a longer one is an error, not a cut. */
enum { LINE_MAX_BYTES = 4096, WORDS_MAX = 64, STAGES_MAX = 8 };

struct stage {
    char *argv[WORDS_MAX + 1];
    int argc;
    const char *in;
    const char *out;
    int out_flags;
};

struct pipeline {
    struct stage stages[STAGES_MAX];
    int count;
    char text[LINE_MAX_BYTES];                   /* the words, each ended by NUL            */
};

static char *const environment[] = {
    "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LC_ALL=C",
    "TZ=UTC",
    "USER=root",
    NULL,
};

static void die(const char *what)
{
    fprintf(stderr, "transcript: %s\n", what);
    exit(125);
}

/* Copy one word from *line to *out, without its quotes.  Both pointers move on. */
static char *next_word(const char **line, char **out)
{
    char *word = *out;
    const char *p = *line;
    char quote = 0;

    for (; *p && (quote || (!isspace((unsigned char)*p) && !strchr("|<>", *p))); p++) {
        if (quote ? *p == quote : *p == '\'' || *p == '"')
            quote = quote ? 0 : *p;
        else if (*p == '\\' && quote != '\'' && p[1])
            *(*out)++ = *++p;
        else
            *(*out)++ = *p;
    }
    if (quote)
        die("unfinished quote");
    *(*out)++ = '\0';
    *line = p;
    return word;
}

static void skip_space(const char **line)
{
    while (isspace((unsigned char)**line))
        (*line)++;
}

/* The file name after a redirection operator. */
static const char *redirection(const char **line, char **out)
{
    skip_space(line);
    return next_word(line, out);
}

static void parse(const char *line, struct pipeline *pl)
{
    struct stage *stage = &pl->stages[0];
    char *out = pl->text;

    memset(pl->stages, 0, sizeof(pl->stages));
    pl->count = 1;
    for (skip_space(&line); *line; skip_space(&line)) {
        if (*line == '|') {
            line++;
            if (pl->count == STAGES_MAX)
                die("pipeline too long");
            stage = &pl->stages[pl->count++];
        } else if (*line == '<') {
            line++;
            stage->in = redirection(&line, &out);
        } else if (*line == '>') {
            stage->out_flags = line[1] == '>' ? O_APPEND : O_TRUNC;
            line += line[1] == '>' ? 2 : 1;
            stage->out = redirection(&line, &out);
        } else {
            if (stage->argc == WORDS_MAX)
                die("too many words");
            stage->argv[stage->argc++] = next_word(&line, &out);
        }
    }
}

/* Start one stage between the descriptors in and out.  Returns its pid, or -errno. */
static int start(const struct stage *stage, int in, int out)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int err;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out, 2);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (stage->in)
        posix_spawn_file_actions_addopen(&actions, 0, stage->in, O_RDONLY, 0);
    if (stage->out)
        posix_spawn_file_actions_addopen(&actions, 1, stage->out,
                                         O_WRONLY | O_CREAT | stage->out_flags, 0666);
    err = posix_spawnp(&pid, stage->argv[0], &actions, NULL, stage->argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    return err ? -err : pid;
}

/* Run a pipeline; the status is that of its last stage. */
static int run(const struct pipeline *pl)
{
    int pids[STAGES_MAX];
    int in = 0;
    int status = 0;

    for (int i = 0; i < pl->count; i++) {
        int ends[2] = { -1, 1 };

        if (i + 1 < pl->count && pipe2(ends, O_CLOEXEC))
            die(strerror(errno));
        pids[i] = start(&pl->stages[i], in, ends[1]);
        if (pids[i] < 0) {
            printf("%s: %s\n", pl->stages[i].argv[0], strerror(-pids[i]));
            fflush(stdout);
        }
        if (in > 0)
            close(in);
        if (ends[1] != 1)
            close(ends[1]);
        in = ends[0];
    }
    for (int i = 0; i < pl->count; i++) {
        if (pids[i] < 0)
            status = 127 << 8;
        else if (waitpid(pids[i], &status, 0) != pids[i])
            die(strerror(errno));
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int step(const char *line)
{
    static struct pipeline pl;

    parse(line, &pl);
    for (int i = 0; i < pl.count; i++) {
        if (!pl.stages[i].argc)
            die("empty command");
    }
    if (strcmp(pl.stages[0].argv[0], "cd") == 0)
        return pl.stages[0].argc == 2 && chdir(pl.stages[0].argv[1]) == 0 ? 0 : 1;
    return run(&pl);
}

int main(int argc, char **argv)
{
    static char line[LINE_MAX_BYTES];
    FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;

    if (!file)
        die("usage: transcript FILE");
    setenv("PATH", environment[0] + strlen("PATH="), 1); /* posix_spawnp searches ours      */
    while (fgets(line, sizeof(line), file)) {
        if (!strchr(line, '\n'))
            die("line too long");
        if (strncmp(line, "$ ", 2) != 0)
            continue;
        fputs(line, stdout);
        fflush(stdout);
        int status = step(line + 2);
        if (status)
            printf("[%d]\n", status);
        fflush(stdout);
    }
    return ferror(file) ? 125 : 0;
}
