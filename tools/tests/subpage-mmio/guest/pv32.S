/* SPDX-License-Identifier: GPL-2.0-only */
/* 32-bit PV: entry, hypercalls, traps, and changing mode. */

#include "env.h"
#include "pv.h"

        elfnotes .long
        elfnote XEN_ELFNOTE_PAE_MODE, .asciz "yes"

#define CPU(r) (CPU_##r * 4)

/* In a code segment selector: ring 3, not 1. */
#define USER_RPL 2

        .section .text.hypercall_page, "ax"
        .balign PAGE_SIZE
        .globl hypercall_page
hypercall_page:
        .skip PAGE_SIZE

        .bss
        .balign 16
        .skip 4 * PAGE_SIZE
stack_top:
        .balign 4
run_cpu:
        .skip 4
run_sp:
        .skip 4

        .text

        .globl _start
_start:
        cld
        mov $stack_top, %esp
        mov %esi, start_info
        call main
        ud2

        .globl hypercall
hypercall:
        push %ebx
        push %esi
        push %edi
        mov 16(%esp), %eax
        shl $5, %eax
        add $hypercall_page, %eax
        mov 20(%esp), %ebx
        mov 24(%esp), %ecx
        mov 28(%esp), %edx
        mov 32(%esp), %esi
        call *%eax
        pop %edi
        pop %esi
        pop %ebx
        ret

        trap_entries trap_stubs, trapped

/* On the stack: vector, error code, eip, cs, eflags; esp, ss if from user. */
trapped:
        cld
        push %eax
        mov run_cpu, %eax
        test %eax, %eax
        jz panic
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
        mov %esp, CPU(SP)(%eax)
        test $USER_RPL, %cl
        jz 1f
        pop CPU(SP)(%eax)
1:      movl $0, run_cpu
        mov run_sp, %esp
        pop %edi
        pop %esi
        pop %ebp
        pop %ebx
        ret

panic:
        mov %esp, %eax
        and $-16, %esp
        push %eax
        call trap_panic
        ud2

/* void pv_run(struct cpu *cpu, unsigned long cs, unsigned long ss) */
        .globl pv_run
pv_run:
        push %ebx
        push %ebp
        push %esi
        push %edi
        mov 20(%esp), %eax
        mov 24(%esp), %ecx
        mov 28(%esp), %edx
        mov %esp, run_sp
        mov %eax, run_cpu
        test $USER_RPL, %cl
        jnz 1f
        mov CPU(SP)(%eax), %esp         # IRET to the same ring keeps it
        jmp 2f
1:      push %edx
        push CPU(SP)(%eax)
2:      push CPU(FLAGS)(%eax)
        push %ecx
        push CPU(IP)(%eax)
        mov CPU(CX)(%eax), %ecx
        mov CPU(DX)(%eax), %edx
        mov CPU(BX)(%eax), %ebx
        mov CPU(BP)(%eax), %ebp
        mov CPU(SI)(%eax), %esi
        mov CPU(DI)(%eax), %edi
        mov CPU(AX)(%eax), %eax
        iret
