/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers on the pages of an HVM domain's MSI-X table.
 *
 * These pages are not mapped into the domain, for its accesses to the table
 * have to be intercepted.  Accesses to all else there, a PBA included, are the
 * device's.
 */
#ifndef ASM_X86_HVM_VMSI_NEIGHBOURS_H
#define ASM_X86_HVM_VMSI_NEIGHBOURS_H

#include <xen/types.h>

/* A table: where the domain sees it, and where it is.  Sizes are in bytes. */
struct vmsi_table {
    paddr_t gpa, maddr;
    size_t size;
    size_t offset;      /* In its BAR. */
    size_t bar_size;    /* What its BAR has at least. */
};

enum vmsi_route {
    VMSI_ELSEWHERE,     /* Not as a whole on a page of table and BAR. */
    VMSI_TABLE,         /* Touches the table. */
    VMSI_NEIGHBOUR,     /* The device's: the machine address is known. */
};

/*
 * Fill in @table, of @nr_entries vectors (1 to 2048), from its addresses and
 * the registers of the MSI-X capability with the offsets of table and PBA.
 * (PCI Local Bus 3.0, 6.8.2.)  How large the BAR is cannot be asked of the
 * device while it is in use: it is a power of 2, and has what they say.
 */
void vmsi_table_init(struct vmsi_table *table, paddr_t gpa, paddr_t maddr,
                     unsigned int nr_entries, uint32_t table_reg,
                     uint32_t pba_reg);

/*
 * Where does a domain's access to @bytes (at least 1) at @gpa go to, as far
 * as this table is concerned?  Another table may be on the same page, and
 * takes precedence.
 */
enum vmsi_route vmsi_route(const struct vmsi_table *table, paddr_t gpa,
                           unsigned int bytes, paddr_t *maddr);

/*
 * Have @bytes (1 to 8, within a page) at @maddr read, or written, by the
 * device.  Nothing is written if a part of it is protected.
 *
 * Returns false, with nothing done, if the page is not partially protected,
 * or could not be mapped to be read.
 */
bool vmsi_neighbour_read(paddr_t maddr, unsigned int bytes, uint64_t *val);
bool vmsi_neighbour_write(paddr_t maddr, unsigned int bytes, uint64_t val);

#endif /* ASM_X86_HVM_VMSI_NEIGHBOURS_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
