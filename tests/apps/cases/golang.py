# SPDX-License-Identifier: MIT
"""A static Go program: system calls without a C library, its own threads, stacks and signals."""

import os

from harness import APPS, Root, build, build_c, case, expect_equal, program, runnable

CHECKS = 'goroutines preemption collector files timers signals children web'


def gosuite():
    """The program, built by Debian's Go without cgo and without the network."""
    source = program('gosuite.go')
    return build('gosuite', 'env', 'CGO_ENABLED=0', 'GO111MODULE=off', 'GOTOOLCHAIN=local',
                 f'GOCACHE={os.path.join(APPS, "go-cache")}', 'GOFLAGS=-trimpath',
                 'go', 'build', '-o', '{}', source, sources=[source])


def root():
    """The program and one that it starts."""
    return Root('go', [], {'/bin/gosuite': gosuite(),
                           '/bin/child': build_c('child', 'child.c', '-static-pie')})


@case('go', 'static: goroutines, preemption, collector, files, timers, signals, children, net/http')
def go(machine):
    """The program checks itself."""
    done = machine.run(root(), '/bin/gosuite', memory='512m', timeout=90)
    expect_equal('checks that held', done.stdout.split(), CHECKS.split())


runnable('go', root, '/bin/gosuite')
