/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device's MSI-X in use: vectors set up by the environment's real
 * interfaces, interrupts taken while its registers are being written.
 *
 * What it does to the device is no run's: mark 0 precedes it.  The report's
 * lines for it:
 *
 *   wrote <offset> <width> <value> <times>
 *       what the device has to have seen since some mark 0, all but the last
 *       in hex; nothing else, but for Xen's writes to table and PBA
 *   irq storm <vector> <sent> <taken>
 *   irq mask <taken while masked> <pending then> <taken when unmasked>
 *       unless the environment has no way to mask one
 */
#ifndef SPM_MSIX_H
#define SPM_MSIX_H

#include <stdbool.h>
#include <stdint.h>

/* Offsets of table and PBA are in BAR 0, which is at machine address @bar. */
struct msix {
    unsigned int devfn, control, nr_vectors;
    unsigned long table, table_size, pba, pba_size;
    uint64_t bar;
};

/* The device's; ends it all if it has none, or too few vectors for options. */
void msix_find(unsigned int devfn, uint64_t bar);

/* Have that of another device protected, as long as this lasts. */
void msix_beside(unsigned int devfn, uint64_t bar);

/*
 * Set options.vectors of them up, or tear them down, and map the BAR, which is
 * what protection depends on.  Returns where it is.
 */
char *msix_switch(bool on);

/*
 * Raise options.storm interrupts, one by one, and write to options.at until
 * each has come.
 */
void msix_storm(void);

/*
 * What happens to an interrupt which is masked when it is raised?  Of no
 * effect where there is no way to mask one.
 */
void msix_mask(void);

/*
 * The environment's part.  Vectors are set up unmasked; env_msix_setup() has
 * the device announced to Xen, if need be.
 */
#define MAX_VECTORS 16
void env_msix_setup(const struct msix *msix);
void env_msix_teardown(const struct msix *msix);
void env_msix_beside(const struct msix *msix);
bool env_msix_can_mask(void);
void env_msix_mask(const struct msix *msix, bool mask);

/* Interrupts of the vector that have come since the last time. */
unsigned int env_msix_take(unsigned int vector);

#endif /* SPM_MSIX_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
