/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HVM domains' accesses to what shares pages with their MSI-X tables.
 */

#include <xen/mm.h>
#include <xen/pfn.h>

#include <asm/hvm/vmsi-neighbours.h>
#include <asm/subpage-mmio.h>

enum vmsi_route vmsi_route(const struct vmsi_table *table, paddr_t gpa,
                           unsigned int bytes, paddr_t *maddr)
{
    paddr_t last = gpa + bytes - 1, table_last = table->gpa + table->size - 1;

    if ( gpa <= table_last && last >= table->gpa )
        return VMSI_TABLE;

    /*
     * A BAR of less than a page may be at another offset in the domain's page
     * than in the machine's: what the domain has around it is elsewhere then.
     * Where the offsets are the same, the caller knows whether the domain may
     * access the page.
     */
    if ( PFN_DOWN(gpa) != PFN_DOWN(last) ||
         PFN_DOWN(gpa) < PFN_DOWN(table->gpa) ||
         PFN_DOWN(gpa) > PFN_DOWN(table_last) ||
         PAGE_OFFSET(table->gpa) != PAGE_OFFSET(table->maddr) )
        return VMSI_ELSEWHERE;

    *maddr = gpa - table->gpa + table->maddr;

    return VMSI_NEIGHBOUR;
}

bool vmsi_neighbour_read(paddr_t maddr, unsigned int bytes, uint64_t *val)
{
    struct subpage_mmio_access access = {
        .page = subpage_mmio_get(maddr_to_mfn(maddr)),
    };
    bool done;

    if ( !access.page )
        return false;

    *val = 0;

    subpage_mmio_begin(&access);
    done = subpage_mmio_read(access.page, PAGE_OFFSET(maddr), val, bytes);
    subpage_mmio_end(&access);
    subpage_mmio_put(access.page);

    return done;
}

bool vmsi_neighbour_write(paddr_t maddr, unsigned int bytes, uint64_t val)
{
    struct subpage_mmio_access access = {
        .page = subpage_mmio_get(maddr_to_mfn(maddr)),
    };

    if ( !access.page )
        return false;

    subpage_mmio_begin(&access);
    subpage_mmio_write(access.page, PAGE_OFFSET(maddr), &val, bytes);
    subpage_mmio_end(&access);
    subpage_mmio_put(access.page);

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
