/* SPDX-License-Identifier: GPL-2.0-only */
/* 64-bit PV: entry, traps, and changing mode. */

#include "env.h"
#include "pv.h"
#include "entry64.h"

        elfnotes .quad

        .globl _start
_start:
        cld
        mov $stack_top, %rsp
        mov %rsi, start_info
        call main
        ud2

        trap_entries trap_stubs, trapped, pv64=1
        trapped64

/* void pv_run(struct cpu *cpu, unsigned long cs, unsigned long ss) */
        .globl pv_run
pv_run:
        begin_run
        push %rdx
        push CPU(SP)(%rdi)
        push CPU(FLAGS)(%rdi)
        push %rsi
        push CPU(IP)(%rdi)
        push $0                         # no VGCF_in_syscall: load all
        load_registers
        jmp hypercall_page + __HYPERVISOR_iret * 32
