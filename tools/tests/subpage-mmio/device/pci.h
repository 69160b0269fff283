/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration space of a PCI function: ids, memory BARs, capabilities.
 */

#ifndef DEVICE_PCI_H
#define DEVICE_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_NR_BARS 6
#define PCI_MAX_CAPS 4

/* For a capability's body. */
#define PCI_BYTES32(v) (v) & 0xff, ((v) >> 8) & 0xff, ((v) >> 16) & 0xff, \
                       (v) >> 24

struct pci_info {
    uint16_t vendor, device;
    uint32_t class_code;
    uint8_t interrupt_pin;              /* 1: INTA#; 0: none */
    struct {
        uint32_t size;                  /* a power of two; 0: no such BAR */
        bool is_64bit;                  /* takes the next BAR's place too */
    } bars[PCI_NR_BARS];
    struct {
        uint8_t id;                     /* 0: the list ends here */
        uint8_t size;                   /* with id and next pointer */
        uint8_t body[18];               /* what follows these two */
        uint8_t writable[18];           /* its bits that software may set */
    } caps[PCI_MAX_CAPS];
};

/* There is one function a process: the state is this file's own. */
void pci_init(const struct pci_info *info);
void pci_reset(void);

/* len is 1, 2 or 4; anything that leaves the 256 bytes ends the process. */
uint32_t pci_config_read(uint32_t addr, int len);
void pci_config_write(uint32_t addr, uint32_t val, int len);

/* Where a capability is in configuration space; 0: there is none of the id. */
unsigned int pci_find_capability(uint8_t id);

/* May the function access memory, or send interrupt messages? */
bool pci_is_bus_master(void);

/* May it not drive its interrupt line? */
bool pci_is_intx_disabled(void);

/* Which BAR decodes this guest-physical range?  False: none does. */
bool pci_find_bar(uint64_t addr, unsigned int width, unsigned int *bar,
                  uint32_t *offset);

#endif /* DEVICE_PCI_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
