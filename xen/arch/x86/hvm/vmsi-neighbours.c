/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HVM domains' accesses to what shares pages with their MSI-X tables.
 */

#include <xen/mm.h>
#include <xen/pci_regs.h>
#include <xen/pfn.h>

#include <asm/hvm/vmsi-neighbours.h>
#include <asm/subpage-mmio.h>

void vmsi_table_init(struct vmsi_table *table, paddr_t gpa, paddr_t maddr,
                     unsigned int nr_entries, uint32_t table_reg,
                     uint32_t pba_reg)
{
    paddr_t end;

    table->gpa = gpa;
    table->maddr = maddr;
    table->size = nr_entries * PCI_MSIX_ENTRY_SIZE;
    table->offset = table_reg & ~PCI_MSIX_BIRMASK;

    end = table->offset + table->size;
    if ( !((table_reg ^ pba_reg) & PCI_MSIX_BIRMASK) )
        end = max(end, (pba_reg & ~PCI_MSIX_BIRMASK) +
                       DIV_ROUND_UP(nr_entries, 64) * sizeof(uint64_t));

    for ( table->bar_size = PCI_MSIX_ENTRY_SIZE; table->bar_size < end; )
        table->bar_size *= 2;
}

enum vmsi_route vmsi_route(const struct vmsi_table *table, paddr_t gpa,
                           unsigned int bytes, paddr_t *maddr)
{
    paddr_t last = gpa + bytes - 1, table_last = table->gpa + table->size - 1;
    paddr_t bar = table->gpa - table->offset;

    if ( gpa <= table_last && last >= table->gpa )
        return VMSI_TABLE;

    /*
     * Around a BAR of less than a page, the machine's page may have another
     * device's, and the domain's page something else.  It may be at another
     * offset in the domain's page, too.
     */
    if ( PFN_DOWN(gpa) != PFN_DOWN(last) ||
         PFN_DOWN(gpa) < PFN_DOWN(table->gpa) ||
         PFN_DOWN(gpa) > PFN_DOWN(table_last) ||
         gpa < bar || last >= bar + table->bar_size ||
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
