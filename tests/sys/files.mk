# SPDX-License-Identifier: MIT
# Builds the behaviour tests: build/tests/sys/<flavour>/<program>, one compiler run each.
# Used by run.sh; stands alone (make -f tests/sys/files.mk, in the root) and can be included.
#
# Flavours: glibc and musl are dynamic position-independent programs, static and musl-static
# what their names say.  A program in ours/ states where we differ from Linux on purpose.

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

$(SYS_TESTS_OUT)/static/%: $(SYS_TESTS_DIR)/%.c $(SYS_TESTS_DEPS)
	@mkdir -p $(@D)
	gcc $(SYS_TESTS_FLAGS) -static $< -o $@

$(SYS_TESTS_OUT)/musl/%: $(SYS_TESTS_DIR)/%.c $(SYS_TESTS_DEPS)
	@mkdir -p $(@D)
	musl-gcc $(SYS_TESTS_FLAGS) $(SYS_TESTS_UAPI) $< -o $@

$(SYS_TESTS_OUT)/musl-static/%: $(SYS_TESTS_DIR)/%.c $(SYS_TESTS_DEPS)
	@mkdir -p $(@D)
	musl-gcc $(SYS_TESTS_FLAGS) $(SYS_TESTS_UAPI) -static $< -o $@
