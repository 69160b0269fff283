/* SPDX-License-Identifier: GPL-2.0-only */
/* What Xen does for every environment in the same way. */

/* There is a sysctl among the hypercalls. */
#define __XEN_TOOLS__

#include "env.h"
#include "entry.h"
#include "hypercall.h"
#include "io.h"
#include "print.h"

#include <public/hypfs.h>
#include <public/physdev.h>
#include <public/sched.h>
#include <public/sysctl.h>
#include <public/vcpu.h>

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
    struct physdev_pci_device_add added = { .bus = bus, .devfn = devfn };
    struct physdev_pci_device dev = { .bus = bus, .devfn = devfn };
    int rc;

    /* Xen waits for dom0 to tell which devices there are. */
    rc = HYPERCALL(physdev_op, PHYSDEVOP_pci_device_add, &added, 0, 0);
    if ( rc )
        return rc;

    return HYPERCALL(physdev_op, PHYSDEVOP_prepare_msix, &dev, 0, 0);
}

void start_cpu(unsigned int cpu, void *context)
{
    check(HYPERCALL(vcpu_op, VCPUOP_initialise, cpu, context, 0),
          "VCPUOP_initialise: is dom0_max_vcpus= large enough?");
    check(HYPERCALL(vcpu_op, VCPUOP_up, cpu, NULL, 0), "VCPUOP_up");
}

static char *put_hex(char *s, uint64_t val)
{
    int shift;

    for ( shift = 60; shift >= 0; shift -= 4 )
        *s++ = "0123456789abcdef"[(val >> shift) & 15];

    return s;
}

void env_protect(bool on, uint64_t first, uint64_t last)
{
    static const char path[] = "/params/subpage-mmio-test";
    char text[40], *end = text;
    multicall_entry_t call = {
        .op = __HYPERVISOR_hypfs_op,
        .args = {
            XEN_HYPFS_OP_write_contents,
            (unsigned long)path, sizeof(path), (unsigned long)text,
        },
    };

    *end++ = on ? '+' : '-';
    end = put_hex(end, first);
    *end++ = '-';
    end = put_hex(end, last);
    *end++ = '\0';
    call.args[4] = end - text;

    check(HYPERCALL(multicall, &call, 1, 0, 0), "multicall");
    check((long)call.result, path);
}

void env_press_keys(const char *keys)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_debug_keys,
        .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
    };

    set_xen_guest_handle(op.u.debug_keys.keys, keys);
    while ( keys[op.u.debug_keys.nr_keys] )
        op.u.debug_keys.nr_keys++;

    check(HYPERCALL(sysctl, &op, 0, 0, 0), "XEN_SYSCTL_debug_keys");
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
