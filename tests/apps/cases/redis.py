# SPDX-License-Identifier: MIT
"""redis-server inside, its clients on the host."""

import csv
import io

from harness import Root, case, client, expect, expect_equal, free_port

ROOT = Root('redis', ['redis-server'])


def start(machine, *options):
    """A server on a free port, ready."""
    port = free_port()
    server = machine.start(ROOT, '/usr/bin/redis-server', '--bind', '127.0.0.1', '--port',
                           str(port), '--dir', '/tmp', '--save', '', '--appendonly', 'no',
                           *options, memory='512m')
    server.wait_for_port(port)
    return server, port


def ask(port, *words):
    """One command by redis-cli."""
    return client('redis-cli', '-p', str(port), *words, timeout=30).strip()


def benchmark(port, requests, *options):
    """Requests per second of SET and GET."""
    text = client('redis-benchmark', '-p', str(port), '-t', 'set,get', '-n', str(requests), '-c',
                  '50', '--csv', *options, timeout=120)
    rows = {row['test']: float(row['rps']) for row in csv.DictReader(io.StringIO(text))}
    expect_equal('tests in the report of redis-benchmark', sorted(rows), ['GET', 'SET'])
    expect(min(rows.values()) > 0, f'no throughput: {rows}')
    return rows


def check(machine, requests):
    """Commands, both benchmarks, and a clean end."""
    server, port = start(machine)
    expect_equal('PING', ask(port, 'PING'), 'PONG')
    expect_equal('SET', ask(port, 'SET', 'key', 'a value'), 'OK')
    expect_equal('GET', ask(port, 'GET', 'key'), 'a value')
    expect_equal('a script', ask(port, 'EVAL', 'return redis.call("INCRBY", KEYS[1], 41) + 1',
                                 '1', 'counter'), '42')
    ask(port, 'SET', 'short-lived', 'x', 'PX', '20')
    expect_equal('SORT', ask(port, 'EVAL', 'for i = 1, 500 do redis.call("RPUSH", KEYS[1], 500 - i) '
                             'end; return redis.call("SORT", KEYS[1])[500]', '1', 'list'), '499')
    rows = benchmark(port, requests)
    machine.note(f'set {rows["SET"]:.0f}/s, get {rows["GET"]:.0f}/s')
    rows = benchmark(port, requests * 4, '-P', '16')
    machine.note(f'16 at a time: set {rows["SET"]:.0f}/s, get {rows["GET"]:.0f}/s')
    expect_equal('the expired key', ask(port, 'GET', 'short-lived'), '')
    expect_equal('DBSIZE', ask(port, 'DBSIZE'), '4')
    client('redis-cli', '-p', str(port), 'SHUTDOWN', 'NOSAVE', timeout=30)
    expect_equal('status after SHUTDOWN', server.stop(None), 0)


@case('redis', 'set, get, Lua, expiry, redis-benchmark with 50 clients, alone and 16 at a time')
def redis(machine):
    """Enough requests to see a stall."""
    check(machine, 20_000)


@case('redis-long', 'the same with ten times the requests, appendonly file, ended by SIGTERM', long=True)
def redis_long(machine):
    """The append-only file is written and fsynced every second."""
    check(machine, 200_000)
    server, port = start(machine, '--appendonly', 'yes', '--appendfsync', 'everysec')
    benchmark(port, 50_000)
    expect_equal('appendonly', ask(port, 'CONFIG', 'GET', 'appendonly').split(), ['appendonly', 'yes'])
    expect_equal('status after SIGTERM', server.stop(), 0)
