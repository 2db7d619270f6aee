#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the shape of files: what the compiler and the formatter do not see.

    shape.py [root]

* The first line (after #!) carries the licence.
* A function of more than 70 lines, or a file of more than 800, says in the comment above it
  "Long because ...".
* No #if inside a function.
* A TODO names an issue: TODO(#12).  No XXX, no HACK.

It relies on the format: a function's braces stand alone in the first column.
"""

import pathlib
import re
import sys

import tree

FUNCTION_MAX = 70
FILE_MAX = 800
EXCUSE = 'Long because'
LICENCE = 'SPDX-License-Identifier: MIT'

CONDITIONAL = re.compile(r'\s*#\s*(if|ifdef|ifndef|elif|else)\b')
LEFTOVER = re.compile(r'\b(XXX|HACK|FIXME)\b')
TODO = re.compile(r'\bTODO\b(?!\(#\d+\))')


def check_licence(path, lines, findings):
    if not lines:                                # an empty file has nothing to license
        return
    first = lines[1] if lines[0].startswith('#!') and len(lines) > 1 else lines[0]
    if LICENCE not in first:
        findings.add(path, 1, f'the first line is not "{LICENCE}"')


def check_leftovers(path, lines, findings):
    for number, line in enumerate(lines, 1):
        if LEFTOVER.search(line):
            findings.add(path, number, 'a leftover: ' + LEFTOVER.search(line)[0])
        if TODO.search(line):
            findings.add(path, number, 'a TODO without an issue: write TODO(#n)')


def comment_above(lines, start):
    """The comment that ends above the declaration whose opening brace is lines[start]."""
    i = start - 1
    while i >= 0 and lines[i].strip() and not lines[i].rstrip().endswith('*/'):
        i -= 1
    end = i
    while i >= 0 and not lines[i].lstrip().startswith('/*'):
        i -= 1
    return ' '.join(lines[i:end + 1]) if 0 <= i <= end and lines[end].rstrip().endswith('*/') else ''


def function_name(lines, start):
    for i in range(start - 1, max(start - 8, -1), -1):
        match = re.match(r'[\w\s*]*?(\w+)\(', lines[i])
        if match and not lines[i][0].isspace():
            return match[1]
    return 'a function'


def check_functions(path, lines, findings):
    start = None
    for i, line in enumerate(lines):
        if line == '{':
            start = i
        elif line == '}' and start is not None:
            length = i - start - 1
            if length > FUNCTION_MAX and EXCUSE not in comment_above(lines, start):
                findings.add(path, start + 1,
                             f'{function_name(lines, start)} has {length} lines and no "{EXCUSE}"')
            start = None
        elif start is not None and CONDITIONAL.match(line):
            findings.add(path, i + 1, '#if inside a function')


def check_length(path, lines, findings):
    opening = '\n'.join(lines[:60])
    if len(lines) > FILE_MAX and EXCUSE not in opening:
        findings.add(path, 1, f'{len(lines)} lines and no "{EXCUSE}" in the opening comment')


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.')
    findings = tree.Findings('shape')
    for path in tree.files(root, tree.SOURCE | tree.SCRIPT):
        lines = tree.text(root / path).splitlines()
        check_licence(path, lines, findings)
        if path.parts[:2] != ('tools', 'lint'):
            check_leftovers(path, lines, findings)
        if path.suffix in {'.c', '.h'}:
            check_functions(path, lines, findings)
        if path.suffix in {'.c', '.h', '.S', '.py'}:
            check_length(path, lines, findings)
    findings.done()


main()
