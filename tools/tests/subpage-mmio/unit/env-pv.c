/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a PV guest may reach beside the page which faulted, and how that may
 * fail: functions of pv/emul-subpage-mmio.c, as they are in Xen.
 */

#include <asm/subpage-mmio-emul.h>

#include "test.h"

/* Of what they find in Xen's headers. */

#define _PAGE_PRESENT 1U
#define _PAGE_RW      2U
#define _PAGE_USER    4U

#define __user

typedef struct { unsigned long mfn; unsigned int flags; } l1_pgentry_t;
#define l1e_get_flags(e) ((e).flags)
#define l1e_get_mfn(e)   _mfn(l1e_get_pfn(e))

static unsigned long l1e_get_pfn(l1_pgentry_t e)
{
    return e.mfn;
}

struct pv_subpage_emul {
    struct subpage_emul emul;
    struct {
        unsigned long base, limit;
    } cs;
};

/* R/o as a whole. */
#define RO (MMIO + 1)

static struct guest {
    bool kernel, hwdom, narrow; /* 32-bit */
    bool no_table;              /* There is no L1 entry, */
    l1_pgentry_t l1e;           /* or this one, */
    unsigned int upper;         /* below these flags; */
    bool next_kernels;          /* for NEXT, one which just kernels may use. */
} guest;

/* Two pages of its memory, of which the second one may go away. */
static uint8_t memory[2 * 4096] __attribute__((__aligned__(4096)));
#define NEXT (memory + PAGE_SIZE)
static bool gone;
/* What each access to it was of, in order. */
static char widths[65];

#define is_hardware_domain(d) ((void)(d), guest.hwdom)
#define is_pv_32bit_vcpu(v) ((void)(v), guest.narrow)
#define guest_kernel_mode(v, regs) ((void)(regs), guest.kernel)
#define guest_cpu_user_regs() ((struct cpu_user_regs *)NULL)
#define guest_flags(addr) ((void)(addr), guest.upper)

static bool guest_l1e(unsigned long addr, l1_pgentry_t *l1e)
{
    *l1e = guest.l1e;
    if ( guest.next_kernels && addr >= (unsigned long)NEXT )
        l1e->flags &= ~_PAGE_USER;

    return !guest.no_table;
}

static bool touch(const void *p, unsigned int bytes)
{
    size_t nr = strlen(widths);

    CHECK(!((unsigned long)p % bytes), "%u bytes, unaligned", bytes);
    if ( gone && (uint8_t *)p + bytes > NEXT )
        return false;
    widths[nr] = '0' + bytes;
    widths[nr + 1] = '\0';

    return true;
}

#define put_unsafe(val, p) \
    (touch(p, sizeof(*(p))) ? (*(p) = (val), 0) : -EFAULT)
#define get_unsafe(val, p) \
    (touch(p, sizeof(*(p))) ? ((val) = *(p), 0) : ((val) = 0, -EFAULT))

static unsigned int copy_from_guest_pv(void *to, const void *from,
                                       unsigned int bytes)
{
    unsigned int ok = gone ? min(bytes, (unsigned int)(NEXT -
                                                       (uint8_t *)from))
                           : bytes;

    memcpy(to, from, ok);

    return bytes - ok;
}

static int pv_emul_read_segment(enum x86_segment seg,
                                struct segment_register *reg,
                                struct x86_emulate_ctxt *ctxt)
{
    if ( seg == x86_seg_gs )
        return X86EMUL_UNHANDLEABLE;

    *reg = (struct segment_register){ .base = 0x1000, .limit = 0xfff };

    return X86EMUL_OKAY;
}

static int pv_emul_virt_to_linear(unsigned long base, unsigned long offset,
                                  unsigned int bytes, unsigned long limit,
                                  enum x86_segment seg,
                                  struct x86_emulate_ctxt *ctxt,
                                  unsigned long *addr)
{
    if ( offset > limit || bytes > limit - offset + 1 )
    {
        x86_emul_hw_exception(13, 0, ctxt); /* #GP */
        return X86EMUL_EXCEPTION;
    }

    *addr = base + offset;

    return X86EMUL_OKAY;
}

#include "env-pv.inc"

static struct pv_subpage_emul emul;
static struct x86_emulate_ctxt ctxt;

static void start(const struct guest *its)
{
    guest = *its;
    emul = (struct pv_subpage_emul){ .cs.limit = ~0UL };
    ctxt = (struct x86_emulate_ctxt){ .data = &emul.emul };
    gone = false;
    widths[0] = '\0';
}

/* What is raised is a page fault at @addr. */
static void check_result(const char *what, int rc, int due, int ec,
                         const void *addr)
{
    CHECK(rc == due, "%s: %d", what, rc);
    CHECK(ctxt.event_pending == (due == X86EMUL_EXCEPTION), "%s: event", what);
    CHECK(!ctxt.event_pending ||
          (ctxt.event.vector == 14 && ctxt.event.error_code == ec &&
           ctxt.event.cr2 == (unsigned long)addr),
          "%s: #%u, error code %#x, %#lx", what, ctxt.event.vector,
          ctxt.event.error_code, ctxt.event.cr2);
}

#define OKAY      X86EMUL_OKAY
#define EXCEPTION X86EMUL_EXCEPTION
#define P  _PAGE_PRESENT
#define RW (_PAGE_PRESENT | _PAGE_RW)
#define U  _PAGE_USER
#define ALL (RW | U)

/*
 * A broken one gives the guest more than its page tables do, tells it of the
 * wrong fault, or takes a page for one of another kind.
 */
static void beside(void)
{
    static const struct {
        const char *what;
        struct guest guest;
        bool write;
        int rc;
        uint32_t ec;
        bool page, discard;
    } parts[] = {
        { "memory", { .l1e = { 0x100, ALL }, ALL }, true, OKAY },
        { "no table", { .no_table = true, .l1e = { 0x100, ALL }, ALL }, true,
          EXCEPTION, PFEC_write_access },
        { "no table, read", { .no_table = true, .l1e = { 0x100, ALL }, ALL },
          false, EXCEPTION, 0 },
        { "not mapped", { .l1e = { 0, RW & ~P }, ALL }, true, EXCEPTION,
          PFEC_write_access },
        { "not mapped higher up", { .l1e = { 0x100, ALL }, 0 }, true,
          EXCEPTION, PFEC_write_access },
        { "the kernel's, for it", { .l1e = { 0x100, RW }, .upper = ALL,
                                    .kernel = true }, true, OKAY },
        { "the kernel's", { .l1e = { 0x100, RW }, ALL }, true, EXCEPTION,
          PFEC_write_access | PFEC_page_present },
        { "the kernel's, read", { .l1e = { 0x100, RW }, ALL }, false,
          EXCEPTION, PFEC_page_present },
        { "the kernel's higher up", { .l1e = { 0x100, ALL }, RW }, true,
          EXCEPTION, PFEC_write_access | PFEC_page_present },
        { "r/o memory", { .l1e = { 0x100, P | U }, ALL }, true, EXCEPTION,
          PFEC_write_access | PFEC_page_present },
        { "r/o memory, read", { .l1e = { 0x100, P | U }, ALL }, false, OKAY },
        { "protected in part", { .l1e = { MMIO, P | U }, ALL }, true, OKAY,
          .page = true },
        { "protected in part, for the kernel", { .l1e = { MMIO, P | U },
                                                 .upper = P | U,
                                                 .kernel = true }, true, OKAY,
          .page = true },
        { "r/o higher up", { .l1e = { MMIO, P | U }, .upper = P | U }, true,
          EXCEPTION, PFEC_write_access | PFEC_page_present },
        { "protected since", { .l1e = { MMIO, ALL }, ALL }, true, OKAY },
        { "r/o as a whole, dom0", { .l1e = { RO, P | U }, .upper = ALL,
                                    .kernel = true, .hwdom = true }, true,
          OKAY, .discard = true },
        { "r/o as a whole, its user space", { .l1e = { RO, P | U },
                                              .upper = ALL, .hwdom = true },
          true, EXCEPTION, PFEC_write_access | PFEC_page_present },
        { "r/o as a whole, domU", { .l1e = { RO, P | U }, .upper = ALL,
                                    .kernel = true },
          true, EXCEPTION, PFEC_write_access | PFEC_page_present },
        { "dom0's r/o memory", { .l1e = { 0x100, P | U }, .upper = ALL,
                                 .kernel = true, .hwdom = true },
          true, EXCEPTION, PFEC_write_access | PFEC_page_present },
    };
    unsigned int i;

    add(MMIO, 0, GRANULE);
    CHECK(!rangeset_add_singleton(mmio_ro_ranges, RO), "r/o as a whole");
    for ( i = 0; i < ARRAY_SIZE(parts); i++ )
    {
        struct subpage_part part = { .addr = (unsigned long)memory };
        int rc;

        start(&parts[i].guest);
        rc = get_part(&part, parts[i].write, &ctxt);
        check_result(parts[i].what, rc, parts[i].rc, parts[i].ec, memory);
        CHECK(!part.page == !parts[i].page &&
              part.discard == parts[i].discard, "%s: taken for another",
              parts[i].what);
        if ( part.page )
            subpage_mmio_put(part.page);
    }
    CHECK(!rangeset_remove_singleton(mmio_ro_ranges, RO), "undone");
}

/* A broken one uses other widths, or does not notice that memory is gone. */
static void copies(void)
{
    static const struct {
        unsigned int offset, bytes;
        const char *widths;     /* Of all, then of those before it is gone. */
        unsigned int fails_at;
    } pieces[] = {
        { 0xff0, 1, "1" },
        { 0xff2, 2, "2" },
        { 0xff4, 4, "4" },
        { 0xff8, 8, "8" },
        { 0xff1, 15, "1248" },
        { 0xff3, 7, "142" },
        { 0xffc, 8, "44", 0x1000 },
        { 0xff9, 16, "12481", 0x1000 },
        { 0x1004, 3, "21", 0x1004 },
    };
    unsigned int i, j, write, fails;

    for ( i = 0; i < ARRAY_SIZE(pieces); i++ )
        for ( write = 0; write < 2; write++ )
            for ( fails = 0; fails < 2; fails++ )
            {
                unsigned int offset = pieces[i].offset;
                struct subpage_part part = {
                    .addr = (unsigned long)memory + offset,
                    .bytes = pieces[i].bytes,
                };
                unsigned int ok = part.bytes;
                uint8_t data[16];

                start(&(struct guest){});
                for ( j = 0; j < sizeof(memory); j++ )
                    memory[j] = write ? 0 : j;
                for ( j = 0; j < sizeof(data); j++ )
                    data[j] = write ? offset + j : 0;
                gone = fails;
                if ( gone && pieces[i].fails_at )
                    ok = pieces[i].fails_at - offset;
                check_result(write ? "write" : "read",
                             copy(&part, data, write, &ctxt),
                             ok == part.bytes ? OKAY : EXCEPTION,
                             write ? PFEC_write_access : 0,
                             memory + pieces[i].fails_at);
                CHECK(ok == part.bytes ? !strcmp(widths, pieces[i].widths)
                                       : !strncmp(widths, pieces[i].widths,
                                                  strlen(widths)),
                      "%u bytes at %#x: widths are %s", part.bytes, offset,
                      widths);
                for ( j = 0; j < part.bytes; j++ )
                    CHECK((write ? memory[offset + j] : data[j]) ==
                          (j < ok ? (uint8_t)(offset + j) : 0),
                          "%u bytes at %#x: byte %u", part.bytes, offset, j);
            }
}

/* A broken one has the guest execute what it may not, or what is not there. */
static void fetches(void)
{
    static const struct {
        const char *what;
        struct guest guest;
        unsigned int bytes;
        bool gone;
        int rc;
        unsigned int cr2;
    } insns[] = {
        { "64-bit code", { .no_table = true }, 15, false, OKAY },
        { "64-bit code which ends", { .no_table = true }, 15, true, EXCEPTION,
          PAGE_SIZE },
        { "none of it", { .no_table = true, .narrow = true }, 0, false,
          OKAY },
        { "32-bit code", { .l1e = { 0x100, ALL }, .upper = ALL,
                           .narrow = true }, 15, false, OKAY },
        { "32-bit user code, the kernel's", { .l1e = { 0x100, RW },
                                              .upper = ALL, .narrow = true },
          15, false, EXCEPTION, PAGE_SIZE - 8 },
        { "32-bit user code, then the kernel's", { .l1e = { 0x100, ALL },
                                                   .upper = ALL,
                                                   .narrow = true,
                                                   .next_kernels = true },
          15, false, EXCEPTION, PAGE_SIZE - 8 },
        { "32-bit code, not mapped", { .no_table = true, .narrow = true,
                                       .kernel = true },
          15, false, EXCEPTION, PAGE_SIZE - 8 },
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(insns); i++ )
    {
        uint8_t data[15] = {};

        start(&insns[i].guest);
        gone = insns[i].gone;
        emul.cs.base = (unsigned long)NEXT - 0x108;
        memset(memory, 0x90, sizeof(memory));
        check_result(insns[i].what,
                     insn_fetch(0x100, data, insns[i].bytes, &ctxt),
                     insns[i].rc, PFEC_insn_fetch, memory + insns[i].cr2);
        CHECK(insns[i].rc || data[14] == (insns[i].bytes ? 0x90 : 0),
              "%s: not what is there", insns[i].what);
    }
}

/* A broken one forgets a base, a limit, or that a segment is none. */
static void segments(void)
{
    static const struct {
        enum x86_segment seg;
        unsigned long offset;
        int rc;
        unsigned long addr;
    } places[] = {
        { x86_seg_none, 0x1ff8, OKAY, 0x1ff8 },
        { x86_seg_ds, 0xff8, OKAY, 0x1ff8 },
        { x86_seg_ds, 0xff9, EXCEPTION },
        { x86_seg_gs, 0, X86EMUL_UNHANDLEABLE },
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(places); i++ )
    {
        unsigned long addr = 0;
        int rc;

        start(&(struct guest){});
        rc = to_linear(places[i].seg, places[i].offset, 8, true, &ctxt, &addr);
        CHECK(rc == places[i].rc && addr == places[i].addr,
              "segment %u, %#lx: %d, %#lx", places[i].seg, places[i].offset,
              rc, addr);
    }

    start(&(struct guest){});
    emul.cs.limit = 0xfff;
    CHECK(insn_fetch(0xffc, NULL, 8, &ctxt) == EXCEPTION &&
          ctxt.event.vector == 13, "code beyond its limit");
}

const struct test env_pv_tests[] = {
    { "PV: what is beside the page", beside },
    { "PV: memory in pieces", copies },
    { "PV: code", fetches },
    { "PV: segments", segments },
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
