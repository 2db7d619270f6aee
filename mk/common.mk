# SPDX-License-Identifier: MIT
# What every part of the build shares: warnings, reproducible paths, and how a file is found.

# Files below a folder: $(call find,folder,pattern).  Sorted, so that outputs do not depend on
# the order in which a directory lists its entries.
find = $(sort $(shell find $1 -name '$2' -type f 2>/dev/null))

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wimplicit-fallthrough
WARNINGS += $(if $(WERROR),-Werror)

# The output does not depend on the folder it is built in.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=. -fdebug-prefix-map=$(CURDIR)=.

COMMON := -std=gnu11 -g -I. -MMD -MP $(WARNINGS) $(REPRODUCIBLE)

# Linux's own ABI headers come last on the search path of freestanding code and are reached
# through abi/linux/ only (LAYERS).
UAPI := -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu
IS_CLANG := $(findstring clang,$(CC))
NO_LIBC  := $(if $(IS_CLANG),-nostdlibinc,-nostdinc -isystem $(shell $(CC) -print-file-name=include)) $(UAPI)

# clang refuses the builtins __atomic_* on objects declared _Atomic, which gcc takes.  Where clang
# only analyses or fuzzes (one thread), the qualifier can go.
CLANG_ATOMIC := -D_Atomic=

say = $(if $(V),,@printf '  %-6s %s\n' $1 $2)

# A list of files as a file: $(call list,name,files) makes a target $(B)/name.list that is rewritten
# when the list changes, so that what is linked from a glob is linked again when a file goes.
define list
$(B)/$1.list: FORCE | $(dir $(B)/$1)
	@printf '%s\n' $2 | cmp -s - $$@ || printf '%s\n' $2 > $$@
endef
.PHONY: FORCE
FORCE:

$(B)/%/: ; @mkdir -p $@
