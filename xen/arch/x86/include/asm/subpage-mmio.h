/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protection of parts of an MMIO page against writes by domains.
 *
 * mmio_ro_ranges makes whole pages read-only.  What is registered here is
 * read-only in units of 8 bytes ("granules"); writes to the rest of such a
 * partially protected page reach the device as the domain issued them.
 */
#ifndef ASM_X86_SUBPAGE_MMIO_H
#define ASM_X86_SUBPAGE_MMIO_H

#include <xen/mm-frame.h>
#include <xen/types.h>

/* Size and alignment of a granule, in bytes. */
#define SUBPAGE_MMIO_RO_ALIGN 8

/* A partially protected page.  Opaque outside of the engine. */
struct subpage_mmio;

/*
 * One emulated instruction's use of partially protected pages: set @page, call
 * subpage_mmio_begin(), access pages obtained by subpage_mmio_get() any number
 * of times, call subpage_mmio_end().
 */
struct subpage_mmio_access {
    struct subpage_mmio *page; /* The page which faulted. */
    bool exclusive;            /* No other access is in progress. */
};

/*
 * Protect the @size bytes at machine address @start.  Both are in bytes and
 * multiples of SUBPAGE_MMIO_RO_ALIGN.
 *
 * Returns 0, or with nothing changed
 *   -EINVAL  misaligned, empty, beyond the physical address width, or RAM,
 *   -EEXIST  a granule is protected already, or a page of the range is
 *            read-only as a whole for somebody else,
 *   -ENOMEM  out of memory.
 *
 * When it returns, no emulated write to the range is in progress any more, and
 * the p2m entries of translated domains are read-only.  PTEs which PV domains
 * made before, and which allow writing, are not found.
 *
 * Callable at boot, once mmio_ro_ranges exists, and at run time.  May be
 * called with other locks held, other than those of the mm, but not in IRQ
 * context, nor with IRQs off, nor between subpage_mmio_begin() and
 * subpage_mmio_end().
 */
int subpage_mmio_ro_add(paddr_t start, size_t size);

/*
 * Undo subpage_mmio_ro_add(), for all of the range or for parts of it.
 *
 * Arguments, context, -EINVAL and -ENOMEM are as there; -ENOENT if a granule
 * of the range is not protected.  On error nothing has changed.
 */
int subpage_mmio_ro_remove(paddr_t start, size_t size);

/* Protect what the boot option says, except where others were first. */
void subpage_mmio_apply_option(void);

/* False as long as nobody has tried to protect a part of a page. */
extern bool subpage_mmio_in_use;

/* MFNs of the outermost pages so far, including ones that were refused. */
extern unsigned long subpage_mmio_first, subpage_mmio_last;

/*
 * May @mfn be a partially protected page?  For paths where next to nothing is
 * to be spent on other pages, RAM in particular.
 */
static inline bool subpage_mmio_possible(mfn_t mfn)
{
    return mfn_x(mfn) >= subpage_mmio_first && mfn_x(mfn) <= subpage_mmio_last;
}

/*
 * Find the partially protected page @mfn.  Takes no lock.
 *
 * Returns NULL if there is none; otherwise the page, and its mapping, are
 * valid until the matching subpage_mmio_put().  No softirqs may be processed
 * in between.
 */
struct subpage_mmio *subpage_mmio_get(mfn_t mfn);
void subpage_mmio_put(struct subpage_mmio *page);

/* Bracket an access.  Not recursive. */
void subpage_mmio_begin(struct subpage_mmio_access *access);
void subpage_mmio_end(struct subpage_mmio_access *access);

/*
 * Keep all other emulated accesses, add and remove out until the access
 * ends.  For reads whose result decides on a later write.  What was learnt
 * about protection before may no longer hold.
 */
void subpage_mmio_exclude(struct subpage_mmio_access *access);

/* Would a write of @bytes at @offset, within the page, be refused? */
bool subpage_mmio_is_protected(struct subpage_mmio *page, unsigned int offset,
                               unsigned int bytes);

/*
 * Write @bytes at @offset into @page; the range must not leave the page.
 *
 * If all granules touched are free, the device gets the bytes in naturally
 * aligned pieces of at most 8 bytes, in ascending order, each as large as
 * possible.  Otherwise the device gets nothing, and the attempt is logged.
 */
void subpage_mmio_write(struct subpage_mmio *page, unsigned int offset,
                        const void *data, unsigned int bytes);

/* Have such a write refused. */
void subpage_mmio_refuse(struct subpage_mmio *page, unsigned int offset,
                         unsigned int bytes);

/*
 * Read in the same manner, protected or not.  Returns false, with nothing
 * read, if the page could not be mapped.
 */
bool subpage_mmio_read(struct subpage_mmio *page, unsigned int offset,
                       void *data, unsigned int bytes);

/*
 * Let @op modify the @bytes (at most 8) at @offset of the page of @access.
 *
 * If they are free and naturally aligned, @op gets the device itself and has
 * to use one read and one write of that width, locked if that is wanted.
 * Otherwise it gets a copy, which is written back if all granules are free.
 * Either way the access is atomic with regard to others, if @op is.
 *
 * Returns false, without having called @op, if the page could not be mapped;
 * otherwise *@rc has what @op returned, and nothing is written if that is not
 * zero.
 */
bool subpage_mmio_rmw(struct subpage_mmio_access *access, unsigned int offset,
                      unsigned int bytes, int (*op)(void *ptr, void *arg),
                      void *arg, int *rc);

/*
 * Access MMIO in naturally aligned pieces of at most 8 bytes, in ascending
 * order, each as large as possible.  Protection plays no role here.
 */
void subpage_mmio_copy_to(void __iomem *va, const void *data,
                          unsigned int bytes);
void subpage_mmio_copy_from(void *data, const void __iomem *va,
                            unsigned int bytes);

#endif /* ASM_X86_SUBPAGE_MMIO_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
