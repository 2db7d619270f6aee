#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds and runs the behaviour tests, on this Linux or in our kernel.
#
# usage: tests/sys/run.sh [option...]
#   --native            on this machine's Linux (default)
#   --target NAME       inside our kernel: myst exec-NAME
#   --filter TEXT       only programs whose name contains TEXT; may be a list: "open pipe"
#   --flavour F         glibc, static, musl, musl-static, or all; default: each program as
#                       glibc, and every sixth as each of the others
#   --myst-options "O"  further options of myst exec-NAME
#   --hostfs            inside our kernel: the root file system is a directory of the host
#   --dir DIR           where native tests keep their files (default: TMPDIR or /tmp)
#   --jobs N            programs at a time (default 2)
#   --timeout S         seconds per program (default 60)
#   --build DIR         the build to test, DIR/bin/myst, and where to compile (default build)
#   --build-only        compile, do not run
#
# One line per program; the output of those that fail; then the sums.

set -eu
cd "$(dirname "$0")/../.."

target=native filter='' flavour='' options='' dir=${TMPDIR:-/tmp} jobs=2 limit=60 build_only=''
build=build rootfs=rootfs.cpio

usage() {
    sed -n '/^# usage/,/^#   --build-only/s/^# \{0,1\}//p' tests/sys/run.sh
    exit "$1"
}

need() {
    [ "$1" -ge 2 ] || usage 1 >&2
}

while [ $# -gt 0 ]; do
    case $1 in
    --native) target=native ;;
    --target) need $#; target=$2; shift ;;
    --filter) need $#; filter=$2; shift ;;
    --flavour) need $#; flavour=$2; shift ;;
    --myst-options) need $#; options=$2; shift ;;
    --hostfs) rootfs=appdir ;;
    --dir) need $#; dir=$2; shift ;;
    --jobs) need $#; jobs=$2; shift ;;
    --timeout) need $#; limit=$2; shift ;;
    --build) need $#; build=$2; shift ;;
    --build-only) build_only=1 ;;
    --one) shift; break ;;      # internal: run one program, see below
    -h | --help) usage 0 ;;
    *) usage 1 >&2 ;;
    esac
    shift
done
out=$build/tests/sys

# Native tests mount file systems: in a name space of our own nothing stays behind.
if [ "$target" = native ] && [ -z "${SYS_TESTS_UNSHARED:-}" ] && [ $# -eq 0 ] &&
    unshare -m true 2>/dev/null; then
    export SYS_TESTS_UNSHARED=1
    exec unshare -m sh tests/sys/run.sh --native --filter "$filter" --flavour "$flavour" \
        --dir "$dir" --jobs "$jobs" --timeout "$limit" --build "$build" ${build_only:+--build-only}
fi

# ---- one program: $1 is <flavour>/<name>; its line goes to stdout, all it printed to its log ----

run_native() {
    case $out in /*) program=$out/$1 ;; *) program=$PWD/$out/$1 ;; esac
    work=$(mktemp -d "$dir/sys.XXXXXX")
    chmod 755 "$work"
    (cd "$work" && exec timeout -k 5 "$limit" "$program" -v) >"$log" 2>&1 </dev/null
    status=$?
    rm -rf "$work"
    return $status
}

# A program that needs more memory than the default says so: "memory: 512m" in a comment.
run_target() {
    memory=$(sed -n '1,5s/^\/\* memory: \([0-9]*[kmg]\) \*\/$/\1/p' "tests/sys/${1#*/}.c")
    # shellcheck disable=SC2086 # options is a list of words
    timeout -k 5 "$limit" "$build/bin/myst" "exec-$target" \
        ${memory:+--memory-size "$memory"} $options "$out/$rootfs" \
        "/bin/$1" -v >"$log" 2>&1 </dev/null
}

run_one() {
    log=$out/log/$target/$1.log
    mkdir -p "${log%/*}"
    set +e
    if [ "$target" = native ]; then run_native "$1"; else run_target "$1"; fi
    status=$?
    set -e

    sums=$(grep '^= [0-9]' "$log" | tail -n 1)
    verdict=ok
    if [ $status -ne 0 ] || [ -z "$sums" ]; then
        verdict=FAIL
        case $status in
        0) echo "FAIL ended without a count" >>"$log" ;;
        1) [ -n "$sums" ] || echo "FAIL stopped in: $(grep '^# ' "$log" | tail -n 1)" >>"$log" ;;
        124 | 137) echo "FAIL timeout after $limit s in: $(grep '^# ' "$log" | tail -n 1)" >>"$log" ;;
        *) echo "FAIL exit status $status in: $(grep '^# ' "$log" | tail -n 1)" >>"$log" ;;
        esac
    fi
    if grep -q '^FAIL' "$log"; then verdict=FAIL; fi
    printf '%-4s %-36s %s\n' $verdict "${1#*/} (${1%%/*})" "${sums#= }"
}

if [ $# -gt 0 ]; then
    # Arguments: target, directory, limit, options, build, root file system, program.
    target=$1 dir=$2 limit=$3 options=$4 out=$5/tests/sys build=$5 rootfs=$6
    run_one "$7"
    exit 0
fi

# ---- which programs, in which flavours ----

matches() {
    [ -z "$filter" ] && return 0
    for word in $filter; do
        case $1 in *"$word"*) return 0 ;; esac
    done
    return 1
}

programs='' index=0
for source in tests/sys/*.c tests/sys/ours/*.c; do
    [ -e "$source" ] || continue
    name=${source#tests/sys/} name=${name%.c}
    case $target/$name in native/ours/*) continue ;; esac
    case $flavour in
    "")
        flavours=glibc
        case $((index % 6)) in
        0) flavours="glibc musl-static" ;;
        2) flavours="glibc static" ;;
        4) flavours="glibc musl" ;;
        esac
        ;;
    all) flavours="glibc static musl musl-static" ;;
    glibc | static | musl | musl-static) flavours=$flavour ;;
    *) usage 1 >&2 ;;
    esac
    index=$((index + 1))
    matches "$name" || continue
    for f in $flavours; do programs="$programs $f/$name"; done
done
[ -n "$programs" ] || { echo "no program matches $filter" >&2; exit 1; }

files=
for p in $programs; do files="$files $out/$p"; done
# shellcheck disable=SC2086 # a list of words
make -s -f tests/sys/files.mk -j"$jobs" SYS_TESTS_OUT="$out" $files
[ -z "$build_only" ] || exit 0

# ---- the root file system of a target ----

# Copies the shared libraries that $1 names into the tree $2.
copy_libraries() {
    ldd "$1" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p' |
        while read -r lib; do
            case $lib in *musl*) continue ;; esac # the runtime brings its own
            [ -e "$2$lib" ] && continue
            mkdir -p "$2${lib%/*}"
            cp -L "$lib" "$2$lib"
        done
}

make_rootfs() {
    tree=$out/appdir
    rm -rf "$tree"
    mkdir -p "$tree/bin" "$tree/etc" "$tree/tmp" "$tree/root" "$tree/dev" "$tree/proc"
    chmod 1777 "$tree/tmp"
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' \
        >"$tree/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$tree/etc/group"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$tree/etc/hosts"
    for p in $programs; do
        mkdir -p "$tree/bin/${p%/*}"
        cp "$out/$p" "$tree/bin/$p"
        case $p in glibc/*) copy_libraries "$out/$p" "$tree" ;; esac
    done
    # glibc's pthread_cancel loads this by name.
    gcc_s=$(gcc -print-file-name=libgcc_s.so.1)
    mkdir -p "$tree/lib/x86_64-linux-gnu"
    cp -L "$gcc_s" "$tree/lib/x86_64-linux-gnu/"
    [ $rootfs = appdir ] || "$build/bin/myst" mkcpio "$tree" "$out/$rootfs"
}

if [ "$target" != native ]; then
    [ -x "$build/bin/myst" ] || { echo "$build/bin/myst is missing: run make first" >&2; exit 1; }
    make_rootfs
fi

# ---- run them ----

start=$(date +%s)
rm -rf "$out/log/$target"
mkdir -p "$out/log/$target"
for p in $programs; do echo "$p"; done |
    xargs -P "$jobs" -I '{}' sh tests/sys/run.sh --one "$target" "$dir" "$limit" "$options" "$build" \
        "$rootfs" '{}'

for p in $programs; do
    log=$out/log/$target/$p.log
    if grep -q '^FAIL' "$log"; then
        echo "---- $p ----"
        grep -v '^# ' "$log" | grep -v '^ok ' | tail -n 60
    fi
done

echo "$(echo "$programs" | wc -w) programs in $(($(date +%s) - start)) s"
for p in $programs; do cat "$out/log/$target/$p.log"; done | awk '
    /^ok / { passed++ }
    /^FAIL/ { failed++ }
    /^skip / { skipped++ }
    END {
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit failed != 0
    }'
