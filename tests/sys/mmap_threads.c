/* SPDX-License-Identifier: MIT */
/* covers: mmap munmap mprotect mremap madvise */
/*
 * Many threads change their own mappings at once.  What one thread gets is zero, keeps what the
 * thread writes, and is never touched by another.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "tests/sys/sys.h"

enum { THREADS = 6, SLOTS = 12, STEPS = 1500, PAGES_MAX = 40 };

struct slot {
    char *p;
    size_t size;
    char tag;
};

static atomic_int wrong;

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed >> 8;
}

/* One byte of each half KiB. */
static void expect(const char *p, size_t size, char tag)
{
    for (size_t i = 0; i < size; i += 512)
        if (p[i] != tag)
            wrong++;
}

static void fill(struct slot *s, unsigned *seed)
{
    s->tag = (char)(1 + next(seed) % 100);
    memset(s->p, s->tag, s->size);
}

static void make(struct slot *s, unsigned *seed)
{
    int lazy = next(seed) % 4 ? 0 : MAP_NORESERVE;

    s->size = (1 + next(seed) % PAGES_MAX) * PAGE;
    s->p = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | lazy, -1, 0);
    if (s->p == MAP_FAILED) {
        wrong++;
        s->p = NULL;
        return;
    }
    expect(s->p, s->size, 0);
    fill(s, seed);
}

static void resize(struct slot *s, unsigned *seed)
{
    size_t size = (1 + next(seed) % PAGES_MAX) * PAGE;
    char *p = mremap(s->p, s->size, size, MREMAP_MAYMOVE);

    if (p == MAP_FAILED) {
        wrong++;
        return;
    }
    expect(p, size < s->size ? size : s->size, s->tag);
    if (size > s->size)
        expect(p + s->size, size - s->size, 0);
    s->p = p;
    s->size = size;
    fill(s, seed);
}

static void change(struct slot *s, unsigned *seed)
{
    switch (next(seed) % 6) {
    case 0:
        wrong += munmap(s->p, s->size) != 0;
        s->p = NULL;
        break;
    case 1:
        wrong += mprotect(s->p, s->size, PROT_READ) != 0;
        expect(s->p, s->size, s->tag);
        wrong += mprotect(s->p, s->size, PROT_READ | PROT_WRITE) != 0;
        break;
    case 2:
        resize(s, seed);
        break;
    case 3:
        wrong += madvise(s->p, s->size, MADV_DONTNEED) != 0;
        expect(s->p, s->size, 0);
        fill(s, seed);
        break;
    case 4:
        wrong += mmap(s->p, s->size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != s->p;
        expect(s->p, s->size, 0);
        fill(s, seed);
        break;
    default:
        expect(s->p, s->size, s->tag);
    }
}

static void *work(void *arg)
{
    struct slot slots[SLOTS] = { { 0 } };
    unsigned seed = (unsigned)(uintptr_t)arg * 7919;

    for (int i = 0; i < STEPS; i++) {
        struct slot *s = &slots[next(&seed) % SLOTS];

        if (s->p)
            change(s, &seed);
        else
            make(s, &seed);
    }
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].p)
            munmap(slots[i].p, slots[i].size);
    return NULL;
}

TEST(threads_keep_their_mappings_to_themselves)
{
    pthread_t threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, work, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(wrong, 0);
}

static _Atomic(char *) shared_page;
static atomic_int stop;

/* Reads through a system call while the page comes and goes: bytes or EFAULT, nothing else. */
static void *reader(UNUSED void *arg)
{
    int p[2];

    if (pipe(p)) {
        wrong++;
        return NULL;
    }
    while (!stop) {
        char byte;
        ssize_t n = write(p[1], shared_page, 1);

        if (n == 1)
            wrong += read(p[0], &byte, 1) != 1;
        else if (errno != EFAULT)
            wrong++;
    }
    close(p[0]);
    close(p[1]);
    return NULL;
}

TEST(system_calls_survive_memory_that_comes_and_goes)
{
    pthread_t thread;
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    shared_page = p;
    CHECK_EQ(pthread_create(&thread, NULL, reader, NULL), 0);
    for (int i = 0; i < 3000; i++) {
        CHECK_OK(munmap(p, PAGE));
        CHECK(mmap(p, PAGE, i % 3 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                   -1, 0) == p);
    }
    stop = 1;
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(wrong, 0);
}
