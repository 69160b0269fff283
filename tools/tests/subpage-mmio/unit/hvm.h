/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Xen's arch/x86/hvm/vmsi.c finds in Xen's headers, for the test which
 * includes it: the parts that have to do with MSI-X tables work, the others
 * only compile.
 */
#ifndef TEST_SUBPAGE_MMIO_HVM_H
#define TEST_SUBPAGE_MMIO_HVM_H

typedef uint64_t u64;

#define BUG() CHECK(false, "a BUG() of Xen's code")
#define MASK_EXTR(v, m) (((v) & (m)) / ((m) & -(m)))
#define array_index_nospec(index, size) (index)
#define gdprintk(level, ...) printk(__VA_ARGS__)

typedef struct { int counter; } atomic_t;
#define atomic_set(a, val)     ((void)((a)->counter = (val)))
#define atomic_inc(a)          ((void)(a)->counter++)
#define atomic_dec_and_test(a) (!--(a)->counter)

/* Of anything. */
#define set_bit(bit, map) bitmap_set((unsigned long *)(map), bit, 1)
#define test_and_clear_bit(bit, map) ({                     \
    bool was_ = test_bit(bit, (unsigned long *)(map));      \
    bitmap_clear((unsigned long *)(map), bit, 1);           \
    was_; })

#define spin_unlock_irq(l) spin_unlock(l)
#define spin_lock_irqsave(l, flags)      ((flags) = 0, spin_lock(l))
#define spin_unlock_irqrestore(l, flags) ((void)(flags), spin_unlock(l))
#define rw_is_write_locked(l) ((l)->writer)
#define list_add_rcu list_add
#define list_del_rcu list_del
#define INIT_RCU_HEAD(head) ((void)(head))

/* Interrupts of a device. */

#define MAX_MSIX_TABLE_ENTRIES 2048
#define PCI_CAP_ID_MSIX 0x11

struct arch_msix {
    unsigned int nr_entries;
    struct msix_protection ro;
};

struct pci_dev {
    struct arch_msix *msix;
    struct list_head msi_list;
    uint32_t sbdf;
};

/* The capability of the function which was bound last. */
extern uint32_t msix_regs[2];
#define msix_table_offset_reg(pos) ((pos) + 0)
#define msix_pba_offset_reg(pos)   ((pos) + 1)
#define pci_conf_read32(sbdf, reg) msix_regs[(sbdf) + (reg)]

struct msi_desc {
    struct list_head list;
    struct pci_dev *dev;
    struct {
        uint8_t type, pos;
        uint16_t entry_nr;
        bool guest_masked;
    } msi_attrib;
    int irq;
};

struct irq_desc {
    spinlock_t lock;
    struct msi_desc *msi_desc;
};

struct pirq {
    struct irq_desc *desc;
};

static inline struct irq_desc *pirq_spin_lock_irq_desc(
    const struct pirq *pirq, unsigned long *flags)
{
    if ( pirq->desc )
        spin_lock(&pirq->desc->lock);

    return pirq->desc;
}

#define irq_to_desc(irq) ((void)(irq), (struct irq_desc *)NULL)
#define guest_mask_msi_irq(desc, mask) ((void)(desc), (void)(mask))

/* Accesses. */

enum { X86EMUL_OKAY, X86EMUL_UNHANDLEABLE };
enum { IOREQ_WRITE, IOREQ_READ, IOREQ_TYPE_COPY, STATE_IOREQ_READY };
enum { HVMTRANS_okay };

typedef struct {
    uint64_t addr, data;
    uint32_t count, size;
    uint8_t state, dir, df, data_is_ptr, type;
} ioreq_t;

struct hvm_io_handler {
    const struct hvm_io_ops *ops;
    uint8_t type;
};

struct hvm_io_ops {
    bool (*accept)(const struct hvm_io_handler *handler, const ioreq_t *r);
    int (*read)(const struct hvm_io_handler *handler, uint64_t addr,
                uint32_t size, uint64_t *data);
    int (*write)(const struct hvm_io_handler *handler, uint64_t addr,
                 uint32_t size, uint64_t data);
};

#define hvm_copy_from_guest_phys(to, gpa, size) \
    (memset(to, 0, size), (void)(gpa), (int)HVMTRANS_okay)
#define hvmemul_cache_disable(v) 0
#define hvmemul_cache_restore(v, token) ((void)(token))

/* Domains. */

#define VPF_blocked_in_xen 1
#define is_hvm_domain(d) true
#define has_vlapic(d) true
#define for_each_vcpu(d, v) for ( (v) = current; (v); (v) = NULL )

struct hvm_io_handler *hvm_next_io_handler(struct domain *d);
bool iomem_access_permitted(const struct domain *d, unsigned long first,
                            unsigned long last);

/* Delivery of interrupts, which nobody tries. */

struct hvm_pirq_dpci {
    struct { uint32_t gflags, gvec; } gmsi;
    unsigned int flags;
};
struct vlapic;

enum { dest_Fixed, dest_LowestPrio };
#define HVM_IRQ_DPCI_GUEST_MSI 1
#define XEN_DOMCTL_VMSI_X86_DM_MASK 0x200
#define XEN_DOMCTL_VMSI_X86_DELIV_MASK 0x7000
#define XEN_DOMCTL_VMSI_X86_TRIG_MASK 0x8000
#define HVM_DBG_LOG(...) ((void)0)
#define vcpu_vlapic(v) ((struct vlapic *)NULL)
#define vlapic_set_irq(...) ((void)0)
#define vlapic_lowest_prio(...) ((struct vlapic *)NULL)
#define vlapic_enabled(...) false
#define vlapic_match_dest(...) false

#endif /* TEST_SUBPAGE_MMIO_HVM_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
