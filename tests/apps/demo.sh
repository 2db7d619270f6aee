#!/bin/sh
# SPDX-License-Identifier: MIT
# A first look: make a root file system of Debian's Python and run it inside, showing each command.
set -eu

cd "$(dirname "$0")/../.."
build=${B:-build}
root=$build/demo/root

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

mkdir -p "$build/demo"
show tests/apps/mkroot.py --cache "$build/apps/debs" "$root" python3.11
show "$build/bin/myst" mkcpio "$root" "$root.cpio"
show "$build/bin/myst" exec-linux --memory-size 256m "$root.cpio" /usr/bin/python3.11 -c '
import os, platform, sqlite3, sys, threading
print("Python", platform.python_version(), "as process", os.getpid(), "on", *os.uname()[:3:2])
thread = threading.Thread(target=lambda: print("a thread of its own:", threading.get_native_id()))
thread.start(); thread.join()
print("sqlite", sqlite3.connect(":memory:").execute("select sqlite_version()").fetchone()[0])
print("/ has", *sorted(os.listdir("/")))
'
cat <<END

An unmodified Python from a Debian package has just run inside the library OS.  Next:
  $build/bin/myst exec-linux $root.cpio /usr/bin/python3.11      (at the keyboard)
  $build/bin/myst exec-linux --strace $root.cpio /usr/bin/python3.11 -V
  tests/apps/run.sh --list                                       (the programs of the suite)
END
