/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI configuration space by I/O ports. */

#include "io.h"
#include "pci.h"

#define CONFIG_ADDRESS  0xcf8
#define CONFIG_DATA     0xcfc
#define CONFIG_ENABLE   0x80000000u

#define PCI_ID          0x00
#define PCI_COMMAND     0x04
#define COMMAND_MEMORY  0x02
#define PCI_BAR0        0x10
#define BAR_IO          0x01
#define BAR_64BIT       0x04
#define BAR_ADDRESS     0xfffffff0u

static uint32_t config_read(unsigned int devfn, unsigned int reg)
{
    out32(CONFIG_ADDRESS, CONFIG_ENABLE | (devfn << 8) | reg);

    return in32(CONFIG_DATA);
}

static void config_write(unsigned int devfn, unsigned int reg, uint32_t val)
{
    out32(CONFIG_ADDRESS, CONFIG_ENABLE | (devfn << 8) | reg);
    out32(CONFIG_DATA, val);
}

bool pci_find(uint16_t vendor, uint16_t device, unsigned int *devfn)
{
    uint32_t id = vendor | ((uint32_t)device << 16);

    for ( *devfn = 0; *devfn < 256; ++*devfn )
        if ( config_read(*devfn, PCI_ID) == id )
            return true;

    return false;
}

uint64_t pci_enable_bar0(unsigned int devfn)
{
    uint32_t bar = config_read(devfn, PCI_BAR0);
    uint64_t addr = bar & BAR_ADDRESS;

    if ( bar & BAR_IO )
        return 0;

    if ( bar & BAR_64BIT )
        addr |= (uint64_t)config_read(devfn, PCI_BAR0 + 4) << 32;

    /* The status half is cleared by ones: write zeros. */
    config_write(devfn, PCI_COMMAND,
                 (config_read(devfn, PCI_COMMAND) & 0xffff) | COMMAND_MEMORY);

    return addr;
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
