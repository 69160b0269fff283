/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the USB3 debug console protects its registers, and what it does when it
 * cannot: that function of its driver, as it is in Xen.
 */

#include "test.h"

#define PCI_BASE_ADDRESS_MEM_MASK (~0xfUL)
#define ROUNDUP(x, a) (((x) + (a) - 1) & ~((paddr_t)(a) - 1))
#define dbc_error(...) printk("dbc error: " __VA_ARGS__)

enum xhci_share {
    XHCI_SHARE_HWDOM,
    XHCI_SHARE_NONE,
    XHCI_SHARE_ANY,
};

/* What it uses of the driver's data. */
struct dbc {
    uint64_t bar_val, xhc_dbc_offset;
    enum xhci_share share;
    const char (*dbc_reg)[64];  /* It wants their size. */
};

static paddr_t dbc_bar(const struct dbc *dbc)
{
    return dbc->bar_val & PCI_BASE_ADDRESS_MEM_MASK;
}

#include "dbc-protect.inc"

/* Where the debug capability is, from the first MMIO page on. */
static const struct place {
    unsigned int offset, first, end;    /* of what has to be protected */
} places[] = {
    { 0x1700, 0x1700, 0x1740 },
    { 0x170c, 0x1708, 0x1750 },         /* aligned to no granule */
    { 0x1fdc, 0x1fd8, 0x2020 },         /* on two pages */
    { 0x1fc0, 0x1fc0, 0x2000 },         /* up to a page's end */
};

static struct dbc dbc_at(const struct place *place)
{
    return (struct dbc){
        /* A 64-bit BAR. */
        .bar_val = pfn_to_paddr(MMIO) | 4,
        .xhc_dbc_offset = place->offset,
        .share = XHCI_SHARE_ANY,
    };
}

static void test_registers_only(void)
{
    unsigned int i, at;

    for ( i = 0; i < ARRAY_SIZE(places); i++ )
    {
        const struct place *place = &places[i];
        struct dbc dbc = dbc_at(place);

        dbc_protect(&dbc);
        CHECK(dbc.share == XHCI_SHARE_ANY, "%#x: no longer shared",
              place->offset);
        for ( at = place->first - PAGE_OFFSET(place->first);
              PFN_DOWN(at) <= PFN_DOWN(place->end - 1); at += GRANULE )
        {
            struct page_state page = page_state(MMIO + PFN_DOWN(at));
            bool due = at >= place->first && at < place->end;

            CHECK(is_ro(&page, PAGE_OFFSET(at)) == due,
                  "%#x: granule %#x is %sprotected", place->offset, at,
                  due ? "not " : "");
        }
        CHECK(!subpage_mmio_ro_remove(addr(MMIO, place->first),
                                      place->end - place->first),
              "%#x: more than once", place->offset);
        check_nothing_left();
    }
    check_lines(0, "when all went well");
}

/* Without memory: whole pages, which nobody may share, and a message. */
static void test_fallback(void)
{
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(places); i++ )
    {
        const struct place *place = &places[i];
        unsigned long first = MMIO + PFN_DOWN(place->first);
        unsigned long last = MMIO + PFN_DOWN(place->end - 1);
        struct dbc dbc = dbc_at(place);
        struct state state;

        emul_fail_alloc = 1;
        dbc_protect(&dbc);
        CHECK(dbc.share == XHCI_SHARE_NONE, "%#x: still shared",
              place->offset);
        get_state(&state);
        CHECK(!state.nr_pages && state.nr_ranges == 1 &&
              state.range[0].first == first && state.range[0].last == last,
              "%#x: not just its whole pages are read-only", place->offset);
        CHECK(strstr(emul_console, "protecting whole pages, with share=no"),
              "%#x: said \"%s\"", place->offset, emul_console);
        check_lines(1, "of the fallback");
        CHECK(!rangeset_remove_range(mmio_ro_ranges, first, last),
              "%#x: cannot be undone", place->offset);
    }
}

const struct test console_tests[] = {
    { "console: just the registers", test_registers_only },
    { "console: whole pages without memory", test_fallback },
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
