/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second domain, which is watched: its pages of the window may not be
 * written until the listener for its memory events, which we are, has been
 * asked.  (No domain can be its own listener.  Xen has such events with EPT
 * only.)
 */
#ifndef SPM_WATCHED_H
#define SPM_WATCHED_H

#include "env.h"

/* In place of EXIT_VECTOR, if the form has ended, but not as it should. */
#define VECTOR_UNASKED  256     /* there was no event for the write */
#define VECTOR_TOO_LATE 257     /* there was, but the write had been done */

/*
 * Have that domain, which is created if there is none yet, execute a form for
 * 32-bit code which uses no memory but the window.
 */
void watched_run(struct cpu *cpu);

#endif /* SPM_WATCHED_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
