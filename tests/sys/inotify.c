/* SPDX-License-Identifier: MIT */
/* covers: inotify_init inotify_init1 inotify_add_watch inotify_rm_watch */
/*
 * inotify(7).
 */
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

#include "tests/sys/sys.h"

/* Reads everything there and writes it as "mask:name " words, masks in hex. */
static void events(int fd, char *text, size_t size)
{
    static char buf[65536] __attribute__((aligned(8)));
    ssize_t n = read(fd, buf, sizeof(buf));
    size_t used = 0;

    text[0] = 0;
    if (n == -1) {
        CHECK_EQ(errno, EAGAIN);
        return;
    }
    for (ssize_t at = 0; at < n;) {
        struct inotify_event *e = (struct inotify_event *)(buf + at);
        used +=
            (size_t)snprintf(text + used, size - used, "%x:%s ", e->mask, e->len ? e->name : "");
        at += (ssize_t)(sizeof(*e) + e->len);
    }
}

#define CHECK_EVENTS(fd, want)                                                                     \
    do {                                                                                           \
        char text_[2048];                                                                          \
        events(fd, text_, sizeof(text_));                                                          \
        CHECK_STR(text_, want);                                                                    \
    } while (0)

static int watch_dir(const char *path, uint32_t mask)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    CHECK_OK(fd);
    CHECK_OK(inotify_add_watch(fd, path, mask));
    return fd;
}

TEST(life_of_a_file_in_a_watched_directory)
{
    CHECK_OK(mkdir("d", 0755));
    int fd = watch_dir("d", IN_ALL_EVENTS);
    file_put("d/f", "x");
    CHECK_EVENTS(fd, "100:f 20:f 2:f 8:f ");     /* CREATE OPEN MODIFY CLOSE_WRITE          */
    CHECK_OK(close(open("d/f", O_RDONLY)));
    CHECK_EVENTS(fd, "20:f 10:f ");              /* OPEN CLOSE_NOWRITE                      */
    CHECK_OK(chmod("d/f", 0600));
    CHECK_EVENTS(fd, "4:f ");                    /* ATTRIB                                  */
    CHECK_OK(rename("d/f", "d/g"));
    CHECK_EVENTS(fd, "40:f 80:g ");              /* MOVED_FROM MOVED_TO                     */
    CHECK_OK(unlink("d/g"));
    CHECK_EVENTS(fd, "200:g ");                  /* DELETE                                  */
    CHECK_OK(mkdir("d/sub", 0755));
    CHECK_EVENTS(fd, "40000100:sub ");           /* CREATE, of a directory                  */
    CHECK_OK(rmdir("d/sub"));
    CHECK_EVENTS(fd, "40000200:sub ");
}

TEST(moves_are_tied_by_a_cookie)
{
    static char buf[1024] __attribute__((aligned(8)));

    CHECK_OK(mkdir("d", 0755));
    file_put("d/f", "");
    int fd = watch_dir("d", IN_MOVE);
    CHECK_OK(rename("d/f", "d/g"));
    CHECK(read(fd, buf, sizeof(buf)) > 0);
    struct inotify_event *from = (struct inotify_event *)buf;
    struct inotify_event *to = (struct inotify_event *)(buf + sizeof(*from) + from->len);
    CHECK(from->cookie != 0);
    CHECK_EQ(from->cookie, to->cookie);
    CHECK_OK(rename("d/g", "outside"));
    CHECK_EVENTS(fd, "40:g ");
}

TEST(watched_file_itself)
{
    file_put("f", "x");
    int fd = watch_dir("f", IN_ALL_EVENTS);
    int f = open("f", O_WRONLY);
    CHECK_EQ(write(f, "y", 1), 1);
    CHECK_OK(close(f));
    CHECK_EVENTS(fd, "20: 2: 8: ");              /* OPEN, MODIFY, CLOSE_WRITE               */
    CHECK_OK(rename("f", "g"));
    CHECK_EVENTS(fd, "800: ");                   /* MOVE_SELF                               */
    CHECK_OK(unlink("g"));
    CHECK_EVENTS(fd, "4: 400: 8000: ");          /* ATTRIB (links), DELETE_SELF, IGNORED    */
}

TEST(mask_selects)
{
    CHECK_OK(mkdir("d", 0755));
    int fd = watch_dir("d", IN_DELETE);
    file_put("d/f", "x");
    CHECK_EVENTS(fd, "");
    CHECK_OK(unlink("d/f"));
    CHECK_EVENTS(fd, "200:f ");
}

TEST(removed_watch_says_so_and_is_silent)
{
    CHECK_OK(mkdir("d", 0755));
    int fd = inotify_init1(IN_NONBLOCK);
    int wd = inotify_add_watch(fd, "d", IN_ALL_EVENTS);
    CHECK_OK(wd);
    CHECK_OK(inotify_rm_watch(fd, wd));
    CHECK_EVENTS(fd, "8000: ");
    file_put("d/f", "");
    CHECK_EVENTS(fd, "");
    CHECK_ERR(inotify_rm_watch(fd, wd), EINVAL);
}

TEST(adding_again_changes_the_mask)
{
    CHECK_OK(mkdir("d", 0755));
    int fd = inotify_init1(IN_NONBLOCK);
    int wd = inotify_add_watch(fd, "d", IN_CREATE);
    CHECK_EQ(inotify_add_watch(fd, "d", IN_DELETE), wd);
    file_put("d/f", "");
    CHECK_EVENTS(fd, "");
    CHECK_EQ(inotify_add_watch(fd, "d", IN_CREATE | IN_MASK_ADD), wd);
    file_put("d/g", "");
    CHECK_OK(unlink("d/g"));
    CHECK_EVENTS(fd, "100:g 200:g ");
    CHECK_ERR(inotify_add_watch(fd, "d", IN_CREATE | IN_MASK_CREATE), EEXIST);
}

TEST(oneshot_ends_after_one_event)
{
    CHECK_OK(mkdir("d", 0755));
    int fd = watch_dir("d", IN_CREATE | IN_ONESHOT);
    file_put("d/a", "");
    file_put("d/b", "");
    CHECK_EVENTS(fd, "100:a 8000: ");
}

TEST(equal_events_in_a_row_are_merged)
{
    file_put("f", "");
    int fd = watch_dir("f", IN_MODIFY);
    int f = open("f", O_WRONLY);
    CHECK_EQ(write(f, "a", 1), 1);
    CHECK_EQ(write(f, "b", 1), 1);
    CHECK_EQ(write(f, "c", 1), 1);
    CHECK_EVENTS(fd, "2: ");
}

TEST(readiness_and_sizes)
{
    char small[16];
    int n = 0;

    CHECK_OK(mkdir("d", 0755));
    int fd = watch_dir("d", IN_CREATE);
    struct pollfd p = { fd, POLLIN, 0 };
    CHECK_EQ(poll(&p, 1, 0), 0);
    file_put("d/f", "");
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_OK(ioctl(fd, FIONREAD, &n));
    CHECK_EQ(n, 32);
    CHECK_ERR(read(fd, small, sizeof(small)), EINVAL); /* does not fit                      */
    CHECK_EVENTS(fd, "100:f ");
}

TEST(errors)
{
    int fd = inotify_init();

    file_put("f", "");
    CHECK_OK(fd);
    CHECK_OK(symlink("f", "l"));
    CHECK_ERR(inotify_add_watch(fd, "no", IN_CREATE), ENOENT);
    CHECK_ERR(inotify_add_watch(fd, "f", 0), EINVAL);
    CHECK_ERR(inotify_add_watch(fd, "f", IN_CREATE | IN_ONLYDIR), ENOTDIR);
    CHECK_ERR(inotify_add_watch(-1, "f", IN_CREATE), EBADF);
    CHECK_ERR(inotify_add_watch(1, "f", IN_CREATE), EINVAL);
    CHECK_ERR(syscall(SYS_inotify_add_watch, fd, BAD_POINTER, IN_CREATE), EFAULT);
    CHECK_ERR(inotify_rm_watch(fd, 77), EINVAL);
    CHECK_ERR(inotify_rm_watch(-1, 1), EBADF);
    CHECK_ERR(inotify_init1(0x40000000), EINVAL);
    int a = inotify_add_watch(fd, "l", IN_ALL_EVENTS);
    CHECK_EQ(inotify_add_watch(fd, "f", IN_ALL_EVENTS), a); /* the link was followed        */
    CHECK(inotify_add_watch(fd, "l", IN_ALL_EVENTS | IN_DONT_FOLLOW) != a);
}
