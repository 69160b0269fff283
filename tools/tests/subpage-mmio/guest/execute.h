/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One instruction, executed on RAM and then on the device from the same
 * registers, and compared.
 */
#ifndef SPM_EXECUTE_H
#define SPM_EXECUTE_H

#include "form.h"
#include "options.h"

/* What the pages look like in RAM, by offset in the BAR. */
extern char ram[BAR_SIZE];

/*
 * Begin a new run, which the device gets told, and execute the form in both
 * places.  Returns the run's number.
 */
unsigned long execute(const struct form *form, const struct mode *mode,
                      unsigned long off);

/*
 * Store 4 bytes at an address, in code of that level.  Returns the vector of
 * the exception which this raises, or EXIT_VECTOR.
 */
unsigned long execute_store(enum level level, unsigned long at);

/* Has the last run come to the form's end, in RAM and on the device? */
bool execute_finished(void);

/*
 * Append to the line of the report what there is to say of the registers:
 *
 *   ok
 *   exc:<vector>:<error code>:<CR2 minus the operand's address>
 *       the device run raised an exception that the RAM run did not raise
 *       (128, the exit's: it ended up elsewhere; more: see watched.h)
 *   refexc:<vector>      both raised the same exception
 *   regs:<name>,...      registers that differ; "exception" if only the RAM
 *                        run raised one, "ip" if they ended at different
 *                        places
 *   step:<what>          single-step exceptions are lost, too many or few
 *                        (count), endless, with the wrong ip, without DR6.BS
 *                        (bs)
 */
void execute_add_verdict(void);

/* May a form read from the device here?  Its memory has to be there. */
bool execute_has_source(void);

#endif /* SPM_EXECUTE_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
