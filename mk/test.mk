# SPDX-License-Identifier: MIT
# The suites that run programs.  Each script ends with "N passed, N failed, N skipped".

.PHONY: run-test run-test-sys run-test-native run-test-apps run-test-tools run-test-long run-bench \
    run-program run-demo run-docs

# What `make test` consists of; all of it runs, whatever fails, and the last line is the total.
SUITES := unit torture test-tools test-sys test-apps

run-test: all $(UNIT_PROGRAMS)
	@MAKE='$(MAKE)' mk/total.sh $(SUITES)
run-test-long: all $(UNIT_PROGRAMS)
	@MAKE='$(MAKE)' TEST_LONG=1 mk/total.sh $(SUITES) hostile

run-test-sys: all
	@mk/suite.sh test-sys tests/sys/run.sh --target linux
run-test-native:
	@mk/suite.sh test-native tests/sys/run.sh --native
run-test-apps: all
	@mk/suite.sh test-apps tests/apps/run.sh
run-test-tools: all $(B)/tests/myst
	@B=$(B) mk/suite.sh test-tools tests/tools/run.sh

run-bench: all
	@bench/run.sh
run-program: all
	@tests/apps/run.sh --run $(P)
run-demo: all
	@tests/apps/demo.sh
run-docs: table-page
