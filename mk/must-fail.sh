#!/bin/bash
# SPDX-License-Identifier: MIT
# must-fail.sh 'COMPILE' FOLDER FILE...
#
# Compile what must not compile, and look for the reason in the compiler's words.
#
# The second line of each FILE is a comment "must fail: WORDS", or "must fail: WORDS | WORDS" where
# compilers differ.  A .c file is compiled as it is.  A
# .def file stands in for kernel/syscall/table.def while info.c and dispatch.c are compiled, in a
# copy of the headers made in FOLDER.
set -eu -o pipefail
export LC_ALL=C                                  # plain quotes in the compiler's words

compile=$1 folder=$2
shift 2
findings=0

complain() {
    echo "$1"
    findings=$((findings + 1))
}

rm -rf "$folder"
mkdir -p "$folder/kernel/syscall" "$folder/kernel/lib"
ln -s "$PWD/abi" "$folder/abi"
cp kernel/lib/types.h "$folder/kernel/lib/"
cp kernel/syscall/*.h kernel/syscall/*.def kernel/syscall/info.c kernel/syscall/dispatch.c \
    "$folder/kernel/syscall/"

for file in "$@"; do
    words=$(sed -n '2s/.*must fail: \(.*[^ ]\) *\*\/.*/\1/p' "$file")
    [ -n "$words" ] || complain "$file: no \"must fail:\" on its second line"

    sources=$file
    if [ "${file##*.}" = def ]; then
        cp "$file" "$folder/kernel/syscall/table.def"
        sources="$folder/kernel/syscall/info.c $folder/kernel/syscall/dispatch.c"
    fi
    said=
    for source in $sources; do
        # -iquote comes before -I: the copy is found first.
        said+=$($compile -iquote "$folder" -c -o /dev/null "$source" 2>&1) || said+=' refused'
    done
    case $said in
    *refused*) ;;
    *) complain "$file: accepted" ;;
    esac
    grep -qF -e "${words//' | '/$'\n'}" <<< "$said" ||
        complain "$file: refused, but not with: $words"
done
echo "must-fail: $findings findings"
[ "$findings" = 0 ]
