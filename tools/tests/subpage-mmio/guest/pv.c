/* SPDX-License-Identifier: GPL-2.0-only */
/* The PV environment, for both widths. */

#include "env.h"
#include "form.h"
#include "hypercall.h"
#include "options.h"
#include "pci.h"
#include "pcifront.h"
#include "print.h"
#include "pv.h"

#include <public/memory.h>
#include <public/physdev.h>

#define PTE_PRESENT   0x001
#define PTE_WRITE     0x002
#define PTE_USER      0x004
#define PTE_UNCACHED  0x010
#define PTE_ACCESSED  0x020
#define PTE_DIRTY     0x040
#define PTE_READ      (PTE_PRESENT | PTE_USER | PTE_ACCESSED)
#define PTE_ALL       (PTE_READ | PTE_WRITE | PTE_DIRTY)

/* Writable data, accessed, present, for ring 3, 32-bit, 256 MiB long. */
#define SEGMENT_DESCRIPTOR \
    (0x00c0f3000000ffffULL | ((uint64_t)SEGMENT_BASE << 16))

#ifdef __x86_64__
const char env_name[] = "pv64";
#else
const char env_name[] = "pv32";
#endif

/* Selectors of each level. */
static const struct {
    uint16_t cs, ss;
} selectors[NR_LEVELS] = {
#ifdef __x86_64__
    /* Xen tells kernel from user mode, both in ring 3, by the RPL. */
    [LEVEL_KERNEL] = { FLAT_KERNEL_CS & ~3, FLAT_KERNEL_SS },
    [LEVEL_USER]   = { FLAT_USER_CS, FLAT_USER_SS },
    [LEVEL_COMPAT] = { FLAT_USER_CS32, FLAT_USER_SS32 },
#else
    [LEVEL_KERNEL] = { FLAT_KERNEL_CS, FLAT_KERNEL_SS },
    [LEVEL_USER]   = { FLAT_USER_CS, FLAT_USER_SS },
    [LEVEL_FORGED] = { FLAT_KERNEL_CS, FLAT_KERNEL_SS },
#endif
};

/* The kernel's stack is where Xen delivers exceptions. */
static struct view views[NR_LEVELS] = {
#ifdef __x86_64__
    [LEVEL_KERNEL] = { .forms = forms64, .bits = 64 },
    [LEVEL_USER]   = { .forms = forms64, .bits = 64, .own_stack = true },
    [LEVEL_COMPAT] = { .forms = forms32, .bits = 32, .own_stack = true },
#else
    [LEVEL_KERNEL] = { .forms = forms32, .bits = 32 },
    [LEVEL_USER]   = { .forms = forms32, .bits = 32, .own_stack = true },
    [LEVEL_FORGED] = { .forms = forms32, .bits = 32 },
#endif
};

static char device[BAR_SIZE] __attribute__((__aligned__(PAGE_SIZE)));

start_info_t *start_info;

extern char image_start[], image_end[];

/* Pages that something else is mapped over, or that the GDT is kept in. */
static char shared_info_page[PAGE_SIZE]
    __attribute__((__aligned__(PAGE_SIZE)));
static uint64_t gdt[PAGE_SIZE / sizeof(uint64_t)]
    __attribute__((__aligned__(PAGE_SIZE)));

/* Where exceptions from user mode are delivered. */
static char trap_stack[PAGE_SIZE] __attribute__((__aligned__(16)));

volatile shared_info_t *pv_shared_info(void)
{
    return (volatile shared_info_t *)shared_info_page;
}

unsigned long pv_machine_frame(const void *va)
{
    const unsigned long *p2m = (const unsigned long *)start_info->mfn_list;

    return p2m[((unsigned long)va - (unsigned long)image_start) / PAGE_SIZE];
}

static long try_map(const volatile void *va, uint64_t pte)
{
#ifdef __x86_64__
    return HYPERCALL(update_va_mapping, va, pte, UVMF_INVLPG, 0);
#else
    return HYPERCALL(update_va_mapping, va, pte, pte >> 32, UVMF_INVLPG);
#endif
}

static void map(const volatile void *va, uint64_t pte)
{
    long rc = try_map(va, pte);

    if ( rc )
        fatal("cannot map %lx:%lx at %lx: error %ld",
              (unsigned long)(pte >> 32), (unsigned long)(uint32_t)pte,
              (unsigned long)va, rc);
}

void pv_map_frame(const void *va, unsigned long frame)
{
    map(va, ((uint64_t)frame * PAGE_SIZE) | PTE_ALL);
}

static void map_ram(const void *va, unsigned int flags)
{
    map(va, ((uint64_t)pv_machine_frame(va) * PAGE_SIZE) | flags);
}

static void init_traps(void)
{
    /* One more, all zero, ends the table. */
    static trap_info_t traps[NR_TRAPS + 1];
    unsigned int i;

    for ( i = 0; i < NR_TRAPS; i++ )
    {
        traps[i].vector = i == EXIT_TRAP ? EXIT_VECTOR : i;
        traps[i].flags = i == EXIT_TRAP ? 3 : 0;
        traps[i].cs = FLAT_KERNEL_CS;
        traps[i].address = (unsigned long)(trap_stubs + i * TRAP_STUB_SIZE);
    }

    check(HYPERCALL(set_trap_table, traps, 0, 0, 0), "set_trap_table");
    check(HYPERCALL(stack_switch, FLAT_KERNEL_SS,
                    trap_stack + sizeof(trap_stack), 0, 0), "stack_switch");
}

static void init_segments(void)
{
    unsigned long frame = pv_machine_frame(gdt);

    gdt[SEGMENT_SELECTOR >> 3] = SEGMENT_DESCRIPTOR;
    map_ram(gdt, PTE_READ);
    check(HYPERCALL(set_gdt, &frame, ARRAY_SIZE(gdt), 0, 0), "set_gdt");

    /* 32-bit user code needs these two, and nothing else minds them. */
    asm volatile ( "mov %0, %%ds; mov %0, %%es"
                   :: "r" (selectors[LEVEL_USER].ss) );
    asm volatile ( "mov %0, %%fs; mov %0, %%gs" :: "r" (SEGMENT_SELECTOR) );
#ifdef __x86_64__
    check(HYPERCALL(set_segment_base, SEGBASE_GS_USER_SEL, SEGMENT_SELECTOR,
                    0, 0), "set_segment_base");
#endif
}

static void init_memory(void)
{
    const char *va;

    for ( va = image_start; va < image_end; va += PAGE_SIZE )
        map_ram(va, PTE_ALL);

    map(shared_info_page, start_info->shared_info | PTE_ALL);

#ifdef __x86_64__
    {
        /* User mode sees what the kernel sees. */
        struct mmuext_op op = {
            .cmd = MMUEXT_NEW_USER_BASEPTR,
            .arg1.mfn = pv_machine_frame((void *)start_info->pt_base),
        };

        check(HYPERCALL(mmuext_op, &op, 1, NULL, DOMID_SELF),
              "MMUEXT_NEW_USER_BASEPTR");
    }
#endif
}

char *env_init(void)
{
    struct physdev_set_iopl iopl = { .iopl = 1 };

    init_traps();
    init_memory();
    init_segments();
    check(HYPERCALL(physdev_op, PHYSDEVOP_set_iopl, &iopl, 0, 0),
          "PHYSDEVOP_set_iopl");
    if ( pcifront_is_used() )
        pci_config = pcifront_config;

    return (char *)start_info->cmd_line;
}

const struct view *env_view(enum level level)
{
    return views[level].forms ? &views[level] : NULL;
}

void env_run(struct cpu *cpu, enum level level)
{
    pv_run(cpu, selectors[level].cs, selectors[level].ss);
}

unsigned long env_fault_address(void)
{
    return pv_shared_info()->vcpu_info[0].arch.cr2;
}

unsigned long env_debug_status(void)
{
    unsigned long dr6 = HYPERCALL(get_debugreg, 6, 0, 0, 0);

    HYPERCALL(set_debugreg, 6, 0, 0, 0);

    return dr6;
}

#ifndef __x86_64__
/*
 * Xen lets 32-bit guests see its table of machine pages, with large mappings.
 * Where it looks for the L1 entries of that range, in its linear page tables,
 * it finds what the table contains; and guests have a say in that, for pages
 * which they own.  An entry is 4 bytes here: it takes two for one of a PTE.
 *
 * Returns where page @pa then seems to be mapped, read-only.
 */
static char *forge(uint64_t pa)
{
    static xen_pfn_t frame;
    struct xen_memory_reservation reservation = {
        .nr_extents = 1,
        .extent_order = 1,
        /* Within the part of the table that is looked at like this. */
        .mem_flags = XENMEMF_address_bits(22),
        .domid = DOMID_SELF,
    };
    struct xen_machphys_mapping table;
    mmu_update_t entry[2];
    unsigned int done;

    set_xen_guest_handle(reservation.extent_start, &frame);
    if ( HYPERCALL(memory_op, XENMEM_increase_reservation, &reservation, 0,
                   0) != 1 )
        fatal("modes=forged: no spare memory below 4 MiB: give Xen %s",
              "dom0_mem=64M,max:128M");
    check(HYPERCALL(memory_op, XENMEM_machphys_mapping, &table, 0, 0),
          "XENMEM_machphys_mapping");

    entry[0].ptr = ((uint64_t)frame * PAGE_SIZE) | MMU_MACHPHYS_UPDATE;
    entry[0].val = (uint32_t)pa | PTE_PRESENT | PTE_ACCESSED;
    entry[1].ptr = ((uint64_t)(frame + 1) * PAGE_SIZE) | MMU_MACHPHYS_UPDATE;
    entry[1].val = pa >> 32;
    check(HYPERCALL(mmu_update, entry, 2, &done, DOMID_SELF), "mmu_update");

    return (char *)(unsigned long)table.v_start + frame / 2 * PAGE_SIZE;
}
#endif

char *env_map_device(uint64_t pa, unsigned int pages)
{
    unsigned int i;

    for ( i = 0; i < pages * PAGE_SIZE; i += PAGE_SIZE )
    {
        /* Xen looks at what a PTE maps when that changes. */
        map(device + i, 0);
        map(device + i, (pa + i) | PTE_ALL | PTE_UNCACHED);
    }

    for ( i = 0; i < NR_LEVELS; i++ )
        views[i].device = device;

#ifndef __x86_64__
    for ( i = 0; i < NR_MODES; i++ )
        if ( options.mode[i] && modes[i].level == LEVEL_FORGED )
            views[LEVEL_FORGED].device =
                forge(pa + 2 * PAGE_SIZE) - 2 * PAGE_SIZE;
#endif

    return device;
}

void pv_unmap_device(void)
{
    unsigned int i;

    for ( i = 0; i < sizeof(device); i += PAGE_SIZE )
        map(device + i, 0);
}

long pv_try_device(uint64_t pa)
{
    return try_map(device, pa | PTE_ALL);
}

void env_start_cpu(unsigned int cpu, void (*run)(void))
{
    static char stack[MAX_CPUS][PAGE_SIZE] __attribute__((__aligned__(16)));
    static vcpu_guest_context_t context;

    context.flags = VGCF_in_kernel;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
    context.user_regs.ds = context.user_regs.es = selectors[LEVEL_USER].ss;
    context.user_regs.eflags = FLAG_ALWAYS;
#ifdef __x86_64__
    context.user_regs.rip = (unsigned long)run;
    context.user_regs.rsp = context.kernel_sp =
        (unsigned long)stack[cpu] + PAGE_SIZE - sizeof(long);
#else
    context.user_regs.eip = (unsigned long)run;
    context.user_regs.esp = context.kernel_sp =
        (unsigned long)stack[cpu] + PAGE_SIZE - sizeof(long);
#endif
    context.ctrlreg[3] =
        xen_pfn_to_cr3(pv_machine_frame((void *)start_info->pt_base));

    start_cpu(cpu, &context);
}

/* Where the kernel sees the page table that an entry of another one names. */
static uint64_t *next_table(uint64_t entry)
{
    const char *va = (const char *)start_info->pt_base;
    unsigned int i;

    for ( i = 0; i < start_info->nr_pt_frames; i++, va += PAGE_SIZE )
        if ( pv_machine_frame(va) == (entry & 0xfffffffffffffULL) / PAGE_SIZE )
            return (uint64_t *)va;

    fatal("the page tables that Xen made have an entry %lx",
          (unsigned long)entry);
}

volatile uint64_t *env_page_table_entry(bool writable)
{
    uint64_t *table = (uint64_t *)start_info->pt_base;
    unsigned long va = (unsigned long)gdt;
    unsigned int shift;

    if ( writable )
        check(HYPERCALL(vm_assist, VMASST_CMD_enable,
                        VMASST_TYPE_writable_pagetables, 0, 0), "vm_assist");

    for ( shift = sizeof(va) > 4 ? 39 : 30; shift > 12; shift -= 9 )
        table = next_table(table[(va >> shift) & 511]);

    return &table[(va >> shift) & 511];
}

void env_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    asm volatile ( XEN_CPUID
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
