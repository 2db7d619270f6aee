# SPDX-License-Identifier: MIT
"""What the cases of the application suite are made of.

A case is a function that is given a machine and drives programs on it: on Linux itself (Native),
or inside the library OS (Target).  Both run the same files of the same root file system under the
same conditions (see native.c), so a case that passes natively and fails on a target has found
something.  A case says what is wrong by raising Failed, and returns nothing otherwise.

Everything is made below build/apps: roots/NAME (and NAME.cpio), bin/, debs/, logs/.  No program
runs without a time limit, and those still running when a case ends are killed, by their pid.
"""

import functools
import hashlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mkroot                                    # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TREE, os.environ.get('B', 'build'))
APPS = os.path.join(BUILD, 'apps')
PROGRAMS = os.path.join(HERE, 'programs')

CASES = []
RUNNABLE = {}                                    # name -> (function that gives a Root, argv)


class Failed(Exception):
    """A check does not hold; the text says which, and what was seen instead."""


class Skipped(Exception):
    """A case cannot be run on this machine; the text says what is missing."""


class Case:
    """A function and what the report says about it."""

    def __init__(self, name, checks, function, long):
        self.name = name
        self.checks = checks
        self.function = function
        self.long = long


def case(name, checks, long=False):
    """Decorator: add a case.  A long one is run by --long only."""
    def add(function):
        CASES.append(Case(name, checks, function, long))
        return function
    return add


def runnable(name, root, *argv):
    """Let `make run P=NAME` run this command line in the root that root() gives."""
    RUNNABLE[name] = (root, argv)


def expect(condition, text):
    """Raise Failed with the text unless the condition holds."""
    if not condition:
        raise Failed(text)


def expect_equal(what, seen, wanted):
    """Raise Failed showing both unless they are equal."""
    expect(seen == wanted, f'{what}: expected {wanted!r}, got {seen!r}')


def build(name, *command, sources):
    """Run a command that makes bin/NAME ("{}" in it), if a source is newer.  Returns the path."""
    path = os.path.join(APPS, 'bin', name)
    newest = max(os.stat(source).st_mtime for source in sources)
    if os.path.exists(path) and os.stat(path).st_mtime >= newest:
        return path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    command = [word.replace('{}', path) for word in command]
    if not shutil.which(command[0]):
        raise Skipped(f'{command[0]} is not installed (make deps)')
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          cwd=TREE)
    if done.returncode:
        raise Failed(f'{shlex.join(command)}: {done.stdout.decode(errors="replace").strip()}')
    return path


def build_c(name, source, *flags, compiler='gcc'):
    """A C program of programs/.  Returns its path."""
    source = os.path.join(PROGRAMS, source)
    sources = [source, compiler] if os.path.exists(compiler) else [source]
    return build(name, compiler, '-std=gnu11', '-O2', '-Wall', '-Wextra', '-D_GNU_SOURCE',
                 '-o', '{}', source, *flags, sources=sources)


def program(name):
    """The path of a file in programs/."""
    return os.path.join(PROGRAMS, name)


@functools.lru_cache(maxsize=None)
def debian_packages():
    """What dpkg and apt know; asked once."""
    return mkroot.Packages(os.path.join(APPS, 'debs'))


class Root:
    """A root file system: Debian packages, and files on top ({path inside: host path or bytes})."""

    def __init__(self, name, packages=(), files=None):
        self.name = name
        self.packages = list(packages)
        self.files = dict(files or {})
        self.path = os.path.join(APPS, 'roots', name)
        self.archive = self.path + '.cpio'

    def make(self):
        """Bring the directory up to date.  Returns a key that changes whenever its content does."""
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        try:
            mkroot.make_root(self.path, self.packages, debian_packages())
        except mkroot.RootError as error:
            raise Skipped(str(error)) from error
        with open(self.path + '.stamp', 'rb') as file:
            key = hashlib.sha256(file.read())
        for inside, source in sorted(self.files.items()):
            content, mode = source, 0o644
            if isinstance(source, str):
                with open(source, 'rb') as file:
                    content = file.read()
                mode = os.stat(source).st_mode & 0o777
            key.update(f'{inside} {mode:o} {len(content)}\n'.encode() + content)
            self.put(inside, content, mode)
        return key.hexdigest()

    def put(self, inside, content, mode):
        """Write one file, unless it is there already."""
        path = os.path.join(self.path, inside.lstrip('/'))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path):
            with open(path, 'rb') as file:
                if file.read() == content:
                    return
            os.unlink(path)
        with open(path, 'wb') as file:
            file.write(content)
        os.chmod(path, mode)

    def pack(self, myst):
        """Bring the archive up to date with the directory."""
        info = os.stat(myst)
        key = f'{self.make()} {info.st_size} {info.st_mtime_ns}\n'
        key_path = self.archive + '.key'
        if os.path.exists(self.archive) and os.path.exists(key_path):
            with open(key_path, encoding='utf-8') as file:
                if file.read() == key:
                    return
        done = subprocess.run([myst, 'mkcpio', self.path, self.archive], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        if done.returncode:
            raise Failed(f'myst mkcpio: {done.stdout.decode(errors="replace").strip()}')
        with open(key_path, 'w', encoding='utf-8') as file:
            file.write(key)


class Output:
    """What a program left behind."""

    def __init__(self, status, stdout, stderr):
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    def tail(self):
        """What the kernel said when it stopped, or the last lines it wrote, for a message."""
        lines = [line for line in (self.stdout + self.stderr).splitlines() if line.strip()]
        loud = [line for line in lines if line.startswith('*** ')]
        if loud:
            return ' / '.join(loud[:2])[:400]
        return ' / '.join(lines[-3:])[-400:] or 'no output'


class Server:
    """A program that runs until it is told to stop; its output goes to the log."""

    def __init__(self, process):
        self.process = process

    def wait_for_port(self, port, timeout=30):
        """Return once something accepts connections on the loopback port."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failed(f'the server ended at start with status {self.process.returncode}')
            try:
                socket.create_connection(('127.0.0.1', port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise Failed(f'nothing listens on port {port} after {timeout} s')

    def stop(self, number=signal.SIGTERM, timeout=15):
        """Send a signal, unless it has ended by itself, and return its status (128+N as a shell)."""
        if number is not None and self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise Failed(f'the server still runs {timeout} s after {number}') from error
        return 128 - status if status < 0 else status


class Machine:
    """Where programs run.  Subclasses say how; everything started is ended by close()."""

    name = ''

    def __init__(self, log_name):
        self.started = []
        self.notes = []
        log_path = os.path.join(APPS, 'logs', self.name, log_name + '.log')
        os.makedirs(os.path.dirname(log_path), exist_ok=True)
        # Servers write to it side by side with us: everybody appends.
        self.log = open(log_path, 'ab', buffering=0)   # pylint: disable=consider-using-with
        self.log.truncate(0)

    def command(self, root, argv, memory):
        """The command that runs argv in the root, as a list of words."""
        raise NotImplementedError

    def note(self, text):
        """Add a measured value to the line of the report."""
        self.notes.append(text)

    def run(self, root, *argv, stdin=b'', timeout=60, memory='256m', status=0):
        """Run a program to its end and return its Output; Failed if the status is not as said.

        status=None accepts any."""
        command = self.command(root, argv, memory)
        self.log.write(f'$ {shlex.join(command)}\n'.encode())
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout)
                late = False
            except subprocess.TimeoutExpired:
                process.kill()
                stdout, stderr = process.communicate()
                late = True
        self.log.write(stdout + stderr + f'[{process.returncode}]\n'.encode())
        number = process.returncode
        output = Output(128 - number if number < 0 else number,
                        stdout.decode(errors='replace'), stderr.decode(errors='replace'))
        if late:
            raise Failed(f'{argv[0]}: no end after {timeout} s: {output.tail()}')
        if status is not None and output.status != status:
            raise Failed(f'{argv[0]}: status {output.status} instead of {status}: '
                         f'{output.tail()}')
        return output

    def start(self, root, *argv, memory='256m'):
        """Start a server and return it."""
        command = self.command(root, argv, memory)
        self.log.write(f'$ {shlex.join(command)} &\n'.encode())
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log,
                                   stderr=self.log)    # pylint: disable=consider-using-with
        self.started.append(process)
        return Server(process)

    def close(self):
        """End what still runs."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.log.close()


class Native(Machine):
    """Linux itself."""

    name = 'native'

    def __init__(self, log_name):
        super().__init__(log_name)
        self.enter = build('native', 'gcc', '-std=gnu11', '-O2', '-Wall', '-D_GNU_SOURCE', '-o',
                           '{}', os.path.join(HERE, 'native.c'),
                           sources=[os.path.join(HERE, 'native.c')])

    def command(self, root, argv, memory):
        root.make()
        return [self.enter, root.path, *argv]


class Target(Machine):
    """The library OS, started by `myst exec-<target>` from a cpio archive of the root."""

    def __init__(self, log_name, target, myst, options=()):
        self.name = target
        super().__init__(log_name)
        self.myst = myst
        self.options = list(options)

    def command(self, root, argv, memory):
        root.pack(self.myst)
        return [self.myst, f'exec-{self.name}', '--memory-size', memory, *self.options,
                root.archive, *argv]


def free_port():
    """A port of the loopback interface on which nobody listened a moment ago."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def client(*argv, timeout=60):
    """Run a program of this machine that talks to a server; Failed unless it ends well."""
    if not shutil.which(argv[0]):
        raise Skipped(f'{argv[0]} is not installed (make deps)')
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise Failed(f'{argv[0]}: no end after {timeout} s') from error
    text = done.stdout.decode(errors='replace')
    expect(done.returncode == 0, f'{argv[0]}: status {done.returncode}: {text[-300:]}')
    return text


def expect_transcript(machine, root, inside, path, **options):
    """Run a transcript (programs/transcript.c) that lies in the root; it must read as written."""
    def lines(text):
        return [line for line in text.splitlines() if line.strip() and not line.startswith('#')]

    seen = lines(machine.run(root, '/bin/transcript', inside, **options).stdout)
    with open(path, encoding='utf-8') as file:
        wanted = lines(file.read())
    command = 'the start'
    for index, line in enumerate(wanted):
        if line.startswith('$ '):
            command = line
        got = seen[index] if index < len(seen) else 'the end'
        expect(got == line, f'after "{command}": expected "{line}", got "{got}"')
    expect(len(seen) == len(wanted), f'output after the end: {seen[len(wanted):][:2]}')
