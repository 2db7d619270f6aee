# SPDX-License-Identifier: MIT
# The system-call table: its page, and what must be true of it.

TABLE_DIR := kernel/syscall
TABLE_BAD := $(wildcard tests/table-bad/*)
SYSDOC    := $(B)/tests/sysdoc
SYSDOC_SRCS := tools/sysdoc.c
SYSDOC_OBJS := $(SYSDOC_SRCS:%=$(B)/obj/%.o) $(addprefix $(B)/obj/host/$(TABLE_DIR)/,info.c.o flags.c.o)
TABLE_PAGE  := docs/generated/syscalls.md

$(SYSDOC): $(SYSDOC_OBJS) | $(B)/tests/
	$(call say,LD,$@)
	$(Q)$(CC) -pie -o $@ $(SYSDOC_OBJS)

# Linux's headers define all they have only where there is no libc.
$(B)/obj/host/$(TABLE_DIR)/flags.c.o: HOST_CFLAGS += -ffreestanding

-include $(SYSDOC_OBJS:.o=.d)

.PHONY: table-page check-table check-table-rows check-table-page check-table-bad
check-table: check-table-rows check-table-page check-table-bad

table-page: $(SYSDOC)
	$(Q)mkdir -p $(dir $(TABLE_PAGE))
	$(Q)$(SYSDOC) --page tests/sys > $(TABLE_PAGE).new && mv $(TABLE_PAGE).new $(TABLE_PAGE)

# Numbers are Linux's; whoever promises something has a test.
check-table-rows: $(SYSDOC)
	@$(CC) -dM -E -include asm/unistd_64.h - < /dev/null | $(SYSDOC) --check tests/sys

check-table-page: $(SYSDOC)
	@$(SYSDOC) --page tests/sys | cmp -s - $(TABLE_PAGE) \
	    || { echo '$(TABLE_PAGE) is stale: run make docs'; exit 1; }

# Each of these must be refused with the words on its second line: a .c file as it is, a .def file
# in the place of the table, for the file of the kernel that it names.
check-table-bad: $(TABLE_BAD)
	@mk/must-fail.sh '$(CC) $(filter-out -MMD -MP -g,$(KERNEL_CFLAGS)) -Werror' $(B)/table-bad $(TABLE_BAD)
