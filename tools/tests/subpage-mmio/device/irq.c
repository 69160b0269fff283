/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "irq.h"
#include "log.h"
#include "pci.h"
#include "qtest.h"

/* PCI Local Bus 3.0, section 6.8.2. */
#define MSIX_CONTROL       2
#define  CONTROL_SIZE      0x07ff
#define  CONTROL_MASK_ALL  0x4000
#define  CONTROL_ENABLE    0x8000
#define MSIX_TABLE         4
#define MSIX_PBA           8
#define  OFFSET_BIR        7

#define MAX_VECTORS        2048

static struct {
    uint64_t address;
    uint32_t data, control;             /* bit 0: masked */
} table[MAX_VECTORS];
static uint64_t pba[MAX_VECTORS / 64];

#define MAX_GSI            23           /* of QEMU's q35 */

static int gsi = -1;

void irq_set_gsi(const char *arg)
{
    char *end;
    unsigned long number = strtoul(arg, &end, 10);

    if ( !*arg || *end || number > MAX_GSI )
        die("--gsi %s is not a number from 0 to %u", arg, MAX_GSI);

    gsi = number;
}

static void send_message(unsigned int vector)
{
    log_line("msi %u %" PRIx64 " %" PRIx32, vector, table[vector].address,
             table[vector].data);
    if ( qtest_is_set() )
        qtest_send(NULL, "writel %#" PRIx64 " %#" PRIx32,
                   table[vector].address, table[vector].data);
}

static uint32_t get_field(unsigned int field)
{
    unsigned int cap = pci_find_capability(PCI_CAP_MSIX);

    return cap ? pci_config_read(cap + field, field == MSIX_CONTROL ? 2 : 4)
               : 0;
}

static unsigned int nr_vectors(void)
{
    return (get_field(MSIX_CONTROL) & CONTROL_SIZE) + 1;
}

bool msix_enabled(void)
{
    return get_field(MSIX_CONTROL) & CONTROL_ENABLE;
}

void intx_set(bool asserted)
{
    static bool level;

    asserted = asserted && !msix_enabled() && !pci_is_intx_disabled();
    if ( asserted == level )
        return;

    level = asserted;
    log_line("intx %d", level);
    if ( gsi >= 0 && qtest_is_set() )
        qtest_send(NULL, "set_irq_in /machine/q35/ioapic unnamed-gpio-in "
                   "%d %d", gsi, level);
}

void msix_update(void)
{
    uint32_t control = get_field(MSIX_CONTROL);
    unsigned int i;

    if ( (control & (CONTROL_ENABLE | CONTROL_MASK_ALL)) != CONTROL_ENABLE ||
         !pci_is_bus_master() )
        return;

    for ( i = 0; i < nr_vectors(); i++ )
        if ( (pba[i / 64] & (1ULL << (i % 64))) && !(table[i].control & 1) )
        {
            pba[i / 64] &= ~(1ULL << (i % 64));
            send_message(i);
        }
}

void msix_raise(unsigned int vector)
{
    if ( vector >= nr_vectors() )
        die("vector %u is not in the MSI-X table of %u", vector,
            nr_vectors());

    pba[vector / 64] |= 1ULL << (vector % 64);
    msix_update();
}

void msix_reset(void)
{
    unsigned int i;

    memset(table, 0, sizeof(table));
    memset(pba, 0, sizeof(pba));
    for ( i = 0; i < MAX_VECTORS; i++ )
        table[i].control = 1;
}

/* Where an access is in the structure that a field of the capability names. */
static void *find(unsigned int field, void *mem, size_t size,
                  unsigned int bar, uint32_t offset, unsigned int width)
{
    uint32_t where = get_field(field), start = where & ~OFFSET_BIR;

    if ( (where & OFFSET_BIR) != bar || offset < start ||
         offset - start + width > size )
        return NULL;

    return (char *)mem + (offset - start);
}

static void *find_entry(unsigned int bar, uint32_t offset, unsigned int width)
{
    return find(MSIX_TABLE, table, nr_vectors() * sizeof(*table),
                bar, offset, width);
}

static void *find_pending(unsigned int bar, uint32_t offset,
                          unsigned int width)
{
    /* A bit a vector, in whole quadwords. */
    return find(MSIX_PBA, pba, (nr_vectors() + 63) / 64 * sizeof(*pba),
                bar, offset, width);
}

bool msix_read(unsigned int bar, uint32_t offset, unsigned int width,
               uint64_t *val)
{
    const void *from = find_entry(bar, offset, width);

    if ( !from )
        from = find_pending(bar, offset, width);
    if ( !from )
        return false;

    *val = 0;
    memcpy(val, from, width);

    return true;
}

bool msix_write(unsigned int bar, uint32_t offset, unsigned int width,
                uint64_t val)
{
    void *entry = find_entry(bar, offset, width);

    if ( !entry )
        return find_pending(bar, offset, width);

    memcpy(entry, &val, width);
    msix_update();

    return true;
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
