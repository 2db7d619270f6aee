# SPDX-License-Identifier: MIT
# Installing is copying: the tree in build/ already runs in place.

.PHONY: install-tree
install-tree: | all
	$(Q)mkdir -p $(DESTDIR)$(PREFIX)
	$(Q)cd $(B) && tar -c --exclude=*.d bin lib include | tar -x --no-same-owner -C $(abspath $(DESTDIR)$(PREFIX))
