# SPDX-License-Identifier: MIT
# The kernel: one freestanding static-pie image, the same bytes for every target, and the vDSO
# inside it, which is an ELF file of its own.

ARCH     := kernel/arch/x86_64
VDSO_DIR := $(ARCH)/vdso
VDSO     := $(B)/kernel/vdso.so

KERNEL_ALL := $(call find,kernel,*.c) $(call find,kernel,*.S)
# An arch file replaces the generic one of the same name by existing.
KERNEL_REPLACED := $(foreach f,$(wildcard $(ARCH)/*.c $(ARCH)/*.S),kernel/lib/$(basename $(notdir $f)).c)
KERNEL_TESTS    := $(call find,kernel,test_*.c)
KERNEL_SRCS     := $(filter-out $(KERNEL_TESTS) $(VDSO_DIR)/% $(KERNEL_REPLACED),$(KERNEL_ALL))
KERNEL_OBJS     := $(KERNEL_SRCS:%=$(B)/obj/%.o)
KERNEL_ELF      := $(B)/lib/mystikos/kernel.elf

# Without vector registers gcc clears and copies structs with `rep stosq` and `rep movsq`, whose start
# costs 10 ns, several times in every system call.  Loops of words up to 256 bytes, calls above.
comma := ,
STRUCT_COPIES := $(if $(IS_CLANG),,$(foreach f,memset memcpy, \
    -m$f-strategy=unrolled_loop:256:noalign$(comma)libcall:-1:noalign))
FREESTANDING := $(COMMON) -O2 -ffreestanding $(NO_LIBC) -fPIE -fvisibility=hidden \
    -mgeneral-regs-only -fno-omit-frame-pointer -fno-strict-aliasing $(STRUCT_COPIES)

# The canary is at %gs:40, in the thread block: FS belongs to the user program.
KERNEL_CFLAGS := $(FREESTANDING) -fstack-protector-strong -mstack-protector-guard=tls \
    -mstack-protector-guard-reg=gs -mstack-protector-guard-offset=40 \
    $(if $(IS_CLANG),-Wframe-larger-than=1024,-Wstack-usage=1024)
KERNEL_LDFLAGS := -nostdlib -static-pie -Wl,--no-dynamic-linker -Wl,-z,text -Wl,-z,noexecstack \
    -Wl,-z,separate-code -Wl,--build-id=none -Wl,-e,kernel_start -Wl,-Map,$(B)/kernel/kernel.map

$(B)/obj/kernel/%.c.o: kernel/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_CFLAGS) -c -o $@ $<

$(B)/obj/kernel/%.S.o: kernel/%.S
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(KERNEL_CFLAGS) -I$(B) -c -o $@ $<

$(eval $(call list,kernel/kernel,$(KERNEL_OBJS)))
# Linked twice: the second link carries the symbol table of the first, for back traces
# (mk/ksyms.py); it is read-only data behind all code, so no address moves.
$(KERNEL_ELF): $(KERNEL_OBJS) $(B)/kernel/kernel.list mk/ksyms.py | $(B)/lib/mystikos/
	$(call say,LD,$@)
	$(Q)python3 mk/ksyms.py > $(B)/kernel/ksyms0.S
	$(Q)$(CC) $(KERNEL_LDFLAGS) -o $(B)/kernel/first.elf $(KERNEL_OBJS) $(B)/kernel/ksyms0.S -lgcc
	$(Q)python3 mk/ksyms.py $(B)/kernel/first.elf > $(B)/kernel/ksyms.S
	$(Q)$(CC) $(KERNEL_LDFLAGS) -o $@ $(KERNEL_OBJS) $(B)/kernel/ksyms.S -lgcc

# The vDSO runs in user mode on the user's stack: no canary, no GS, nothing but its own code.
VDSO_SRCS   := $(wildcard $(VDSO_DIR)/*.c $(VDSO_DIR)/*.S)
VDSO_OBJS   := $(VDSO_SRCS:%=$(B)/obj/vdso/%.o)
VDSO_CFLAGS := $(COMMON) -O2 -ffreestanding $(NO_LIBC) -fPIC -mgeneral-regs-only \
    -fno-stack-protector -fasynchronous-unwind-tables

$(B)/obj/vdso/%.o: %
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(VDSO_CFLAGS) -c -o $@ $<

$(VDSO): $(VDSO_OBJS) $(VDSO_DIR)/vdso.lds | $(B)/kernel/
	$(call say,LD,$@)
	$(Q)$(CC) -nostdlib -shared -Wl,-T,$(VDSO_DIR)/vdso.lds -Wl,-z,text -Wl,-z,noexecstack \
	    -Wl,--build-id=none -Wl,--hash-style=both -Wl,-Bsymbolic -Wl,-soname,linux-vdso.so.1 \
	    -Wl,-z,max-page-size=4096 -Wl,--eh-frame-hdr -o $@.full $(VDSO_OBJS)
	$(Q)objcopy --strip-debug $@.full $@

$(B)/obj/$(ARCH)/vdso_image.S.o: $(VDSO)

-include $(KERNEL_OBJS:.o=.d) $(VDSO_OBJS:.o=.d)
