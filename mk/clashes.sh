#!/bin/sh
# SPDX-License-Identifier: MIT
# Print "name kernel_name" for each symbol that the object given defines and libc defines too.
set -eu

libc=$(gcc -print-file-name=libc.so.6)
{
    nm --defined-only -g -j "$1" | sort -u
    nm -D --defined-only -j "$libc" | sed 's/@.*//' | sort -u
} | sort | uniq -d | sed 's/.*/& kernel_&/'
