# SPDX-License-Identifier: MIT
# The build.  Everything is made in build/; the tree itself stays clean.  What a target does is
# said after its ##, which `make help` prints; how it is done is in mk/<part>.mk.
#
#   make WERROR=1      warnings are errors, as in `make check`
#   make V=1           show the commands

ifeq ($(origin CC),default)
CC := gcc
endif
B      ?= build
PREFIX ?= /opt/mystikos
Q      := $(if $(V),,@)

# No built-in rules, no half-written outputs, and a shell that stops at the first error.
MAKEFLAGS   += --no-builtin-rules
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.SUFFIXES:
.DELETE_ON_ERROR:

.DEFAULT_GOAL := all
include mk/common.mk mk/kernel.mk mk/host.mk mk/unit.mk mk/fuzz.mk mk/table.mk mk/test.mk mk/lint.mk mk/install.mk

.PHONY: all kernel kernel-objs host install demo run
all: kernel host                ## build everything into build/ (the default)
kernel: $(KERNEL_ELF)           ## build the kernel image only
kernel-objs: $(KERNEL_OBJS)     ## compile the kernel without linking it
host: $(HOST_OUTPUTS)           ## build the command, myst-gcc, headers and C runtime
install: all install-tree       ## copy build/ to PREFIX (default /opt/mystikos); DESTDIR is honoured
demo: deps all run-demo         ## a first look: make a root file system and run a program in it
run: all run-program            ## run one of the suite's programs: make run P=hello

.PHONY: test unit torture hostile test-sys test-apps test-tools test-native test-long bench fuzz
test: run-test                  ## every suite that fits in a coffee break
unit: run-unit                  ## unit tests on the sim target, under ASan and UBSan (T=filter)
torture: run-torture            ## unit tests again, with every allocation failing in turn
hostile: run-hostile            ## unit tests against a host that lies: make hostile SEED=...
test-tools: run-test-tools      ## the myst command, judged by other programs
test-sys: run-test-sys          ## tests/sys on the linux target
test-apps: run-test-apps        ## tests/apps: the short list of real programs
test-native: run-test-native    ## tests/sys on Linux itself: the tests are right
test-long: run-test-long        ## everything, long parts included
bench: run-bench                ## measure, native beside ours, as a table and JSON
fuzz: run-fuzz                  ## fuzz one parser: make fuzz F=cpio T=60 (seconds)

.PHONY: check warnings lint format docs deps clean help
check: warnings lint test       ## what must be green before a commit lands
warnings:                       ## compile everything once more, in build/werror, with -Werror
	$(Q)$(MAKE) B=$(B)/werror WERROR=1 all unit-programs
check-table:                    ## the system-call table against Linux, the tests and its page
lint: run-lint                  ## layers, shape, headers, format, static analysis
format: run-format              ## clang-format in place
docs: run-docs                  ## regenerate docs/generated/
deps:                           ## install the Debian packages of mk/packages.txt
	$(Q)mk/deps.sh mk/packages.txt
clean:                          ## remove build/
	$(Q)rm -rf $(B)
help:                           ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
