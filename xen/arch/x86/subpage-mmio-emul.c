/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulation of instructions which write to partially protected MMIO pages.
 *
 * A guest has faulted on a write to such a page.  The instruction is emulated,
 * with its accesses to the page going through the engine (subpage-mmio.c).
 * What else it accesses, it accesses by the guest's linear addresses, with
 * the rights which the guest has at that moment; how, is for the guest's
 * environment to say.
 *
 * All pages of an access are looked at before any is accessed, so that what
 * makes an exception necessary is found while nothing has happened yet.
 */

#include <xen/sched.h>

#include <asm/subpage-mmio-emul.h>

/* No access which gets here is larger than a page. */
#define MAX_PARTS 2

/* FXSAVE's area: Intel SDM vol 1, 10.5.1. */
#define FXSAVE_AREA  512
#define FXSAVE_ALIGN 16

/* Xen's stack is 8-byte aligned, and attributes do not change that. */
#define DECLARE_BUFFER(name)                                            \
    uint64_t name##_[(FXSAVE_AREA + FXSAVE_ALIGN - 8) / 8];             \
    uint8_t *name = (void *)ROUNDUP((unsigned long)name##_, FXSAVE_ALIGN)

static bool is_faulting(unsigned long addr, bool write,
                        struct x86_emulate_ctxt *ctxt)
{
    struct subpage_emul *emul = subpage_emul(ctxt);

    if ( emul->env->is_faulting )
        return emul->env->is_faulting(emul, addr, write, ctxt);

    return !((addr ^ emul->cr2) & PAGE_MASK);
}

static bool in_one_page(unsigned long addr, unsigned int bytes)
{
    return PAGE_OFFSET(addr) + bytes <= PAGE_SIZE;
}

static void put_parts(const struct subpage_part *parts, unsigned int nr)
{
    while ( nr-- )
        if ( parts[nr].put )
            subpage_mmio_put(parts[nr].page);
}

/* Sets *@nr to the number of parts, which is zero on error. */
static int get_parts(unsigned long addr, unsigned int bytes, bool write,
                     struct subpage_part *parts, unsigned int *nr,
                     struct x86_emulate_ctxt *ctxt)
{
    const struct subpage_emul *emul = subpage_emul(ctxt);
    int rc = X86EMUL_OKAY;

    for ( *nr = 0; bytes; ++*nr )
    {
        struct subpage_part *part = &parts[*nr];

        ASSERT(*nr < MAX_PARTS);

        *part = (struct subpage_part){
            .addr = addr,
            .bytes = min_t(unsigned int, bytes, PAGE_SIZE - PAGE_OFFSET(addr)),
            .mmio = INVALID_MFN,
        };

        if ( is_faulting(addr, write, ctxt) )
            part->page = emul->access.page;
        else
        {
            rc = emul->env->get_part(part, write, ctxt);
            if ( rc != X86EMUL_OKAY )
            {
                put_parts(parts, *nr);
                *nr = 0;
                break;
            }
            part->put = part->page;
        }

        addr += part->bytes;
        bytes -= part->bytes;
    }

    return rc;
}

/*
 * May the guest write there?  And if what is to happen is one access to the
 * outside, a @locked read and write, can it be?  Where it crosses into a page
 * which the engine does not control, others can get in between.
 */
static int check_write(unsigned long addr, unsigned int bytes, bool locked,
                       struct x86_emulate_ctxt *ctxt)
{
    struct subpage_part parts[MAX_PARTS];
    unsigned int i, nr;
    int rc = get_parts(addr, bytes, true, parts, &nr, ctxt);

    for ( i = 0; i < nr; i++ )
        if ( locked && !parts[i].page )
            rc = X86EMUL_UNHANDLEABLE;

    put_parts(parts, nr);

    return rc;
}

static int write_part(const struct subpage_part *part, const void *data,
                      struct x86_emulate_ctxt *ctxt)
{
    if ( part->discard )
        return X86EMUL_OKAY;

    if ( !part->page )
        return subpage_emul(ctxt)->env->copy(part, (void *)data, true, ctxt);

    subpage_mmio_write(part->page, PAGE_OFFSET(part->addr), data,
                       part->bytes);

    return X86EMUL_OKAY;
}

/*
 * Stores which leave out what a mask says.  The emulator reads the memory,
 * and writes back what is to stay as it is.  A device must not see either.
 *
 * Returns the size of the elements that the mask is about, in bytes; zero if
 * this is about any number of bytes; negative if there is no mask.
 */
static int mask_unit(const struct x86_emulate_ctxt *ctxt)
{
    switch ( ctxt->opcode )
    {
    case X86EMUL_OPC(0x0f, 0xf7):          /* MASKMOVQ */
    case X86EMUL_OPC_66(0x0f, 0xf7):       /* MASKMOVDQU */
    case X86EMUL_OPC_VEX_66(0x0f, 0xf7):   /* VMASKMOVDQU */
        return 1;

    case X86EMUL_OPC_VEX_66(0x0f38, 0x2e): /* VMASKMOVPS */
        return 4;

    case X86EMUL_OPC_VEX_66(0x0f38, 0x2f): /* VMASKMOVPD */
        return 8;

    case X86EMUL_OPC_VEX_66(0x0f38, 0x8e): /* VPMASKMOV{D,Q} */
        return subpage_emul(ctxt)->wide ? 8 : 4;
    }

    return (ctxt->opcode & X86EMUL_OPC_ENCODING_MASK) == X86EMUL_OPC_EVEX_
           ? 0 : -1;
}

static int read_linear(unsigned long addr, void *data, unsigned int bytes,
                       struct x86_emulate_ctxt *ctxt)
{
    struct subpage_emul *emul = subpage_emul(ctxt);
    struct subpage_part parts[MAX_PARTS];
    unsigned int i, nr;
    int rc = X86EMUL_OKAY;

    if ( mask_unit(ctxt) >= 0 )
    {
        emul->masked.pass++;
        memset(data, emul->masked.pass == MASKED_ZEROS ? 0 : 0xff, bytes);
        return X86EMUL_OKAY;
    }

    /*
     * CMPXCHG, of all sizes, writes next; other read-modify-write ones have a
     * hook of their own.  Find out now if it can't, and let nobody else get in
     * between.
     */
    if ( emul->cmpxchg )
    {
        rc = check_write(addr, bytes, emul->locked, ctxt);
        if ( rc != X86EMUL_OKAY )
            return rc;

        subpage_mmio_exclude(&emul->access);
    }

    rc = get_parts(addr, bytes, false, parts, &nr, ctxt);

    for ( i = 0; i < nr && rc == X86EMUL_OKAY; i++ )
    {
        const struct subpage_part *part = &parts[i];
        void *p = data + (part->addr - addr);

        if ( !part->page )
            rc = emul->env->copy(part, p, false, ctxt);
        else if ( !subpage_mmio_read(part->page, PAGE_OFFSET(part->addr), p,
                                     part->bytes) )
            rc = X86EMUL_UNHANDLEABLE;
    }

    put_parts(parts, nr);

    if ( rc == X86EMUL_OKAY && emul->cmpxchg )
    {
        emul->read.addr = addr;
        emul->read.bytes = bytes;
        memcpy(emul->read.data, data, bytes);
    }

    return rc;
}

/*
 * Store what is the same in @data and @other; the rest is not to be touched.
 * This is one store: on a page where it would touch a protected granule, it
 * is refused as a whole.  @unit is as from mask_unit().
 */
static int write_common(unsigned long addr, const uint8_t *data,
                        const uint8_t *other, unsigned int bytes,
                        unsigned int unit, struct x86_emulate_ctxt *ctxt)
{
    struct subpage_part parts[MAX_PARTS], *part;
    unsigned int i, n, nr;
    int rc = get_parts(addr, bytes, true, parts, &nr, ctxt);

    for ( part = parts; part < parts + nr; part++ )
        for ( i = part->addr - addr;
              part->page && i < part->addr - addr + part->bytes; i++ )
            if ( data[i] == other[i] &&
                 subpage_mmio_is_protected(part->page, PAGE_OFFSET(addr + i),
                                           1) )
            {
                subpage_mmio_refuse(part->page, PAGE_OFFSET(part->addr),
                                    part->bytes);
                part->discard = true;
                break;
            }

    for ( i = 0; i < bytes && rc == X86EMUL_OKAY; i += n )
    {
        bool common = data[i] == other[i];

        for ( n = unit ?: 1; !unit && i + n < bytes; n++ )
            if ( (data[i + n] == other[i + n]) != common )
                break;

        for ( part = parts; common && part < parts + nr; part++ )
        {
            struct subpage_part piece = *part;
            unsigned long end = min(part->addr + part->bytes, addr + i + n);

            piece.addr = max(part->addr, addr + i);
            if ( piece.addr >= end || rc != X86EMUL_OKAY )
                continue;

            piece.bytes = end - piece.addr;
            rc = write_part(&piece, data + (piece.addr - addr), ctxt);
        }
    }

    put_parts(parts, nr);

    return rc;
}

static int write_masked(unsigned long addr, const uint8_t *data,
                        unsigned int bytes, struct x86_emulate_ctxt *ctxt)
{
    struct subpage_emul *emul = subpage_emul(ctxt);
    int unit = mask_unit(ctxt);

    if ( bytes > sizeof(emul->masked.data) )
        return X86EMUL_UNHANDLEABLE;

    if ( emul->masked.pass == MASKED_ZEROS )
    {
        memcpy(emul->masked.data, data, bytes);
        emul->masked.bytes = bytes;
        return X86EMUL_RETRY;
    }

    /* It may have become another instruction in the meantime. */
    if ( emul->masked.bytes != bytes || unit < 0 )
        return X86EMUL_RETRY;

    return write_common(addr, data, emul->masked.data, bytes, unit, ctxt);
}

static int write_linear(unsigned long addr, void *data, unsigned int bytes,
                        struct x86_emulate_ctxt *ctxt)
{
    struct subpage_emul *emul = subpage_emul(ctxt);
    struct subpage_part parts[MAX_PARTS];
    unsigned int i, nr;
    int rc;

    if ( emul->masked.pass )
        return write_masked(addr, data, bytes, ctxt);

    emul->wrote = true;

    if ( likely(in_one_page(addr, bytes) && is_faulting(addr, true, ctxt)) )
    {
        subpage_mmio_write(emul->access.page, PAGE_OFFSET(addr), data, bytes);
        return X86EMUL_OKAY;
    }

    rc = get_parts(addr, bytes, true, parts, &nr, ctxt);

    for ( i = 0; i < nr && rc == X86EMUL_OKAY; i++ )
        rc = write_part(&parts[i], data + (parts[i].addr - addr), ctxt);

    put_parts(parts, nr);

    return rc;
}

int cf_check subpage_emul_validate(
    const struct x86_emulate_state *state, struct x86_emulate_ctxt *ctxt)
{
    struct subpage_emul *emul = subpage_emul(ctxt);

    switch ( ctxt->opcode )
    {
    case X86EMUL_OPC(0x0f, 0xb0):
    case X86EMUL_OPC(0x0f, 0xb1):
    case X86EMUL_OPC(0x0f, 0xc7): /* Grp9, with nothing else that writes. */
        emul->cmpxchg = true;
        break;

    default:
        emul->cmpxchg = false;
        break;
    }

    emul->locked = x86_insn_is_locked(state, ctxt);
    emul->wide = x86_insn_is_vex_w(state, ctxt);

    return x86_insn_is_mem_write(state, ctxt) ? X86EMUL_OKAY
                                              : X86EMUL_UNHANDLEABLE;
}

int cf_check subpage_emul_read(
    enum x86_segment seg, unsigned long offset, void *p_data,
    unsigned int bytes, struct x86_emulate_ctxt *ctxt)
{
    unsigned long addr;
    int rc = subpage_emul(ctxt)->env->to_linear(seg, offset, bytes, false,
                                                ctxt, &addr);

    return rc == X86EMUL_OKAY ? read_linear(addr, p_data, bytes, ctxt) : rc;
}

int cf_check subpage_emul_write(
    enum x86_segment seg, unsigned long offset, void *p_data,
    unsigned int bytes, struct x86_emulate_ctxt *ctxt)
{
    unsigned long addr;
    int rc = subpage_emul(ctxt)->env->to_linear(seg, offset, bytes, true,
                                                ctxt, &addr);

    return rc == X86EMUL_OKAY ? write_linear(addr, p_data, bytes, ctxt) : rc;
}

struct rmw_arg {
    unsigned int bytes;
    uint32_t *eflags;
    struct x86_emulate_state *state;
    struct x86_emulate_ctxt *ctxt;
};

static int cf_check do_rmw(void *ptr, void *arg)
{
    const struct rmw_arg *rmw = arg;

    return x86_emul_rmw(ptr, rmw->bytes, rmw->eflags, rmw->state, rmw->ctxt);
}

int cf_check subpage_emul_rmw(
    enum x86_segment seg, unsigned long offset, unsigned int bytes,
    uint32_t *eflags, struct x86_emulate_state *state,
    struct x86_emulate_ctxt *ctxt)
{
    struct subpage_emul *emul = subpage_emul(ctxt);
    struct rmw_arg arg = { bytes, eflags, state, ctxt };
    unsigned long addr;
    uint64_t val = 0;
    int rc = emul->env->to_linear(seg, offset, bytes, true, ctxt, &addr);

    if ( rc != X86EMUL_OKAY )
        return rc;

    if ( likely(in_one_page(addr, bytes) && is_faulting(addr, true, ctxt)) )
        return subpage_mmio_rmw(&emul->access, PAGE_OFFSET(addr), bytes,
                                do_rmw, &arg, &rc)
               ? rc : X86EMUL_UNHANDLEABLE;

    rc = check_write(addr, bytes, x86_insn_is_locked(state, ctxt), ctxt);
    if ( rc != X86EMUL_OKAY )
        return rc;

    subpage_mmio_exclude(&emul->access);

    rc = read_linear(addr, &val, bytes, ctxt);
    if ( rc == X86EMUL_OKAY )
        rc = do_rmw(&val, &arg);
    if ( rc == X86EMUL_OKAY )
        rc = write_linear(addr, &val, bytes, ctxt);

    return rc;
}

/* The value still is what ->read() found, as that keeps others out. */
int cf_check subpage_emul_cmpxchg(
    enum x86_segment seg, unsigned long offset, void *p_old, void *p_new,
    unsigned int bytes, bool lock, struct x86_emulate_ctxt *ctxt)
{
    unsigned long addr;
    int rc = subpage_emul(ctxt)->env->to_linear(seg, offset, bytes, true,
                                                ctxt, &addr);

    return rc == X86EMUL_OKAY ? write_linear(addr, p_new, bytes, ctxt) : rc;
}

/*
 * What FXSAVE leaves alone depends on the mode, on CR4.OSFXSR, EFER.FFXSE, and
 * on the processor.  Find out by having it store twice, to different memory.
 */
static int fxsave(unsigned long addr, uint8_t *buf, uint32_t *eflags,
                  struct x86_emulate_state *state,
                  struct x86_emulate_ctxt *ctxt)
{
    DECLARE_BUFFER(other);
    int rc;

    memset(other, 0xff, FXSAVE_AREA);
    rc = x86_emul_blk(other, NULL, FXSAVE_AREA, eflags, state, ctxt);
    if ( rc == X86EMUL_OKAY )
        rc = x86_emul_blk(buf, NULL, FXSAVE_AREA, eflags, state, ctxt);
    if ( rc == X86EMUL_OKAY )
        rc = write_common(addr, buf, other, FXSAVE_AREA, 0, ctxt);

    return rc;
}

int cf_check subpage_emul_blk(
    enum x86_segment seg, unsigned long offset, void *p_data,
    unsigned int bytes, uint32_t *eflags, struct x86_emulate_state *state,
    struct x86_emulate_ctxt *ctxt)
{
    DECLARE_BUFFER(buf);
    unsigned long addr;
    int rc = subpage_emul(ctxt)->env->to_linear(seg, offset, bytes, true,
                                                ctxt, &addr);

    if ( rc != X86EMUL_OKAY )
        return rc;

    /* Direct stores come with their data. */
    if ( p_data )
        switch ( ctxt->opcode )
        {
        case X86EMUL_OPC(0x0f38, 0xf9):    /* MOVDIRI */
        case X86EMUL_OPC_66(0x0f38, 0xf8): /* MOVDIR64B */
            return write_linear(addr, p_data, bytes, ctxt);

        default:
            return X86EMUL_UNHANDLEABLE;
        }

    if ( bytes > FXSAVE_AREA )
        return X86EMUL_UNHANDLEABLE;

    memset(buf, 0, bytes);

    if ( bytes == FXSAVE_AREA )
        return fxsave(addr, buf, eflags, state, ctxt);

    /* FNSAVE changes FPU state: nothing may fail from then on. */
    rc = check_write(addr, bytes, false, ctxt);
    if ( rc == X86EMUL_OKAY )
        rc = x86_emul_blk(buf, NULL, bytes, eflags, state, ctxt);

    return rc == X86EMUL_OKAY ? write_linear(addr, buf, bytes, ctxt) : rc;
}

#define REX_B 1
#define REX_X 2
#define REX_R 4
#define REX_W 8

bool subpage_mov_decode(const uint8_t insn[SUBPAGE_MOV_INSN],
                        struct cpu_user_regs *regs, struct subpage_mov *mov)
{
    const uint8_t *p = insn;
    unsigned int rex = 0, opcode, modrm, mod, rm, imm;
    bool relative = false;
    long addr = 0;

    mov->bytes = 4;
    if ( *p == 0x66 )
    {
        mov->bytes = 2;
        p++;
    }
    if ( (*p & 0xf0) == 0x40 )
        rex = *p++;
    if ( rex & REX_W )
        mov->bytes = 8;

    opcode = *p++;
    modrm = *p++;
    mod = modrm >> 6;
    rm = modrm & 7;

    /* MOV r,r/m and MOV imm,r/m: the lowest bit is clear for bytes. */
    switch ( opcode )
    {
    case 0x88:
        /* AH and the like. */
        if ( !rex && (modrm & 0x20) )
            return false;
        /* Fall through. */
    case 0xc6:
        mov->bytes = 1;
        break;

    case 0x89: case 0xc7:
        break;

    default:
        return false;
    }

    imm = opcode >= 0xc6 ? min(mov->bytes, 4U) : 0;
    if ( mod == 3 || (imm && (modrm & 0x38)) )
        return false;

    if ( rm == 4 )
    {
        unsigned int sib = *p++;
        unsigned int index = ((sib >> 3) & 7) | (rex & REX_X ? 8 : 0);

        rm = sib & 7;
        if ( index != 4 )
            addr = *decode_gpr(regs, index) << (sib >> 6);
    }
    else
        relative = rm == 5 && !mod;

    if ( rm == 5 && !mod )
        mod = 2;
    else
        addr += *decode_gpr(regs, rm | (rex & REX_B ? 8 : 0));

    if ( mod == 1 )
        addr += (int8_t)*p++;
    else if ( mod == 2 )
    {
        addr += *(const int32_t *)p;
        p += 4;
    }

    mov->insn_bytes = p + imm - insn;
    mov->addr = addr + (relative ? regs->rip + mov->insn_bytes : 0);

    switch ( imm )
    {
    case 0:
        mov->data = *decode_gpr(regs, ((modrm >> 3) & 7) |
                                      (rex & REX_R ? 8 : 0));
        break;

    case 1:
        mov->data = *p;
        break;

    case 2:
        mov->data = *(const uint16_t *)p;
        break;

    default:
        mov->data = *(const int32_t *)p;
        break;
    }

    return true;
}

void subpage_mov_complete(const struct subpage_mov *mov,
                          struct subpage_mmio *page,
                          struct cpu_user_regs *regs)
{
    struct subpage_mmio_access access = { .page = page };

    subpage_mmio_begin(&access);
    subpage_mmio_write(page, PAGE_OFFSET(mov->addr), &mov->data, mov->bytes);
    subpage_mmio_end(&access);

    regs->rip += mov->insn_bytes;
    regs->eflags &= ~X86_EFLAGS_RF;
}

bool subpage_emul_again(struct x86_emulate_ctxt *ctxt, int rc)
{
    struct subpage_emul *emul = subpage_emul(ctxt);

    /* Once, as it may have become another instruction in the meantime. */
    if ( rc != X86EMUL_RETRY || emul->masked.pass != MASKED_ZEROS ||
         emul->masked.again )
        return false;

    return emul->masked.again = true;
}

void subpage_emul_complete(struct x86_emulate_ctxt *ctxt, int rc)
{
    struct subpage_emul *emul = subpage_emul(ctxt);

    /*
     * CMPXCHG writes what it read when the comparison fails (Intel SDM vol 2,
     * "CMPXCHG": "the destination operand receives a write cycle"), which the
     * emulator leaves out.  That it may was checked when it read.  It is too
     * late for an exception, should this no longer be true.
     */
    if ( rc == X86EMUL_OKAY && emul->read.bytes && !emul->wrote &&
         write_linear(emul->read.addr, emul->read.data, emul->read.bytes,
                      ctxt) == X86EMUL_EXCEPTION )
        x86_emul_reset_event(ctxt);
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
