/* SPDX-License-Identifier: MIT */
/*
 * micro: what single operations cost.  The same file runs natively and inside, and prints
 *
 *     name best median        nanoseconds per operation
 *
 * for each operation of the table below: best and median of a number of batches, each as long as
 * --batch-us.  The best batch is the one that other users of the machine disturbed least.
 * Every operation checks its result: a fast failure is not a fast answer.
 *
 *     micro --dir DIR --spawn PROGRAM [--batch-us N] [--batches N] [NAME...]
 *
 * DIR is where files are made: a tmpfs natively, the ramfs inside.  PROGRAM is a small static
 * program that ends at once.
 */

#include "bench/micro.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Enough batches for a median that one disturbed batch does not move. */
enum { BATCHES_MIN = 9, BATCHES_MAX = 101, BATCH_US_DEFAULT = 4000, ROUNDS_MAX = 1 << 28 };

const char *micro_dir = "/tmp";
const char *micro_program;

void micro_fail(const char *expression, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, expression, strerror(errno));
    exit(1);
}

static double now_ns(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* How many rounds fill a batch.  Doubling also warms caches up and patches call sites. */
static long rounds_per_batch(const struct micro_op *op, double batch_ns)
{
    long rounds = 1;
    double took;

    for (;;) {
        double start = now_ns();

        op->run(rounds);
        took = now_ns() - start;
        if (took >= batch_ns / 4 || rounds >= ROUNDS_MAX)
            break;
        rounds *= 2;
    }
    rounds = (long)((double)rounds * batch_ns / took);
    return rounds ? rounds : 1;
}

static void measure(const struct micro_op *op, int batches, double batch_ns)
{
    double times[BATCHES_MAX];

    if (op->prepare)
        op->prepare();
    long rounds = rounds_per_batch(op, batch_ns);
    for (int i = 0; i < batches; i++) {
        double start = now_ns();

        op->run(rounds);
        times[i] = (now_ns() - start) / (double)rounds;
    }
    if (op->finish)
        op->finish();

    qsort(times, batches, sizeof(times[0]), compare_doubles);
    printf("%s %.2f %.2f\n", op->name, times[0], times[batches / 2]);
    fflush(stdout);
}

static int is_chosen(const char *name, char **chosen)
{
    if (!*chosen)
        return 1;
    for (; *chosen; chosen++) {
        if (strcmp(name, *chosen) == 0)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "dir", required_argument, NULL, 'd' },
        { "spawn", required_argument, NULL, 's' },
        { "batch-us", required_argument, NULL, 'u' },
        { "batches", required_argument, NULL, 'b' },
        { NULL, 0, NULL, 0 },
    };
    int batches = 15;
    double batch_ns = BATCH_US_DEFAULT * 1e3;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'd':
            micro_dir = optarg;
            break;
        case 's':
            micro_program = optarg;
            break;
        case 'u':
            batch_ns = atof(optarg) * 1e3;
            break;
        case 'b':
            batches = atoi(optarg);
            break;
        default:
            return 2;
        }
    }
    if (batches < BATCHES_MIN || batches > BATCHES_MAX || batch_ns <= 0) {
        fprintf(stderr, "micro: %d to %d batches of a positive length\n", BATCHES_MIN, BATCHES_MAX);
        return 2;
    }

    const struct micro_op *const tables[] = { micro_calls, micro_files, micro_threads };
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
        for (const struct micro_op *op = tables[t]; op->name; op++) {
            if (is_chosen(op->name, &argv[optind]))
                measure(op, batches, batch_ns);
        }
    }
    return 0;
}
