#!/bin/bash
# SPDX-License-Identifier: MIT
# Random system calls inside the kernel: run.sh PROGRAM SECONDS [SEED [CALL...]]
#
# A finding is a run that does not end as it should: a panic (125), a run that outlives its time,
# a parent that could not start the next worker.  The calls named are left out.  What the run said is in PROGRAM.log.
set -uo pipefail

program=$1 seconds=$2 seed=${3:-1}
shift $(($# < 3 ? $# : 3))
myst=${MYST:-build/bin/myst}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{bin,dev,proc,tmp}
cp "$program" "$root/bin/calls"
"$myst" mkcpio "$root" "$root.cpio" || exit 1
trap 'rm -rf "$root" "$root.cpio"' EXIT

timeout --kill-after=5 $((seconds + 30)) "$myst" exec-linux --memory-size 256m \
    --unhandled-syscall-enosys true "$root.cpio" \
    /bin/calls "$seconds" "$seed" "$@" > "$program.log" 2>&1 < /dev/null
status=$?
if [ $status = 0 ]; then
    echo "ok   $(tail -n 1 "$program.log")"
else
    echo "FAIL calls: status $status, see $program.log"
    grep -m 12 -A 11 'kernel panic' "$program.log"
fi
exit $status
