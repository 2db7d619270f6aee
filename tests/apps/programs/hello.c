/* SPDX-License-Identifier: MIT */
/*
 * hello: what a C library needs from below, in one small program that is linked in five ways.
 *
 *     hello PATH WORDS...
 *
 * Prints one line per fact, so that the case can compare; exits with 42.
 */

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

static _Thread_local int per_thread = 7;
static int constructed;
static char zeroes[1 << 20];                     /* .bss beyond the file                    */

__attribute__((constructor)) static void construct(void)
{
    constructed = 1;
}

static void at_exit(void)
{
    puts("atexit");
}

static void *thread(void *argument)
{
    per_thread += *(int *)argument;
    return (void *)(long)per_thread;
}

static void print_file(const char *path)
{
    char line[64];
    FILE *file = fopen(path, "re");

    if (!file || !fgets(line, sizeof(line), file)) {
        printf("file: %s\n", strerror(errno));
        return;
    }
    line[strcspn(line, "\n")] = '\0';
    printf("file: %s\n", line);
    fclose(file);
}

int main(int argc, char **argv)
{
    pthread_t id;
    int argument = 5;
    void *sum = NULL;
    struct timespec now;
    size_t dirty = 0;

    atexit(at_exit);
    setlocale(LC_ALL, "C");
    printf("hello from %s, %d words: %s\n", argv[0], argc - 2, argc > 2 ? argv[argc - 1] : "");
    printf("constructor %d, environment %s\n", constructed,
           getenv("MYST_TARGET") ? "has MYST_TARGET" : "lacks MYST_TARGET");
    for (size_t i = 0; i < sizeof(zeroes); i++)
        dirty += zeroes[i] != 0;
    printf("bss: %zu bytes dirty, sqrt(2) = %.6f\n", dirty, sqrt(argc > 0 ? 2.0 : 3.0));
    if (pthread_create(&id, NULL, thread, &argument) || pthread_join(id, &sum))
        puts("no thread");
    printf("thread-local: %d here, %ld there\n", per_thread, (long)sum);
    printf("page %lu, pid is %s, clock %s\n", getauxval(AT_PAGESZ),
           getpid() > 1 ? "positive" : "wrong",
           clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec > 1600000000 ? "set" : "wrong");
    char *big = malloc(3 << 20);
    if (big)
        memset(big, 'x', 3 << 20);
    printf("malloc: %s\n", big && big[(3 << 20) - 1] == 'x' ? "3 MiB" : "none");
    free(big);
    print_file(argc > 1 ? argv[1] : "/nonexistent");
    print_file("/nonexistent");
    fflush(stdout);
    fprintf(stderr, "to stderr\n");
    return 42;
}
