# SPDX-License-Identifier: MIT
# What runs on the host: the myst command with the outer and inner half of the linux target, the
# compiler wrappers, the public headers, and the C runtime that is measured with an image.

MYST       := $(B)/bin/myst
MYST_SRCS  := $(filter-out tools/myst/test_%,$(wildcard tools/myst/*.c))
OUTER_SRCS := $(filter-out targets/linux/test_%,$(wildcard targets/linux/*.c))
INNER_SRCS := $(filter-out targets/linux/inner/test_%,$(wildcard targets/linux/inner/*.c targets/linux/inner/*.S))
INNER_OBJS := $(INNER_SRCS:%=$(B)/obj/%.o)
# Pure parts of the kernel that the command needs as well: the system-call table, strace's options.
SHARED_SRCS := kernel/syscall/info.c kernel/syscall/strace_config.c
SHARED_OBJS := $(SHARED_SRCS:%=$(B)/obj/host/%.o)
HOST_OBJS   := $(MYST_SRCS:%=$(B)/obj/%.o) $(OUTER_SRCS:%=$(B)/obj/%.o) $(INNER_OBJS) $(SHARED_OBJS)

HOST_CFLAGS := $(COMMON) -O2 -fPIE -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
HOST_LIBS   := -pthread

# The inner half runs on kernel stacks with the kernel's GS: no libc, no canary, no SIMD.
INNER_CFLAGS := $(FREESTANDING) -fno-stack-protector

CRT     := $(B)/lib/mystikos/ld-musl-x86_64.so.1
SPECS   := $(B)/lib/mystikos/myst-gcc.specs
HEADERS := $(patsubst include/%,$(B)/include/%,$(call find,include,*.h))
HOST_OUTPUTS := $(B)/bin/myst-gcc $(B)/bin/myst-g++ $(SPECS) $(CRT) $(HEADERS) \
    $(if $(OUTER_SRCS),$(MYST))

$(B)/obj/targets/linux/inner/%.o: targets/linux/inner/%
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(INNER_CFLAGS) -c -o $@ $<

$(B)/obj/host/%.o: %
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(INNER_CFLAGS) -c -o $@ $<

$(B)/obj/host/%.o: %
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(HOST_CFLAGS) -c -o $@ $<

$(B)/obj/tools/%.o: tools/%
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(HOST_CFLAGS) -c -o $@ $<

$(B)/obj/targets/linux/%.o: targets/linux/%
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(HOST_CFLAGS) -c -o $@ $<

$(eval $(call list,obj/myst,$(HOST_OBJS)))
$(MYST): $(HOST_OBJS) $(B)/obj/myst.list | $(B)/bin/
	$(call say,LD,$@)
	$(Q)$(CC) -pie -Wl,-z,noexecstack -Wl,-z,now -Wl,--build-id=none -o $@ $(HOST_OBJS) $(HOST_LIBS)

$(B)/bin/%: tools/% | $(B)/bin/
	$(Q)install -m 755 $< $@

$(SPECS): tools/myst-gcc.specs | $(B)/lib/mystikos/
	$(Q)install -m 644 $< $@

# Debian's musl as it is: the bytes are measured, so nothing strips or edits them.
$(CRT): /usr/lib/x86_64-linux-musl/libc.so | $(B)/lib/mystikos/
	$(Q)install -m 755 $< $@

$(B)/include/%.h: include/%.h
	@mkdir -p $(@D)
	$(Q)install -m 644 $< $@

-include $(HOST_OBJS:.o=.d)
