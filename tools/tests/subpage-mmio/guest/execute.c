/* SPDX-License-Identifier: GPL-2.0-only */

#include "env.h"
#include "execute.h"
#include "fpu.h"
#include "memory.h"
#include "options.h"
#include "print.h"

/* Where forms read that have a source on the device: on the last page. */
#define DEVICE_SOURCE   0x7e00

#define FLAG_CF         0x001
#define FLAG_TF         0x100
#define FLAG_DF         0x400
/* What instructions may change: CF, PF, AF, ZF, SF, DF, OF. */
#define FLAGS_COMPARED  0xcd5

#define DR6_BS          0x4000

/* The stack of forms: what is there to pop, and where. */
#define STACK_POP       16
#define STACK_START     (PAGE_SIZE - STACK_POP)

/* One execution of a form. */
struct execution {
    const struct view *view;
    char *base;                 /* of the pages: RAM, or the device's */
    struct cpu cpu;
    struct fpu fpu;
    bool finished;              /* or ended by an exception */
    unsigned int steps;
    const char *step_trouble;
};

char ram[BAR_SIZE] __attribute__((__aligned__(PAGE_SIZE)));
static uint8_t source[256] __attribute__((__aligned__(64)));
static char form_stack[PAGE_SIZE] __attribute__((__aligned__(64)));

/* The last run: what was executed, and what came of it in both places. */
static const struct form *form;
static const struct mode *mode;
static unsigned long off;
static struct execution in_ram = { .base = ram }, on_device;
static unsigned long fault_address;

/* Values of the registers that a form gives no other value to. */
static const uint64_t initial[16] = {
    [CPU_AX]  = 0xf8e7d6c5b4a3921b,
    [CPU_CX]  = 0x6f7e8d9cabbac905,
    [CPU_DX]  = 0x84a5c6e7f8091a2c,
    [CPU_BX]  = 0x0c1d2e3f40516273,
    [CPU_BP]  = 0x1f2e3d4c5b6a7989,
    [CPU_R8]  = 0x5081a2c3d4e5f608,
    [CPU_R9]  = 0x5182a3c4d5e6f709,
    [CPU_R10] = 0x5283a4c5d6e7f80a,
    [CPU_R11] = 0x5384a5c6d7e8f90b,
    [CPU_R12] = 0x5485a6c7d8e9fa0c,
    [CPU_R13] = 0x5586a7c8d9eafb0d,
    [CPU_R14] = 0x5687a8c9daebfc0e,
    [CPU_R15] = 0x5788a9cadbecfd0f,
};

static void init_source(void)
{
    unsigned int i;

    for ( i = 0; i < sizeof(source); i++ )
        source[i] = 0xa5 ^ (i * 7);
}

static unsigned long load(const char *p)
{
    unsigned long val;

    __builtin_memcpy(&val, p, sizeof(val));

    return val;
}

static bool carry(void)
{
    unsigned int bit = form->carry_bit;

    return !form->carry || ((ram[off + bit / 8] >> (bit % 8)) & 1);
}

static void prepare(struct execution *e)
{
    const unsigned long base = e->view->data_base;
    unsigned long *reg = e->cpu.reg;
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(initial); i++ )
        reg[i] = initial[i];

    reg[CPU_DI] = (unsigned long)e->base + off - form->displacement - base;
    reg[CPU_SI] = (unsigned long)source + 64 - base;
    reg[CPU_SP] = (unsigned long)form_stack + STACK_START - base;

    if ( form->cx )
        reg[CPU_CX] = form->cx;
    if ( form->dx )
        reg[CPU_DX] = form->dx;
    if ( form->stack )
        reg[CPU_SP] = reg[CPU_DI] + form->stack;
    if ( form->segment )
        reg[CPU_DI] += base - SEGMENT_BASE;
    if ( form->device_source )
        reg[CPU_SI] = (unsigned long)e->base + DEVICE_SOURCE - base;
    if ( form->equal )
    {
        reg[CPU_AX] = load(ram + off);
        reg[CPU_DX] = load(ram + off + (form->op[0].width == 16 ? 8 : 4));
    }

    if ( e->view->bits < 64 )
        for ( i = 0; i < ARRAY_SIZE(initial); i++ )
            reg[i] = (uint32_t)reg[i];

    e->cpu.ip = (unsigned long)form->start - e->view->code_base;
    e->cpu.flags = FLAG_ALWAYS |
                   (carry() ? FLAG_CF : 0) |
                   (form->backwards ? FLAG_DF : 0) |
                   (mode->step ? FLAG_TF : 0);
}

static unsigned int iterations(void)
{
    return form->repeated ? form->cx : 1;
}

/* Run till the form has been executed once, or raises an exception. */
static void run(struct execution *e)
{
    const unsigned long start = e->cpu.ip;
    const unsigned long end = start + (form->end - form->start);

    if ( form->address )
    {
        unsigned long addr = (unsigned long)e->base + off -
                             (form->relative ? end : e->view->data_base);

        __builtin_memcpy(form->end - form->address, &addr, form->address);
    }

    /* A random instruction may have written to it. */
    init_source();

    /* Something to pop, where the last exception's frame may have been. */
    __builtin_memcpy(form_stack + STACK_START, source, STACK_POP);

    e->finished = false;
    e->steps = 0;
    e->step_trouble = NULL;

    fpu_load();

    for ( ; ; )
    {
        env_run(&e->cpu, mode->level);

        if ( !mode->step || e->cpu.vector != VECTOR_DB )
            break;

        e->steps++;
        if ( !(env_debug_status() & DR6_BS) )
            e->step_trouble = "bs";

        if ( e->cpu.ip == end )
        {
            e->finished = true;
            break;
        }

        if ( e->cpu.ip != start || !form->repeated )
        {
            e->step_trouble = "ip";
            break;
        }

        if ( e->steps > iterations() + 1 )
        {
            e->step_trouble = "endless";
            break;
        }
    }

    fpu_save(&e->fpu);

    if ( form->unknown_length )
        e->finished = e->cpu.vector == VECTOR_BP;
    else if ( e->cpu.vector == EXIT_VECTOR && e->cpu.ip == end + EXIT_SIZE )
    {
        e->finished = true;
        e->cpu.ip = end;
    }
}

unsigned long execute(const struct form *its_form,
                      const struct mode *its_mode, unsigned long its_off)
{
    unsigned long id;

    form = its_form;
    mode = its_mode;
    off = its_off;
    in_ram.view = on_device.view = env_view(mode->level);
    on_device.base = on_device.view->device;

    id = memory_new_run();
    __builtin_memcpy(ram, memory_initial, sizeof(ram));

    prepare(&in_ram);
    prepare(&on_device);
    run(&in_ram);
    run(&on_device);
    fault_address = env_fault_address();

    return id;
}

bool execute_finished(void)
{
    return in_ram.finished && on_device.finished;
}

bool execute_has_source(void)
{
    return DEVICE_SOURCE < memory_size();
}

/* How many of the registers of this verdict have been named. */
static unsigned int nr_named;

static void differs(const char *name, long nr)
{
    add("%s%s", nr_named++ ? "," : "regs:", name);
    if ( nr >= 0 )
        add("%ld", nr);
}

/* As far as the code can see them. */
static bool same(unsigned long a, unsigned long b, const struct view *view)
{
    return view->bits < 64 ? (uint32_t)a == (uint32_t)b : a == b;
}

static void compare_registers(void)
{
    const struct execution *ref = &in_ram, *dev = &on_device;
    static const char *const names[16] = {
        "ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
        "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    };
    unsigned int nr = dev->view->bits < 64 ? 8 : 16, i;

    nr_named = 0;

    for ( i = 0; i < nr; i++ )
    {
        unsigned long diff = dev->cpu.reg[i] - ref->cpu.reg[i];

        /* Some hold addresses in the pages, by themselves or afterwards. */
        if ( !same(diff, 0, dev->view) &&
             !same(diff, dev->base - ref->base, dev->view) )
            differs(names[i], -1);
    }

    if ( (dev->cpu.flags ^ ref->cpu.flags) & FLAGS_COMPARED )
        differs("flags", -1);

    if ( dev->cpu.ip != ref->cpu.ip )
        differs("ip", -1);

    fpu_compare(&ref->fpu, &dev->fpu, differs);
}

/* What is wrong with the single-step exceptions; NULL if nothing is. */
static const char *step_trouble(void)
{
    if ( on_device.step_trouble )
        return on_device.step_trouble;

    if ( !on_device.steps )
        return "lost";

    /*
     * After a string instruction's last iteration, some emulators need one
     * more step to find out that it was the last.
     */
    if ( on_device.steps != iterations() && on_device.steps != in_ram.steps )
        return "count";

    return NULL;
}

void execute_add_verdict(void)
{
    const struct execution *ref = &in_ram, *dev = &on_device;
    const char *trouble = NULL;

    if ( mode->step && dev->finished )
        trouble = step_trouble();

    if ( !dev->finished && dev->step_trouble )
        add("step:%s", dev->step_trouble);
    else if ( !dev->finished && !ref->finished &&
              dev->cpu.vector == ref->cpu.vector )
        add("refexc:%lu", ref->cpu.vector);
    else if ( !dev->finished )
        add("exc:%lu:%lx:%ld", dev->cpu.vector, dev->cpu.error,
            dev->cpu.vector == VECTOR_PF
            ? (long)(fault_address - ((unsigned long)dev->base + off)) : 0L);
    else if ( !ref->finished )
        add("regs:exception");
    else
    {
        compare_registers();
        if ( nr_named )
            return;

        if ( trouble )
            add("step:%s", trouble);
        else
            add("ok");
    }
}

extern const char storing[];
asm ( ".pushsection .text\n"
#ifdef __x86_64__
      "storing: movl %eax, (%rdi)\n"
#else
      "storing: movl %eax, (%edi)\n"
#endif
      "int $" STR(EXIT_VECTOR) "\n"
      ".popsection" );

unsigned long execute_store(enum level level, unsigned long at)
{
    static char stack[64];
    struct cpu cpu = {
        .reg = { [CPU_DI] = at,
                 [CPU_SP] = (unsigned long)stack + sizeof(stack) },
        .ip = (unsigned long)storing,
        .flags = FLAG_ALWAYS,
    };

    env_run(&cpu, level);

    return cpu.vector;
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
