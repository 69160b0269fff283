/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an HVM guest may reach beside the page which faulted, and how that may
 * fail: functions of hvm/emul-subpage-mmio.c, as they are in Xen.
 */

#include <asm/subpage-mmio-emul.h>

#include "test.h"

/* Of what they find in Xen's headers. */

#define PFEC_arch_mask   0xffffU
#define PFEC_page_paged  (1U << 16)
#define PFEC_page_shared (1U << 17)

typedef enum { p2m_ram, p2m_mmio_dm, p2m_mmio_direct } p2m_type_t;
typedef enum {
    p2m_access_n, p2m_access_r, p2m_access_w, p2m_access_rw, p2m_access_x,
    p2m_access_rx, p2m_access_wx, p2m_access_rwx, p2m_access_rx2rw,
    p2m_access_n2rwx,
} p2m_access_t;

enum hvm_translation_result {
    HVMTRANS_okay, HVMTRANS_bad_linear_to_gfn, HVMTRANS_bad_gfn_to_mfn,
    HVMTRANS_unhandleable, HVMTRANS_gfn_paged_out, HVMTRANS_gfn_shared,
    HVMTRANS_need_retry,
};

typedef struct { uint32_t ec; unsigned long linear; } pagefault_info_t;

struct hvm_emulate_ctxt { struct x86_emulate_ctxt ctxt; };

/* What they use of their instruction's data. */
struct hvm_subpage_emul {
    struct subpage_emul emul;
    bool emulated;
};

/* Where everything is, for the guest and for its domain. */
#define LINEAR 0x7000UL
#define GFN    0xf3000UL
#define RO     (MMIO + 1)   /* R/o as a whole. */
#define LAPIC  0x200UL      /* Stands for it, and is memory. */
#define NONE   ~0UL

/* A view of its memory, which has one page, and is locked now and then. */
struct p2m_domain {
    unsigned long mfn;
    p2m_type_t t;
    p2m_access_t a;
    unsigned int held;
};

static struct guest {
    bool user, unmapped, xens, hwdom, in_view, no_access;
    uint32_t ec;            /* If it has not mapped it. */
    enum hvm_translation_result copied;
    struct p2m_domain host, view;
} guest;

static const struct segment_register *hvmemul_get_seg_reg(
    enum x86_segment seg, struct hvm_emulate_ctxt *ctxt)
{
    static struct segment_register ss;

    CHECK(seg == x86_seg_ss, "asked for segment %u", seg);
    ss.dpl = guest.user ? 3 : 0;

    return &ss;
}

static struct hvm_emulate_ctxt *hvm_ctxt(struct x86_emulate_ctxt *ctxt)
{
    return container_of(ctxt, struct hvm_emulate_ctxt, ctxt);
}

static bool altp2m_active(const struct domain *d)
{
    return guest.in_view;
}

static bool is_hardware_domain(const struct domain *d)
{
    return guest.hwdom;
}

static bool hvm_mmio_internal(paddr_t gpa)
{
    CHECK(gpa == pfn_to_paddr(GFN), "asked for %#lx", gpa);

    return guest.xens;
}

static unsigned long paging_gva_to_gfn(struct vcpu *v, unsigned long addr,
                                       uint32_t *ec)
{
    CHECK(addr == LINEAR, "asked for %#lx", addr);
    if ( !guest.unmapped )
        return GFN;

    *ec = guest.ec ?: *ec & ~PFEC_page_present;

    return NONE;
}

static mfn_t get_gfn_type_access(struct p2m_domain *p2m, unsigned long gfn,
                                 p2m_type_t *t, p2m_access_t *a,
                                 unsigned int how, unsigned int *order)
{
    CHECK(gfn == GFN, "asked for frame %#lx", gfn);
    p2m->held++;
    *t = p2m->t;
    *a = p2m->a;

    return _mfn(p2m->mfn);
}

static enum hvm_translation_result copied(unsigned long addr, uint32_t ec,
                                          bool write, pagefault_info_t *info)
{
    CHECK(ec == (PFEC_page_present | (write ? PFEC_write_access : 0) |
                 (guest.user ? PFEC_user_mode : 0)), "as %#x", ec);
    *info = (pagefault_info_t){ ec & ~PFEC_page_present, addr };

    return guest.copied;
}

/* What it asks of the hypervisor for the device. */
typedef struct {
    uint64_t addr, data;
    unsigned int count, size;
    bool data_is_ptr;
    enum { IOREQ_WRITE, IOREQ_READ } dir;
} ioreq_t;

#define get_gfn_query(d, gfn, t)                            \
    ((void)(d), get_gfn_type_access(&guest.host, gfn, t,    \
                                    &(p2m_access_t){ 0 }, 0, NULL))
#define put_gfn(d, gfn) ((void)(d), (void)(gfn), guest.host.held--)

static bool iomem_access_permitted(const struct domain *d, unsigned long first,
                                   unsigned long last)
{
    CHECK(first == last, "asked for several pages");

    return !guest.no_access;
}

#define P2M_ALLOC 0
#define INVALID_GFN NONE
#define gfn_x(gfn) (gfn)
#define _gfn(gfn)  (gfn)
#define mfn_eq(a, b) (mfn_x(a) == mfn_x(b))
#define p2m_is_any_ram(t) ((t) == p2m_ram)
#define p2m_is_altp2m(p2m) ((p2m) == &guest.view)
#define p2m_get_altp2m(v) ((void)(v), &guest.view)
#define p2m_get_hostp2m(d) ((void)(d), &guest.host)
#define p2m_put_gfn(p2m, gfn) ((p2m)->held--)
#define hvm_copy_to_guest_linear(addr, data, bytes, ec, info) \
    ((void)(data), copied(addr, ec, true, info))
#define hvm_copy_from_guest_linear(data, addr, bytes, ec, info) \
    ((void)(data), copied(addr, ec, false, info))

#include "env-hvm.inc"

static struct hvm_subpage_emul emul;
static struct hvm_emulate_ctxt ctxt;

static void start(const struct guest *its)
{
    guest = *its;
    memset(&emul, 0, sizeof(emul));
    memset(&ctxt, 0, sizeof(ctxt));
    ctxt.ctxt.data = &emul.emul;
    guest.host.held = guest.view.held = 0;
}

/* Nothing is locked, and what is raised is a page fault at LINEAR. */
static void check_result(const char *what, int rc, int due, int ec)
{
    const struct x86_event *event = &ctxt.ctxt.event;

    CHECK(rc == due, "%s: %d", what, rc);
    CHECK(!guest.host.held && !guest.view.held, "%s: still locked", what);
    CHECK(ctxt.ctxt.event_pending == (due == X86EMUL_EXCEPTION), "%s: event",
          what);
    CHECK(!ctxt.ctxt.event_pending ||
          (event->vector == 14 && event->cr2 == LINEAR &&
           event->error_code == ec), "%s: #%u, error code %#x, %#lx", what,
          event->vector, event->error_code, event->cr2);
}

#define OKAY      X86EMUL_OKAY
#define NOT       X86EMUL_UNHANDLEABLE
#define EXCEPTION X86EMUL_EXCEPTION
#define RETRY     X86EMUL_RETRY
#define RAM_PAGE    { 0x100, p2m_ram, p2m_access_rwx }
#define DIRECT(mfn) { mfn, p2m_mmio_direct, p2m_access_rwx }
#define ABSENT      { NONE, p2m_mmio_dm, p2m_access_n }

/*
 * A broken one gets the guest to where it may not go, past whoever has to be
 * asked first, or has it find an exception where there would be none.
 */
static void beside(void)
{
    static const struct {
        const char *what;
        struct guest guest;
        bool write;
        int rc;
        uint32_t ec;
        bool page, mmio, discard, emulated;
    } parts[] = {
        { "memory", { .host = RAM_PAGE }, true, OKAY },
        { "not mapped", { .unmapped = true }, true, EXCEPTION,
          PFEC_write_access },
        { "not mapped, user", { .unmapped = true, .user = true }, false,
          EXCEPTION, PFEC_user_mode },
        { "not mapped, and more", { .unmapped = true, .ec = (1U << 18) | 2 },
          true, EXCEPTION, 2 },
        { "paged out", { .unmapped = true, .ec = PFEC_page_paged }, true,
          RETRY },
        { "shared", { .unmapped = true, .ec = PFEC_page_shared }, true,
          RETRY },
        { "Xen's", { .xens = true, .host = RAM_PAGE }, true, NOT,
          .emulated = true },
        { "the device model's", { .host = { 0, p2m_mmio_dm,
                                            p2m_access_rw } }, true, NOT,
          .emulated = true },
        { "protected in part", { .host = DIRECT(MMIO) }, true, OKAY,
          .page = true },
        { "protected in part, read", { .host = DIRECT(MMIO) }, false, OKAY,
          .page = true },
        { "other MMIO", { .host = DIRECT(MMIO + 2) }, true, OKAY,
          .mmio = true },
        { "r/o as a whole", { .host = DIRECT(RO) }, true, NOT, .mmio = true },
        { "r/o as a whole, read", { .host = DIRECT(RO) }, false, OKAY,
          .mmio = true },
        { "r/o as a whole, dom0", { .host = DIRECT(RO), .hwdom = true }, true,
          OKAY, .mmio = true, .discard = true },
        { "the local APIC's", { .host = DIRECT(LAPIC) }, true, NOT },
        { "the local APIC's, read", { .host = DIRECT(LAPIC) }, false, NOT },
        { "another view of it", { .in_view = true, .host = RAM_PAGE,
                                  .view = DIRECT(MMIO) }, true, OKAY,
          .page = true },
        { "no entry there", { .in_view = true, .host = DIRECT(MMIO),
                              .view = ABSENT }, true, OKAY, .page = true },
        { "no entry anywhere", { .in_view = true, .host = ABSENT,
                                 .view = ABSENT }, true, NOT,
          .emulated = true },
    };
    unsigned int i;

    add(MMIO, 0, GRANULE);
    CHECK(!rangeset_add_singleton(mmio_ro_ranges, RO), "r/o as a whole");
    for ( i = 0; i < ARRAY_SIZE(parts); i++ )
    {
        struct subpage_part part = { .addr = LINEAR, .mmio = INVALID_MFN };
        int rc;

        start(&parts[i].guest);
        rc = get_part(&part, parts[i].write, &ctxt.ctxt);
        check_result(parts[i].what, rc, parts[i].rc, parts[i].ec);
        CHECK(!part.page == !parts[i].page &&
              mfn_eq(part.mmio, INVALID_MFN) == !parts[i].mmio &&
              part.discard == parts[i].discard &&
              emul.emulated == parts[i].emulated, "%s: taken for another",
              parts[i].what);
        if ( part.page )
            subpage_mmio_put(part.page);
    }
    CHECK(!rangeset_remove_singleton(mmio_ro_ranges, RO), "undone");
}

/* What is restricted cannot be accessed without asking. */
static void restricted(void)
{
    static const struct {
        p2m_access_t a;
        bool reads, writes;
    } kinds[] = {
        { p2m_access_n },
        { p2m_access_r, .reads = true },
        { p2m_access_w, .writes = true },
        { p2m_access_rw, true, true },
        { p2m_access_x },
        { p2m_access_rx, .reads = true },
        { p2m_access_wx, .writes = true },
        { p2m_access_rwx, true, true },
        { p2m_access_rx2rw, .reads = true },
        { p2m_access_n2rwx },
    };
    unsigned int i, view, write;

    for ( i = 0; i < ARRAY_SIZE(kinds); i++ )
        for ( view = 0; view < 2; view++ )
            for ( write = 0; write < 2; write++ )
            {
                struct subpage_part part = { .addr = LINEAR };
                struct guest its = {
                    .host = RAM_PAGE, .view = RAM_PAGE, .in_view = view,
                };
                bool ok = write ? kinds[i].writes : kinds[i].reads;

                *(view ? &its.view.a : &its.host.a) = kinds[i].a;
                start(&its);
                check_result(write ? "write" : "read",
                             get_part(&part, write, &ctxt.ctxt),
                             ok ? OKAY : NOT, 0);
            }
}

/*
 * A broken one gets the guest past its page, to a page that is not its, or to
 * what is protected.
 */
static void directly(void)
{
    static const struct {
        const char *what;
        struct guest guest;
        ioreq_t req;
        bool done, reaches, unmappable;
    } accesses[] = {
        { "a write", { .host = DIRECT(MMIO) }, { .size = 4 }, true, true },
        { "one to what is protected", { .host = DIRECT(MMIO) },
          { .addr = GRANULE + 4, .size = 4 }, true },
        { "up to the end", { .host = DIRECT(MMIO) },
          { .addr = 0xff8, .size = 8 }, true, true },
        { "across it", { .host = DIRECT(MMIO) },
          { .addr = 0xffc, .size = 8 } },
        { "across it, read", { .host = DIRECT(MMIO) },
          { .addr = 0xffd, .size = 4, .dir = IOREQ_READ } },
        { "across another's end", { .host = DIRECT(MMIO + 2) },
          { .addr = 0xfff, .size = 2 } },
        { "a read", { .host = DIRECT(MMIO) },
          { .addr = 0x7e4, .size = 4, .dir = IOREQ_READ }, true, true },
        { "another page", { .host = DIRECT(MMIO + 2) },
          { .addr = 0x128, .size = 8 }, true, true },
        { "another page, read", { .host = DIRECT(MMIO + 2) },
          { .addr = 0x7e2, .size = 2, .dir = IOREQ_READ }, true, true },
        { "another page, which cannot be mapped", { .host = DIRECT(MMIO + 2) },
          { .addr = 0x128, .size = 8 }, .unmappable = true },
        { "several", { .host = DIRECT(MMIO) }, { .size = 4, .count = 2 } },
        { "memory's", { .host = DIRECT(MMIO) },
          { .size = 4, .data_is_ptr = true } },
        { "emulated since", { .host = { 0, p2m_mmio_dm, p2m_access_rw } },
          { .size = 4 } },
        { "restricted", { .host = { MMIO, p2m_mmio_direct, p2m_access_r } },
          { .size = 4 } },
        { "somebody else's", { .host = DIRECT(MMIO), .no_access = true },
          { .size = 4 } },
        { "the local APIC's", { .host = DIRECT(LAPIC) }, { .size = 4 } },
        { "r/o as a whole", { .host = DIRECT(RO) }, { .size = 4 } },
        { "r/o as a whole, dom0", { .host = DIRECT(RO), .hwdom = true },
          { .size = 4 }, true },
    };
    unsigned int i;

    add(MMIO, GRANULE, GRANULE);
    CHECK(!rangeset_add_singleton(mmio_ro_ranges, RO), "r/o as a whole");
    for ( i = 0; i < ARRAY_SIZE(accesses); i++ )
    {
        ioreq_t req = accesses[i].req;
        unsigned long mfn = accesses[i].guest.host.mfn;
        uint64_t data = 0x8877665544332211;
        uint64_t mask = ~0ULL >> (64 - 8 * req.size);
        bool done;

        start(&accesses[i].guest);
        if ( req.dir == IOREQ_WRITE )
            req.data = data;
        else if ( accesses[i].reaches )
            memcpy(emul_device(mfn) + req.addr, &data, req.size);
        req.addr += pfn_to_paddr(GFN);
        req.count = req.count ?: 1;
        emul_logged = 0;
        emul_fail_ioremap = accesses[i].unmappable;
        done = hvm_direct_mmio(&req);
        emul_fail_ioremap = 0;
        CHECK(done == accesses[i].done, "%s: %sdone", accesses[i].what,
              done ? "" : "not ");
        CHECK(!emul_logged == !accesses[i].reaches, "%s: %u accesses",
              accesses[i].what, emul_logged);
        CHECK(!emul_logged ||
              (emul_log[0].mfn == mfn && emul_log[0].width == req.size &&
               emul_log[0].offset == PAGE_OFFSET(req.addr) &&
               !((emul_log[0].val ^ data) & mask)),
              "%s: %u bytes at %#x, %#lx", accesses[i].what, emul_log[0].width,
              emul_log[0].offset, emul_log[0].val);
        CHECK(!emul_logged || !((req.data ^ data) & mask), "%s: got %#lx",
              accesses[i].what, req.data);
        CHECK(!guest.host.held, "%s: still locked", accesses[i].what);
    }
    CHECK(!rangeset_remove_singleton(mmio_ro_ranges, RO), "undone");
}

/* A broken one takes what has failed for done, or the other way round. */
static void copies(void)
{
    static const struct {
        const char *what;
        enum hvm_translation_result copied;
        int rc;
    } results[] = {
        { "fine", HVMTRANS_okay, OKAY },
        { "no longer mapped", HVMTRANS_bad_linear_to_gfn, EXCEPTION },
        { "no memory", HVMTRANS_bad_gfn_to_mfn, NOT },
        { "impossible", HVMTRANS_unhandleable, NOT },
        { "paged out", HVMTRANS_gfn_paged_out, RETRY },
        { "shared", HVMTRANS_gfn_shared, RETRY },
        { "changing", HVMTRANS_need_retry, RETRY },
    };
    unsigned int i, write, user;

    for ( i = 0; i < ARRAY_SIZE(results); i++ )
        for ( write = 0; write < 2; write++ )
            for ( user = 0; user < 2; user++ )
            {
                struct subpage_part part = {
                    .addr = LINEAR, .bytes = 8, .mmio = INVALID_MFN,
                };
                struct guest its = {
                    .copied = results[i].copied, .user = user,
                };
                uint64_t val = 0;

                start(&its);
                check_result(results[i].what,
                             copy(&part, &val, write, &ctxt.ctxt),
                             results[i].rc,
                             (write ? PFEC_write_access : 0) |
                             (user ? PFEC_user_mode : 0));
            }
}

const struct test env_hvm_tests[] = {
    { "HVM: what is beside the page", beside },
    { "HVM: restricted memory", restricted },
    { "HVM: memory which changes", copies },
    { "HVM: MMIO of an instruction which has more", directly },
    {}
};

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
