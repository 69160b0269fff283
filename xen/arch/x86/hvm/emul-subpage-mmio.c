/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HVM guests' writes to partially protected MMIO pages: the environment for
 * subpage-mmio-emul.c.
 *
 * The processor, or shadow code, has found a write which the guest's own page
 * tables allow, but the second level ones do not.  An instruction which cannot
 * be emulated gets the guest a #GP.
 */

#include <xen/domain_page.h>
#include <xen/iocap.h>
#include <xen/mm.h>
#include <xen/paging.h>
#include <xen/rangeset.h>
#include <xen/sched.h>

#include <asm/altp2m.h>
#include <asm/hvm/emulate.h>
#include <asm/hvm/hvm.h>
#include <asm/hvm/support.h>
#include <asm/io.h>
#include <asm/p2m.h>
#include <asm/subpage-mmio-emul.h>

#define GUEST_PAGING_LEVELS 4
#include <asm/guest_pt.h>

struct hvm_subpage_emul {
    struct subpage_emul emul;
    paddr_t gpa;
    bool gla_known; /* .emul.cr2 is in the linear page of the access. */
    bool offset_ok; /* The access is known by the offset in .gpa. */
    bool emulated;  /* Emulated MMIO is accessed, too. */
};

static struct hvm_emulate_ctxt *hvm_ctxt(struct x86_emulate_ctxt *ctxt)
{
    return container_of(ctxt, struct hvm_emulate_ctxt, ctxt);
}

static unsigned int pfec(bool write, struct x86_emulate_ctxt *ctxt)
{
    const struct segment_register *ss =
        hvmemul_get_seg_reg(x86_seg_ss, hvm_ctxt(ctxt));

    return PFEC_page_present | (write ? PFEC_write_access : 0) |
           (ss->dpl == 3 ? PFEC_user_mode : 0);
}

static int cf_check to_linear(
    enum x86_segment seg, unsigned long offset, unsigned int bytes, bool write,
    struct x86_emulate_ctxt *ctxt, unsigned long *addr)
{
    return hvmemul_virtual_to_linear(seg, offset, bytes, NULL,
                                     write ? hvm_access_write
                                           : hvm_access_read,
                                     hvm_ctxt(ctxt), addr);
}

/*
 * With nested page tables, AMD processors report the guest physical address
 * of what faulted, but not the linear one.  The first write to a place with
 * the same offset into a page is the one which faulted: an instruction has no
 * other with that offset, or is a scatter, which goes element by element.
 * This saves a walk of the guest's page tables.
 */
static bool cf_check is_faulting(struct subpage_emul *emul, unsigned long addr,
                                 bool write, struct x86_emulate_ctxt *ctxt)
{
    struct hvm_subpage_emul *hvm =
        container_of(emul, struct hvm_subpage_emul, emul);
    uint32_t ec = pfec(write, ctxt);

    if ( hvm->gla_known )
        return !((addr ^ emul->cr2) & PAGE_MASK);

    if ( (!write || !hvm->offset_ok ||
          PAGE_OFFSET(addr) != PAGE_OFFSET(hvm->gpa)) &&
         paging_gva_to_gfn(current, addr, &ec) != PFN_DOWN(hvm->gpa) )
        return false;

    emul->cr2 = addr;
    hvm->gla_known = true;

    return true;
}

/* The entry which is in force, in the view that the guest has at present. */
static mfn_t look_up(unsigned long gfn, p2m_type_t *t, p2m_access_t *a)
{
    struct vcpu *curr = current;
    struct p2m_domain *p2m = altp2m_active(curr->domain)
                             ? p2m_get_altp2m(curr)
                             : p2m_get_hostp2m(curr->domain);
    mfn_t mfn = get_gfn_type_access(p2m, gfn, t, a, P2M_ALLOC, NULL);

    p2m_put_gfn(p2m, _gfn(gfn));

    /* Views other than the host's get their entries when they are needed. */
    if ( mfn_eq(mfn, INVALID_MFN) && p2m_is_altp2m(p2m) )
    {
        p2m = p2m_get_hostp2m(curr->domain);
        mfn = get_gfn_type_access(p2m, gfn, t, a, P2M_ALLOC, NULL);
        p2m_put_gfn(p2m, _gfn(gfn));
    }

    return mfn;
}

/* What is to ask an introspection agent first cannot be done by emulation. */
static bool is_allowed(p2m_access_t a, bool write)
{
    switch ( a )
    {
    case p2m_access_rwx:
    case p2m_access_rw:
        return true;

    case p2m_access_w:
    case p2m_access_wx:
        return write;

    case p2m_access_r:
    case p2m_access_rx:
    case p2m_access_rx2rw:
        return !write;

    default:
        return false;
    }
}

/* What may the guest do to MMIO which is mapped into it? */
static bool get_mmio(struct subpage_part *part, mfn_t mfn, bool write)
{
    part->page = subpage_mmio_get(mfn);
    if ( part->page )
        return true;

    /* The page which stands for the local APIC is Xen's, and RAM. */
    if ( mfn_valid(mfn) && page_get_owner(mfn_to_page(mfn)) != dom_io )
        return false;

    part->mmio = mfn;
    if ( !write || !rangeset_contains_singleton(mmio_ro_ranges, mfn_x(mfn)) )
        return true;

    /* R/o as a whole: whose writes get dropped is as in hvm.c. */
    part->discard = is_hardware_domain(current->domain);

    return part->discard;
}

static int cf_check get_part(struct subpage_part *part, bool write,
                             struct x86_emulate_ctxt *ctxt)
{
    struct hvm_subpage_emul *hvm =
        container_of(subpage_emul(ctxt), struct hvm_subpage_emul, emul);
    uint32_t ec = pfec(write, ctxt);
    unsigned long gfn = paging_gva_to_gfn(current, part->addr, &ec);
    p2m_access_t a;
    p2m_type_t t;
    mfn_t mfn;

    if ( gfn == gfn_x(INVALID_GFN) )
    {
        if ( ec & (PFEC_page_paged | PFEC_page_shared) )
            return X86EMUL_RETRY;

        x86_emul_pagefault(ec & PFEC_arch_mask, part->addr, ctxt);
        return X86EMUL_EXCEPTION;
    }

    hvm->emulated = hvm_mmio_internal(pfn_to_paddr(gfn));
    if ( hvm->emulated )
        return X86EMUL_UNHANDLEABLE;

    mfn = look_up(gfn, &t, &a);

    hvm->emulated = t == p2m_mmio_dm;
    if ( hvm->emulated || !is_allowed(a, write) )
        return X86EMUL_UNHANDLEABLE;

    if ( p2m_is_any_ram(t) )
        return X86EMUL_OKAY;

    return t == p2m_mmio_direct && get_mmio(part, mfn, write)
           ? X86EMUL_OKAY : X86EMUL_UNHANDLEABLE;
}

static int cf_check copy(const struct subpage_part *part, void *data,
                         bool write, struct x86_emulate_ctxt *ctxt)
{
    pagefault_info_t info;
    enum hvm_translation_result rc;

    if ( !mfn_eq(part->mmio, INVALID_MFN) )
    {
        void __iomem *va = ioremap(mfn_to_maddr(part->mmio), PAGE_SIZE);

        if ( !va )
            return X86EMUL_UNHANDLEABLE;

        if ( write )
            subpage_mmio_copy_to(va + PAGE_OFFSET(part->addr), data,
                                 part->bytes);
        else
            subpage_mmio_copy_from(data, va + PAGE_OFFSET(part->addr),
                                   part->bytes);

        if ( mfn_x(part->mmio) >= PFN_DOWN(MB(1)) )
            iounmap(va);

        return X86EMUL_OKAY;
    }

    rc = write ? hvm_copy_to_guest_linear(part->addr, data, part->bytes,
                                          pfec(true, ctxt), &info)
               : hvm_copy_from_guest_linear(data, part->addr, part->bytes,
                                            pfec(false, ctxt), &info);

    switch ( rc )
    {
    case HVMTRANS_okay:
        return X86EMUL_OKAY;

    case HVMTRANS_bad_linear_to_gfn:
        x86_emul_pagefault(info.ec, info.linear, ctxt);
        return X86EMUL_EXCEPTION;

    case HVMTRANS_gfn_paged_out:
    case HVMTRANS_gfn_shared:
    case HVMTRANS_need_retry:
        return X86EMUL_RETRY;

    default:
        return X86EMUL_UNHANDLEABLE;
    }
}

static bool direct_mmio(ioreq_t *p)
{
    bool write = p->dir == IOREQ_WRITE, done = true;
    struct subpage_part part = {
        .addr = p->addr,
        .bytes = p->size,
        .mmio = INVALID_MFN,
    };
    struct subpage_mmio_access access = {};
    p2m_access_t a;
    p2m_type_t t;
    mfn_t mfn = look_up(PFN_DOWN(p->addr), &t, &a);

    if ( t != p2m_mmio_direct || !is_allowed(a, write) ||
         !iomem_access_permitted(current->domain, mfn_x(mfn), mfn_x(mfn)) ||
         !get_mmio(&part, mfn, write) )
        return false;

    if ( !part.page )
        return part.discard ||
               copy(&part, &p->data, write, NULL) == X86EMUL_OKAY;

    access.page = part.page;
    subpage_mmio_begin(&access);
    if ( write )
        subpage_mmio_write(part.page, PAGE_OFFSET(p->addr), &p->data,
                           p->size);
    else
        done = subpage_mmio_read(part.page, PAGE_OFFSET(p->addr), &p->data,
                                 p->size);
    subpage_mmio_end(&access);
    subpage_mmio_put(part.page);

    return done;
}

bool hvm_direct_mmio(ioreq_t *p)
{
    struct domain *currd = current->domain;
    p2m_type_t t;
    bool done;

    /*
     * Who has looked at the gfn may have found emulated MMIO, with accesses as
     * those may be: across pages, for one.
     */
    if ( p->count > 1 || p->data_is_ptr ||
         PAGE_OFFSET(p->addr) + p->size > PAGE_SIZE )
        return false;

    /* Until the device has had it, the page must not become another one's. */
    get_gfn_query(currd, PFN_DOWN(p->addr), &t);
    done = direct_mmio(p);
    put_gfn(currd, PFN_DOWN(p->addr));

    return done;
}

static bool read_page(unsigned long gfn, unsigned int offset, void *data,
                      unsigned int bytes)
{
    p2m_type_t t;
    struct page_info *page = get_page_from_gfn(current->domain, gfn, &t,
                                               P2M_ALLOC);

    if ( !page )
        return false;

    if ( p2m_is_ram(t) )
    {
        const void *map = __map_domain_page(page);

        memcpy(data, map + offset, bytes);
        unmap_domain_page(map);
    }

    put_page(page);

    return p2m_is_ram(t);
}

/*
 * Find the gfn of what 64-bit code executes at @rip.  Shadow code has a cache
 * for this; otherwise what is there besides the walk would double its cost.
 */
static unsigned long rip_to_gfn(unsigned long rip)
{
    struct vcpu *curr = current;
    uint32_t ec = PFEC_page_present | PFEC_insn_fetch |
                  (hvm_get_cpl(curr) == 3 ? PFEC_user_mode : 0);
    gfn_t top = gaddr_to_gfn(curr->arch.hvm.guest_cr[3]);
    p2m_type_t t;
    struct page_info *page;
    unsigned int token;
    void *map;
    walk_t gw;
    bool ok;

    if ( !paging_mode_hap(curr->domain) )
        return paging_gva_to_gfn(curr, rip, &ec);

    page = get_page_from_gfn(curr->domain, gfn_x(top), &t,
                             P2M_ALLOC | P2M_UNSHARE);
    if ( !page )
        return gfn_x(INVALID_GFN);

    map = __map_domain_page(page);
    /* The cache of what was read is for emulation which is tried again. */
    token = hvmemul_cache_disable(curr);
    ok = guest_walk_tables(curr, p2m_get_hostp2m(curr->domain), rip, &gw, ec,
                           top, page_to_mfn(page), map);
    hvmemul_cache_restore(curr, token);
    unmap_domain_page(map);
    put_page(page);

    return gfn_x(ok ? guest_walk_to_gfn(&gw) : INVALID_GFN);
}

static bool fetch(unsigned long rip, uint8_t insn[SUBPAGE_MOV_INSN])
{
    unsigned long gfn;

    if ( PAGE_OFFSET(rip) > PAGE_SIZE - SUBPAGE_MOV_INSN )
        return false;

    gfn = rip_to_gfn(rip);

    return gfn != gfn_x(INVALID_GFN) &&
           read_page(gfn, PAGE_OFFSET(rip), insn, SUBPAGE_MOV_INSN);
}

/*
 * Most stores need none of the emulator.  Returns whether this one did not,
 * and is done.
 */
static bool store(struct subpage_mmio *page, paddr_t gpa, unsigned long gla,
                  struct npfec npfec)
{
    struct cpu_user_regs *regs = guest_cpu_user_regs();
    uint8_t insn[SUBPAGE_MOV_INSN];
    struct subpage_mov mov;

    if ( npfec.kind != npfec_kind_with_gla ||
         (regs->eflags & X86_EFLAGS_TF) ||
         hvm_guest_x86_mode(current) != 8 ||
         alternative_call(hvm_funcs.get_interrupt_shadow, current) ||
         !fetch(regs->rip, insn) || !subpage_mov_decode(insn, regs, &mov) ||
         (npfec.gla_valid ? mov.addr != gla
                          : PAGE_OFFSET(mov.addr) != PAGE_OFFSET(gpa)) ||
         PAGE_OFFSET(mov.addr) + mov.bytes > PAGE_SIZE )
        return false;

    subpage_mov_complete(&mov, page, regs);

    return true;
}

/* Returns whether the instruction has been dealt with. */
static bool emulate(struct subpage_mmio *page, paddr_t gpa, unsigned long gla,
                    struct npfec npfec)
{
    static const struct subpage_emul_env env = {
        .to_linear   = to_linear,
        .get_part    = get_part,
        .copy        = copy,
        .is_faulting = is_faulting,
    };
    struct hvm_subpage_emul hvm = {
        .emul.cr2 = gla,
        .emul.access.page = page,
        .emul.env = &env,
        .gpa = gpa,
        .gla_known = npfec.gla_valid && npfec.kind == npfec_kind_with_gla,
        .offset_ok = npfec.kind == npfec_kind_with_gla,
    };
    struct hvm_emulate_ctxt ctxt;
    int rc;

    hvm_emulate_init_once(&ctxt, NULL, guest_cpu_user_regs());
    ctxt.ctxt.data = &hvm.emul;

    subpage_mmio_begin(&hvm.emul.access);

    do {
        rc = hvm_emulate_one_subpage_mmio(&ctxt);
    } while ( subpage_emul_again(&ctxt.ctxt, rc) );

    subpage_emul_complete(&ctxt.ctxt, rc);
    subpage_mmio_end(&hvm.emul.access);

    switch ( rc )
    {
    case X86EMUL_UNHANDLEABLE:
    case X86EMUL_UNIMPLEMENTED:
        if ( hvm.emulated )
            return false;

        hvm_dump_emulation_state(XENLOG_G_WARNING, "Sub-page MMIO", &ctxt, rc);
        hvm_inject_hw_exception(TRAP_gp_fault, 0);
        return true;

    case X86EMUL_EXCEPTION:
        hvm_inject_event(&ctxt.ctxt.event);
        break;
    }

    hvm_emulate_writeback(&ctxt);

    return true;
}

bool hvm_emulate_subpage_mmio(struct subpage_mmio *page, paddr_t gpa,
                              unsigned long gla, struct npfec npfec)
{
    return store(page, gpa, gla, npfec) || emulate(page, gpa, gla, npfec);
}

/* By way of hvm_direct_mmio(), it is the same to the device. */
void hvm_emulate_mixed_mmio(void)
{
    if ( !handle_mmio() )
        hvm_inject_hw_exception(TRAP_gp_fault, 0);
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
