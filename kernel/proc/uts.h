/* SPDX-License-Identifier: MIT */
/* The names of the machine (uname(2)): fixed ones, and the two that may be changed. */
#pragma once
#include "kernel/lib/types.h"

struct boot_params;
struct new_utsname;

enum { UTS_NAME_MAX = 64 };

/* Hostname of the boot parameters, else "TEE". */
void uts_init(const struct boot_params *bp);

void uts_get(struct new_utsname *ret);
void uts_nodename(char ret[UTS_NAME_MAX + 1]);

/* sethostname(2), setdomainname(2): -EPERM without CAP_SYS_ADMIN, -EINVAL if longer than
 * UTS_NAME_MAX. */
int uts_set_nodename(const char *name, size_t len) MUST_CHECK;
int uts_set_domainname(const char *name, size_t len) MUST_CHECK;
