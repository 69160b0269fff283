/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random steps.
 */

#include "test.h"

#define STEPS 200000
#define SEED 1

/* The same numbers on every machine. */
static unsigned int random_below(unsigned int limit)
{
    static uint64_t state = SEED;

    state = state * 6364136223846793005UL + 1442695040888963407UL;

    return (state >> 33) % limit;
}

static bool more_steps(void)
{
    static unsigned int steps;

    return steps++ < STEPS;
}

static void random_steps(void)
{
    run_steps(&(struct choices){ random_below, more_steps });
}

#define STR_(x) #x
#define STR(x) STR_(x)

const struct test random_tests[] = {
    { STR(STEPS) " random steps, seed " STR(SEED), random_steps },
    {}
};

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
