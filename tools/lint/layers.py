#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check every #include against LAYERS.

    layers.py [root]

A rule is one line, "folder : what its files may include", where the folder may be a file and both
sides may use * and ?.  The rule with the longest matching folder decides; a file may always include
its own folder and the compiler's freestanding headers.  A rule may name only what a rule above it
covers, or itself, so no cycle can be written down.  <x> stands for system headers.

Tests beside the code (test_*.c) see what their folder sees, the harness, the sim machine, and system headers.
"""

import pathlib
import re
import sys
from fnmatch import fnmatchcase

import tree

COMPILER = {f'<{name}.h>' for name in ('stdalign', 'stdarg', 'stdatomic', 'stdbool', 'stddef', 'stdint')}
FOR_TESTS = ['tests/unit', 'targets/sim', '<*>']
INCLUDE = re.compile(r'\s*#\s*include\s+(?:"([^"]+)"|(<[^>]+>))')


def covers(pattern, path):
    return fnmatchcase(path, pattern) or fnmatchcase(path, pattern + '/*')


class Rule:
    def __init__(self, folder, allowed):
        self.folder = folder
        self.allowed = allowed

    def permits(self, include):
        return any(covers(pattern, include) for pattern in self.allowed)


def read_rules(path, findings):
    rules = []
    for number, line in enumerate(tree.text(path).splitlines(), 1):
        folder, colon, allowed = line.split('#')[0].partition(':')
        if not colon:
            continue
        rule = Rule(folder.strip(), [word for word in allowed.split() if word != '-'])
        rules.append(rule)
        for word in rule.allowed:
            above = any(covers(r.folder, word) or covers(word, r.folder) for r in rules)
            if not word.startswith('<') and not above:
                findings.add(path.name, number, f'{rule.folder} names {word}, which neither it nor a rule above covers')
    return rules


def rule_for(rules, path):
    """The rule that decides about path: the longest, and of equals the last."""
    best = None
    for rule in rules:
        if covers(rule.folder, path) and (not best or len(rule.folder) >= len(best.folder)):
            best = rule
    return best


def check_file(root, path, rules, findings):
    rule = rule_for(rules, path.as_posix())
    for number, line in enumerate(tree.text(root / path).splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        include = match[1] or match[2]
        if include in COMPILER or pathlib.PurePosixPath(include).parent == path.parent:
            continue
        if match[1] and not (root / include).exists():
            findings.add(path, number, f'"{include}" is not a path from the root of the tree')
            continue
        if rule and rule.permits(include):
            continue
        if path.name.startswith('test_') and Rule('', FOR_TESTS).permits(include):
            continue
        who = rule.folder if rule else 'a folder that LAYERS does not know'
        findings.add(path, number, f'{who} may not include {include}')


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.')
    findings = tree.Findings('layers')
    rules = read_rules(root / 'LAYERS', findings)
    for path in tree.files(root, tree.SOURCE):
        check_file(root, path, rules, findings)
    findings.done()


main()
