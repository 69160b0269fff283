/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PV guests' writes to partially protected MMIO pages: the environment for
 * subpage-mmio-emul.c.
 *
 * The processor has raised #PF for a write to a page which the guest mapped,
 * or would have liked to map, writable.  An instruction which cannot be
 * emulated leaves the guest with it.
 */

#include <xen/guest_access.h>
#include <xen/sched.h>

#include <asm/current.h>
#include <asm/debugreg.h>
#include <asm/i387.h>
#include <asm/pv/mm.h>
#include <asm/subpage-mmio-emul.h>
#include <asm/xstate.h>

#include "emulate.h"
#include "mm.h"

struct pv_subpage_emul {
    struct subpage_emul emul;
    struct {
        unsigned long base, limit;
    } cs;
};

/*
 * Find the L1 entry which the current page tables have for @linear.
 *
 * The linear page tables alone do not do: linear page tables of the guest's
 * own, or large mappings which Xen makes for it, have them show what is not a
 * page table entry.  But what they lead to, in the end, has to be an L1 table
 * of the domain, and as long as that is locked, Xen vouches for its entries.
 * A guest which manages to have another one of its L1 tables looked at gets
 * no further than that table lets it.
 */
static bool guest_l1e(unsigned long linear, l1_pgentry_t *l1e)
{
    l2_pgentry_t l2e;
    struct page_info *page;
    bool ok = false;

    if ( !__addr_ok(linear) ||
         get_unsafe(l2e, &__linear_l2_table[l2_linear_offset(linear)]) ||
         (l2e_get_flags(l2e) & (_PAGE_PRESENT | _PAGE_PSE)) !=
         _PAGE_PRESENT ||
         !(page = get_page_from_mfn(l2e_get_mfn(l2e), current->domain)) )
        return false;

    if ( page_lock(page) )
    {
        ok = (page->u.inuse.type_info & PGT_type_mask) == PGT_l1_page_table;
        if ( ok )
        {
            const l1_pgentry_t *l1t = map_domain_page(l2e_get_mfn(l2e));

            *l1e = l1t[l1_table_offset(linear)];
            unmap_domain_page(l1t);
        }
        page_unlock(page);
    }

    put_page(page);

    return ok;
}

/* The flags which the levels above an L1 entry have in common. */
static unsigned int guest_flags(unsigned long linear)
{
    l4_pgentry_t l4e;
    l3_pgentry_t l3e;
    l2_pgentry_t l2e;

    if ( get_unsafe(l4e, &__linear_l4_table[l4_linear_offset(linear)]) ||
         get_unsafe(l3e, &__linear_l3_table[l3_linear_offset(linear)]) ||
         get_unsafe(l2e, &__linear_l2_table[l2_linear_offset(linear)]) )
        return 0;

    return l4e_get_flags(l4e) & l3e_get_flags(l3e) & l2e_get_flags(l2e);
}

/*
 * Xen accesses guest memory as a supervisor.  That is what 32-bit kernels are
 * too, but not user mode, whichever it is.
 */
static bool user_ok(unsigned int flags)
{
    return (flags & _PAGE_USER) ||
           guest_kernel_mode(current, guest_cpu_user_regs());
}

static int raise_pf(unsigned int pfec, unsigned long addr,
                    struct x86_emulate_ctxt *ctxt)
{
    x86_emul_pagefault(pfec, addr, ctxt);

    return X86EMUL_EXCEPTION;
}

static int cf_check to_linear(
    enum x86_segment seg, unsigned long offset, unsigned int bytes, bool write,
    struct x86_emulate_ctxt *ctxt, unsigned long *addr)
{
    struct segment_register sreg;
    int rc;

    if ( seg == x86_seg_none )
    {
        *addr = offset;
        return X86EMUL_OKAY;
    }

    rc = pv_emul_read_segment(seg, &sreg, ctxt);

    return rc == X86EMUL_OKAY
           ? pv_emul_virt_to_linear(sreg.base, offset, bytes, sreg.limit, seg,
                                    ctxt, addr)
           : rc;
}

static int cf_check get_part(struct subpage_part *part, bool write,
                             struct x86_emulate_ctxt *ctxt)
{
    unsigned int pfec = write ? PFEC_write_access : 0;
    l1_pgentry_t l1e;
    unsigned int upper = 0, flags = 0;

    if ( guest_l1e(part->addr, &l1e) )
    {
        upper = guest_flags(part->addr);
        flags = upper & l1e_get_flags(l1e);
    }

    if ( !(flags & _PAGE_PRESENT) )
        return raise_pf(pfec, part->addr, ctxt);

    if ( !user_ok(flags) )
        return raise_pf(pfec | PFEC_page_present, part->addr, ctxt);

    if ( !write || (flags & _PAGE_RW) )
        return X86EMUL_OKAY;

    /* As may_write() has it: Xen clears this flag in L1 entries only. */
    if ( !(upper & _PAGE_RW) && !guest_kernel_mode(current, ctxt->regs) )
        return raise_pf(pfec | PFEC_page_present, part->addr, ctxt);

    part->page = subpage_mmio_get(l1e_get_mfn(l1e));
    if ( part->page )
        return X86EMUL_OKAY;

    /* R/o as a whole: whose writes get dropped is as in ro-page-fault.c. */
    part->discard = is_hardware_domain(current->domain) &&
                    guest_kernel_mode(current, ctxt->regs) &&
                    rangeset_contains_singleton(mmio_ro_ranges,
                                                l1e_get_pfn(l1e));

    return part->discard ? X86EMUL_OKAY
                         : raise_pf(pfec | PFEC_page_present, part->addr,
                                    ctxt);
}

/*
 * Access the guest's own mapping, in naturally aligned pieces like those which
 * devices get from the engine: this may be MMIO, too.
 */
static int cf_check copy(const struct subpage_part *part, void *data,
                         bool write, struct x86_emulate_ctxt *ctxt)
{
    unsigned long addr = part->addr;
    unsigned int bytes = part->bytes;

    while ( bytes )
    {
        unsigned int n = 8;
        uint64_t val = 0;
        int rc = 0;

        while ( n > bytes || (addr & (n - 1)) )
            n >>= 1;

        if ( write )
            memcpy(&val, data, n);

        switch ( n )
        {
#define ACCESS(type)                                                \
            rc = write ? put_unsafe((type)val, (type *)addr)        \
                       : ({ type val_;                              \
                            int rc_ = get_unsafe(val_, (type *)addr); \
                            val = val_;                             \
                            rc_; });                                \
            break
        case 1: ACCESS(uint8_t);
        case 2: ACCESS(uint16_t);
        case 4: ACCESS(uint32_t);
        case 8: ACCESS(uint64_t);
#undef ACCESS
        }

        if ( rc )
            return raise_pf(write ? PFEC_write_access : 0, addr, ctxt);

        if ( !write )
            memcpy(data, &val, n);

        addr += n;
        data += n;
        bytes -= n;
    }

    return X86EMUL_OKAY;
}

/* 64-bit domains have no pages which just their kernels may access. */
static bool may_fetch(unsigned long addr)
{
    l1_pgentry_t l1e;

    return !is_pv_32bit_vcpu(current) ||
           (guest_l1e(addr, &l1e) &&
            user_ok(guest_flags(addr) & l1e_get_flags(l1e)));
}

static int cf_check insn_fetch(
    unsigned long offset, void *p_data, unsigned int bytes,
    struct x86_emulate_ctxt *ctxt)
{
    const struct pv_subpage_emul *emul =
        container_of(subpage_emul(ctxt), const struct pv_subpage_emul, emul);
    unsigned long addr;
    unsigned int left;
    int rc = pv_emul_virt_to_linear(emul->cs.base, offset, bytes,
                                    emul->cs.limit, x86_seg_cs, ctxt, &addr);

    if ( rc != X86EMUL_OKAY )
        return rc;

    if ( bytes && (!may_fetch(addr) || !may_fetch(addr + bytes - 1)) )
        return raise_pf(PFEC_insn_fetch, addr, ctxt);

    left = copy_from_guest_pv(p_data, (void __user *)addr, bytes);

    return left ? raise_pf(PFEC_insn_fetch, addr + bytes - left, ctxt)
                : X86EMUL_OKAY;
}

static int cf_check read_cr(
    unsigned int reg, unsigned long *val, struct x86_emulate_ctxt *ctxt)
{
    /*
     * What matters here is what the processor goes by when the guest runs;
     * just TS is a matter between Xen and the guest.
     */
    switch ( reg )
    {
    case 0:
        *val = (read_cr0() & ~X86_CR0_TS) |
               (current->arch.pv.ctrlreg[0] & X86_CR0_TS);
        return X86EMUL_OKAY;

    case 4:
        *val = read_cr4();
        return X86EMUL_OKAY;
    }

    return X86EMUL_UNHANDLEABLE;
}

static void load_fpu(struct vcpu *curr)
{
    curr->fpu_dirtied = false;

    if ( curr->arch.fully_eager_fpu )
        vcpu_restore_fpu_nonlazy(curr, false);
    else
        vcpu_restore_fpu_lazy(curr);
}

static int cf_check get_fpu(
    enum x86_emulate_fpu_type type, struct x86_emulate_ctxt *ctxt)
{
    struct vcpu *curr = current;

    /* The processor would have raised #NM first.  Let it do so. */
    if ( curr->arch.pv.ctrlreg[0] & X86_CR0_TS )
    {
        stts();
        return X86EMUL_RETRY;
    }

    if ( !curr->fpu_dirtied )
        load_fpu(curr);
    else if ( type == X86EMUL_FPU_fpu )
    {
        /* Have a copy to go back to, should the store fail after a pop. */
        save_fpu_enable();
        load_fpu(curr);
    }

    return X86EMUL_OKAY;
}

static void cf_check put_fpu(
    struct x86_emulate_ctxt *ctxt, enum x86_emulate_fpu_type backout,
    const struct x86_emul_fpu_aux *aux)
{
    struct vcpu *curr = current;

    if ( aux )
    {
        typeof(curr->arch.xsave_area->fpu_sse) *fpu = curr->arch.fpu_ctxt;
        bool dval = aux->dval;

        /* The registers name the emulator's instruction, not the guest's. */
        save_fpu_enable();

        if ( boot_cpu_has(X86_FEATURE_FDP_EXCP_ONLY) &&
             !(fpu->fsw & ~fpu->fcw & 0x3f) )
            dval = false;

        fpu->fop = aux->op;

        if ( ctxt->addr_size == 64 )
        {
            fpu->fip.addr = aux->ip;
            if ( dval )
                fpu->fdp.addr = aux->dp;
        }
        else
        {
            fpu->fip.offs = aux->ip;
            fpu->fip.sel = aux->cs;
            if ( dval )
            {
                fpu->fdp.offs = aux->dp;
                fpu->fdp.sel = aux->ds;
            }
        }
        fpu->x[FPU_WORD_SIZE_OFFSET] = ctxt->addr_size / 8;
    }

    if ( aux || backout == X86EMUL_FPU_fpu )
        load_fpu(curr);
}

/* Unlike privileged ones, instructions may store the selector. */
static int cf_check read_segment(
    enum x86_segment seg, struct segment_register *reg,
    struct x86_emulate_ctxt *ctxt)
{
    int rc = pv_emul_read_segment(seg, reg, ctxt);

    switch ( seg )
    {
    case x86_seg_cs: reg->sel = ctxt->regs->cs; break;
    case x86_seg_ds: reg->sel = read_sreg(ds);  break;
    case x86_seg_es: reg->sel = read_sreg(es);  break;
    case x86_seg_fs: reg->sel = read_sreg(fs);  break;
    case x86_seg_gs: reg->sel = read_sreg(gs);  break;
    case x86_seg_ss: reg->sel = ctxt->regs->ss; break;
    default:         reg->sel = 0;              break;
    }

    return rc;
}

static const struct subpage_emul_env env = {
    .to_linear = to_linear,
    .get_part  = get_part,
    .copy      = copy,
};

static const struct x86_emulate_ops ops = {
    .read         = subpage_emul_read,
    .insn_fetch   = insn_fetch,
    .write        = subpage_emul_write,
    .rmw          = subpage_emul_rmw,
    .cmpxchg      = subpage_emul_cmpxchg,
    .blk          = subpage_emul_blk,
    .validate     = subpage_emul_validate,
    .read_segment = read_segment,
    .read_cr      = read_cr,
    .read_xcr     = x86emul_read_xcr,
    .get_fpu      = get_fpu,
    .put_fpu      = put_fpu,
};

/* What the segments say about the size of addresses, and where code is. */
static bool set_sizes(struct x86_emulate_ctxt *ctxt,
                      struct pv_subpage_emul *emul)
{
    const struct vcpu *curr = current;
    unsigned long base, limit;
    unsigned int ar;

    ctxt->addr_size = ctxt->sp_size = 64;
    if ( !is_pv_32bit_vcpu(curr) && ctxt->regs->cs == FLAT_KERNEL_CS64 )
        return true;

    if ( !pv_emul_read_descriptor(ctxt->regs->cs, curr, &emul->cs.base,
                                  &emul->cs.limit, &ar, 1) )
        return false;

    if ( ar & _SEGMENT_L )
        return true;

    ctxt->addr_size = (ar & _SEGMENT_DB) ? 32 : 16;

    if ( !pv_emul_read_descriptor(ctxt->regs->ss, curr, &base, &limit, &ar,
                                  0) )
        return false;

    ctxt->sp_size = (ar & _SEGMENT_DB) ? 32 : 16;

    return true;
}

/*
 * Most stores need none of the emulator.  Returns whether this one did not,
 * and is done.
 */
static bool store(struct cpu_user_regs *regs, unsigned long addr,
                  struct subpage_mmio *page)
{
    uint64_t insn[SUBPAGE_MOV_INSN / 8];
    struct subpage_mov mov;

    if ( is_pv_32bit_vcpu(current) || regs->cs != FLAT_KERNEL_CS64 ||
         (regs->eflags & X86_EFLAGS_TF) || !__addr_ok(regs->rip) ||
         PAGE_OFFSET(regs->rip) > PAGE_SIZE - sizeof(insn) ||
         get_unsafe(insn[0], (uint64_t *)regs->rip) ||
         get_unsafe(insn[1], (uint64_t *)regs->rip + 1) ||
         !subpage_mov_decode((uint8_t *)insn, regs, &mov) ||
         mov.addr != addr || PAGE_OFFSET(addr) + mov.bytes > PAGE_SIZE )
        return false;

    subpage_mov_complete(&mov, page, regs);

    return true;
}

static int emulate(struct x86_emulate_ctxt *ctxt, unsigned long addr,
                   struct subpage_mmio *page)
{
    struct pv_subpage_emul emul = {
        .emul.cr2 = addr,
        .emul.access.page = page,
        .emul.env = &env,
        .cs.limit = ~0UL,
    };
    int rc;

    if ( !set_sizes(ctxt, &emul) )
        return X86EMUL_UNHANDLEABLE;

    ctxt->data = &emul.emul;
    ctxt->force_writeback = true;

    subpage_mmio_begin(&emul.emul.access);

    do {
        rc = x86_emulate(ctxt, &ops);
    } while ( subpage_emul_again(ctxt, rc) );

    subpage_emul_complete(ctxt, rc);
    subpage_mmio_end(&emul.emul.access);

    return rc;
}

/* Separate, as it takes a lot of stack to be initialized. */
static bool noinline emulate_fault(struct cpu_user_regs *regs,
                                   unsigned long addr,
                                   struct subpage_mmio *page)
{
    struct x86_emulate_ctxt ctxt = {
        .regs = regs,
        .cpu_policy = current->domain->arch.cpu_policy,
        .lma = !is_pv_32bit_vcpu(current),
    };

    switch ( emulate(&ctxt, addr, page) )
    {
    case X86EMUL_EXCEPTION:
        pv_inject_event(&ctxt.event);

        /* Fallthrough */
    case X86EMUL_OKAY:
        if ( ctxt.retire.singlestep )
        {
            current->arch.dr6 |= DR_STEP | DR_STATUS_RESERVED_ONE;
            pv_inject_hw_exception(TRAP_debug, X86_EVENT_NO_EC);
        }

        /* Fallthrough */
    case X86EMUL_RETRY:
        return true;
    }

    return false;
}

/* User mode must not get more than its page tables give it. */
static bool may_write(unsigned long addr, l1_pgentry_t l1e,
                      const struct cpu_user_regs *regs)
{
    unsigned int flags;

    if ( guest_kernel_mode(current, regs) )
        return true;

    flags = guest_flags(addr);

    return (flags & _PAGE_RW) && (flags & l1e_get_flags(l1e) & _PAGE_USER);
}

int pv_subpage_mmio_fault(unsigned long addr, struct cpu_user_regs *regs,
                          struct subpage_mmio *page, mfn_t mfn)
{
    l1_pgentry_t l1e;
    bool done = false;

    if ( guest_l1e(addr, &l1e) && (l1e_get_flags(l1e) & _PAGE_PRESENT) &&
         mfn_eq(l1e_get_mfn(l1e), mfn) && may_write(addr, l1e, regs) )
        done = store(regs, addr, page) || emulate_fault(regs, addr, page);

    subpage_mmio_put(page);

    return done ? EXCRET_fault_fixed : 0;
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
