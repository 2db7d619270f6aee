# SPDX-License-Identifier: MIT
"""The compiler wrapper."""

import os
import subprocess

from command import BUILD, run, succeed

GCC = str(BUILD / 'bin/myst-gcc')
MUSL = '/usr/lib/x86_64-linux-musl/libc.so'

HELLO = '''
#include <stdio.h>
#include <linux/futex.h>
int main(int argc, char **argv) { printf("hello %s\\n", argv[1]); return argc + FUTEX_WAKE; }
'''


def compile_hello(folder, *flags):
    (folder / 'hello.c').write_text(HELLO)
    succeed('hello.c', '-o', 'hello', *flags, program=GCC)
    return subprocess.run(['readelf', '-hld', 'hello'], capture_output=True, text=True,
                          check=True).stdout


def test_the_default_is_a_dynamic_pie_for_musl(folder):
    elf = compile_hello(folder, '-O2')
    assert 'DYN (Position-Independent Executable file)' in elf
    assert '[Requesting program interpreter: /lib/ld-musl-x86_64.so.1]' in elf
    assert 'RUNPATH' not in elf and 'RPATH' not in elf and 'libc.so.6' not in elf
    done = run('./hello', 'musl', program=MUSL)
    assert (done.status, done.out) == (3, 'hello musl\n'), done


def test_static_programs(folder):
    elf = compile_hello(folder, '-static')
    assert 'EXEC (Executable file)' in elf and 'INTERP' not in elf
    assert run('x', program=str(folder / 'hello')).out == 'hello x\n'


def test_static_pie_programs(folder):
    elf = compile_hello(folder, '-static-pie')
    assert 'DYN (' in elf and 'INTERP' not in elf
    assert run('x', program=str(folder / 'hello')).out == 'hello x\n'


def test_no_pie_programs(folder):
    elf = compile_hello(folder, '-no-pie', '-fno-pie')
    assert 'EXEC (' in elf and 'ld-musl' in elf


def test_shared_libraries_objects_and_preprocessing(folder):
    (folder / 'lib.c').write_text('int f(void) { return 42; }\n')
    (folder / 'main.c').write_text('int f(void);\nint main(void) { return f(); }\n')
    succeed('-shared', '-fPIC', 'lib.c', '-o', 'libf.so', program=GCC)
    succeed('-c', 'main.c', program=GCC)
    succeed('main.o', '-L.', '-lf', '-o', 'main', program=GCC)
    environment = dict(os.environ, LD_LIBRARY_PATH=str(folder))
    assert subprocess.run([MUSL, './main'], env=environment, check=False).returncode == 42
    assert 'return f();' in succeed('-E', 'main.c', program=GCC).out
    assert 'return 42' in succeed('-E', 'lib.c', program=GCC).out


def test_errors_of_the_compiler_are_passed_on(folder):
    (folder / 'bad.c').write_text('int main(void) { return x; }\n')
    result = run('bad.c', program=GCC)
    assert result.status == 1 and 'undeclared' in result.err


def test_cxx_is_refused_with_a_reason(folder):
    result = run('x.cc', program=str(BUILD / 'bin/myst-g++'))
    assert result.status == 1 and result.err.startswith('myst-g++: error: ')
    assert os.listdir(folder) == []
