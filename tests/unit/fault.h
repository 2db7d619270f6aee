/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail on demand.
 *
 * Whoever hands out memory in a unit test (the sim target, a wrapped malloc) asks
 * fault_should_fail() first and answers "no memory" when it says so.  Outside `--torture` it never
 * does.  In a torture test the body looks like
 *
 *     err = pipe_new(&r, &w);
 *     if (fault_injected()) {
 *         CHECK_EQ(err, -ENOMEM);
 *         return;                      // and nothing may be left, which the harness checks
 *     }
 *     CHECK_EQ(err, 0);
 */
#pragma once
#include <stdbool.h>

/* Count one allocation; true if this is the one that has to fail. */
bool fault_should_fail(void);

/* Has an allocation been made to fail in this run? */
bool fault_injected(void);

/* Let the nth allocation from now on fail (from 1); 0 lets all succeed.  Clears the record. */
void fault_arm(unsigned long nth);
