/* SPDX-License-Identifier: MIT */
/* covers: bind connect getsockname getpeername */
/*
 * Names of AF_UNIX sockets: paths, abstract, automatic, none.
 */
#include "tests/sys/socket_fixture.h"

static const socklen_t header = offsetof(struct sockaddr_un, sun_path);

TEST(abstract_names_live_outside_the_file_system)
{
    struct sockaddr_un name, back;
    socklen_t len = unix_abstract(&name, "a"), back_len = sizeof(back);

    int a = socket(AF_UNIX, SOCK_STREAM, 0), b = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(bind(a, (struct sockaddr *)&name, len));
    CHECK_ERR(bind(b, (struct sockaddr *)&name, len), EADDRINUSE);
    CHECK_OK(bind(b, (struct sockaddr *)&name, len - 1)); /* the length is part of the name */
    CHECK_OK(listen(a, 5));
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(connect(client, (struct sockaddr *)&name, len));
    CHECK_OK(getpeername(client, (struct sockaddr *)&back, &back_len));
    CHECK_EQ(back_len, len);
    CHECK_MEM(&back, &name, len);
    CHECK_OK(close(a));                          /* and the name is gone with the socket    */
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERR(connect(client, (struct sockaddr *)&name, len), ECONNREFUSED);
    a = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(bind(a, (struct sockaddr *)&name, len));
}

TEST(abstract_names_may_contain_any_bytes)
{
    struct sockaddr_un name;
    socklen_t len = unix_abstract(&name, "x");

    name.sun_path[len - header - 1] = 0;
    int a = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_OK(bind(a, (struct sockaddr *)&name, len));
    int b = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_EQ(sendto(b, "x", 1, 0, (struct sockaddr *)&name, len), 1);
}

TEST(autobind_invents_a_name)
{
    struct sockaddr_un name;
    socklen_t len = sizeof(name);

    int a = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_OK(bind(a, (struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX },
                  sizeof(sa_family_t)));
    CHECK_OK(getsockname(a, (struct sockaddr *)&name, &len));
    CHECK_EQ(len, header + 6);
    CHECK_EQ(name.sun_path[0], 0);
    int b = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_EQ(sendto(b, "x", 1, 0, (struct sockaddr *)&name, len), 1);
}

TEST(paths_are_files)
{
    struct stat st;

    umask(027);
    int a = socket(AF_UNIX, SOCK_STREAM, 0), b = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(bind_unix(a, "path"));
    CHECK_OK(stat("path", &st));
    CHECK_EQ(st.st_mode, S_IFSOCK | 0750);
    CHECK_ERR(bind_unix(b, "path"), EADDRINUSE);
    CHECK_OK(close(a));
    CHECK_ERR(bind_unix(b, "path"), EADDRINUSE); /* the node stays until unlinked           */
    CHECK_OK(unlink("path"));
    CHECK_OK(bind_unix(b, "path"));
    int c = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERR(bind_unix(c, "no/path"), ENOENT);
    file_put("file", "");
    CHECK_ERR(bind_unix(c, "file/path"), ENOTDIR);
    CHECK_ERR(bind_unix(c, "file"), EADDRINUSE);
    CHECK_ERR(open("path", O_RDWR), ENXIO);
}

TEST(renamed_sockets_are_found_under_the_new_name)
{
    int a = socket(AF_UNIX, SOCK_STREAM, 0);

    CHECK_OK(bind_unix(a, "old"));
    CHECK_OK(listen(a, 5));
    CHECK_OK(rename("old", "new"));
    CHECK_OK(symlink("new", "link"));
    CHECK_OK(connect_unix(socket(AF_UNIX, SOCK_STREAM, 0), "new"));
    CHECK_OK(connect_unix(socket(AF_UNIX, SOCK_STREAM, 0), "link"));
    CHECK_ERR(connect_unix(socket(AF_UNIX, SOCK_STREAM, 0), "old"), ENOENT);
}

TEST(full_length_paths_need_no_nul)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    struct {
        struct sockaddr_un name;
        char more[8];
    } back = { { 0 }, "" };
    socklen_t len = sizeof(back);

    memset(name.sun_path, 'n', sizeof(name.sun_path));
    int a = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(bind(a, (struct sockaddr *)&name, sizeof(name)));
    CHECK_OK(getsockname(a, (struct sockaddr *)&back, &len));
    CHECK_EQ(len, sizeof(name) + 1);             /* with the NUL that the kernel adds       */
    CHECK_MEM(&back, &name, sizeof(name));
}

TEST(write_permission_on_the_node_is_needed)
{
    need_root();
    int a = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(bind_unix(a, "path"));
    CHECK_OK(listen(a, 5));
    CHECK_OK(chmod("path", 0600));
    become(1000, 1000);
    CHECK_ERR(connect_unix(socket(AF_UNIX, SOCK_STREAM, 0), "path"), EACCES);
    become(0, 0);
    CHECK_OK(chmod("path", 0666));
    become(1000, 1000);
    CHECK_OK(connect_unix(socket(AF_UNIX, SOCK_STREAM, 0), "path"));
}

TEST(address_lengths_are_checked)
{
    struct sockaddr_un name = unix_name("path");
    socklen_t len;

    int a = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERR(bind(a, (struct sockaddr *)&name, 1), EINVAL);
    CHECK_ERR(bind(a, (struct sockaddr *)&name, sizeof(name) + 1), EINVAL);
    CHECK_ERR(bind(a, (struct sockaddr *)&name, (socklen_t)-1), EINVAL);
    CHECK_ERR(syscall(SYS_bind, a, BAD_POINTER, sizeof(name)), EFAULT);
    CHECK_ERR(syscall(SYS_connect, a, BAD_POINTER, sizeof(name)), EFAULT);
    name.sun_family = AF_INET;
    CHECK_ERR(bind(a, (struct sockaddr *)&name, sizeof(name)), EINVAL);
    name.sun_family = AF_UNIX;
    CHECK_OK(bind(a, (struct sockaddr *)&name, sizeof(name)));
    len = 4;                                     /* the answer is cut, the length is the whole */
    char small[8] = "#######";
    CHECK_OK(getsockname(a, (struct sockaddr *)small, &len));
    CHECK_EQ(len, header + 5);
    CHECK_EQ(small[4], '#');
    len = (socklen_t)-1;
    CHECK_ERR(getsockname(a, (struct sockaddr *)small, &len), EINVAL);
    CHECK_ERR(syscall(SYS_getsockname, a, small, BAD_POINTER), EFAULT);
    len = sizeof(name);
    CHECK_ERR(syscall(SYS_getsockname, a, BAD_POINTER, &len), EFAULT);
    CHECK_ERR(getsockname(-1, (struct sockaddr *)small, &len), EBADF);
}

TEST(nameless_sockets)
{
    struct sockaddr_un name;
    socklen_t len = sizeof(name);
    int s[2];

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    CHECK_OK(getsockname(s[0], (struct sockaddr *)&name, &len));
    CHECK_EQ(len, sizeof(sa_family_t));
    len = sizeof(name);
    CHECK_OK(getpeername(s[0], (struct sockaddr *)&name, &len));
    CHECK_EQ(len, sizeof(sa_family_t));
    CHECK_EQ(name.sun_family, AF_UNIX);
}
