/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI configuration space by I/O ports, unless another way is set. */

#include "io.h"
#include "pci.h"

#define CONFIG_ADDRESS  0xcf8
#define CONFIG_DATA     0xcfc
#define CONFIG_ENABLE   0x80000000u

#define PCI_ID          0x00
#define PCI_COMMAND     0x04
#define COMMAND_MEMORY  0x02
#define COMMAND_MASTER  0x04
#define PCI_BAR0        0x10
#define BAR_IO          0x01
#define BAR_64BIT       0x04
#define BAR_ADDRESS     0xfffffff0u

#define CAP_LIST        0x34

/* QEMU's docs/specs/acpi_pci_hotplug.txt: a bit for each slot of bus 0. */
#define HOTPLUG_DOWN    0xae04
#define HOTPLUG_EJECT   0xae08

bool (*pci_config)(unsigned int devfn, unsigned int reg, unsigned int bytes,
                   uint32_t *val, bool write);

uint32_t pci_read32(unsigned int devfn, unsigned int reg)
{
    uint32_t val;

    if ( pci_config )
        return pci_config(devfn, reg, 4, &val, false) ? val : ~0U;

    out32(CONFIG_ADDRESS, CONFIG_ENABLE | (devfn << 8) | reg);

    return in32(CONFIG_DATA);
}

static void config_write(unsigned int devfn, unsigned int reg, uint32_t val)
{
    if ( pci_config )
    {
        pci_config(devfn, reg, 4, &val, true);
        return;
    }

    out32(CONFIG_ADDRESS, CONFIG_ENABLE | (devfn << 8) | reg);
    out32(CONFIG_DATA, val);
}

bool pci_find(uint16_t vendor, uint16_t device, unsigned int *devfn)
{
    uint32_t id = vendor | ((uint32_t)device << 16);

    for ( *devfn = 0; *devfn < 256; ++*devfn )
        if ( pci_read32(*devfn, PCI_ID) == id )
            return true;

    return false;
}

void pci_place_bar0(unsigned int devfn, uint32_t addr)
{
    config_write(devfn, PCI_BAR0, addr);
}

uint64_t pci_enable_bar0(unsigned int devfn)
{
    uint32_t bar = pci_read32(devfn, PCI_BAR0);
    uint64_t addr = bar & BAR_ADDRESS;

    if ( bar & BAR_IO )
        return 0;

    if ( bar & BAR_64BIT )
        addr |= (uint64_t)pci_read32(devfn, PCI_BAR0 + 4) << 32;

    /* The status half is cleared by ones: write zeros. */
    config_write(devfn, PCI_COMMAND,
                 (pci_read32(devfn, PCI_COMMAND) & 0xffff) | COMMAND_MEMORY |
                 COMMAND_MASTER);

    return addr;
}

void pci_unplug(unsigned int devfn)
{
    uint32_t slot = 1U << (devfn >> 3);

    while ( !(in32(HOTPLUG_DOWN) & slot) )
        ;

    out32(HOTPLUG_EJECT, slot);
    while ( ~pci_read32(devfn, PCI_ID) )
        ;
}

uint16_t pci_read16(unsigned int devfn, unsigned int reg)
{
    return pci_read32(devfn, reg & ~3) >> (reg % 4 * 8);
}

void pci_write16(unsigned int devfn, unsigned int reg, uint16_t val)
{
    uint32_t wide = val;

    if ( pci_config )
    {
        pci_config(devfn, reg, 2, &wide, true);
        return;
    }

    out32(CONFIG_ADDRESS, CONFIG_ENABLE | (devfn << 8) | (reg & ~3));
    out16(CONFIG_DATA + reg % 4, val);
}

unsigned int pci_find_capability(unsigned int devfn, uint8_t id)
{
    unsigned int cap = pci_read32(devfn, CAP_LIST) & 0xfc, left;

    /* There is no room for more of them. */
    for ( left = 48; cap && left--; )
    {
        uint16_t header = pci_read16(devfn, cap);

        if ( (header & 0xff) == id )
            return cap;

        cap = (header >> 8) & 0xfc;
    }

    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
