/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All processors write to the same places at the same time, one after the
 * other, while the first one also has protection taken away and restored, and
 * page tables changed.  Each write has a value of its own: who it is by, and
 * how many by the same came before it.
 *
 * The report:
 *
 *   stress <id> <writes of the first processor> <of the second> ...
 */
#ifndef SPM_STRESS_H
#define SPM_STRESS_H

/* Below it is the number of a processor's write, from 1 on. */
#define STRESS_CPU_SHIFT   24
/* Besides the first processor. */
#define STRESS_MAX_WRITERS 3

/* As race_run(); needs options.stress_writers more virtual CPUs. */
void stress_run(char *device, void (*toggle)(void));

#endif /* SPM_STRESS_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
