# SPDX-License-Identifier: MIT
"""Python 3.11 from Debian's packages, with test programs of ours.

INTERPRETER is Debian's program.  It is linked at fixed addresses and so cannot start itself before
image exchange; where a test does that, PIE_INTERPRETER is used, the same interpreter from Debian's
libpython3.11 (programs/pie_python.c).
"""

import os
import re

from harness import (APPS, Root, Skipped, build, build_c, case, expect, expect_equal, program,
                     runnable)

INTERPRETER = '/usr/bin/python3.11'
PIE_INTERPRETER = '/usr/bin/pie_python3.11'
SUITES = ('threads', 'aio', 'tls', 'processes', 'foreign')


def certificate():
    """A key and a certificate of our own for localhost.  Returns the paths of both."""
    request = program('python/request.cnf')
    key = os.path.join(APPS, 'bin', 'key.pem')
    path = build('certificate.pem', 'openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
                 '-days', '36500', '-config', request, '-keyout', key, '-out', '{}',
                 sources=[request])
    return path, key


def pie_python():
    """The path of PIE_INTERPRETER on the host."""
    return build_c('pie_python3.11', 'pie_python.c', '-pie', '-fPIE', '-l:libpython3.11.so.1.0')


def python_root():
    """One root for all that runs Python."""
    path, key = certificate()
    files = {f'/app/{name}.py': program(f'python/{name}.py') for name in SUITES}
    return Root('python', ['python3.11', 'libpython3.11'],
                {**files, PIE_INTERPRETER: pie_python(), '/app/tls/certificate.pem': path, '/app/tls/key.pem': key})


def run_suite(machine, name, interpreter=INTERPRETER, timeout=120):
    """Run one of the unittest programs; all its tests must pass, and none may be missing."""
    done = machine.run(python_root(), interpreter, f'/app/{name}.py', '-v', status=None,
                       memory='1g', timeout=timeout)
    broken = re.findall(r'^(?:FAIL|ERROR): (\S+).*(?:\n(?!=|-{50}|Traceback|  ).*)*', done.stderr,
                        re.MULTILINE)
    reasons = re.findall(r'^\w*(?:Error|Exception|Interrupt): .*', done.stderr, re.MULTILINE)
    expect(not broken, f'{", ".join(broken)}: {"; ".join(reasons)[:300]}')
    expect(done.status == 0, f'status {done.status}: {done.tail()}')
    with open(program(f'python/{name}.py'), encoding='utf-8') as file:
        written = len(re.findall(r'^    (?:async )?def test_', file.read(), re.MULTILINE))
    ran = re.search(r'^Ran (\d+) tests?', done.stderr, re.MULTILINE)
    expect(ran and int(ran[1]) == written, f'{ran and ran[1]} tests ran of {written}')


@case('python-threads', 'threads, locks, queues, executors, timers, signals')
def python_threads(machine):
    """threading and signal."""
    run_suite(machine, 'threads')


@case('python-asyncio', 'servers and clients: TCP, UNIX, UDP, flow control, signals, children')
def python_asyncio(machine):
    """asyncio on epoll."""
    run_suite(machine, 'aio', PIE_INTERPRETER)


@case('python-ssl', 'HTTPS to itself, threads, TLS 1.3, bad certificates refused')
def python_ssl(machine):
    """OpenSSL over host sockets."""
    run_suite(machine, 'tls')


@case('python-processes', 'libpython: subprocess, posix_spawn, multiprocessing by spawn: pool, queue, shared memory')
def python_processes(machine):
    """Children that exec."""
    run_suite(machine, 'processes', PIE_INTERPRETER)


@case('python-again', 'Debian\'s python3.11, which is not position-independent, starts itself')
def python_again(machine):
    """Refused as CAVEATS.md says, with ENOMEM and a line in the log, until there is image exchange."""
    script = 'import subprocess, sys; print(subprocess.check_output([sys.executable, "-V"]))'
    done = machine.run(python_root(), INTERPRETER, '-c', script, status=None)
    if done.status == 1 and 'OSError: [Errno 12]' in done.stderr and \
            'another program occupies its addresses' in done.stderr:
        raise Skipped('two programs at the same fixed addresses (CAVEATS.md)')
    expect_equal('status', done.status, 0)
    expect('Python 3.11' in done.stdout, done.tail())


@case('python-ctypes', 'C calls and callbacks, run-time code, shared and private mappings, faults')
def python_ctypes(machine):
    """libffi and mmap."""
    run_suite(machine, 'foreign', PIE_INTERPRETER)


runnable('python', python_root, INTERPRETER)
