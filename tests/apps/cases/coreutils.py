# SPDX-License-Identifier: MIT
"""GNU coreutils on real files."""

from harness import Root, build_c, case, expect_transcript, program

TRANSCRIPT = program('coreutils.transcript')


@case('coreutils', '70 commands on real files: copies, sorts, sums, links, modes, times, holes')
def coreutils(machine):
    """Every step of the transcript prints what it prints on Linux."""
    root = Root('coreutils', ['coreutils', 'diffutils', 'sed'],
                {'/bin/transcript': build_c('transcript', 'transcript.c', '-static-pie'),
                 '/steps': TRANSCRIPT})
    expect_transcript(machine, root, '/steps', TRANSCRIPT)
