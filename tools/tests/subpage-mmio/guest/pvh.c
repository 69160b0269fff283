/* SPDX-License-Identifier: GPL-2.0-only */
/* The PVH environment. */

/* There is a domctl among the hypercalls. */
#define __XEN_TOOLS__

#include "env.h"
#include "form.h"
#include "hypercall.h"
#include "memory.h"
#include "options.h"
#include "print.h"
#include "pvh.h"
#include "watched.h"

#include <public/arch-x86/cpuid.h>
#include <public/domctl.h>
#include <public/hvm/hvm_vcpu.h>

#define EFER_LME_LMA    0x500

#define PTE_DEVICE      0x77    /* present, writable, user, uncached, A, D */

/* Present, accessed, 4 GiB long, but for 16-bit code. */
#define KERNEL_CODE64   0x00af9b000000ffffULL
#define KERNEL_CODE32   0x00cf9b000000ffffULL
#define KERNEL_DATA     0x00cf93000000ffffULL
#define USER_CODE64     0x00affb000000ffffULL
#define USER_CODE32     0x00cffb000000ffffULL
#define USER_CODE16     0x0000fb000000ffffULL
#define USER_DATA       0x00cff3000000ffffULL
#define TSS             0x0000890000000000ULL

/* The base address, as all of them have it. */
#define DESCRIPTOR_BASE(base)                                           \
    ((((base) & 0xffffffULL) << 16) | (((base) >> 24 & 0xffULL) << 56))

/* Gates for ring 3: present, 32-bit (or 64-bit) interrupt gate. */
#define GATE            0x0000ee0000000000ULL
#define GATE_IST1       (1ULL << 32)

/* Odd: no offset in the segment is aligned like the address it stands for. */
#define SHIFTED_BASE    0x54321

const char env_name[] = "pvh";

const struct hvm_start_info *start_info;

/* The first of Xen's CPUID leaves. */
static uint32_t xen_leaf;

uint64_t gdt[GDT_SIZE / 8] __attribute__((__aligned__(16))) = {
    [SEL_KERNEL_CS / 8] = KERNEL_CODE64,
    [SEL_KERNEL_DS / 8] = KERNEL_DATA,
    [SEL_KERNEL_CS32 / 8] = KERNEL_CODE32,
    [SEL_USER_CS / 8] = USER_CODE64,
    [SEL_USER_CS32 / 8] = USER_CODE32,
    [SEL_USER_CS16 / 8] = USER_CODE16 | DESCRIPTOR_BASE(IMAGE_START),
    [SEL_USER_DS / 8] = USER_DATA,
    [SEL_SEGMENT / 8] = USER_DATA | DESCRIPTOR_BASE(SEGMENT_BASE),
    [SEL_SHIFTED / 8] = USER_DATA | DESCRIPTOR_BASE(SHIFTED_BASE),
};
uint64_t idt64[NR_GATES][2] __attribute__((__aligned__(16)));
uint64_t idt32[NR_GATES] __attribute__((__aligned__(16)));

/*
 * Where exceptions are delivered: by the IST in long mode, so that the stack
 * is left alone even in ring 0; and coming from ring 3 in protected mode,
 * which takes the same TSS for a 32-bit one.
 */
static char trap_stack[PAGE_SIZE] __attribute__((__aligned__(16)));

static struct {
    uint32_t unused1, esp0, ss0;
    uint32_t unused2[6];
    uint64_t ist1;
    uint32_t unused3[14];
    uint16_t unused4, io_bitmap;
} __attribute__((__packed__)) tss;

static char device[BAR_SIZE] __attribute__((__aligned__(PAGE_SIZE)));
static char alias[BAR_SIZE] __attribute__((__aligned__(PAGE_SIZE)));

static const struct {
    uint16_t cs, ss, ds;
    bool unpaged;
} selectors[NR_LEVELS] = {
    [LEVEL_KERNEL] = { SEL_KERNEL_CS, SEL_KERNEL_DS, SEL_USER_DS },
    [LEVEL_USER]   = { SEL_USER_CS, SEL_USER_DS, SEL_USER_DS },
    [LEVEL_COMPAT] = { SEL_USER_CS32, SEL_USER_DS, SEL_USER_DS },
    [LEVEL_PROT32] = { SEL_USER_CS32, SEL_USER_DS, SEL_USER_DS, true },
    [LEVEL_PROT16] = { SEL_USER_CS16, SEL_USER_DS, SEL_USER_DS, true },
    [LEVEL_SEG]    = { SEL_USER_CS32, SEL_SHIFTED, SEL_SHIFTED },
    [LEVEL_ALIAS]  = { SEL_KERNEL_CS, SEL_KERNEL_DS, SEL_USER_DS },
    [LEVEL_WATCHED] = { SEL_USER_CS32, SEL_USER_DS, SEL_USER_DS, true },
};

static struct view views[NR_LEVELS] = {
    [LEVEL_KERNEL] = { .forms = forms64, .bits = 64, .own_stack = true },
    [LEVEL_USER]   = { .forms = forms64, .bits = 64, .own_stack = true },
    [LEVEL_COMPAT] = { .forms = forms32, .bits = 32, .own_stack = true },
    [LEVEL_PROT32] = { .forms = forms32, .bits = 32, .own_stack = true },
    [LEVEL_PROT16] = { .forms = forms16, .bits = 16, .own_stack = true,
                       .code_base = IMAGE_START },
    [LEVEL_SEG]    = { .forms = forms32, .bits = 32, .own_stack = true,
                       .data_base = SHIFTED_BASE },
    [LEVEL_ALIAS]  = { .forms = forms64, .bits = 64, .own_stack = true },
    [LEVEL_WATCHED] = { .forms = forms32, .bits = 32, .own_stack = true },
};

static uint64_t gate(const char *entry, uint16_t cs)
{
    unsigned long addr = (unsigned long)entry;

    return GATE | (addr & 0xffff) | ((uint64_t)cs << 16) |
           ((uint64_t)(addr >> 16) << 48);
}

void pvh_set_gate(unsigned int vector, void *entry)
{
    idt64[vector][0] = GATE_IST1 | gate(entry, SEL_KERNEL_CS);
}

static void init_traps(void)
{
    unsigned int i;

    for ( i = 0; i < NR_TRAPS; i++ )
    {
        unsigned int vector = i == EXIT_TRAP ? EXIT_VECTOR : i;

        pvh_set_gate(vector, (void *)(trap_stubs + i * TRAP_STUB_SIZE));
        idt32[vector] = gate(trap_stubs32 + i * TRAP_STUB_SIZE,
                             SEL_KERNEL_CS32);
    }

    gdt[SEL_TSS / 8] = TSS | DESCRIPTOR_BASE((unsigned long)&tss) |
                       (sizeof(tss) - 1);
    tss.ist1 = tss.esp0 = (unsigned long)trap_stack + sizeof(trap_stack);
    tss.ss0 = SEL_KERNEL_DS;
    tss.io_bitmap = sizeof(tss);

    asm volatile ( "lidt %0" :: "m" (idt64_pointer) );
    asm volatile ( "ltr %w0" :: "r" (SEL_TSS) );
    asm volatile ( "mov %0, %%fs; mov %0, %%gs" :: "r" (SEL_SEGMENT) );
}

/* Xen, which there must be, is asked by an MSR to fill the page. */
static void init_hypercalls(void)
{
    uint32_t regs[4];

    for ( xen_leaf = XEN_CPUID_FIRST_LEAF;
          xen_leaf < XEN_CPUID_FIRST_LEAF + 0x10000; xen_leaf += 0x100 )
    {
        env_cpuid(xen_leaf, 0, regs);
        if ( regs[1] == XEN_CPUID_SIGNATURE_EBX &&
             regs[2] == XEN_CPUID_SIGNATURE_ECX &&
             regs[3] == XEN_CPUID_SIGNATURE_EDX )
            break;
    }

    env_cpuid(xen_leaf + 2, 0, regs);
    asm volatile ( "wrmsr"
                   :: "c" (regs[1]), "a" (hypercall_page), "d" (0)
                   : "memory" );
}

/*
 * A domain with a device model is started for its firmware's sake, and gets no
 * command line; but a file, which is meant to be its BIOS, as a module.
 */
static char *command_line(void)
{
    const struct hvm_modlist_entry *module =
        (const struct hvm_modlist_entry *)start_info->modlist_paddr;

    return (char *)(!start_info->cmdline_paddr && start_info->nr_modules
                    ? module->paddr : start_info->cmdline_paddr);
}

char *env_init(void)
{
    init_traps();
    init_hypercalls();

    return command_line();
}

const struct view *env_view(enum level level)
{
    return &views[level];
}

void env_run(struct cpu *cpu, enum level level)
{
    unsigned long target = (unsigned long)views[level].device;

    /* The reference, in RAM, is the same in whichever domain. */
    if ( level == LEVEL_WATCHED && cpu->reg[CPU_DI] - target < memory_size() )
    {
        watched_run(cpu);
        return;
    }

    (selectors[level].unpaged ? pvh_run_unpaged : pvh_run)(
        cpu, selectors[level].cs, selectors[level].ss, selectors[level].ds);
}

unsigned long env_fault_address(void)
{
    unsigned long cr2;

    asm volatile ( "mov %%cr2, %0" : "=r" (cr2) );

    return cr2;
}

unsigned long env_debug_status(void)
{
    unsigned long dr6;

    asm volatile ( "mov %%dr6, %0" : "=r" (dr6) );
    asm volatile ( "mov %0, %%dr6" :: "r" (0UL) );

    return dr6;
}

static void map(char *va, uint64_t pa)
{
    image_table[((unsigned long)va - IMAGE_START) / PAGE_SIZE] =
        pa | PTE_DEVICE;
    asm volatile ( "invlpg %0" :: "m" (*va) );
}

/* Have at its machine address what Xen does not know as a device's BAR. */
static void map_window(uint64_t pa, unsigned int pages)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_memory_mapping,
        .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
        .u.memory_mapping = {
            .first_gfn = pa / PAGE_SIZE,
            .first_mfn = pa / PAGE_SIZE,
            .nr_mfns = pages,
            .add_mapping = DPCI_ADD_MAPPING,
        },
    };
    uint32_t regs[4];

    /* This one does not know DOMID_SELF. */
    env_cpuid(xen_leaf + 4, 0, regs);
    if ( regs[0] & XEN_HVM_CPUID_DOMID_PRESENT )
        op.domain = regs[2];

    check(HYPERCALL(domctl, &op, 0, 0, 0), "XEN_DOMCTL_memory_mapping");
}

char *env_map_device(uint64_t pa, unsigned int pages)
{
    unsigned int i;

    if ( options.window )
        map_window(pa, pages);

    for ( i = 0; i < pages * PAGE_SIZE; i += PAGE_SIZE )
    {
        map(device + i, pa + i);
        map(alias + i, pa + i);
    }

    for ( i = 0; i < NR_LEVELS; i++ )
        views[i].device = selectors[i].unpaged ? (char *)pa : device;
    views[LEVEL_ALIAS].device = alias;

    return device;
}

#define READ_CR(n)                                                      \
    ({ uint64_t cr; asm volatile ( "mov %%cr" #n ", %0" : "=r" (cr) ); cr; })

void env_start_cpu(unsigned int cpu, void (*run)(void))
{
    static char stack[MAX_CPUS][PAGE_SIZE] __attribute__((__aligned__(16)));
    struct vcpu_hvm_context context = {
        .mode = VCPU_HVM_MODE_64B,
        .cpu_regs.x86_64 = {
            .rip = (unsigned long)run,
            .rsp = (unsigned long)stack[cpu] + PAGE_SIZE - sizeof(long),
            .rflags = FLAG_ALWAYS,
            .cr0 = READ_CR(0),
            .cr3 = READ_CR(3),
            .cr4 = READ_CR(4),
            .efer = EFER_LME_LMA,
        },
    };

    start_cpu(cpu, &context);
}

volatile uint64_t *env_page_table_entry(bool writable)
{
    (void)writable;

    /* It does not look at any of ours, other than through shadows. */
    return image_table;
}

void env_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    asm volatile ( "cpuid"
                   : "=a" (out[0]), "=b" (out[1]), "=c" (out[2]),
                     "=d" (out[3])
                   : "0" (leaf), "2" (subleaf) );
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
