/* SPDX-License-Identifier: MIT */
/*
 * launch: how long a command takes from fork to its end, and how much memory it had at most.
 *
 *     launch COUNT PROGRAM ARGS...
 *
 * Runs the program COUNT times, one after the other, and prints
 *
 *     best median            nanoseconds
 *     KIB                    the largest resident set of any of them
 *
 * Its output is dropped.  A status other than 0 ends the measurement.  This program is static and
 * small, because fork copies it and because a child's peak counts from before its exec.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COUNT_MAX = 1000 };

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static void be_child(char **argv)
{
    int null = open("/dev/null", O_RDWR);

    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
        _exit(126);
    execv(argv[0], argv);
    _exit(127);
}

int main(int argc, char **argv)
{
    static double times[COUNT_MAX];
    int count = argc > 2 ? atoi(argv[1]) : 0;
    long peak_kib = 0;

    if (count < 1 || count > COUNT_MAX) {
        fprintf(stderr, "usage: launch COUNT PROGRAM ARGS...\n");
        return 2;
    }
    for (int i = 0; i < count; i++) {
        struct rusage usage;
        int status;
        double start = now_ns();
        pid_t pid = fork();

        if (pid == 0)
            be_child(&argv[2]);
        if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
            fprintf(stderr, "launch: %s\n", strerror(errno));
            return 1;
        }
        times[i] = now_ns() - start;
        if (status) {
            fprintf(stderr, "launch: %s ended with wait status 0x%x\n", argv[2], status);
            return 1;
        }
        if (usage.ru_maxrss > peak_kib)
            peak_kib = usage.ru_maxrss;
    }
    qsort(times, (size_t)count, sizeof(times[0]), compare_doubles);
    printf("%.0f %.0f\n%ld\n", times[0], times[count / 2], peak_kib);
    return 0;
}
