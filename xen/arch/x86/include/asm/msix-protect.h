/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protection of MSI-X tables and PBAs against writes by domains.
 *
 * Xen alone may write to them, for as long as MSI-X is in use.  They take a
 * few granules of their pages, and may share these with each other, even
 * those of different functions.
 */
#ifndef ASM_X86_MSIX_PROTECT_H
#define ASM_X86_MSIX_PROTECT_H

#include <xen/types.h>

/* Of one function.  All zero: nothing is protected. */
struct msix_protection {
    struct {
        paddr_t start;
        size_t size;        /* In bytes. */
    } table, pba;
};

/*
 * Protect the table at machine address @table and the PBA at @pba, both of
 * @nr_entries vectors (1 to 2048).  They are multiples of 8: the low bits of
 * what PCI has for them say which BAR it is (PCI Local Bus 3.0, 6.8.2).  If
 * @pba is 0, there is none.  @p is all zero.
 *
 * Granules which are read-only already, for another function or for somebody
 * else, are shared with another function, and left to somebody else: who
 * protects a register to be in Xen's hands does not let go of it.
 *
 * Returns 0, or with nothing changed
 *   -EINVAL  not MMIO,
 *   -ENOMEM  out of memory,
 *   -EBUSY   too many functions have the same granule.
 *
 * The caller holds pcidevs_lock.  See subpage_mmio_ro_add() for what else to
 * mind.
 */
int msix_protect(struct msix_protection *p, paddr_t table, paddr_t pba,
                 unsigned int nr_entries);

/*
 * Undo it; @p is all zero then, as it may be before.  If memory is short,
 * protection goes when the next function's changes.  Context is as above.
 */
void msix_unprotect(struct msix_protection *p);

#endif /* ASM_X86_MSIX_PROTECT_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
