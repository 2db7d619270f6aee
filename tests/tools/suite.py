# SPDX-License-Identifier: MIT
"""Run every test_* function of the modules beside this one.

Each runs in an empty folder of its own.  A failed assertion or any other exception fails the test;
Skip skips it.  Words on the command line are pieces of names of tests to run.
"""

import importlib
import inspect
import os
import pathlib
import shutil
import sys
import tempfile
import traceback

from command import Skip

MODULES = ('test_options', 'test_cpio', 'test_hostile', 'test_gcc', 'test_strace',
           'test_lint', 'test_tee_header', 'test_tree')


def all_tests():
    for module in MODULES:
        functions = inspect.getmembers(importlib.import_module(module), inspect.isfunction)
        yield from (f for name, f in functions if name.startswith('test_'))


def run(test):
    """'passed', 'failed' or 'skipped'."""
    folder = tempfile.mkdtemp(prefix='myst-test-')
    before = os.getcwd()
    os.chdir(folder)
    try:
        test(pathlib.Path(folder))
        return 'passed'
    except Skip as skip:
        print(f'{test.__name__}: skipped: {skip}')
        return 'skipped'
    except Exception:                            # a test may fail in any way it likes
        traceback.print_exc(file=sys.stdout)
        print(f'FAILED {test.__name__}')
        return 'failed'
    finally:
        os.chdir(before)
        for path, _, _ in os.walk(folder):
            os.chmod(path, 0o700)
        shutil.rmtree(folder)


def main():
    wanted = sys.argv[1:]
    count = {'passed': 0, 'failed': 0, 'skipped': 0}
    for test in all_tests():
        if not wanted or any(word in test.__name__ for word in wanted):
            count[run(test)] += 1
    print('{passed} passed, {failed} failed, {skipped} skipped'.format(**count))
    sys.exit(1 if count['failed'] else 0)


main()
