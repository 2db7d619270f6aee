/* SPDX-License-Identifier: MIT */
/*
 * ramfs and tmpfs: files in memory.  What the folder's files share.
 *
 *     ramfs_fs ── fs.root ──► ramfs_node (directory)
 *                               dir.table ──► chains ──► ramfs_entry ──► node ──► ramfs_node
 *                               dir.entries ──(in order of creation)──┘             │
 *                                                            file.root ──► pages  ◄─┘
 *
 * An entry owns a reference to its node.  Of a file that lies in the archive the file system was made
 * from there is only an entry until somebody looks it up: entry.node then holds the offset of its
 * record.  The file's content stays in the archive until it is written.
 *
 * Locks: vnode.lock of a directory guards its entries, that of a node everything else in it.  peek()
 * reads entries without a lock, inside an epoch: entries, tables and nodes are freed by
 * epoch_retire(), and ramfs_dir.seq is odd while the entries change.
 */
#pragma once
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/vfs/epoch.h"
#include "kernel/vfs/vnode.h"

struct ramfs_node;

/* One name in a directory: one cache line, because an archive brings thousands. */
struct ramfs_entry {
    struct ramfs_entry *_Atomic chain;           /* with the same hash                      */
    u64 node;                          /* [atomic] struct ramfs_node * (counts),
                                                    or record offset * 2 + 1                */
    union {
        struct {
            struct list link;                    /* in dir.entries, by cookie               */
            u64 cookie;
        };
        struct retired retired;                  /* once removed                            */
    };
    const char *name;                            /* behind the entry, or in the archive     */
    u32 hash;
    u32 ino;
    u8 len;
    u8 dtype;                                    /* DT_*                                    */
    bool pooled;                                 /* storage belongs to the fs's pool        */
};

struct ramfs_table {
    struct ramfs_entry *_Atomic *bucket;         /* behind the table, or ramfs_dir.only     */
    u32 mask;                                    /* buckets - 1                             */
    struct retired retired;
};

struct ramfs_dir {
    _Atomic u32 seq;                             /* odd: changing                           */
    u32 count;                                   /* entries                                 */
    struct ramfs_table *_Atomic table;
    struct ramfs_table small;                    /* of one bucket, for the few entries of most */
    struct ramfs_entry *_Atomic only;
    struct list entries;
    u64 next_cookie;
    struct ramfs_entry *_Atomic resume;          /* where the last readdir() stopped        */
};

/*
 * Content: a tree of pages, 64 slots to a node.  height 0: root is the slot of page 0.
 *
 * A slot is 0 (a hole) or a pointer with a tag: an own page; a page of a shared mapping, which is
 * not freed here (DATA_PINNED); a page of the archive, which is not written (DATA_ARCHIVE).  As long
 * as nothing was changed there is no tree: archive is the content, size bytes.
 */
enum { DATA_PINNED = 1, DATA_ARCHIVE = 2, DATA_TAGS = 3, DATA_FANOUT_BITS = 6, DATA_FANOUT = 64 };

struct ramfs_data {
    u64 size;
    u64 pages;                                   /* slots in use                            */
    u64 root;
    u32 height;
    const u8 *archive;
};

struct ramfs_xattr;

struct ramfs_node {
    struct vnode v;
    u32 nlink;
    u32 rdev_major, rdev_minor;
    bool linkable;                               /* O_TMPFILE without O_EXCL                */
    struct timespec64 atime, mtime, ctime, btime;
    struct ramfs_xattr *xattrs;                  /* owned list                              */
    union {
        struct ramfs_dir dir;
        struct ramfs_data file;
        struct {
            const char *text;                    /* not terminated                          */
            u32 len;
            bool owned;
        } link;
    };
};

struct ramfs_pool {
    struct ramfs_pool *next;
    u32 pages, used;
    struct ramfs_entry entry[];
};

struct ramfs_fs {
    struct fs fs;
    _Atomic u32 next_ino;
    _Atomic u64 pages, nodes;                    /* in use                                  */
    u64 pages_max, nodes_max;                    /* [const] after options; 0: no limit      */
    const u8 *archive;                           /* [const] or NULL                         */
    u64 archive_size;
    u32 archive_pages;                           /* [const] owned copy; 0: it lives for ever */
    struct ramfs_pool *pool;                     /* entries of the archive                  */
};

static inline struct ramfs_node *ramfs_node(struct vnode *v)
{
    return container_of(v, struct ramfs_node, v);
}

static inline struct ramfs_fs *ramfs_of(const struct vnode *v)
{
    return container_of(v->fs, struct ramfs_fs, fs);
}

extern const struct fs_type ramfs_fs, tmpfs_fs;
extern const struct vnode_ops ramfs_ops;

/* node.c */
/* A node with one reference and no name.  nlink is 0; -ENOSPC, -ENOMEM. */
int ramfs_node_new(struct ramfs_fs *fs, u32 mode, u32 ino, struct ramfs_node **ret) MUST_CHECK;
void ramfs_node_changed(struct ramfs_node *n);   /* mtime and ctime are now                 */
void ramfs_evict(struct vnode *v);
int ramfs_getattr(struct vnode *v, struct vattr *ret);
int ramfs_setattr(struct vnode *v, const struct vattr *a, u32 mask);
int ramfs_readlink(struct vnode *v, struct strbuf *dst);

/* dir.c */
void ramfs_dir_init(struct ramfs_node *dir);
void ramfs_dir_fini(struct ramfs_node *dir);     /* it has no entries                       */
struct ramfs_entry *ramfs_entry_find(struct ramfs_node *dir, struct name name);
/* Room for one more entry; then ramfs_entry_insert(), which cannot fail. */
int ramfs_dir_reserve(struct ramfs_node *dir) MUST_CHECK;
void ramfs_entry_insert(struct ramfs_node *dir, struct ramfs_entry *e);
struct ramfs_entry *ramfs_entry_new(struct name name); /* NULL: no memory                   */
/* e means n from now on; takes over a reference to n. */
void ramfs_entry_set(struct ramfs_entry *e, struct ramfs_node *n);
void ramfs_entry_free(struct ramfs_entry *e);
u32 ramfs_hash(const char *s, size_t len);
int ramfs_lookup(struct vnode *dir, struct name name, struct vnode **ret);
int ramfs_peek(struct vnode *dir, struct name name, struct vnode **ret);
int ramfs_create(struct vnode *dir, struct name name, const struct vattr *a, struct vnode **ret);
int ramfs_link(struct vnode *dir, struct name name, struct vnode *v);
int ramfs_unlink(struct vnode *dir, struct name name, struct vnode *v);
int ramfs_rename(struct vnode *from, struct name name, struct vnode *v, struct vnode *to,
                 struct name to_name, struct vnode *victim, u32 flags);
int ramfs_readdir(struct vnode *dir, u64 *cookie, readdir_emit emit, void *arg);

/* data.c: pages.  Each int is 0 or -ENOSPC. */
/* The slot of a page; NULL: a hole. */
u64 *data_slot(const struct ramfs_data *d, u64 index);
/* The same, made if there is none; NULL: no memory. */
u64 *data_slot_make(struct ramfs_data *d, u64 index);
/* The page as one that may be written.  whole: all of it will be, so that what is there need not be
 * copied (a new page is zero). */
int data_own(struct ramfs_fs *fs, struct ramfs_data *d, u64 index, bool whole, u8 **ret);
/* Build the tree of a file that has been its archive data so far. */
int data_leave_archive(struct ramfs_fs *fs, struct ramfs_data *d);
void data_erase(struct ramfs_fs *fs, struct ramfs_data *d, u64 first, u64 end);
/* The same, but pinned pages are not the file's any more instead of becoming zero. */
void data_forget(struct ramfs_fs *fs, struct ramfs_data *d, u64 first, u64 end);
void data_free(struct ramfs_fs *fs, struct ramfs_data *d); /* all of it: the file goes      */
/* The first index >= from (and < end) that is or is not a hole; end if there is none. */
u64 data_next(const struct ramfs_data *d, u64 from, u64 end, bool hole);
static inline u8 *data_page(u64 slot)
{
    return (u8 *)(slot & ~(u64)DATA_TAGS);
}

/* file.c */
ssize_t ramfs_read(struct vnode *v, struct iov *dst, u64 off);
ssize_t ramfs_write(struct vnode *v, struct iov *src, u64 off);
int ramfs_truncate(struct ramfs_node *n, u64 size) MUST_CHECK;
int ramfs_fallocate(struct vnode *v, u32 mode, u64 off, u64 len);
s64 ramfs_seek_data(struct vnode *v, u64 off, int whence);
int ramfs_pin_pages(struct vnode *v, u64 off, u64 len, void *base);
int ramfs_unpin_pages(struct vnode *v, u64 off, u64 len);

/* xattr.c */
ssize_t ramfs_getxattr(struct vnode *v, const char *name, void *dst, size_t size);
int ramfs_setxattr(struct vnode *v, const char *name, const void *src, size_t size,
                   enum xattr_how how);
ssize_t ramfs_listxattr(struct vnode *v, char *dst, size_t size);
void ramfs_xattrs_free(struct ramfs_node *n);

/* archive.c */
int ramfs_adopt(struct ramfs_fs *fs) MUST_CHECK; /* build the tree of fs->archive           */
int ramfs_node_from_record(struct ramfs_fs *fs, u64 offset, u32 ino, struct ramfs_node **ret)
    MUST_CHECK;
