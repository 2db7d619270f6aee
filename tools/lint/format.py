#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Format C sources: clang-format 14, then marginal comments.

    format.py [--check] [file...]       default: every .c and .h of the tree

A marginal comment stands at the right of code.  clang-format would put it right behind the code;
ours start in column 50 and end in column 94, so that they read as a margin.  Lines that follow each
other share a start, further right if the code of one of them is longer.

--check changes nothing and names the files that would change.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

import tree

VERSION = '14'
START = 49              # columns in front of a marginal comment
END = 94                # where it ends if it is shorter
WIDTH = 100

MARGINAL = re.compile(r'^(?P<code>.*\S)\s*/\*\s*(?P<note>(?:(?!\*/|/\*).)*?)\s*\*/$')
BARE = re.compile(r'^\s*(#\s*(else|endif)\b|[}\]);,]*$|\\$)')


def formatter():
    for name in (f'clang-format-{VERSION}', 'clang-format'):
        path = shutil.which(name)
        if path and f'version {VERSION}.' in subprocess.check_output([path, '--version'], text=True):
            return path
    sys.exit(f'format: clang-format {VERSION} is not installed (make deps)')


class Line:
    """A line of code and its marginal comment, if it has one."""

    def __init__(self, text, code, note):
        self.text = text
        self.code = code
        self.note = note


def inside_string(code):
    return code.replace('\\"', '').replace("'\"'", '').count('"') % 2 == 1


def split(text):
    """The lines of a file, with marginal comments taken apart."""
    in_block = False
    for line in text.split('\n'):
        match = None if in_block else MARGINAL.match(line)
        if match and not BARE.match(match['code']) and not inside_string(match['code']):
            yield Line(line, match['code'], match['note'])
        else:
            yield Line(line, None, None)
        opened, closed = line.rfind('/*'), line.rfind('*/')
        if opened != closed:
            in_block = opened > closed if not in_block else closed < 0 or opened > closed


def collapse(text):
    return '\n'.join(f'{l.code} /* {l.note} */' if l.code else l.text for l in split(text))


def shared_start(block):
    """The column in which most comments of the block can start; the longest lines may not."""
    codes = sorted(len(line.code) for line in block)
    while codes:
        start = max(START, codes.pop() + 1)
        fitting = [l for l in block if len(l.code) < start]
        if all(start + len(l.note) + 6 <= WIDTH for l in fitting):
            return start
    return START


def place(block):
    """Marginal comments of lines that follow each other."""
    shared = shared_start(block)
    for line in block:
        start = max(shared, len(line.code) + 1)
        yield f'{line.code:{start}}/* {line.note:{max(END - start - 6, 0)}} */'


def align(text):
    done, block = [], []
    for line in split(text):
        if line.code:
            block.append(line)
            continue
        done += place(block)
        block = []
        done.append(line.text)
    return '\n'.join(done + list(place(block)))


def formatted(tool, path):
    text = collapse(path.read_text(encoding='utf-8'))
    command = [tool, '--style=file', f'--assume-filename={path}']
    return align(subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout)


def main():
    arguments = sys.argv[1:]
    check = arguments[:1] == ['--check']
    paths = [pathlib.Path(a) for a in arguments[1 if check else 0:]]
    paths = paths or tree.files(pathlib.Path('.'), {'.c', '.h'})
    tool = formatter()
    findings = tree.Findings('format')

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, text in zip(paths, pool.map(lambda p: formatted(tool, p), paths)):
            if text == path.read_text(encoding='utf-8'):
                continue
            if check:
                findings.add(path, 1, 'not formatted (make format)')
            else:
                path.write_text(text, encoding='utf-8')
    if check:
        findings.done()


main()
