/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI-X tables and PBAs as users of partially protected MMIO pages.
 *
 * The engine has one owner a granule.  Tables and PBAs should not overlap, but
 * nothing keeps devices, or whoever places their BARs, from doing so; nor the
 * administrator from protecting the same.  So functions are counted here.
 *
 * Invariants
 *  - A page is in the list if a function uses one of its granules, or if one
 *    is held.
 *  - A granule which is held is protected on behalf of this file.
 *  - One which is used, but not held, was somebody else's when last looked
 *    at.  One which is held, but not used, could not be released yet.
 */

#include <xen/bitmap.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/list.h>
#include <xen/mm.h>
#include <xen/pci.h>
#include <xen/pci_regs.h>
#include <xen/xmalloc.h>

#include <asm/msix-protect.h>
#include <asm/subpage-mmio.h>

#define GRANULE SUBPAGE_MMIO_RO_ALIGN
#define GRANULES (PAGE_SIZE / GRANULE)

struct msix_page {
    struct list_head list;
    unsigned long pfn;
    uint8_t users[GRANULES];
    DECLARE_BITMAP(held, GRANULES);
};

static LIST_HEAD(msix_pages);

/* Granules of a page. */
struct slice {
    unsigned long pfn;
    unsigned int first, end;
};

/* The part of a range which is in the page that it begins in. */
static struct slice head(paddr_t start, size_t size)
{
    unsigned int offset = PAGE_OFFSET(start);

    return (struct slice){
        .pfn = paddr_to_pfn(start),
        .first = offset / GRANULE,
        .end = min_t(size_t, offset + size, PAGE_SIZE) / GRANULE,
    };
}

static size_t bytes(struct slice s)
{
    return (s.end - s.first) * GRANULE;
}

static paddr_t address(struct slice s)
{
    return pfn_to_paddr(s.pfn) + s.first * GRANULE;
}

static struct msix_page *find_page(unsigned long pfn)
{
    struct msix_page *page;

    list_for_each_entry ( page, &msix_pages, list )
        if ( page->pfn == pfn )
            return page;

    return NULL;
}

static struct msix_page *make_page(unsigned long pfn)
{
    struct msix_page *page = xzalloc(struct msix_page);

    if ( page )
    {
        page->pfn = pfn;
        list_add(&page->list, &msix_pages);
    }

    return page;
}

/* Used, but not held; or the other way round. */
static bool is_odd(const struct msix_page *page, unsigned int granule,
                   bool used)
{
    return !page->users[granule] != used &&
           test_bit(granule, page->held) != used;
}

/* Find the first run of such granules from s->end on. */
static bool next_odd(const struct msix_page *page, bool used, struct slice *s)
{
    for ( s->first = s->end; s->first < GRANULES; s->first++ )
        if ( is_odd(page, s->first, used) )
            break;

    for ( s->end = s->first; s->end < GRANULES; s->end++ )
        if ( !is_odd(page, s->end, used) )
            break;

    return s->first < s->end;
}

static int hold(struct msix_page *page, struct slice s)
{
    struct slice half[2] = { s, s };
    int rc = subpage_mmio_ro_add(address(s), bytes(s));

    if ( !rc )
        bitmap_set(page->held, s.first, s.end - s.first);

    if ( rc != -EEXIST )
        return rc;

    /* Find out which of them are somebody else's. */
    if ( s.end - s.first == 1 )
        return 0;

    half[0].end = half[1].first = (s.first + s.end) / 2;

    return hold(page, half[0]) ?: hold(page, half[1]);
}

static int hold_used(struct msix_page *page)
{
    struct slice s = { .pfn = page->pfn };
    int rc = 0;

    while ( !rc && next_odd(page, true, &s) )
        rc = hold(page, s);

    return rc;
}

static void release_unused(struct msix_page *page)
{
    struct slice s = { .pfn = page->pfn };

    while ( next_odd(page, false, &s) )
        if ( !subpage_mmio_ro_remove(address(s), bytes(s)) )
            bitmap_clear(page->held, s.first, s.end - s.first);
}

/* What could not be released before is another page's, perhaps. */
static void release_all_unused(void)
{
    struct msix_page *page, *next;

    list_for_each_entry_safe ( page, next, &msix_pages, list )
    {
        release_unused(page);

        if ( !bitmap_empty(page->held, GRANULES) ||
             memchr_inv(page->users, 0, sizeof(page->users)) )
            continue;

        list_del(&page->list);
        xfree(page);
    }
}

static void remove_user(paddr_t start, size_t size)
{
    while ( size )
    {
        struct slice s = head(start, size);
        struct msix_page *page = find_page(s.pfn);
        unsigned int i;

        for ( i = s.first; i < s.end; i++ )
            page->users[i]--;

        start += bytes(s);
        size -= bytes(s);
    }
}

static int add_user(paddr_t start, size_t size)
{
    size_t done = 0;
    int rc = 0;

    while ( !rc && done < size )
    {
        struct slice s = head(start + done, size - done);
        struct msix_page *page = find_page(s.pfn) ?: make_page(s.pfn);
        unsigned int i;

        if ( !page )
        {
            rc = -ENOMEM;
            break;
        }

        for ( i = s.first; i < s.end; i++ )
            if ( page->users[i] == UINT8_MAX )
                rc = -EBUSY;
        if ( rc )
            break;

        for ( i = s.first; i < s.end; i++ )
            page->users[i]++;

        done += bytes(s);
        rc = hold_used(page);
    }

    if ( rc )
        remove_user(start, done);

    return rc;
}

int msix_protect(struct msix_protection *p, paddr_t table, paddr_t pba,
                 unsigned int nr_entries)
{
    /* A bit a vector, in whole 64-bit words. */
    size_t pba_size = pba ? DIV_ROUND_UP(nr_entries, 64) * 8 : 0;
    size_t table_size = nr_entries * PCI_MSIX_ENTRY_SIZE;
    int rc = -EINVAL;

    ASSERT(pcidevs_locked());

    if ( (table | pba) & (GRANULE - 1) )
        return rc;

    rc = add_user(table, table_size);
    if ( !rc )
    {
        rc = add_user(pba, pba_size);
        if ( rc )
            remove_user(table, table_size);
    }

    if ( !rc )
    {
        p->table.start = table;
        p->table.size = table_size;
        p->pba.start = pba;
        p->pba.size = pba_size;
    }

    release_all_unused();

    return rc;
}

void msix_unprotect(struct msix_protection *p)
{
    ASSERT(pcidevs_locked());

    remove_user(p->table.start, p->table.size);
    remove_user(p->pba.start, p->pba.size);
    *p = (struct msix_protection){};

    release_all_unused();
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
