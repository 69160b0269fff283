/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts, by MSI-X or by the INTA# line.
 *
 * The emulator's protocol has no message for them: QEMU's qtest socket is
 * told to write an MSI to the machine's memory, or to set an input of the I/O
 * APIC.  Each is also logged.  Where table and PBA are is in the function's
 * MSI-X capability (PCI Local Bus 3.0, section 6.8.2): a model that wants it
 * to work passes on what is read and written there.
 */

#ifndef DEVICE_IRQ_H
#define DEVICE_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_CAP_MSIX 0x11

/*
 * Which input of the I/O APIC (GSI) INTA# is wired to.  Without it, its level
 * is just logged, as all is without a qtest socket.
 */
void irq_set_gsi(const char *arg);

/* All vectors masked, none pending; needs pci_init().  For model->reset(). */
void msix_reset(void);

/*
 * Reads of the table and PBA, writes of the table (those to the PBA have no
 * effect).  False: the access is not wholly within either.
 */
bool msix_read(unsigned int bar, uint32_t offset, unsigned int width,
               uint64_t *val);
bool msix_write(unsigned int bar, uint32_t offset, unsigned int width,
                uint64_t val);

/*
 * Send the message of a vector, or leave it pending: while it is masked,
 * MSI-X is off, or the function is no bus master.  A vector that the table
 * does not have ends the process.
 */
void msix_raise(unsigned int vector);

/* Is MSI-X switched on? */
bool msix_enabled(void);

/*
 * The level of INTA#, which a function with MSI-X switched on, or with INTx
 * switched off (PCI Local Bus 3.0, section 6.2.2), does not drive: to be
 * called again when that may have changed.
 */
void intx_set(bool asserted);

/* Configuration space was written: what is pending may be sent now. */
void msix_update(void);

#endif /* DEVICE_IRQ_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
