/* SPDX-License-Identifier: MIT */
/*
 * The counter behind fault.h.  Counting is not atomic: with several threads of the host the Nth
 * allocation would not be the same one twice, and sim runs one at a time.
 */
#include "tests/unit/fault.h"

static unsigned long fault_countdown;            /* allocations until the one that fails; 0: none will */
static bool fault_done;

bool fault_should_fail(void)
{
    if (!fault_countdown || --fault_countdown)
        return false;
    fault_done = true;
    return true;
}

bool fault_injected(void)
{
    return fault_done;
}

void fault_arm(unsigned long nth)
{
    fault_countdown = nth;
    fault_done = false;
}
