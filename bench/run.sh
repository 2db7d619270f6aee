#!/bin/sh
# SPDX-License-Identifier: MIT
# Measure; `run.sh --help` lists the options.  Debian's Python, whatever PATH says.
exec /usr/bin/python3 "$(dirname "$0")/run.py" "$@"
