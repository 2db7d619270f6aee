#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The benchmarks: what things cost inside, beside what they cost on Linux in the same run.

Every row of the table is one operation, measured with the same binary on both sides, in turns, so
that a change of the machine's mood meets both.  A round gives the best and the median of its
batches (micro.c) or starts (launch.c); the numbers shown are the best of all rounds, "ratio" is
their quotient, and "medians" the quotient of the medians of the rounds' medians.  The best is the
one to trust on a busy machine.  Goals stand beside what is reached; nothing fails if they are
missed.

Two threads that wait for each other are measured twice: as the scheduler places them, where it
matters most whether it wakes the partner on this processor or on an idle other one, and on one
processor, where only the system calls and the switch count.

    make bench              over a minute
    make bench QUICK=1      some ten seconds, and rougher

Everything is also written to build/bench.json.
"""

import argparse
import csv
import io
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time

BENCH = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(BENCH)
sys.path.insert(0, os.path.join(TREE, 'tests', 'apps'))
import harness                                   # noqa: E402

# The time of an operation inside, as a multiple of the native one: name in micro, what it is, goal.
# An "@1" after the name pins the process to one processor.
OPERATIONS = (
    ('null', 'null system call (bare instruction)', 0.10),
    ('getpid', 'getpid', None),
    ('clock_gettime', 'clock_gettime', 1.0),
    ('open_close', 'open + close', 0.2),
    ('stat', 'stat', 0.2),
    ('pipe_rw', 'pipe: write + read, one thread', 0.2),
    ('poll', 'poll, ready', 0.2),
    ('read_1', 'read 1 B', 0.2),
    ('read_4k', 'read 4 KiB', 0.2),
    ('read_64k', 'read 64 KiB', 0.7),
    ('write_1', 'write 1 B', 0.2),
    ('write_4k', 'write 4 KiB', 0.2),
    ('write_64k', 'write 64 KiB', 0.7),
    ('futex_pingpong', 'futex, two threads, there and back', 1.1),
    ('pipe_pingpong', 'pipe, two threads, there and back', 1.1),
    ('unix_pingpong', 'socketpair, two threads, there and back', 1.1),
    ('tcp_pingpong', 'TCP loopback, two threads, there and back', 1.2),
    ('futex_pingpong@1', 'futex, two threads on one CPU', 1.1),
    ('pipe_pingpong@1', 'pipe, two threads on one CPU', 1.1),
    ('unix_pingpong@1', 'socketpair, two threads on one CPU', 1.1),
    ('tcp_pingpong@1', 'TCP loopback, two threads on one CPU', 1.2),
    ('thread', 'pthread create + join', 1.2),
    ('mmap_64k', 'mmap + touch + munmap 64 KiB', 0.4),
    ('spawn', 'posix_spawn + wait, static program', 1.0),
)

STARTUP_GOAL = 5.0                               # times native fork + exec of the same binary
PEAK_GOAL_KIB = 16 * 1024
THROUGHPUT_GOAL = 0.9                            # of native requests per second

REDIS_REQUESTS = {'quick': 20_000, 'full': 100_000}


class Row:
    """One line of the table."""

    def __init__(self, name, label, unit, goal, at_least=False):
        self.name = name
        self.label = label
        self.unit = unit
        self.goal = goal
        self.at_least = at_least
        self.native = self.inside = self.ratio = self.ratio_of_medians = None
        self.error = None

    def set(self, native, inside):
        """The rounds of both sides: lists of (best, median)."""
        choose = max if self.at_least else min
        self.native = choose(best for best, _ in native)
        self.inside = choose(best for best, _ in inside)
        self.ratio = self.inside / self.native
        self.ratio_of_medians = (statistics.median(median for _, median in inside)
                                 / statistics.median(median for _, median in native))

    def met(self):
        """Whether the goal is met; None if there is none or nothing was measured."""
        if self.goal is None or self.ratio is None:
            return None
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    def print(self):
        """The line for people."""
        if self.error:
            print(f'{self.label:46} {self.error}', flush=True)
            return
        sign = '>=' if self.at_least else '<='
        goal = '' if self.goal is None else f'{sign} {self.goal:g}'
        verdict = {True: 'met', False: 'MISSED', None: ''}[self.met()]
        medians = '' if self.ratio_of_medians is None else f'{self.ratio_of_medians:.2f}'
        print(f'{self.label:46} {amount(self.native):>10} {amount(self.inside):>10} {self.unit:6}'
              f'{self.ratio:>7.2f} {medians:>8}  {goal:8} {verdict}', flush=True)

    def as_json(self):
        """The line for programs."""
        return {'name': self.name, 'label': self.label, 'unit': self.unit, 'native': self.native,
                'inside': self.inside, 'ratio': self.ratio,
                'ratio_of_medians': self.ratio_of_medians, 'goal': self.goal,
                'goal_is': '>=' if self.at_least else '<=', 'met': self.met(),
                'error': self.error}


def amount(value):
    """A number with as many digits as mean something."""
    return f'{value:.1f}' if value < 1000 else f'{value:.0f}'


def output_of(command, timeout):
    """Standard output of a command; harness.Failed with its last words if it fails."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise harness.Failed(f'no end after {timeout} s') from error
    if done.returncode:
        words = (done.stdout + done.stderr).decode(errors='replace').split('\n')
        raise harness.Failed(f'status {done.returncode}: {" ".join(words[-3:]).strip()}')
    return done.stdout.decode()


class Bench:
    """One run: what is measured how long, and the rows so far."""

    def __init__(self, args):
        self.quick = args.quick
        self.target = args.target
        self.myst = args.myst
        self.only = args.filter
        self.rounds = 3 if args.quick else 7
        self.options = args.option
        self.rows = []

    def inside(self, root, *argv, memory='64m'):
        """The command that runs argv inside."""
        root.pack(self.myst)
        return [self.myst, f'exec-{self.target}', '--memory-size', memory, *self.options,
                root.archive, *argv]

    def add(self, row, measure):
        """Let measure(row) fill a row, print it, keep it."""
        if self.only and self.only not in row.name:
            return
        try:
            measure(row)
        except (harness.Failed, harness.Skipped) as failure:
            row.error = ' '.join(str(failure).split())
        row.print()
        self.rows.append(row)

    def in_turns(self, native, inside, times=1):
        """Call both as often as there are rounds, alternately; the lists of their results."""
        pairs = [(native(), inside()) for _ in range(self.rounds * times)]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def operations(self):
        """The table of micro."""
        flags = [os.path.join(BENCH, name) for name in ('micro.c', 'micro_calls.c', 'micro_files.c',
                                                        'micro_threads.c')]
        micro = harness.build('micro', 'gcc', '-std=gnu11', '-O2', '-D_GNU_SOURCE', '-I.', '-o',
                              '{}', *flags, '-pthread',
                              sources=[*flags, os.path.join(BENCH, 'micro.h')])
        nothing = build('nothing', '-static')
        root = harness.Root('bench', ['libc6'], {'/bin/micro': micro, '/bin/nothing': nothing})
        sizes = ['--batches', '9', '--batch-us', '1000'] if self.quick else ['--batches', '15']

        def run(command, name):
            name, _, one_cpu = name.partition('@')
            pin = ['taskset', '-c', str(max(os.sched_getaffinity(0)))] if one_cpu else []
            words = output_of([*pin, *command, *sizes, name], 60).split()
            harness.expect(len(words) == 3 and words[0] == name, f'micro printed {words}')
            return float(words[1]), float(words[2])

        for name, label, goal in OPERATIONS:
            # Where the scheduler puts a partner is decided once a process: more of them.
            times = 3 if name.endswith('pingpong') else 1
            self.add(Row(name, label, 'ns', goal), lambda row, n=name, t=times: row.set(
                *self.in_turns(
                    lambda: run([micro, '--dir', '/dev/shm', '--spawn', nothing], n),
                    lambda: run(self.inside(root, '/bin/micro', '--dir', '/tmp', '--spawn',
                                            '/bin/nothing'), n), t)))

    def startup(self):
        """hello, linked in three ways, with little and with much memory."""
        launch = build('launch', '-static')
        count = '5' if self.quick else '15'
        peaks = {}

        def run(command, peak_name=None):
            words = [float(word) for word in output_of([launch, count, *command], 120).split()]
            peaks[peak_name] = max(peaks.get(peak_name, 0), words[2])
            return words[0] / 1e3, words[1] / 1e3

        for kind, root, path in hellos():
            for memory in ('64m', '8g'):
                name = f'start_{kind}_{memory}'
                self.add(Row(name, f'hello, {kind}, --memory-size {memory}', 'us', STARTUP_GOAL),
                         lambda row, p=path, r=root, m=memory, k=kind: row.set(*self.in_turns(
                             lambda: run([p], 'native'),
                             lambda: run(self.inside(r, '/bin/hello', memory=m), k))))

        def peak(row, kind):
            harness.expect('native' in peaks and kind in peaks, 'hello did not run')
            row.native, row.inside = peaks['native'], peaks[kind]
            row.ratio = row.inside / PEAK_GOAL_KIB

        for kind in ('glibc', 'musl', 'static'):
            self.add(Row(f'peak_{kind}', f'hello, {kind}: peak memory, of 16 MiB', 'KiB', 1.0),
                     lambda row, k=kind: peak(row, k))

    def redis(self):
        """Requests per second of the same redis-server, driven by the same client."""
        row = Row('redis', 'redis', '/s', THROUGHPUT_GOAL, at_least=True)
        try:
            self.redis_rows()
        except (harness.Failed, harness.Skipped) as failure:
            row.error = ' '.join(str(failure).split())
            row.print()
            self.rows.append(row)

    def redis_rows(self):
        """Both servers run all the time; the one that is not asked costs nothing."""
        root = harness.Root('redis', ['redis-server'])
        requests = REDIS_REQUESTS['quick' if self.quick else 'full']
        options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp']
        root.make()
        ports = [harness.free_port(), harness.free_port()]
        commands = ([os.path.join(root.path, 'usr/bin/redis-server'), *options, '--port',
                     str(ports[0])],
                    self.inside(root, '/usr/bin/redis-server', *options, '--port', str(ports[1]),
                                memory='512m'))
        servers = [harness.Server(subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                                   stdout=subprocess.DEVNULL,
                                                   stderr=subprocess.DEVNULL))
                   for command in commands]

        def run(port, pipeline):
            text = harness.client('redis-benchmark', '-p', str(port), '-t', 'set,get', '-n',
                                  str(requests * pipeline // (4 if pipeline > 1 else 1)), '-P',
                                  str(pipeline), '--csv', timeout=120)
            return {row['test']: float(row['rps']) for row in csv.DictReader(io.StringIO(text))}

        try:
            for server, port in zip(servers, ports):
                server.wait_for_port(port)
            for pipeline in (1, 16):
                self.throughput(pipeline, *self.in_turns(lambda p=pipeline: run(ports[0], p),
                                                         lambda p=pipeline: run(ports[1], p)))
        finally:
            for server in servers:
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()

    def throughput(self, pipeline, native, inside):
        """The rows of one depth of pipelining.  The goal is for none; the other is for information."""
        for test in ('SET', 'GET'):
            name = f'redis_{test.lower()}' + (f'_{pipeline}' if pipeline > 1 else '')
            label = f'redis {test}' + (f', {pipeline} at a time' if pipeline > 1 else '')
            row = Row(name, label, '/s', THROUGHPUT_GOAL if pipeline == 1 else None, at_least=True)
            self.add(row, lambda row, t=test: row.set([(one[t], one[t]) for one in native],
                                                      [(one[t], one[t]) for one in inside]))

    def write(self, path):
        """Everything, for programs."""
        with open(path, 'w', encoding='utf-8') as file:
            json.dump({'target': self.target, 'quick': self.quick, 'rounds': self.rounds,
                       'kernel': platform.release(), 'cpus': os.cpu_count(),
                       'rows': [row.as_json() for row in self.rows]}, file, indent=1)
            file.write('\n')


def build(name, *flags, compiler='gcc', source=None):
    """One of the C programs of this folder."""
    path = os.path.join(BENCH, (source or name) + '.c')
    return harness.build('bench-' + name, compiler, '-std=gnu11', '-O2', '-D_GNU_SOURCE', '-o', '{}',
                         path, *flags, sources=[path])


def hellos():
    """(how it is linked, root with it, path on the host) of each hello."""
    compiler = os.path.join(harness.BUILD, 'bin', 'myst-gcc')
    for kind, path, packages in (
            ('glibc', build('hello-glibc', source='hello'), ['libc6']),
            ('musl', build('hello-musl', compiler=compiler, source='hello'), []),
            ('static', build('hello-static', '-static', source='hello'), [])):
        yield kind, harness.Root(f'bench-{kind}', packages, {'/bin/hello': path}), path


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description='Measure, native beside inside.')
    parser.add_argument('--target', default='linux', help='run by `myst exec-TARGET` (linux)')
    parser.add_argument('--quick', action='store_true', default=bool(os.environ.get('QUICK')),
                        help='fewer and shorter rounds (also QUICK=1)')
    parser.add_argument('--filter', default='', help='only rows whose name contains this')
    parser.add_argument('--myst', default=os.path.join(harness.BUILD, 'bin', 'myst'))
    parser.add_argument('--option', action='append', default=[], metavar='OPT',
                        help='pass an option to myst exec')
    parser.add_argument('--json', default=os.path.join(harness.BUILD, 'bench.json'))
    args = parser.parse_args()
    if not os.access(args.myst, os.X_OK):
        sys.exit(f'{args.myst} is not there: make first')

    bench = Bench(args)
    started = time.monotonic()
    print(f'{"":46} {"native":>10} {args.target:>10} {"":6}{"ratio":>7} {"medians":>8}  goal')
    bench.operations()
    bench.startup()
    if not args.filter or 'redis' in args.filter:
        bench.redis()
    bench.write(args.json)
    verdicts = [row.met() for row in bench.rows if row.goal is not None]
    print(f'{verdicts.count(True)} of {len(verdicts)} goals met, '
          f'{sum(1 for row in bench.rows if row.error)} rows not measured '
          f'({time.monotonic() - started:.0f} s)')


if __name__ == '__main__':
    main()
