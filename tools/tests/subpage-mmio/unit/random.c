/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random calls, in random order, with and without memory, compared with a
 * model after each.
 */

#include "test.h"

#define STEPS 200000
#define SEED 1
#define PAGES 4
#define FOREIGN (MMIO + PAGES) /* Somebody else's, r/o as a whole. */

static struct model models[PAGES];

/* The same numbers on every machine. */
static unsigned int random_below(unsigned int limit)
{
    static uint64_t state = SEED;

    state = state * 6364136223846793005UL + 1442695040888963407UL;

    return (state >> 33) % limit;
}

/* A range of granules of the pages, counted through, and the foreign one. */
struct range {
    unsigned int first, nr;
};

static bool *model_ro(unsigned int granule)
{
    return &models[granule / NR_GRANULES].ro[granule % NR_GRANULES * GRANULE];
}

static bool has_entry(const struct model *model)
{
    return model_refuses(model, 0, PAGE_SIZE);
}

/* Some of the same kind in a row, so that a call has a chance to succeed. */
static struct range random_range(bool ro)
{
    struct range range = { random_below(PAGES * NR_GRANULES), 1 };
    unsigned int limit = 1 + random_below(random_below(8) ? 40 : 1500);

    while ( range.nr < limit &&
            range.first + range.nr < PAGES * NR_GRANULES &&
            *model_ro(range.first + range.nr) == ro )
        range.nr++;

    /* Sometimes it is too long, or reaches into the foreign page. */
    if ( !random_below(16) )
        range.nr += 1 + random_below(8);
    range.nr = min(range.nr, (PAGES + 1) * NR_GRANULES - range.first);

    return range;
}

static bool range_has(struct range range, bool ro)
{
    unsigned int i;

    for ( i = range.first; i < range.first + range.nr; i++ )
        if ( i >= PAGES * NR_GRANULES || *model_ro(i) == ro )
            return true;

    return false;
}

static void update_model(struct range range, bool ro)
{
    unsigned int i;

    for ( i = range.first; i < range.first + range.nr; i++ )
        memset(model_ro(i), ro, GRANULE);
    for ( i = 0; i < PAGES; i++ )
        if ( !has_entry(&models[i]) )
            models[i].forwarded = models[i].refused = 0;
}

static void change(bool ro, struct range range, unsigned int fail_alloc)
{
    paddr_t start = addr(MMIO, 0) + range.first * GRANULE;
    size_t size = range.nr * GRANULE;
    int rc, expected = 0;

    emul_fail_alloc = fail_alloc;
    emul_alloc_failed = false;
    rc = ro ? subpage_mmio_ro_add(start, size)
            : subpage_mmio_ro_remove(start, size);
    emul_fail_alloc = 0;

    if ( range_has(range, ro) )
        expected = ro ? -EEXIST : -ENOENT;
    else if ( emul_alloc_failed )
        expected = -ENOMEM;
    CHECK(rc == expected, "%s %#lx bytes at %#lx: %d instead of %d",
          ro ? "add" : "remove", size, start, rc, expected);

    if ( !rc )
        update_model(range, ro);
}

static void random_change(void)
{
    bool ro = random_below(2);

    change(ro, random_range(!ro), random_below(3) ? 0 : 1 + random_below(6));
}

static void random_access(void)
{
    struct model *model = &models[random_below(PAGES)];
    unsigned int bytes = 1 + random_below(random_below(3) ? 8 : 64);
    unsigned int offset = random_below(PAGE_SIZE - bytes + 1);
    unsigned int seed = random_below(256);

    if ( random_below(2) )
        offset &= -8;
    if ( !has_entry(model) )
        return;

    switch ( random_below(3) )
    {
    case 0:
        check_write(model, offset, bytes, seed);
        break;

    case 1:
        check_read(model, offset, bytes);
        break;

    case 2:
        check_rmw(model, offset, min(bytes, 8U), seed, 0);
        break;
    }
}

static void compare(void)
{
    static struct state state;
    unsigned int i, offset, nr = 0;

    get_state(&state);
    for ( i = 0; i < PAGES; i++ )
    {
        const struct page_state *page = &state.page[nr];

        if ( !has_entry(&models[i]) )
        {
            CHECK(!rangeset_contains_singleton(mmio_ro_ranges, MMIO + i),
                  "page %u is r/o without an entry", i);
            continue;
        }

        CHECK(nr < state.nr_pages && page->mfn == MMIO + i,
              "page %u has no entry", i);
        for ( offset = 0; offset < PAGE_SIZE; offset += GRANULE )
            CHECK(is_ro(page, offset) == models[i].ro[offset],
                  "page %u, granule %#x", i, offset);
        check_counts(&models[i]);
        nr++;
    }
    CHECK(nr == state.nr_pages, "%u entries instead of %u", state.nr_pages,
          nr);
    CHECK(rangeset_contains_singleton(mmio_ro_ranges, FOREIGN),
          "the foreign page is not r/o");
}

static void random_calls(void)
{
    unsigned int i, step;

    for ( i = 0; i < PAGES; i++ )
        init_model(&models[i], MMIO + i);
    CHECK(!rangeset_add_singleton(mmio_ro_ranges, FOREIGN), "foreign page");

    for ( step = 0; step < STEPS; step++ )
    {
        if ( random_below(4) )
            random_access();
        else
        {
            random_change();
            compare();
        }
        if ( !random_below(16) )
            emul_grace_period();
        /* From time to time, start again. */
        if ( !random_below(500) )
            for ( i = 0; i < PAGES * NR_GRANULES; i++ )
                if ( *model_ro(i) )
                    change(false, (struct range){ i, 1 }, 0);
    }

    /*
     * An insertion which fails can leave empty nodes in the tree.  These go
     * when something is inserted, and deleted, at the same place.
     */
    for ( i = 0; i < PAGES * NR_GRANULES; i++ )
        if ( !*model_ro(i) )
            change(true, (struct range){ i, 1 }, 0);
    compare();
    change(false, (struct range){ 0, PAGES * NR_GRANULES }, 0);
    compare();
    CHECK(!rangeset_remove_singleton(mmio_ro_ranges, FOREIGN), "foreign page");
    check_nothing_left();
}

#define STR_(x) #x
#define STR(x) STR_(x)

const struct test random_tests[] = {
    { STR(STEPS) " random steps, seed " STR(SEED), random_calls },
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
