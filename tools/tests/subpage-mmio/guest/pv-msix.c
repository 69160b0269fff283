/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI-X of a PV domain: each vector is a PIRQ, bound to an event channel.  No
 * event is delivered: that it is pending is enough to know.
 */

#include "env.h"
#include "hypercall.h"
#include "io.h"
#include "msix.h"
#include "options.h"
#include "pci.h"
#include "pcifront.h"
#include "print.h"
#include "pv.h"

#include <public/errno.h>
#include <public/event_channel.h>
#include <public/physdev.h>

#define CONTROL_MASK_ALL 0x4000

static struct vector {
    int pirq;
    evtchn_port_t port;
} vectors[MAX_VECTORS];

/* Have Xen, which we are the first domain of, map them. */
static void map_pirqs(const struct msix *msix, int pirqs[])
{
    struct physdev_pci_device_add added = { .devfn = msix->devfn };
    struct physdev_pci_device dev = { .devfn = msix->devfn };
    unsigned int i;

    /* Xen waits for dom0 to tell which devices there are. */
    check(HYPERCALL(physdev_op, PHYSDEVOP_pci_device_add, &added, 0, 0),
          "PHYSDEVOP_pci_device_add");
    if ( options.protect_msix )
        check(HYPERCALL(physdev_op, PHYSDEVOP_prepare_msix, &dev, 0, 0),
              "PHYSDEVOP_prepare_msix");

    for ( i = 0; i < options.vectors; i++ )
    {
        struct physdev_map_pirq map = {
            .domid = DOMID_SELF,
            .type = MAP_PIRQ_TYPE_MSI,
            .index = -1,
            .pirq = -1,
            .devfn = msix->devfn,
            .entry_nr = i,
            .table_base = msix->bar,
        };

        check(HYPERCALL(physdev_op, PHYSDEVOP_map_pirq, &map, 0, 0),
              "PHYSDEVOP_map_pirq");
        pirqs[i] = map.pirq;
    }
}

void env_msix_setup(const struct msix *msix)
{
    int pirqs[MAX_VECTORS];
    unsigned int i;

    if ( pcifront_is_used() )
        pcifront_enable_msix(msix->devfn, pirqs, options.vectors);
    else
        map_pirqs(msix, pirqs);

    for ( i = 0; i < options.vectors; i++ )
    {
        struct evtchn_bind_pirq bind = { .pirq = pirqs[i] };

        vectors[i].pirq = pirqs[i];
        check(HYPERCALL(event_channel_op, EVTCHNOP_bind_pirq, &bind, 0, 0),
              "EVTCHNOP_bind_pirq");
        vectors[i].port = bind.port;
    }
}

static void must_fail(unsigned int op, unsigned int devfn, long error,
                      const char *what)
{
    struct physdev_pci_device dev = { .devfn = devfn };
    long rc = HYPERCALL(physdev_op, op, &dev, 0, 0);

    if ( rc != -error )
        fatal("%s: %ld, expected error %ld", what, rc, -error);
}

void env_msix_teardown(const struct msix *msix)
{
    struct physdev_pci_device dev = { .devfn = msix->devfn };
    unsigned int i;

    must_fail(PHYSDEVOP_release_msix, msix->devfn, XEN_EBUSY,
              "PHYSDEVOP_release_msix of a device which uses a vector");
    /* Device 0, the bridge to all the others, has no MSI-X. */
    must_fail(PHYSDEVOP_prepare_msix, 0, XEN_ENODEV,
              "PHYSDEVOP_prepare_msix of a device without MSI-X");

    /* Its vectors go with it, even though they are bound. */
    if ( options.remove )
        check(HYPERCALL(physdev_op, PHYSDEVOP_pci_device_remove, &dev, 0, 0),
              "PHYSDEVOP_pci_device_remove");

    for ( i = 0; i < options.vectors; i++ )
    {
        struct physdev_unmap_pirq unmap = {
            .domid = DOMID_SELF,
            .pirq = vectors[i].pirq,
        };
        struct evtchn_close close = { .port = vectors[i].port };

        check(HYPERCALL(event_channel_op, EVTCHNOP_close, &close, 0, 0),
              "EVTCHNOP_close");
        if ( !options.remove )
            check(HYPERCALL(physdev_op, PHYSDEVOP_unmap_pirq, &unmap, 0, 0),
                  "PHYSDEVOP_unmap_pirq");
    }

    if ( options.protect_msix && !options.remove )
        check(HYPERCALL(physdev_op, PHYSDEVOP_release_msix, &dev, 0, 0),
              "PHYSDEVOP_release_msix");
}

void env_msix_beside(const struct msix *msix)
{
    check(env_prepare_msix(0, msix->devfn), "PHYSDEVOP_prepare_msix");
}

bool env_msix_can_mask(void)
{
    /* There is no such operation. */
    return !pcifront_is_used();
}

/* The table is Xen's; what is left for the guest is in the capability. */
void env_msix_mask(const struct msix *msix, bool mask)
{
    uint16_t control = pci_read16(msix->devfn, msix->control);

    pci_write16(msix->devfn, msix->control,
                mask ? control | CONTROL_MASK_ALL
                     : control & ~CONTROL_MASK_ALL);
}

unsigned int env_msix_take(unsigned int vector)
{
    unsigned int port = vectors[vector].port;
    unsigned int bits = 8 * sizeof(xen_ulong_t);
    volatile xen_ulong_t *pending =
        &pv_shared_info()->evtchn_pending[port / bits];
    xen_ulong_t bit = (xen_ulong_t)1 << (port % bits);

    return !!(__atomic_fetch_and(pending, ~bit, __ATOMIC_SEQ_CST) & bit);
}

/* What could reach it are mappings: they are gone, and there are no others. */
void env_unplug(unsigned int devfn, uint64_t pa)
{
    unsigned int i;

    pcifront_await_detach();

    for ( i = 0; i < options.vectors; i++ )
    {
        struct evtchn_close close = { .port = vectors[i].port };

        check(HYPERCALL(event_channel_op, EVTCHNOP_close, &close, 0, 0),
              "EVTCHNOP_close");
    }
    pcifront_disable_msix(devfn);
    pv_unmap_device();
    pcifront_detach();

    for ( i = 0; i < options.nr_at; i++ )
    {
        long rc = pv_try_device(pa + options.at[i] / PAGE_SIZE * PAGE_SIZE);

        if ( rc != -XEN_EPERM )
            fatal("to map %lx of the device which is gone: %ld, expected "
                  "error %ld", options.at[i], rc, (long)XEN_EPERM);
    }
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
