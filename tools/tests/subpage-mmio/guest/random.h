/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random instructions, most of them stores, on RAM and on the device.
 *
 * Half of them are made from a table of opcodes that store, half have any
 * opcode, if the mode is ring 3's.  All the rest is random: prefixes, the
 * register, how the operand is addressed, and where it is, near one of at=.
 * The same seed and modes give the same instructions.
 *
 * The report, for each:
 *
 *   random <id> <mode> <offset in the BAR> <verdict> <code> <RAM> <window>
 *       id: the mark; verdict: see execute.h; code: bytes of the
 *       instruction, and INT3 behind it, which may be part of it; RAM, window:
 *       what it changed in there, <offset>:<bytes>,... or - for nothing, or
 *       if there is no window
 */
#ifndef SPM_RANDOM_H
#define SPM_RANDOM_H

#include "options.h"

void random_run(const struct mode *mode);

#endif /* SPM_RANDOM_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
