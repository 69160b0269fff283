/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two processors do the same locked instructions to the same address at the
 * same time, each with a number of its own, so that one can tell from what the
 * device saw whether they got into each other's way.
 *
 * The report, for each instruction and place:
 *
 *   race <id> <instruction> <offset in the BAR> <width> <count> <sum>
 *       count: how often each processor did it; sum: what memory holds in the
 *       end, and for xchg also what the processors do
 */
#ifndef SPM_RACE_H
#define SPM_RACE_H

#include "env.h"

/* What the processors add each time, or, with xchg, start with. */
#define RACE_FIRST   1
#define RACE_SECOND  0x10000

/* Takes where the device is mapped.  Needs two virtual CPUs. */
void race_run(char *device);

#endif /* SPM_RACE_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
