/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdbool.h>
#include <stdio.h>

#include "dma.h"
#include "iommu.h"
#include "log.h"
#include "qtest.h"

#define IOMMU_BASE         0xfed80000U  /* of QEMU's */

/* AMD I/O Virtualization Technology Specification, sections 3.4 and 2.2. */
#define DEVICE_TABLE       0x00
#define  DEVICE_TABLE_SIZE(v) ((((v) & 0x1ff) + 1) << 12)
#define CONTROL            0x18
#define  CONTROL_ENABLE    0x1
#define TABLE_ADDRESS      0x000ffffffffff000ULL
#define DTE_SIZE           32
#define DTE_VALID          0x3          /* V, TV */
#define ENTRY_LEVEL(v)     (((v) >> 9) & 7)     /* DTE: mode */
#define ENTRY_PRESENT      0x1
#define ENTRY_ACCESS       (3ULL << 61) /* IR, IW */
#define MAX_LEVEL          6
#define LEVEL_SHIFT(level) (12 + 9 * ((level) - 1))

static uint32_t function;
static bool present;
static uint64_t device_table, control;
static unsigned int waiting;

void iommu_set_function(const char *arg)
{
    unsigned int bus, dev, fn;
    char end;

    if ( sscanf(arg, "%2x:%2x.%1x%c", &bus, &dev, &fn, &end) != 3 ||
         dev > 31 || fn > 7 )
        die("--amd-iommu %s is not of the form bus:device.function", arg);

    function = (bus << 8) | (dev << 3) | fn;
    present = true;
}

static void take_table(uint64_t val)
{
    device_table = val;
    waiting--;
}

static void take_control(uint64_t val)
{
    control = val;
    waiting--;
}

void iommu_update(void)
{
    if ( !present || waiting )
        return;

    waiting = 2;
    qtest_send(take_table, "readq %#x", IOMMU_BASE + DEVICE_TABLE);
    qtest_send(take_control, "readq %#x", IOMMU_BASE + CONTROL);
}

static bool read_entry(uint64_t addr, uint64_t *val)
{
    const uint64_t *entry = dma_physical(addr, sizeof(*entry));

    if ( !entry )
        return false;

    *val = *entry;

    return true;
}

/* False: addr is not mapped. */
static bool walk(uint64_t addr, uint64_t *to)
{
    uint64_t entry;
    unsigned int level, next;

    if ( !(control & CONTROL_ENABLE) ||
         function * DTE_SIZE >= DEVICE_TABLE_SIZE(device_table) ||
         !read_entry((device_table & TABLE_ADDRESS) + function * DTE_SIZE,
                     &entry) ||
         (entry & DTE_VALID) != DTE_VALID )
        return false;

    level = ENTRY_LEVEL(entry);
    if ( level == 0 || level > MAX_LEVEL ||
         (level < MAX_LEVEL && addr >> LEVEL_SHIFT(level + 1)) )
        return false;

    for ( ; level; level = next )
    {
        unsigned int shift = LEVEL_SHIFT(level);
        uint64_t offset = (1ULL << shift) - 1;

        if ( !read_entry((entry & TABLE_ADDRESS) +
                         8 * ((addr >> shift) & 0x1ff), &entry) ||
             !(entry & ENTRY_PRESENT) )
            return false;

        next = ENTRY_LEVEL(entry);
        if ( next == 0 )                /* the page, maybe a large one */
            *to = (entry & TABLE_ADDRESS & ~offset) | (addr & offset);
        else if ( next != level - 1 )   /* nobody skips levels */
            return false;
    }

    return (entry & ENTRY_ACCESS) == ENTRY_ACCESS;
}

uint64_t iommu_translate(uint64_t addr)
{
    uint64_t physical;

    return walk(addr, &physical) ? physical : addr;
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
