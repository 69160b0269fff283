/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What HVM domains' accesses to the pages of an MSI-X table lead to.
 */

#include <asm/hvm/vmsi-neighbours.h>
#include <asm/msix-protect.h>

#include "test.h"

#define GPA 0xf3000000UL

static void route(void)
{
    /* From page offset f00, across the border to the next page: 48 vectors. */
    static const struct vmsi_table crossing = {
        .gpa = GPA + 0xf00, .maddr = (MMIO << PAGE_SHIFT) + 0xf00,
        .size = 48 * 16, .offset = 0xf00, .bar_size = 2 * PAGE_SIZE,
    }, shifted = { /* A small BAR, which is somewhere else on its page. */
        .gpa = GPA + 0x100, .maddr = (MMIO << PAGE_SHIFT) + 0x500,
        .size = 4 * 16, .offset = 0x100, .bar_size = PAGE_SIZE,
    }, small = {    /* It begins 400 into the page, and has 200. */
        .gpa = GPA + 0x500, .maddr = (MMIO << PAGE_SHIFT) + 0x500,
        .size = 4 * 16, .offset = 0x100, .bar_size = 0x200,
    }, whole = {
        .gpa = GPA, .maddr = MMIO << PAGE_SHIFT, .size = 256 * 16,
        .bar_size = PAGE_SIZE,
    };
    static const struct {
        const struct vmsi_table *table;
        long offset;    /* From GPA, and from MMIO. */
        unsigned int bytes;
        enum vmsi_route route;
    } tests[] = {
        { &crossing, -1, 1, VMSI_ELSEWHERE },
        { &crossing, -4, 8, VMSI_ELSEWHERE },   /* from another page */
        { &crossing, 0, 1, VMSI_NEIGHBOUR },
        { &crossing, 0, 8, VMSI_NEIGHBOUR },
        { &crossing, 0xef8, 8, VMSI_NEIGHBOUR },
        { &crossing, 0xeff, 1, VMSI_NEIGHBOUR },
        { &crossing, 0xeff, 2, VMSI_TABLE },
        { &crossing, 0xefc, 8, VMSI_TABLE },
        { &crossing, 0xf00, 4, VMSI_TABLE },
        { &crossing, 0xffc, 8, VMSI_TABLE },
        { &crossing, 0x11fc, 4, VMSI_TABLE },
        { &crossing, 0x11ff, 1, VMSI_TABLE },
        { &crossing, 0x11fe, 4, VMSI_TABLE },
        { &crossing, 0x1200, 1, VMSI_NEIGHBOUR },
        { &crossing, 0x1ff8, 8, VMSI_NEIGHBOUR },
        { &crossing, 0x1fff, 2, VMSI_ELSEWHERE }, /* to another page */
        { &crossing, 0x2000, 4, VMSI_ELSEWHERE },
        { &shifted, 0x0f8, 8, VMSI_ELSEWHERE },
        { &shifted, 0x100, 4, VMSI_TABLE },
        { &shifted, 0x13c, 4, VMSI_TABLE },
        { &shifted, 0x140, 4, VMSI_ELSEWHERE },
        { &shifted, 0x500, 4, VMSI_ELSEWHERE },
        { &small, 0x3ff, 1, VMSI_ELSEWHERE },
        { &small, 0x3fc, 8, VMSI_ELSEWHERE },
        { &small, 0x400, 4, VMSI_NEIGHBOUR },
        { &small, 0x500, 4, VMSI_TABLE },
        { &small, 0x5f8, 8, VMSI_NEIGHBOUR },
        { &small, 0x5fc, 8, VMSI_ELSEWHERE },
        { &small, 0x600, 1, VMSI_ELSEWHERE },
        { &whole, 0xfff, 1, VMSI_TABLE },
        { &whole, 0x1000, 1, VMSI_ELSEWHERE },
        { &whole, -1, 1, VMSI_ELSEWHERE },
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(tests); i++ )
    {
        paddr_t maddr = 1;
        enum vmsi_route got = vmsi_route(tests[i].table,
                                         GPA + tests[i].offset,
                                         tests[i].bytes, &maddr);
        paddr_t expected = tests[i].route == VMSI_NEIGHBOUR
                           ? pfn_to_paddr(MMIO) + tests[i].offset : 1;

        CHECK(got == tests[i].route, "%u bytes at %#lx: route %u",
              tests[i].bytes, tests[i].offset, got);
        CHECK(maddr == expected, "%u bytes at %#lx go to %#lx",
              tests[i].bytes, tests[i].offset, maddr);
    }
}

/* A broken bound is beyond the BAR, or keeps registers from the domain. */
static void bounds(void)
{
    static const struct {
        unsigned int nr;
        uint32_t table, pba;
        size_t bar_size;
    } tests[] = {
        { 1, 0, 1, 0x10 },
        { 3, 0, 1, 0x40 },
        { 4, 0x100, 0x141, 0x200 },     /* the PBA is elsewhere */
        { 4, 0x100, 0x200, 0x400 },
        { 4, 0x103, 0x1003, 0x2000 },
        { 65, 0x1000, 0x3ff8, 0x8000 },
        { 64, 0x1000, 0x3ff8, 0x4000 },
        { 2048, 0x8000, 0x0, 0x10000 },
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(tests); i++ )
    {
        struct vmsi_table table;

        vmsi_table_init(&table, GPA, addr(MMIO, 0), tests[i].nr,
                        tests[i].table, tests[i].pba);
        CHECK(table.gpa == GPA && table.maddr == addr(MMIO, 0) &&
              table.size == tests[i].nr * 16, "test %u: table", i);
        CHECK(table.offset == (tests[i].table & ~7U) &&
              table.bar_size == tests[i].bar_size,
              "test %u: %#zx in a BAR of %#zx", i, table.offset,
              table.bar_size);
    }
}

static uint64_t bytes_of(const struct model *model, unsigned int offset,
                         unsigned int bytes)
{
    uint64_t val = 0;

    memcpy(&val, model->mem + offset, bytes);

    return val;
}

/*
 * A broken path writes to the PBA, or drops what is next to it; reads
 * something else; or leaves a lock held, which the test's end finds.
 */
static void accesses(void)
{
    struct msix_protection p = {};
    struct model model;
    unsigned int offset, bytes;
    uint64_t val = 5;

    init_model(&model, MMIO);
    CHECK(!vmsi_neighbour_read(addr(MMIO, 0), 4, &val) && val == 5,
          "read without MSI-X");
    CHECK(!vmsi_neighbour_write(addr(MMIO, 0), 4, 1),
          "write without MSI-X");

    CHECK(!msix_protect(&p, addr(MMIO, 0x100), addr(MMIO, 0x180), 4),
          "protect");
    memset(model.ro + 0x100, true, 64);
    memset(model.ro + 0x180, true, 8);

    for ( bytes = 1; bytes <= 8; bytes *= 2 )
        for ( offset = 0x140; offset < 0x1c0; offset++ )
        {
            uint64_t new = 0x8796a5b4c3d2e1f0 ^ (offset * bytes);
            bool refused = model_refuses(&model, offset, bytes);

            emul_logged = 0;
            CHECK(vmsi_neighbour_read(addr(MMIO, offset), bytes, &val),
                  "read of %u at %#x", bytes, offset);
            CHECK(val == bytes_of(&model, offset, bytes),
                  "read of %u at %#x: %#lx", bytes, offset, val);
            if ( !(offset % bytes) )
                CHECK(emul_logged == 1 && emul_log[0].kind == 'R' &&
                      emul_log[0].width == bytes &&
                      emul_log[0].offset == offset,
                      "read of %u at %#x: %u at %#x", bytes, offset,
                      emul_log[0].width, emul_log[0].offset);

            emul_logged = 0;
            emul_console[0] = '\0';
            CHECK(vmsi_neighbour_write(addr(MMIO, offset), bytes, new),
                  "write of %u at %#x", bytes, offset);
            CHECK(!emul_logged == refused, "write of %u at %#x: %u writes",
                  bytes, offset, emul_logged);
            if ( !refused )
                memcpy(model.mem + offset, &new, bytes);
            if ( !(offset % bytes) && !refused )
                CHECK(emul_logged == 1 && emul_log[0].width == bytes &&
                      emul_log[0].offset == offset,
                      "write of %u at %#x: %u at %#x", bytes, offset,
                      emul_log[0].width, emul_log[0].offset);
            CHECK(!memcmp(emul_device(MMIO), model.mem, PAGE_SIZE),
                  "write of %u at %#x: other bytes", bytes, offset);
        }

    msix_unprotect(&p);
    check_nothing_left();
}

/* The device model gets a read which cannot be done. */
static void no_mapping(void)
{
    struct msix_protection p = {};
    uint64_t val;

    CHECK(!msix_protect(&p, addr(MMIO, 0x100), 0, 1), "protect");
    emul_fail_ioremap = 1;
    CHECK(!vmsi_neighbour_read(addr(MMIO, 0), 4, &val), "read");
    CHECK(vmsi_neighbour_read(addr(MMIO, 0), 4, &val), "second read");
    msix_unprotect(&p);
    check_nothing_left();
}

const struct test vmsi_tests[] = {
    { "HVM MSI-X: where accesses go", route },
    { "HVM MSI-X: what a BAR has", bounds },
    { "HVM MSI-X: accesses to neighbours", accesses },
    { "HVM MSI-X: page can't be mapped", no_mapping },
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
