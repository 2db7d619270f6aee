# SPDX-License-Identifier: MIT
"""The sqlite3 shell."""

from harness import Root, case, expect_equal, runnable

ROWS = 100_000
ROOT = Root('sqlite', ['sqlite3'])
runnable('sqlite', lambda: ROOT, '/usr/bin/sqlite3')


def inserts(first, last):
    """One INSERT statement a row, in one transaction."""
    yield 'BEGIN;'
    for n in range(first, last):
        yield f"INSERT INTO item VALUES ({n}, 'name {n * 7919 % ROWS}', {n}.25, x'{n:08x}');"
    yield 'COMMIT;'


def script(journal):
    """All the statements, and the answers they must give."""
    statements = [
        'CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL, data BLOB);',
        *inserts(0, ROWS // 2),
        'CREATE UNIQUE INDEX item_name ON item (name);',
        *inserts(ROWS // 2, ROWS),
        'SELECT count(*), sum(id), sum(price), sum(length(data)) FROM item;',
        "SELECT id FROM item WHERE name = 'name 7919';",
        'UPDATE item SET price = price * 2 WHERE id % 10 = 0;',
        'DELETE FROM item WHERE id % 3 = 0;',
        'SELECT count(*), max(price) FROM item;',
        "INSERT INTO item VALUES (1, 'again', 0, NULL);",
        'SELECT name FROM item ORDER BY name DESC LIMIT 1;',
        'VACUUM;',
        'PRAGMA integrity_check;',
        'PRAGMA journal_mode;',
    ]
    left = [n for n in range(ROWS) if n % 3]
    highest = max((n + 0.25) * (1 if n % 10 else 2) for n in left)
    answers = [
        journal,
        f'{ROWS}|{ROWS * (ROWS - 1) // 2}|{ROWS * (ROWS - 1) // 2 + ROWS // 4}.0|{ROWS * 4}',
        '1',
        f'{len(left)}|{highest}',
        max(f'name {n * 7919 % ROWS}' for n in left),
        'ok',
        journal,
    ]
    return [f'PRAGMA journal_mode={journal};', *statements], answers


def run_script(machine, journal):
    """Make a database in /tmp under a kind of journal, from standard input."""
    statements, answers = script(journal)
    done = machine.run(ROOT, '/usr/bin/sqlite3', '/tmp/test.db', timeout=120, status=1,
                       stdin='\n'.join(statements).encode())
    expect_equal('answers', done.stdout.split('\n')[:-1], answers)
    expect_equal('the refused insert', 'UNIQUE constraint failed: item.id' in done.stderr, True)


@case('sqlite', 'create, 100k inserts, unique index, update, delete, vacuum, integrity_check')
def sqlite(machine):
    """The rollback journal: file locks, fsync, truncation."""
    run_script(machine, 'delete')


@case('sqlite-wal', 'the same with a write-ahead log: shared memory and byte-range locks', long=True)
def sqlite_wal(machine):
    """The log's index is a shared mapping of a file."""
    run_script(machine, 'wal')
