/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls in any order, on two CPUs, with and without memory, compared with a
 * model after each.  Somebody else chooses: a generator of random numbers, or
 * a fuzzer.
 */

#include "test.h"

#define PAGES 4
#define FOREIGN (MMIO + PAGES) /* Somebody else's, r/o as a whole. */

static const struct choices *choices;

static unsigned int below(unsigned int limit)
{
    return choices->below(limit);
}

/*
 * A page which is held was looked up once, and stays in use while everything
 * else goes on: its entry may have been dropped since.
 */
static struct page {
    struct model model;
    bool mapped;                /* The entry is. */
    bool dropped, was_mapped;   /* The entry which is held. */
    bool stuck;                 /* There was no memory to make it writable. */
} pages[PAGES];

static unsigned int maps;  /* Calls of ioremap() that there should be. */
static bool interrupting;  /* The other CPU is at work. */

/* A range of granules of the pages, counted through, and the foreign one. */
struct range {
    unsigned int first, nr;
};

static struct range everything = { 0, PAGES * NR_GRANULES };

static bool *model_ro(unsigned int granule)
{
    return &pages[granule / NR_GRANULES].model.ro[granule % NR_GRANULES *
                                                  GRANULE];
}

static bool has_entry(const struct page *page)
{
    return model_refuses(&page->model, 0, PAGE_SIZE);
}

/* Is the entry mapped that an access would use now? */
static bool *is_mapped(struct page *page)
{
    return page->dropped && !has_entry(page) ? &page->was_mapped
                                             : &page->mapped;
}

static struct range run(unsigned int first, unsigned int limit, bool ro)
{
    struct range range = { first, 1 };

    while ( range.nr < limit && first + range.nr < PAGES * NR_GRANULES &&
            *model_ro(first + range.nr) == ro )
        range.nr++;

    return range;
}

/* Some of the same kind in a row, so that a call has a chance to succeed. */
static struct range any_range(bool ro)
{
    unsigned int first = below(PAGES * NR_GRANULES);
    struct range range;

    if ( below(4) )
        while ( first < PAGES * NR_GRANULES - 1 && *model_ro(first) != ro )
            first++;
    range = run(first, 1 + below(below(8) ? 40 : 1500), ro);

    /* Sometimes it is too long, or reaches into the foreign page. */
    if ( !below(16) )
        range.nr += 1 + below(8);
    range.nr = min(range.nr, (PAGES + 1) * NR_GRANULES - first);

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

/* Are all of its pages r/o, for whomever? */
static bool pages_ro(struct range range)
{
    unsigned int i;

    for ( i = range.first / NR_GRANULES;
          i <= (range.first + range.nr - 1) / NR_GRANULES; i++ )
        if ( i < PAGES && !has_entry(&pages[i]) )
            return false;

    return true;
}

/* Returns how many pages have lost their entry. */
static unsigned int update_model(struct range range, bool ro, bool fail_p2m)
{
    unsigned int i, nr = 0;
    bool had[PAGES];

    for ( i = 0; i < PAGES; i++ )
        had[i] = has_entry(&pages[i]);
    for ( i = range.first; i < range.first + range.nr; i++ )
        memset(model_ro(i), ro, GRANULE);
    for ( i = 0; i < PAGES; i++ )
    {
        struct page *page = &pages[i];

        if ( !had[i] || has_entry(page) )
            continue;

        nr++;
        if ( page->model.held && !page->dropped )
        {
            page->dropped = true;
            page->was_mapped = page->mapped;
        }
        page->mapped = false;
        page->stuck |= fail_p2m;
        page->model.forwarded = page->model.refused = 0;
    }

    return nr;
}

static void step(void);

/* Let the other CPU do something, which includes failing. */
static void interrupt(void)
{
    unsigned int i;

    interrupting = true;
    for ( i = 1 + below(3); i; i-- )
        step();
    interrupting = false;
}

static struct change {
    bool ro;
    struct range range;
    bool fail_p2m;
    bool interrupt;
    int rc;
    unsigned int dropped;
} *changing;

/* Out of the lock, everybody else sees it. */
static void changed(void)
{
    struct change *change = changing;

    emul_fail_alloc = 0;
    emul_fail_p2m = false;

    change->rc = 0;
    if ( range_has(change->range, change->ro) )
        change->rc = change->ro ? -EEXIST : -ENOENT;
    else if ( emul_alloc_failed )
        change->rc = -ENOMEM;
    else
        change->dropped = update_model(change->range, change->ro,
                                       change->fail_p2m);

    if ( change->interrupt )
        interrupt();

    changing = change;
    emul_fail_p2m = change->fail_p2m;
}

static void check_change(struct change change, unsigned int fail_alloc)
{
    paddr_t start = addr(MMIO, 0) + change.range.first * GRANULE;
    size_t size = change.range.nr * GRANULE;
    int rc;

    /* What there has to be memory for before anything else. */
    change.rc = change.ro && change.fail_p2m && !pages_ro(change.range)
                ? -ENOMEM : 1;
    changing = &change;
    emul_fail_p2m = change.fail_p2m;
    emul_fail_alloc = fail_alloc;
    emul_alloc_failed = false;
    emul_after_unlock = changed;

    rc = change.ro ? subpage_mmio_ro_add(start, size)
                   : subpage_mmio_ro_remove(start, size);

    emul_after_unlock = NULL;
    emul_fail_p2m = false;
    emul_fail_alloc = 0;

    CHECK(rc == change.rc, "%s %#lx bytes at %#lx: %d instead of %d",
          change.ro ? "add" : "remove", size, start, rc, change.rc);
    check_lines(change.dropped && change.fail_p2m, "a change");
}

static void any_change(void)
{
    bool ro = below(2);

    check_change((struct change){
                     .ro = ro, .range = any_range(!ro),
                     .fail_p2m = !below(8),
                     .interrupt = !interrupting && !below(4),
                 }, below(3) ? 0 : 1 + below(6));
}

static void remove_all(void)
{
    unsigned int i;

    for ( i = 0; i < PAGES * NR_GRANULES; i++ )
        if ( *model_ro(i) )
            check_change((struct change){ .range = run(i, ~0U, true) }, 0);
}

static struct page *mapping;

/* The other CPU is first.  It cannot wait, so it uses the lock as we do. */
static void map_meanwhile(void)
{
    struct page *outer = mapping, *page = &pages[below(PAGES)];
    unsigned int offset = below(PAGE_SIZE);
    bool fails = outer->model.unmappable;

    outer->model.unmappable = false;
    *is_mapped(outer) = false;
    emul_fail_ioremap = 0;

    if ( has_entry(page) || page->model.held )
    {
        maps += !*is_mapped(page);
        *is_mapped(page) = true;
        check_read(&page->model, offset, 1);
    }

    outer->model.unmappable = fails;
    *is_mapped(outer) |= !fails;
    emul_fail_ioremap = fails;
}

static void access_page(struct page *page)
{
    enum { WRITING, READING, MODIFYING, ASKING } kind = below(4);
    struct model *model = &page->model;
    unsigned int bytes = 1 + below(below(3) ? 8 : 64);
    unsigned int offset = below(PAGE_SIZE - bytes + 1);
    unsigned int seed = below(256);
    bool copied = false, maps_page;

    if ( below(2) )
        offset &= -8;
    if ( kind == MODIFYING )
        bytes = min(bytes, 8U);

    maps_page = kind != ASKING && !*is_mapped(page) &&
                (kind != WRITING || !model_refuses(model, offset, bytes));
    maps += maps_page;
    model->unmappable = maps_page && !below(4);
    emul_fail_ioremap = model->unmappable;
    *is_mapped(page) |= maps_page && !model->unmappable;

    if ( maps_page && !interrupting && !below(4) )
    {
        mapping = page;
        emul_in_ioremap = map_meanwhile;
    }

    switch ( kind )
    {
    case WRITING:
        check_write(model, offset, bytes, seed);
        break;

    case READING:
        check_read(model, offset, bytes);
        break;

    case MODIFYING:
        copied = !model->unmappable && (model_refuses(model, offset, bytes) ||
                                        (bytes & (bytes - 1)) ||
                                        offset % bytes);
        /* To be exclusive means to wait for others. */
        if ( copied && model->held && !interrupting &&
             !emul_in_ioremap && !below(2) )
            emul_after_unlock = interrupt;
        check_rmw(model, offset, bytes, seed, below(4) ? 0 : -EIO);
        break;

    case ASKING:
        check_question(model, offset, bytes);
        break;
    }

    /* Who waited may find that the entry is another one. */
    if ( copied && model->wrote && !*is_mapped(page) )
    {
        maps++;
        *is_mapped(page) = true;
    }

    model->unmappable = false;
    CHECK(!emul_fail_ioremap, "nothing was mapped");
    CHECK(emul_ioremaps == maps, "%u calls of ioremap() instead of %u",
          emul_ioremaps, maps);
}

static void check_no_entry(unsigned long mfn)
{
    CHECK(!subpage_mmio_get(_mfn(mfn)), "page %#lx has an entry", mfn);
}

static void any_access(void)
{
    unsigned int nr = below(PAGES + 1);

    if ( nr == PAGES )
        check_no_entry(FOREIGN);
    else if ( has_entry(&pages[nr]) || pages[nr].model.held )
        access_page(&pages[nr]);
    else
        check_no_entry(MMIO + nr);
}

static void release(struct page *page)
{
    if ( !page->model.held )
        return;

    subpage_mmio_put(page->model.held);
    page->model.held = NULL;
    page->dropped = false;
}

static void hold_or_release(struct page *page)
{
    if ( page->model.held )
        release(page);
    else if ( has_entry(page) )
        page->model.held = get_page(page->model.mfn);
}

static void release_all(void)
{
    unsigned int i;

    for ( i = 0; i < PAGES; i++ )
        release(&pages[i]);
}

static void compare(void)
{
    static struct state state;
    unsigned int i, offset, nr = 0;

    get_state(&state);
    for ( i = 0; i < PAGES; i++ )
    {
        const struct page_state *entry = &state.page[nr];
        struct page *page = &pages[i];
        bool writable = emul_p2m_writable(MMIO + i);

        CHECK(writable ? !has_entry(page) : has_entry(page) || page->stuck,
              "page %u is %s in the p2m", i, writable ? "writable" : "r/o");
        page->stuck &= !writable;

        if ( !has_entry(page) )
        {
            CHECK(!rangeset_contains_singleton(mmio_ro_ranges, MMIO + i),
                  "page %u is r/o without an entry", i);
            continue;
        }

        CHECK(nr < state.nr_pages && entry->mfn == MMIO + i,
              "page %u has no entry", i);
        CHECK(!entry->va == !page->mapped, "page %u is %smapped", i,
              entry->va ? "" : "not ");
        for ( offset = 0; offset < PAGE_SIZE; offset += GRANULE )
            CHECK(is_ro(entry, offset) == page->model.ro[offset],
                  "page %u, granule %#x", i, offset);
        check_counts(&page->model);
        nr++;
    }
    CHECK(nr == state.nr_pages, "%u entries instead of %u", state.nr_pages,
          nr);
    CHECK(rangeset_contains_singleton(mmio_ro_ranges, FOREIGN),
          "the foreign page is not r/o");
}

static void step(void)
{
    if ( below(4) )
        any_access();
    else
        any_change();
}

void run_steps(const struct choices *c)
{
    unsigned int i;

    choices = c;
    maps = emul_ioremaps;
    for ( i = 0; i < PAGES; i++ )
    {
        pages[i] = (struct page){ .stuck = !emul_p2m_writable(MMIO + i) };
        init_model(&pages[i].model, MMIO + i);
    }
    CHECK(!rangeset_add_singleton(mmio_ro_ranges, FOREIGN), "foreign page");

    while ( choices->more() )
    {
        step();
        compare();
        if ( !below(16) )
            hold_or_release(&pages[below(PAGES)]);
        if ( !below(16) && !emul_rcu_readers )
            emul_grace_period();
        /* From time to time, start again. */
        if ( !below(256) )
        {
            release_all();
            remove_all();
        }
    }

    /*
     * An insertion which fails can leave empty nodes in the tree.  These go
     * when something is inserted, and deleted, at the same place.
     */
    release_all();
    remove_all();
    check_change((struct change){ .ro = true, .range = everything }, 0);
    compare();
    check_change((struct change){ .range = everything }, 0);
    compare();
    CHECK(!rangeset_remove_singleton(mmio_ro_ranges, FOREIGN), "foreign page");
    check_nothing_left();
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
