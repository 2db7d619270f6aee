/* SPDX-License-Identifier: MIT */
/* The vDSO as the build made it, in whole pages (vdso_image.h). */
    .section .rodata.vdso_image, "a", @progbits
    .balign 4096
    .globl vdso_image, vdso_image_end
    .hidden vdso_image, vdso_image_end
vdso_image:
    .incbin "kernel/vdso.so"
    .balign 4096
vdso_image_end:

    .section .note.GNU-stack, "", @progbits
