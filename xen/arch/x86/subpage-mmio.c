/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Partially protected MMIO pages.
 *
 * Invariants
 *  - A page has an entry in the tree if, and only if, at least one of its
 *    granules is protected.  Only while subpage_mmio_ro_add() is at work may
 *    an entry have none.
 *  - Exactly the pages with an entry are in mmio_ro_ranges on behalf of this
 *    file.  A page which is there without having an entry is somebody else's.
 *    Others must not use mmio_ro_ranges for a page which has an entry.
 *  - An entry's mapping is made once, when first needed, and goes with it.
 *
 * Locking
 *  - The tree is searched under RCU alone; entries are freed by RCU.
 *  - access_lock is held for reading for the time of an emulated access, and
 *    for writing by what must not overlap with any: changes of protection,
 *    and read-modify-write accesses which take more than one CPU instruction
 *    on the device.  It nests inside of any lock that callers of
 *    subpage_mmio_ro_{add,remove}() hold, and inside of p2m locks.
 */

#include <xen/bitmap.h>
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/keyhandler.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/param.h>
#include <xen/radix-tree.h>
#include <xen/rangeset.h>
#include <xen/rcupdate.h>
#include <xen/rwlock.h>
#include <xen/sched.h>
#include <xen/softirq.h>
#include <xen/xmalloc.h>

#include <asm/io.h>
#include <asm/p2m.h>
#include <asm/subpage-mmio.h>

#define GRANULES (PAGE_SIZE / SUBPAGE_MMIO_RO_ALIGN)

struct subpage_mmio {
    mfn_t mfn;
    void __iomem *va;                   /* NULL until first used. */
    unsigned long forwarded, refused;   /* Writes, as domains issued them. */
    bool dropped;                       /* Not in the tree any more. */
    DECLARE_BITMAP(ro, GRANULES);       /* Protected granules. */
    struct rcu_head rcu;
};

bool __read_mostly subpage_mmio_in_use;
unsigned long __read_mostly subpage_mmio_first = ~0UL;
unsigned long __read_mostly subpage_mmio_last;

static struct radix_tree_root pages;
static DEFINE_RCU_READ_LOCK(pages_rcu);

static DEFINE_PERCPU_RWLOCK_GLOBAL(access_cpu);
static DEFINE_PERCPU_RWLOCK_RESOURCE(access_lock, access_cpu);

static unsigned int granule(unsigned int offset)
{
    return offset / SUBPAGE_MMIO_RO_ALIGN;
}

static bool is_protected(const struct subpage_mmio *page, unsigned int offset,
                         unsigned int bytes)
{
    unsigned int first = granule(offset), last = granule(offset + bytes - 1);

    if ( likely(first == last) )
        return test_bit(first, page->ro);

    return find_next_bit(page->ro, last + 1, first) <= last;
}

/*
 * The part of a range of machine addresses which lies in its page number @i,
 * as granules of that page.
 */
struct slice {
    unsigned long mfn;
    unsigned int first, nr;
};

static struct slice slice(paddr_t start, size_t size, unsigned long i)
{
    paddr_t end = start + size;
    paddr_t page = (start & PAGE_MASK) + pfn_to_paddr(i);
    paddr_t from = max(start, page), to = min(end, page + PAGE_SIZE);

    return (struct slice){
        .mfn = paddr_to_pfn(page),
        .first = granule(PAGE_OFFSET(from)),
        .nr = granule(to - from),
    };
}

static unsigned long nr_pages(paddr_t start, size_t size)
{
    return PFN_DOWN(start + size - 1) - PFN_DOWN(start) + 1;
}

static bool is_mmio(paddr_t start, size_t size)
{
    unsigned long i, first = PFN_DOWN(start), nr = nr_pages(start, size);

    for ( i = first; i < first + nr; i++ )
        if ( page_is_ram_type(i, RAM_TYPE_CONVENTIONAL) ||
             (mfn_valid(_mfn(i)) &&
              page_get_owner(mfn_to_page(_mfn(i))) != dom_io) )
            return false;

    return true;
}

static bool is_valid(paddr_t start, size_t size)
{
    return size && !((start | size) & (SUBPAGE_MMIO_RO_ALIGN - 1)) &&
           start + size - 1 > start &&
           !((start + size - 1) >> paddr_bits) &&
           is_mmio(start, size);
}

static void cf_check free_page(struct rcu_head *rcu)
{
    struct subpage_mmio *page = container_of(rcu, struct subpage_mmio, rcu);

    /* Below 1 MiB ioremap() returns the direct mapping, which stays. */
    if ( page->va && mfn_x(page->mfn) >= PFN_DOWN(MB(1)) )
        iounmap(page->va);

    xfree(page);
}

static void drop_page(struct subpage_mmio *page)
{
    page->dropped = true;
    radix_tree_delete(&pages, mfn_x(page->mfn));
    call_rcu(&page->rcu, free_page);
}

static int insert_page(unsigned long mfn)
{
    struct subpage_mmio *page = xzalloc(struct subpage_mmio);
    int rc;

    if ( !page )
        return -ENOMEM;

    page->mfn = _mfn(mfn);

    rc = radix_tree_insert(&pages, mfn, page);
    if ( rc )
        xfree(page);

    return rc;
}

/* @*changed: have pages become read-only? */
static int add_locked(paddr_t start, size_t size, bool *changed)
{
    unsigned long i, nr = nr_pages(start, size);
    struct subpage_mmio *page;
    struct slice s;
    int rc = 0;

    for ( i = 0; i < nr; i++ )
    {
        s = slice(start, size, i);
        page = radix_tree_lookup(&pages, s.mfn);

        if ( page ? find_next_bit(page->ro, s.first + s.nr, s.first) <
                    s.first + s.nr
                  : rangeset_contains_singleton(mmio_ro_ranges, s.mfn) )
            return -EEXIST;
    }

    for ( i = 0; i < nr && !rc; i++ )
    {
        s = slice(start, size, i);

        if ( !radix_tree_lookup(&pages, s.mfn) )
            rc = insert_page(s.mfn);
    }

    *changed = !rangeset_contains_range(mmio_ro_ranges, PFN_DOWN(start),
                                        PFN_DOWN(start) + nr - 1);

    /* Either all of the range gets added, or nothing. */
    if ( !rc && *changed )
        rc = rangeset_add_range(mmio_ro_ranges, PFN_DOWN(start),
                                PFN_DOWN(start) + nr - 1);

    for ( i = 0; i < nr; i++ )
    {
        s = slice(start, size, i);
        page = radix_tree_lookup(&pages, s.mfn);

        if ( !rc )
            bitmap_set(page->ro, s.first, s.nr);
        else if ( page && bitmap_empty(page->ro, GRANULES) )
            drop_page(page);
    }

    return rc;
}

/* @*changed: have pages become writable? */
static int remove_locked(paddr_t start, size_t size, bool *changed)
{
    unsigned long i, nr = nr_pages(start, size);
    unsigned long first = ~0UL, last = 0;
    struct subpage_mmio *page;
    struct slice s;

    for ( i = 0; i < nr; i++ )
    {
        s = slice(start, size, i);
        page = radix_tree_lookup(&pages, s.mfn);

        if ( !page || find_next_zero_bit(page->ro, s.first + s.nr,
                                         s.first) < s.first + s.nr )
            return -ENOENT;

        if ( bitmap_weight(page->ro, GRANULES) == s.nr )
        {
            /* Only the outermost pages can stay: these are contiguous. */
            first = min(first, s.mfn);
            last = s.mfn;
        }
    }

    *changed = first <= last;

    /* The only step which can fail, and it then changes nothing. */
    if ( *changed )
    {
        int rc = rangeset_remove_range(mmio_ro_ranges, first, last);

        if ( rc )
            return rc;
    }

    for ( i = 0; i < nr; i++ )
    {
        s = slice(start, size, i);
        page = radix_tree_lookup(&pages, s.mfn);

        bitmap_clear(page->ro, s.first, s.nr);
        if ( bitmap_empty(page->ro, GRANULES) )
            drop_page(page);
    }

    return 0;
}

/* Not under access_lock: page fault handlers hold p2m locks when taking it. */
static int refresh_p2m(paddr_t start, size_t size, bool enforce)
{
    return p2m_refresh_mmio(_mfn(PFN_DOWN(start)),
                            _mfn(PFN_DOWN(start + size - 1)), enforce);
}

int subpage_mmio_ro_add(paddr_t start, size_t size)
{
    bool changed = false;
    int rc;

    if ( !is_valid(start, size) )
        return -EINVAL;

    /* Does not change anything yet, but can fail where the next one can't. */
    if ( !rangeset_contains_range(mmio_ro_ranges, PFN_DOWN(start),
                                  PFN_DOWN(start + size - 1)) )
    {
        rc = refresh_p2m(start, size, false);
        if ( rc )
            return rc;
    }

    percpu_write_lock(access_cpu, &access_lock);

    if ( !subpage_mmio_in_use )
    {
        radix_tree_init(&pages);
        /* Who finds this set may use the tree: x86 reads in order. */
        smp_wmb();
        subpage_mmio_in_use = true;
    }

    subpage_mmio_first = min(subpage_mmio_first, PFN_DOWN(start));
    subpage_mmio_last = max(subpage_mmio_last, PFN_DOWN(start + size - 1));

    rc = add_locked(start, size, &changed);

    percpu_write_unlock(access_cpu, &access_lock);

    if ( !rc && changed )
        refresh_p2m(start, size, true);

    return rc;
}

int subpage_mmio_ro_remove(paddr_t start, size_t size)
{
    bool changed = false;
    int rc = -ENOENT;

    if ( !is_valid(start, size) )
        return -EINVAL;

    percpu_write_lock(access_cpu, &access_lock);

    if ( subpage_mmio_in_use )
        rc = remove_locked(start, size, &changed);

    percpu_write_unlock(access_cpu, &access_lock);

    /* An entry which stays read-only gets another chance with each write. */
    if ( !rc && changed && refresh_p2m(start, size, false) )
        printk(XENLOG_WARNING
               "MMIO %#"PRIpaddr": some p2m entries stay read-only\n", start);

    return rc;
}

struct subpage_mmio *subpage_mmio_get(mfn_t mfn)
{
    struct subpage_mmio *page;

    if ( !subpage_mmio_possible(mfn) )
        return NULL;

    rcu_read_lock(&pages_rcu);

    page = radix_tree_lookup(&pages, mfn_x(mfn));
    if ( !page )
        rcu_read_unlock(&pages_rcu);

    return page;
}

void subpage_mmio_put(struct subpage_mmio *page)
{
    rcu_read_unlock(&pages_rcu);
}

void subpage_mmio_begin(struct subpage_mmio_access *access)
{
    access->exclusive = false;
    percpu_read_lock(access_cpu, &access_lock);
}

void subpage_mmio_exclude(struct subpage_mmio_access *access)
{
    if ( access->exclusive )
        return;

    percpu_read_unlock(access_cpu, &access_lock);
    percpu_write_lock(access_cpu, &access_lock);
    access->exclusive = true;
}

void subpage_mmio_end(struct subpage_mmio_access *access)
{
    if ( access->exclusive )
        percpu_write_unlock(access_cpu, &access_lock);
    else
        percpu_read_unlock(access_cpu, &access_lock);
}

static void __iomem *make_mapping(struct subpage_mmio *page)
{
    void __iomem *va = ioremap(mfn_to_maddr(page->mfn), PAGE_SIZE), *other;

    if ( !va )
    {
        if ( printk_ratelimit() )
            printk(XENLOG_ERR "%pd: cannot map MMIO page %#"PRIpaddr"\n",
                   current->domain, mfn_to_maddr(page->mfn));
        return NULL;
    }

    /* Another CPU may have been faster, in which case its mapping is used. */
    other = cmpxchgptr(&page->va, NULL, va);
    if ( other )
    {
        if ( mfn_x(page->mfn) >= PFN_DOWN(MB(1)) )
            iounmap(va);
        va = other;
    }

    return va;
}

static void __iomem *map_page(struct subpage_mmio *page)
{
    return read_atomic(&page->va) ?: make_mapping(page);
}

/*
 * An entry may have been dropped, and a new one made for the same page, after
 * a caller looked it up and before it got to hold access_lock.
 */
static struct subpage_mmio *refresh(struct subpage_mmio *page)
{
    struct subpage_mmio *new = NULL;

    if ( unlikely(page->dropped) )
        new = radix_tree_lookup(&pages, mfn_x(page->mfn));

    return new ?: page;
}

/* The largest naturally aligned piece that @bytes from @offset begin with. */
static unsigned int piece(unsigned int offset, unsigned int bytes)
{
    unsigned int align = (offset | 8) & -(offset | 8);

    while ( align > bytes )
        align >>= 1;

    return align;
}

void subpage_mmio_copy_to(void __iomem *va, const void *data,
                          unsigned int bytes)
{
    while ( bytes )
    {
        unsigned int n = piece(PAGE_OFFSET(va), bytes);
        uint64_t val = 0;

        /* Inline, for constant sizes. */
        switch ( n )
        {
        case 1: memcpy(&val, data, 1); writeb(val, va); break;
        case 2: memcpy(&val, data, 2); writew(val, va); break;
        case 4: memcpy(&val, data, 4); writel(val, va); break;
        case 8: memcpy(&val, data, 8); writeq(val, va); break;
        }

        va += n;
        data += n;
        bytes -= n;
    }
}

void subpage_mmio_copy_from(void *data, const void __iomem *va,
                            unsigned int bytes)
{
    while ( bytes )
    {
        unsigned int n = piece(PAGE_OFFSET(va), bytes);
        uint64_t val = 0;

        switch ( n )
        {
        case 1: val = readb(va); break;
        case 2: val = readw(va); break;
        case 4: val = readl(va); break;
        case 8: val = readq(va); break;
        }

        memcpy(data, &val, n);

        va += n;
        data += n;
        bytes -= n;
    }
}

void subpage_mmio_refuse(struct subpage_mmio *page, unsigned int offset,
                         unsigned int bytes)
{
    arch_fetch_and_add(&page->refused, 1);

    /* Guests can cause this at will: do not even format what gets dropped. */
    if ( printk_ratelimit() )
        printk(XENLOG_G_WARNING
               "%pd: refused write to r/o MMIO %#"PRIpaddr", %u bytes\n",
               current->domain, mfn_to_maddr(page->mfn) + offset, bytes);
}

void subpage_mmio_write(struct subpage_mmio *page, unsigned int offset,
                        const void *data, unsigned int bytes)
{
    void __iomem *va;

    ASSERT(bytes && offset + bytes <= PAGE_SIZE);

    page = refresh(page);

    if ( is_protected(page, offset, bytes) || !(va = map_page(page)) )
    {
        subpage_mmio_refuse(page, offset, bytes);
        return;
    }

    arch_fetch_and_add(&page->forwarded, 1);
    subpage_mmio_copy_to(va + offset, data, bytes);
}

bool subpage_mmio_is_protected(struct subpage_mmio *page, unsigned int offset,
                               unsigned int bytes)
{
    return is_protected(refresh(page), offset, bytes);
}

bool subpage_mmio_read(struct subpage_mmio *page, unsigned int offset,
                       void *data, unsigned int bytes)
{
    void __iomem *va = map_page(refresh(page));

    ASSERT(bytes && offset + bytes <= PAGE_SIZE);

    if ( !va )
        return false;

    subpage_mmio_copy_from(data, va + offset, bytes);

    return true;
}

bool subpage_mmio_rmw(struct subpage_mmio_access *access, unsigned int offset,
                      unsigned int bytes, int (*op)(void *ptr, void *arg),
                      void *arg, int *rc)
{
    struct subpage_mmio *page = refresh(access->page);
    uint64_t val = 0;
    void __iomem *va;

    ASSERT(bytes && bytes <= sizeof(val) && offset + bytes <= PAGE_SIZE);

    if ( !(va = map_page(page)) )
        return false;

    if ( piece(offset, bytes) == bytes && !is_protected(page, offset, bytes) )
    {
        *rc = op((void __force *)va + offset, arg);
        if ( !*rc )
            arch_fetch_and_add(&page->forwarded, 1);

        return true;
    }

    subpage_mmio_exclude(access);

    subpage_mmio_copy_from(&val, va + offset, bytes);
    *rc = op(&val, arg);
    if ( !*rc )
        subpage_mmio_write(page, offset, &val, bytes);

    return true;
}

/*
 * A copy of the first page from *@mfn on, which *@mfn is moved behind.  False
 * if there is none.
 */
static bool next_page(unsigned long *mfn, struct subpage_mmio *copy)
{
    void *page;
    bool found;

    rcu_read_lock(&pages_rcu);

    found = radix_tree_gang_lookup(&pages, &page, *mfn, 1);
    if ( found )
    {
        *copy = *(const struct subpage_mmio *)page;
        *mfn = mfn_x(copy->mfn) + 1;
    }

    rcu_read_unlock(&pages_rcu);

    return found;
}

/* Printing takes long: hence from a copy, and with other work in between. */
static void cf_check dump_pages(unsigned char key)
{
    struct subpage_mmio page;
    unsigned long mfn = 0;

    printk("'%c' pressed -> partially protected MMIO pages\n", key);

    while ( subpage_mmio_in_use && next_page(&mfn, &page) )
    {
        unsigned int first, end = 0;

        printk("  %#"PRIpaddr": %lu writes forwarded, %lu refused\n",
               mfn_to_maddr(page.mfn), page.forwarded, page.refused);

        while ( (first = find_next_bit(page.ro, GRANULES, end)) < GRANULES )
        {
            end = find_next_zero_bit(page.ro, GRANULES, first);
            printk("    protected: %#"PRIpaddr"-%#"PRIpaddr"\n",
                   mfn_to_maddr(page.mfn) + first * SUBPAGE_MMIO_RO_ALIGN,
                   mfn_to_maddr(page.mfn) + end * SUBPAGE_MMIO_RO_ALIGN - 1);
            process_pending_softirqs();
        }
    }
}

static int __init cf_check register_key(void)
{
    register_keyhandler('W', dump_pages,
                        "dump partially protected MMIO pages", 1);

    return 0;
}
__initcall(register_key);

/*
 * Boot option, for devices with registers that no domain should write.  Its
 * text is kept until there are ranges to enter it into.
 */
#define OPTION "subpage-mmio-ro"

/* Follows a range which may lack its end: what is left may look like one. */
#define CUT "..."

static char __initdata opt_ranges[512];
static bool __initdata opt_given, opt_cut;

static bool __init is_cut(const char *s)
{
    size_t len = strlen(s);

    return len >= strlen(CUT) && !strcmp(s + len - strlen(CUT), CUT);
}

static int __init cf_check parse_option(const char *s)
{
    const size_t room = sizeof(opt_ranges) - strlen(CUT);
    /* The command line parser silently cuts what is longer than its buffer. */
    bool cut = strlen(OPTION "=") + strlen(s) >= MAX_PARAM_SIZE - 1;

    if ( opt_given && strlcat(opt_ranges, ",", room) >= room )
    {
        opt_cut = true;
        return 0;
    }
    opt_given = true;

    if ( strlcat(opt_ranges, s, room) >= room )
        cut = true;

    if ( cut )
    {
        strlcat(opt_ranges, CUT, sizeof(opt_ranges));
        opt_cut = true;
    }

    return 0;
}
custom_param(OPTION, parse_option);

/* Parse a 64-bit hex number, and move *@s behind it. */
static bool parse_hex(const char **s, uint64_t *val)
{
    const char *digits = *s;

    if ( digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') )
        digits += 2;

    *val = simple_strtoull(*s, s, 16);

    return *s > digits && *s - digits <= 2 * sizeof(*val);
}

/* Returns what is wrong with the text, NULL if nothing is. */
static const char *parse_range(const char *s, paddr_t *start, size_t *size)
{
    uint64_t first, last;

    if ( !parse_hex(&s, &first) || *s++ != '-' ||
         !parse_hex(&s, &last) || *s )
        return "not of the form <first>-<last>, in hex";

    if ( last < first || ((first | (last + 1)) & (SUBPAGE_MMIO_RO_ALIGN - 1)) )
        return "not a range of whole 8-byte units";

    /* Guard against typing errors: each page takes memory and time. */
    if ( last - first >= MB(16) )
        return "longer than 16 MiB";

    *start = first;
    *size = last - first + 1;

    return NULL;
}

/* Returns what is wrong with the range, NULL if it is protected now. */
static const char *__init protect_range(const char *s)
{
    paddr_t start;
    size_t size;
    const char *error = parse_range(s, &start, &size);

    if ( error )
        return error;

    switch ( subpage_mmio_ro_add(start, size) )
    {
    case 0:
        return NULL;

    case -EINVAL:
        return "not MMIO";

    case -EEXIST:
        return "overlaps with what is read-only already";
    }

    return "out of memory";
}

void __init subpage_mmio_apply_option(void)
{
    char *s, *next;

    for ( s = opt_given ? opt_ranges : NULL; s; s = next )
    {
        const char *error;

        next = strchr(s, ',');
        if ( next )
            *next++ = '\0';

        error = is_cut(s) ? "cut off" : protect_range(s);
        if ( error )
            printk(XENLOG_ERR OPTION ": ignoring \"%s\": %s\n", s, error);
        else
            printk(XENLOG_INFO OPTION ": protecting %s\n", s);
    }

    if ( opt_cut )
        printk(XENLOG_ERR OPTION
               ": too long, cut off; use several, of %zu characters in all\n",
               sizeof(opt_ranges) - strlen(CUT) - 1);
}

#if defined(CONFIG_HYPFS) && !defined(NDEBUG)
/*
 * For tests, in debug builds: change protection at run time, by writing
 * "+<first>-<last>" or "-<first>-<last>" to /params/subpage-mmio-test.
 */
static char test_result[] = "nothing done";

static void __init cf_check init_test(struct param_hypfs *par)
{
    custom_runtime_set_var(par, test_result);
}

static int cf_check change_range(const char *s);
custom_runtime_only_param("subpage-mmio-test", change_range, init_test);

static int cf_check change_range(const char *s)
{
    paddr_t start;
    size_t size;

    if ( (*s != '+' && *s != '-') || parse_range(s + 1, &start, &size) )
        return -EINVAL;

    return *s == '+' ? subpage_mmio_ro_add(start, size)
                     : subpage_mmio_ro_remove(start, size);
}
#endif

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
