/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "dma.h"
#include "iommu.h"
#include "log.h"
#include "qtest.h"

#define IOMMU_BASE         0xfed90000U  /* of QEMU's */

/*
 * Intel Virtualization Technology for Directed I/O, revision 3.3, sections
 * 11.4.4 and 11.4.5 (registers), 9.1, 9.3 and 9.8 (root and context entries,
 * second-stage paging).
 */
#define STATUS             0x18         /* with the command, as a quadword */
#define  STATUS_ENABLED    (1ULL << 63)
#define ROOT_TABLE         0x20
#define TABLE_ADDRESS      0x000ffffffffff000ULL
#define ENTRY_SIZE         16           /* root, context */
#define ENTRY_PRESENT      0x1
#define CONTEXT_TYPE(low)  (((low) >> 2) & 3)
#define  TYPE_PASS_THROUGH 2
#define CONTEXT_LEVELS(high) (((high) & 7) + 2)
#define PAGE_ACCESS        0x3          /* read, write */
#define PAGE_LARGE         0x80
#define LEVEL_SHIFT(level) (12 + 9 * ((level) - 1))

static uint32_t function;
static bool present;
static uint64_t root_table, status;
static unsigned int waiting;

void iommu_set_function(const char *arg)
{
    unsigned int bus, dev, fn;
    char end;

    if ( sscanf(arg, "%2x:%2x.%1x%c", &bus, &dev, &fn, &end) != 3 ||
         dev > 31 || fn > 7 )
        die("--intel-iommu %s is not of the form bus:device.function", arg);

    function = (bus << 8) | (dev << 3) | fn;
    present = true;
}

static void take_root(uint64_t val)
{
    root_table = val;
    waiting--;
}

static void take_status(uint64_t val)
{
    status = val;
    waiting--;
}

void iommu_update(void)
{
    if ( !present || waiting )
        return;

    waiting = 2;
    qtest_send(take_root, "readq %#x", IOMMU_BASE + ROOT_TABLE);
    qtest_send(take_status, "readq %#x", IOMMU_BASE + STATUS);
}

static bool read_entry(uint64_t addr, uint64_t *val)
{
    const uint64_t *entry = dma_physical(addr, sizeof(*entry));

    if ( !entry )
        return false;

    *val = *entry;

    return true;
}

bool iommu_translate(uint64_t *addr)
{
    uint64_t entry, context;
    unsigned int level;

    if ( !(status & STATUS_ENABLED) )
        return true;

    if ( !read_entry((root_table & TABLE_ADDRESS) +
                     (function >> 8) * ENTRY_SIZE, &entry) ||
         !(entry & ENTRY_PRESENT) )
        return false;

    context = (entry & TABLE_ADDRESS) + (function & 0xff) * ENTRY_SIZE;
    if ( !read_entry(context, &entry) || !(entry & ENTRY_PRESENT) )
        return false;
    if ( CONTEXT_TYPE(entry) == TYPE_PASS_THROUGH )
        return true;

    context += 8;
    if ( !read_entry(context, &context) )
        return false;

    level = CONTEXT_LEVELS(context);
    if ( *addr >> LEVEL_SHIFT(level + 1) )
        return false;

    for ( ; level; level-- )
    {
        unsigned int shift = LEVEL_SHIFT(level);
        uint64_t offset = (1ULL << shift) - 1;

        if ( !read_entry((entry & TABLE_ADDRESS) +
                         8 * ((*addr >> shift) & 0x1ff), &entry) ||
             (entry & PAGE_ACCESS) != PAGE_ACCESS )
            return false;

        if ( level == 1 || (entry & PAGE_LARGE) )
        {
            *addr = (entry & TABLE_ADDRESS & ~offset) | (*addr & offset);
            break;
        }
    }

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
