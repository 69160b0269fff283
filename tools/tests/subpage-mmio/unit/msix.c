/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI-X tables and PBAs as users of the engine, one function after the other
 * and many sharing pages.
 */

#include <asm/msix-protect.h>

#include "test.h"

static unsigned int nr_protected(void)
{
    static struct state state;
    unsigned int i, offset, nr = 0;

    get_state(&state);
    for ( i = 0; i < state.nr_pages; i++ )
        for ( offset = 0; offset < PAGE_SIZE; offset += GRANULE )
            nr += is_ro(&state.page[i], offset);

    return nr;
}

static void protect(struct msix_protection *p, paddr_t table, paddr_t pba,
                    unsigned int nr_entries)
{
    int rc = msix_protect(p, table, pba, nr_entries);

    CHECK(!rc, "protect table %#lx and PBA %#lx of %u: %d", table, pba,
          nr_entries, rc);
}

/* A broken length leaves a part of the PBA, or of the table, writable. */
static void lengths(void)
{
    static const struct {
        unsigned int nr_entries, table, pba; /* Lengths in bytes. */
    } tests[] = {
        { 1, 16, 8 }, { 63, 1008, 8 }, { 64, 1024, 8 }, { 65, 1040, 16 },
        { 128, 2048, 16 }, { 129, 2064, 24 }, { 2048, 32768, 256 },
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(tests); i++ )
    {
        struct msix_protection p = {};

        protect(&p, addr(MMIO, 0x800), addr(MMIO + 10, 0xfc0),
                tests[i].nr_entries);
        CHECK(p.table.start == addr(MMIO, 0x800) &&
              p.table.size == tests[i].table &&
              p.pba.start == addr(MMIO + 10, 0xfc0) &&
              p.pba.size == tests[i].pba,
              "%u vectors: table of %#lx bytes, PBA of %#lx",
              tests[i].nr_entries, p.table.size, p.pba.size);
        CHECK(nr_protected() == (tests[i].table + tests[i].pba) / GRANULE,
              "%u vectors: %u granules", tests[i].nr_entries, nr_protected());
        CHECK(is_ro((struct page_state[]){ page_state(MMIO) }, 0x800),
              "%u vectors: not where the table is", tests[i].nr_entries);
        CHECK(is_ro((struct page_state[]){ page_state(MMIO + 10) }, 0xfc0),
              "%u vectors: not where the PBA is", tests[i].nr_entries);

        msix_unprotect(&p);
        CHECK(!p.table.start && !p.pba.start, "still in use");
        check_nothing_left();
    }
}

/* What there is on the page besides table and PBA has to be writable. */
static void neighbours(void)
{
    struct msix_protection p = {};
    struct model model;
    unsigned int offset;

    init_model(&model, MMIO);
    memset(model.ro + 0x100, true, 64);
    memset(model.ro + 0x140, true, 8);

    protect(&p, addr(MMIO, 0x100), addr(MMIO, 0x140), 4);
    for ( offset = 0; offset < 0x200; offset += 4 )
        check_write(&model, offset, 4, offset);
    check_write(&model, 0xf8, 16, 1);
    check_write(&model, 0x144, 8, 2);
    msix_unprotect(&p);
    check_nothing_left();
}

static void no_pba(void)
{
    struct msix_protection p = {};

    protect(&p, addr(MMIO, 0), 0, 1);
    CHECK(nr_protected() == 2, "%u granules", nr_protected());
    msix_unprotect(&p);
    check_nothing_left();
}

/* Something that was never set up, or has been torn down, may be again. */
static void nothing_to_undo(void)
{
    struct msix_protection p = {}, other = {};

    msix_unprotect(&p);
    protect(&other, addr(MMIO, 0), addr(MMIO, 0x100), 1);
    msix_unprotect(&p);
    CHECK(nr_protected() == 3, "another's protection has gone");
    msix_unprotect(&other);
    msix_unprotect(&other);
    check_nothing_left();
}

/* A broken clean-up leaves the table protected when the PBA can't be. */
static void invalid(void)
{
    static const struct {
        paddr_t table, pba;
    } tests[] = {
        { pfn_to_paddr(RAM), pfn_to_paddr(MMIO) },
        { pfn_to_paddr(MMIO), pfn_to_paddr(RAM) },
        { pfn_to_paddr(OWNED - 1) + 0xff8, pfn_to_paddr(MMIO) },
        { pfn_to_paddr(MMIO) + 4, pfn_to_paddr(MMIO) + 0x100 },
        { pfn_to_paddr(MMIO), pfn_to_paddr(MMIO) + 0x104 },
        { -0x1000UL, pfn_to_paddr(MMIO) },
        { pfn_to_paddr(MMIO), -8UL },
        { -8UL, pfn_to_paddr(MMIO) },
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(tests); i++ )
    {
        struct msix_protection p = {};
        int rc = msix_protect(&p, tests[i].table, tests[i].pba, 4);

        CHECK(rc == -EINVAL, "table %#lx, PBA %#lx: %d", tests[i].table,
              tests[i].pba, rc);
        CHECK(!p.table.start, "in use");
        check_nothing_left();
    }
}

/* A broken count lets one of many end the others' protection. */
static void too_many(void)
{
    static struct msix_protection p[256];
    unsigned int i;
    int rc;

    for ( i = 0; i < 255; i++ )
        protect(&p[i], addr(MMIO, 0xff0), addr(MMIO, 0x100 + i * 8), 2);
    rc = msix_protect(&p[255], addr(MMIO, 0), addr(MMIO + 1, 0x8), 2);
    CHECK(rc == -EBUSY, "one more than are counted: %d", rc);
    CHECK(nr_protected() == 4 + 255, "%u granules", nr_protected());
    for ( i = 0; i < 255; i++ )
    {
        CHECK(is_ro((struct page_state[]){ page_state(MMIO + 1) }, 8),
              "not protected after %u have gone", i);
        msix_unprotect(&p[i]);
    }
    check_nothing_left();
}

/* What could not be taken away stays, but not for ever. */
static void release_later(void)
{
    struct msix_protection p = {}, none = {};

    /* One range of three pages: to take out the middle one takes memory. */
    add(MMIO, 0, 8);
    add(MMIO + 2, 0, 8);
    protect(&p, addr(MMIO + 1, 0), 0, 1);

    emul_fail_alloc = 1;
    msix_unprotect(&p);
    CHECK(emul_alloc_failed, "taking away took no memory");
    CHECK(nr_protected() == 4, "%u granules", nr_protected());

    msix_unprotect(&none);
    CHECK(nr_protected() == 2, "%u granules, later", nr_protected());

    /* It may also be wanted again before. */
    protect(&p, addr(MMIO + 1, 0), 0, 1);
    emul_fail_alloc = 1;
    msix_unprotect(&p);
    emul_fail_alloc = 1;
    protect(&p, addr(MMIO + 1, 0), 0, 1);
    emul_fail_alloc = 0;
    CHECK(nr_protected() == 4, "%u granules, again", nr_protected());
    msix_unprotect(&p);
    CHECK(nr_protected() == 2, "%u granules, at the end", nr_protected());

    remove_ro(MMIO, 0, 8);
    remove_ro(MMIO + 2, 0, 8);
    check_nothing_left();
}

/*
 * To search the p2m takes time: twice for each page which becomes read-only,
 * of which the first is to have the memory for the second; once for each which
 * becomes writable.  What shares a page costs nothing.
 */
static void p2m_walks(void)
{
    static const struct {
        unsigned int table, pba, nr_entries, set_up, tear_down;
    } tests[] = {
        { 0x100, 0x180, 4, 2, 1 },          /* one page */
        { 0x100, 0x2180, 4, 4, 2 },         /* one each */
        { 0xf00, 0x1800, 48, 4, 2 },        /* across a border */
        { 0x000, 0x8000, 2048, 18, 9 },     /* as many as there may be */
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(tests); i++ )
    {
        struct msix_protection p = {}, other = {};
        unsigned int before = emul_p2m_walks;

        protect(&p, addr(MMIO, tests[i].table), addr(MMIO, tests[i].pba),
                tests[i].nr_entries);
        CHECK(emul_p2m_walks - before == tests[i].set_up, "%u to set it up",
              emul_p2m_walks - before);

        before = emul_p2m_walks;
        protect(&other, addr(MMIO, tests[i].table), addr(MMIO, tests[i].pba),
                tests[i].nr_entries);
        msix_unprotect(&p);
        CHECK(emul_p2m_walks == before, "%u for another function",
              emul_p2m_walks - before);

        msix_unprotect(&other);
        CHECK(emul_p2m_walks - before == tests[i].tear_down,
              "%u to tear it down", emul_p2m_walks - before);
        check_nothing_left();
    }
}

static bool is_protected(paddr_t maddr)
{
    struct subpage_mmio *page = subpage_mmio_get(maddr_to_mfn(maddr));
    bool found = page && subpage_mmio_is_protected(page, PAGE_OFFSET(maddr),
                                                   GRANULE);

    if ( page )
        subpage_mmio_put(page);

    return found;
}

/*
 * Functions of one BAR, as the virtual ones of SR-IOV are: each has its slice,
 * of less than a page, with a table and a PBA.  A broken count lets the end of
 * one take its neighbours' protection along.
 */
static void virtual_functions(void)
{
    static const unsigned int gaps[] = { 0x200, 0x800, 0x1000, 0x1200 };
    struct msix_protection p[8];
    unsigned int gap, i, step, other;

    for ( gap = 0; gap < ARRAY_SIZE(gaps); gap++ )
        for ( step = 1; step < ARRAY_SIZE(p); step += 2 )
        {
            memset(p, 0, sizeof(p));
            for ( i = 0; i < ARRAY_SIZE(p); i++ )
                protect(&p[i], addr(MMIO, i * gaps[gap] + 0x100),
                        addr(MMIO, i * gaps[gap] + 0x180), 4);
            CHECK(nr_protected() == 9 * ARRAY_SIZE(p), "%u granules",
                  nr_protected());

            for ( i = 0; i < ARRAY_SIZE(p); i++ )
            {
                msix_unprotect(&p[i * step % ARRAY_SIZE(p)]);
                for ( other = 0; other < ARRAY_SIZE(p); other++ )
                    CHECK(is_protected(addr(MMIO, other * gaps[gap] + 0x180))
                          == !!p[other].table.start,
                          "function %u of slices of %#x, after %u have gone",
                          other, gaps[gap], i + 1);
            }
            check_nothing_left();
        }
}

/*
 * The pages of everybody else who has some in mmio_ro_ranges: these are not
 * of the engine, and neither MSI-X on the same page, nor next to it, nor
 * across its border, makes a difference to them.
 */
static void others_unchanged(void)
{
    static const struct {
        const char *whose;
        unsigned long first, last;
    } others[] = {
        { "I/O APIC", 0xfec00, 0xfec00 },
        { "HPET", 0xfed00, 0xfed00 },
        { "MMCFG", 0xe0000, 0xeffff },
        { "serial", 0xfe800, 0xfe801 },
    };
    unsigned int i, order;

    for ( i = 0; i < ARRAY_SIZE(others); i++ )
        CHECK(!rangeset_add_range(mmio_ro_ranges, others[i].first,
                                  others[i].last), "%s", others[i].whose);

    for ( i = 0; i < ARRAY_SIZE(others); i++ )
        for ( order = 0; order < 2; order++ )
        {
            struct msix_protection p[2] = {};
            unsigned long last = others[i].last;

            /* Within; and from it into the next page, with the PBA there. */
            protect(&p[0], addr(others[i].first, 0x100),
                    addr(last, 0x200), 4);
            protect(&p[1], addr(last, 0xff0), addr(last + 1, 0x20), 2);
            CHECK(nr_protected() == 3, "%s: %u granules", others[i].whose,
                  nr_protected());
            CHECK(!subpage_mmio_get(_mfn(last)), "%s: opened up",
                  others[i].whose);

            msix_unprotect(&p[order]);
            CHECK(rangeset_contains_range(mmio_ro_ranges, others[i].first,
                                          last), "%s: lost", others[i].whose);
            msix_unprotect(&p[!order]);
            CHECK(rangeset_contains_range(mmio_ro_ranges, others[i].first,
                                          last), "%s: lost", others[i].whose);
            CHECK(!rangeset_contains_singleton(mmio_ro_ranges, last + 1) &&
                  !rangeset_contains_singleton(mmio_ro_ranges,
                                               others[i].first - 1),
                  "%s: the next page is r/o still", others[i].whose);
        }

    for ( i = 0; i < ARRAY_SIZE(others); i++ )
        CHECK(!rangeset_remove_range(mmio_ro_ranges, others[i].first,
                                     others[i].last), "%s", others[i].whose);
    check_nothing_left();
}

/*
 * Random order, with and without memory: functions come and go, and set MSI-X
 * up and tear it down, while somebody else protects registers on the same
 * pages.  Everything is compared with a model after each step.  At the end of
 * each sequence, all of them go.
 */
#define SEQUENCES 10000
#define STEPS 30
#define SEED 3
#define PAGES 12
#define FOREIGN 10 /* The page of this number is somebody else's, r/o. */

static const struct layout {
    unsigned int table, pba, nr_entries; /* From the first page's beginning. */
} layouts[] = {
    { 0x0100, 0x0140, 4 },      /* table and PBA on one page */
    { 0x0800, 0x1000, 3 },      /* another function's table there */
    { 0x0ff0, 0x1800, 65 },     /* the table crosses pages */
    { 0x1900, 0x9f80, 2048 },   /* many pages, and the PBA crosses, too */
    { 0x0100, 0x2000, 8 },      /* the first one's table, and its PBA */
    { 0x3000, 0x1000, 1 },      /* shares a granule of a PBA only */
    { 0x9ff8, 0xaff8, 32 },     /* into, and in, what is r/o as a whole */
    { 0x5000, 0x5008, 2 },      /* a PBA in its own table */
};

static struct function {
    bool present;
    paddr_t shift;              /* where its BARs are */
    struct msix_protection p;
} functions[ARRAY_SIZE(layouts)];

/* The model: of each granule, how many functions use it, and who else. */
static unsigned int users[PAGES * 512];
static bool others[PAGES * 512];

static unsigned int random_below(unsigned int limit)
{
    static uint64_t state = SEED;

    state = state * 6364136223846793005UL + 1442695040888963407UL;

    return (state >> 33) % limit;
}

static void count_users(const struct function *f, int change)
{
    const struct layout *l = &layouts[f - functions];
    unsigned int table = (f->shift + l->table) / GRANULE, i;
    unsigned int pba = (f->shift + l->pba) / GRANULE;

    for ( i = 0; i < l->nr_entries * 16 / GRANULE; i++ )
        users[table + i] += change;
    for ( i = 0; i < (l->nr_entries + 63) / 64; i++ )
        users[pba + i] += change;
}

static bool model_ro(unsigned int i)
{
    return i / NR_GRANULES != FOREIGN && (users[i] || others[i]);
}

/* With @more, there may be more protection than is due. */
static void compare(unsigned int step, bool more)
{
    static struct state state;
    unsigned int page, i, nr = 0;

    get_state(&state);
    for ( page = 0; page < PAGES; page++ )
    {
        const struct page_state *s = NULL;
        bool due = false;

        if ( nr < state.nr_pages && state.page[nr].mfn == MMIO + page )
            s = &state.page[nr++];

        for ( i = page * NR_GRANULES; i < (page + 1) * NR_GRANULES; i++ )
        {
            bool ro = s && is_ro(s, i % NR_GRANULES * GRANULE);

            due |= model_ro(i);
            CHECK(ro == model_ro(i) || (ro && more),
                  "step %u: granule %#x is %sprotected", step, i * GRANULE,
                  ro ? "" : "not ");
        }

        CHECK(rangeset_contains_singleton(mmio_ro_ranges, MMIO + page) ==
              (due || page == FOREIGN) || more,
              "step %u: page %u in mmio_ro_ranges", step, page);
    }
    CHECK(nr == state.nr_pages, "step %u: pages of nobody", step);
}

static void set_up(struct function *f)
{
    const struct layout *l = &layouts[f - functions];
    paddr_t base = pfn_to_paddr(MMIO) + f->shift;
    int rc = msix_protect(&f->p, base + l->table, base + l->pba,
                          l->nr_entries);

    CHECK(!rc || (rc == -ENOMEM && emul_alloc_failed),
          "function %zu: %d", f - functions, rc);
    CHECK(!rc == !!f->p.table.start, "function %zu: %d", f - functions, rc);
    if ( !rc )
        count_users(f, 1);
}

static void tear_down(struct function *f)
{
    if ( f->p.table.start )
        count_users(f, -1);
    msix_unprotect(&f->p);
}

/* Who has protected a register keeps it so while MSI-X relies on that. */
static void somebody_else(void)
{
    unsigned int i = random_below(PAGES * NR_GRANULES);
    paddr_t granule = addr(MMIO, 0) + i * GRANULE;
    int rc;

    if ( others[i] && users[i] )
        return;

    if ( others[i] )
        rc = subpage_mmio_ro_remove(granule, GRANULE);
    else
        rc = subpage_mmio_ro_add(granule, GRANULE);

    if ( !others[i] && (model_ro(i) || i / NR_GRANULES == FOREIGN) )
        CHECK(rc == -EEXIST, "somebody else, on what is protected: %d", rc);
    else
    {
        CHECK(!rc || (rc == -ENOMEM && emul_alloc_failed),
              "somebody else: %d", rc);
        others[i] ^= !rc;
    }
}

static void random_step(void)
{
    struct function *f = &functions[random_below(ARRAY_SIZE(functions))];

    if ( !random_below(5) )
        somebody_else();
    else if ( !f->present )
    {
        /* Wherever its BARs are now, short of the last page. */
        f->present = true;
        f->shift = random_below(3) ? 0 : random_below(64) * GRANULE;
    }
    else if ( !f->p.table.start )
        set_up(f);
    else
    {
        /* PHYSDEVOP_pci_device_remove does not ask whether MSI-X is on. */
        tear_down(f);
        f->present = random_below(2);
    }
}

static void all_go(void)
{
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(functions); i++ )
    {
        tear_down(&functions[i]);
        functions[i].present = false;
    }
    for ( i = 0; i < PAGES * NR_GRANULES; i++ )
        if ( others[i] )
        {
            remove_ro(MMIO + i / NR_GRANULES, i % NR_GRANULES * GRANULE,
                      GRANULE);
            others[i] = false;
        }
}

static void random_order(void)
{
    struct msix_protection none = {};
    unsigned int step, i;

    CHECK(!rangeset_add_singleton(mmio_ro_ranges, MMIO + FOREIGN), "foreign");

    for ( step = 1; step <= SEQUENCES * STEPS; step++ )
    {
        emul_alloc_failed = false;
        emul_fail_alloc = random_below(3) ? 0 : 1 + random_below(12);
        random_step();
        emul_fail_alloc = 0;

        if ( emul_alloc_failed )
        {
            compare(step, true);
            msix_unprotect(&none);
        }
        compare(step, false);

        if ( !random_below(16) )
            emul_grace_period();
        if ( !(step % STEPS) )
        {
            all_go();
            compare(step, false);
        }
    }

    /* See random.c about empty nodes of the tree. */
    for ( i = 0; i < PAGES; i++ )
        if ( i != FOREIGN )
        {
            add(MMIO + i, 0, 8);
            remove_ro(MMIO + i, 0, 8);
        }
    CHECK(!rangeset_remove_singleton(mmio_ro_ranges, MMIO + FOREIGN),
          "foreign");
    check_nothing_left();
}

#define STR_(x) #x
#define STR(x) STR_(x)

const struct test msix_tests[] = {
    { "MSI-X: lengths of table and PBA", lengths },
    { "MSI-X: neighbours of table and PBA", neighbours },
    { "MSI-X: table without a PBA", no_pba },
    { "MSI-X: nothing to undo", nothing_to_undo },
    { "MSI-X: invalid places", invalid },
    { "MSI-X: too many functions", too_many },
    { "MSI-X: release when there is memory again", release_later },
    { "MSI-X: how often the p2m is searched", p2m_walks },
    { "MSI-X: virtual functions", virtual_functions },
    { "MSI-X: other users of mmio_ro_ranges", others_unchanged },
    { "MSI-X: " STR(SEQUENCES) " random sequences of " STR(STEPS)
      " steps, seed " STR(SEED), random_order },
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
