# SPDX-License-Identifier: MIT
"""What a run says about its system calls: --strace and its filters, --perf, unhandled calls."""

import re

from command import BUILD, run, succeed

GCC = str(BUILD / 'bin/myst-gcc')

CALLS = r'''
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int p[2];

static void *reader(void *arg)
{
    char c;

    read(p[0], &c, 1);
    return arg;
}

static void threads(void)
{
    pthread_t t;

    pipe(p);
    pthread_create(&t, NULL, reader, NULL);
    usleep(50000);                       /* the reader is asleep by then */
    write(p[1], "x", 1);
    pthread_join(t, NULL);
}

int main(int argc, char **argv)
{
    char buf[100];

    if (!strcmp(argv[1], "threads")) {
        threads();
    } else if (!strcmp(argv[1], "fault")) {
        *(volatile char *)16 = 1;
    } else if (!strcmp(argv[1], "hello")) {
        write(1, "hello\n", 6);
    } else if (!strcmp(argv[1], "unhandled")) {
        syscall(SYS_ptrace, 0, 0, 0, 0);
    } else {
        int fd = open("/etc/passwd", O_RDONLY);

        read(fd, buf, sizeof(buf));
        close(fd);
        open("/nonexistent", O_RDONLY);
    }
    return 0;
}
'''

OPEN = '[101] open("/etc/passwd", O_RDONLY|O_LARGEFILE) = 3'
READ = '[101] read(3, "root:x:0:0:root:/root:/bin/sh\\n12"..., 100) = 35'
CLOSE = '[101] close(3) = 0'
FAIL = ('[101] open("/nonexistent", O_RDONLY|O_LARGEFILE) = -1 ENOENT (No such file or directory)')
EXIT = ['[101] exit_group(0) = ?', '[101] +++ exited with 0 +++']


def trace(folder, *options, what='files'):
    """The status and the lines on stderr of a run of the program with these options."""
    root = folder / 'root'
    if not root.exists():
        for name in ('bin', 'etc'):
            (root / name).mkdir(parents=True)
        (root / 'etc/passwd').write_text('root:x:0:0:root:/root:/bin/sh\n12345')
        (folder / 'calls.c').write_text(CALLS)
        succeed('-O1', '-w', '-static-pie', 'calls.c', '-o', root / 'bin/calls', program=GCC)
        succeed('mkcpio', root, folder / 'root.cpio')
    result = run('exec-linux', *options, folder / 'root.cpio', '/bin/calls', what)
    return result.status, result.err.splitlines()


def test_calls_are_printed_like_strace_does(folder):
    status, lines = trace(folder, '--strace')
    assert status == 0, lines
    at = lines.index(OPEN)
    assert lines[at:] == [OPEN, READ, CLOSE, FAIL] + EXIT, lines
    assert all(line.startswith('[101] ') for line in lines), lines


def test_filters_choose_calls_and_groups(folder):
    _, lines = trace(folder, '--strace-filter=SYS_read:close')
    assert lines == [READ, CLOSE, EXIT[1]], lines
    _, lines = trace(folder, '--strace-filter=file')
    assert lines == [OPEN, FAIL, EXIT[1]], lines
    _, lines = trace(folder, '--strace-exclude-filter=desc:memory')
    assert OPEN not in lines and READ not in lines and EXIT[0] in lines, lines


def test_failing_calls_alone_and_with_a_filter(folder):
    _, lines = trace(folder, '--strace-failing')
    assert lines == [FAIL, EXIT[1]], lines
    _, lines = trace(folder, '--strace-failing', '--strace-filter=close')
    assert lines == [CLOSE, FAIL, EXIT[1]], lines


def test_filters_of_threads_and_processes(folder):
    _, lines = trace(folder, '--strace', '--strace-filter-tid=102', what='threads')
    assert lines and all(line.startswith('[101/102] ') for line in lines), lines
    _, lines = trace(folder, '--strace', '--strace-filter-pid=7:8', what='threads')
    assert lines == [], lines
    _, lines = trace(folder, '--strace-filter-tid=101')
    assert OPEN in lines, lines


def test_a_call_that_sleeps_is_resumed(folder):
    _, lines = trace(folder, '--strace', what='threads')
    text = '\n'.join(lines)
    assert '[101/102] read(3 <unfinished ...>\n' in text, lines
    assert '\n[101/102] <... read resumed>, "x", 1) = 1\n' in text, lines
    assert text.index('read(3 <unf') < text.index('write(4, "x", 1) = 1'), lines


def test_a_fault_has_a_line(folder):
    status, lines = trace(folder, '--strace', what='fault')
    assert status == 139, lines
    assert lines[-2:] == ['[101] --- SIGSEGV {si_code=SEGV_MAPERR, si_addr=0x10} ---',
                          '[101] +++ killed by SIGSEGV +++'], lines


def test_host_calls_stand_under_their_call(folder):
    _, lines = trace(folder, '--strace=host', '--strace-filter=write', what='hello')
    assert lines[0] == '[101] write(1, "hello\\n", 6) = 6', lines
    assert re.fullmatch(r'\[101\]     host write\(\d+, \[6\]\) = 6', lines[1]), lines
    assert lines[2:] == [EXIT[1]], lines


def test_an_unhandled_call_ends_the_program_and_names_itself(folder):
    status, lines = trace(folder, what='unhandled')
    assert status == 128 + 31, lines
    assert lines == ['*** unhandled syscall: SYS_ptrace(101): pid=101 tid=101'], lines
    status, lines = trace(folder, '--strace', what='unhandled')
    assert '[101] ptrace(0, 0, NULL, NULL) = ?' in lines, lines


def test_an_unhandled_call_is_enosys_on_request_and_logged_once(folder):
    status, lines = trace(folder, '--unhandled-syscall-enosys', 'true', what='unhandled')
    assert status == 0, lines
    assert len(lines) == 1 and 'SYS_ptrace(101): pid=101 tid=101' in lines[0], lines
    assert lines[0].startswith('mystikos: notice: '), lines


def test_perf_prints_calls_by_cost(folder):
    _, lines = trace(folder, '--perf')
    row = re.compile(r'SYS_(\w+) +(\d+\.\d{4})sec (\d+\.\d\d)% \d+\.\d\d% \((\d+) calls\)$')
    rules = [i for i, line in enumerate(lines) if re.fullmatch('-+', line)]
    rows = [row.match(line) for line in lines[rules[0] + 1:rules[1]]]
    assert all(rows), lines
    calls = {match[1]: int(match[4]) for match in rows}
    assert calls['open'] == 2 and calls['read'] == 1, lines
    shares = [float(match[3]) for match in rows]
    assert shares == sorted(shares, reverse=True), lines
    assert 99 < sum(shares) <= 100, lines
