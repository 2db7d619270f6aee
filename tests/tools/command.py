# SPDX-License-Identifier: MIT
"""Calling the command under test, and building what it is called on."""

import os
import pathlib
import stat
import subprocess

MYST = os.environ['MYST']
MYST_ASAN = os.environ['MYST_ASAN']
BUILD = pathlib.Path(os.environ['B'])
ROOT = pathlib.Path(__file__).resolve().parents[2]

# A sanitizer's report must not look like an ordinary failure.
SANITIZER_STATUS = 99
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS=f'exitcode={SANITIZER_STATUS}',
                   UBSAN_OPTIONS=f'exitcode={SANITIZER_STATUS}:halt_on_error=1', LC_ALL='C')


class Skip(Exception):
    """The machine lacks something that the test needs; the text says what."""


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout.decode(errors='surrogateescape')
        self.err = done.stderr.decode(errors='surrogateescape')

    def __repr__(self):
        return f'status {self.status}, stdout {self.out!r}, stderr {self.err!r}'


def run(*words, program=MYST, **options):
    """Call program (myst, if not said) with words."""
    done = subprocess.run([program, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=120, env=ENVIRONMENT, check=False, **options)
    result = Result(done)
    assert result.status not in (SANITIZER_STATUS, -6, -11), result
    return result


def succeed(*words, **options):
    result = run(*words, **options)
    assert result.status == 0, (words, result)
    return result


def refuse(message, *words, program=MYST, **options):
    """Exit status 1 and exactly one line on stderr: "<argv[0]>: error: " and the message."""
    result = run(*words, program=program, **options)
    assert result.status == 1, (words, result)
    assert result.err == f'{program}: error: {message}\n', (words, result)
    assert result.out == '', (words, result)
    return result


def gnu_cpio(folder, archive, names=None):
    """Pack folder with GNU cpio, in the order of names or of find(1)."""
    names = names or [p.relative_to(folder).as_posix() for p in sorted(folder.rglob('*'))]
    with open(archive, 'wb') as out:
        subprocess.run(['cpio', '--quiet', '-o', '-H', 'newc'], cwd=folder, stdout=out,
                       input='\n'.join(['.'] + names).encode(errors='surrogateescape'), check=True)


def gnu_unpack(archive, folder):
    folder.mkdir()
    with open(archive, 'rb') as data:
        subprocess.run(['cpio', '--quiet', '-i', '-d', '--no-preserve-owner'], cwd=folder, stdin=data,
                       check=True)


def describe(folder):
    """Everything about a tree that an archive keeps: name -> type, mode, content."""
    found = {}
    for path in [folder, *folder.rglob('*')]:
        st = path.lstat()
        content = None
        if stat.S_ISREG(st.st_mode):
            content = path.read_bytes()
        elif stat.S_ISLNK(st.st_mode):
            content = os.readlink(path)
        found[path.relative_to(folder).as_posix()] = (stat.filemode(st.st_mode), content)
    return found


# The pieces of a tree, which can be made in any order once the folders are there.
FOLDERS = ['a', 'a/b', 'a-b', 'a.b', 'empty', 'sticky']


def sample_steps(root):
    yield lambda: (root / 'a/file').write_bytes(b'hello\n')
    yield lambda: (root / 'a/b/large').write_bytes(bytes(range(256)) * 3000)
    yield lambda: (root / 'a-b/x').write_bytes(b'')
    yield lambda: (root / 'a.b/y').write_bytes(b'1')
    yield lambda: (root / '!first').write_bytes(b'12')
    yield lambda: (root / 'with space\nand newline').write_bytes(b'123')
    yield lambda: (root / 'link').symlink_to('a/b/large')
    yield lambda: (root / 'dangling').symlink_to('/no/where')
    yield lambda: os.mkfifo(root / 'fifo', 0o640)
    yield lambda: (root / ('n' * 255)).write_bytes(b'long name')


def sample_tree(root, backwards=False):
    """A tree with one of everything.  backwards makes it in another order, with other times."""
    steps = list(sample_steps(root))
    root.mkdir()
    for name in FOLDERS:
        (root / name).mkdir()
    for step in reversed(steps) if backwards else steps:
        step()
    (root / 'a/file').chmod(0o4751)
    os.link(root / 'a/file', root / 'hard')
    (root / 'fifo').chmod(0o640)
    (root / 'sticky').chmod(0o1777)
    (root / 'empty').chmod(0o555)
    if backwards:
        os.utime(root / 'a/file', (1, 1))
    return root
