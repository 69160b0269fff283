/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the engine, and Xen's rangeset and radix tree, find in Xen's headers:
 * as much of it as they use, for user space, and with hooks for the tests.
 */
#ifndef TEST_SUBPAGE_MMIO_EMUL_H
#define TEST_SUBPAGE_MMIO_EMUL_H

#define _GNU_SOURCE /* memfd_create() */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>
#include <unistd.h>

/* Compiler and kernel vocabulary. */

#define __init
#define __initdata
#define __read_mostly
#define __rcu
#define __iomem
#define __force
#define __must_check __attribute__((__warn_unused_result__))
#define always_inline inline __attribute__((__always_inline__))
#define cf_check
#define EXPORT_SYMBOL(x)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

typedef bool bool_t;

#define BITS_PER_LONG (CHAR_BIT * (int)sizeof(long))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define ROUNDUP(x, a) (((x) + (a) - 1) & ~((unsigned long)(a) - 1))
#define MASK_INSR(v, m) (((v) * ((m) & -(m))) & (m))
#define MB(n) ((unsigned long long)(n) << 20)

#define strict_pick(x, cmp, y) ({               \
    const typeof(x) x_ = (x);                   \
    const typeof(y) y_ = (y);                   \
                                                \
    (void)(&x_ == &y_);                         \
    x_ cmp y_ ? x_ : y_; })
#define min(x, y) strict_pick(x, <, y)
#define max(x, y) strict_pick(x, >, y)

#define min_t(type, x, y) min((type)(x), (type)(y))

#define container_of(ptr, type, member) ({                      \
    typeof(((type *)NULL)->member) *ptr_ = (ptr);               \
                                                                \
    (type *)((char *)ptr_ - offsetof(type, member)); })

/* Ends the test, which has failed. */
void fail(const char *file, int line, const char *what, const char *fmt, ...)
    __attribute__((__noreturn__, __format__(__printf__, 4, 5)));

#define CHECK(cond, ...) do {                                   \
    if ( !(cond) )                                              \
        fail(__FILE__, __LINE__, #cond, __VA_ARGS__);           \
} while ( 0 )

/* What gets counted is to be as in release builds. */
#ifdef NDEBUG
#define ASSERT(cond)  ((void)(0 && (cond)))
#else
#define ASSERT(cond)  CHECK(cond, "an assertion of Xen's code")
#endif
#define BUILD_BUG_ON(cond) _Static_assert(!(cond), #cond)
#define BUG_ON(cond)  CHECK(!(cond), "a BUG_ON() of Xen's code")

/* Strings.  Some C libraries have strlcpy() and strlcat(), others do not. */

#define strlcpy emul_strlcpy
#define strlcat emul_strlcat
size_t strlcpy(char *to, const char *from, size_t size);
size_t strlcat(char *to, const char *from, size_t size);
#define safe_strcpy(to, from) ((void)strlcpy(to, from, sizeof(to)))

/* The first byte which is not @c. */
void *memchr_inv(const void *s, int c, size_t size);

unsigned long long simple_strtoull(const char *s, const char **end,
                                   unsigned int base);

/* Bitmaps. */

#define DECLARE_BITMAP(name, bits) \
    unsigned long name[DIV_ROUND_UP(bits, BITS_PER_LONG)]

static inline bool emul_test_bit(const unsigned long *map, unsigned int bit)
{
    return (map[bit / BITS_PER_LONG] >> (bit % BITS_PER_LONG)) & 1;
}

#define test_bit(bit, map) emul_test_bit(map, bit)

static inline unsigned int emul_find(const unsigned long *map,
                                     unsigned int size, unsigned int bit,
                                     bool val)
{
    while ( bit < size && emul_test_bit(map, bit) != val )
        bit++;

    return min(bit, size);
}

#define test_bit(bit, map) emul_test_bit(map, bit)
#define find_next_bit(map, size, bit)      emul_find(map, size, bit, true)
#define find_next_zero_bit(map, size, bit) emul_find(map, size, bit, false)
#define bitmap_empty(map, size) (emul_find(map, size, 0, true) == (size))

static inline void bitmap_set(unsigned long *map, unsigned int bit,
                              unsigned int nr)
{
    for ( ; nr--; bit++ )
        map[bit / BITS_PER_LONG] |= 1UL << (bit % BITS_PER_LONG);
}

static inline void bitmap_clear(unsigned long *map, unsigned int bit,
                                unsigned int nr)
{
    for ( ; nr--; bit++ )
        map[bit / BITS_PER_LONG] &= ~(1UL << (bit % BITS_PER_LONG));
}

static inline unsigned int bitmap_weight(const unsigned long *map,
                                         unsigned int size)
{
    unsigned int bit, weight = 0;

    for ( bit = 0; bit < size; bit++ )
        weight += emul_test_bit(map, bit);

    return weight;
}

/* Memory allocation. */

extern unsigned int emul_fail_alloc; /* Which one from now on fails; or 0. */
extern bool emul_alloc_failed;       /* It did. */
extern unsigned int emul_allocated;  /* What exists now. */
extern size_t emul_bytes;            /* Its size. */

void *emul_alloc(size_t size, bool zero);
void xfree(void *p);

#define xmalloc(type) ((type *)emul_alloc(sizeof(type), false))
#define xzalloc(type) ((type *)emul_alloc(sizeof(type), true))

/* CPUs, locks and RCU. */

/* There is but one percpu_rwlock, so its state can be global. */
enum emul_held { FREE, READ, WRITE };

#ifdef EMUL_THREADS
#include "threads.h"
#else
#include "one-thread.h"
#endif

void emul_lock(enum emul_held mode);
void emul_unlock(enum emul_held mode);

#define DEFINE_PERCPU_RWLOCK_GLOBAL(name) const char name
#define DEFINE_PERCPU_RWLOCK_RESOURCE(lock, global) \
    const char *const lock = &(global)

#define percpu_lock_op(op, mode, global, lock) \
    ({ ASSERT(*(lock) == &(global)); op(mode); })
#define percpu_read_lock(g, l)    percpu_lock_op(emul_lock, READ, g, l)
#define percpu_read_unlock(g, l)  percpu_lock_op(emul_unlock, READ, g, l)
#define percpu_write_lock(g, l)   percpu_lock_op(emul_lock, WRITE, g, l)
#define percpu_write_unlock(g, l) percpu_lock_op(emul_unlock, WRITE, g, l)

#define arch_fetch_and_add(p, n) __sync_fetch_and_add(p, n)
#define cmpxchgptr(p, old, new) __sync_val_compare_and_swap(p, old, new)
#define smp_wmb() __sync_synchronize()
/* On x86 each load is one that acquires. */
#define read_atomic(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void emul_grace_period(void);
/* What has waited for a grace period may be done then. */
#define process_pending_softirqs() emul_grace_period()

/* There is nobody else to add or remove devices. */
#define pcidevs_locked() true

/* Domains, and messages. */

#define XENLOG_ERR       "<error>"
#define XENLOG_INFO      "<info>"
#define XENLOG_G_WARNING "<guest>"
#define XENLOG_WARNING   "<warning>"

struct list_head;
#include <xen/list.h>

struct domain {
    unsigned int domain_id;
    struct list_head rangesets;
    spinlock_t rangesets_lock;
    unsigned int max_vcpus;
    rwlock_t event_lock;
    struct {
        struct {
            struct list_head msixtbl_list;
        } hvm;
    } arch;
};

struct vcpu {
    struct domain *domain;
    unsigned int vcpu_id, pause_flags;
    struct {
        struct {
            struct {
                unsigned long msix_unmask_address, msix_snoop_address;
                unsigned long msix_snoop_gpa;
            } hvm_io;
        } hvm;
    } arch;
};

extern struct vcpu *current;
extern struct domain *dom_io;

#define EMUL_DOMAIN 7 /* current->domain */

extern bool emul_ratelimit;      /* Let pass what is rate limited? */
extern char emul_console[65536]; /* All messages. */

void printk(const char *fmt, ...);
#define printk_ratelimit() emul_ratelimit

/* Memory map; emul.c has it. */

typedef uint64_t paddr_t;
#define PRIpaddr "016lx"
extern unsigned int paddr_bits;

#define PAGE_SHIFT 12
#define PAGE_SIZE (1L << PAGE_SHIFT)
#define PAGE_MASK (-PAGE_SIZE)
#define PAGE_OFFSET(p) ((unsigned long)(p) & ~PAGE_MASK)
#define PFN_DOWN(addr) ((addr) >> PAGE_SHIFT)
#define PFN_UP(addr) (((addr) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define paddr_to_pfn(addr) ((unsigned long)PFN_DOWN(addr))
#define pfn_to_paddr(pfn) ((paddr_t)(pfn) << PAGE_SHIFT)

typedef struct { unsigned long mfn; } mfn_t;
#define _mfn(n) ((mfn_t){ n })
#define INVALID_MFN _mfn(~0UL)
#define mfn_x(m) ((m).mfn)
#define mfn_to_maddr(m) pfn_to_paddr(mfn_x(m))
#define maddr_to_mfn(addr) _mfn(paddr_to_pfn(addr))

struct page_info;
#define RAM_TYPE_CONVENTIONAL 1
int page_is_ram_type(unsigned long mfn, unsigned long type);
bool mfn_valid(mfn_t mfn);
struct page_info *mfn_to_page(mfn_t mfn);
struct domain *page_get_owner(const struct page_info *page);

#include <xen/radix-tree.h>
#include <xen/rangeset.h>

extern struct rangeset *mmio_ro_ranges;

/*
 * The p2m of a domain: what it may write to, as far as the last calls said.
 * Pages have to be mapped one by one before that may change.
 */
extern bool emul_fail_p2m; /* Out of memory for that. */
extern unsigned int emul_p2m_walks; /* Calls so far: each takes time. */
int p2m_refresh_mmio(mfn_t first, mfn_t last, bool enforce);
bool emul_p2m_writable(unsigned long mfn);

/* Pages of the map, by number.  Plain MMIO, if nothing else is said. */
#define MMIO        0xfebf0UL
#define MMIO_PAGES  16
#define RAM         (MMIO + 0x20) /* RAM by the firmware's map alone. */
#define OWNED       (MMIO + 0x30) /* Not RAM by it, but a domain's. */
#define OWNED_BY_IO (MMIO + 0x40) /* Known to Xen, as MMIO. */
#define LOW         0xa0UL        /* Below 1 MiB. */

static inline paddr_t addr(unsigned long mfn, unsigned int offset)
{
    return pfn_to_paddr(mfn) + offset;
}

/* The device: each MMIO page is RAM, and accesses to it are logged. */

struct emul_io {
    char kind; /* R or W */
    unsigned int width;
    unsigned long mfn;
    unsigned int offset;
    uint64_t val;
};

#define EMUL_LOG 4096
extern struct emul_io emul_log[EMUL_LOG];
extern unsigned int emul_logged;

extern unsigned int emul_mapped;      /* Mappings which exist now. */
extern unsigned int emul_ioremaps;    /* Calls of ioremap(). */
extern unsigned int emul_fail_ioremap; /* So many from now on fail. */
/* Runs once, on the other CPU, while this one is in ioremap(). */
extern void (*emul_in_ioremap)(void);

uint8_t *emul_device(unsigned long mfn);

/* Is @p in a mapping of a device?  Where? */
bool emul_is_device(const volatile void *p, unsigned long *mfn,
                    unsigned int *offset);

void __iomem *ioremap(paddr_t pa, size_t len);
void iounmap(void __iomem *va);

uint64_t emul_read(const volatile void *va, unsigned int width);
void emul_write(uint64_t val, volatile void *va, unsigned int width);

#define readb(va) ((uint8_t)emul_read(va, 1))
#define readw(va) ((uint16_t)emul_read(va, 2))
#define readl(va) ((uint32_t)emul_read(va, 4))
#define readq(va) emul_read(va, 8)
#define writeb(val, va) emul_write((uint8_t)(val), va, 1)
#define writew(val, va) emul_write((uint16_t)(val), va, 2)
#define writel(val, va) emul_write((uint32_t)(val), va, 4)
#define writeq(val, va) emul_write(val, va, 8)

/*
 * Booting: the command line is parsed, mmio_ro_ranges made, @early called (for
 * what consoles do), the initcalls run, and the boot option applied.
 */
void subpage_mmio_apply_option(void);

#define MAX_PARAM_SIZE 128

void emul_add_param(const char *name, int (*parse)(const char *s));
void emul_add_initcall(int (*func)(void));
void emul_boot(const char *cmdline, void (*early)(void));

#define custom_param(name, parse)                                       \
    static void __attribute__((__constructor__)) parse ## _param(void)  \
    {                                                                   \
        emul_add_param(name, parse);                                    \
    }
#define presmp_initcall(func)                                           \
    static void __attribute__((__constructor__)) func ## _initcall(void)\
    {                                                                   \
        emul_add_initcall(func);                                        \
    }

#define __initcall(func) presmp_initcall(func)

/* Instructions. */

#define X86_EFLAGS_RF 0x00010000
/* Error codes of page faults (Intel SDM vol 3, 4.7). */
#define PFEC_page_present 1U
#define PFEC_write_access 2U
#define PFEC_user_mode    4U
#define PFEC_insn_fetch   16U

struct cpuid_leaf;
struct cpu_user_regs {
    uint64_t gpr[16], rip, eflags; /* As numbered in instructions. */
};

/* Debug keys. */

void register_keyhandler(unsigned char key, void (*fn)(unsigned char key),
                         const char *desc, bool diagnostic);
void emul_press(unsigned char key);

#endif /* TEST_SUBPAGE_MMIO_EMUL_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
