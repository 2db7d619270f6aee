# SPDX-License-Identifier: MIT
# What a tool can check.  Each lint prints file:line: message and ends with its number of findings.

LINTS := lint-layers lint-shape lint-headers lint-format lint-tidy check-table
.PHONY: run-lint run-format $(LINTS)

# All of them run, whatever fails.
run-lint:
	@$(MAKE) --no-print-directory --keep-going $(LINTS)

lint-layers:
	@tools/lint/layers.py
lint-shape:
	@tools/lint/shape.py
lint-format:
	@tools/lint/format.py --check
run-format:
	@tools/lint/format.py

# Without -MMD and -g: nothing is written.
LINT_KERNEL := $(filter-out -MMD -MP -g,$(KERNEL_CFLAGS))
LINT_HOST   := $(filter-out -MMD -MP -g,$(HOST_CFLAGS))
lint-headers:
	@tools/lint/headers.py '$(CC) $(LINT_KERNEL)' '$(CC) $(LINT_HOST)'

# clang-tidy, a file at a time; again only when its object is newer than the last verdict, so that
# a header's change is noticed.
TIDY       := $(firstword $(foreach t,clang-tidy-14 clang-tidy,$(shell command -v $t)))
TIDY_C     := $(filter %.c,$(KERNEL_SRCS) $(MYST_SRCS) $(OUTER_SRCS) $(INNER_SRCS))
TIDY_OK    := $(TIDY_C:%=$(B)/lint/%.tidy)
TIDY_FREE  := -std=gnu11 -I. -ffreestanding -nostdlibinc $(UAPI) -mgeneral-regs-only $(CLANG_ATOMIC)
TIDY_HOST  := -std=gnu11 -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

lint-tidy:
	@$(MAKE) --no-print-directory --keep-going -j$(shell nproc) $(TIDY_OK)
	@echo "tidy: 0 findings"

$(B)/lint/kernel/%.tidy: $(B)/obj/kernel/%.o .clang-tidy
	@mkdir -p $(@D)
	@$(TIDY) --quiet --warnings-as-errors='*' kernel/$* -- $(TIDY_FREE) 2>/dev/null && touch $@
$(B)/lint/targets/linux/inner/%.tidy: $(B)/obj/targets/linux/inner/%.o .clang-tidy
	@mkdir -p $(@D)
	@$(TIDY) --quiet --warnings-as-errors='*' targets/linux/inner/$* -- $(TIDY_FREE) 2>/dev/null && touch $@
$(B)/lint/%.tidy: $(B)/obj/%.o .clang-tidy
	@mkdir -p $(@D)
	@$(TIDY) --quiet --warnings-as-errors='*' $* -- $(TIDY_HOST) 2>/dev/null && touch $@
