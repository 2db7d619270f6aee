# SPDX-License-Identifier: MIT
"""Archives that somebody made to do harm, and archives that are broken.  All under ASan."""

import os
import random
import stat
import subprocess

from command import MYST_ASAN, gnu_cpio, run, sample_tree, succeed

REG, DIR, LNK, FIFO = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO


def entry(name, mode, data=b'', nlink=1, ino=0):
    fields = [ino, mode, 0, 0, nlink, 0, len(data), 8, 2, 0, 0, len(name) + 1, 0]
    head = b'070701' + b''.join(b'%08X' % f for f in fields) + name + b'\0'
    return pad(pad(head) + data)


def pad(data):
    return data + bytes(-len(data) % 4)


def archive(*entries):
    return b''.join(entries) + entry(b'TRAILER!!!', 0)


def unpack(data, into='copy'):
    with open('archive', 'wb') as out:
        out.write(data)
    return run('excpio', 'archive', into, program=MYST_ASAN)


def refused(folder, reason, *entries):
    """The archive is refused for this reason, and nothing appeared outside the copy."""
    before = {name for name in os.listdir(folder) if name not in ('archive', 'copy')}
    result = unpack(archive(*entries))
    assert result.status == 1, result
    assert result.err.endswith(f': {reason}\n'), result
    assert result.err.count('\n') == 1, result
    after = {name for name in os.listdir(folder) if name not in ('archive', 'copy')}
    assert after == before
    subprocess.run(['rm', '-rf', 'copy'], check=True)


def test_names_that_lead_outside(folder):
    refused(folder, 'an absolute name', entry(b'/tmp/evil', REG | 0o644, b'x'))
    refused(folder, 'a name with ..', entry(b'../evil', REG | 0o644, b'x'))
    refused(folder, 'a name with ..', entry(b'a/../../evil', REG | 0o644, b'x'))
    refused(folder, 'a name with ..', entry(b'..', DIR | 0o755))
    refused(folder, 'the root is not a directory', entry(b'./', REG | 0o644, b'x'))


def test_writing_through_links(folder):
    (folder / 'outside').mkdir()
    link = entry(b'link', LNK | 0o777, b'../outside')
    through = 'leads through a symbolic link'
    refused(folder, through, link, entry(b'link/evil', REG | 0o644, b'x'))
    refused(folder, through, link, entry(b'link/evil', LNK | 0o777, b'x'))
    refused(folder, through, link, entry(b'link/evil', FIFO | 0o644))
    refused(folder, through, link, entry(b'link/evil', DIR | 0o755))
    refused(folder, through, link, entry(b'link', REG | 0o644, b'x'))
    refused(folder, through, link, entry(b'link', DIR | 0o700))
    refused(folder, through, link, entry(b'link/a/b', REG | 0o644, b'x'))
    assert os.listdir(folder / 'outside') == []
    assert stat.S_IMODE((folder / 'outside').stat().st_mode) == stat.S_IMODE(
        (folder / 'copy').stat().st_mode if (folder / 'copy').exists() else 0o755)


def test_links_that_were_there_before(folder):
    (folder / 'outside').mkdir()
    (folder / 'copy').mkdir()
    (folder / 'copy/link').symlink_to('../outside')
    result = unpack(archive(entry(b'link/evil', REG | 0o644, b'x')))
    assert result.status == 1 and 'leads through a symbolic link' in result.err, result
    assert os.listdir(folder / 'outside') == []


def test_hard_link_groups_cannot_write_outside(folder):
    (folder / 'victim').write_text('precious')
    first = entry(b'a', REG | 0o644, b'', nlink=2, ino=7)
    # The first name becomes a link to the victim before the second brings data.
    swap = entry(b'a', LNK | 0o777, b'../victim')
    second = entry(b'b', REG | 0o644, b'evil', nlink=2, ino=7)
    result = unpack(archive(first, swap, second))
    assert result.status == 1, result
    assert (folder / 'victim').read_text() == 'precious'
    # The same with a FIFO, which must not make us wait either.
    fifo = entry(b'a', FIFO | 0o644)
    subprocess.run(['rm', '-rf', 'copy'], check=True)
    assert unpack(archive(first, fifo, second)).status == 1


def test_modes_at_the_end_do_not_follow_links(folder):
    (folder / 'victim').mkdir(mode=0o700)
    # The directory of the first entry is gone when its mode is due.
    first = entry(b'd', REG | 0o777, b'', nlink=2, ino=7)
    swap = entry(b'd', LNK | 0o777, b'../victim')
    unpack(archive(first, swap))
    assert stat.S_IMODE((folder / 'victim').stat().st_mode) == 0o700


def test_hard_links_with_data_first_last_or_everywhere(folder):
    def linked(name, data):
        return entry(name, REG | 0o640, data, nlink=2, ino=9)

    for a, b in ((b'data', b''), (b'', b'data'), (b'data', b'data')):
        assert unpack(archive(linked(b'x/a', a), linked(b'y/b', b))).status == 0
        assert (folder / 'copy/x/a').read_bytes() == b'data'
        assert os.path.samefile('copy/x/a', 'copy/y/b')
        assert stat.S_IMODE((folder / 'copy/x/a').stat().st_mode) == 0o640
        subprocess.run(['rm', '-rf', 'copy'], check=True)


def test_links_with_bad_targets(folder):
    refused(folder, "a symbolic link's target is empty or too long", entry(b'l', LNK | 0o777, b''))
    refused(folder, "a symbolic link's target is empty or too long",
            entry(b'l', LNK | 0o777, b'x' * 4096))
    refused(folder, "a symbolic link's target contains NUL", entry(b'l', LNK | 0o777, b'a\0b'))


def test_components_that_are_too_long(folder):
    refused(folder, 'File name too long', entry(b'x' * 300, REG | 0o644))
    refused(folder, 'File name too long', entry(b'x' * 300 + b'/y', REG | 0o644))


def test_a_directory_in_the_place_of_a_file(folder):
    refused(folder, 'Is a directory', entry(b'a/b', REG | 0o644), entry(b'a', REG | 0o644))
    refused(folder, 'Not a directory', entry(b'a', REG | 0o644), entry(b'a', DIR | 0o755))
    refused(folder, 'Not a directory', entry(b'a', REG | 0o644), entry(b'a/b', REG | 0o755))


def test_control_characters_do_not_reach_the_terminal(folder):
    result = unpack(archive(entry(b'/\x1b[2J\n', REG | 0o644)))
    assert '\x1b' not in result.err and result.err.count('\n') == 1, result
    succeed('mkcpio', '.', '../listed')
    os.rename('../listed', 'listed')
    (folder / 'list').write_bytes(archive(entry(b'\x1b[2J', REG | 0o644)))
    assert '\\033[2J' in succeed('lscpio', 'list', program=MYST_ASAN).out


def test_files_that_are_no_archives(folder):
    for data in (b'', b'x', b'070701', b'070702' + bytes(200), bytes(4096), b'\x7fELF' + bytes(200)):
        result = unpack(data)
        assert result.status == 1 and result.err.count('\n') == 1, (data, result)
        assert not (folder / 'copy').exists()


def broken_copies(data, count):
    """Truncations, changed bytes and changed header fields, from a fixed seed."""
    rng = random.Random(20)
    headers = [i for i in range(0, len(data), 4) if data[i:i + 6] == b'070701']
    for i in range(count):
        kind = i % 3
        if kind == 0:
            yield data[:rng.randrange(len(data))]
            continue
        copy = bytearray(data)
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(len(copy)) if kind == 1 else rng.choice(headers) + rng.randrange(110)
            copy[at] = rng.randrange(256) if kind == 1 else rng.choice(b'0123456789abcdefABCDEFxF')
        yield bytes(copy)


def test_broken_archives_cost_an_error_at_most(folder):
    tree = sample_tree(folder / 'tree')
    (tree / 'with space\nand newline').unlink()
    (tree / 'a/b/large').write_bytes(b'y' * 5000)
    gnu_cpio(tree, 'good')
    good = (folder / 'good').read_bytes()
    outside = set(os.listdir(folder)) | {'archive', 'copy'}
    for number, data in enumerate(broken_copies(good, 300)):
        result = unpack(data)
        assert result.status in (0, 1), (number, result)
        assert result.status == 0 or 'error: ' in result.err, (number, result)
        listed = run('lscpio', 'archive', program=MYST_ASAN)
        assert listed.status in (0, 1), (number, listed)
        subprocess.run(['chmod', '-R', 'u+rwx', 'copy'], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(['rm', '-rf', 'copy'], check=True)
        assert set(os.listdir(folder)) <= outside, number
