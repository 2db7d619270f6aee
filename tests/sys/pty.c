/* SPDX-License-Identifier: MIT */
/* covers: ioctl open read write setsid */
/*
 * Pseudo-terminals: line discipline, sizes, sessions and job control.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "tests/sys/sys.h"

static int master, slave;
static char slave_name[64];

static void open_pty(void)
{
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK_OK(master);
    CHECK_OK(grantpt(master));
    CHECK_OK(unlockpt(master));
    CHECK_EQ(ptsname_r(master, slave_name, sizeof(slave_name)), 0);
    slave = open(slave_name, O_RDWR | O_NOCTTY);
    CHECK_OK(slave);
}

/* The next bytes, however they are cut, up to count. */
static void check_read(int fd, const char *want)
{
    char buf[256] = "";
    size_t have = 0, len = strlen(want);

    while (have < len) {
        struct pollfd p = { fd, POLLIN, 0 };
        CHECK_EQ(poll(&p, 1, 5000), 1);
        ssize_t n = read(fd, buf + have, len - have);
        CHECK(n > 0);
        have += (size_t)n;
    }
    CHECK_STR(buf, want);
}

static void set_raw(void)
{
    struct termios t;

    CHECK_OK(tcgetattr(slave, &t));
    cfmakeraw(&t);
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
}

TEST(names_and_kinds)
{
    struct stat st;
    int n = -1;

    open_pty();
    CHECK_OK(ioctl(master, TIOCGPTN, &n));
    char want[32];
    snprintf(want, sizeof(want), "/dev/pts/%d", n);
    CHECK_STR(slave_name, want);
    CHECK_OK(fstat(slave, &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK(isatty(slave) && isatty(master));
}

TEST(canonical_mode_gives_lines_and_echoes)
{
    struct pollfd p;

    open_pty();
    CHECK_EQ(write(master, "hel", 3), 3);
    check_read(master, "hel");                   /* the echo                                */
    p = (struct pollfd){ slave, POLLIN, 0 };
    CHECK_EQ(poll(&p, 1, 0), 0);                 /* no line yet                             */
    CHECK_EQ(write(master, "lo\n", 3), 3);
    check_read(slave, "hello\n");
    check_read(master, "lo\r\n");
}

TEST(erase_kill_and_eof)
{
    char buf[16];

    open_pty();
    CHECK_EQ(write(master, "abcx\177d\n", 7), 7);
    check_read(slave, "abcd\n");
    CHECK_EQ(write(master, "garbage\025good\n", 13), 13);
    check_read(slave, "good\n");
    CHECK_EQ(write(master, "\004", 1), 1);
    CHECK_EQ(read(slave, buf, sizeof(buf)), 0);
    CHECK_EQ(write(master, "ab\004", 3), 3);
    CHECK_EQ(read(slave, buf, sizeof(buf)), 2);  /* a line without its newline              */
}

TEST(input_and_output_translation)
{
    open_pty();
    CHECK_EQ(write(master, "x\r", 2), 2);        /* ICRNL                                   */
    check_read(slave, "x\n");
    check_read(master, "x\r\n");
    CHECK_EQ(write(slave, "out\n", 4), 4);       /* ONLCR                                   */
    check_read(master, "out\r\n");
}

TEST(raw_mode_passes_everything_at_once)
{
    char c = 0;

    open_pty();
    set_raw();
    CHECK_EQ(write(master, "\003", 1), 1);
    CHECK_EQ(read(slave, &c, 1), 1);
    CHECK_EQ(c, 3);
    CHECK_EQ(write(master, "a\r", 2), 2);
    check_read(slave, "a\r");
    CHECK_EQ(write(slave, "b\n", 2), 2);
    check_read(master, "b\n");
    CHECK_EQ(poll(&(struct pollfd){ master, POLLIN, 0 }, 1, 0), 0); /* no echo              */
}

TEST(read_timing_of_noncanonical_mode)
{
    struct termios t;
    char buf[8];

    open_pty();
    set_raw();
    CHECK_OK(tcgetattr(slave, &t));
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 0;
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    CHECK_EQ(read(slave, buf, sizeof(buf)), 0);  /* nothing there: at once                  */
    t.c_cc[VTIME] = 1;
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    int64_t start = now_ns();
    CHECK_EQ(read(slave, buf, sizeof(buf)), 0);
    CHECK(now_ns() - start >= 90 * MS);
    t.c_cc[VMIN] = 3;
    t.c_cc[VTIME] = 0;
    CHECK_OK(tcsetattr(slave, TCSANOW, &t));
    CHECK_EQ(write(master, "abc", 3), 3);
    CHECK_EQ(read(slave, buf, sizeof(buf)), 3);
}

TEST(attributes_come_back)
{
    struct termios t, back;

    open_pty();
    CHECK_OK(tcgetattr(slave, &t));
    CHECK(t.c_lflag & ICANON);
    CHECK(t.c_lflag & ECHO);
    CHECK(t.c_lflag & ISIG);
    CHECK(t.c_iflag & ICRNL);
    CHECK(t.c_oflag & OPOST);
    CHECK_EQ(t.c_cc[VINTR], 3);
    CHECK_EQ(t.c_cc[VEOF], 4);
    t.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    t.c_cc[VINTR] = 'q';
    CHECK_OK(tcsetattr(master, TCSANOW, &t));    /* either end will do                      */
    CHECK_OK(tcgetattr(slave, &back));
    CHECK_EQ(back.c_lflag, t.c_lflag);
    CHECK_EQ(back.c_cc[VINTR], 'q');
    CHECK_ERR(ioctl(slave, TCGETS, BAD_POINTER), EFAULT);
}

static volatile sig_atomic_t got_signal;

static void on_signal(int signal)
{
    got_signal = signal;
}

TEST(window_size)
{
    struct winsize w = { 0, 0, 0, 0 }, set = { 40, 132, 0, 0 };

    open_pty();
    CHECK_OK(ioctl(slave, TIOCGWINSZ, &w));
    CHECK_EQ(w.ws_row, 0);
    CHECK_OK(ioctl(master, TIOCSWINSZ, &set));
    CHECK_OK(ioctl(slave, TIOCGWINSZ, &w));
    CHECK_EQ(w.ws_row, 40);
    CHECK_EQ(w.ws_col, 132);
}

TEST(hangup_when_the_other_end_closes)
{
    char c;

    open_pty();
    CHECK_OK(close(slave));
    CHECK_ERR(read(master, &c, 1), EIO);
    slave = open(slave_name, O_RDWR | O_NOCTTY); /* and it comes back                       */
    CHECK_OK(slave);
    CHECK_OK(close(master));
    CHECK_EQ(read(slave, &c, 1), 0);
    CHECK_ERR(write(slave, "x", 1), EIO);
    CHECK(poll(&(struct pollfd){ slave, POLLIN, 0 }, 1, 0) == 1);
}

TEST(flush_discards)
{
    open_pty();
    CHECK_EQ(write(master, "old\n", 4), 4);
    check_read(master, "old\r\n");
    CHECK_OK(tcflush(slave, TCIFLUSH));
    CHECK_EQ(write(master, "new\n", 4), 4);
    check_read(slave, "new\n");
    CHECK_OK(tcdrain(slave));
}

/* A session whose controlling terminal is argv[0]; reports what the tests ask on it. */
CHILD(session)
{
    char buf[16];

    CHECK(setsid() > 0);
    CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
    int tty = open(argv[0], O_RDWR);
    CHECK_OK(tty);
    if (strcmp(argv[1], "opened") != 0)
        CHECK_OK(ioctl(tty, TIOCSCTTY, 0));
    CHECK_OK(open("/dev/tty", O_RDWR));
    CHECK_EQ(tcgetsid(tty), getsid(0));
    CHECK_EQ(tcgetpgrp(tty), getpgrp());
    signal_handle(SIGINT, on_signal, 0);
    signal_handle(SIGWINCH, on_signal, 0);
    signal_handle(SIGQUIT, on_signal, 0);
    CHECK_EQ(write(tty, "ready\n", 6), 6);
    while (!got_signal)
        pause();
    CHECK_EQ(got_signal, SIGINT);
    got_signal = 0;
    CHECK_EQ(write(tty, "int\n", 4), 4);
    while (!got_signal)
        sleep_ms(1);
    CHECK_EQ(got_signal, SIGWINCH);
    CHECK_EQ(write(tty, "winch\n", 6), 6);
    ssize_t n = read(tty, buf, sizeof(buf));     /* until the hangup                        */
    return n >= 0 ? 50 : 51;
}

TEST(controlling_terminal_sends_signals)
{
    struct winsize size = { 10, 20, 0, 0 };

    open_pty();
    pid_t pid = child_start("session", slave_name, "scTTY");
    check_read(master, "ready\r\n");
    CHECK_EQ(write(master, "\003", 1), 1);       /* Ctrl-C                                  */
    check_read(master, "^Cint\r\n");
    CHECK_OK(ioctl(master, TIOCSWINSZ, &size));
    check_read(master, "winch\r\n");
    CHECK_OK(close(slave));
    CHECK_OK(close(master));
    CHECK_KILLED(pid, SIGHUP);
}

CHILD(background_reader)
{
    char c;

    CHECK_OK(setpgid(0, 0));
    return read(atoi(argv[0]), &c, 1) == -1 && errno == EIO ? 7 : 8;
}

CHILD(job_control)
{
    int status;

    CHECK(setsid() > 0);
    int tty = open(argv[0], O_RDWR);
    CHECK_OK(ioctl(tty, TIOCSCTTY, 0));
    /* A background read stops its group. */
    pid_t pid = child_start("background_reader", number(tty));
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
    /* In the foreground it may read. */
    CHECK_OK(tcsetpgrp(tty, pid));
    CHECK_EQ(tcgetpgrp(tty), pid);
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_EQ(write(tty, "go\n", 3), 3);
    CHECK_EXIT(pid, 8);
    return 0;
}

CHILD(job_control_runner)
{
    signal(SIGTTOU, SIG_IGN);                    /* we write and set groups from the background */
    return child_job_control(argc, argv);
}

TEST(background_processes_are_stopped_when_they_read)
{
    open_pty();
    pid_t pid = child_start("job_control_runner", slave_name);
    check_read(master, "go\r\n");
    CHECK_EQ(write(master, "x\n", 2), 2);
    CHECK_EXIT(pid, 0);
}

TEST(packet_and_nonblocking_master)
{
    char c;

    open_pty();
    CHECK_OK(fcntl(master, F_SETFL, O_NONBLOCK));
    CHECK_ERR(read(master, &c, 1), EAGAIN);
    CHECK_OK(fcntl(slave, F_SETFL, O_NONBLOCK));
    CHECK_ERR(read(slave, &c, 1), EAGAIN);
}

TEST(several_terminals_at_once)
{
    int m[8], s[8];

    for (int i = 0; i < 8; i++) {
        open_pty();
        m[i] = master;
        s[i] = slave;
    }
    for (int i = 0; i < 8; i++) {
        char line[4] = { (char)('0' + i), '\n', 0 };
        CHECK_EQ(write(m[i], line, 2), 2);
        check_read(s[i], line);
    }
}
