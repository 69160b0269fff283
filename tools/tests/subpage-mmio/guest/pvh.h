/* SPDX-License-Identifier: GPL-2.0-only */
/* Between pvh.c and pvh64.S. */
#ifndef SPM_PVH_H
#define SPM_PVH_H

#include "env.h"
#include "entry.h"

/* Selectors; what is for ring 3 can be used in ring 0 as well. */
#define SEL_KERNEL_CS    0x08
#define SEL_KERNEL_DS    0x10
#define SEL_KERNEL_CS32  0x18
#define SEL_USER_CS      0x23
#define SEL_USER_CS32    0x2b
#define SEL_USER_CS16    0x33
#define SEL_USER_DS      0x3b
#define SEL_SEGMENT      0x43   /* from SEGMENT_BASE */
#define SEL_SHIFTED      0x4b   /* from SHIFTED_BASE */
#define SEL_TSS          0x50   /* and the next */
#define GDT_SIZE         0x60

#define NR_GATES         (EXIT_VECTOR + 1)

#ifndef __ASSEMBLY__

#include <public/arch-x86/hvm/start_info.h>

/* As LGDT and LIDT want it; 32-bit code needs less of it. */
struct descriptor_table {
    uint16_t limit;
    uint64_t base;
} __attribute__((__packed__));

extern const struct descriptor_table idt64_pointer;
extern const struct hvm_start_info *start_info;

extern uint64_t gdt[GDT_SIZE / 8];
extern uint64_t idt64[NR_GATES][2], idt32[NR_GATES];
extern char hypercall_page[];
/* Maps the image. */
extern uint64_t image_table[512];

/* The entry points when paging is off. */
extern const char trap_stubs32[];

/* Have an interrupt, in long mode, call this. */
void pvh_set_gate(unsigned int vector, void *entry);

/* DS and ES are loaded from the last argument.  With and without paging. */
void pvh_run(struct cpu *cpu, unsigned long cs, unsigned long ss,
             unsigned long ds);
void pvh_run_unpaged(struct cpu *cpu, unsigned long cs, unsigned long ss,
                     unsigned long ds);

#endif /* !__ASSEMBLY__ */

#endif /* SPM_PVH_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
