/* SPDX-License-Identifier: GPL-2.0-only */

#include "bench.h"
#include "env.h"
#include "execute.h"
#include "hypercall.h"
#include "io.h"
#include "options.h"
#include "pci.h"
#include "print.h"

#include <public/version.h>

/* Nothing listens there, so that firmware uses it for progress codes. */
#define UNUSED_PORT   0x80
#define APIC_TPR      0xfee00080
#define HPET          0xfed00000
#define CPUID_VENDOR  0

/* Above what any environment with 64 bits has mapped. */
#define UNMAPPED      ((unsigned long)0x140000000ULL)

static void nothing(char *at)
{
    asm volatile ( "" :: "r" (at) : "memory" );
}

static void write(char *at)
{
    asm volatile ( "movl %1, %0" : "=m" (*at) : "r" (0x12345678) );
}

static void read(char *at)
{
    uint32_t val;

    asm volatile ( "movl %1, %0" : "=r" (val) : "m" (*at) );
}

static void hypercall_(char *at)
{
    HYPERCALL(xen_version, XENVER_version, 0, 0, 0);
}

static void cpuid(char *at)
{
    uint32_t regs[4];

    env_cpuid(CPUID_VENDOR, 0, regs);
}

static void port(char *at)
{
    out8(UNUSED_PORT, 0);
}

/* By two ports, which no environment gets for itself. */
static void config(char *at)
{
    pci_read32(0, 0);
}

static void apic(char *at)
{
    write((char *)APIC_TPR);
}

/* Xen has it read-only as a whole.  No operation needs the device's page 0. */
static void hpet(char *at)
{
    static char *page;

    if ( !page )
        page = env_map_device(HPET, 1);
    write(page);
}

/* A PTE, which stays as it is. */
static void pte(char *at)
{
    static volatile uint64_t *entry;

    if ( !entry )
        entry = env_page_table_entry(true);
    *entry = *entry;
}

static void fault(enum level level, unsigned long at)
{
    unsigned long vector = execute_store(level, at);

    if ( vector != VECTOR_PF )
        fatal("bench=: exception %lu instead of a page fault", vector);
}

static void fault_kernel(char *at)
{
    fault(LEVEL_KERNEL, UNMAPPED);
}

static void fault_user(char *at)
{
    fault(LEVEL_USER, UNMAPPED);
}

/* User mode writes to what is there, and is read-only: a PV domain's PTE. */
static void fault_present(char *at)
{
    static volatile uint64_t *entry;

    if ( !entry )
        entry = env_page_table_entry(true);
    fault(LEVEL_USER, (unsigned long)entry);
}

const struct operation operations[] = {
    { "nothing",      nothing },
    { "write",        write },
    { "read",         read },
    { "hypercall",    hypercall_ },
    { "cpuid",        cpuid },
    { "port",         port },
    { "config",       config },
    { "apic",         apic },
    { "hpet",         hpet },
    { "pte",          pte },
    { "fault_kernel", fault_kernel },
    { "fault_user",   fault_user },
    { "fault_present", fault_present },
    {}
};

static uint64_t ticks(void)
{
    uint32_t low, high;

    asm volatile ( "rdtsc" : "=a" (low), "=d" (high) :: "memory" );

    return low | ((uint64_t)high << 32);
}

static uint64_t measure(const struct operation *op, char *at)
{
    uint64_t best = ~0ULL;
    unsigned int i, j;

    for ( i = 0; i < BENCH_BATCHES; i++ )
    {
        uint64_t start = ticks(), taken;

        for ( j = 0; j < BENCH_REPETITIONS; j++ )
            op->run(at);

        taken = ticks() - start;
        if ( taken < best )
            best = taken;
    }

    return best;
}

void bench(char *device)
{
    const struct bench_item *item = options.bench;
    unsigned int i;

    for ( i = 0; i < options.nr_bench; i++, item++ )
        say("cost %s %lx %lu %lu", item->operation->name, item->offset,
            (unsigned long)measure(item->operation, device + item->offset),
            (unsigned long)BENCH_REPETITIONS);
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
