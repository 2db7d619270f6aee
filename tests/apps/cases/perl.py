# SPDX-License-Identifier: MIT
"""Perl and the modules of its core."""

import re

from harness import Root, case, expect, program, runnable

ROOT = Root('perl', ['perl'], {'/app/perlsuite.pl': program('perlsuite.pl')})
runnable('perl', lambda: ROOT, '/usr/bin/perl', '-de', '0')


def expect_tap(text):
    """Every test of a TAP stream passes, and there are as many as planned."""
    broken = [line for line in text.splitlines() if line.startswith('not ok')]
    expect(not broken, '; '.join(broken))
    plan = re.search(r'^1\.\.(\d+)$', text, re.MULTILINE)
    expect(plan, 'no plan: the script ended early')
    passed = len(re.findall(r'^ok \d+', text, re.MULTILINE))
    expect(passed == int(plan[1]), f'{passed} tests of {plan[1]}')


@case('perl', 'regular expressions, files, locks, ithreads, signals, select, TCP to itself, zlib, Storable')
def perl(machine):
    """The script checks itself in TAP."""
    done = machine.run(ROOT, '/usr/bin/perl', '/app/perlsuite.pl', status=None, timeout=90)
    expect_tap(done.stdout + f'\nnot ok: exit status {done.status}: {done.tail()}' * bool(done.status))
