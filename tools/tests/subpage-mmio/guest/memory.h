/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory that forms write to: what it holds before each run, and for a
 * window also what it must hold afterwards.
 *
 * The device of the tests has a register for marks: it writes them to its
 * log, and makes its memory as it was.  A window is memory, or registers, of
 * a device that has no such thing: here it is made as it was, and looked at,
 * with ordinary loads and stores.
 */
#ifndef SPM_MEMORY_H
#define SPM_MEMORY_H

#include "form.h"
#include "options.h"

/* By offset in the BAR, or the window. */
extern uint8_t memory_initial[BAR_SIZE];

/* How much of it there is. */
unsigned long memory_size(void);

/* Takes where the kernel has mapped it. */
void memory_init(char *device);

/* These bytes of a device do not become what they were: take them as found. */
void memory_keep(unsigned long off, unsigned long size);

/* Get it ready for what is to have this number; 0 is no run's. */
void memory_start_run(unsigned long id);

/* Get it ready for the next run, whose number it returns. */
unsigned long memory_new_run(void);

/* So many runs there were. */
unsigned long memory_nr_runs(void);

/* Is all of it as it was made for this run? */
bool memory_is_initial(void);

/*
 * Report where a window's memory is not as it must be after an instruction
 * on it has left its operand in RAM, or has had no effect.
 */
void memory_compare(const struct form *form, const char *ram,
                    unsigned long off, bool effect,
                    void (*differs)(unsigned long off));

/* Report what a window's memory holds, byte for byte, that was not there. */
void memory_changes(void (*changed)(unsigned long off, uint8_t val));

#endif /* SPM_MEMORY_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
