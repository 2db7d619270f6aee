# SPDX-License-Identifier: MIT
"""The tree in build/ and where it is installed."""

import os
import stat
import subprocess

from command import BUILD, ROOT, Skip, succeed

MUSL = '/usr/lib/x86_64-linux-musl/libc.so'


def test_the_c_runtime_is_debians(_):
    subprocess.run(['cmp', MUSL, BUILD / 'lib/mystikos/ld-musl-x86_64.so.1'], check=True)


def test_install_copies_a_tree_that_runs(folder):
    make = ['make', '-s', '-C', ROOT, f'B={BUILD}', f'DESTDIR={folder}', 'PREFIX=/opt/mystikos',
            'install']
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    prefix = folder / 'opt/mystikos'
    assert sorted(os.listdir(prefix)) == ['bin', 'include', 'lib']
    succeed('--version', program=str(prefix / 'bin/myst'))
    (folder / 'x.c').write_text('#include <myst/tee.h>\nint main(void) { return 0; }\n')
    succeed('x.c', '-o', 'x', program=str(prefix / 'bin/myst-gcc'))
    assert stat.S_IMODE((prefix / 'bin/myst').stat().st_mode) & 0o555 == 0o555


def test_the_build_does_not_depend_on_its_folder(folder):
    if not os.environ.get('TEST_LONG'):
        raise Skip('builds everything twice: TEST_LONG=1')
    outputs = []
    for name in ('one', 'a-much-longer-name'):
        files = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, check=True)
        (folder / name).mkdir()
        subprocess.run(['cpio', '--quiet', '-p', '-d', '-0', folder / name], cwd=ROOT,
                       input=files.stdout, check=True)
        subprocess.run(['make', '-s', '-j2', '-C', folder / name, 'all'], check=True,
                       stdout=subprocess.DEVNULL)
        build = folder / name / 'build'
        outputs.append({p: (build / p).read_bytes() for p in ('bin/myst', 'lib/mystikos/kernel.elf')})
    assert outputs[0] == outputs[1]
