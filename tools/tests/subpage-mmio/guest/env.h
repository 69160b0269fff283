/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test asks of the environment that it runs in: entry, traps,
 * mapping, changing mode, console.  One implementation for each environment
 * (pv.c with pv64.S or pv32.S, pvh.c with pvh64.S; xen.c is for all of them);
 * main.c knows nothing but this header.
 */
#ifndef SPM_ENV_H
#define SPM_ENV_H

/* Indices into struct cpu, in units of a long, for the assembly's sake. */
#define CPU_AX        0
#define CPU_CX        1
#define CPU_DX        2
#define CPU_BX        3
#define CPU_SP        4
#define CPU_BP        5
#define CPU_SI        6
#define CPU_DI        7
#define CPU_R8        8
#define CPU_R9        9
#define CPU_R10      10
#define CPU_R11      11
#define CPU_R12      12
#define CPU_R13      13
#define CPU_R14      14
#define CPU_R15      15
#define CPU_IP       16
#define CPU_FLAGS    17
#define CPU_VECTOR   18
#define CPU_ERROR    19

/*
 * The software interrupt that ends every form.  This one, as Xen has a real
 * gate for it: for others it relies on the error code of the #GP, which
 * QEMU gets wrong.
 */
#define EXIT_VECTOR  0x80
#define EXIT_SIZE    2

#define VECTOR_DB     1
#define VECTOR_BP     3
#define VECTOR_PF    14

/* A flat data segment with this base is in %fs and %gs, in every mode. */
#define SEGMENT_BASE 0x10000

#define PAGE_SIZE    4096

#ifndef __ASSEMBLY__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define STR_(a)       #a
#define STR(a)        STR_(a)

/* The flag that is always set. */
#define FLAG_ALWAYS   0x002

/* Where code runs: options.c describes each. */
enum level {
    LEVEL_KERNEL,
    LEVEL_USER,
    LEVEL_COMPAT,
    LEVEL_PROT32,
    LEVEL_PROT16,
    LEVEL_SEG,
    LEVEL_ALIAS,
    LEVEL_FORGED,
    LEVEL_WATCHED,
    NR_LEVELS
};

struct form;

/* What the world looks like from there. */
struct view {
    const struct form *forms;
    unsigned int bits;          /* width of code */
    bool own_stack;             /* exceptions do not use the running one */
    /* Where the segments begin, but for %fs and %gs. */
    unsigned long code_base, data_base;
    /* The device's memory, by its address without segmentation. */
    char *device;
};

/* All that a form starts from and leaves, the FPU's registers apart. */
struct cpu {
    union {
        struct {
            unsigned long reg[16], ip, flags;
            /* What ended it. */
            unsigned long vector, error;
        };
        unsigned long slot[20];
    };
};

/* "pv64": as the report calls this environment. */
extern const char env_name[];

/* Set up all of the below.  Returns the command line. */
char *env_init(void);

/* NULL if no code can run at this level here. */
const struct view *env_view(enum level level);

/* One write to the console; the text ends with a newline. */
void env_console(const char *text, size_t len);

void __attribute__((__noreturn__)) env_shutdown(void);

/*
 * Load all registers, run, and come back with all registers at the next
 * exception: a form's last instruction raises EXIT_VECTOR.
 */
void env_run(struct cpu *cpu, enum level level);

/* CR2 of the last #PF. */
unsigned long env_fault_address(void);

/* DR6 of the #DB exceptions since the last call. */
unsigned long env_debug_status(void);

/*
 * Let all levels write to device memory, uncached.  Returns where the kernel
 * finds it.
 */
char *env_map_device(uint64_t pa, unsigned int pages);

/*
 * An entry of a page table which the hypervisor lets us write, if it is asked
 * to, but not without looking at it.
 */
volatile uint64_t *env_page_table_entry(bool writable);

/* Tell the hypervisor that the device's MSI-X is going to be used. */
int env_prepare_msix(unsigned int bus, unsigned int devfn);

/*
 * Have the hypervisor protect this range of machine addresses, or no longer.
 * For this it has to be a debug build.
 */
void env_protect(bool on, uint64_t first, uint64_t last);

/*
 * Wait until the device, whose BAR 0 is there, is to be unplugged; let it go,
 * and see to it that nothing of it can be reached: ends it all if something
 * can.
 */
void env_unplug(unsigned int devfn, uint64_t pa);

/* Have virtual CPU 1, 2 or 3 run this, in kernel mode, for ever. */
void env_start_cpu(unsigned int cpu, void (*run)(void));
#define MAX_CPUS 4

/* Have the hypervisor do what its console does when these are pressed. */
void env_press_keys(const char *keys);

void env_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

#endif /* !__ASSEMBLY__ */

#endif /* SPM_ENV_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
