/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI devices that another domain's Linux lets a PV domain have: its
 * configuration space, and MSI-X, by Xen's pciif protocol.  There is one
 * virtual bus; devices have the addresses that they have on the real one.
 */
#ifndef SPM_PCIFRONT_H
#define SPM_PCIFRONT_H

#include <stdbool.h>
#include <stdint.h>

/* Not by the first domain, which has its devices itself. */
bool pcifront_is_used(void);

/*
 * Read or write @bytes (1, 2, 4) of configuration space, at @reg.  Connects to
 * the backend before the first one, and waits for there being one if the
 * options say that the device comes.  Returns false if there is no such
 * device, or the backend does not allow it.
 */
bool pcifront_config(unsigned int devfn, unsigned int reg, unsigned int bytes,
                     uint32_t *val, bool write);

/* Have the first @nr vectors, whose PIRQs these are; or none any more. */
void pcifront_enable_msix(unsigned int devfn, int pirqs[], unsigned int nr);
void pcifront_disable_msix(unsigned int devfn);

/* Wait until the device is to go, for as long as that takes; let it go. */
void pcifront_await_detach(void);
void pcifront_detach(void);

#endif /* SPM_PCIFRONT_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
