# SPDX-License-Identifier: MIT
# Fuzzers, one file each:
#
#   tests/fuzz/fuzz_<name>.c          the kernel's, on the sim target
#   tests/tools/fuzz_<name>.c         the command's
#
# Built by clang with libFuzzer, ASan and UBSan.  Inputs that were found worth keeping are in
# build/fuzz/<name>.corpus; a finding becomes a test and is not kept as a file.

FUZZ_CC    := $(firstword $(foreach c,clang-14 clang,$(shell command -v $c)))
FUZZ_SAN   := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_FLAGS := $(filter-out -fsanitize=%,$(UNIT_FLAGS)) $(FUZZ_SAN) $(CLANG_ATOMIC) -Wno-unknown-warning-option

KERNEL_FUZZERS := $(wildcard tests/fuzz/fuzz_*.c)
TOOLS_FUZZERS  := $(wildcard tests/tools/fuzz_*.c)
FUZZERS := $(patsubst fuzz_%.c,%,$(notdir $(KERNEL_FUZZERS) $(TOOLS_FUZZERS)))

# What a fuzzer is linked with: the kernel without its tests, or the command without main().
FUZZ_KERNEL_OBJS := $(patsubst %,$(B)/fuzz/obj/%.o,$(filter-out $(KERNEL_TESTS),$(UNIT_KERNEL)))
FUZZ_SIM_OBJS    := $(filter-out tests/unit/runner.c,$(UNIT_HOSTED))
FUZZ_SIM_OBJS    := $(FUZZ_SIM_OBJS:%=$(B)/fuzz/obj/%.o) \
    $(patsubst %,$(B)/fuzz/obj/%.o,$(filter-out tests/fuzz/fuzz_%,$(wildcard tests/fuzz/*.c)))
FUZZ_TOOLS_OBJS  := $(patsubst %,$(B)/fuzz/obj/%.o,tools/myst/cpio.c)

$(B)/fuzz/obj/kernel/%.c.o: kernel/%.c
	@mkdir -p $(@D)
	$(call say,CC-F,$<)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) $(UAPI) -ffreestanding -c -o $@ $<
$(B)/fuzz/obj/%.c.o: %.c
	@mkdir -p $(@D)
	$(call say,CC-F,$<)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -c -o $@ $<

# Renamed like the unit tests' kernel, for the same reason.
$(B)/fuzz/kernel.o: $(FUZZ_KERNEL_OBJS) $(B)/unit/kernel.list
	$(call say,LD-F,$@)
	$(Q)$(CC) -nostdlib -r $(UNIT_WRAP) -o $@.raw $(FUZZ_KERNEL_OBJS)
	$(Q)mk/clashes.sh $@.raw > $(B)/fuzz/clashes.txt
	$(Q)objcopy --redefine-syms=$(B)/fuzz/clashes.txt $@.raw $@

FUZZ_LINK = $(FUZZ_CC) -fsanitize=fuzzer,address,undefined -pthread $(UNIT_WRAP) $(UNIT_LDFLAGS) -o $@ $^
$(patsubst tests/fuzz/fuzz_%.c,$(B)/fuzz/%,$(KERNEL_FUZZERS)): \
    $(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/fuzz_%.c.o $(B)/fuzz/kernel.o $(FUZZ_SIM_OBJS)
	$(call say,LD-F,$@)
	$(Q)$(FUZZ_LINK)
$(patsubst tests/tools/fuzz_%.c,$(B)/fuzz/%,$(TOOLS_FUZZERS)): \
    $(B)/fuzz/%: $(B)/fuzz/obj/tests/tools/fuzz_%.c.o $(FUZZ_TOOLS_OBJS)
	$(call say,LD-F,$@)
	$(Q)$(FUZZ_LINK)

# make fuzz F=<name> T=<seconds>; without F every fuzzer runs in turn.
.PHONY: run-fuzz fuzzers
fuzzers: $(FUZZERS:%=$(B)/fuzz/%)
run-fuzz: $(patsubst %,$(B)/fuzz/%,$(or $(F),$(FUZZERS)))
	@mk/fuzz.sh $(or $(T),60) $^

# The same calls as a program inside the kernel: make fuzz-calls T=<seconds> SEED=<n>.
CALLS := $(B)/tests/calls
CALLS_SRCS := tests/fuzz/inside/calls.c tests/fuzz/call_source.c
CALLS_OBJS := $(CALLS_SRCS:%=$(B)/obj/host/%.o) \
    $(addprefix $(B)/obj/host/kernel/syscall/,info.c.o flags.c.o)
$(CALLS): $(CALLS_OBJS) | $(B)/tests/
	$(call say,LD,$@)
	$(Q)$(CC) -static-pie -o $@ $(CALLS_OBJS)

.PHONY: fuzz-calls
fuzz-calls: all $(CALLS)
	@tests/fuzz/inside/run.sh $(CALLS) $(or $(T),60) $(or $(SEED),1)

-include $(FUZZ_KERNEL_OBJS:.o=.d) $(FUZZ_SIM_OBJS:.o=.d) $(FUZZ_TOOLS_OBJS:.o=.d)
