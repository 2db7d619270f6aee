# SPDX-License-Identifier: MIT
"""Archives: what is kept, that they are reproducible, and that GNU cpio agrees."""

import os
import pty
import select
import signal
import socket
import stat
import subprocess
import time

from command import (MYST, Skip, describe, gnu_cpio, gnu_unpack, refuse, run, sample_tree, succeed)


def names(archive):
    """The names of an archive, in its order, by the bytes of its headers."""
    data, offset, found = archive.read_bytes(), 0, []
    while True:
        header = data[offset:offset + 110]
        assert header[:6] == b'070701', offset
        size, length = int(header[54:62], 16), int(header[94:102], 16)
        name = data[offset + 110:offset + 110 + length - 1]
        if name == b'TRAILER!!!':
            return found
        found.append(name)
        offset = -(-(offset + 110 + length) // 4) * 4
        offset = -(-(offset + size) // 4) * 4


def test_round_trip_keeps_everything(folder):
    tree = sample_tree(folder / 'tree')
    succeed('mkcpio', tree, 'archive')
    succeed('excpio', 'archive', 'copy')
    assert describe(folder / 'copy') == describe(tree)


def test_two_copies_give_the_same_bytes(folder):
    one = sample_tree(folder / 'one')
    other = sample_tree(folder / 'other', backwards=True)
    succeed('mkcpio', one, 'one.cpio')
    os.utime(one, (0, 0))
    succeed('mkcpio', other, 'other.cpio')
    succeed('mkcpio', str(other) + '/', 'slash.cpio')
    subprocess.run(['cmp', 'one.cpio', 'other.cpio'], check=True)
    subprocess.run(['cmp', 'one.cpio', 'slash.cpio'], check=True)


def test_headers_say_nothing_about_the_machine(folder):
    tree = folder / 'tree'
    tree.mkdir()
    (tree / 'f').write_bytes(b'abc')
    (tree / 'f').chmod(0o640)
    tree.chmod(0o755)
    succeed('mkcpio', 'tree', 'archive')
    data = (folder / 'archive').read_bytes()
    common = '00000000' '00000001' '56734BA4'
    root = '070701' '00000000' '000041ED' '00000000' + common + '00000000' \
        '00000008' '00000002' '00000000' '00000000' '00000002' '00000000'
    file = '070701' '00000000' '000081A0' '00000000' + common + '00000003' \
        '00000008' '00000002' '00000000' '00000000' '00000002' '00000000'
    expected = root.encode() + b'.\0' + file.encode() + b'f\0' + b'abc\0'
    assert data[:len(expected)] == expected, data[:len(expected)]
    assert len(data) == 512 and data[len(expected):].startswith(b'070701')
    assert data.rstrip(b'\0').endswith(b'TRAILER!!!')


def test_order_has_slash_before_every_other_byte(folder):
    for name in ('a', 'a/z', 'a/b', 'a!', 'a-b', 'a.b/c', '!', 'Z', 'a/b/0', 'é'):
        (folder / 'tree' / name).mkdir(parents=True, exist_ok=True)
    succeed('mkcpio', 'tree', 'archive')
    found = names(folder / 'archive')
    assert found[0] == b'.'
    assert found[1:] == sorted(found[1:], key=lambda n: [-1 if c == 47 else c for c in n])
    assert found[1:5] == [b'!', b'Z', b'a', b'a/b'], found


def test_hard_links_are_stored_as_files(folder):
    (folder / 'tree').mkdir()
    (folder / 'tree/one').write_bytes(b'x' * 1000)
    os.link(folder / 'tree/one', folder / 'tree/two')
    succeed('mkcpio', 'tree', 'archive')
    succeed('excpio', 'archive', 'copy')
    assert (folder / 'copy/one').read_bytes() == (folder / 'copy/two').read_bytes() == b'x' * 1000
    assert (folder / 'copy/one').stat().st_nlink == 1


def test_devices_and_sockets_are_left_out_with_a_warning(folder):
    (folder / 'tree').mkdir()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind('tree/sock')
    try:
        os.mknod('tree/null', stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        raise Skip('making a device needs root') from None
    result = succeed('mkcpio', 'tree', 'archive')
    assert result.err == f'{MYST}: warning: tree/null: device left out\n' \
        f'{MYST}: warning: tree/sock: socket left out\n', result
    assert names(folder / 'archive') == [b'.']


def test_gnu_cpio_reads_ours(folder):
    tree = sample_tree(folder / 'tree')
    succeed('mkcpio', tree, 'archive')
    gnu_unpack(folder / 'archive', folder / 'copy')
    assert describe(folder / 'copy') == describe(tree)


def test_we_read_gnu_cpio(folder):
    tree = sample_tree(folder / 'tree')
    (tree / 'with space\nand newline').unlink()  # GNU cpio reads names by line
    gnu_cpio(tree, 'archive')
    succeed('excpio', 'archive', 'copy')
    assert describe(folder / 'copy') == describe(tree)
    assert (folder / 'copy/hard').stat().st_ino == (folder / 'copy/a/file').stat().st_ino


def test_names_with_dot_slash_and_missing_parents(folder):
    (folder / 'tree/a/b').mkdir(parents=True)
    (folder / 'tree/a/b/c').write_text('deep')
    gnu_cpio(folder / 'tree', 'archive', ['./a/b/c'])
    succeed('excpio', 'archive', 'copy')
    assert (folder / 'copy/a/b/c').read_text() == 'deep'
    assert stat.S_IMODE((folder / 'copy/a').stat().st_mode) == 0o755


def test_listing(folder):
    (folder / 'tree/d').mkdir(parents=True)
    (folder / 'tree').chmod(0o755)
    (folder / 'tree/d').chmod(0o1777)
    (folder / 'tree/f\n').write_bytes(b'12345')
    (folder / 'tree/f\n').chmod(0o4755)
    (folder / 'tree/l').symlink_to('d')
    os.mkfifo('tree/p')
    (folder / 'tree/p').chmod(0o600)
    succeed('mkcpio', 'tree', 'archive')
    when = '2015-12-17 23:56'
    assert succeed('lscpio', 'archive').out == (
        f'drwxr-xr-x  1 0 0          0 {when} .\n'
        f'drwxrwxrwt  1 0 0          0 {when} d\n'
        f'-rwsr-xr-x  1 0 0          5 {when} f\\012\n'
        f'lrwxrwxrwx  1 0 0          1 {when} l -> d\n'
        f'prw-------  1 0 0          0 {when} p\n')


def test_listing_agrees_with_gnu_cpio_on_names(folder):
    sample_tree(folder / 'tree')
    succeed('mkcpio', 'tree', 'archive')
    with open('archive', 'rb') as data:
        gnu = subprocess.run(['cpio', '--quiet', '-t'], stdin=data, capture_output=True, check=True)
    ours = [line.split(' ', 1)[0] for line in succeed('lscpio', 'archive').out.splitlines()]
    assert len(ours) == len(names(folder / 'archive'))
    assert gnu.stdout.split(b'\n')[:3] == names(folder / 'archive')[:3]


def test_permissions_do_not_depend_on_umask(folder):
    tree = sample_tree(folder / 'tree')
    succeed('mkcpio', tree, 'archive')
    before = os.umask(0o077)
    try:
        succeed('excpio', 'archive', 'copy')
        succeed('mkcpio', tree, 'private')
    finally:
        os.umask(before)
    assert describe(folder / 'copy') == describe(tree)
    assert stat.S_IMODE((folder / 'private').stat().st_mode) == 0o600


def test_an_ordinary_user_can_unpack_read_only_folders(folder):
    if os.geteuid() != 0:
        raise Skip('needs root to become somebody else')
    tree = folder / 'tree'
    (tree / 'ro').mkdir(parents=True)
    (tree / 'ro/file').write_text('x')
    (tree / 'ro/file').chmod(0o444)
    os.link(tree / 'ro/file', tree / 'ro/same')
    (tree / 'ro').chmod(0o555)
    tree.chmod(0o755)
    gnu_cpio(tree, 'archive')
    folder.chmod(0o777)
    succeed('excpio', 'archive', 'copy', user=65534, group=65534, extra_groups=[])
    assert describe(folder / 'copy') == describe(tree)
    assert (folder / 'copy/ro/same').stat().st_uid == 65534


def test_unpacking_again_replaces(folder):
    tree = sample_tree(folder / 'tree')
    succeed('mkcpio', tree, 'archive')
    succeed('excpio', 'archive', 'copy')
    (folder / 'copy/a/file').chmod(0o600)
    (folder / 'copy/a/file').write_text('changed')
    succeed('excpio', 'archive', 'copy')
    assert describe(folder / 'copy') == describe(tree)


def test_a_replaced_file_keeps_its_other_names_as_they_were(folder):
    (folder / 'tree').mkdir()
    (folder / 'tree/f').write_text('new')
    succeed('mkcpio', 'tree', 'archive')
    (folder / 'copy').mkdir()
    (folder / 'outside').write_text('old')
    os.link('outside', 'copy/f')
    succeed('excpio', 'archive', 'copy')
    assert (folder / 'copy/f').read_text() == 'new'
    assert (folder / 'outside').read_text() == 'old'


def test_under_sudo_everything_belongs_to_the_caller(folder):
    if os.geteuid() != 0:
        raise Skip('needs root')
    tree = sample_tree(folder / 'tree')
    os.environ['SUDO_UID'], os.environ['SUDO_GID'] = '12345', '54321'
    try:
        environment = dict(os.environ)
        subprocess.run([MYST, 'mkcpio', tree, 'archive'], env=environment, check=True)
        subprocess.run([MYST, 'excpio', 'archive', 'copy'], env=environment, check=True)
    finally:
        del os.environ['SUDO_UID'], os.environ['SUDO_GID']
    copy = folder / 'copy'
    for path in [folder / 'archive', copy, *copy.rglob('*')]:
        assert (path.lstat().st_uid, path.lstat().st_gid) == (12345, 54321), path
    assert describe(copy) == describe(tree)


def test_a_failure_leaves_no_archive_and_keeps_the_old_one(folder):
    (folder / 'tree').mkdir()
    (folder / 'tree/big').touch()
    os.truncate('tree/big', 1 << 32)
    refuse('tree/big: larger than 4 GiB - 1, the limit of a CPIO archive', 'mkcpio', 'tree', 'archive')
    assert os.listdir(folder) == ['tree']
    (folder / 'archive').write_text('precious')
    run('mkcpio', 'tree', 'archive')
    assert sorted(os.listdir(folder)) == ['archive', 'tree']
    assert (folder / 'archive').read_text() == 'precious'


def test_a_name_of_4095_bytes_fits_and_no_more(folder):
    (folder / 'tree').mkdir()
    deep = folder / 'tree'
    here = os.open(deep, os.O_RDONLY)
    for _ in range(15):                          # 15 * 256 = 3840, and 255 make 4095
        os.mkdir('d' * 255, dir_fd=here)
        here = os.open('d' * 255, os.O_RDONLY, dir_fd=here)
    os.close(os.open('f' * 255, os.O_CREAT | os.O_WRONLY, dir_fd=here))
    succeed('mkcpio', 'tree', 'archive')
    assert max(map(len, names(folder / 'archive'))) == 4095
    succeed('excpio', 'archive', 'copy')
    succeed('mkcpio', 'copy', 'again')
    subprocess.run(['cmp', 'archive', 'again'], check=True)
    os.mkdir('g' * 255, dir_fd=here)
    os.close(os.open('g' * 255 + '/h', os.O_CREAT | os.O_WRONLY, dir_fd=here))
    result = run('mkcpio', 'tree', 'archive')
    assert result.status == 1 and result.err.endswith('h: File name too long\n'), result
    subprocess.run(['rm', '-rf', 'tree', 'copy'], check=True)


def test_a_full_disk_is_an_error_that_names_the_archive(folder):
    (folder / 'tree').mkdir()
    (folder / 'tree/f').write_bytes(bytes(1 << 20))
    limited = ['sh', '-c', 'ulimit -f 100; trap "" XFSZ; exec "$0" mkcpio tree archive', MYST]
    done = subprocess.run(limited, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.decode() == f'{MYST}: error: cannot write archive: File too large\n'
    assert os.listdir(folder) == ['tree']


def test_wrong_places(folder):
    (folder / 'tree').mkdir()
    (folder / 'file').touch()
    refuse('missing: No such file or directory', 'mkcpio', 'missing', 'archive')
    refuse('file: not a directory', 'mkcpio', 'file', 'archive')
    refuse('cannot create no/archive: No such file or directory', 'mkcpio', 'tree', 'no/archive')
    refuse('cannot create tree: Is a directory', 'mkcpio', 'tree', 'tree')
    refuse('cannot create /dev/null: not a regular file', 'mkcpio', 'tree', '/dev/null')
    refuse('tree/a lies in the directory that it is made from', 'mkcpio', 'tree', 'tree/a')
    refuse('missing: No such file or directory', 'excpio', 'missing', 'copy')
    refuse('tree: Is a directory', 'lscpio', 'tree')
    succeed('mkcpio', 'tree', 'archive')
    refuse('file: Not a directory', 'excpio', 'archive', 'file')
    refuse('cannot create no/copy: No such file or directory', 'excpio', 'archive', 'no/copy')
    assert sorted(os.listdir(folder)) == ['archive', 'file', 'tree']


def test_a_link_to_an_archive_is_followed(folder):
    (folder / 'tree').mkdir()
    (folder / 'real').touch()
    (folder / 'link').symlink_to('real')
    succeed('mkcpio', 'tree', 'link')
    assert (folder / 'link').is_symlink()
    assert (folder / 'real').stat().st_size == 512


def large_tree(folder, size):
    (folder / 'tree').mkdir()
    (folder / 'tree/large').touch()
    os.truncate('tree/large', size)


def test_an_interrupt_leaves_nothing(folder):
    large_tree(folder, (4 << 30) - 1)
    process = subprocess.Popen([MYST, 'mkcpio', 'tree', 'archive'])
    while len(os.listdir(folder)) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait() == -signal.SIGINT
    assert os.listdir(folder) == ['tree']


def test_long_work_shows_progress_on_a_terminal(folder):
    large_tree(folder, (4 << 30) - 1)
    master, slave = pty.openpty()
    process = subprocess.Popen([MYST, 'mkcpio', 'tree', 'archive'], stderr=slave)
    try:
        ready, _, _ = select.select([master], [], [], 20)
        assert ready, 'nothing was shown for 20 seconds'
        assert os.read(master, 100).startswith(b'\rpacking: ')
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def test_short_work_shows_nothing_on_a_terminal(folder):
    sample_tree(folder / 'tree')
    master, slave = pty.openpty()
    subprocess.run([MYST, 'mkcpio', 'tree', 'archive'], stderr=slave, check=True)
    assert select.select([master], [], [], 0) == ([], [], [])
    os.close(master)
    os.close(slave)
