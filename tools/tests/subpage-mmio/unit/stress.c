/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs which protect registers and cease to, and CPUs which access the same
 * pages meanwhile:
 *
 *   stress <seconds>
 *
 * ThreadSanitizer watches; besides, nothing reaches what is protected, nothing
 * that is free gets lost, and read-modify-writes are atomic.
 */

#include <sched.h>
#include <stdarg.h>
#include <time.h>

#include "test.h"

#define PAGES    3
#define CHANGERS 2
#define USERS    3

/* Registers: what changers protect, one block each and the page's ends ... */
#define BLOCK(changer) ((changer) * 64)
#define BLOCK_SIZE     64
#define LAST           (4096 - GRANULE)
/* ... what stays free, one each, and for all: in one access, in two. */
#define OWN(user)      (0x800 + (user) * 8)
#define SHARED         0xc00
#define SHARED_ODD     0xd02

static unsigned int changes, seconds;
static struct {
    unsigned int shared, shared_odd;  /* Times it was incremented. */
    unsigned int used, absent;        /* Look-ups which found something. */
} sums;

void fail(const char *file, int line, const char *what, const char *fmt, ...)
{
    va_list args;

    flockfile(stdout);
    printf("%s:%d: ", file, line);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf(": not (%s)\n", what);
    fflush(stdout);
    _exit(1);
}

static unsigned int random_below(unsigned int limit)
{
    static __thread uint64_t state;

    state = (state ?: emul_cpu) * 6364136223846793005UL +
            1442695040888963407UL;

    return (state >> 33) % limit;
}

static bool time_is_up(void)
{
    static struct timespec begin;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if ( !emul_cpu )
        begin = now;

    return now.tv_sec - begin.tv_sec >= seconds;
}

static uint8_t device_byte(paddr_t pa)
{
    return __atomic_load_n(emul_device(paddr_to_pfn(pa)) + PAGE_OFFSET(pa),
                           __ATOMIC_RELAXED);
}

/* What is protected does not change. */
static void check_protected(paddr_t start, unsigned int size)
{
    uint8_t seen[BLOCK_SIZE];
    unsigned int i, times;

    for ( i = 0; i < size; i++ )
        seen[i] = device_byte(start + i);
    for ( times = random_below(4); times; times-- )
    {
        sched_yield();
        for ( i = 0; i < size; i++ )
            CHECK(device_byte(start + i) == seen[i],
                  "byte %#lx was written while it was protected", start + i);
    }
}

static void *change(void *arg)
{
    unsigned int nr = emul_cpu - 1;

    while ( !time_is_up() )
    {
        unsigned int first = random_below(BLOCK_SIZE / GRANULE);
        unsigned int size = 1 + random_below(BLOCK_SIZE / GRANULE - first);
        paddr_t start = addr(MMIO + random_below(PAGES),
                             BLOCK(nr) + first * GRANULE);

        size *= GRANULE;
        /* Every other time, in two pages. */
        if ( random_below(2) )
        {
            start = addr(MMIO + nr, LAST);
            size = 2 * GRANULE;
        }
        /* The first granule of a page is of who has the end of the other. */
        else if ( !PAGE_OFFSET(start) )
            continue;

        CHECK(!subpage_mmio_ro_add(start, size), "add %#lx", start);
        check_protected(start, size);
        CHECK(!subpage_mmio_ro_remove(start, size), "remove %#lx", start);
        __atomic_add_fetch(&changes, 1, __ATOMIC_RELAXED);
    }

    return NULL;
}

/* The device itself, or a copy which nobody else can see? */
static int increment(void *ptr, void *arg)
{
    if ( arg )
        __atomic_add_fetch((uint32_t *)emul_behind(ptr), 1, __ATOMIC_RELAXED);
    else
        ++*(uint32_t *)ptr;

    return 0;
}

static void write_own(struct subpage_mmio *page)
{
    unsigned int offset = OWN(emul_cpu);
    uint64_t val = random_below(~0U), read;

    subpage_mmio_write(page, offset, &val, sizeof(val));
    CHECK(subpage_mmio_read(page, offset, &read, sizeof(read)) && read == val,
          "a write to a free register got lost");
}

static void write_any(struct subpage_mmio *page)
{
    uint64_t val = random_below(~0U);
    unsigned int bytes = 1 + random_below(sizeof(val));
    unsigned int offset = random_below(CHANGERS * BLOCK_SIZE);

    if ( !random_below(4) )
        offset = 4096 - bytes;
    subpage_mmio_write(page, offset, &val, bytes);
}

/* As a CMPXCHG of two accesses would do it. */
static void write_exclusively(struct subpage_mmio_access *access)
{
    unsigned int offset = random_below(CHANGERS * BLOCK_SIZE);
    uint64_t val = random_below(~0U);

    subpage_mmio_exclude(access);
    if ( !subpage_mmio_is_protected(access->page, offset, sizeof(val)) )
        subpage_mmio_write(access->page, offset, &val, sizeof(val));
}

static void *use(void *arg)
{
    typeof(sums) mine = {};
    int rc;

    while ( !time_is_up() )
    {
        mfn_t mfn = _mfn(MMIO + random_below(PAGES));
        struct subpage_mmio_access access = { .page = subpage_mmio_get(mfn) };

        if ( !access.page )
        {
            mine.absent++;
            sched_yield();
            continue;
        }

        mine.used++;
        /* The page may go now, unless RCU keeps it. */
        if ( random_below(2) )
            sched_yield();

        subpage_mmio_begin(&access);
        switch ( random_below(5) )
        {
        case 0: write_own(access.page); break;
        case 1: write_any(access.page); break;
        case 2: write_exclusively(&access); break;

        case 3:
            mine.shared += subpage_mmio_rmw(&access, SHARED, 4, increment,
                                            &access, &rc);
            break;

        case 4:
            mine.shared_odd += subpage_mmio_rmw(&access, SHARED_ODD, 4,
                                                increment, NULL, &rc);
            break;
        }
        subpage_mmio_end(&access);
        subpage_mmio_put(access.page);
    }

    __atomic_add_fetch(&sums.shared, mine.shared, __ATOMIC_RELAXED);
    __atomic_add_fetch(&sums.shared_odd, mine.shared_odd, __ATOMIC_RELAXED);
    __atomic_add_fetch(&sums.used, mine.used, __ATOMIC_RELAXED);
    __atomic_add_fetch(&sums.absent, mine.absent, __ATOMIC_RELAXED);

    return NULL;
}

static void check_sum(unsigned int offset, unsigned int expected)
{
    unsigned int i, sum = 0;

    for ( i = 0; i < PAGES; i++ )
    {
        uint32_t val;

        memcpy(&val, emul_device(MMIO + i) + offset, sizeof(val));
        sum += val;
    }
    CHECK(sum == expected, "%u of %u increments at %#x are in the device", sum,
          expected, offset);
}

int main(int argc, char *argv[])
{
    struct state state;
    unsigned int i;

    seconds = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if ( !seconds )
    {
        fprintf(stderr, "usage: stress <seconds>\n");
        return 2;
    }

    emul_boot("", NULL);
    emul_ratelimit = false;
    time_is_up();
    for ( i = 1; i <= CHANGERS + USERS; i++ )
        emul_start_cpu(i, i <= CHANGERS ? change : use);
    emul_stop_cpus();

    check_sum(SHARED, sums.shared);
    check_sum(SHARED_ODD, sums.shared_odd);
    get_state(&state);
    CHECK(!state.nr_pages && !state.nr_ranges, "something is protected still");
    CHECK(!emul_mapped, "%u pages are mapped still", emul_mapped);
    /* What is left is mmio_ro_ranges itself. */
    CHECK(emul_allocated == 1, "%u allocations are left", emul_allocated - 1);
    printf("%u changes, %u accesses, %u look-ups of what was not there\n",
           changes, sums.used, sums.absent);
    CHECK(changes && sums.shared && sums.shared_odd && sums.absent,
          "too little was done");

    return 0;
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
