/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine, compiled as it is, with a window into it.
 */

#include "subpage-mmio.c"

#include "test.h"

static int add_range(unsigned long first, unsigned long last, void *arg)
{
    struct state *state = arg;

    CHECK(state->nr_ranges < ARRAY_SIZE(state->range), "too many ranges");
    state->range[state->nr_ranges].first = first;
    state->range[state->nr_ranges++].last = last;

    return 0;
}

static struct page_state inspect(const struct subpage_mmio *page)
{
    struct page_state state = {
        .mfn = mfn_x(page->mfn),
        .entry = page,
        .va = page->va,
        .forwarded = page->forwarded,
        .refused = page->refused,
    };

    _Static_assert(sizeof(state.ro) == sizeof(page->ro), "8-byte granules");
    memcpy(state.ro, page->ro, sizeof(state.ro));

    return state;
}

static void check_page(const struct subpage_mmio *page)
{
    unsigned long mfn = mfn_x(page->mfn);

    CHECK(!bitmap_empty(page->ro, NR_GRANULES),
          "page %#lx has an entry, and no protected granule", mfn);
    CHECK(rangeset_contains_singleton(mmio_ro_ranges, mfn),
          "page %#lx has an entry, and is not in mmio_ro_ranges", mfn);
    CHECK(radix_tree_lookup(&pages, mfn) == page,
          "page %#lx is at the wrong place of the tree", mfn);
}

void get_state(struct state *state)
{
    void *found[ARRAY_SIZE(state->page) + 1];
    unsigned int i, nr;

    memset(state, 0, sizeof(*state));
    rangeset_report_ranges(mmio_ro_ranges, 0, ~0UL, add_range, state);

    if ( !subpage_mmio_in_use )
        return;

    rcu_read_lock(&pages_rcu);
    nr = radix_tree_gang_lookup(&pages, found, 0, ARRAY_SIZE(found));
    CHECK(nr < ARRAY_SIZE(found), "too many pages");
    for ( i = 0; i < nr; i++ )
    {
        check_page(found[i]);
        state->page[i] = inspect(found[i]);
    }
    state->nr_pages = nr;
    rcu_read_unlock(&pages_rcu);
}

struct subpage_mmio *get_page(unsigned long mfn)
{
    struct subpage_mmio *page = subpage_mmio_get(_mfn(mfn));

    CHECK(page, "page %#lx has no entry", mfn);

    return page;
}

struct page_state page_state(unsigned long mfn)
{
    struct subpage_mmio *page = get_page(mfn);
    struct page_state state = inspect(page);

    subpage_mmio_put(page);

    return state;
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
