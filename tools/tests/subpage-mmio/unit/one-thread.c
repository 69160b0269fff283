/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of the emulation one thread has to itself: memory, locks, RCU, the p2m
 * and the device.
 */

#include <sys/mman.h>

/* Memory allocation. */

unsigned int emul_fail_alloc;
bool emul_alloc_failed;
unsigned int emul_allocated;
size_t emul_bytes;

void *emul_alloc(size_t size, bool zero)
{
    void *p;

    if ( emul_fail_alloc && !--emul_fail_alloc )
    {
        emul_alloc_failed = true;
        return NULL;
    }

    p = malloc(size);
    CHECK(p, "the tests are out of memory");
    memset(p, zero ? 0 : 0xa5, size);
    emul_allocated++;
    emul_bytes += malloc_usable_size(p);

    return p;
}

void xfree(void *p)
{
    if ( !p )
        return;

    ASSERT(emul_allocated);
    emul_allocated--;
    emul_bytes -= malloc_usable_size(p);
    free(p);
}

/* Locks, CPUs and RCU. */

unsigned int emul_cpu;
enum emul_held emul_access_lock[EMUL_CPUS];
unsigned int emul_rcu_readers;
static struct rcu_head *callbacks, **last_callback = &callbacks;

void (*emul_after_unlock)(void);

static void run_on_other_cpu(void (**hook)(void))
{
    void (*func)(void) = *hook;

    if ( !func )
        return;

    *hook = NULL;
    emul_cpu = !emul_cpu;
    func();
    emul_cpu = !emul_cpu;
}

void emul_lock(enum emul_held mode)
{
    unsigned int cpu;

    for ( cpu = 0; cpu < EMUL_CPUS; cpu++ )
        CHECK(emul_access_lock[cpu] == FREE ||
              (emul_access_lock[cpu] == READ && mode == READ &&
               cpu != emul_cpu),
              "CPU %u locks for %s, CPU %u holds the lock for %s", emul_cpu,
              mode == READ ? "reading" : "writing", cpu,
              emul_access_lock[cpu] == READ ? "reading" : "writing");

    emul_access_lock[emul_cpu] = mode;
}

void emul_unlock(enum emul_held mode)
{
    CHECK(emul_access_lock[emul_cpu] == mode,
          "CPU %u unlocks for %s, which it does not hold", emul_cpu,
          mode == READ ? "reading" : "writing");

    emul_access_lock[emul_cpu] = FREE;
    run_on_other_cpu(&emul_after_unlock);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
    *head = (struct rcu_head){ .func = func };
    *last_callback = head;
    last_callback = &head->next;
}

void emul_grace_period(void)
{
    ASSERT(!emul_rcu_readers);

    while ( callbacks )
    {
        struct rcu_head *head = callbacks;

        callbacks = head->next;
        if ( !callbacks )
            last_callback = &callbacks;
        head->func(head);
    }
}

bool emul_fail_p2m;
unsigned int emul_p2m_walks;
static bool p2m_read_only[MMIO_PAGES], p2m_split[MMIO_PAGES];

int p2m_refresh_mmio(mfn_t first, mfn_t last, bool enforce)
{
    unsigned long mfn;

    CHECK(!emul_access_lock[0], "p2m locks inside of the access lock");
    emul_p2m_walks++;

    if ( emul_fail_p2m )
        return -ENOMEM;

    for ( mfn = mfn_x(first); mfn <= mfn_x(last); mfn++ )
    {
        unsigned long i = mfn - MMIO;

        if ( i >= MMIO_PAGES )
            continue;

        CHECK(p2m_split[i] || !enforce, "p2m entry of %#lx not prepared", mfn);
        p2m_split[i] = true;
        p2m_read_only[i] = rangeset_contains_singleton(mmio_ro_ranges, mfn);
    }

    return 0;
}

bool emul_p2m_writable(unsigned long mfn)
{
    CHECK(mfn - MMIO < MMIO_PAGES, "no p2m entry for page %#lx", mfn);

    return !p2m_read_only[mfn - MMIO];
}

/*
 * The device: a file, so that each mapping is a view of the same memory, and
 * that a use of one which is gone faults.
 */

struct emul_io emul_log[EMUL_LOG];
unsigned int emul_logged;
unsigned int emul_mapped, emul_ioremaps, emul_fail_ioremap;
void (*emul_in_ioremap)(void);

#define DEVICE_PAGES (3 * MMIO_PAGES)
static int device_fd = -1;
static struct {
    unsigned long mfn;
    uint8_t *mem;
} device[DEVICE_PAGES];

static struct mapping {
    char *va;
    unsigned long mfn;
} mappings[2 * DEVICE_PAGES]; /* Those of pages below 1 MiB stay. */

static void *map_device(unsigned int nr)
{
    void *va = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                    device_fd, nr * PAGE_SIZE);

    CHECK(va != MAP_FAILED, "the tests cannot map memory");

    return va;
}

static unsigned int device_nr(unsigned long mfn)
{
    unsigned int nr;

    if ( device_fd < 0 )
    {
        device_fd = memfd_create("device", 0);
        CHECK(device_fd >= 0 &&
              !ftruncate(device_fd, DEVICE_PAGES * PAGE_SIZE),
              "the tests cannot allocate shared memory");
    }

    for ( nr = 0; nr < DEVICE_PAGES && device[nr].mem; nr++ )
        if ( device[nr].mfn == mfn )
            return nr;

    CHECK(nr < DEVICE_PAGES, "the tests use too many pages");
    device[nr].mem = map_device(nr);
    device[nr].mfn = mfn;

    return nr;
}

uint8_t *emul_device(unsigned long mfn)
{
    return device[device_nr(mfn)].mem;
}

static struct mapping *find_mapping(const volatile void *va)
{
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(mappings); i++ )
        if ( mappings[i].va &&
             mappings[i].va == (char *)va - PAGE_OFFSET(va) )
            return &mappings[i];

    return NULL;
}

bool emul_is_device(const volatile void *p, unsigned long *mfn,
                    unsigned int *offset)
{
    const struct mapping *mapping = find_mapping(p);

    if ( !mapping )
        return false;

    *mfn = mapping->mfn;
    *offset = PAGE_OFFSET(p);

    return true;
}

void __iomem *ioremap(paddr_t pa, size_t len)
{
    unsigned long mfn = paddr_to_pfn(pa);
    unsigned int i;

    CHECK(!PAGE_OFFSET(pa) && len == PAGE_SIZE, "not a page is mapped");
    CHECK(!page_is_ram_type(mfn, RAM_TYPE_CONVENTIONAL), "RAM is mapped");

    emul_ioremaps++;
    run_on_other_cpu(&emul_in_ioremap);
    if ( emul_fail_ioremap )
    {
        emul_fail_ioremap--;
        return NULL;
    }

    /* The direct mapping exists once, and for ever. */
    if ( mfn < PFN_DOWN(MB(1)) )
        for ( i = 0; i < ARRAY_SIZE(mappings); i++ )
            if ( mappings[i].va && mappings[i].mfn == mfn )
                return mappings[i].va;

    for ( i = 0; mappings[i].va; i++ )
        CHECK(i + 1 < ARRAY_SIZE(mappings), "mappings are never released");
    mappings[i] = (struct mapping){ map_device(device_nr(mfn)), mfn };
    if ( mfn >= PFN_DOWN(MB(1)) )
        emul_mapped++;

    return mappings[i].va;
}

void iounmap(void __iomem *va)
{
    struct mapping *mapping = find_mapping(va);

    CHECK(mapping && mapping->va == va, "what is unmapped was not mapped");
    CHECK(mapping->mfn >= PFN_DOWN(MB(1)), "the direct mapping is unmapped");

    /* Keep the address, so that nothing else appears there. */
    CHECK(mmap(va, PAGE_SIZE, PROT_NONE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == va,
          "the tests cannot unmap memory");
    mapping->va = NULL;
    emul_mapped--;
}

static void log_io(char kind, const volatile void *va, unsigned int width,
                   uint64_t val)
{
    struct emul_io io = { .kind = kind, .width = width, .val = val };

    CHECK(emul_is_device(va, &io.mfn, &io.offset),
          "an access of %u bytes to what is not mapped", width);
    CHECK(!(io.offset % width), "an access of %u bytes at offset %#x", width,
          io.offset);
    CHECK(emul_logged < EMUL_LOG, "the device's log is full");
    emul_log[emul_logged++] = io;
}

uint64_t emul_read(const volatile void *va, unsigned int width)
{
    uint64_t val = 0;

    memcpy(&val, (const void *)va, width);
    log_io('R', va, width, val);

    return val;
}

void emul_write(uint64_t val, volatile void *va, unsigned int width)
{
    log_io('W', va, width, val);
    memcpy((void *)va, &val, width);
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
