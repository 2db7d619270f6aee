# SPDX-License-Identifier: MIT
# Builds the behaviour tests: build/tests/sys/<flavour>/<program>, one compiler run each.
# Used by run.sh; stands alone (make -f tests/sys/files.mk, in the root) and can be included.
#
# Flavours: glibc and musl are dynamic position-independent programs, static and musl-static
# what their names say.  A static program that starts itself again (it has a CHILD) is
# position-independent, too: our kernel cannot hold two others at the same addresses.
# A program in ours/ states where we differ from Linux on purpose.

SYS_TESTS_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
SYS_TESTS_OUT ?= build/tests/sys
# Bad pointers and lengths are what these programs are for; the compiler need not warn of them.
SYS_TESTS_FLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g1 -Wall -Wextra -Wshadow -Wno-nonnull \
	-Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -pthread -I.
# musl-gcc hides the system's folder, where the kernel's own headers are.
SYS_TESTS_UAPI := -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu
SYS_TESTS_NAMES := $(patsubst $(SYS_TESTS_DIR)/%.c,%,\
	$(wildcard $(SYS_TESTS_DIR)/*.c $(SYS_TESTS_DIR)/ours/*.c))

.PHONY: sys-tests
sys-tests: $(SYS_TESTS_NAMES:%=$(SYS_TESTS_OUT)/glibc/%)

SYS_TESTS_DEPS = $(SYS_TESTS_DIR)/sys.h $(SYS_TESTS_DIR)/files.mk \
	$(wildcard $(SYS_TESTS_DIR)/*_fixture.h)

$(SYS_TESTS_OUT)/glibc/%: $(SYS_TESTS_DIR)/%.c $(SYS_TESTS_DEPS)
	@mkdir -p $(@D)
	gcc $(SYS_TESTS_FLAGS) $< -o $@

# $(call sys_tests_pie,source,flags): the flags if the source has children.
sys_tests_pie = $(if $(shell grep -l '^CHILD' $1),$2)

$(SYS_TESTS_OUT)/static/%: $(SYS_TESTS_DIR)/%.c $(SYS_TESTS_DEPS)
	@mkdir -p $(@D)
	gcc $(SYS_TESTS_FLAGS) $(or $(call sys_tests_pie,$<,-static-pie),-static -no-pie) $< -o $@

$(SYS_TESTS_OUT)/musl/%: $(SYS_TESTS_DIR)/%.c $(SYS_TESTS_DEPS)
	@mkdir -p $(@D)
	musl-gcc $(SYS_TESTS_FLAGS) $(SYS_TESTS_UAPI) $< -o $@

# musl-gcc knows no -static-pie; these are the pieces that make one.
SYS_TESTS_MUSL_LIB := /usr/lib/x86_64-linux-musl
SYS_TESTS_MUSL_PIE := -fPIE -nostartfiles -Wl,-static,-pie,--no-dynamic-linker,-z,text \
	$(SYS_TESTS_MUSL_LIB)/rcrt1.o $(SYS_TESTS_MUSL_LIB)/crti.o $(SYS_TESTS_MUSL_LIB)/crtn.o

$(SYS_TESTS_OUT)/musl-static/%: $(SYS_TESTS_DIR)/%.c $(SYS_TESTS_DEPS)
	@mkdir -p $(@D)
	musl-gcc $(SYS_TESTS_FLAGS) $(SYS_TESTS_UAPI) $< \
		$(or $(call sys_tests_pie,$<,$(SYS_TESTS_MUSL_PIE)),-static -fno-pie) -o $@
