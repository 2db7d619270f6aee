# SPDX-License-Identifier: MIT
"""busybox, which is every small tool at once."""

from harness import Root, build_c, case, expect_transcript, program, runnable

TRANSCRIPT = program('busybox.transcript')


@case('busybox', '40 applets alone, in pipelines and under ash, on files in /tmp')
def busybox(machine):
    """Every step of the transcript prints what it prints on Linux."""
    root = Root('busybox', ['busybox'],
                {'/bin/transcript': build_c('transcript', 'transcript.c', '-static-pie'),
                 '/steps': TRANSCRIPT})
    expect_transcript(machine, root, '/steps', TRANSCRIPT)


runnable('busybox', lambda: Root('busybox-shell', ['busybox']), '/bin/busybox', 'sh')
