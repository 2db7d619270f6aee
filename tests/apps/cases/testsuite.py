# SPDX-License-Identifier: MIT
"""CPython's own tests from Debian's libpython3.11-testsuite, module by module.

programs/python-modules.txt lists each module with the number of its tests that pass on Linux under
the conditions of native.c; a module passes if at least as many pass here and none fails.
"""

import re

from harness import Root, case, expect, program
from cases.python import PIE_INTERPRETER, pie_python

# Some modules skip tests unless there are 6 GiB of disk, which is memory here; none uses so much.
MEMORY = '8g'


def root():
    """The tests, the shell and tools that they start, and an interpreter that can start itself."""
    return Root('testsuite', ['libpython3.11-testsuite', 'libpython3.11', 'dash', 'coreutils', 'netbase'],
                {PIE_INTERPRETER: pie_python()})


def modules():
    """(name, tests that must pass, long, options) of each line of the list."""
    with open(program('python-modules.txt'), encoding='utf-8') as file:
        for line in file:
            words = line.partition('#')[0].split()
            if words:
                options = words[2:]
                is_short = options[:1] == ['short']
                yield words[0], int(words[1]), not is_short, options[is_short:]


def count_passed(text):
    """How many tests passed, from the summaries that unittest prints."""
    ran = sum(map(int, re.findall(r'^Ran (\d+) tests? in', text, re.MULTILINE)))
    skipped = sum(map(int, re.findall(r'^OK \(.*?skipped=(\d+)', text, re.MULTILINE)))
    return ran - skipped


def run_module(machine, name, wanted, options):
    """Run one module of test."""
    done = machine.run(root(), PIE_INTERPRETER, '-m', 'test', '-v', *options, name, status=None, memory=MEMORY,
                       timeout=240)
    text = done.stdout + done.stderr
    broken = sorted(set(re.findall(r'^(?:FAIL|ERROR): (\w+)', text, re.MULTILINE)))
    reasons = re.findall(r'^\w[\w.]*(?:Error|Exception|Interrupt)\b.*', text, re.MULTILINE)
    expect(not broken, f'{len(broken)}: {", ".join(broken[:6])}: {"; ".join(reasons[:3])[:200]}')
    expect(done.status == 0, f'status {done.status}: {done.tail()}')
    passed = count_passed(text)
    expect(passed >= wanted, f'{passed} tests passed instead of {wanted}')
    machine.note(f'{passed} tests')


for module, tests, is_long, regrtest_options in modules():
    case(f'python-{module}', 'libpython: -m test', is_long)(
        lambda machine, name=module, wanted=tests, options=regrtest_options:
        run_module(machine, name, wanted, options))
