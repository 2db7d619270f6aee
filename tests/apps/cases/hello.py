# SPDX-License-Identifier: MIT
"""hello in C, linked in every way a distribution links programs."""

import os

from harness import BUILD, Root, Skipped, build_c, case, expect_equal, runnable

MUSL_LOADER = '/lib/ld-musl-x86_64.so.1'

WANTED = '''\
hello from /bin/hello, 2 words: two words
constructor 1, environment has MYST_TARGET
bss: 0 bytes dirty, sqrt(2) = 1.414214
thread-local: 7 here, 12 there
page 4096, pid is positive, clock set
malloc: 3 MiB
file: carried into the root
file: No such file or directory
atexit
'''


def check(machine, root):
    """Run hello and compare all it says."""
    done = machine.run(root, '/bin/hello', '/etc/greeting', 'one', 'two words', status=42)
    expect_equal('stdout', done.stdout, WANTED)
    expect_equal('stderr', done.stderr, 'to stderr\n')


def root_of(kind, path, packages=()):
    """A root with nothing but hello and what its packages bring."""
    return Root(f'hello-{kind}', packages,
                {'/bin/hello': path, '/etc/greeting': b'carried into the root\n'})


@case('hello-glibc', 'dynamic: arguments, TLS, threads, malloc, files, exit status')
def hello_glibc(machine):
    """The usual way."""
    check(machine, root_of('glibc', build_c('hello-glibc', 'hello.c', '-lm'), ['libc6']))


@case('hello-no-pie', 'the same, dynamic at fixed addresses (-no-pie)')
def hello_no_pie(machine):
    """Linked at 0x400000."""
    path = build_c('hello-no-pie', 'hello.c', '-no-pie', '-lm')
    check(machine, root_of('no-pie', path, ['libc6']))


@case('hello-static', 'the same, static')
def hello_static(machine):
    """No interpreter, fixed addresses."""
    check(machine, root_of('static', build_c('hello-static', 'hello.c', '-static', '-lm')))


@case('hello-static-pie', 'the same, static-pie')
def hello_static_pie(machine):
    """No interpreter, relocates itself."""
    check(machine, root_of('static-pie', build_c('hello-static-pie', 'hello.c', '-static-pie', '-lm')))


@case('hello-musl', 'the same, by myst-gcc, with the C runtime that comes with myst')
def hello_musl(machine):
    """The root has no interpreter: a target supplies the measured one; Linux needs it there."""
    compiler = os.path.join(BUILD, 'bin', 'myst-gcc')
    if not os.path.exists(compiler):
        raise Skipped('build/bin/myst-gcc is not there: make first')
    root = root_of('musl', build_c('hello-musl', 'hello.c', compiler=compiler))
    if machine.name == 'native':
        if not os.path.exists(MUSL_LOADER):
            raise Skipped('musl is not installed (make deps)')
        root = root_of('musl-native', build_c('hello-musl', 'hello.c', compiler=compiler))
        root.files[MUSL_LOADER] = MUSL_LOADER
    check(machine, root)


@case('hello-musl-static', 'the same, static, by myst-gcc')
def hello_musl_static(machine):
    """musl without an interpreter."""
    compiler = os.path.join(BUILD, 'bin', 'myst-gcc')
    if not os.path.exists(compiler):
        raise Skipped('build/bin/myst-gcc is not there: make first')
    check(machine, root_of('musl-static',
                           build_c('hello-musl-static', 'hello.c', '-static', compiler=compiler)))


runnable('hello', lambda: root_of('glibc', build_c('hello-glibc', 'hello.c', '-lm'), ['libc6']),
         '/bin/hello', '/etc/greeting')
