/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of instructions' accesses: the hooks for Xen's emulator, which
 * the tests play, in an environment where the next page can be anything.
 */

#include <asm/subpage-mmio-emul.h>

#include "test.h"

/* The guest has a partially protected page, and behind it ... */
#define LINEAR 0x7000UL
#define NEXT   (LINEAR + PAGE_SIZE)
enum kind { NOTHING, MEMORY, PROTECTED, READ_ONLY };
/* All segments are flat, but this one, which has no addresses. */
#define NO_SEGMENT x86_seg_gs

static enum kind next;
static uint8_t memory[PAGE_SIZE];

static struct cpu_user_regs regs;
static struct subpage_emul emul;
static struct x86_emulate_ctxt ctxt;
static bool locked, wide;

/* Xen's emulator. */

const uint8_t cpu_user_regs_gpr_offsets[X86_NR_GPRS] = {
    0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,
};

bool x86_insn_is_mem_write(const struct x86_emulate_state *state,
                           const struct x86_emulate_ctxt *ctxt)
{
    return true;
}

bool x86_insn_is_locked(const struct x86_emulate_state *state,
                        const struct x86_emulate_ctxt *ctxt)
{
    return locked;
}

bool x86_insn_is_vex_w(const struct x86_emulate_state *state,
                       const struct x86_emulate_ctxt *ctxt)
{
    return wide;
}

int x86_emul_rmw(void *ptr, unsigned int bytes, uint32_t *eflags,
                 struct x86_emulate_state *state,
                 struct x86_emulate_ctxt *ctxt)
{
    memset(ptr, 0x5a, bytes);

    return X86EMUL_OKAY;
}

int x86_emul_blk(void *ptr, void *data, unsigned int bytes, uint32_t *eflags,
                 struct x86_emulate_state *state,
                 struct x86_emulate_ctxt *ctxt)
{
    fail(__FILE__, __LINE__, "to be asked", "%u bytes", bytes);
}

/* The environment. */

static int to_linear(enum x86_segment seg, unsigned long offset,
                     unsigned int bytes, bool write,
                     struct x86_emulate_ctxt *ctxt, unsigned long *addr)
{
    if ( seg == NO_SEGMENT )
    {
        x86_emul_hw_exception(13, 0, ctxt); /* #GP */
        return X86EMUL_EXCEPTION;
    }

    *addr = offset;

    return X86EMUL_OKAY;
}

static int get_part(struct subpage_part *part, bool write,
                    struct x86_emulate_ctxt *ctxt)
{
    bool is_next = (part->addr & PAGE_MASK) == NEXT;

    if ( is_next && (next == MEMORY || next == READ_ONLY) )
        part->discard = write && next == READ_ONLY;
    else if ( is_next && next == PROTECTED )
        part->page = subpage_mmio_get(_mfn(MMIO + 1));
    else
    {
        x86_emul_pagefault(PFEC_write_access, part->addr, ctxt);
        return X86EMUL_EXCEPTION;
    }

    return X86EMUL_OKAY;
}

static int copy(const struct subpage_part *part, void *data, bool write,
                struct x86_emulate_ctxt *ctxt)
{
    uint8_t *p = memory + PAGE_OFFSET(part->addr);

    CHECK((part->addr & PAGE_MASK) == NEXT && part->bytes <=
          PAGE_SIZE - PAGE_OFFSET(part->addr), "copied: %u bytes at %#lx",
          part->bytes, part->addr);
    memcpy(write ? p : data, write ? data : p, part->bytes);

    return X86EMUL_OKAY;
}

static const struct subpage_emul_env env = {
    .to_linear = to_linear,
    .get_part  = get_part,
    .copy      = copy,
};

/* Both pages have one granule protected. */
#define RO 0x100

static void start(enum kind kind)
{
    static bool made;

    if ( !made )
    {
        add(MMIO, RO, GRANULE);
        add(MMIO + 1, RO, GRANULE);
        made = true;
    }
    next = kind;
    locked = wide = false;
}

static void begin(unsigned int opcode)
{
    emul = (struct subpage_emul){
        .cr2 = LINEAR, .env = &env,
        .access.page = subpage_mmio_get(_mfn(MMIO)),
    };
    ctxt = (struct x86_emulate_ctxt){
        .data = &emul, .regs = &regs, .opcode = opcode,
    };
    emul_logged = 0;
    emul_console[0] = '\0';
    subpage_mmio_begin(&emul.access);
    CHECK(subpage_emul_validate(NULL, &ctxt) == X86EMUL_OKAY, "validated");
}

static void end(int rc)
{
    subpage_emul_complete(&ctxt, rc);
    subpage_mmio_end(&emul.access);
    subpage_mmio_put(emul.access.page);
    CHECK(!emul_rcu_readers, "a page is not put");
    CHECK(ctxt.event_pending == (rc == X86EMUL_EXCEPTION),
          "event pending: %u, though the result is %d", ctxt.event_pending,
          rc);
}

/* What the device sees of an instruction: up to four writes. */
struct writes {
    unsigned int offset, width;
};

static void check_writes(const char *what, const struct writes writes[4])
{
    unsigned int i, nr = 0;

    for ( i = 0; i < emul_logged; i++ )
        if ( emul_log[i].kind == 'W' )
        {
            CHECK(nr < 4 && emul_log[i].offset == writes[nr].offset &&
                  emul_log[i].width == writes[nr].width,
                  "%s: write number %u is of %u bytes to %#x", what, nr,
                  emul_log[i].width, emul_log[i].offset);
            nr++;
        }
    CHECK(nr == 4 || !writes[nr].width, "%s: just %u writes", what, nr);
}

/*
 * A broken one has elements torn apart, lumped together, or unmasked ones
 * written; or takes protection of what the mask leaves out for a reason to
 * refuse, or the other way round.
 */
static void masked(void)
{
    static const struct {
        const char *what;
        unsigned int opcode, offset, bytes, unit, mask; /* A bit an element. */
        bool wide, refused;
        struct writes writes[4];
    } stores[] = {
        { "maskmovq", X86EMUL_OPC(0x0f, 0xf7), 0x200, 8, 1, 0x83,
          .writes = { { 0x200, 1 }, { 0x201, 1 }, { 0x207, 1 } } },
        { "maskmovdqu", X86EMUL_OPC_66(0x0f, 0xf7), 0x200, 16, 1, 0x8002,
          .writes = { { 0x201, 1 }, { 0x20f, 1 } } },
        { "vmaskmovdqu", X86EMUL_OPC_VEX_66(0x0f, 0xf7), 0x200, 16, 1, 3,
          .writes = { { 0x200, 1 }, { 0x201, 1 } } },
        { "vmaskmovps", X86EMUL_OPC_VEX_66(0x0f38, 0x2e), 0x200, 16, 4, 0xb,
          .writes = { { 0x200, 4 }, { 0x204, 4 }, { 0x20c, 4 } } },
        { "vmaskmovpd", X86EMUL_OPC_VEX_66(0x0f38, 0x2f), 0x200, 32, 8, 0xd,
          .writes = { { 0x200, 8 }, { 0x210, 8 }, { 0x218, 8 } } },
        { "vmaskmovpd, unaligned", X86EMUL_OPC_VEX_66(0x0f38, 0x2f), 0x204,
          32, 8, 2, .writes = { { 0x20c, 4 }, { 0x210, 4 } } },
        { "vpmaskmovd", X86EMUL_OPC_VEX_66(0x0f38, 0x8e), 0x200, 16, 4, 3,
          .writes = { { 0x200, 4 }, { 0x204, 4 } } },
        { "vpmaskmovq", X86EMUL_OPC_VEX_66(0x0f38, 0x8e), 0x200, 16, 8, 2,
          .wide = true, .writes = { { 0x208, 8 } } },
        { "AVX512, a run", X86EMUL_OPC_EVEX_66(0x0f, 0x7f), 0x200, 64, 4,
          0x3002, .writes = { { 0x204, 4 }, { 0x230, 8 } } },
        { "next to what is protected", X86EMUL_OPC_VEX_66(0x0f38, 0x2f),
          RO - 8, 32, 8, 5, .writes = { { RO - 8, 8 }, { RO + 8, 8 } } },
        { "that, too", X86EMUL_OPC_VEX_66(0x0f38, 0x2f), RO - 8, 32, 8, 7,
          .refused = true },
        { "across the border", X86EMUL_OPC_VEX_66(0x0f38, 0x2f), 0xff8, 32, 8,
          7, .writes = { { 0xff8, 8 }, { 0, 8 }, { 8, 8 } } },
        { "nothing", X86EMUL_OPC_VEX_66(0x0f38, 0x2f), 0x200, 32, 8, 0 },
    };
    unsigned int i, j;
    int rc;

    start(PROTECTED);
    for ( i = 0; i < ARRAY_SIZE(stores); i++ )
    {
        unsigned long addr = LINEAR + stores[i].offset;

        wide = stores[i].wide;
        begin(stores[i].opcode);
        do {
            uint8_t data[64];

            rc = subpage_emul_read(x86_seg_ds, addr, data, stores[i].bytes,
                                   &ctxt);
            CHECK(rc == X86EMUL_OKAY, "%s: read", stores[i].what);
            for ( j = 0; j < stores[i].bytes; j++ )
                if ( stores[i].mask & (1U << (j / stores[i].unit)) )
                    data[j] = 0x11 + j;
            rc = subpage_emul_write(x86_seg_ds, addr, data, stores[i].bytes,
                                    &ctxt);
        } while ( subpage_emul_again(&ctxt, rc) );
        end(rc);

        CHECK(rc == X86EMUL_OKAY, "%s: %d", stores[i].what, rc);
        check_writes(stores[i].what, stores[i].writes);
        for ( j = 0; j < emul_logged; j++ )
            CHECK(emul_log[j].kind == 'W' && (uint8_t)emul_log[j].val ==
                  (uint8_t)(0x11 + (emul_log[j].offset - stores[i].offset)),
                  "%s: access %u is not as the instruction says",
                  stores[i].what, j);
        check_lines(stores[i].refused, stores[i].what);
    }
}

/*
 * The second time, it may be another instruction.  A broken one goes on with a
 * mask which is not that one's, or has another look for ever.
 */
static void changed(void)
{
    static const struct {
        const char *what;
        bool reads;
        unsigned int bytes;
    } seconds[] = {
        { "another size", true, 16 },
        { "one without a mask", false, 32 },
    };
    unsigned int i;

    start(PROTECTED);
    for ( i = 0; i < ARRAY_SIZE(seconds); i++ )
    {
        uint8_t data[32];
        int rc;

        begin(X86EMUL_OPC_VEX_66(0x0f38, 0x2f));
        subpage_emul_read(x86_seg_ds, LINEAR, data, 32, &ctxt);
        rc = subpage_emul_write(x86_seg_ds, LINEAR, data, 32, &ctxt);
        CHECK(subpage_emul_again(&ctxt, rc), "no second look");
        if ( seconds[i].reads )
            subpage_emul_read(x86_seg_ds, LINEAR, data, seconds[i].bytes,
                              &ctxt);
        rc = subpage_emul_write(x86_seg_ds, LINEAR, data, seconds[i].bytes,
                                &ctxt);
        CHECK(rc == X86EMUL_RETRY && !subpage_emul_again(&ctxt, rc),
              "%s: %d", seconds[i].what, rc);
        end(rc);
        CHECK(!emul_logged, "%s: %u accesses", seconds[i].what, emul_logged);
    }
}

/* A broken one has direct stores torn apart, or lets others through. */
static void direct(void)
{
    static const struct {
        const char *what;
        unsigned int opcode, offset, bytes;
        int rc;
        unsigned int nr;
    } stores[] = {
        { "movdiri", X86EMUL_OPC(0x0f38, 0xf9), 0x200, 4, X86EMUL_OKAY, 1 },
        { "movdiri, 8 bytes", X86EMUL_OPC(0x0f38, 0xf9), 0x200, 8,
          X86EMUL_OKAY, 1 },
        { "movdir64b", X86EMUL_OPC_66(0x0f38, 0xf8), 0x200, 64,
          X86EMUL_OKAY, 8 },
        { "movdir64b, refused", X86EMUL_OPC_66(0x0f38, 0xf8), RO & ~63U, 64,
          X86EMUL_OKAY, 0 },
        { "enqcmd", X86EMUL_OPC_F2(0x0f38, 0xf8), 0x200, 64,
          X86EMUL_UNHANDLEABLE, 0 },
    };
    unsigned int i, j;

    start(NOTHING);
    for ( i = 0; i < ARRAY_SIZE(stores); i++ )
    {
        uint8_t data[64];
        int rc;

        for ( j = 0; j < ARRAY_SIZE(data); j++ )
            data[j] = 3 * j + 1;
        begin(stores[i].opcode);
        rc = subpage_emul_blk(x86_seg_none, LINEAR + stores[i].offset, data,
                              stores[i].bytes, NULL, NULL, &ctxt);
        CHECK(rc == stores[i].rc, "%s: %d", stores[i].what, rc);
        end(rc);
        CHECK(emul_logged == stores[i].nr, "%s: %u accesses", stores[i].what,
              emul_logged);
        for ( j = 0; j < emul_logged; j++ )
            CHECK(emul_log[j].kind == 'W' &&
                  emul_log[j].offset == stores[i].offset + 8 * j &&
                  emul_log[j].width == min(stores[i].bytes, 8U) &&
                  !memcmp(&emul_log[j].val, data + 8 * j, emul_log[j].width),
                  "%s: write number %u", stores[i].what, j);
    }
}

/*
 * From each page into the next.  A broken one does a part before it finds that
 * the other one is an exception, keeps a page, or lets a locked access be
 * torn apart.
 */
static void crossing(void)
{
    static const struct {
        const char *what;
        enum kind next;
        unsigned long addr;
        bool rmw, locked;
        int rc;
        struct writes writes[4];
        bool memory;            /* Does it change? */
    } accesses[] = {
        { "a write, to nothing", NOTHING, NEXT - 4, .rc = X86EMUL_EXCEPTION },
        { "a write, to memory", MEMORY, NEXT - 4, .memory = true,
          .writes = { { 0xffc, 4 } } },
        { "a write, to two such pages", PROTECTED, NEXT - 4,
          .writes = { { 0xffc, 4 }, { 0, 4 } } },
        { "a write, to what drops it", READ_ONLY, NEXT - 4,
          .writes = { { 0xffc, 4 } } },
        { "a write, from the next page to nothing", PROTECTED,
          NEXT + PAGE_SIZE - 4, .rc = X86EMUL_EXCEPTION },
        { "an update, of nothing", NOTHING, NEXT - 4, .rmw = true,
          .rc = X86EMUL_EXCEPTION },
        { "an update, of memory", MEMORY, NEXT - 4, .rmw = true,
          .writes = { { 0xffc, 4 } }, .memory = true },
        { "an update, of two such pages", PROTECTED, NEXT - 4, .rmw = true,
          .writes = { { 0xffc, 4 }, { 0, 4 } } },
        { "a locked one, of memory", MEMORY, NEXT - 4, .rmw = true,
          .locked = true, .rc = X86EMUL_UNHANDLEABLE },
        { "a locked one, of two such pages", PROTECTED, NEXT - 4, .rmw = true,
          .locked = true, .writes = { { 0xffc, 4 }, { 0, 4 } } },
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(accesses); i++ )
    {
        uint64_t val = 0x5a5a5a5a5a5a5a5a;
        uint32_t eflags = 0;
        int rc;

        start(accesses[i].next);
        locked = accesses[i].locked;
        memset(memory, 0, sizeof(memory));
        begin(0);
        rc = accesses[i].rmw
             ? subpage_emul_rmw(x86_seg_ds, accesses[i].addr, 8, &eflags, NULL,
                                &ctxt)
             : subpage_emul_write(x86_seg_ds, accesses[i].addr, &val, 8,
                                  &ctxt);
        CHECK(rc == accesses[i].rc, "%s: %d", accesses[i].what, rc);
        end(rc);
        check_writes(accesses[i].what, accesses[i].writes);
        memcpy(&val, memory, 8);
        CHECK(val == (accesses[i].memory ? 0x5a5a5a5a : 0),
              "%s: memory has %#lx", accesses[i].what, val);
    }
}

/*
 * A comparison fails, and what was read is to be written, to pages which may
 * be gone by then: a broken one has the guest see an exception for an
 * instruction which has been done.
 */
static void compared(void)
{
    static const struct {
        const char *what;
        enum kind first, then;
        int rc;
        struct writes writes[4];
    } nexts[] = {
        { "memory", MEMORY, MEMORY, X86EMUL_OKAY, { { 0xffc, 4 } } },
        { "gone", MEMORY, NOTHING, X86EMUL_OKAY },
        { "not there", NOTHING, NOTHING, X86EMUL_EXCEPTION },
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(nexts); i++ )
    {
        bool reads = nexts[i].rc == X86EMUL_OKAY;
        uint64_t val;
        int rc;

        start(nexts[i].first);
        begin(X86EMUL_OPC(0x0f, 0xb1));
        rc = subpage_emul_read(x86_seg_ds, NEXT - 4, &val, 8, &ctxt);
        CHECK(rc == nexts[i].rc && !emul_logged == !reads, "%s: %d",
              nexts[i].what, rc);
        CHECK(!reads || emul_access_lock[0] == WRITE,
              "%s: what has been read may change", nexts[i].what);
        next = nexts[i].then;
        end(rc);
        check_writes(nexts[i].what, nexts[i].writes);
    }
}

/* A broken one takes a read which was not for one. */
static void unmapped(void)
{
    uint64_t val = 0x5a5a5a5a5a5a5a5a;
    int rc;

    start(NOTHING);
    begin(0);
    emul_fail_ioremap = 1;
    rc = subpage_emul_read(x86_seg_ds, LINEAR, &val, 8, &ctxt);
    CHECK(rc == X86EMUL_UNHANDLEABLE && !emul_logged, "unmapped: %d", rc);
    rc = subpage_emul_read(x86_seg_ds, LINEAR, &val, 8, &ctxt);
    CHECK(rc == X86EMUL_OKAY && emul_logged == 1 && !val, "mapped: %d", rc);
    end(rc);
}

/* A broken one goes on without an address, or writes past its buffers. */
static void impossible(void)
{
    static const struct {
        const char *what;
        enum { READ_IT, WRITE_IT, UPDATE, EXCHANGE, STORE_STATE } how;
        enum x86_segment seg;
        unsigned int bytes;
        bool masked;
        int rc;
    } accesses[] = {
        { "read", READ_IT, NO_SEGMENT, 8, false, X86EMUL_EXCEPTION },
        { "write", WRITE_IT, NO_SEGMENT, 8, false, X86EMUL_EXCEPTION },
        { "update", UPDATE, NO_SEGMENT, 8, false, X86EMUL_EXCEPTION },
        { "exchange", EXCHANGE, NO_SEGMENT, 8, false, X86EMUL_EXCEPTION },
        { "state", STORE_STATE, NO_SEGMENT, 512, false, X86EMUL_EXCEPTION },
        { "more state", STORE_STATE, x86_seg_ds, 513, false,
          X86EMUL_UNHANDLEABLE },
        { "more than a register", WRITE_IT, x86_seg_ds, 65, true,
          X86EMUL_UNHANDLEABLE },
    };
    unsigned int i;

    start(MEMORY);
    for ( i = 0; i < ARRAY_SIZE(accesses); i++ )
    {
        enum x86_segment seg = accesses[i].seg;
        unsigned int bytes = accesses[i].bytes;
        uint8_t data[65] = {};
        uint32_t eflags = 0;
        int rc = 0;

        begin(accesses[i].masked ? X86EMUL_OPC_EVEX_66(0x0f, 0x7f) : 0);
        if ( accesses[i].masked )
            subpage_emul_read(seg, LINEAR, data, bytes, &ctxt);
        switch ( accesses[i].how )
        {
        case READ_IT:
            rc = subpage_emul_read(seg, LINEAR, data, bytes, &ctxt);
            break;

        case WRITE_IT:
            rc = subpage_emul_write(seg, LINEAR, data, bytes, &ctxt);
            break;

        case UPDATE:
            rc = subpage_emul_rmw(seg, LINEAR, bytes, &eflags, NULL, &ctxt);
            break;

        case EXCHANGE:
            rc = subpage_emul_cmpxchg(seg, LINEAR, data, data, bytes, true,
                                      &ctxt);
            break;

        case STORE_STATE:
            rc = subpage_emul_blk(seg, LINEAR, NULL, bytes, &eflags, NULL,
                                  &ctxt);
            break;
        }
        CHECK(rc == accesses[i].rc, "%s: %d", accesses[i].what, rc);
        end(rc);
        CHECK(!emul_logged, "%s: %u accesses", accesses[i].what, emul_logged);
    }
}

#define GPR(nr) (0x10010000UL * ((nr) + 1) + (nr))
#define RIP 0x7000UL

/*
 * Plain stores, which do without the emulator.  A broken one writes elsewhere,
 * something else, or goes on in the middle of an instruction.
 */
static void decode(void)
{
    static const struct {
        const char *what;
        uint8_t insn[SUBPAGE_MOV_INSN];
        unsigned int insn_bytes;    /* None if it is not a plain store. */
        unsigned long addr;
        unsigned int bytes;
        uint64_t data;
    } insns[] = {
        { "mov %al,(%rdi)", { 0x88, 0x07 }, 2, GPR(7), 1, GPR(0) },
        { "mov %ah,(%rdi)", { 0x88, 0x27 } },
        { "mov %spl,(%rdi)", { 0x40, 0x88, 0x27 }, 3, GPR(7), 1, GPR(4) },
        { "mov %ax,(%rdi)", { 0x66, 0x89, 0x07 }, 3, GPR(7), 2, GPR(0) },
        { "mov %edx,(%rdi)", { 0x89, 0x17 }, 2, GPR(7), 4, GPR(2) },
        { "mov %r15,(%r8)", { 0x4d, 0x89, 0x38 }, 3, GPR(8), 8, GPR(15) },
        { "mov %eax,-8(%rsi)", { 0x89, 0x46, 0xf8 }, 3, GPR(6) - 8, 4,
          GPR(0) },
        { "mov %eax,0x1000(%rsi)", { 0x89, 0x86, 0, 0x10 }, 6,
          GPR(6) + 0x1000, 4, GPR(0) },
        { "mov %eax,(%rsp)", { 0x89, 0x04, 0x24 }, 3, GPR(4), 4, GPR(0) },
        { "mov %eax,8(%rbx,%rcx,4)", { 0x89, 0x44, 0x8b, 8 }, 4,
          GPR(3) + 4 * GPR(1) + 8, 4, GPR(0) },
        { "mov %eax,(%rbx,%r12)", { 0x42, 0x89, 0x04, 0x23 }, 4,
          GPR(3) + GPR(12), 4, GPR(0) },
        { "mov %eax,0x100(,%rcx,2)", { 0x89, 0x04, 0x4d, 0, 1 }, 7,
          2 * GPR(1) + 0x100, 4, GPR(0) },
        { "mov %eax,(%r13)", { 0x41, 0x89, 0x45, 0 }, 4, GPR(13), 4, GPR(0) },
        { "mov %eax,0x10(%rip)", { 0x89, 0x05, 0x10 }, 6, RIP + 6 + 0x10, 4,
          GPR(0) },
        { "movb $0x7f,(%rdi)", { 0xc6, 0x07, 0x7f }, 3, GPR(7), 1, 0x7f },
        { "movw $0x1234,(%rdi)", { 0x66, 0xc7, 0x07, 0x34, 0x12 }, 5, GPR(7),
          2, 0x1234 },
        { "movl $-2,(%rdi)", { 0xc7, 0x07, 0xfe, 0xff, 0xff, 0xff }, 6,
          GPR(7), 4, -2 },
        { "movq $-2,0x10(%rip)", { 0x48, 0xc7, 0x05, 0x10, 0, 0, 0,
                                   0xfe, 0xff, 0xff, 0xff },
          11, RIP + 11 + 0x10, 8, -2 },
        { "mov %eax,%ebx", { 0x89, 0xc3 } },
        { "xabort $0", { 0xc6, 0xf8, 0 } },
        { "no instruction at present", { 0xc7, 0x0f } },
        { "mov (%rdi),%eax", { 0x8b, 0x07 } },
        { "add %eax,(%rdi)", { 0x01, 0x07 } },
        { "mov %eax,%fs:(%rdi)", { 0x64, 0x89, 0x07 } },
        { "mov %eax,(%edi)", { 0x67, 0x89, 0x07 } },
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(regs.gpr); i++ )
        regs.gpr[i] = GPR(i);
    regs.rip = RIP;

    for ( i = 0; i < ARRAY_SIZE(insns); i++ )
    {
        uint64_t mask = ~0UL >> (64 - 8 * (insns[i].bytes ?: 8));
        struct subpage_mov mov;
        bool is_mov = subpage_mov_decode(insns[i].insn, &regs, &mov);

        CHECK(is_mov == !!insns[i].insn_bytes, "%s", insns[i].what);
        CHECK(!is_mov || (mov.insn_bytes == insns[i].insn_bytes &&
                          mov.addr == insns[i].addr &&
                          mov.bytes == insns[i].bytes &&
                          !((mov.data ^ insns[i].data) & mask)),
              "%s: %u bytes, which store %#lx, of %u bytes, to %#lx",
              insns[i].what, mov.insn_bytes, mov.data, mov.bytes, mov.addr);
    }
}

const struct test insn_tests[] = {
    { "instructions: stores with masks", masked },
    { "instructions: a mask of another instruction", changed },
    { "instructions: direct stores", direct },
    { "instructions: two pages", crossing },
    { "instructions: a failed comparison", compared },
    { "instructions: what cannot be mapped", unmapped },
    { "instructions: what cannot be done", impossible },
    { "instructions: plain stores", decode },
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
