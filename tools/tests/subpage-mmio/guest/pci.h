/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SPM_PCI_H
#define SPM_PCI_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How to read or write @bytes (2 or 4) of configuration space, if not by I/O
 * ports.  Returns false if that cannot be done: there may be no such device.
 */
extern bool (*pci_config)(unsigned int devfn, unsigned int reg,
                          unsigned int bytes, uint32_t *val, bool write);

/* Find a device on bus 0. */
bool pci_find(uint16_t vendor, uint16_t device, unsigned int *devfn);

uint32_t pci_read32(unsigned int devfn, unsigned int reg);
uint16_t pci_read16(unsigned int devfn, unsigned int reg);
void pci_write16(unsigned int devfn, unsigned int reg, uint16_t val);

/* Where is the capability in configuration space?  0: there is none. */
unsigned int pci_find_capability(unsigned int devfn, uint8_t id);

/* Have the first BAR, of up to 32 bits, there. */
void pci_place_bar0(unsigned int devfn, uint32_t addr);

/*
 * Wait until a device on bus 0 is to be unplugged, by way of QEMU's hot-plug
 * registers, and let it go; wait until nothing of it is left.
 */
void pci_unplug(unsigned int devfn);

/*
 * Enable memory decoding and bus mastering, and say where the first BAR is; 0
 * if nowhere.
 */
uint64_t pci_enable_bar0(unsigned int devfn);

#endif /* SPM_PCI_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
