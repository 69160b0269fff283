/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of the emulation threads share: memory, locks, RCU, and a device.
 */

#include <sched.h>

/* Memory allocation: the sanitizer knows what was freed. */

unsigned int emul_allocated;

void *emul_alloc(size_t size, bool zero)
{
    void *p = malloc(size);

    CHECK(p, "the tests are out of memory");
    memset(p, zero ? 0 : 0xa5, size);
    __atomic_add_fetch(&emul_allocated, 1, __ATOMIC_RELAXED);

    return p;
}

void xfree(void *p)
{
    if ( p )
        __atomic_sub_fetch(&emul_allocated, 1, __ATOMIC_RELAXED);
    free(p);
}

/* Locks.  As in Xen, who waits to write keeps new readers out. */

__thread unsigned int emul_cpu;
__thread enum emul_held emul_access_lock;
static pthread_rwlock_t access_lock =
    PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

void emul_lock(enum emul_held mode)
{
    CHECK(emul_access_lock == FREE, "the lock is taken twice");
    if ( mode == READ )
        pthread_rwlock_rdlock(&access_lock);
    else
        pthread_rwlock_wrlock(&access_lock);
    emul_access_lock = mode;
}

void emul_unlock(enum emul_held mode)
{
    CHECK(emul_access_lock == mode, "another lock is held");
    emul_access_lock = FREE;
    pthread_rwlock_unlock(&access_lock);
}

/*
 * RCU.  A CPU counts when it enters a read section, and when it leaves it.  It
 * takes no lock, which would order more than RCU does.
 */

__thread unsigned int emul_rcu_nested;
static struct {
    _Alignas(64) unsigned long count; /* Odd while reading. */
} sections[EMUL_CPUS];

static pthread_mutex_t rcu_lock = PTHREAD_MUTEX_INITIALIZER;
static struct rcu_head *callbacks; /* Under the lock. */

void emul_rcu_read_lock(void)
{
    if ( !emul_rcu_nested++ )
        __atomic_add_fetch(&sections[emul_cpu].count, 1, __ATOMIC_SEQ_CST);
}

void emul_rcu_read_unlock(void)
{
    CHECK(emul_rcu_nested, "RCU is not read");
    if ( !--emul_rcu_nested )
        __atomic_add_fetch(&sections[emul_cpu].count, 1, __ATOMIC_SEQ_CST);
}

static unsigned long section(unsigned int cpu)
{
    return __atomic_load_n(&sections[cpu].count, __ATOMIC_SEQ_CST);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
    unsigned int cpu;

    head->func = func;
    pthread_mutex_lock(&rcu_lock);
    for ( cpu = 0; cpu < EMUL_CPUS; cpu++ )
        head->sections[cpu] = section(cpu);
    head->next = callbacks;
    callbacks = head;
    pthread_mutex_unlock(&rcu_lock);
}

static bool is_due(const struct rcu_head *head)
{
    unsigned int cpu;

    for ( cpu = 0; cpu < EMUL_CPUS; cpu++ )
        if ( (head->sections[cpu] & 1) && head->sections[cpu] == section(cpu) )
            return false;

    return true;
}

/* Run what may run. */
void emul_grace_period(void)
{
    struct rcu_head **link, *head, *due = NULL;

    pthread_mutex_lock(&rcu_lock);
    for ( link = &callbacks; (head = *link); )
        if ( is_due(head) )
        {
            *link = head->next;
            head->next = due;
            due = head;
        }
        else
            link = &head->next;
    pthread_mutex_unlock(&rcu_lock);

    while ( (head = due) )
    {
        due = head->next;
        head->func(head);
    }
}

/* CPUs, and one more thread, which does nothing but to wait for RCU. */

static struct cpu {
    pthread_t thread;
    void *(*func)(void *arg);
} cpus[EMUL_CPUS];
static pthread_t collector;
static bool stopping;

static void *run_cpu(void *arg)
{
    struct cpu *cpu = arg;

    emul_cpu = cpu - cpus;

    return cpu->func(NULL);
}

static void *collect(void *arg)
{
    while ( !__atomic_load_n(&stopping, __ATOMIC_RELAXED) )
    {
        emul_grace_period();
        sched_yield();
    }

    return NULL;
}

static void start(pthread_t *thread, void *(*func)(void *arg), void *arg)
{
    CHECK(!pthread_create(thread, NULL, func, arg),
          "the tests cannot start a thread");
}

void emul_start_cpu(unsigned int cpu, void *(*func)(void *arg))
{
    CHECK(cpu && cpu < EMUL_CPUS, "there is no CPU %u", cpu);
    if ( !collector )
        start(&collector, collect, NULL);
    cpus[cpu].func = func;
    start(&cpus[cpu].thread, run_cpu, &cpus[cpu]);
}

void emul_stop_cpus(void)
{
    unsigned int cpu;

    for ( cpu = 0; cpu < EMUL_CPUS; cpu++ )
        if ( cpus[cpu].func )
            pthread_join(cpus[cpu].thread, NULL);
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    pthread_join(collector, NULL);
    emul_grace_period();
}

/* The p2m is not of interest here. */
int p2m_refresh_mmio(mfn_t first, mfn_t last, bool enforce)
{
    return 0;
}

/*
 * The device.  A mapping of it is memory which gets freed with the mapping, so
 * that the sanitizer sees what uses it too late.  The device itself does what
 * it is told at any time, and orders nothing.
 */

unsigned int emul_mapped;
static uint8_t memory[MMIO_PAGES][4096] __attribute__((__aligned__(4096)));

uint8_t *emul_device(unsigned long mfn)
{
    CHECK(mfn - MMIO < MMIO_PAGES, "page %#lx is not of the device", mfn);

    return memory[mfn - MMIO];
}

void __iomem *ioremap(paddr_t pa, size_t len)
{
    uint8_t **va = aligned_alloc(PAGE_SIZE, PAGE_SIZE);

    CHECK(va && !PAGE_OFFSET(pa) && len == PAGE_SIZE, "not a page is mapped");
    *va = emul_device(paddr_to_pfn(pa));
    /* It takes its time, in which others begin to map the same page. */
    sched_yield();
    __atomic_add_fetch(&emul_mapped, 1, __ATOMIC_RELAXED);

    return va;
}

void iounmap(void __iomem *va)
{
    __atomic_sub_fetch(&emul_mapped, 1, __ATOMIC_RELAXED);
    free(va);
}

uint8_t *emul_behind(const volatile void *va)
{
    return *(uint8_t **)((unsigned long)va & PAGE_MASK) + PAGE_OFFSET(va);
}

uint64_t emul_read(const volatile void *va, unsigned int width)
{
    const void *p = emul_behind(va);

    switch ( width )
    {
    case 1: return __atomic_load_n((uint8_t *)p, __ATOMIC_RELAXED);
    case 2: return __atomic_load_n((uint16_t *)p, __ATOMIC_RELAXED);
    case 4: return __atomic_load_n((uint32_t *)p, __ATOMIC_RELAXED);
    default: return __atomic_load_n((uint64_t *)p, __ATOMIC_RELAXED);
    }
}

void emul_write(uint64_t val, volatile void *va, unsigned int width)
{
    void *p = emul_behind(va);

    /* It takes its time, in which others get on. */
    sched_yield();

    switch ( width )
    {
    case 1: __atomic_store_n((uint8_t *)p, val, __ATOMIC_RELAXED); break;
    case 2: __atomic_store_n((uint16_t *)p, val, __ATOMIC_RELAXED); break;
    case 4: __atomic_store_n((uint32_t *)p, val, __ATOMIC_RELAXED); break;
    default: __atomic_store_n((uint64_t *)p, val, __ATOMIC_RELAXED); break;
    }
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
