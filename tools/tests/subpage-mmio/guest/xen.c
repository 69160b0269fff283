/* SPDX-License-Identifier: GPL-2.0-only */
/* What Xen does for every environment in the same way. */

#include "env.h"
#include "entry.h"
#include "hypercall.h"
#include "io.h"
#include "print.h"

#include <public/physdev.h>
#include <public/sched.h>

void check(long rc, const char *what)
{
    if ( rc < 0 )
        fatal("%s: error %ld", what, rc);
}

void env_console(const char *text, size_t len)
{
    HYPERCALL(console_io, CONSOLEIO_write, len, text, 0);
}

/* Bochs does not end when Xen reboots.  Other machines have no such port. */
static void end_bochs(void)
{
    const char *c;

    for ( c = "Shutdown"; *c; c++ )
        out8(0x8900, *c);
}

void env_shutdown(void)
{
    struct sched_shutdown shutdown = { .reason = SHUTDOWN_reboot };

    end_bochs();
    for ( ; ; )
        HYPERCALL(sched_op, SCHEDOP_shutdown, &shutdown, 0, 0);
}

int env_prepare_msix(unsigned int bus, unsigned int devfn)
{
    struct physdev_pci_device_add add = { .bus = bus, .devfn = devfn };
    struct physdev_pci_device dev = { .bus = bus, .devfn = devfn };
    int rc;

    /* Xen waits for dom0 to tell which devices there are. */
    rc = HYPERCALL(physdev_op, PHYSDEVOP_pci_device_add, &add, 0, 0);
    if ( rc )
        return rc;

    return HYPERCALL(physdev_op, PHYSDEVOP_prepare_msix, &dev, 0, 0);
}

void trap_panic(const struct trap_frame *frame)
{
    say("panic exception %lu, error code %lx, at %lx, CR2 %lx",
        frame->vector, frame->error, frame->ip, env_fault_address());
    env_shutdown();
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
