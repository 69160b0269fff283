/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes, reads, read-modify-writes: what the device sees of them.
 */

#include "test.h"

static struct model model;

static void protect(unsigned int offset, unsigned int size)
{
    add(model.mfn, offset, size);
    memset(model.ro + offset, true, size);
}

/* Patterns of protection.  A granule at least is protected in each. */

static void one(void)
{
    protect(0x100, GRANULE);
}

static void both_ends(void)
{
    protect(0, GRANULE);
    protect(PAGE_SIZE - GRANULE, GRANULE);
}

static void every_other(void)
{
    unsigned int i;

    for ( i = GRANULE; i < PAGE_SIZE; i += 2 * GRANULE )
        protect(i, GRANULE);
}

static void all_but_one(void)
{
    protect(0, 0x700);
    protect(0x700 + GRANULE, PAGE_SIZE - 0x700 - GRANULE);
}

/* Blocks of 1 to 22 granules, with gaps of 2 to 23. */
static void blocks(void)
{
    unsigned int i;

    for ( i = 1; i < 23; i++ )
        protect(i * i * GRANULE, i * GRANULE);
}

static void all(void)
{
    protect(0, PAGE_SIZE);
}

static void for_each_pattern(void (*test)(unsigned int pattern))
{
    static void (*const patterns[])(void) = {
        one, both_ends, every_other, all_but_one, blocks, all,
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(patterns); i++ )
    {
        init_model(&model, MMIO + i);
        patterns[i]();
        test(i);
    }
}

static const unsigned int widths[] = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 31, 32, 63, 64,
    512, 4096,
};

static void write_everywhere(unsigned int pattern)
{
    unsigned int i, offset;

    for ( i = 0; i < ARRAY_SIZE(widths); i++ )
        for ( offset = 0; offset + widths[i] <= PAGE_SIZE; offset++ )
            check_write(&model, offset, widths[i], offset + i);
}

/*
 * A broken engine writes at another offset or width, in another order, twice,
 * more or fewer bytes, a part of what is refused, or refuses too much.
 */
static void writes(void)
{
    for_each_pattern(write_everywhere);
}

static void read_everywhere(unsigned int pattern)
{
    unsigned int i, offset;

    for ( i = 0; i < ARRAY_SIZE(widths); i++ )
        for ( offset = 0; offset + widths[i] <= PAGE_SIZE; offset++ )
            check_read(&model, offset, widths[i]);
}

/* A broken engine does not let protected registers be read, or as above. */
static void reads(void)
{
    for_each_pattern(read_everywhere);
}

static void rmw_everywhere(unsigned int pattern)
{
    unsigned int bytes, offset;

    for ( bytes = 1; bytes <= 8; bytes++ )
        for ( offset = 0; offset + bytes <= PAGE_SIZE; offset++ )
            check_rmw(&model, offset, bytes, offset + bytes, 0);
}

/*
 * A broken engine tears a locked instruction apart, lets others in between,
 * or lets a protected register be modified.
 */
static void rmws(void)
{
    for_each_pattern(rmw_everywhere);
}

static void rmw_fails_everywhere(unsigned int pattern)
{
    unsigned int bytes, offset;

    for ( bytes = 1; bytes <= 8; bytes++ )
        for ( offset = 0; offset + bytes <= PAGE_SIZE; offset++ )
            check_rmw(&model, offset, bytes, offset + bytes, -(int)bytes);
}

/* A broken engine writes what the operation did not want to be written. */
static void rmws_fail(void)
{
    for_each_pattern(rmw_fails_everywhere);
}

/* A broken engine obeys protection here, or see above. */
static void copies(void)
{
    uint8_t *va;
    unsigned int i, offset;

    init_model(&model, MMIO);
    protect(0x100, GRANULE);
    va = ioremap(addr(MMIO, 0), PAGE_SIZE);
    for ( i = 0; i < ARRAY_SIZE(widths); i++ )
        for ( offset = 0; offset + widths[i] <= PAGE_SIZE; offset++ )
            check_copy(&model, va, offset, widths[i], offset + i);
    iounmap(va);
}

/* A broken engine floods the log, or does not count what it drops of it. */
static void rate_limit(void)
{
    unsigned int i;

    init_model(&model, MMIO);
    protect(0x100, GRANULE);
    emul_ratelimit = false;
    for ( i = 0; i < 10; i++ )
    {
        struct subpage_mmio_access access = { .page = get_page(MMIO) };

        subpage_mmio_begin(&access);
        subpage_mmio_write(access.page, 0x104, &i, sizeof(i));
        subpage_mmio_end(&access);
        subpage_mmio_put(access.page);
    }
    check_lines(0, "above the rate limit");
    model.refused = 10;
    check_counts(&model);
    CHECK(!emul_logged, "the device sees refused writes");
}

/* A broken engine mixes up pages, or counts for all in one place. */
static void two_pages(void)
{
    static struct model models[2];
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(models); i++ )
    {
        init_model(&models[i], MMIO + 3 * i);
        add(MMIO + 3 * i, 0x100 + 8 * i, GRANULE);
        memset(models[i].ro + 0x100 + 8 * i, true, GRANULE);
    }
    for ( i = 0; i < 40; i++ )
    {
        check_write(&models[i % 2], 0x0f0 + i, 4, i);
        check_read(&models[i % 3 % 2], 0x0f0 + i, 4);
        check_rmw(&models[i % 5 % 2], 0x0f0 + i, 4, i, 0);
    }
}

/* A broken engine locks twice, or unlocks what it does not hold. */
static void exclude(void)
{
    struct subpage_mmio_access access = {};

    subpage_mmio_begin(&access);
    CHECK(!access.exclusive && emul_access_lock[0] == READ, "begin");
    subpage_mmio_end(&access);
    CHECK(emul_access_lock[0] == FREE, "end");

    /* What @access was used for before does not matter. */
    access.exclusive = true;
    subpage_mmio_begin(&access);
    CHECK(!access.exclusive && emul_access_lock[0] == READ, "begin again");
    subpage_mmio_exclude(&access);
    CHECK(access.exclusive && emul_access_lock[0] == WRITE, "exclude");
    subpage_mmio_exclude(&access);
    CHECK(access.exclusive && emul_access_lock[0] == WRITE, "exclude again");
    subpage_mmio_end(&access);
    CHECK(emul_access_lock[0] == FREE, "end after exclude");
}

/* A broken engine lets only one access proceed at a time. */
static void concurrent(void)
{
    struct subpage_mmio_access access[EMUL_CPUS];

    for ( emul_cpu = 0; emul_cpu < EMUL_CPUS; emul_cpu++ )
        subpage_mmio_begin(&access[emul_cpu]);
    for ( emul_cpu = 0; emul_cpu < EMUL_CPUS; emul_cpu++ )
        subpage_mmio_end(&access[emul_cpu]);
    emul_cpu = 0;
}

static void protect_target(void)
{
    protect(0x200, GRANULE);
}

static int set_bytes(void *ptr, void *arg)
{
    memset(ptr, 0xff, 4);

    return 0;
}

/*
 * While a read-modify-write waits to be alone, its target gets protected.  A
 * broken engine relies on what it has found out before.
 */
static void protected_while_waiting(void)
{
    struct subpage_mmio_access access;
    int rc = 1;

    init_model(&model, MMIO);
    protect(0x100, GRANULE);

    access.page = get_page(MMIO);
    subpage_mmio_begin(&access);
    emul_after_unlock = protect_target;
    CHECK(subpage_mmio_rmw(&access, 0x1fd, 4, set_bytes, NULL, &rc) && !rc,
          "r-m-w: %d", rc);
    subpage_mmio_end(&access);
    subpage_mmio_put(access.page);

    CHECK(model_refuses(&model, 0x1fd, 4), "it has not been protected");
    CHECK(!memcmp(emul_device(MMIO), model.mem, PAGE_SIZE),
          "a protected granule is modified");
    model.refused = 1;
    check_counts(&model);
}

const struct test access_tests[] = {
    { "writes of all widths, everywhere", writes },
    { "reads of all widths, everywhere", reads },
    { "read-modify-writes of all widths, everywhere", rmws },
    { "read-modify-writes which fail", rmws_fail },
    { "copies of all widths, everywhere", copies },
    { "rate limit", rate_limit },
    { "two pages", two_pages },
    { "exclude", exclude },
    { "concurrent accesses", concurrent },
    { "protected while waiting for exclude", protected_while_waiting },
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
