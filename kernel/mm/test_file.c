/* SPDX-License-Identifier: MIT */
/*
 * Mappings of files, private and shared.  The file system is an array of pages here, some of which
 * are pinned somewhere else.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/signal.h"
#include "abi/linux/stat.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/shared.h"
#include "kernel/mm/test_world.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/vnode.h"
#include "tests/unit/test.h"

enum { FILE_PAGES = 32, MIB = 1 << 20, RW = PROT_READ | PROT_WRITE };

static u8 own[FILE_PAGES][PAGE_SIZE];
static u8 *pinned[FILE_PAGES];
static u64 file_size;
static bool unpin_fails;
static u64 array_reads;
static long file_changed;                        /* mtime                                   */
static struct vnode vnode;
static struct file *file;
static struct mm *mm;
static u64 base;

static u8 *page_at(u64 i)
{
    return pinned[i] ? pinned[i] : own[i];
}

static ssize_t array_read(struct file *f, struct iov *dst, u64 *pos)
{
    ssize_t done = 0, n;

    (void)f;
    array_reads++;
    while (*pos < file_size && iov_left(dst)) {
        u64 len = min_u64(file_size - *pos, PAGE_SIZE - page_offset(*pos));

        n = iov_put(dst, page_at(*pos / PAGE_SIZE) + page_offset(*pos),
                    min_u64(len, iov_left(dst)));
        CHECK(n > 0);
        *pos += (u64)n;
        done += n;
    }
    return done;
}

static int array_stat(struct file *f, struct stat *ret)
{
    (void)f;
    memset(ret, 0, sizeof(*ret));
    ret->st_mode = S_IFREG | 0644;
    ret->st_size = (long)file_size;
    ret->st_mtime = (unsigned long)file_changed;
    return 0;
}

static int array_getattr(struct vnode *v, struct vattr *ret)
{
    (void)v;
    *ret = (struct vattr){ .mode = S_IFREG | 0644, .size = file_size };
    return 0;
}

static int array_pin(struct vnode *v, u64 off, u64 len, void *to)
{
    (void)v;
    for (u64 i = 0; i < len / PAGE_SIZE; i++) {
        u64 page = off / PAGE_SIZE + i;

        CHECK(!pinned[page]);
        CHECK(page * PAGE_SIZE < file_size);
        pinned[page] = (u8 *)to + i * PAGE_SIZE;
        for (u32 k = 0; k < PAGE_SIZE; k++)
            CHECK_EQ(pinned[page][k], 0);
        memcpy(pinned[page], own[page], PAGE_SIZE);
    }
    return 0;
}

static int array_unpin(struct vnode *v, u64 off, u64 len)
{
    (void)v;
    if (unpin_fails)
        return -ENOMEM;
    for (u64 page = off / PAGE_SIZE; page < (off + len) / PAGE_SIZE; page++) {
        CHECK(pinned[page]);
        memcpy(own[page], pinned[page], PAGE_SIZE);
        pinned[page] = NULL;
    }
    return 0;
}

static const struct vnode_ops array_ops = {
    .getattr = array_getattr,
    .pin_pages = array_pin,
    .unpin_pages = array_unpin,
};

static const struct file_ops array_file_ops = {
    .kind = "array",
    .read = array_read,
    .getattr = array_stat,
};

/* The file becomes longer or shorter, as the VFS would let it. */
static void resize(u64 size)
{
    u64 end = page_ceil(size) / PAGE_SIZE;

    rw_lock(&vnode.lock);
    for (u64 i = end; i < FILE_PAGES; i++) {
        pinned[i] = NULL;
        memset(own[i], 0, PAGE_SIZE);
    }
    file_size = size;
    vnode_resized(&vnode);
    rw_unlock(&vnode.lock);
}

static u32 pinned_pages(void)
{
    u32 n = 0;

    for (u32 i = 0; i < FILE_PAGES; i++)
        n += pinned[i] != NULL;
    return n;
}

static void start(u64 size)
{
    world_start(64 * MIB);
    base = world.bp.low.lo + 16 * PAGE_SIZE;
    vnode_init(&vnode, NULL, &array_ops, S_IFREG | 0644, 1);
    CHECK_EQ(file_new(&array_file_ops, NULL, 2, &file), 0);
    file->vnode = vnode_get(&vnode);
    file->read_ok = file->write_ok = true;
    file_size = size;
    for (u64 i = 0; i < size; i++)
        own[i / PAGE_SIZE][i % PAGE_SIZE] = (u8)(i / PAGE_SIZE + 1);
    mm = mm_new();
}

static void end(void)
{
    CHECK(mm_is_sound(mm));
    mm_put(mm);
    CHECK_EQ(pinned_pages(), 0);
    file->vnode = NULL;
    file_put(file);
    world_check_nothing_left();
}

static s64 map_in(struct mm *in, u64 at, u64 pages, u32 prot, u32 flags, u64 page)
{
    struct map_request r = {
        .addr = at,
        .len = pages * PAGE_SIZE,
        .prot = prot,
        .flags = flags,
        .file = file,
        .offset = page * PAGE_SIZE,
    };

    return mm_map(in, &r);
}

TEST(private_mapping_has_the_content_and_keeps_its_changes_to_itself)
{
    u8 *at;

    start(3 * PAGE_SIZE + 100);
    at = (u8 *)map_in(mm, 0, 6, RW, MAP_PRIVATE, 1);
    CHECK((s64)at > 0);
    CHECK_EQ(at[0], 2);
    CHECK_EQ(at[2 * PAGE_SIZE + 99], 4);
    CHECK_EQ(at[2 * PAGE_SIZE + 100], 0);
    at[0] = 99;
    CHECK_EQ(own[1][0], 2);
    CHECK_EQ(mm_advise(mm, (u64)at, PAGE_SIZE, MADV_DONTNEED), 0);
    CHECK_EQ(at[0], 2);
    CHECK_EQ(mm_unmap(mm, (u64)at + PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQ(mapping_find(mm, (u64)at + 2 * PAGE_SIZE)->offset, 3 * PAGE_SIZE);
    end();
}

TEST(what_a_loader_maps_over_itself_is_not_read_again)
{
    u64 reads;
    u8 *at;

    start(8 * PAGE_SIZE);
    at = (u8 *)map_in(mm, 0, 8, PROT_READ, MAP_PRIVATE, 0);
    reads = array_reads;
    CHECK_EQ(map_in(mm, (u64)at + 2 * PAGE_SIZE, 3, RW, MAP_PRIVATE | MAP_FIXED, 2),
             (s64)at + 2 * PAGE_SIZE);
    CHECK_EQ(array_reads, reads);
    CHECK_EQ(at[2 * PAGE_SIZE], 3);
    at[2 * PAGE_SIZE] = 100;                     /* now it is the program's                 */
    CHECK_EQ(map_in(mm, (u64)at + 2 * PAGE_SIZE, 3, PROT_READ, MAP_PRIVATE | MAP_FIXED, 2),
             (s64)at + 2 * PAGE_SIZE);
    CHECK_EQ(at[2 * PAGE_SIZE], 3);

    reads = array_reads;
    CHECK_EQ(map_in(mm, (u64)at + 5 * PAGE_SIZE, 2, PROT_READ, MAP_PRIVATE | MAP_FIXED, 6),
             (s64)at + 5 * PAGE_SIZE);
    CHECK(array_reads > reads);                  /* another part                            */
    CHECK_EQ(at[5 * PAGE_SIZE], 7);
    own[0][0] = 50;
    file_changed = 1;
    CHECK_EQ(map_in(mm, (u64)at, 1, PROT_READ, MAP_PRIVATE | MAP_FIXED, 0), (s64)at);
    CHECK_EQ(at[0], 50);                         /* the file has changed                    */
    end();
}

TEST(pages_beyond_the_end_of_the_file_are_a_bus_error)
{
    u64 before;
    int code;
    s64 at;

    start(PAGE_SIZE + 1);
    before = world_user_bytes();
    at = map_in(mm, 0, 4, RW, MAP_PRIVATE, 0);
    CHECK_EQ(world_user_bytes() - before, 2 * PAGE_SIZE);
    CHECK_EQ(mm_fault(mm, (u64)at + 2 * PAGE_SIZE, PF_USER | PF_WRITE, &code), SIGBUS);
    CHECK_EQ(code, BUS_ADRERR);
    CHECK_EQ(mm_check(mm, (u64)at, 4 * PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(map_in(mm, (u64)at + 2 * PAGE_SIZE, 1, RW, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, 0),
             at + 2 * PAGE_SIZE);
    CHECK_EQ(*(u8 *)(at + 2 * PAGE_SIZE), 0);
    CHECK_EQ(mm_fault(mm, (u64)at + 3 * PAGE_SIZE, PF_USER, &code), SIGBUS);
    end();
}

TEST(files_are_mapped_as_they_were_opened)
{
    start(PAGE_SIZE);
    file->write_ok = false;
    CHECK_EQ(map_in(mm, 0, 1, RW, MAP_SHARED, 0), -EACCES);
    s64 at = map_in(mm, 0, 1, PROT_READ, MAP_SHARED, 0);
    CHECK(at > 0);
    CHECK_EQ(mm_protect(mm, (u64)at, PAGE_SIZE, RW), -EACCES);
    CHECK(map_in(mm, 0, 1, RW, MAP_PRIVATE, 0) > 0);
    file->read_ok = false;
    CHECK_EQ(map_in(mm, 0, 1, PROT_READ, MAP_PRIVATE, 0), -EACCES);
    vnode.type = S_IFDIR;
    end();
}

TEST(everybody_who_maps_a_file_shared_sees_the_same_memory)
{
    struct mm *other;
    u8 *at;

    start(4 * PAGE_SIZE);
    other = mm_new();
    at = (u8 *)map_in(mm, 0, 2, RW, MAP_SHARED, 1);
    CHECK((s64)at > 0);
    CHECK_EQ(at[0], 2);
    CHECK_EQ(map_in(other, 0, 4, PROT_READ, MAP_SHARED, 0), (s64)at - PAGE_SIZE);
    at[5] = 77;
    CHECK_EQ(page_at(1)[5], 77);
    page_at(2)[6] = 78;                          /* write(2)                                */
    CHECK_EQ(at[PAGE_SIZE + 6], 78);
    CHECK_EQ(mm_check(other, (u64)at, PAGE_SIZE, PROT_WRITE), -EFAULT);
    CHECK_EQ(mm_unmap(mm, (u64)at, 2 * PAGE_SIZE), 0);
    CHECK_EQ(mm_check(mm, (u64)at, PAGE_SIZE, PROT_READ), -EFAULT);
    CHECK_EQ(mm_check(other, (u64)at, PAGE_SIZE, PROT_READ), 0);
    mm_put(other);
    CHECK_EQ(pinned_pages(), 0);
    CHECK_EQ(own[1][5], 77);
    CHECK_EQ(world_host_prot((u64)at), 0);
    end();
}

TEST(a_file_mapped_twice_is_unmapped_twice)
{
    s64 at;

    start(4 * PAGE_SIZE);
    at = map_in(mm, 0, 4, PROT_READ, MAP_SHARED, 0);
    CHECK_EQ(map_in(mm, 0, 1, RW, MAP_SHARED, 1), at + PAGE_SIZE);
    CHECK(mm_is_sound(mm));
    CHECK_EQ(mm_unmap(mm, (u64)at, 4 * PAGE_SIZE), 0);
    CHECK_EQ(mm_check(mm, (u64)at, PAGE_SIZE, PROT_READ), -EFAULT);
    CHECK_EQ(mm_check(mm, (u64)at + PAGE_SIZE, PAGE_SIZE, PROT_WRITE), 0);
    CHECK_EQ(mm_unmap(mm, (u64)at + PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQ(pinned_pages(), 0);
    end();
}

TEST(a_shared_mapping_follows_the_size_of_its_file)
{
    int code;
    u8 *at;

    start(PAGE_SIZE);
    at = (u8 *)map_in(mm, 0, 8, RW, MAP_SHARED, 0);
    CHECK_EQ(at[0], 1);
    CHECK_EQ(mm_fault(mm, (u64)at + PAGE_SIZE, PF_USER, &code), SIGBUS);
    resize(4 * PAGE_SIZE);
    at[3 * PAGE_SIZE] = 5;
    CHECK_EQ(page_at(3)[0], 5);
    CHECK_EQ(mm_fault(mm, (u64)at + 4 * PAGE_SIZE, PF_USER, &code), SIGBUS);
    resize(2 * PAGE_SIZE);
    CHECK_EQ(world_host_prot((u64)at + 3 * PAGE_SIZE), 0);
    CHECK_EQ(mm_fault(mm, (u64)at + 3 * PAGE_SIZE, PF_USER, &code), SIGBUS);
    resize(4 * PAGE_SIZE);
    CHECK_EQ(at[3 * PAGE_SIZE], 0);
    end();
}

TEST(shared_mappings_split_and_change_protection_like_others)
{
    s64 at;

    start(8 * PAGE_SIZE);
    at = map_in(mm, 0, 8, RW, MAP_SHARED, 0);
    CHECK_EQ(mm_protect(mm, (u64)at + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(mm_check(mm, (u64)at + 2 * PAGE_SIZE, 1, PROT_WRITE), -EFAULT);
    CHECK_EQ(mm_unmap(mm, (u64)at + 3 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
    CHECK(mm_is_sound(mm));
    CHECK_EQ(mm_check(mm, (u64)at + 5 * PAGE_SIZE, 3 * PAGE_SIZE, PROT_WRITE), 0);
    CHECK_EQ(map_in(mm, (u64)at + 3 * PAGE_SIZE, 2, RW, MAP_SHARED | MAP_FIXED, 3),
             at + 3 * PAGE_SIZE);
    CHECK_EQ(mm_protect(mm, (u64)at, 8 * PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(mapping_size(mapping_find(mm, (u64)at)), 8 * PAGE_SIZE);
    end();
}

TEST(a_shared_file_can_be_put_into_a_reservation_and_leave_it_again)
{
    s64 at;

    start(4 * PAGE_SIZE);
    at = map_in(mm, base, 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
    CHECK_EQ(at, base);
    CHECK_EQ(map_in(mm, base + 4 * PAGE_SIZE, 4, RW, MAP_SHARED | MAP_FIXED, 0),
             (s64)base + 4 * PAGE_SIZE);
    CHECK_EQ(*(u8 *)(base + 4 * PAGE_SIZE), 1);
    CHECK_EQ(map_in(mm, base, 4, RW, MAP_SHARED | MAP_FIXED, 0), -ENOMEM);
    CHECK_EQ(map_in(mm, base + 4 * PAGE_SIZE, 4, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0),
             (s64)base + 4 * PAGE_SIZE);
    CHECK_EQ(*(u8 *)(base + 4 * PAGE_SIZE), 0);
    CHECK_EQ(pinned_pages(), 0);
    end();
}

TEST(pages_that_cannot_move_back_stay_until_the_file_goes)
{
    s64 at;

    start(2 * PAGE_SIZE);
    at = map_in(mm, 0, 2, RW, MAP_SHARED, 0);
    *(u8 *)at = 9;
    unpin_fails = true;
    CHECK_EQ(mm_unmap(mm, (u64)at, 2 * PAGE_SIZE), 0);
    CHECK_EQ(pinned_pages(), 2);
    unpin_fails = false;
    CHECK_EQ(map_in(mm, 0, 2, RW, MAP_SHARED, 0), at);
    CHECK_EQ(*(u8 *)at, 9);
    unpin_fails = true;
    CHECK_EQ(mm_unmap(mm, (u64)at, 2 * PAGE_SIZE), 0);
    vnode_up_ops.shared_release(&vnode);
    memset(pinned, 0, sizeof(pinned));
    end();
}

TEST(a_shared_mapping_without_memory_for_it_fails_and_leaves_nothing)
{
    start(FILE_PAGES * PAGE_SIZE);
    for (u64 n = 1; n < 4; n++) {
        world.fail_after = n;
        s64 at = map_in(mm, 0, FILE_PAGES, RW, MAP_SHARED, 0);
        bool failed = !world.fail_after;

        world.fail_after = 0;
        CHECK(mm_is_sound(mm));
        if (!failed) {
            CHECK(at > 0);
            break;
        }
        CHECK_EQ(at, -ENOMEM);
        CHECK_EQ(pinned_pages(), 0);
    }
    end();
}

TEST(mremap_of_a_shared_file_grows_where_it_is)
{
    s64 at;

    start(8 * PAGE_SIZE);
    at = map_in(mm, 0, 2, RW, MAP_SHARED, 0);
    CHECK_EQ(mm_remap(mm, (u64)at, 2 * PAGE_SIZE, 6 * PAGE_SIZE, MREMAP_MAYMOVE, 0), at);
    CHECK_EQ(*(u8 *)(at + 5 * PAGE_SIZE), 6);
    CHECK_EQ(mapping_size(mapping_find(mm, (u64)at)), 6 * PAGE_SIZE);
    CHECK_EQ(
        mm_remap(mm, (u64)at, 6 * PAGE_SIZE, 6 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, base),
        -ENOMEM);
    end();
}
