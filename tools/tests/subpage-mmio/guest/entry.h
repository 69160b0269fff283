/* SPDX-License-Identifier: GPL-2.0-only */
/* What the entry code of all environments has in common; and ELF notes. */
#ifndef SPM_ENTRY_H
#define SPM_ENTRY_H

/* Entry points: one for each exception, and the exit's. */
#define NR_TRAPS        33
#define EXIT_TRAP       32
#define TRAP_STUB_SIZE  16

#ifdef __ASSEMBLY__

#include <public/elfnote.h>

/* Vectors that push an error code: #DF, #TS to #PF, #AC, #CP. */
#define ERROR_CODE_VECTORS 0x00227d00

        .macro elfnote type, data:vararg
        .pushsection .note.Xen, "a", @note
        .balign 4
        .long 2f - 1f, 4f - 3f, \type
1:      .asciz "Xen"
2:      .balign 4
3:      \data
4:      .balign 4
        .popsection
        .endm

/*
 * The entry points, leading to \to with the vector on top of an error code
 * on top of the frame.  64-bit PV has %rcx and %r11 on top of that at first.
 */
        .macro trap_entries name, to, pv64=0
        .balign TRAP_STUB_SIZE
        .globl \name
\name:
        .set trap, 0
        .rept NR_TRAPS
        .balign TRAP_STUB_SIZE
        .if \pv64
        pop %rcx
        pop %r11
        .endif
        .if (trap == EXIT_TRAP) || !((ERROR_CODE_VECTORS >> trap) & 1)
        push $0
        .endif
        .if trap == EXIT_TRAP
        push $EXIT_VECTOR
        .else
        push $trap
        .endif
        jmp \to
        .set trap, trap + 1
        .endr
        .endm

#else

extern const char trap_stubs[];

/* On the stack when nobody expected a trap. */
struct trap_frame {
    unsigned long ax, vector, error, ip;
};

void trap_panic(const struct trap_frame *frame);

#endif /* __ASSEMBLY__ */

#endif /* SPM_ENTRY_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
