/* SPDX-License-Identifier: GPL-2.0-only */
/* PVH: entry, traps, and changing mode. */

#include "env.h"
#include "pvh.h"
#include "entry64.h"

        elfnote XEN_ELFNOTE_PHYS32_ENTRY, .long _start

#define MSR_EFER        0xc0000080
#define EFER_LME        0x100

#define CR0_PE_MP_NE    0x00000023
#define CR0_PG          0x80000000
#define CR4_PAE_OSFXSR_OSXMMEXCPT 0x620

/* Present, writable, for all rings, accessed, dirty; and a 2 MiB page. */
#define PTE_TABLE       0x67
#define PTE_LARGE       0xe7

#define LARGE_PAGE      0x200000

        .data

/* All addresses below 4 GiB, as they are; those of the image page by page. */
        .balign PAGE_SIZE
l4_table:
        .quad l3_table + PTE_TABLE
        .skip PAGE_SIZE - 8
l3_table:
        .irp i, 0, 1, 2, 3
        .quad l2_tables + \i * PAGE_SIZE + PTE_TABLE
        .endr
        .skip PAGE_SIZE - 4 * 8
l2_tables:
        .set i, 0
        .rept 4 * 512
        .if i == IMAGE_START / LARGE_PAGE
        .quad image_table + PTE_TABLE
        .else
        .quad i * LARGE_PAGE + PTE_LARGE
        .endif
        .set i, i + 1
        .endr
        .globl image_table
image_table:
        .set i, 0
        .rept 512
        .quad IMAGE_START + i * PAGE_SIZE + PTE_TABLE
        .set i, i + 1
        .endr

        .macro table_pointer name, table, size
        .balign 8
        .globl \name
\name:
        .word \size - 1
        .quad \table
        .endm

        table_pointer gdt_pointer, gdt, GDT_SIZE
        table_pointer idt64_pointer, idt64, (16*NR_GATES)
        table_pointer idt32_pointer, idt32, (8*NR_GATES)

        .text

        .code32
        .globl _start
_start:
        cld
        mov %ebx, start_info
        mov $CR4_PAE_OSFXSR_OSXMMEXCPT, %eax
        mov %eax, %cr4
        mov $l4_table, %eax
        mov %eax, %cr3
        mov $MSR_EFER, %ecx
        mov $EFER_LME, %eax
        xor %edx, %edx
        wrmsr
        mov $CR0_PG | CR0_PE_MP_NE, %eax
        mov %eax, %cr0
        lgdt gdt_pointer
        ljmp $SEL_KERNEL_CS, $1f

        .code64
1:      mov $SEL_KERNEL_DS, %eax
        mov %eax, %ss
        mov $stack_top, %rsp
        call main
        ud2

        trap_entries trap_stubs, trapped
        trapped64

        .globl pvh_run
pvh_run:
        begin_run
        mov %ecx, %ds
        mov %ecx, %es
        push %rdx
        push CPU(SP)(%rdi)
        push CPU(FLAGS)(%rdi)
        push %rsi
        push CPU(IP)(%rdi)
        load_registers
        iretq

/*
 * Paging can only be left off in long mode's 32-bit code, and long mode is
 * left with it; all to be undone before 64-bit code can go on.
 */
        .globl pvh_run_unpaged
pvh_run_unpaged:
        begin_run
        mov %ecx, %ds
        mov %ecx, %es
        mov $SEL_KERNEL_DS, %eax
        mov %eax, %ss                   # exceptions from ring 3 zero it
        push $SEL_KERNEL_CS32
        push $1f
        lretq

        .code32
1:      mov %cr0, %eax
        and $~CR0_PG, %eax
        mov %eax, %cr0
        lidt idt32_pointer
        push %edx
        push CPU(SP)(%edi)
        push CPU(FLAGS)(%edi)
        push %esi
        push CPU(IP)(%edi)
        mov CPU(AX)(%edi), %eax
        mov CPU(CX)(%edi), %ecx
        mov CPU(DX)(%edi), %edx
        mov CPU(BX)(%edi), %ebx
        mov CPU(BP)(%edi), %ebp
        mov CPU(SI)(%edi), %esi
        mov CPU(DI)(%edi), %edi
        iret

        trap_entries trap_stubs32, trapped32

/* On the stack: vector, error code, eip, cs, eflags, esp, ss. */
trapped32:
        cld
        push %eax
        mov run_cpu, %eax
        mov %ecx, CPU(CX)(%eax)
        mov %edx, CPU(DX)(%eax)
        mov %ebx, CPU(BX)(%eax)
        mov %ebp, CPU(BP)(%eax)
        mov %esi, CPU(SI)(%eax)
        mov %edi, CPU(DI)(%eax)
        pop CPU(AX)(%eax)
        pop CPU(VECTOR)(%eax)
        pop CPU(ERROR)(%eax)
        pop CPU(IP)(%eax)
        pop %ecx
        pop CPU(FLAGS)(%eax)
        pop CPU(SP)(%eax)
        lidt idt64_pointer
        mov %cr0, %eax
        or $CR0_PG, %eax
        mov %eax, %cr0
        ljmp $SEL_KERNEL_CS, $1f

        .code64
1:      end_run
