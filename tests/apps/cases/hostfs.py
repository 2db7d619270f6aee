# SPDX-License-Identifier: MIT
"""Files of the host's: a directory as root file system, directories and files mounted."""

import os
import shutil

from harness import APPS, Root, Skipped, build_c, case, expect, expect_equal, expect_transcript, program

TRANSCRIPT = program('busybox.transcript')


class Directory(Root):
    """A root that is not packed; what the last run left in its /tmp goes first."""

    def __init__(self, name, packages=(), files=None):
        super().__init__(name, packages, files)
        self.archive = self.path

    def pack(self, myst):
        shutil.rmtree(os.path.join(self.path, 'tmp'), ignore_errors=True)
        self.make()
        os.makedirs(os.path.join(self.path, 'tmp'), exist_ok=True)
        os.chmod(os.path.join(self.path, 'tmp'), 0o1777)


@case('hostfs', 'a directory of the host as root: the steps of busybox print what they print on Linux')
def hostfs(machine):
    """The same transcript as from an archive; what was written is on the host."""
    root = Directory('hostfs', ['busybox'],
                     {'/bin/transcript': build_c('transcript', 'transcript.c', '-static-pie'),
                      '/steps': TRANSCRIPT})
    expect_transcript(machine, root, '/steps', TRANSCRIPT)
    machine.run(root, '/bin/busybox', 'sh', '-c', 'echo kept > /tmp/left')
    with open(os.path.join(root.path, 'tmp', 'left'), encoding='utf-8') as file:
        expect_equal('what was written', file.read(), 'kept\n')


def busybox_with(machine, root, options, *argv, **kinds):
    """One applet with further options of myst; returns what it printed."""
    before = machine.options
    machine.options = before + options
    try:
        return machine.run(root, '/bin/busybox', *argv, **kinds).stdout
    finally:
        machine.options = before


@case('hostfs-mounts', 'mounted directory and file: reading, writing, owners, links that lead out, devices')
def hostfs_mounts(machine):
    """What is given is all there is, whatever links in it say."""
    if not hasattr(machine, 'options'):
        raise Skipped('--mount is an option of myst')
    there = os.path.join(APPS, 'hostfs-mounts')
    shutil.rmtree(there, ignore_errors=True)
    os.makedirs(os.path.join(there, 'sub'))
    with open(os.path.join(there, 'sub', 'file'), 'w', encoding='utf-8') as file:
        file.write('in\n')
    with open(there + '-outside', 'w', encoding='utf-8') as file:
        file.write('outside\n')
    os.symlink(there + '-outside', os.path.join(there, 'absolute'))
    os.symlink('../hostfs-mounts-outside', os.path.join(there, 'relative'))
    os.symlink('sub/file', os.path.join(there, 'inner'))
    os.mkfifo(os.path.join(there, 'fifo'))

    root = Root('busybox-shell', ['busybox'])
    options = ['--mount', f'{there}=/given', '--mount', f'{there}/sub/file=/tmp/one']
    expect_equal('a link inside', busybox_with(machine, root, options, 'cat', '/given/inner'), 'in\n')
    for name in ('absolute', 'relative'):
        busybox_with(machine, root, options, 'cat', f'/given/{name}', status=1)
    expect_equal('the owner', busybox_with(machine, root, options, 'stat', '-c', '%u %F', '/given/fifo'),
                 '0 fifo\n')
    busybox_with(machine, root, options, 'sh', '-c',
                 'echo more >> /tmp/one; echo new > /given/sub/new; echo x > /given/gone')
    busybox_with(machine, root, options, 'mv', '/given/gone', '/given/sub/moved')
    expect_equal('a single file', busybox_with(machine, root, options, 'cat', '/given/sub/file'),
                 'in\nmore\n')
    expect_equal('the host sees', sorted(os.listdir(os.path.join(there, 'sub'))),
                 ['file', 'moved', 'new'])
    expect(os.path.getsize(there + '-outside') == 8, 'a file outside was written')
