/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI-X of a PVH dom0: it programs the table itself, which Xen emulates, and
 * has its local APIC deliver interrupts by the IDT.
 */

#include "env.h"
#include "form.h"
#include "hypercall.h"
#include "memory.h"
#include "msix.h"
#include "options.h"
#include "pci.h"
#include "print.h"
#include "pvh.h"

#include <public/physdev.h>

/* Intel SDM volume 3, "Local APIC": registers, and a message's address. */
#define APIC_BASE       0xfee00000UL
#define APIC_ID         0x020
#define APIC_EOI        0x0b0
#define APIC_SVR        0x0f0
#define  SVR_ENABLE     0x100
#define APIC_ISR(vec)   (0x100 + (vec) / 32 * 0x10)

#define FIRST_VECTOR    0x40    /* All are in the same word of the ISR. */
#define BESIDE_VECTOR   (FIRST_VECTOR + MAX_VECTORS)
#define SPURIOUS_VECTOR 0x7f

#define CONTROL_ENABLE  0x8000

#define ENTRY_SIZE      16
#define ENTRY_MASKED    1

static volatile unsigned int arrived[MAX_VECTORS];

static volatile uint32_t *apic(unsigned int reg)
{
    return (volatile uint32_t *)(APIC_BASE + reg);
}

struct interrupt_frame;

static void __attribute__((__interrupt__))
on_interrupt(struct interrupt_frame *frame)
{
    uint32_t in_service = *apic(APIC_ISR(FIRST_VECTOR));

    if ( !in_service )
        fatal("an interrupt that is none of ours");

    arrived[31 - __builtin_clz(in_service)]++;
    *apic(APIC_EOI) = 0;
    (void)frame;
}

static volatile uint32_t *entry(const struct msix *msix, unsigned int vector)
{
    return (uint32_t *)(env_view(LEVEL_KERNEL)->device + msix->table +
                        vector * ENTRY_SIZE);
}

static void program(volatile uint32_t *e, unsigned int vector)
{
    e[0] = APIC_BASE | ((*apic(APIC_ID) >> 24) << 12);
    e[1] = 0;
    e[2] = vector;
    e[3] = 0;
    if ( e[0] >> 20 != APIC_BASE >> 20 || e[2] != vector || e[3] )
        fatal("an entry of the MSI-X table reads %lx %lx %lx, not vector %lx",
              (unsigned long)e[0], (unsigned long)e[2], (unsigned long)e[3],
              (unsigned long)vector);
}

void env_msix_setup(const struct msix *msix)
{
    struct physdev_pci_device_add added = { .devfn = msix->devfn };
    unsigned int i;

    if ( options.remove )
        check(HYPERCALL(physdev_op, PHYSDEVOP_pci_device_add, &added, 0, 0),
              "PHYSDEVOP_pci_device_add");

    *apic(APIC_SVR) = SVR_ENABLE | SPURIOUS_VECTOR;

    for ( i = 0; i < options.vectors; i++ )
    {
        pvh_set_gate(FIRST_VECTOR + i, on_interrupt);
        program(entry(msix, i), FIRST_VECTOR + i);
    }
}

void env_msix_teardown(const struct msix *msix)
{
    struct physdev_pci_device dev = { .devfn = msix->devfn };
    unsigned int i;

    if ( options.remove )
    {
        check(HYPERCALL(physdev_op, PHYSDEVOP_pci_device_remove, &dev, 0, 0),
              "PHYSDEVOP_pci_device_remove");
        return;
    }

    for ( i = 0; i < options.vectors; i++ )
        entry(msix, i)[3] = ENTRY_MASKED;
}

/* It does not get to have MSI-X prepared: a vector has to be in use. */
void env_msix_beside(const struct msix *msix)
{
    uint64_t table = msix->bar + msix->table;
    char *page = env_map_device(table & -PAGE_SIZE, 1);

    program((uint32_t *)(page + table % PAGE_SIZE), BESIDE_VECTOR);
    pci_write16(msix->devfn, msix->control,
                pci_read16(msix->devfn, msix->control) | CONTROL_ENABLE);
}

bool env_msix_can_mask(void)
{
    return true;
}

/* As it is unmasked, it is changed: for the same processor, in the end. */
void env_msix_mask(const struct msix *msix, bool mask)
{
    volatile uint32_t *e = entry(msix, options.vectors - 1);

    if ( mask )
        e[3] = ENTRY_MASKED;
    else
        program(e, FIRST_VECTOR + options.vectors - 1);
}

unsigned int env_msix_take(unsigned int vector)
{
    unsigned int taken;

    /* The first instruction after STI is still out of their reach. */
    asm volatile ( "sti; nop; nop; cli" ::: "memory" );
    taken = arrived[vector];
    arrived[vector] -= taken;

    return taken;
}

/* Without the device, there is nothing that these could reach. */
void env_unplug(unsigned int devfn, uint64_t pa)
{
    unsigned int i;

    pci_unplug(devfn);
    for ( i = 0; i < options.nr_at; i++ )
        *(volatile uint8_t *)(env_view(LEVEL_KERNEL)->device +
                              options.at[i]) = ~0;
    (void)pa;
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
