/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which MSI-X tables of an HVM domain Xen knows, and how long; and which
 * accesses it therefore takes.  The code is Xen's vmsi.c.
 */

#include <asm/hvm/vmsi-neighbours.h>
#include <asm/msix-protect.h>
#include <xen/pci_regs.h>

#include "test.h"
#include "hvm.h"

#include VMSI_C

#define GPA 0xf3000000UL

/* Functions with two vectors each, on one page of the domain. */
struct function {
    struct arch_msix msix;
    struct pci_dev pdev;
    struct msi_desc entries[2];
    struct irq_desc irqs[2];
    struct pirq pirqs[2];
};

static struct hvm_io_handler handler;
static bool permitted;
uint32_t msix_regs[2];
/* Of what is at GPA, in the BAR. */
static uint32_t bar_offset = PAGE_SIZE;

struct hvm_io_handler *hvm_next_io_handler(struct domain *d)
{
    return &handler;
}

bool iomem_access_permitted(const struct domain *d, unsigned long first,
                            unsigned long last)
{
    CHECK(d == current->domain && first == MMIO && last == MMIO,
          "asked for pages %#lx to %#lx", first, last);

    return permitted;
}

static void start(void)
{
    permitted = true;
    msixtbl_init(current->domain);
}

/* What is left of the tables goes with the domain. */
static void end(void)
{
    msixtbl_pt_cleanup(current->domain);
    emul_grace_period();
    current->domain->arch.hvm.msixtbl_list.next = NULL;
    check_nothing_left();
}

static void init_function(struct function *f, unsigned int offset)
{
    unsigned int i;

    *f = (struct function){ .msix.nr_entries = ARRAY_SIZE(f->pirqs) };
    f->pdev.msix = &f->msix;
    INIT_LIST_HEAD(&f->pdev.msi_list);
    for ( i = 0; i < ARRAY_SIZE(f->pirqs); i++ )
    {
        f->entries[i] = (struct msi_desc){
            .dev = &f->pdev, .irq = i,
            .msi_attrib = { .type = PCI_CAP_ID_MSIX, .entry_nr = i },
        };
        list_add(&f->entries[i].list, &f->pdev.msi_list);
        f->irqs[i].msi_desc = &f->entries[i];
        f->pirqs[i].desc = &f->irqs[i];
    }
    CHECK(!msix_protect(&f->msix.ro, addr(MMIO, offset), 0,
                        f->msix.nr_entries), "protect");
}

static void bind(struct function *f, unsigned int vector)
{
    struct domain *d = current->domain;

    /* The table's offset in its BAR; the PBA is in another one. */
    msix_regs[0] = bar_offset + PAGE_OFFSET(f->msix.ro.table.start);
    msix_regs[1] = 1;

    write_lock(&d->event_lock);
    CHECK(!msixtbl_pt_register(d, &f->pirqs[vector],
                               GPA + PAGE_OFFSET(f->msix.ro.table.start)),
          "bind");
    write_unlock(&d->event_lock);
}

static void unbind(struct function *f, unsigned int vector)
{
    struct domain *d = current->domain;

    write_lock(&d->event_lock);
    msixtbl_pt_unregister(d, &f->pirqs[vector]);
    write_unlock(&d->event_lock);
    emul_grace_period();
}

/* Does Xen handle it, rather than the device model? */
static bool takes(unsigned int offset, unsigned int bytes)
{
    ioreq_t r = {
        .type = IOREQ_TYPE_COPY, .state = STATE_IOREQ_READY,
        .dir = IOREQ_READ, .addr = GPA + offset, .size = bytes, .count = 1,
    };

    return handler.ops->accept(&handler, &r);
}

#define WRITTEN 0x5a5b5c5dU

/* What four bytes read as, if Xen knows. */
static bool reads(unsigned int offset, uint32_t *val)
{
    uint64_t got = 0;
    int rc;

    emul_logged = 0;
    rc = handler.ops->read(&handler, GPA + offset, 4, &got);
    *val = got;

    return rc == X86EMUL_OKAY;
}

/* Writes of four bytes; what the device has got of them. */
static unsigned int written(unsigned int offset)
{
    emul_logged = 0;
    handler.ops->write(&handler, GPA + offset, 4, WRITTEN + offset);

    return emul_logged;
}

/*
 * A broken count forgets the table at the first unbind, or when a vector is
 * left; or keeps it for ever.
 */
static void count(void)
{
    static const struct {
        bool bind;
        unsigned int vector;
        bool known;
    } steps[] = {
        { true, 0, true }, { false, 0, false },
        { true, 0, true }, { true, 1, true },
        { false, 0, true }, { true, 0, true },
        { false, 1, true }, { false, 0, false },
        { true, 1, true },      /* goes with the domain */
    };
    struct function f;
    unsigned int i;

    start();
    init_function(&f, 0x100);
    for ( i = 0; i < ARRAY_SIZE(steps); i++ )
    {
        (steps[i].bind ? bind : unbind)(&f, steps[i].vector);
        CHECK(takes(0x100, 4) == steps[i].known, "step %u: table", i);
        CHECK(takes(0x180, 4) == steps[i].known, "step %u: neighbour", i);
    }
    msix_unprotect(&f.msix.ro);
    end();
}

/* A broken look-up takes a table for a neighbour of the other one. */
static void several(void)
{
    static const struct {
        unsigned int offset, bytes;
        bool neighbour;
    } accesses[] = {
        { 0x0fc, 4, true }, { 0x0fc, 8, false }, { 0x100, 4, false },
        { 0x11c, 4, false }, { 0x120, 4, true }, { 0x13c, 4, true },
        { 0x13e, 4, false }, { 0x140, 4, false }, { 0x15c, 4, false },
        { 0x160, 8, true }, { 0xffc, 4, true },
    };
    struct function f[2];
    unsigned int order, i;
    uint32_t val;

    for ( order = 0; order < 2; order++ )
    {
        start();
        init_function(&f[0], 0x100);
        init_function(&f[1], 0x140);
        bind(&f[order], 0);
        bind(&f[!order], 1);

        for ( i = 0; i < ARRAY_SIZE(accesses); i++ )
        {
            paddr_t maddr;
            bool got = msixtbl_is_neighbour(GPA + accesses[i].offset,
                                            accesses[i].bytes, &maddr);

            CHECK(got == accesses[i].neighbour, "%u bytes at %#x",
                  accesses[i].bytes, accesses[i].offset);
            CHECK(!got || maddr == addr(MMIO, accesses[i].offset),
                  "%#x goes to %#lx", accesses[i].offset, maddr);
        }
        for ( i = 0; i < PAGE_SIZE; i += 4 )
        {
            bool table = (i >= 0x100 && i < 0x120) ||
                         (i >= 0x140 && i < 0x160);

            CHECK(written(i) == !table, "write at %#x: %u", i, emul_logged);
        }

        /* Registers are the device's to read, and tables Xen's. */
        *(uint32_t *)(emul_device(MMIO) + 0x120) = 0xa1b2c3d4;
        CHECK(reads(0x120, &val) && val == 0xa1b2c3d4 && emul_logged == 1,
              "a register is read as %#x", val);
        for ( i = 0x100; i <= 0x140; i += 0x40 )
            CHECK(reads(i, &val) && val == WRITTEN + i && !emul_logged,
                  "the table at %#x is read as %#x", i, val);

        /* With one of them forgotten, its table is still protected. */
        unbind(&f[0], order);
        CHECK(!written(0x100) && written(0x120) == 1, "one left");

        /* What it may not access is not Xen's to do. */
        permitted = false;
        CHECK(!takes(0x120, 4) && !written(0x120), "not permitted");

        msix_unprotect(&f[0].msix.ro);
        msix_unprotect(&f[1].msix.ro);
        end();
    }
}

/*
 * A broken look-up has the domain reach another page's registers, or those
 * which share a page with a BAR.
 */
static void not_known(void)
{
    struct function f[2];
    paddr_t maddr;

    start();
    init_function(&f[0], 0x100);
    bar_offset = 0;
    bind(&f[0], 0);
    bar_offset = PAGE_SIZE;
    CHECK(takes(0x120, 4) && takes(0x0fc, 4) && takes(0x1fc, 4),
          "in a small BAR");
    CHECK(!takes(0x1fc, 8) && !takes(0x200, 4), "next to a small BAR");
    unbind(&f[0], 0);

    /* One says that the domain's page is this one, and one the next. */
    init_function(&f[1], PAGE_SIZE + 0x140);
    bind(&f[0], 0);
    CHECK(msixtbl_is_neighbour(GPA, 4, &maddr), "one page");
    bind(&f[1], 0);
    CHECK(!msixtbl_is_neighbour(GPA, 4, &maddr), "two pages");
    unbind(&f[0], 0);
    unbind(&f[1], 0);

    msix_unprotect(&f[0].msix.ro);
    msix_unprotect(&f[1].msix.ro);
    end();
}

const struct test vmsi_table_tests[] = {
    { "HVM MSI-X: how long a table is known", count },
    { "HVM MSI-X: two tables on a page", several },
    { "HVM MSI-X: where a page is not known", not_known },
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
