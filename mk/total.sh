#!/bin/bash
# SPDX-License-Identifier: MIT
# Run suites (make targets) one after the other, all of them whatever fails, and end with their
# counts and the total: total.sh unit test-sys ...
set -uo pipefail

SUITE_LOG=$(mktemp)
export SUITE_LOG
trap 'rm -f "$SUITE_LOG"' EXIT

broken=0
for suite in "$@"; do
    echo "== $suite"
    ${MAKE:-make} --no-print-directory "$suite" && continue
    # A suite that failed has said so in the log; one that never got that far has not.
    grep -q "^$suite .* [1-9][0-9]* [0-9]*$" "$SUITE_LOG" || {
        echo "$suite: could not be run"
        echo "$suite 0 1 0" >>"$SUITE_LOG"
    }
    broken=1
done

echo "== total"
awk '{ printf "%-12s %6d passed %6d failed %6d skipped\n", $1, $2, $3, $4; p += $2; f += $3; s += $4 }
     END { printf "%d passed, %d failed, %d skipped\n", p, f, s }' "$SUITE_LOG"
exit $broken
