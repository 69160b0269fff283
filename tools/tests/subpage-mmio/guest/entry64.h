/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers and hypercalls of 64-bit kernels. */
#ifndef SPM_ENTRY64_H
#define SPM_ENTRY64_H

#include <public/xen.h>

#define CPU(r) (CPU_##r * 8)

/* What a function must preserve; and the stack, for trapped64 to return on. */
        .macro begin_run
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        mov %rsp, run_sp
        mov %rdi, run_cpu
        .endm

        .macro end_run
        movq $0, run_cpu
        mov run_sp, %rsp
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        ret
        .endm

/* From the struct cpu at %rdi. */
        .macro load_registers
        mov CPU(AX)(%rdi), %rax
        mov CPU(CX)(%rdi), %rcx
        mov CPU(DX)(%rdi), %rdx
        mov CPU(BX)(%rdi), %rbx
        mov CPU(BP)(%rdi), %rbp
        mov CPU(SI)(%rdi), %rsi
        mov CPU(R8)(%rdi), %r8
        mov CPU(R9)(%rdi), %r9
        mov CPU(R10)(%rdi), %r10
        mov CPU(R11)(%rdi), %r11
        mov CPU(R12)(%rdi), %r12
        mov CPU(R13)(%rdi), %r13
        mov CPU(R14)(%rdi), %r14
        mov CPU(R15)(%rdi), %r15
        mov CPU(DI)(%rdi), %rdi
        .endm

/*
 * Where trap_entries lead.  On the stack: vector, error code, rip, cs,
 * rflags, rsp, ss.
 */
        .macro trapped64
trapped:
        cld
        push %rax
        mov run_cpu, %rax
        test %rax, %rax
        jz panic
        mov %rcx, CPU(CX)(%rax)
        mov %rdx, CPU(DX)(%rax)
        mov %rbx, CPU(BX)(%rax)
        mov %rbp, CPU(BP)(%rax)
        mov %rsi, CPU(SI)(%rax)
        mov %rdi, CPU(DI)(%rax)
        mov %r8, CPU(R8)(%rax)
        mov %r9, CPU(R9)(%rax)
        mov %r10, CPU(R10)(%rax)
        mov %r11, CPU(R11)(%rax)
        mov %r12, CPU(R12)(%rax)
        mov %r13, CPU(R13)(%rax)
        mov %r14, CPU(R14)(%rax)
        mov %r15, CPU(R15)(%rax)
        pop CPU(AX)(%rax)
        pop CPU(VECTOR)(%rax)
        pop CPU(ERROR)(%rax)
        pop CPU(IP)(%rax)
        pop %rcx
        pop CPU(FLAGS)(%rax)
        pop CPU(SP)(%rax)
        end_run

panic:
        mov %rsp, %rdi
        and $-16, %rsp
        call trap_panic
        ud2
        .endm

        .section .text.hypercall_page, "ax"
        .balign PAGE_SIZE
        .globl hypercall_page
hypercall_page:
        .skip PAGE_SIZE

        .bss
        .balign 16
        .skip 4 * PAGE_SIZE
stack_top:
        .balign 8
run_cpu:
        .skip 8
run_sp:
        .skip 8

        .text

        .globl hypercall
hypercall:
        mov %edi, %eax
        shl $5, %eax
        add $hypercall_page, %rax
        mov %rsi, %rdi
        mov %rdx, %rsi
        mov %rcx, %rdx
        mov %r8, %r10
        jmp *%rax

#endif /* SPM_ENTRY64_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
