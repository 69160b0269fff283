/* SPDX-License-Identifier: GPL-2.0-only */

#include "env.h"
#include "memory.h"
#include "msix.h"
#include "options.h"
#include "pci.h"
#include "print.h"

/* PCI Local Bus 3.0, 6.8.2: the capability, and bits of its fields. */
#define CAP_MSIX        0x11
#define MSIX_CONTROL    2
#define  CONTROL_ENABLE 0x8000
#define  CONTROL_SIZE   0x07ff
#define MSIX_TABLE      4
#define MSIX_PBA        8
#define  OFFSET_BIR     7

/* Polls until an interrupt must have come; the device takes milliseconds. */
#define POLLS           1000000
/* With a write to the device each. */
#define SLOW_POLLS      10000
/* Polls after which one will not come, most likely. */
#define FEW_POLLS       1000

static struct msix msix;
static char *device;

static struct msix find(unsigned int devfn, uint64_t bar)
{
    unsigned int cap = pci_find_capability(devfn, CAP_MSIX);
    unsigned long id = pci_read32(devfn, 0);
    struct msix found = { .devfn = devfn, .bar = bar };

    if ( !cap )
        fatal("device %lx:%lx has no MSI-X", id & 0xffff, id >> 16);

    found.control = cap + MSIX_CONTROL;
    found.nr_vectors = (pci_read16(devfn, found.control) & CONTROL_SIZE) + 1;
    found.table = pci_read32(devfn, cap + MSIX_TABLE);
    found.pba = pci_read32(devfn, cap + MSIX_PBA);
    if ( (found.table | found.pba) & OFFSET_BIR )
        fatal("table %lx and PBA %lx of %lx:%lx are not both in BAR 0",
              found.table, found.pba, id & 0xffff, id >> 16);

    found.table_size = found.nr_vectors * 16;
    found.pba_size = (found.nr_vectors + 63) / 64 * 8;

    return found;
}

void msix_find(unsigned int devfn, uint64_t bar)
{
    msix = find(devfn, bar);
    if ( msix.nr_vectors < options.vectors )
        fatal("msix=: wanted at most %lx, which the device has",
              (unsigned long)msix.nr_vectors);
}

void msix_beside(unsigned int devfn, uint64_t bar)
{
    struct msix beside = find(devfn, bar);

    env_msix_beside(&beside);
}

static void set_enable(bool on)
{
    uint16_t control = pci_read16(msix.devfn, msix.control);

    pci_write16(msix.devfn, msix.control,
                on ? control | CONTROL_ENABLE : control & ~CONTROL_ENABLE);
}

char *msix_switch(bool on)
{
    device = env_map_device(msix.bar, memory_size() / PAGE_SIZE);
    memory_init(device);
    memory_start_run(0);

    if ( on )
    {
        env_msix_setup(&msix);
        set_enable(true);
    }
    else
    {
        if ( !options.remove )
            set_enable(false);
        env_msix_teardown(&msix);
    }

    /* A mapping follows what is protected when it is made. */
    device = env_map_device(msix.bar, memory_size() / PAGE_SIZE);
    memory_keep(msix.table, msix.table_size);
    memory_keep(msix.pba, msix.pba_size);

    return device;
}

static unsigned int await(unsigned int vector, unsigned int polls)
{
    unsigned int taken = 0;

    while ( !taken && polls-- )
        taken = env_msix_take(vector);

    return taken;
}

static void ring(unsigned int vector)
{
    *(volatile uint32_t *)(device + options.bell) = vector;
}

#define VALUE 0xf8e7d6c5b4a3921bULL

static void write_value(unsigned long off, unsigned int width)
{
    volatile void *p = device + off;

    switch ( width )
    {
    case 1: *(volatile uint8_t *)p = (uint8_t)VALUE; break;
    case 2: *(volatile uint16_t *)p = (uint16_t)VALUE; break;
    case 4: *(volatile uint32_t *)p = (uint32_t)VALUE; break;
    case 8: *(volatile uint64_t *)p = VALUE; break;
    }
}

static void say_wrote(unsigned long off, unsigned int width, uint64_t val,
                      unsigned int times)
{
    /* There is no format for 64 bits on 32-bit kernels. */
    add("wrote %lx %lu ", off, (unsigned long)width);
    if ( val >> 32 )
        add("%lx", (unsigned long)(val >> 32));
    say("%lx %lu", (unsigned long)(uint32_t)val, (unsigned long)times);
}

/* Writes so far, by place and width. */
static unsigned int writes[ARRAY_SIZE(options.at)][4];

/* Every place in turn, and at each of them every width. */
static void write_next(void)
{
    static unsigned int nr;
    unsigned int i = nr % options.nr_at, w = nr / options.nr_at % 4;

    nr++;
    /* Stores of 64 bits are two on a 32-bit kernel. */
    if ( (1UL << w) <= sizeof(long) )
    {
        write_value(options.at[i], 1 << w);
        writes[i][w]++;
    }
}

void msix_storm(void)
{
    static unsigned int rings[MAX_VECTORS], taken[MAX_VECTORS];
    unsigned int i, w, sent, polls;

    memory_start_run(0);
    for ( i = 0; i < options.vectors; i++ )
        taken[i] = env_msix_take(i);

    /* If one does not come, others need not be waited for. */
    for ( sent = polls = 0; sent < options.storm && polls < SLOW_POLLS;
          sent++ )
    {
        unsigned int vector = sent % options.vectors, before = taken[vector];

        ring(vector);
        rings[vector]++;
        for ( polls = 0; taken[vector] == before && polls < SLOW_POLLS;
              polls++ )
        {
            write_next();
            taken[vector] += env_msix_take(vector);
        }
    }

    for ( i = 0; i < options.nr_at; i++ )
        for ( w = 0; w < 4; w++ )
            if ( writes[i][w] )
                say_wrote(options.at[i], 1 << w,
                          VALUE & (~0ULL >> (64 - (8 << w))), writes[i][w]);
    for ( i = 0; i < options.vectors; i++ )
    {
        taken[i] += env_msix_take(i);
        say_wrote(options.bell, 4, i, rings[i]);
        say("irq storm %lu %lu %lu", (unsigned long)i,
            (unsigned long)rings[i], (unsigned long)taken[i]);
    }
}

void msix_mask(void)
{
    unsigned int vector = options.vectors - 1, masked, unmasked;
    bool pending;

    if ( !env_msix_can_mask() )
        return;

    memory_start_run(0);

    env_msix_mask(&msix, true);
    ring(vector);
    masked = await(vector, FEW_POLLS);
    pending = device[msix.pba + vector / 8] & (1 << (vector % 8));
    env_msix_mask(&msix, false);
    unmasked = await(vector, POLLS);

    say_wrote(options.bell, 4, vector, 1);
    say("irq mask %lu %lu %lu", (unsigned long)masked, (unsigned long)pending,
        (unsigned long)unmasked);
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
