# SPDX-License-Identifier: MIT
"""<myst/tee.h>: sizes, offsets and numbers, as seen by the compilers of applications."""

from command import BUILD, ROOT, run, succeed

PROGRAM = '''
#include <myst/tee.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

typedef char size_of_identity[sizeof(myst_tee_identity_t) == 96 ? 1 : -1];
typedef char offset_of_attributes[offsetof(myst_tee_identity_t, attributes) == 8 ? 1 : -1];
typedef char offset_of_unique_id[offsetof(myst_tee_identity_t, unique_id) == 16 ? 1 : -1];
typedef char offset_of_signer_id[offsetof(myst_tee_identity_t, signer_id) == 48 ? 1 : -1];
typedef char offset_of_product_id[offsetof(myst_tee_identity_t, product_id) == 80 ? 1 : -1];
typedef char number_of_the_last[SYS_myst_oe_get_enclave_base_address == 1033 ? 1 : -1];

static int verifier(myst_tee_identity_t *identity, void *arg)
{
    (void)arg;
    return identity->security_version != 1;
}

int main(void)
{
    /* Linux has no such call. */
    return syscall(SYS_myst_verify_cert, (void *)0, (size_t)0, verifier, (void *)0) == -1 ? 0 : 1;
}
'''


def test_tee_header_in_c(folder):
    (folder / 'p.c').write_text(PROGRAM)
    succeed('p.c', '-static', '-o', 'p', program=str(BUILD / 'bin/myst-gcc'))
    assert run(program=str(folder / 'p')).status == 0


def test_tee_header_agrees_with_the_systems_headers(folder):
    (folder / 'p.c').write_text('#include <sys/syscall.h>\n' + PROGRAM)
    for compiler in (['gcc', '-std=c99', '-D_GNU_SOURCE', '-pedantic'], ['clang', '-std=c11', '-D_GNU_SOURCE']):
        succeed(*compiler[1:], '-Wall', '-Wextra', '-Werror', f'-I{ROOT}/include', '-c', 'p.c',
                program=compiler[0])


def test_tee_header_in_cxx(folder):
    (folder / 'p.cc').write_text('#include <stdint.h>\n#include <myst/tee.h>\n'
                                 'int version(const myst_tee_identity_t &i)'
                                 ' { return static_cast<int>(i.security_version); }\n')
    succeed('-std=c++11', '-Wall', '-Wextra', '-Werror', f'-I{ROOT}/include', '-c', 'p.cc',
            program='clang++')
