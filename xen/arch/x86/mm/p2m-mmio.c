/* SPDX-License-Identifier: GPL-2.0-only */
/* Have p2m entries, and the IOMMU's, follow mmio_ro_ranges. */

#include <xen/iommu.h>
#include <xen/rangeset.h>
#include <xen/sched.h>

#include <asm/p2m.h>
#include <asm/paging.h>
#include <asm/shadow.h>

#include "mm-locks.h"

/*
 * Setting the entry does not do this: with @t, @a and @mfn as they were, it
 * takes devices to have the permissions already which they are to get.
 */
static int refresh_iommu(struct domain *d, unsigned long gfn, mfn_t mfn,
                         p2m_type_t t, p2m_access_t a)
{
    unsigned int flags = p2m_get_iommu_flags(t, a, mfn);

    if ( iommu_use_hap_pt(d) )
        return iommu_iotlb_flush(d, _dfn(gfn), 1, IOMMU_FLUSHF_modified);

    if ( !need_iommu_pt_sync(d) )
        return 0;

    return flags ? iommu_legacy_map(d, _dfn(gfn), mfn, 1, flags)
                 : iommu_legacy_unmap(d, _dfn(gfn), 1);
}

static int refresh_mmio(struct domain *d, mfn_t first, mfn_t last)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    unsigned long gfn = 0;
    unsigned int count = 0;
    bool found = false;
    int rc = 0;

    p2m_lock(p2m);

    while ( !rc && gfn <= p2m->max_mapped_pfn )
    {
        p2m_type_t t;
        p2m_access_t a;
        unsigned int order = PAGE_ORDER_4K;
        mfn_t mfn = p2m->get_entry(p2m, _gfn(gfn), &t, &a, 0, &order, NULL);
        unsigned long nr = (1UL << order) - (gfn & ((1UL << order) - 1));

        /*
         * Let the domain's vCPUs have the lock once in a while: entries made
         * in the meantime are as they should be.
         */
        if ( !(++count % 1024) )
        {
            p2m_unlock(p2m);
            cpu_relax();
            p2m_lock(p2m);
            continue;
        }

        if ( t != p2m_mmio_direct || mfn_eq(mfn, INVALID_MFN) ||
             mfn_x(mfn) > mfn_x(last) || mfn_x(mfn) + nr <= mfn_x(first) )
        {
            gfn += nr;
            continue;
        }

        /* Large mappings get split where this is needed, and only there. */
        if ( mfn_x(mfn) >= mfn_x(first) )
        {
            rc = p2m_set_entry(p2m, _gfn(gfn), mfn, PAGE_ORDER_4K, t, a) ?:
                 refresh_iommu(d, gfn, mfn, t, a);
            found = true;
            gfn++;
        }
        else
            gfn += mfn_x(first) - mfn_x(mfn);
    }

    p2m_unlock(p2m);

    /* Shadows of MMIO do not go by themselves when the p2m changes. */
    if ( found && paging_mode_shadow(d) )
        shadow_blow_tables_per_domain(d);

    return rc;
}

int p2m_refresh_mmio(mfn_t first, mfn_t last, bool enforce)
{
    struct domain *d;
    int rc = 0;

    rcu_read_lock(&domlist_read_lock);

    for_each_domain ( d )
    {
        int err = 0;

        if ( paging_mode_translate(d) &&
             rangeset_overlaps_range(d->iomem_caps, mfn_x(first),
                                     mfn_x(last)) )
            err = refresh_mmio(d, first, last);

        /* This will not run any more, and loses its devices next. */
        if ( d->is_dying )
            continue;

        if ( err && enforce )
            domain_crash(d);

        rc = rc ?: err;
    }

    rcu_read_unlock(&domlist_read_lock);

    return rc;
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
