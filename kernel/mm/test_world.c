/* SPDX-License-Identifier: MIT */
/* A machine for the tests of mm/.  See test_world.h. */
#include "kernel/mm/test_world.h"
#include "kernel/core/commit.h"
#include "kernel/host/host.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/recycle.h"
#include "kernel/vfs/file.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <sys/mman.h>

enum { GIB = 1 << 30, WORLD_MAPPINGS = 1000 };   /* more than any test has at a time        */

#define WORLD_SIZE (64ull * GIB)

struct world world;

static u64 start_free, start_user, start_blocks;

/* The vDSO of the image, in miniature: an ELF header whose entry is all that is looked at. */
__asm__(".pushsection .rodata\n"
        ".balign 4096\n"
        ".globl vdso_image, vdso_image_end\n"
        "vdso_image: .zero 8192\n"
        "vdso_image_end:\n"
        ".popsection\n");

static bool refused(void)
{
    return world.fail_after && --world.fail_after == 0;
}

static int world_attach(const struct kernel_gates *gates)
{
    (void)gates;
    return 0;
}

static int world_protect(void *addr, size_t len, u32 prot)
{
    world.protects++;
    return refused() || mprotect(addr, len, (int)prot) ? -12 : 0;
}

static int world_discard(void *addr, size_t len)
{
    world.discards++;
    return refused() || madvise(addr, len, MADV_DONTNEED) ? -12 : 0;
}

static int world_sync_cores(void)
{
    return 0;
}

u64 world_user_bytes(void)
{
    return commit_used();
}

/* Nodes of the map of free addresses stay for ever: make them now, so that blocks can be counted. */
static void arena_warm(void)
{
    for (u32 i = 0; i < WORLD_MAPPINGS; i++)
        CHECK_EQ(arena_owner_add(), 0);
    for (u32 i = 0; i < WORLD_MAPPINGS; i++)
        arena_owner_remove();
}

static void world_make(u64 memory_size)
{
    static const struct target target = {
        .name = "test",
        .attach = world_attach,
        .protect = world_protect,
        .discard = world_discard,
        .sync_cores = world_sync_cores,
    };
    struct boot_params *bp = &world.bp;
    char *at =
        mmap(NULL, WORLD_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(at != MAP_FAILED);
    u64 base = ((u64)at + GIB - 1) & ~(u64)(GIB - 1);

    bp->version = BOOT_VERSION;
    bp->image = (struct range){ base, base };
    bp->heap = (struct range){ base, base + GIB };
    bp->low = (struct range){ base + GIB, base + GIB + (u64)WORLD_PAGES_LOW * PAGE_SIZE };
    bp->arena = (struct range){ base + 2ull * GIB, base + 60ull * GIB };
    bp->memory_size = memory_size;
    bp->patch_eager = bp->patch_lazy = true;
    commit_init(memory_size);
    CHECK_EQ(host_init(&target, bp, NULL), 0);
    CHECK_EQ(mm_init(bp, &(struct mm_entries){ 0x1234567000, 0x1234567040 }), 0);
    arena_warm();
}

void world_start(u64 memory_size)
{
    if (!world.bp.version) {
        machine_start();
        machine.quiet = true;
        world_make(memory_size);
        machine.quiet = false;
    }
    start_free = arena_free_bytes();
    start_user = world_user_bytes();
    start_blocks = machine.blocks;
}

void world_check_nothing_left(void)
{
    file_pool_drain();
    recycle_drain();
    CHECK(arena_check());
    CHECK_EQ(arena_free_bytes(), start_free);
    CHECK_EQ(world_user_bytes(), start_user);
    CHECK_EQ(machine.blocks, start_blocks);
}

u32 world_host_prot(u64 addr)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], r, w, x;
    unsigned long lo, hi;
    u32 prot = 0;

    while (fgets(line, sizeof(line), maps)) {
        if (sscanf(line, "%lx-%lx %c%c%c", &lo, &hi, &r, &w, &x) != 5 || addr < lo || addr >= hi)
            continue;
        prot = (r == 'r' ? 1 : 0) | (w == 'w' ? 2 : 0) | (x == 'x' ? 4 : 0);
    }
    fclose(maps);
    return prot;
}
