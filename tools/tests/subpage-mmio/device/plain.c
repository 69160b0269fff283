/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device without any function: eight pages of registers that keep what is
 * written, in any width.  It only serves to be written to, and to tell.
 *
 * Page 0 is the test's way to talk to the device: a 32-bit write to offset 0
 * marks the start of a run, and sets pages 1 to 7 to a pattern in which every
 * byte of a granule is different.  The MSI-X table and PBA lie on pages with
 * ordinary registers, which is what makes those pages worth protecting in
 * part.  They deliver no interrupts.
 */

#include <string.h>

#include "irq.h"
#include "model.h"

#define PAGE_SIZE    0x1000
#define BAR_SIZE     (8 * PAGE_SIZE)

#define MSIX_VECTORS 4
#define MSIX_TABLE   0x2100
#define MSIX_PBA     0x3200

static uint8_t regs[BAR_SIZE];

static void fill_pattern(void)
{
    unsigned int i;

    for ( i = PAGE_SIZE; i < BAR_SIZE; i++ )
        regs[i] = 0x11 * ((i & 7) + 1);
}

static void plain_reset(void)
{
    memset(regs, 0, PAGE_SIZE);
    fill_pattern();
}

static bool plain_is_mark(unsigned int bar, uint32_t offset,
                          unsigned int width)
{
    return offset == 0 && width == 4;
}

static uint64_t plain_read(unsigned int bar, uint32_t offset,
                           unsigned int width)
{
    uint64_t val = 0;

    memcpy(&val, regs + offset, width);

    return val;
}

static void plain_write(unsigned int bar, uint32_t offset, unsigned int width,
                        uint64_t val)
{
    memcpy(regs + offset, &val, width);
    if ( plain_is_mark(bar, offset, width) )
        fill_pattern();
}

/* Two ids, so that a guest can tell two such devices apart. */
#define PLAIN_MODEL(its_name, device_id)                                \
    {                                                                   \
        .name = its_name,                                               \
        .pci = &(const struct pci_info){                                \
            .vendor = 0x1234,                                           \
            .device = device_id,                                        \
            .class_code = 0xff0000,                                     \
            .bars = { { .size = BAR_SIZE } },                           \
            .caps = {                                                   \
                {                                                       \
                    .id = PCI_CAP_MSIX,                                 \
                    .size = 12,                                         \
                    .body = { MSIX_VECTORS - 1, 0,                      \
                              PCI_BYTES32(MSIX_TABLE),                  \
                              PCI_BYTES32(MSIX_PBA) },                  \
                    .writable = { 0, 0xc0 },    /* enable, mask all */  \
                },                                                      \
            },                                                          \
        },                                                              \
        .reset = plain_reset,                                           \
        .is_mark = plain_is_mark,                                       \
        .read = plain_read,                                             \
        .write = plain_write,                                           \
    }

const struct model plain_model = PLAIN_MODEL("plain", 0x5ab1);
const struct model plain_b_model = PLAIN_MODEL("plain-b", 0x5ab2);

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
