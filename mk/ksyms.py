#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the kernel's symbol table as assembly: ksyms.py KERNEL.elf (or nothing) > ksyms.S

Without an argument the table is empty: the first link.  The table stands in a section of its own
behind everything else that is read-only, so that adding it moves no function."""
import subprocess
import sys

symbols = []
if len(sys.argv) > 1:
    text = subprocess.run(['nm', '-n', '--defined-only', sys.argv[1]], capture_output=True,
                          text=True, check=True).stdout
    for line in text.splitlines():
        addr, kind, name = line.split(None, 2)
        if kind in 'tT' and not name.startswith('.'):
            symbols.append((int(addr, 16), name.split('.')[0]))

names, offsets = [], {}
at = 0
for _, name in symbols:
    if name not in offsets:
        offsets[name] = at
        at += len(name) + 1
        names.append(name)

print('    .section .rodata.zz_ksyms, "a", @progbits\n    .balign 8')
print('    .globl ksym_table\n    .hidden ksym_table\nksym_table:')
for addr, name in symbols:
    print(f'    .long {addr:#x}, {offsets[name]}')
print('    .globl ksym_count\n    .hidden ksym_count\nksym_count:')
print(f'    .long {len(symbols)}')
print('    .globl ksym_names\n    .hidden ksym_names\nksym_names:')
for name in names:
    print(f'    .asciz "{name}"')
print('    .section .note.GNU-stack, "", @progbits')
