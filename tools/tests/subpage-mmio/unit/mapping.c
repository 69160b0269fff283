/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a page's entry and mapping live.
 */

#include "test.h"

static struct model model;

/* A page with one protected granule, at its start. */
static void make_page(unsigned long mfn)
{
    init_model(&model, mfn);
    memset(model.ro, true, GRANULE);
    add(mfn, 0, GRANULE);
}

static void check_mapped(unsigned int mapped, unsigned int ioremaps,
                         const char *when)
{
    CHECK(emul_mapped == mapped && emul_ioremaps == ioremaps,
          "%s: %u pages are mapped instead of %u, by %u calls instead of %u",
          when, emul_mapped, mapped, emul_ioremaps, ioremaps);
}

/*
 * A broken engine maps what nobody writes to, again for each write, or never
 * unmaps.
 */
static void lazy(void)
{
    make_page(MMIO);
    check_mapped(0, 0, "after add");
    check_write(&model, 4, 4, 0);
    check_mapped(0, 0, "after a refused write");
    check_write(&model, 8, 4, 0);
    check_mapped(1, 1, "after a write");
    check_write(&model, 16, 4, 1);
    check_read(&model, 16, 4);
    check_rmw(&model, 16, 4, 2, 0);
    check_mapped(1, 1, "after more accesses");

    make_page(MMIO + 1);
    check_read(&model, 8, 4);
    check_mapped(2, 2, "after a read of another page");

    add(MMIO, 8, 8);
    remove_ro(MMIO, 0, 8);
    emul_grace_period();
    check_mapped(2, 2, "after a change of what is protected");

    remove_ro(MMIO, 8, 8);
    check_mapped(2, 2, "after remove");
    emul_grace_period();
    check_mapped(1, 2, "after remove, and a grace period");
    remove_ro(MMIO + 1, 0, 8);
    check_nothing_left();

    /* And again. */
    make_page(MMIO);
    check_write(&model, 8, 4, 0);
    check_mapped(1, 3, "after a new add, and write");
    remove_ro(MMIO, 0, 8);
    check_nothing_left();
}

/* A broken engine unmaps what it has not mapped. */
static void never_mapped(void)
{
    make_page(MMIO);
    remove_ro(MMIO, 0, 8);
    check_nothing_left();
    CHECK(!emul_ioremaps, "mapped without an access");
}

static int not_called(void *ptr, void *arg)
{
    CHECK(false, "the operation is called without a mapping");

    return 0;
}

/* Try each kind of access, while mapping fails. */
static void access_unmapped(bool message)
{
    struct subpage_mmio_access access = { .page = get_page(MMIO) };
    uint32_t val = 0x12345678;
    int rc = 99;

    emul_fail_ioremap = 3;

    subpage_mmio_begin(&access);
    subpage_mmio_write(access.page, 8, &val, sizeof(val));
    CHECK(!emul_console[0] != message, "message \"%s\"", emul_console);
    CHECK(!message || (strstr(emul_console, XENLOG_ERR) &&
                       strstr(emul_console, "febf0000")),
          "message \"%s\"", emul_console);
    model.refused++;
    check_counts(&model);
    CHECK(!subpage_mmio_read(access.page, 8, &val, sizeof(val)) &&
          val == 0x12345678, "read without a mapping: %#x", val);
    CHECK(!subpage_mmio_rmw(&access, 8, 4, not_called, NULL, &rc) && rc == 99,
          "r-m-w without a mapping: %d", rc);
    subpage_mmio_end(&access);
    subpage_mmio_put(access.page);

    CHECK(!emul_fail_ioremap, "not each access has tried to map");
    CHECK(!emul_logged, "the device sees accesses");
    check_counts(&model);
    emul_console[0] = '\0';
}

/*
 * A broken engine crashes, is silent, tells success, or never tries again.
 */
static void cannot_map(void)
{
    make_page(MMIO);
    access_unmapped(true);
    emul_ratelimit = false;
    access_unmapped(false);
    emul_ratelimit = true;

    check_write(&model, 8, 4, 1);
    check_mapped(1, 7, "in the end");
    remove_ro(MMIO, 0, 8);
    check_nothing_left();
}

static void write_meanwhile(void)
{
    check_write(&model, 0x10, 4, 1);
}

/*
 * While one CPU maps the page, another one is faster.  A broken engine leaks
 * one of the mappings, or unmaps the one in use.
 */
static void race(unsigned long mfn, unsigned int mapped)
{
    const void *va;

    make_page(mfn);
    emul_in_ioremap = write_meanwhile;
    check_write(&model, 0x20, 4, 2);
    check_mapped(mapped, 2, "after the race");
    va = page_state(mfn).va;
    check_write(&model, 0x30, 4, 3);
    CHECK(page_state(mfn).va == va, "the mapping moves");
    remove_ro(mfn, 0, 8);
    check_nothing_left();
}

static void race_to_map(void)
{
    race(MMIO, 1);
}

/* A broken engine unmaps Xen's direct mapping: ioremap() returns it there. */
static void low_page(void)
{
    race(LOW, 0);
}

/*
 * A CPU uses a page that another one removes.  A broken engine frees it at
 * once; the sanitizer tells.
 */
static void removed_in_use(void)
{
    struct subpage_mmio_access access;
    uint32_t val = 0x12345678;
    unsigned int mapped;

    for ( mapped = 0; mapped < 2; mapped++ )
    {
        make_page(MMIO);
        if ( mapped )
            check_write(&model, 0x80, 4, 4);

        access.page = get_page(MMIO);
        emul_cpu = 1;
        remove_ro(MMIO, 0, 8);
        CHECK(!subpage_mmio_get(_mfn(MMIO)), "it is found after remove");
        emul_cpu = 0;

        subpage_mmio_begin(&access);
        subpage_mmio_write(access.page, 0, &val, sizeof(val));
        subpage_mmio_end(&access);
        CHECK(emul_mapped == 1, "no mapping is made for a late write");
        CHECK(emul_logged == 1 &&
              emul_log[0].offset == 0 && emul_log[0].val == val,
              "the device does not see a late write to what is free now");
        emul_logged = 0;
        subpage_mmio_put(access.page);

        check_nothing_left();
    }
}

/* A broken engine finds the old entry, or its counts and protection. */
static void added_again(void)
{
    struct subpage_mmio *old;
    struct page_state page;

    make_page(MMIO);
    check_write(&model, 8, 4, 1);
    check_write(&model, 4, 4, 1);

    old = get_page(MMIO);
    remove_ro(MMIO, 0, 8);
    add(MMIO, 0x100, 8);
    page = page_state(MMIO);
    CHECK(page.entry != old && !page.va && !page.forwarded && !page.refused &&
          !is_ro(&page, 0) && is_ro(&page, 0x100), "the new entry is not new");
    subpage_mmio_put(old);

    emul_grace_period();
    check_mapped(0, 1, "after the old entry has gone");
    remove_ro(MMIO, 0x100, 8);
    check_nothing_left();
}

/*
 * Between get and begin, or while an access waits for being alone, the page's
 * protection is removed, and something else on it is protected.  A broken
 * engine lets the access go by the old entry, and reach what is protected.
 */
static void replace_protection(void)
{
    remove_ro(MMIO, 0, 8);
    add(MMIO, 0x100, 8);
}

static int set_bytes(void *ptr, void *arg)
{
    memset(ptr, 0xff, 4);

    return 0;
}

static void replaced_in_use(void)
{
    struct subpage_mmio_access access;
    uint32_t val = 0x12345678;
    unsigned int i;
    int rc = 0;

    for ( i = 0; i < 4; i++ )
    {
        make_page(MMIO);
        access.page = get_page(MMIO);
        if ( i < 3 )
        {
            emul_cpu = 1;
            replace_protection();
            emul_cpu = 0;
        }

        subpage_mmio_begin(&access);
        switch ( i )
        {
        case 0:
            subpage_mmio_write(access.page, 0x104, &val, sizeof(val));
            break;

        case 1:
            subpage_mmio_rmw(&access, 0x104, 4, set_bytes, NULL, &rc);
            break;

        case 3:
            emul_after_unlock = replace_protection;
            /* Fall through. */
        case 2:
            subpage_mmio_rmw(&access, 0x105, 4, set_bytes, NULL, &rc);
            break;
        }
        subpage_mmio_end(&access);
        subpage_mmio_put(access.page);

        CHECK(!memcmp(emul_device(MMIO), model.mem, PAGE_SIZE),
              "case %u: a protected granule is written to by means of an "
              "entry that was replaced", i);

        emul_logged = 0;
        remove_ro(MMIO, 0x100, 8);
        check_nothing_left();
    }
}

const struct test mapping_tests[] = {
    { "mapped when needed, unmapped when gone", lazy },
    { "never mapped", never_mapped },
    { "mapping fails", cannot_map },
    { "two CPUs map a page", race_to_map },
    { "page below 1 MiB", low_page },
    { "removed while in use", removed_in_use },
    { "added again", added_again },
    { "replaced while in use", replaced_in_use },
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
