/* SPDX-License-Identifier: GPL-2.0-only */

#include "env.h"
#include "memory.h"
#include "options.h"
#include "print.h"
#include "race.h"

/* Each returns what it holds after the last time; of interest is xchg's. */
typedef unsigned long operation(volatile void *p, unsigned long val,
                                unsigned long count);

/* Counts how often `val` was added, by one instruction each. */
#define REPEATED(name, type, text)                                      \
static unsigned long name(volatile void *p, unsigned long val,          \
                          unsigned long count)                          \
{                                                                       \
    while ( count-- )                                                   \
    {                                                                   \
        type tmp = val;                                                 \
                                                                        \
        asm volatile ( text                                             \
                       : "+r" (tmp), "+m" (*(volatile type *)p)         \
                       :: "memory", "cc" );                             \
    }                                                                   \
                                                                        \
    return 0;                                                           \
}

REPEATED(add32, uint32_t, "lock add %0, %1")
REPEATED(xadd32, uint32_t, "lock xadd %0, %1")
#ifdef __x86_64__
REPEATED(xadd64, uint64_t, "lock xadd %0, %1")
#endif

/* Add by trying until nobody else has come in between. */
static unsigned long cmpxchg32(volatile void *p, unsigned long val,
                               unsigned long count)
{
    uint32_t old = 0;

    while ( count )
    {
        bool done;

        asm volatile ( "lock cmpxchg %3, %1"
                       : "+a" (old), "+m" (*(volatile uint32_t *)p),
                         "=@ccz" (done)
                       : "r" ((uint32_t)(old + val))
                       : "memory" );
        if ( done )
        {
            old += val;
            count--;
        }
    }

    return 0;
}

static unsigned long xchg32(volatile void *p, unsigned long val,
                            unsigned long count)
{
    uint32_t token = val;

    while ( count-- )
        asm volatile ( "xchg %0, %1"
                       : "+r" (token), "+m" (*(volatile uint32_t *)p)
                       :: "memory" );

    return token;
}

static const struct {
    const char *name;
    operation *operation;
    unsigned int width;
} races[] = {
    { "add", add32, 4 },
    { "xadd", xadd32, 4 },
#ifdef __x86_64__
    { "xadd", xadd64, 8 },
#endif
    { "cmpxchg", cmpxchg32, 4 },
    { "xchg", xchg32, 4 },
};

/* What both are to do, and how far they are. */
static volatile struct {
    unsigned int race;
    char *p;
    unsigned long started, finished;
    unsigned long second_left;
} now;

static void second(void)
{
    unsigned long nr = 0;

    for ( ; ; )
    {
        while ( now.started == nr )
            asm volatile ( "pause" );
        nr++;
        now.second_left = races[now.race].operation(
            now.p, RACE_SECOND, options.race_count);
        now.finished = nr;
    }
}

static void run(unsigned int i, char *device, unsigned long off)
{
    unsigned long id = memory_new_run(), sum;
    volatile uint32_t *p = (volatile uint32_t *)(device + off);

    p[0] = 0;
    if ( races[i].width > 4 )
        p[1] = 0;

    now.race = i;
    now.p = device + off;
    now.started++;
    sum = races[i].operation(now.p, RACE_FIRST, options.race_count);
    while ( now.finished != now.started )
        asm volatile ( "pause" );

    say("race %lu %s %lx %lu %lu %lx", id, races[i].name, off,
        (unsigned long)races[i].width, options.race_count,
        p[0] + sum + now.second_left);
}

void race_run(char *device)
{
    unsigned int i, j;

    env_start_cpu(1, second);

    for ( i = 0; i < ARRAY_SIZE(races); i++ )
        for ( j = 0; j < options.nr_at; j++ )
            run(i, device, options.at[j]);
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
