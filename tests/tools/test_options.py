# SPDX-License-Identifier: MIT
"""The rules of the command line."""

import pathlib
import subprocess

from command import MYST, refuse, run, succeed


def test_no_command_prints_usage_and_fails(_):
    result = run()
    assert result.status == 1 and result.out == '', result
    assert result.err.startswith(f'usage: {MYST} <command>'), result


def test_unknown_command_is_named_and_fails(_):
    result = run('mkcpoi')
    assert result.status == 1 and result.out == '', result
    assert result.err.startswith(f'{MYST}: error: unknown command: mkcpoi\nusage: '), result


def test_help_goes_to_stdout(_):
    for words in (['help'], ['--help'], ['-h'], ['help', 'mkcpio'], ['mkcpio', '--help'],
                  ['mkcpio', 'a', 'b', '-h'], ['exec-linux', 'rootfs', '--help']):
        result = succeed(*words)
        assert result.out.startswith(f'usage: {MYST} ') and result.err == '', (words, result)


def test_help_of_every_command_exists(_):
    listed = [line.split()[0] for line in succeed('help').out.splitlines() if line.startswith('  ')]
    assert {'exec-linux', 'mkcpio', 'excpio', 'lscpio', 'fsgsbase', 'help', 'version'} <= set(listed)
    for command in listed:
        assert succeed('help', command).out.startswith(f'usage: {MYST} {command}')
    refuse('unknown command: nope', 'help', 'nope')


def test_version(_):
    assert succeed('--version').out == succeed('version').out
    assert succeed('--version').out.startswith('myst ')


def test_another_name_is_a_package(folder):
    (folder / 'app').symlink_to(MYST)
    result = run('mkcpio', program=str(folder / 'app'))
    assert (result.status, result.err) == (1, f'{folder}/app: error: not a package\n'), result


def test_wrong_options_are_named(_):
    refuse("extraneous '=': --perf", 'exec-linux', '--perf=1', '/', '/bin/true')
    refuse('missing option argument: --memory-size', 'exec-linux', '--memory-size')
    refuse('missing option argument: --memory-size', 'exec-linux', '--memory-size=', '/', '/x')
    refuse('unknown option: --x', 'exec-linux', '--x', '/', '/bin/true')
    refuse('unknown option: --x', 'exec-linux', '/', '--x', '/bin/true')
    refuse('unknown option: --x', 'mkcpio', 'a', 'b', '--x=1')
    refuse('unknown option: -x', 'lscpio', '-x', 'a')


def test_words_after_two_dashes_are_no_options(folder):
    refuse('--x: No such file or directory', 'lscpio', '--', '--x')
    (folder / '-dir').mkdir()
    succeed('mkcpio', '--', '-dir', '-archive')
    assert (folder / '-archive').exists()


def test_wrong_number_of_words_prints_usage(_):
    for words in (['mkcpio'], ['mkcpio', 'a'], ['mkcpio', 'a', 'b', 'c'], ['excpio', 'a'], ['lscpio'],
                  ['exec-linux'], ['exec-linux', '/'], ['fsgsbase', 'x']):
        result = run(*words)
        assert result.status == 1 and result.out == '', (words, result)
        assert result.err.startswith(f'usage: {MYST} {words[0]}'), (words, result)


def test_values_of_run_options(_):
    def bad(option, why):
        name, _, value = option.partition('=')
        refuse(f'bad {name} option: {value}: {why}', 'exec-linux', option, '/', '/bin/true')

    size = 'not a size (digits, then nothing, k, m or g)'
    bad('--memory-size=12q', size)
    bad('--memory-size=-1', size)
    bad('--memory-size=0', 'must not be zero')
    bad('--memory-size=1k', 'must be at least 1m')
    bad('--memory-size=99999999999999999999', size)
    bad('--memory-size=18446744073709551615', 'too large')
    bad('--main-stack-size=4k', 'must be at least 64k')
    bad('--unhandled-syscall-enosys=yes', 'must be true or false')
    bad('--max-affinity-cpus=two', 'not a number')
    bad('--fork-mode=some', 'must be none, pseudo, pseudo_wait_for_exit_exec or full')
    bad('--syslog-level=loud', 'must be emerg, alert, crit, err, warn, notice, info or debug')
    bad('--interception=no', 'must be auto, trap, sud, sud-inclusive or seccomp')
    bad('--host-to-enc-uid-map=1', 'must be <host id>:<id inside>[,...]')
    bad('--mount=here', 'must be <source>=<absolute target>')
    bad('--app-config-path=c.json', 'configuration files are not supported by this version')
    bad('--roothash=h', 'ext2 images are not supported by this version')


def test_strace_filters_have_their_own_texts(_):
    refuse('Cannot specify both --strace-filter and --strace-exclude-filter', 'exec-linux',
           '--strace-filter=read', '--strace-exclude-filter=write', '/', '/bin/true')
    for option in ('--strace-filter-tid', '--strace-filter-pid'):
        refuse('tid or pid x is invalid. Must be a positive number.', 'exec-linux',
               f'{option}=1:x', '/', '/bin/true')


def test_root_file_systems_are_told_apart(folder):
    (folder / 'text').write_text('hello')
    (folder / 'ext2').write_bytes(bytes(1080) + b'\x53\xef' + bytes(2000))
    (folder / 'luks').write_bytes(b'LUKS\xba\xbe' + bytes(4096))
    (folder / 'signed').write_bytes(bytes(8192) + bytes.fromhex('384d6253a19851f5') + bytes(4088))
    none = 'not a root file system (a CPIO archive, a directory or an ext2 image)'
    refuse(f'text: {none}', 'exec-linux', 'text', '/bin/true')
    refuse('/dev/null: ' + none, 'exec-linux', '/dev/null', '/bin/true')
    refuse('missing: No such file or directory', 'exec-linux', 'missing', '/bin/true')
    for name in ('ext2', 'luks', 'signed'):
        refuse(f'{name}: ext2 images are not supported by this version', 'exec-linux', name, '/x')


def test_application_must_be_absolute(_):
    refuse('program must be an absolute path within the rootfs: bin/true', 'exec-linux', '/',
           'bin/true')


def test_fsgsbase_agrees_with_the_processor(_):
    flags = pathlib.Path('/proc/cpuinfo').read_text().split('\nflags', 1)[1].split('\n', 1)[0].split()
    result = run('fsgsbase')
    if 'fsgsbase' not in flags:
        assert (result.status, result.out) == (1, 'FSGSBASE instructions are not supported\n')
    elif result.status == 0:
        assert result.out == 'FSGSBASE instructions are supported\n'
    quiet = run('fsgsbase', '--quiet')
    assert (quiet.status, quiet.out, quiet.err) == (result.status, '', '')
    assert run('fsgsbase', '-q').status == result.status


def test_output_that_cannot_be_written_is_an_error(_):
    with open('/dev/full', 'w') as full:
        done = subprocess.run([MYST, 'help'], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr.decode() == f'{MYST}: error: cannot write to standard output\n'
