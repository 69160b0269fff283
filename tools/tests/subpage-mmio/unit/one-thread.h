/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One thread plays all CPUs: locks, and RCU, know who uses them.
 */
#ifndef TEST_SUBPAGE_MMIO_ONE_THREAD_H
#define TEST_SUBPAGE_MMIO_ONE_THREAD_H

#define EMUL_CPUS 2
extern unsigned int emul_cpu;

/* Locks. */

typedef struct { bool held; } spinlock_t;

#define spin_lock_init(l) ((l)->held = false)
#define spin_lock(l)   ({ ASSERT(!(l)->held); (l)->held = true; })
#define spin_unlock(l) ({ ASSERT((l)->held); (l)->held = false; })

typedef struct { unsigned int readers; bool writer; } rwlock_t;

#define rwlock_init(l)  ((void)(*(l) = (rwlock_t){}))
#define read_lock(l)    ({ ASSERT(!(l)->writer); (l)->readers++; })
#define read_unlock(l)  ({ ASSERT((l)->readers); (l)->readers--; })
#define write_lock(l) \
    ({ ASSERT(!(l)->writer && !(l)->readers); (l)->writer = true; })
#define write_unlock(l) ({ ASSERT((l)->writer); (l)->writer = false; })

/* It is a failure if a CPU would have to wait: there is nobody to wait for. */
extern enum emul_held emul_access_lock[EMUL_CPUS];

/* Runs once, on the other CPU, when this one has unlocked. */
extern void (*emul_after_unlock)(void);

/* RCU. */

struct rcu_head {
    struct rcu_head *next;
    void (*func)(struct rcu_head *head);
};
typedef struct {} rcu_read_lock_t;

extern unsigned int emul_rcu_readers;

#define DEFINE_RCU_READ_LOCK(name) rcu_read_lock_t name
#define rcu_read_lock(l) ((void)(l), (void)emul_rcu_readers++)
#define rcu_read_unlock(l) \
    ({ (void)(l); ASSERT(emul_rcu_readers); emul_rcu_readers--; })
/* Who does not keep writers out is a reader. */
#define rcu_dereference(p) \
    ({ ASSERT(emul_rcu_readers || emul_access_lock[emul_cpu] == WRITE); (p); })
#define rcu_assign_pointer(p, val) ((p) = (val))

#endif /* TEST_SUBPAGE_MMIO_ONE_THREAD_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
