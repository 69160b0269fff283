/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulation of instructions which write to partially protected MMIO pages:
 * what PV and HVM have in common, and what either has to provide.
 */
#ifndef ASM_X86_SUBPAGE_MMIO_EMUL_H
#define ASM_X86_SUBPAGE_MMIO_EMUL_H

#include <xen/mm.h>

#include <asm/subpage-mmio.h>
#include <asm/x86_emulate.h>

/* The part of a memory access which lies in one page. */
struct subpage_part {
    unsigned long addr;        /* Linear. */
    unsigned int bytes;
    struct subpage_mmio *page; /* Partially protected, or else NULL. */
    bool put;                  /* @page is to be put after use. */
    mfn_t mmio;                /* Other MMIO, or else INVALID_MFN. */
    bool discard;              /* R/o as a whole, with writes dropped. */
};

/* One instruction being emulated, which x86_emulate_ctxt.data points to. */
struct subpage_emul {
    unsigned long cr2;                 /* Where it faulted. */
    struct subpage_mmio_access access; /* .page: which page did. */
    const struct subpage_emul_env *env;

    /* What was read, if that was for a comparison.  @bytes is zero if not. */
    struct {
        unsigned long addr;
        unsigned int bytes;
        uint8_t data[16]; /* Of a CMPXCHG. */
    } read;
    /*
     * A store with a mask is emulated twice, to learn what the mask is: it
     * gets to "read" zeros first, and ones then.
     */
    struct {
        enum { MASKED_NONE, MASKED_ZEROS, MASKED_ONES } pass;
        bool again;
        unsigned int bytes;
        uint8_t data[64]; /* What it meant to write the first time. */
    } masked;

    bool wrote;
    bool locked; /* By prefix, that is: XCHG does not need one. */
    bool wide;   /* VEX.W */
    bool cmpxchg;
};

/* All return X86EMUL_*, with the exception raised for X86EMUL_EXCEPTION. */
struct subpage_emul_env {
    /* Translate to a linear address, with checks for @bytes of access. */
    int (*to_linear)(enum x86_segment seg, unsigned long offset,
                     unsigned int bytes, bool write,
                     struct x86_emulate_ctxt *ctxt, unsigned long *addr);

    /*
     * Find out what is at @part->addr, which isn't in the page which faulted,
     * and whether the guest may access it.  Sets the members after .bytes.
     */
    int (*get_part)(struct subpage_part *part, bool write,
                    struct x86_emulate_ctxt *ctxt);

    /* Access a part which is not partially protected. */
    int (*copy)(const struct subpage_part *part, void *data, bool write,
                struct x86_emulate_ctxt *ctxt);

    /*
     * Is @addr in the page which faulted?  NULL if .cr2 tells.  @write
     * is whether it is about an access like the one which faulted.
     */
    bool (*is_faulting)(struct subpage_emul *emul, unsigned long addr,
                        bool write, struct x86_emulate_ctxt *ctxt);
};

/* A store of up to 8 bytes, of a register or an immediate. */
struct subpage_mov {
    unsigned long addr;
    uint64_t data;
    unsigned int bytes;
    unsigned int insn_bytes;
};

/* Bytes that have to be there to decode an instruction from. */
#define SUBPAGE_MOV_INSN 16

/*
 * Is the instruction in @insn, of 64-bit code and at %rip, a plain MOV to
 * memory, without segment base?  Most stores to devices are.  If so, fill
 * @mov, where .addr still may have any value.
 */
bool subpage_mov_decode(const uint8_t insn[SUBPAGE_MOV_INSN],
                        struct cpu_user_regs *regs, struct subpage_mov *mov);

/* Do what it does, to @page, which all of it has to be in. */
void subpage_mov_complete(const struct subpage_mov *mov,
                          struct subpage_mmio *page,
                          struct cpu_user_regs *regs);

static inline struct subpage_emul *subpage_emul(
    const struct x86_emulate_ctxt *ctxt)
{
    return ctxt->data;
}

/* After x86_emulate() returned @rc: is it to be called once more? */
bool subpage_emul_again(struct x86_emulate_ctxt *ctxt, int rc);

/*
 * Complete an emulation, after x86_emulate() returned @rc for good.  To be
 * called before subpage_mmio_end().
 */
void subpage_emul_complete(struct x86_emulate_ctxt *ctxt, int rc);

/* Hooks: see struct x86_emulate_ops. */
int cf_check subpage_emul_validate(
    const struct x86_emulate_state *state, struct x86_emulate_ctxt *ctxt);
int cf_check subpage_emul_read(
    enum x86_segment seg, unsigned long offset, void *p_data,
    unsigned int bytes, struct x86_emulate_ctxt *ctxt);
int cf_check subpage_emul_write(
    enum x86_segment seg, unsigned long offset, void *p_data,
    unsigned int bytes, struct x86_emulate_ctxt *ctxt);
int cf_check subpage_emul_rmw(
    enum x86_segment seg, unsigned long offset, unsigned int bytes,
    uint32_t *eflags, struct x86_emulate_state *state,
    struct x86_emulate_ctxt *ctxt);
int cf_check subpage_emul_cmpxchg(
    enum x86_segment seg, unsigned long offset, void *p_old, void *p_new,
    unsigned int bytes, bool lock, struct x86_emulate_ctxt *ctxt);
int cf_check subpage_emul_blk(
    enum x86_segment seg, unsigned long offset, void *p_data,
    unsigned int bytes, uint32_t *eflags, struct x86_emulate_state *state,
    struct x86_emulate_ctxt *ctxt);

#endif /* ASM_X86_SUBPAGE_MMIO_EMUL_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
