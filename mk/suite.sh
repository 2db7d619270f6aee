#!/bin/bash
# SPDX-License-Identifier: MIT
# Run the programs of one suite and add up what they report.
#
#   suite.sh name command... \; command... \;
#
# Each command ends its output with "N passed, N failed, N skipped".  One that ends without such a
# line, or whose exit status disagrees with it, counts as one more failure.  The total is the last
# line printed here and is appended to $SUITE_LOG for whoever adds up suites.
set -uo pipefail

name=$1
shift
passed=0 failed=0 skipped=0

run_one() {
    local log line status
    log=$(mktemp)
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
    rm -f "$log"

    if [[ ! $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
        echo "$name: $1 ended with status $status and without a count"
        failed=$((failed + 1))
        return
    fi
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    skipped=$((skipped + BASH_REMATCH[3]))
    if ((status != 0 && BASH_REMATCH[2] == 0)); then
        echo "$name: $1 reported no failure but ended with status $status"
        failed=$((failed + 1))
    fi
}

command=()
for word in "$@" ';'; do
    if [[ $word != ';' ]]; then
        command+=("$word")
    elif ((${#command[@]})); then
        run_one "${command[@]}"
        command=()
    fi
done

echo "$passed passed, $failed failed, $skipped skipped"
if [[ -n ${SUITE_LOG:-} ]]; then
    echo "$name $passed $failed $skipped" >>"$SUITE_LOG"
fi
((failed == 0))
