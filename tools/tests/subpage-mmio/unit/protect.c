/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * add and remove: what they return, and what they change.  All or nothing.
 */

#include "test.h"

typedef int change_fn(paddr_t start, size_t size);

static const char *name_of(change_fn *change)
{
    return change == subpage_mmio_ro_add ? "add" : "remove";
}

/* The call fails, and nothing has changed. */
static void check_refused(change_fn *change, paddr_t start, size_t size,
                          int error)
{
    static struct state before, after;
    int rc;

    get_state(&before);
    rc = change(start, size);
    CHECK(rc == error, "%s %#lx bytes at %#lx: %d instead of %d",
          name_of(change), size, start, rc, error);
    get_state(&after);
    CHECK(!memcmp(&before, &after, sizeof(before)),
          "failing %s of %#lx bytes at %#lx has changed something",
          name_of(change), size, start);
}

/*
 * Let each allocation fail in turn, until the call succeeds.  Returns how many
 * there were to fail.
 */
static unsigned int check_out_of_memory(change_fn *change, paddr_t start,
                                        size_t size)
{
    static struct state before, after;
    unsigned int nr;

    get_state(&before);
    for ( nr = 0; ; nr++ )
    {
        int rc;

        emul_fail_alloc = nr + 1;
        emul_alloc_failed = false;
        rc = change(start, size);
        emul_fail_alloc = 0;
        if ( !emul_alloc_failed )
        {
            CHECK(!rc, "%s with memory: %d", name_of(change), rc);
            return nr;
        }

        CHECK(rc == -ENOMEM, "%s without allocation %u: %d", name_of(change),
              nr + 1, rc);
        get_state(&after);
        CHECK(!memcmp(&before, &after, sizeof(before)),
              "%s without allocation %u has changed something",
              name_of(change), nr + 1);
        if ( nr % 2 )
            emul_grace_period();
    }
}

static void check_ranges(const char *when, unsigned int nr,
                         const unsigned long (*ranges)[2])
{
    struct state state;
    unsigned int i;

    get_state(&state);
    CHECK(state.nr_ranges == nr, "%s: %u ranges instead of %u", when,
          state.nr_ranges, nr);
    for ( i = 0; i < nr; i++ )
        CHECK(state.range[i].first == ranges[i][0] &&
              state.range[i].last == ranges[i][1],
              "%s: range %u is %#lx-%#lx instead of %#lx-%#lx", when, i,
              state.range[i].first, state.range[i].last, ranges[i][0],
              ranges[i][1]);
}

#define CHECK_RANGES(when, ...) do {                                    \
    static const unsigned long ranges[][2] = { __VA_ARGS__ };           \
                                                                        \
    check_ranges(when, ARRAY_SIZE(ranges), ranges);                     \
} while ( 0 )

static void check_no_ranges(const char *when)
{
    check_ranges(when, 0, NULL);
}

/* Somebody else makes whole pages r/o. */
static void add_foreign(unsigned long first, unsigned long last)
{
    CHECK(!rangeset_add_range(mmio_ro_ranges, first, last), "add foreign");
}

/*
 * A broken engine takes what it cannot protect as asked: it rounds, protects
 * nothing, or makes RAM read-only.
 */
static void invalid(void)
{
    static const struct {
        paddr_t start;
        size_t size;
    } cases[] = {
        { 0xfebf0001, 8 }, { 0xfebf0004, 8 }, { 0xfebf0007, 8 },
        { 0xfebf0000, 1 }, { 0xfebf0000, 4 }, { 0xfebf0000, 7 },
        { 0xfebf0000, 9 }, { 0xfebf0004, 4 },
        { 0xfebf0000, 0 }, { 0, 0 },
        /* Wraps. */
        { 0xfffffffffffffff8UL, 0x10 }, { 0xfebf0000, -8UL },
        { 0xfebf0000, -0xfebf0000UL },
        { 0xfebf0000, -0xfebf0000UL + 8 },
        { 8, -8UL },
        /* More than paddr_bits, which are 40. */
        { 1UL << 40, 8 }, { (1UL << 40) - 8, 0x10 }, { 1UL << 63, 8 },
        { 0xfffffffffffffff8UL, 8 }, { (1UL << 40) + 0xfebf0000, 8 },
        /* RAM: whole pages, and the last and first granule of one. */
        { 0, 8 }, { 0x100000, 0x1000 }, { 0x9fff8, 8 },
        { RAM << PAGE_SHIFT, 8 }, { (RAM << PAGE_SHIFT) + 0xff8, 8 },
        { OWNED << PAGE_SHIFT, 8 }, { (OWNED << PAGE_SHIFT) + 0xff8, 8 },
    };
    /* In a range of three pages, RAM is the first, middle or last one. */
    static const unsigned long ram[] = { RAM, OWNED };
    unsigned int i, j;

    for ( i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        check_refused(subpage_mmio_ro_add, cases[i].start, cases[i].size,
                      -EINVAL);
        check_refused(subpage_mmio_ro_remove, cases[i].start, cases[i].size,
                      -EINVAL);
    }

    for ( i = 0; i < ARRAY_SIZE(ram); i++ )
        for ( j = 0; j < 3; j++ )
        {
            check_refused(subpage_mmio_ro_add, addr(ram[i] - j, 0xff8),
                          0x1010, -EINVAL);
            check_refused(subpage_mmio_ro_add, addr(ram[i] - j, 0), 0x3000,
                          -EINVAL);
            check_refused(subpage_mmio_ro_remove, addr(ram[i] - j, 0), 0x3000,
                          -EINVAL);
        }

    /* One granule of RAM at either end is too much as well. */
    check_refused(subpage_mmio_ro_add, addr(RAM - 1, 0), 0x1008, -EINVAL);
    check_refused(subpage_mmio_ro_add, addr(RAM, 0xff8), 0x10, -EINVAL);
}

/* A broken engine refuses MMIO which it could protect. */
static void valid(void)
{
    static const struct {
        paddr_t start;
        size_t size;
    } cases[] = {
        { 0xfebf0000, 8 }, { 0xfebf0ff8, 8 }, { 0xfebf0000, 0x1000 },
        { 0xfebf0ff8, 0x10 }, { 0xfebf0008, 0x2ff0 },
        { RAM * PAGE_SIZE - 8, 8 }, { (RAM + 1) * PAGE_SIZE, 8 },
        { OWNED_BY_IO * PAGE_SIZE, 0x1000 }, { LOW * PAGE_SIZE, 8 },
        { (1UL << 40) - 8, 8 },
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        int rc = subpage_mmio_ro_add(cases[i].start, cases[i].size);

        CHECK(!rc, "add %#lx at %#lx: %d", cases[i].size, cases[i].start, rc);
        rc = subpage_mmio_ro_remove(cases[i].start, cases[i].size);
        CHECK(!rc, "remove %#lx at %#lx: %d", cases[i].size, cases[i].start,
              rc);
        check_nothing_left();
    }
}

/* A broken engine protects a neighbour, too, or misses an end of a range. */
static void granules(void)
{
    static const struct {
        unsigned int offset, size;
    } cases[] = {
        { 0, 8 }, { 8, 8 }, { 0x1f8, 8 }, { 0x200, 8 }, { 0xff8, 8 },
        { 0x100, 0x40 }, { 0x1f8, 0x10 }, { 8, 0xff0 }, { 0, 0x1000 },
    };
    unsigned int i, offset;

    for ( i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        struct page_state page;

        add(MMIO, cases[i].offset, cases[i].size);
        page = page_state(MMIO);
        for ( offset = 0; offset < PAGE_SIZE; offset += GRANULE )
            CHECK(is_ro(&page, offset) ==
                  (offset >= cases[i].offset &&
                   offset < cases[i].offset + cases[i].size),
                  "%#x bytes at %#x are added, granule %#x", cases[i].size,
                  cases[i].offset, offset);
        remove_ro(MMIO, cases[i].offset, cases[i].size);
        check_nothing_left();
    }
}

/*
 * A broken engine counts nothing: it merges two users' granules, and the
 * first one's remove opens the second one's.
 */
static void overlap(void)
{
    static const struct {
        unsigned int offset;
        size_t size;
    } cases[] = {
        { 0x100, 0x40 }, { 0x100, 8 }, { 0x138, 8 }, { 0x118, 8 },
        { 0xf8, 0x10 }, { 0x138, 0x10 }, { 0xf8, 0x50 }, { 0, 0x1000 },
        { 0x138, 0x2000 },
    };
    unsigned int i;

    add(MMIO, 0x100, 0x40);
    for ( i = 0; i < ARRAY_SIZE(cases); i++ )
        check_refused(subpage_mmio_ro_add, addr(MMIO, cases[i].offset),
                      cases[i].size, -EEXIST);

    /* From the pages before: by one granule, as first, middle, last page. */
    check_refused(subpage_mmio_ro_add, addr(MMIO - 1, 0xff8), 0x110, -EEXIST);
    check_refused(subpage_mmio_ro_add, addr(MMIO - 1, 0), 0x3000, -EEXIST);
    check_refused(subpage_mmio_ro_add, addr(MMIO - 2, 0), 0x3000, -EEXIST);

    /* What touches it only, is no overlap. */
    add(MMIO, 0xf8, 8);
    add(MMIO, 0x140, 8);
    add(MMIO - 1, 0xff8, 0x10);
    add(MMIO, 0xff8, 0x10);
}

/*
 * A broken engine makes a page, that is r/o as a whole for somebody else,
 * partly writable.
 */
static void foreign_page(void)
{
    unsigned int i;

    add_foreign(MMIO + 5, MMIO + 5);

    check_refused(subpage_mmio_ro_add, addr(MMIO + 5, 0), 8, -EEXIST);
    check_refused(subpage_mmio_ro_add, addr(MMIO + 5, 0), 0x1000, -EEXIST);
    /* It is the first, middle, last page of a range. */
    for ( i = 0; i < 3; i++ )
    {
        check_refused(subpage_mmio_ro_add, addr(MMIO + 5 - i, 0), 0x3000,
                      -EEXIST);
        check_refused(subpage_mmio_ro_add, addr(MMIO + 5 - i, 0xff8), 0x1010,
                      -EEXIST);
    }
    check_refused(subpage_mmio_ro_remove, addr(MMIO + 5, 0), 8, -ENOENT);

    /* Nor if pages of ours are around it. */
    add(MMIO + 4, 0, 8);
    add(MMIO + 6, 0, 8);
    check_refused(subpage_mmio_ro_add, addr(MMIO + 4, 8), 0x2000, -EEXIST);
    remove_ro(MMIO + 4, 0, 8);
    remove_ro(MMIO + 6, 0, 8);
    CHECK_RANGES("in the end", { MMIO + 5, MMIO + 5 });

    /* Once it has left, it is ours to have. */
    CHECK(!rangeset_remove_singleton(mmio_ro_ranges, MMIO + 5), "remove");
    add(MMIO + 5, 0, 8);
    remove_ro(MMIO + 5, 0, 8);
    check_nothing_left();
}

/* A broken engine searches what was never set up. */
static void absent_before_any(void)
{
    CHECK(!subpage_mmio_in_use, "in use without an add");
    CHECK(!subpage_mmio_get(_mfn(MMIO)), "a page without an add");
    check_refused(subpage_mmio_ro_remove, addr(MMIO, 0), 8, -ENOENT);
    check_refused(subpage_mmio_ro_remove, addr(MMIO, 0), 0x3000, -ENOENT);
    CHECK(!subpage_mmio_in_use, "in use after a failed remove");
    add(MMIO, 0, 8);
    CHECK(subpage_mmio_in_use, "not in use after an add");
}

/* A broken engine removes what it finds, or somebody else's page. */
static void absent(void)
{
    static const struct {
        unsigned long mfn;
        unsigned int offset;
        size_t size;
    } cases[] = {
        { MMIO, 0, 8 }, { MMIO, 0xf8, 8 }, { MMIO, 0x140, 8 },
        { MMIO, 0xf8, 0x10 }, { MMIO, 0xf8, 0x48 }, { MMIO, 0x100, 0x48 },
        { MMIO, 0x138, 0x10 }, { MMIO, 0, 0x1000 },
        { MMIO + 1, 0x100, 0x40 }, { MMIO - 1, 0x100, 0x40 },
        { MMIO - 1, 0xff8, 0x148 }, { MMIO, 0x100, 0x2000 },
        /* Its first, middle or last page, or its end, is missing. */
        { MMIO + 3, 0xff0, 0x1020 }, { MMIO + 3, 0xff8, 0x1020 },
        { MMIO + 2, 0xff8, 0x2020 }, { MMIO + 4, 0, 0x2000 },
    };
    unsigned int i;

    add(MMIO, 0x100, 0x40);
    add(MMIO + 3, 0xff8, 0x1018);
    add_foreign(MMIO + 1, MMIO + 1);

    for ( i = 0; i < ARRAY_SIZE(cases); i++ )
        check_refused(subpage_mmio_ro_remove,
                      addr(cases[i].mfn, cases[i].offset), cases[i].size,
                      -ENOENT);

    remove_ro(MMIO, 0x100, 0x40);
    check_refused(subpage_mmio_ro_remove, addr(MMIO, 0x100), 0x40, -ENOENT);
}

/*
 * A broken engine leaves a page r/o after its last granule, or opens it with
 * its first.
 */
static void page_in_and_out(void)
{
    add(MMIO, 0x100, 0x40);
    CHECK_RANGES("one granule more", { MMIO, MMIO });
    add(MMIO, 0x800, 8);
    CHECK_RANGES("added twice", { MMIO, MMIO });
    remove_ro(MMIO, 0x100, 0x38);
    CHECK_RANGES("granules left", { MMIO, MMIO });
    remove_ro(MMIO, 0x138, 8);
    CHECK_RANGES("one granule left", { MMIO, MMIO });
    remove_ro(MMIO, 0x800, 8);
    check_no_ranges("no granule left");
    CHECK(!subpage_mmio_get(_mfn(MMIO)), "a page without a granule");
    CHECK(subpage_mmio_in_use, "once in use, for ever in use");
    check_nothing_left();
}

/* A broken engine takes the first and the last page's offsets for others'. */
static void multiple_pages(void)
{
    struct page_state page;
    unsigned int i, offset;

    add(MMIO, 0xff0, 0x3020);
    CHECK_RANGES("added", { MMIO, MMIO + 4 });
    for ( i = 0; i < 5; i++ )
    {
        page = page_state(MMIO + i);
        for ( offset = 0; offset < PAGE_SIZE; offset += GRANULE )
            CHECK(is_ro(&page, offset) ==
                  (addr(MMIO + i, offset) >= addr(MMIO, 0xff0) &&
                   addr(MMIO + i, offset) < addr(MMIO + 4, 0x10)),
                  "granule %#x of page %u", offset, i);
    }

    /* The middle page alone; then parts of what is around. */
    remove_ro(MMIO + 2, 0, 0x1000);
    CHECK_RANGES("middle removed", { MMIO, MMIO + 1 }, { MMIO + 3, MMIO + 4 });
    CHECK(!subpage_mmio_get(_mfn(MMIO + 2)), "middle page has an entry");
    remove_ro(MMIO, 0xff8, 0x1000);
    CHECK_RANGES("both stay", { MMIO, MMIO + 1 }, { MMIO + 3, MMIO + 4 });
    remove_ro(MMIO + 1, 0xff8, 8);
    CHECK_RANGES("first page stays", { MMIO, MMIO }, { MMIO + 3, MMIO + 4 });
    remove_ro(MMIO + 3, 0, 0x1008);
    CHECK_RANGES("last page stays", { MMIO, MMIO }, { MMIO + 4, MMIO + 4 });
    add(MMIO, 0xff8, 0x3010);
    CHECK_RANGES("added again", { MMIO, MMIO + 4 });
    remove_ro(MMIO, 0xff0, 0x3020);
    check_nothing_left();
}

/* A broken engine removes by range what it did not add by range. */
static void neighbours(void)
{
    add_foreign(MMIO - 2, MMIO - 1);
    add_foreign(MMIO + 3, MMIO + 3);

    add(MMIO, 0, 0x3000);
    CHECK_RANGES("added", { MMIO - 2, MMIO + 3 });
    remove_ro(MMIO + 1, 0, 0x1000);
    CHECK_RANGES("middle removed", { MMIO - 2, MMIO }, { MMIO + 2, MMIO + 3 });
    remove_ro(MMIO, 0, 0x1000);
    remove_ro(MMIO + 2, 0, 0x1000);
    CHECK_RANGES("removed", { MMIO - 2, MMIO - 1 }, { MMIO + 3, MMIO + 3 });

    /* Ours next to ours. */
    add(MMIO + 6, 0, 8);
    add(MMIO + 7, 0, 8);
    add(MMIO + 8, 0, 8);
    remove_ro(MMIO + 7, 0, 8);
    CHECK_RANGES("one of three removed", { MMIO - 2, MMIO - 1 },
                 { MMIO + 3, MMIO + 3 }, { MMIO + 6, MMIO + 6 },
                 { MMIO + 8, MMIO + 8 });
}

/*
 * A broken engine keeps entries, or pages, of an add which failed halfway: at
 * a page's entry, at the tree's node, or at mmio_ro_ranges.
 */
static void out_of_memory_add(void)
{
    unsigned int nr;

    nr = check_out_of_memory(subpage_mmio_ro_add, addr(MMIO, 0x100), 8);
    CHECK(nr >= 3, "a first page has but %u allocations", nr);

    /* More of a page which is there takes none. */
    nr = check_out_of_memory(subpage_mmio_ro_add, addr(MMIO, 0), 0x10);
    CHECK(!nr, "a second range of a page has %u allocations", nr);

    /* First page there, three new ones, in the same node. */
    nr = check_out_of_memory(subpage_mmio_ro_add, addr(MMIO, 0xff8), 0x2010);
    CHECK(nr >= 3, "three pages have but %u allocations", nr);
    CHECK_RANGES("four pages", { MMIO, MMIO + 3 });

    /* Across the end of a node: 64 pages each. */
    check_out_of_memory(subpage_mmio_ro_add, addr(0xfec3f, 0xff8), 0x10);
    check_out_of_memory(subpage_mmio_ro_add, addr(LOW, 0), 8);
    check_out_of_memory(subpage_mmio_ro_add, (1UL << 40) - 8, 8);

    /* Last page there. */
    add(MMIO + 9, 0x800, 8);
    check_out_of_memory(subpage_mmio_ro_add, addr(MMIO + 7, 0x800), 0x2000);
}

/* A broken engine has removed granules by the time that the range fails. */
static void out_of_memory_remove(void)
{
    unsigned int nr;

    add(MMIO, 0, 0x5000);
    add_foreign(MMIO - 1, MMIO - 1);
    add_foreign(MMIO + 5, MMIO + 5);

    nr = check_out_of_memory(subpage_mmio_ro_remove, addr(MMIO + 2, 0),
                             0x1000);
    CHECK(nr == 1, "splitting a range has %u allocations", nr);
    nr = check_out_of_memory(subpage_mmio_ro_remove, addr(MMIO + 3, 8),
                             0x1000 - 8);
    CHECK(!nr, "granules of a page that stays have %u allocations", nr);
    add(MMIO + 2, 0, 0x1000);
    add(MMIO + 3, 8, 0x1000 - 8);
    nr = check_out_of_memory(subpage_mmio_ro_remove, addr(MMIO, 0), 0x5000);
    CHECK(nr == 1, "splitting off others' pages has %u allocations", nr);
    CHECK_RANGES("all removed", { MMIO - 1, MMIO - 1 },
                 { MMIO + 5, MMIO + 5 });
}

/* A broken engine holds its lock on some way out. */
static void lock_released(void)
{
    struct subpage_mmio_access access;

    add(MMIO, 0, 8);
    check_refused(subpage_mmio_ro_add, addr(MMIO, 0), 8, -EEXIST);
    check_refused(subpage_mmio_ro_remove, addr(MMIO, 8), 8, -ENOENT);
    check_refused(subpage_mmio_ro_remove, addr(MMIO, 4), 8, -EINVAL);

    subpage_mmio_begin(&access);
    CHECK(emul_access_lock[0] == READ, "an access is not kept from changes");
    subpage_mmio_end(&access);
}

/* A broken engine mixes up pages far apart in the tree. */
static void many_pages(void)
{
    static const unsigned long mfns[] = {
        LOW, LOW + 0x1f, MMIO, MMIO + 64, MMIO + 4096, 1UL << 20,
        (1UL << 26) + 5, (1UL << 28) - 1,
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(mfns); i++ )
        add(mfns[i], i * 8, 8);
    for ( i = 0; i < ARRAY_SIZE(mfns); i++ )
    {
        struct page_state page = page_state(mfns[i]);
        struct subpage_mmio *entry = get_page(mfns[i]);

        CHECK(page.entry == entry && is_ro(&page, i * 8), "page %#lx",
              mfns[i]);
        subpage_mmio_put(entry);
        CHECK(!subpage_mmio_get(_mfn(mfns[i] ^ 0x10)), "page %#lx",
              mfns[i] ^ 0x10);
    }
    for ( i = 0; i < ARRAY_SIZE(mfns); i++ )
        remove_ro(mfns[i], i * 8, 8);
    check_nothing_left();
}

/*
 * A broken engine leaves domains write to what they had mapped before, or
 * find that out when it is too late to go back.
 */
static void p2m(void)
{
    unsigned int i;

    add(MMIO + 1, 0xff8, 0x1010);
    for ( i = 0; i < 5; i++ )
        CHECK(emul_p2m_writable(MMIO + i) == (i == 0 || i == 4),
              "page %u after add", i);

    remove_ro(MMIO + 1, 0xff8, 8);
    CHECK(emul_p2m_writable(MMIO + 1), "first page after remove");
    CHECK(!emul_p2m_writable(MMIO + 2), "second page after remove");
    remove_ro(MMIO + 2, 0, 0x1000);
    CHECK(!emul_p2m_writable(MMIO + 3), "last page after remove of others");

    emul_fail_p2m = true;
    check_refused(subpage_mmio_ro_add, addr(MMIO + 5, 0), 8, -ENOMEM);

    /* Entries of pages which stay read-only are left alone. */
    add(MMIO + 3, 8, 8);
    remove_ro(MMIO + 3, 0, 8);

    /* Taking protection away works all the same, and says what is wrong. */
    emul_console[0] = '\0';
    remove_ro(MMIO + 3, 8, 8);
    CHECK(strstr(emul_console, "stay read-only"), "says '%s'", emul_console);
    emul_fail_p2m = false;

    check_nothing_left();
}

static void add_early(void)
{
    add(MMIO, 0x100, 0x40);
    add(LOW, 0, 8);
}

/*
 * Consoles protect their registers before initcalls run.  A broken engine
 * needs what these set up.
 */
static void early(void)
{
    struct page_state page = page_state(MMIO);

    CHECK(is_ro(&page, 0x100) && is_ro(&page, 0x138), "not protected");
    add(MMIO + 1, 0, 8);
    remove_ro(MMIO + 1, 0, 8);
    remove_ro(LOW, 0, 8);
    remove_ro(MMIO, 0x100, 0x40);
    check_nothing_left();
}

const struct test protect_tests[] = {
    { "invalid ranges", invalid },
    { "valid ranges", valid },
    { "granules of a range", granules },
    { "overlap", overlap },
    { "page r/o for somebody else", foreign_page },
    { "absent, before any add", absent_before_any },
    { "absent", absent },
    { "page enters and leaves mmio_ro_ranges", page_in_and_out },
    { "ranges of several pages", multiple_pages },
    { "neighbours in mmio_ro_ranges", neighbours },
    { "out of memory: add", out_of_memory_add },
    { "out of memory: remove", out_of_memory_remove },
    { "lock released by add and remove", lock_released },
    { "pages all over the address space", many_pages },
    { "p2m entries follow", p2m },
    { "before initcalls", early, .early = add_early },
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
