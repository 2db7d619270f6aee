# SPDX-License-Identifier: MIT
"""What the lints have in common: which files there are, and how findings are reported."""

import pathlib
import sys

SOURCE = {'.c', '.h', '.S', '.def'}
SCRIPT = {'.py', '.sh', '.mk'}
FOLDERS = ('abi', 'include', 'kernel', 'targets', 'sgxemu', 'tools', 'tests', 'bench', 'mk')


def files(root, suffixes):
    """Every file of ours with one of the suffixes, by path relative to root, in order."""
    found = []
    for folder in FOLDERS:
        for path in (root / folder).rglob('*'):
            if path.suffix in suffixes and path.is_file():
                found.append(path.relative_to(root))
    return sorted(found)


def text(path):
    return path.read_text(encoding='utf-8', errors='replace')


class Findings:
    """Collects file:line: message; done() prints them and ends the program."""

    def __init__(self, name):
        self.name = name
        self.lines = []

    def add(self, path, line, message):
        self.lines.append(f'{path}:{line}: {message}')

    def done(self):
        for line in self.lines:
            print(line)
        print(f'{self.name}: {len(self.lines)} findings')
        sys.exit(1 if self.lines else 0)
