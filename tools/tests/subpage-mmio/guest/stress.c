/* SPDX-License-Identifier: GPL-2.0-only */

#include "env.h"
#include "memory.h"
#include "options.h"
#include "print.h"
#include "stress.h"

static char *where;
static volatile unsigned long started, finished;

static void write(unsigned long cpu, unsigned long nr)
{
    unsigned long off = options.at[nr % options.nr_at];

    *(volatile uint32_t *)(where + off) = cpu << STRESS_CPU_SHIFT | nr;
}

static void writer(void)
{
    unsigned long cpu = __atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST), i;

    /* Together, or the first one is done before the last one has begun. */
    while ( started < options.stress_writers )
        asm volatile ( "pause" );

    for ( i = 1; i <= options.stress_count; i++ )
        write(cpu, i);

    __atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);

    for ( ; ; )
        asm volatile ( "pause" );
}

void stress_run(char *device, void (*toggle)(void))
{
    volatile uint64_t *pte = env_page_table_entry(true);
    unsigned long id = memory_new_run(), nr = 0, i;

    where = device;

    for ( i = 1; i <= options.stress_writers; i++ )
        env_start_cpu(i, writer);

    while ( finished < options.stress_writers )
    {
        toggle();
        write(0, ++nr);
        *pte = *pte;
    }

    add("stress %lu %lu", id, nr);
    for ( i = 1; i <= options.stress_writers; i++ )
        add(" %lu", options.stress_count);
    say("%s", "");
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
