#!/bin/bash
# SPDX-License-Identifier: MIT
# Run fuzzers, each for so many seconds: fuzz.sh seconds program...  What a fuzzer says is in
# <program>.log, an input that it fails on in <program>.crash-*.
set -uo pipefail

seconds=$1
shift
passed=0 failed=0

for fuzzer in "$@"; do
    mkdir -p "$fuzzer.corpus"
    if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$fuzzer." "$fuzzer.corpus" >"$fuzzer.log" 2>&1; then
        echo "ok   $(basename "$fuzzer"): $(grep -o '^Done .*' "$fuzzer.log")"
        passed=$((passed + 1))
    else
        echo "FAIL $(basename "$fuzzer"): see $fuzzer.log"
        grep -E 'ERROR|SUMMARY|runtime error|Test unit written' "$fuzzer.log" | head -n 5
        failed=$((failed + 1))
    fi
done

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
