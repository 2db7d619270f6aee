/* SPDX-License-Identifier: MIT */
/* What the files of kernel/host/ share: the machine, and how anomalies are told. */
#pragma once
#include "abi/target.h"
#include "kernel/lib/types.h"

extern struct target host_target;                /* [const] after host_init()               */

/* The host gave an answer that it cannot have meant: counted by kind, logged once per kind. */
enum host_anomaly {
    ANOMALY_COUNT,                               /* a count out of range                    */
    ANOMALY_ERRNO,                               /* an errno that Linux does not have       */
    ANOMALY_FD,                                  /* a new descriptor that is live already   */
    ANOMALY_CLOCK,                               /* time went back                          */
    ANOMALY_EVENTS,                              /* readiness nobody asked for              */
    ANOMALY_STRUCT,                              /* a field out of range                    */
    ANOMALIES
};
void host_anomaly(enum host_anomaly kind, s64 answer);

/* A negative answer as an errno that may be believed: one of Linux's, and none that would mean
 * something inside (-EFAULT, -EINTR, -ERESTART*): those become -EIO. */
int host_errno(s64 answer);

/* live descriptors: a new one must not be one of them */
int live_add(hfd fd) MUST_CHECK;                 /* -EIO if it is live, -ENOMEM             */
void live_remove(hfd fd);
