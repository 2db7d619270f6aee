# SPDX-License-Identifier: MIT
"""The lints find what they are for: each is run on a small tree with planted mistakes."""

import shutil

from command import ROOT, run

LICENCE = '/* SPDX-License-Identifier: MIT */\n'


def lint(name, folder, *words):
    result = run(*words, program=str(ROOT / 'tools/lint' / name), cwd=folder)
    return result.status, result.out.splitlines()


def plant(folder, **files):
    for name, text in files.items():
        path = folder / name.replace('__', '/').replace('_dot_', '.')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_layers_finds_planted_includes(folder):
    (folder / 'LAYERS').write_text('abi : -\nkernel/lib : abi\nkernel/mm : kernel/lib\n'
                                   'kernel/fs/* : kernel/lib kernel/net   # not above\n'
                                   'kernel/fs/proc : kernel/lib kernel/mm\n')
    plant(folder, kernel__mm__mm_dot_h='', kernel__fs__a__a_dot_h='',
          kernel__mm__good_dot_c='#include "kernel/mm/mm.h"\n#include <stdint.h>\n',
          kernel__mm__libc_dot_c='#include <stdio.h>\n',
          kernel__mm__test_libc_dot_c='#include <stdio.h>\n',
          kernel__mm__relative_dot_c='#include "mm.h"\n',
          kernel__fs__a__up_dot_c='#include "kernel/mm/mm.h"\n',
          kernel__fs__b__sibling_dot_c='#include "kernel/fs/a/a.h"\n',
          kernel__fs__proc__allowed_dot_c='#include "kernel/mm/mm.h"\n',
          tools__unknown_dot_c='#include <stdio.h>\n')
    status, lines = lint('layers.py', folder)
    assert status == 1
    assert lines == [
        'LAYERS:4: kernel/fs/* names kernel/net, which neither it nor a rule above covers',
        'kernel/fs/a/up.c:1: kernel/fs/* may not include kernel/mm/mm.h',
        'kernel/fs/b/sibling.c:1: kernel/fs/* may not include kernel/fs/a/a.h',
        'kernel/mm/libc.c:1: kernel/mm may not include <stdio.h>',
        'kernel/mm/relative.c:1: "mm.h" is not a path from the root of the tree',
        'tools/unknown.c:1: a folder that LAYERS does not know may not include <stdio.h>',
        'layers: 6 findings'], lines


def test_shape_finds_planted_mistakes(folder):
    long_body = '    x();\n' * 71
    plant(folder,
          kernel__good_dot_c=LICENCE + '/* Long because it is a test. */\nvoid f(void)\n{\n' + long_body + '}\n',
          kernel__long_dot_c=LICENCE + 'void f(void)\n{\n' + long_body + '}\n',
          kernel__if_dot_c=LICENCE + '#if 1\n#endif\nvoid f(void)\n{\n#ifdef X\n#endif\n}\n',
          kernel__todo_dot_c=LICENCE + '/* TODO(#4): later */\n/* TO' 'DO: some day */\n/* X' 'XX */\n',
          kernel__licence_dot_c='int x;\n',
          kernel__file_dot_c=LICENCE + '\n' * 800)
    status, lines = lint('shape.py', folder)
    assert status == 1
    assert lines == [
        'kernel/file.c:1: 801 lines and no "Long because" in the opening comment',
        'kernel/if.c:6: #if inside a function',
        'kernel/licence.c:1: the first line is not "SPDX-License-Identifier: MIT"',
        'kernel/long.c:3: f has 71 lines and no "Long because"',
        'kernel/todo.c:3: a TO' 'DO without an issue: write TO' 'DO(#n)',
        'kernel/todo.c:4: a leftover: X' 'XX',
        'shape: 6 findings'], lines


UGLY = '''int x;   /* a note */
char *long_name_of_something;  /* another   */
#define TWICE(a) \\
    ((a) + (a)) /* not at the margin */
const char *s = "/* not a comment */";
void f(void) {
  if (x) g( 1 );   /* why */
    /* A sentence that stands alone.
     * int y; /+ no note
     */
}
'''

NEAT = '''int x;                                           /* a note                                  */
char *long_name_of_something;                    /* another                                 */
'''


def test_format_puts_notes_in_the_margin_and_is_stable(folder):
    shutil.copy(ROOT / '.clang-format', folder)
    (folder / 'kernel').mkdir()
    (folder / 'kernel/x.c').write_text(UGLY)
    assert lint('format.py', folder, '--check') == (
        1, ['kernel/x.c:1: not formatted (make format)', 'format: 1 findings'])
    assert lint('format.py', folder) == (0, [])
    text = (folder / 'kernel/x.c').read_text()
    assert text.startswith(NEAT), text
    assert '        g(1);                                    /* why ' in text, text
    assert 'const char *s = "/* not a comment */";\n' in text, text
    assert '     * int y; /+ no note\n' in text, text
    assert lint('format.py', folder, '--check') == (0, ['format: 0 findings'])
