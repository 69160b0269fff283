/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes to a device page in every way that a guest can, and says what came
 * of it.
 *
 * Every form of instruction in forms.h is executed twice from the same
 * registers: on a page of RAM, where nothing can go wrong, and then on the
 * device page, where the hypervisor may have to emulate it.  All registers
 * must be the same afterwards, apart from the addresses.  What the device
 * saw is in the device's log, which a mark, written before each run, lets
 * one compare with the bytes that the instruction left in RAM.  Where there is
 * no device that keeps a log, a window onto the memory of another one is
 * looked at afterwards: see memory.h.
 *
 * A broken hypervisor would forward a write to another offset or with
 * another width, damage registers or flags, swallow the single-step
 * exception, or raise one that the instruction does not deserve.
 *
 * The report, each line with the tag "SPM: " in front:
 *
 *   env <environment>
 *   form <name> <operation>[,<operation>...] [<flag>...]
 *       operation: w or m (read-modify-write), offset from the operand's
 *       address, colon, width; flags:
 *       fault: no emulator is expected to know it;
 *       sparse: the processor may leave some of these bytes alone;
 *       pointers: bytes 12 to 27 are the addresses of the last x87
 *       instruction and its operand, or whatever the hypervisor puts there
 *       lest it be seen which instructions somebody else executed;
 *       locked: its read and its write are one access;
 *       masked: its stores are parts of a single one
 *   run <id> <form> <mode> <offset in the BAR> <verdict> <bytes>
 *       id: the mark; verdict: see verdict(); bytes: what the operations
 *       left in RAM, one after the other
 *   note, error, panic <free text>
 *   done <number of runs>
 */

#include "env.h"
#include "form.h"
#include "fpu.h"
#include "memory.h"
#include "options.h"
#include "pci.h"
#include "print.h"

/* Where forms read that have a source on the device: on the last page. */
#define DEVICE_SOURCE   0x7e00

#define FLAG_CF         0x001
#define FLAG_TF         0x100
#define FLAG_DF         0x400
/* What instructions may change: CF, PF, AF, ZF, SF, DF, OF. */
#define FLAGS_COMPARED  0xcd5

#define DR6_BS          0x4000

#define EXIT_SIZE       2

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

static char ram[BAR_SIZE] __attribute__((__aligned__(PAGE_SIZE)));
static uint8_t source[256] __attribute__((__aligned__(64)));
static char form_stack[PAGE_SIZE] __attribute__((__aligned__(64)));

static unsigned long nr_runs;

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

static bool carry(const struct form *form, unsigned long off)
{
    unsigned int bit = form->carry_bit;

    return !form->carry || ((ram[off + bit / 8] >> (bit % 8)) & 1);
}

static void prepare(struct execution *e, const struct form *form,
                    const struct mode *mode, unsigned long off)
{
    const unsigned long base = e->view->data_base;
    unsigned long *reg = e->cpu.reg;
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(initial); i++ )
        reg[i] = initial[i];

    reg[CPU_DI] = (unsigned long)e->base + off - base;
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
                   (carry(form, off) ? FLAG_CF : 0) |
                   (form->backwards ? FLAG_DF : 0) |
                   (mode->step ? FLAG_TF : 0);
}

static unsigned int iterations(const struct form *form)
{
    return form->repeated ? form->cx : 1;
}

/* Run till the form has been executed once, or raises an exception. */
static void execute(struct execution *e, const struct form *form,
                    const struct mode *mode, unsigned long off)
{
    const unsigned long start = e->cpu.ip;
    const unsigned long end = start + (form->end - form->start);

    if ( form->address )
    {
        unsigned long addr = (unsigned long)e->base + off -
                             (form->relative ? end : e->view->data_base);

        __builtin_memcpy(form->end - form->address, &addr, form->address);
    }

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

        if ( e->steps > iterations(form) + 1 )
        {
            e->step_trouble = "endless";
            break;
        }
    }

    fpu_save(&e->fpu);

    if ( e->cpu.vector == EXIT_VECTOR && e->cpu.ip == end + EXIT_SIZE )
    {
        e->finished = true;
        e->cpu.ip = end;
    }
}

/* The reference is the word on what an instruction writes: check the table. */
static void check_table(const struct form *form, unsigned long off)
{
    const struct op *op;
    unsigned long i;

    for ( i = BAR_FIRST; i < BAR_SIZE; i++ )
    {
        if ( (uint8_t)ram[i] == memory_initial[i] )
            continue;

        for ( op = form->op; op->width; op++ )
            if ( i - (off + op->rel) < op->width )
                break;

        if ( !op->width )
            fatal("form %s writes at %ld, which forms.h does not say",
                  form->name, (long)(i - off));
    }
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

static void compare_registers(const struct execution *ref,
                              const struct execution *dev)
{
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

    fpu_compare(&ref->fpu, &dev->fpu, differs);
}

/* What is wrong with the single-step exceptions; NULL if nothing is. */
static const char *step_trouble(const struct execution *ref,
                                const struct execution *dev,
                                const struct form *form)
{
    if ( dev->step_trouble )
        return dev->step_trouble;

    if ( !dev->steps )
        return "lost";

    /*
     * After a string instruction's last iteration, some emulators need one
     * more step to find out that it was the last.
     */
    if ( dev->steps != iterations(form) && dev->steps != ref->steps )
        return "count";

    return NULL;
}

/*
 *   ok
 *   exc:<vector>:<error code>:<CR2 minus the operand's address>
 *       the device run raised an exception that the RAM run did not raise
 *       (128, the exit's: it ended up elsewhere)
 *   refexc:<vector>      both raised the same exception
 *   regs:<name>,...      registers that differ; "exception" if only the RAM
 *                        run raised one
 *   step:<what>          single-step exceptions are lost, too many or few
 *                        (count), endless, with the wrong ip, without DR6.BS
 *                        (bs)
 *   <one of these>;mem:<offset>,...
 *                        the first bytes of a window that are not what they
 *                        must be
 */
static void verdict(const struct execution *ref, const struct execution *dev,
                    const struct form *form, const struct mode *mode,
                    unsigned long off, unsigned long fault_address)
{
    const char *trouble = NULL;

    if ( mode->step && dev->finished )
        trouble = step_trouble(ref, dev, form);

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
        compare_registers(ref, dev);
        if ( nr_named )
            return;

        if ( trouble )
            add("step:%s", trouble);
        else
            add("ok");
    }
}

static void memory_differs(unsigned long off)
{
    if ( nr_named++ < 8 )
        add("%s%lx", nr_named == 1 ? ";mem:" : ",", off);
}

static void add_bytes(const struct form *form, unsigned long off)
{
    const struct op *op;
    unsigned int i;

    for ( op = form->op; op->width; op++ )
        for ( i = 0; i < op->width; i++ )
        {
            uint8_t byte = ram[off + op->rel + i];

            add("%lx%lx", byte / 16UL, byte % 16UL);
        }
}

/* Machine address of what is mapped as the device. */
static uint64_t bar;

static void run(const struct form *form, const struct mode *mode,
                unsigned long off)
{
    static struct execution ref = { .base = ram }, dev;

    ref.view = dev.view = env_view(mode->level);
    dev.base = dev.view->device;

    if ( mode->open )
        env_protect(false, bar + options.toggled.first,
                    bar + options.toggled.last);

    nr_runs++;
    memory_start_run(nr_runs);
    __builtin_memcpy(ram, memory_initial, sizeof(ram));

    prepare(&ref, form, mode, off);
    prepare(&dev, form, mode, off);

    execute(&ref, form, mode, off);
    check_table(form, off);
    execute(&dev, form, mode, off);

    if ( mode->open )
        env_protect(true, bar + options.toggled.first,
                    bar + options.toggled.last);

    add("run %lu %s %s %lx ", nr_runs, form->name, mode->name, off);
    verdict(&ref, &dev, form, mode, off, env_fault_address());
    nr_named = 0;
    memory_compare(form, ram, off, ref.finished && dev.finished,
                   memory_differs);
    add(" ");
    add_bytes(form, off);
    say("%s", "");
}

/* Do all operations stay on the pages that are there to be written? */
static bool fits(const struct form *form, unsigned long off)
{
    const struct op *op;

    for ( op = form->op; op->width; op++ )
        if ( (long)off + op->rel < BAR_FIRST ||
             off + op->rel + op->width > memory_size() )
            return false;

    return !form->device_source || DEVICE_SOURCE < memory_size();
}

static void run_mode(const struct mode *mode)
{
    const struct view *view = env_view(mode->level);
    const struct form *form;
    unsigned int i;

    for ( form = view->forms; form->name; form++ )
    {
        if ( !options_want(form->name) || !cpu_has(form->needs) )
            continue;

        /* An exception is not to write to the device. */
        if ( form->stack && !view->own_stack )
            continue;

        for ( i = 0; i < options.nr_at; i++ )
        {
            if ( fits(form, options.at[i]) )
                run(form, mode, options.at[i]);
            else
                say("note form %s at %lx leaves the memory", form->name,
                    options.at[i]);
        }
    }
}

/* Has a mode before this one a form of this name, too? */
static bool is_described(const char *name, unsigned int mode)
{
    const struct form *form;

    while ( mode-- )
        if ( options.mode[mode] )
            for ( form = env_view(modes[mode].level)->forms; form->name;
                  form++ )
                if ( !__builtin_strcmp(form->name, name) )
                    return true;

    return false;
}

static void describe(const struct form *form)
{
    const struct op *op;

    if ( !cpu_has(form->needs) )
        say("note form %s needs %s", form->name, feature_name(form->needs));

    add("form %s ", form->name);
    for ( op = form->op; op->width; op++ )
        add("%s%s%ld:%lu", op == form->op ? "" : ",",
            op->kind == 'w' ? "w" : "m", (long)op->rel,
            (unsigned long)op->width);
    say("%s%s%s%s%s", form->fault ? " fault" : "",
        form->sparse ? " sparse" : "", form->pointers ? " pointers" : "",
        form->locked ? " locked" : "", form->masked ? " masked" : "");
}

/* Each form once, though code of several widths may have it. */
static void describe_forms(void)
{
    const struct form *form;
    bool any = false;
    unsigned int i;

    for ( i = 0; i < NR_MODES; i++ )
    {
        if ( !options.mode[i] )
            continue;

        for ( form = env_view(modes[i].level)->forms; form->name; form++ )
        {
            if ( !options_want(form->name) )
                continue;

            any = true;
            if ( !is_described(form->name, i) )
                describe(form);
        }
    }

    if ( !any )
        fatal("forms=%s: no name of a form in forms.h begins like this",
              options.forms);
}

static uint64_t find_bar(void)
{
    unsigned int devfn;
    uint64_t pa;
    int rc;

    if ( !pci_find(options.vendor, options.device, &devfn) )
        fatal("no device %lx:%lx on bus 0: add one to the machine, or "
              "choose another by device=", (unsigned long)options.vendor,
              (unsigned long)options.device);

    pa = pci_enable_bar0(devfn);
    if ( !pa )
        fatal("device %lx:%lx has no memory at BAR0",
              (unsigned long)options.vendor, (unsigned long)options.device);

    if ( options.protect_msix && (rc = env_prepare_msix(0, devfn)) )
        fatal("protect=msix: Xen does not prepare MSI-X of %lx:%lx: error "
              "%ld", (unsigned long)options.vendor,
              (unsigned long)options.device, (long)rc);

    say("note BAR0 at %lx", (unsigned long)pa);

    return pa;
}

static void map_memory(void)
{
    bar = options.window ? options.window : find_bar();

    memory_init(env_map_device(bar, memory_size() / PAGE_SIZE));
}

void main(void)
{
    unsigned int i;

    options_parse(env_init());
    say("env %s", env_name);

    for ( i = 0; i < NR_MODES; i++ )
        if ( options.mode[i] && !env_view(modes[i].level) )
            fatal("modes=%s: there is no such mode in %s", modes[i].name,
                  env_name);
        else if ( options.mode[i] && modes[i].open && !options.toggled.last )
            fatal("modes=%s: say by toggle= what is to be open",
                  modes[i].name);

    fpu_init();
    init_source();
    map_memory();
    describe_forms();

    for ( i = 0; i < NR_MODES; i++ )
        if ( options.mode[i] )
            run_mode(&modes[i]);

    say("done %lu", nr_runs);
    env_shutdown();
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
