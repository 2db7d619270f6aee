#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run the application suite: real programs, unmodified, as users run them.

One line per program says what was checked; the last line counts.  A case that fails on a target is
run natively as well, so that the line says on which side the fault lies.  The exit status is 0 if
nothing failed.  How to add a program stands in README.md.
"""

import argparse
import importlib
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness                                   # noqa: E402

# The order of the report: from the simplest program to the most demanding.
MODULES = ('hello', 'busybox', 'hostfs', 'coreutils', 'golang', 'sqlite', 'perl', 'python', 'terminal',
           'redis', 'nginx', 'testsuite')


def run_case(one, machine):
    """Run a case on a machine.  Returns ('ok' | 'FAIL' | 'skip', text)."""
    try:
        one.function(machine)
        return 'ok', ', '.join(machine.notes)
    except harness.Skipped as reason:
        return 'skip', str(reason)
    except harness.Failed as failure:
        return 'FAIL', ' '.join(str(failure).split())
    finally:
        machine.close()


def run_and_report(one, make_machine):
    """Run a case and print its line.  Returns the verdict."""
    started = time.monotonic()
    verdict, text = run_case(one, make_machine(one.name))
    seconds = time.monotonic() - started
    if verdict == 'FAIL' and make_machine is not harness.Native:
        native, native_text = run_case(one, harness.Native(one.name))
        text += {'ok': ' (passes natively)', 'skip': f' (not run natively: {native_text})',
                 'FAIL': f' (fails natively too: {native_text})'}[native]
    if verdict == 'ok':
        text = one.checks + (f' [{text}]' if text else '')
    print(f'{verdict:4}  {one.name:28} {text} ({seconds:.1f} s)', flush=True)
    return verdict


def run_program(args):
    """Become `myst exec` of one program of the suite."""
    if args.run not in harness.RUNNABLE:
        sys.exit(f'no program {args.run!r}; there are: {" ".join(sorted(harness.RUNNABLE))}')
    root, argv = harness.RUNNABLE[args.run]
    machine = make_machine_of(args)('run')
    command = machine.command(root(), argv, '512m')
    os.execv(command[0], command)


def make_machine_of(args):
    """The function that makes a machine for a log of a given name."""
    if args.native:
        return harness.Native
    if not os.access(args.myst, os.X_OK):
        sys.exit(f'{args.myst} is not there: make first')
    return lambda name: harness.Target(name, args.target, args.myst, args.option)


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description='Run the application suite.')
    parser.add_argument('--target', default='linux', help='run by `myst exec-TARGET` (linux)')
    parser.add_argument('--native', action='store_true', help='run on Linux itself instead')
    parser.add_argument('--filter', default='', help='only cases whose name contains this')
    parser.add_argument('--long', action='store_true', default=bool(os.environ.get('TEST_LONG')),
                        help='the long cases as well (also TEST_LONG=1)')
    parser.add_argument('--list', action='store_true', help='name the cases and stop')
    parser.add_argument('--run', metavar='PROGRAM', help='run one program at this terminal instead')
    parser.add_argument('--myst', default=os.path.join(harness.BUILD, 'bin', 'myst'))
    parser.add_argument('--option', action='append', default=[], metavar='OPT',
                        help='pass an option to myst exec, for example --option=--interception=trap')
    args = parser.parse_args()

    for module in MODULES:
        importlib.import_module(f'cases.{module}')
    chosen = [one for one in harness.CASES
              if one.name == args.filter
              or (args.filter in one.name and (args.long or not one.long))]
    if args.list:
        print('\n'.join(f'{one.name:28} {one.checks}' for one in chosen))
        return 0
    if args.run is not None:
        return run_program(args)
    if not chosen:
        sys.exit(f'no case matches {args.filter!r}')
    # Programs inherit ignored signals, and a shell's background jobs ignore these.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    make_machine = make_machine_of(args)
    verdicts = [run_and_report(one, make_machine) for one in chosen]
    print(f'{verdicts.count("ok")} passed, {verdicts.count("FAIL")} failed, '
          f'{verdicts.count("skip")} skipped')
    return 1 if 'FAIL' in verdicts else 0


if __name__ == '__main__':
    sys.exit(main())
