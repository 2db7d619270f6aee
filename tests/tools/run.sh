#!/bin/sh
# SPDX-License-Identifier: MIT
# Test the myst command and the compiler wrapper, as they were built:
#
#   tests/tools/run.sh [filter...]
#
# B names the build folder.  MYST and MYST_ASAN name the command and the same under ASan and UBSan,
# which gets the hostile input.
set -eu

B=${B:-build}
export B="$(realpath "$B")"
export MYST="${MYST:-$B/bin/myst}" MYST_ASAN="${MYST_ASAN:-$B/tests/myst}"
exec python3 "$(dirname "$0")/suite.py" "$@"
