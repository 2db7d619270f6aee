# SPDX-License-Identifier: MIT
# Unit tests: test_*.c beside the code, linked with the code into two hosted programs and run under
# ASan and UBSan.
#
#   build/tests/unit        kernel/ on targets/sim
#   build/tests/unit-tools  tools/myst and the outer half of targets/linux
#
# The kernel is linked into one object first, in which its names that libc has too (memcpy,
# snprintf...) are renamed: kernel code tests the kernel's, the sim target uses libc's.

# While parts of the kernel are missing:
#   make unit UNIT_LDFLAGS=-Wl,--unresolved-symbols=ignore-all
#   make unit UNIT_KERNEL='kernel/lib/printf.c kernel/lib/test_printf.c'

# What cannot run in an ordinary process: assembly, and C that loads or edits machine state.
UNIT_EXCLUDE := %.S kernel/init.c kernel/init/% \
    $(addprefix $(ARCH)/,$(shell sed 's/\#.*//' mk/unit-exclude.txt))

UNIT_FLAGS := $(COMMON) -O1 -D_GNU_SOURCE -DMYST_SIM -fno-omit-frame-pointer \
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-strict-aliasing
HARNESS    := $(wildcard tests/unit/*.c)
# Kernel memory comes from targets/sim/machine.c, which passes on what is not its own.
UNIT_WRAP  := $(foreach f,kalloc kzalloc kcalloc krealloc kfree kfreep kstrdup kmemdup_str page_alloc \
    page_free,-Wl,--wrap=$f)
# Libraries that are not ours and know better: Zydis decodes instructions.
UNIT_JUDGES := -lZydis

UNIT_KERNEL := $(filter-out $(UNIT_EXCLUDE),$(KERNEL_SRCS) $(KERNEL_TESTS))
UNIT_HOSTED := $(call find,targets/sim,*.c) $(HARNESS)
UNIT_KERNEL_OBJS := $(UNIT_KERNEL:%=$(B)/unit/%.o)
UNIT_HOSTED_OBJS := $(UNIT_HOSTED:%=$(B)/unit/%.o)

UNIT_MYST       := $(filter-out tools/myst/main.c,$(MYST_SRCS)) $(OUTER_SRCS)
UNIT_TOOLS      := $(UNIT_MYST) $(HARNESS) \
    $(wildcard tools/myst/test_*.c targets/linux/test_*.c targets/linux/inner/test_*.c)
UNIT_MYST_OBJS  := $(UNIT_MYST:%=$(B)/unit/%.o)
UNIT_TOOLS_OBJS := $(UNIT_TOOLS:%=$(B)/unit/%.o)

$(B)/unit/kernel/%.c.o: kernel/%.c
	@mkdir -p $(@D)
	$(call say,CC-U,$<)
	$(Q)$(CC) $(UNIT_FLAGS) $(UAPI) -ffreestanding -c -o $@ $<

# The vDSO as built is part of its test.
$(B)/unit/$(ARCH)/test_vdso.c.o: UNIT_FLAGS += -DVDSO_SO='"$(VDSO)"'
$(B)/unit/$(ARCH)/test_vdso.c.o: $(VDSO)

$(B)/unit/%.c.o: %.c
	@mkdir -p $(@D)
	$(call say,CC-U,$<)
	$(Q)$(CC) $(UNIT_FLAGS) -c -o $@ $<

$(eval $(call list,unit/kernel,$(UNIT_KERNEL_OBJS)))
$(eval $(call list,unit/hosted,$(UNIT_HOSTED_OBJS)))
$(eval $(call list,unit/tools,$(UNIT_TOOLS_OBJS) $(INNER_OBJS) $(SHARED_OBJS)))

$(B)/unit/kernel.o: $(UNIT_KERNEL_OBJS) $(B)/unit/kernel.list
	$(call say,LD-U,$@)
	$(Q)$(CC) -nostdlib -r $(UNIT_WRAP) -o $@.raw $(UNIT_KERNEL_OBJS)
	$(Q)mk/clashes.sh $@.raw > $(B)/unit/clashes.txt
	$(Q)objcopy --redefine-syms=$(B)/unit/clashes.txt $@.raw $@

$(B)/tests/unit: $(if $(UNIT_KERNEL),$(B)/unit/kernel.o) $(UNIT_HOSTED_OBJS) $(B)/unit/hosted.list | $(B)/tests/
	$(call say,LD-U,$@)
	$(Q)$(CC) -fsanitize=address,undefined -pthread $(UNIT_WRAP) $(UNIT_LDFLAGS) -o $@ $(filter %.o,$^) \
	    $(UNIT_JUDGES)

$(B)/tests/unit-tools: $(UNIT_TOOLS_OBJS) $(INNER_OBJS) $(SHARED_OBJS) $(B)/unit/tools.list | $(B)/tests/
	$(call say,LD-U,$@)
	$(Q)$(CC) -fsanitize=address,undefined -pthread -o $@ $(filter %.o,$^)

# The command itself under ASan and UBSan, for tests that hand it hostile input.
$(B)/tests/myst: $(B)/unit/tools/myst/main.c.o $(UNIT_MYST_OBJS) $(INNER_OBJS) $(SHARED_OBJS) $(B)/unit/tools.list | $(B)/tests/
	$(call say,LD-U,$@)
	$(Q)$(CC) -fsanitize=address,undefined -pthread -o $@ $(filter %.o,$^)

UNIT_PROGRAMS := $(B)/tests/unit $(if $(OUTER_SRCS),$(B)/tests/unit-tools)

.PHONY: unit-programs run-unit run-torture run-hostile
unit-programs: $(UNIT_PROGRAMS)
run-unit: $(UNIT_PROGRAMS)
	@mk/suite.sh unit $(foreach p,$^,$p $(T) \;)
run-torture: $(UNIT_PROGRAMS)
	@mk/suite.sh torture $(foreach p,$^,$p --torture $(T) \;)
run-hostile: $(B)/tests/unit
	@MYST_SIM_HOSTILE=$(or $(SEED),1) mk/suite.sh hostile $< $(T)

-include $(sort $(UNIT_KERNEL_OBJS:.o=.d) $(UNIT_HOSTED_OBJS:.o=.d) $(UNIT_TOOLS_OBJS:.o=.d))
