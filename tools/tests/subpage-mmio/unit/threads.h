/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each CPU is a thread: locks wait, and memory orders what it orders on them.
 *
 * An entry of RCU's queue ("callback") runs as soon as RCU allows it: once
 * each CPU that was reading when it was queued has left that read section.
 */
#ifndef TEST_SUBPAGE_MMIO_THREADS_H
#define TEST_SUBPAGE_MMIO_THREADS_H

#include <pthread.h>

#define EMUL_CPUS 8
extern __thread unsigned int emul_cpu; /* Who we are. */
extern __thread enum emul_held emul_access_lock; /* What we hold. */

/* Locks. */

typedef pthread_mutex_t spinlock_t;

#define spin_lock_init(l) ((void)pthread_mutex_init(l, NULL))
#define spin_lock(l)      ((void)pthread_mutex_lock(l))
#define spin_unlock(l)    ((void)pthread_mutex_unlock(l))

typedef pthread_rwlock_t rwlock_t;

#define rwlock_init(l)  ((void)pthread_rwlock_init(l, NULL))
#define read_lock(l)    ((void)pthread_rwlock_rdlock(l))
#define read_unlock(l)  ((void)pthread_rwlock_unlock(l))
#define write_lock(l)   ((void)pthread_rwlock_wrlock(l))
#define write_unlock(l) ((void)pthread_rwlock_unlock(l))

/* RCU. */

struct rcu_head {
    struct rcu_head *next;
    void (*func)(struct rcu_head *head);
    unsigned long sections[EMUL_CPUS]; /* Who was reading: see threads.c. */
};
typedef struct {} rcu_read_lock_t;

extern __thread unsigned int emul_rcu_nested;

void emul_rcu_read_lock(void);
void emul_rcu_read_unlock(void);

#define DEFINE_RCU_READ_LOCK(name) rcu_read_lock_t name
#define rcu_read_lock(l)   ((void)(l), emul_rcu_read_lock())
#define rcu_read_unlock(l) ((void)(l), emul_rcu_read_unlock())
#define rcu_dereference(p)                                              \
    ({ ASSERT(emul_rcu_nested || emul_access_lock == WRITE);            \
       __atomic_load_n(&(p), __ATOMIC_ACQUIRE); })
#define rcu_assign_pointer(p, val) \
    __atomic_store_n(&(p), val, __ATOMIC_RELEASE)

/* Let the CPU numbered @cpu run @func, and wait for all to be done. */
void emul_start_cpu(unsigned int cpu, void *(*func)(void *arg));
void emul_stop_cpus(void);

/* What the device has at @va, which is of a mapping. */
uint8_t *emul_behind(const volatile void *va);

#endif /* TEST_SUBPAGE_MMIO_THREADS_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
