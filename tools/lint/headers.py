#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compile each header alone, and twice in a row.

    headers.py 'compiler and flags for freestanding code' 'the same for hosted code'

include/myst/ is for programs of other people: its headers compile as C and as C++, without our
warnings but with nothing except themselves.
"""

import concurrent.futures
import os
import pathlib
import shlex
import subprocess
import sys

import tree

HOSTED = ('tools/', 'tests/', 'bench/', 'targets/')
FREESTANDING = ('targets/linux/inner/',)


def commands(path, kernel, host):
    name = path.as_posix()
    if name.startswith('include/myst/'):
        include = ['-Iinclude', '-Wall', '-Wextra', '-Werror']
        yield ['gcc', '-std=c99', '-x', 'c'] + include
        yield ['clang', '-std=c++11', '-x', 'c++'] + include
    elif name.startswith(HOSTED) and not name.startswith(FREESTANDING):
        yield host + ['-x', 'c']
    else:
        yield kernel + ['-x', 'c']


def compile_alone(path, kernel, host):
    include = path.as_posix().removeprefix('include/')
    source = f'#include "{include}"\n#include "{include}"\n'
    for command in commands(path, kernel, host):
        done = subprocess.run(command + ['-fsyntax-only', '-'], input=source, capture_output=True,
                              text=True, check=False)
        if done.returncode or 'warning:' in done.stderr:
            return done.stderr.strip().splitlines()[-1] if not done.stderr else done.stderr.strip()
    return None


def main():
    kernel, host = (shlex.split(argument) for argument in sys.argv[1:3])
    findings = tree.Findings('headers')
    paths = [p for p in tree.files(pathlib.Path('.'), {'.h'}) if not p.as_posix().startswith('tests/')
             or p.as_posix().startswith('tests/unit/')]

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, error in zip(paths, pool.map(lambda p: compile_alone(p, kernel, host), paths)):
            if error:
                findings.add(path, 1, 'does not compile alone:\n' + error)
    findings.done()


main()
