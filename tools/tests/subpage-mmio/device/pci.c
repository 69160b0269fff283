/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every byte of configuration space has a value and a mask of the bits that
 * software may change.  Sizing a BAR needs nothing else: the address bits
 * below its size are not writable.
 */

#include <string.h>

#include "log.h"
#include "pci.h"

#define CFG_SIZE           256

#define CFG_VENDOR         0x00
#define CFG_DEVICE         0x02
#define CFG_COMMAND        0x04
#define  COMMAND_MEMORY    0x0002
#define  COMMAND_MASTER    0x0004
#define  COMMAND_NO_INTX   0x0400
#define  COMMAND_WRITABLE  0x0406       /* memory, bus master, no INTx */
#define CFG_STATUS         0x06
#define  STATUS_CAP_LIST   0x0010
#define CFG_CLASS          0x09
#define CFG_BAR(n)         (0x10 + 4 * (n))
#define  BAR_64BIT         0x4
#define  BAR_ADDRESS       ~0xfU
#define CFG_CAP_LIST       0x34
#define CFG_INTERRUPT_LINE 0x3c
#define CFG_INTERRUPT_PIN  0x3d
#define CFG_FIRST_CAP      0x40

static const struct pci_info *info;
static uint8_t config[CFG_SIZE], writable[CFG_SIZE];
static uint64_t logged_address[PCI_NR_BARS];

/* Little-endian, as the guest and this machine are. */
static uint32_t get(const uint8_t *space, unsigned int addr, unsigned int len)
{
    uint32_t val = 0;

    memcpy(&val, space + addr, len);

    return val;
}

static void set(uint8_t *space, unsigned int addr, uint32_t val,
                unsigned int len)
{
    memcpy(space + addr, &val, len);
}

static void add_capabilities(void)
{
    unsigned int i, addr = CFG_FIRST_CAP, link = CFG_CAP_LIST;

    for ( i = 0; i < PCI_MAX_CAPS && info->caps[i].id; i++ )
    {
        unsigned int size = info->caps[i].size;

        config[link] = addr;
        link = addr + 1;
        config[addr] = info->caps[i].id;
        memcpy(config + addr + 2, info->caps[i].body, size - 2);
        memcpy(writable + addr + 2, info->caps[i].writable, size - 2);
        addr += (size + 3) & ~3U;
        set(config, CFG_STATUS, STATUS_CAP_LIST, 2);
    }
}

void pci_init(const struct pci_info *new_info)
{
    unsigned int i;

    info = new_info;
    set(config, CFG_VENDOR, info->vendor, 2);
    set(config, CFG_DEVICE, info->device, 2);
    set(config, CFG_CLASS, info->class_code, 3);
    set(writable, CFG_COMMAND, COMMAND_WRITABLE, 2);
    set(writable, CFG_INTERRUPT_LINE, 0xff, 1);
    set(config, CFG_INTERRUPT_PIN, info->interrupt_pin, 1);
    add_capabilities();

    for ( i = 0; i < PCI_NR_BARS; i++ )
        if ( info->bars[i].size )
            set(writable, CFG_BAR(i), BAR_ADDRESS & -info->bars[i].size, 4);
}

/*
 * QEMU sizes the BARs before it ever resets the device, and would make a
 * second BAR of a 64-bit BAR's upper half: a BAR is 32-bit until then.
 */
void pci_reset(void)
{
    unsigned int i;

    set(config, CFG_COMMAND, 0, 2);

    for ( i = 0; i < PCI_NR_BARS; i++ )
    {
        if ( !info->bars[i].size )
            continue;

        set(config, CFG_BAR(i), info->bars[i].is_64bit ? BAR_64BIT : 0, 4);
        if ( info->bars[i].is_64bit )
        {
            set(config, CFG_BAR(i + 1), 0, 4);
            set(writable, CFG_BAR(i + 1), ~0U, 4);
        }
    }
}

static void check_range(uint32_t addr, int len)
{
    if ( (len != 1 && len != 2 && len != 4) ||
         addr >= CFG_SIZE || addr + len > CFG_SIZE )
        die("config access of %d bytes at %#x is out of range", len, addr);
}

uint32_t pci_config_read(uint32_t addr, int len)
{
    check_range(addr, len);

    return get(config, addr, len);
}

static uint64_t bar_address(unsigned int bar)
{
    uint64_t addr = get(config, CFG_BAR(bar), 4) & BAR_ADDRESS;

    if ( info->bars[bar].is_64bit )
        addr |= (uint64_t)get(config, CFG_BAR(bar + 1), 4) << 32;

    return addr;
}

/* Tell whoever needs the address to protect a part of it. */
static void log_bars(void)
{
    unsigned int i;

    if ( !(get(config, CFG_COMMAND, 2) & COMMAND_MEMORY) )
        return;

    for ( i = 0; i < PCI_NR_BARS; i++ )
        if ( info->bars[i].size && logged_address[i] != bar_address(i) )
        {
            logged_address[i] = bar_address(i);
            log_line("bar %u %llx", i, (unsigned long long)logged_address[i]);
        }
}

void pci_config_write(uint32_t addr, uint32_t val, int len)
{
    uint32_t mask;

    check_range(addr, len);

    mask = get(writable, addr, len);
    set(config, addr, (get(config, addr, len) & ~mask) | (val & mask), len);
    log_bars();
}

unsigned int pci_find_capability(uint8_t id)
{
    unsigned int addr = config[CFG_CAP_LIST];

    while ( addr && config[addr] != id )
        addr = config[addr + 1];

    return addr;
}

bool pci_is_bus_master(void)
{
    return get(config, CFG_COMMAND, 2) & COMMAND_MASTER;
}

bool pci_is_intx_disabled(void)
{
    return get(config, CFG_COMMAND, 2) & COMMAND_NO_INTX;
}

bool pci_find_bar(uint64_t addr, unsigned int width, unsigned int *bar,
                  uint32_t *offset)
{
    unsigned int i;

    if ( !(get(config, CFG_COMMAND, 2) & COMMAND_MEMORY) )
        return false;

    for ( i = 0; i < PCI_NR_BARS; i++ )
    {
        uint64_t start = bar_address(i);

        if ( info->bars[i].size && addr >= start &&
             addr - start + width <= info->bars[i].size )
        {
            *bar = i;
            *offset = addr - start;
            return true;
        }
    }

    return false;
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
