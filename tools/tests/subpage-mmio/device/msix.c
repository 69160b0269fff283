/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device with MSI-X, whose table and PBA share their pages with ordinary
 * registers, and maybe with each other, at offsets which options choose:
 *
 *   table=, pba=    hex offsets in the BAR, multiples of 8; beyond it, they
 *                   are at another device's registers, and do not work
 *   vectors=        hex, up to 800
 *   bell=           hex offset: a 32-bit write raises the vector of its value
 *   device=         hex PCI id, to tell several such devices apart
 *
 * All else is as in the plain model: page 0 is for marks, and the registers of
 * the others keep what is written to them.
 */

#include <stdlib.h>
#include <string.h>

#include "irq.h"
#include "log.h"
#include "model.h"

#define PAGE_SIZE   0x1000
#define BAR_SIZE    (8 * PAGE_SIZE)
#define MAX_VECTORS 0x800
#define MAX_OFFSET  0xfffff8

static uint8_t regs[BAR_SIZE];

static struct {
    uint32_t table, pba, vectors, bell, device;
} at = {
    .table = 0x2100,
    .pba = 0x2180,
    .vectors = 4,
    .bell = 0x10,
    .device = 0x5ab3,
};

static struct pci_info info = {
    .vendor = 0x1234,
    .class_code = 0xff0000,
    .bars = { { .size = BAR_SIZE } },
    .caps = {
        {
            .id = PCI_CAP_MSIX,
            .size = 12,
            .writable = { 0, 0xc0 },    /* enable, mask all */
        },
    },
};

static uint32_t parse(const char *name, const char *value, uint32_t align,
                      uint32_t min, uint32_t max)
{
    char *end;
    unsigned long val = strtoul(value, &end, 16);

    if ( !*value || *end || val < min || val > max || val % align )
        die("--option %s=%s: wanted a hex number from %x to %x, a multiple "
            "of %x", name, value, min, max, align);

    return val;
}

static void set_table(const char *value)
{
    at.table = parse("table", value, 8, PAGE_SIZE, MAX_OFFSET);
}

static void set_pba(const char *value)
{
    at.pba = parse("pba", value, 8, PAGE_SIZE, MAX_OFFSET);
}

static void set_vectors(const char *value)
{
    at.vectors = parse("vectors", value, 1, 1, MAX_VECTORS);
}

static void set_bell(const char *value)
{
    at.bell = parse("bell", value, 4, 4, BAR_SIZE - 4);
}

static void set_device(const char *value)
{
    at.device = parse("device", value, 1, 1, 0xfffe);
}

static void set32(uint8_t *to, uint32_t val)
{
    memcpy(to, &val, sizeof(val));
}

static bool crosses_end(uint32_t start, uint32_t size)
{
    return start < BAR_SIZE && start + size > BAR_SIZE;
}

static void msix_start(void)
{
    if ( crosses_end(at.table, at.vectors * 16) ||
         crosses_end(at.pba, (at.vectors + 63) / 64 * 8) )
        die("table=%x or pba=%x: %x vectors do not fit in the BAR", at.table,
            at.pba, at.vectors);

    info.device = at.device;
    info.caps[0].body[0] = (at.vectors - 1) & 0xff;
    info.caps[0].body[1] = (at.vectors - 1) >> 8;
    set32(info.caps[0].body + 2, at.table);
    set32(info.caps[0].body + 6, at.pba);
}

static void fill_pattern(void)
{
    unsigned int i;

    for ( i = PAGE_SIZE; i < BAR_SIZE; i++ )
        regs[i] = 0x11 * ((i & 7) + 1);
}

static void msix_device_reset(void)
{
    memset(regs, 0, PAGE_SIZE);
    fill_pattern();
    msix_reset();
}

static bool msix_is_mark(unsigned int bar, uint32_t offset,
                         unsigned int width)
{
    return offset == 0 && width == 4;
}

static uint64_t msix_device_read(unsigned int bar, uint32_t offset,
                                 unsigned int width)
{
    uint64_t val = 0;

    if ( !msix_read(bar, offset, width, &val) )
        memcpy(&val, regs + offset, width);

    return val;
}

static void msix_device_write(unsigned int bar, uint32_t offset,
                              unsigned int width, uint64_t val)
{
    if ( msix_write(bar, offset, width, val) )
        return;

    memcpy(regs + offset, &val, width);
    if ( msix_is_mark(bar, offset, width) )
        fill_pattern();
    else if ( offset == at.bell && width == 4 )
        msix_raise(val);
}

static const struct model_option options[] = {
    { "table",   set_table },
    { "pba",     set_pba },
    { "vectors", set_vectors },
    { "bell",    set_bell },
    { "device",  set_device },
    { }
};

const struct model msix_model = {
    .name = "msix",
    .pci = &info,
    .options = options,
    .start = msix_start,
    .reset = msix_device_reset,
    .is_mark = msix_is_mark,
    .read = msix_device_read,
    .write = msix_device_write,
};

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
