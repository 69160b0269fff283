/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is to know about an instruction form; forms.h has them all. */
#ifndef SPM_FORM_H
#define SPM_FORM_H

#include <stdbool.h>
#include <stdint.h>

/* One operation on memory, relative to the operand's address. */
struct op {
    char kind;                  /* 'w' store, 'm' read-modify-write */
    int16_t rel;
    uint16_t width;             /* bytes */
};

enum feature {
    ALWAYS,
    SSE3,
    SSE41,
    SSE4A,
    CX16,
    MOVBE,
    XSAVE,
    AVX,
    AVX2,
    AVX512F,
    MOVDIRI,
    MOVDIR64B,
    NR_FEATURES
};

struct form {
    const char *name;
    /* The instruction, up to the exit. */
    char *start, *end;
    /* In order; a width of zero ends the list. */
    struct op op[8];
    enum feature needs;

    /* Initial values of CX and DX, where zero stands for the usual one. */
    unsigned long cx, dx;
    /* The stack pointer is the operand's address plus this. */
    unsigned int stack;
    /* DI points so much below the operand. */
    long displacement;
    /* The code ends with the operand's address, in so many bytes. */
    unsigned int address;
    /* Which bit of the operand goes to CF. */
    unsigned int carry_bit;

    bool repeated:1;            /* CX times */
    bool backwards:1;           /* DF set */
    bool equal:1;               /* DX:AX is what memory holds */
    bool device_source:1;       /* SI points to the device, not to RAM */
    bool segment:1;             /* DI lacks the base of %fs and %gs */
    bool relative:1;            /* to the code's end, that address is */
    bool carry:1;               /* CF is like that bit to begin with, too */
    bool fault:1;               /* no emulator is expected to know it */
    bool sparse:1;              /* may leave bytes of its stores alone */
    bool pointers:1;            /* stores the FPU's pointers, from byte 12 */
    bool locked:1;              /* its read and write are one access */
    bool unknown_length:1;      /* INT3 follows, wherever it ends */
    bool masked:1;              /* its stores are parts of a single one */
};

/* For each width of code; ended by an entry without a name. */
extern const struct form forms64[], forms32[], forms16[];

#endif /* SPM_FORM_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
