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
 *       id: the mark; verdict: see execute.h, with ;mem:<offset>,... behind
 *       it for the first bytes of a window that are not what they must be;
 *       bytes: what the operations left in RAM, one after the other
 *   random <id> ...      see random.h
 *   race <id> ...        see race.h
 *   stress <id> ...      see stress.h
 *   cost <what> <offset in the BAR> <ticks> <repetitions>
 *       see bench.h
 *   wrote, irq
 *       see msix.h
 *   note, error, panic <free text>
 *   done <number of runs>
 */

#include "bench.h"
#include "env.h"
#include "execute.h"
#include "form.h"
#include "fpu.h"
#include "hypercall.h"
#include "memory.h"
#include "msix.h"
#include "options.h"
#include "pci.h"
#include "print.h"
#include "race.h"
#include "random.h"
#include "stress.h"

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

/* How many bytes of the memory have been named. */
static unsigned int nr_named;

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

/* What mode open is without. */
static void toggle(bool on)
{
    if ( options.toggle_msix )
        msix_switch(on);
    else
        env_protect(on, bar + options.toggled.first,
                    bar + options.toggled.last);

    /* It is the last of them. */
    if ( options.window )
        options.protected.nr += on ? 1 : -1;
}

static void toggle_twice(void)
{
    toggle(false);
    toggle(true);
}

/* Ends with what is not as it must be in a window: ;mem:<offset>,... */
static void run(const struct form *form, const struct mode *mode,
                unsigned long off)
{
    unsigned long id;

    if ( mode->open )
        toggle(false);

    id = execute(form, mode, off);
    check_table(form, off);

    add("run %lu %s %s %lx ", id, form->name, mode->name, off);
    execute_add_verdict();
    nr_named = 0;
    memory_compare(form, ram, off, execute_finished(), memory_differs);
    add(" ");
    add_bytes(form, off);
    say("%s", "");

    if ( mode->open )
        toggle(true);
}

/* Do all operations stay on the pages that are there to be written? */
static bool fits(const struct form *form, unsigned long off)
{
    const struct op *op;

    for ( op = form->op; op->width; op++ )
        if ( (long)off + op->rel < BAR_FIRST ||
             off + op->rel + op->width > memory_size() )
            return false;

    return !form->device_source || execute_has_source();
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

/* Enable a device, and say where its memory is. */
static uint64_t enable(uint16_t vendor, uint16_t device, unsigned int *devfn)
{
    uint64_t pa;

    while ( options.comes && !pci_find(vendor, device, devfn) )
        ;

    if ( !pci_find(vendor, device, devfn) )
        fatal("no device %lx:%lx on bus 0: add one to the machine, or "
              "choose another by device=", (unsigned long)vendor,
              (unsigned long)device);

    if ( options.place )
        pci_place_bar0(*devfn, options.place);
    pa = pci_enable_bar0(*devfn);
    if ( !pa )
        fatal("device %lx:%lx has no memory at BAR0", (unsigned long)vendor,
              (unsigned long)device);

    return pa;
}

static uint64_t find_bar(void)
{
    unsigned int devfn;
    uint64_t pa;
    int rc;

    if ( options.bar )
        return options.bar;

    if ( options.beside_vendor )
    {
        pa = enable(options.beside_vendor, options.beside_device, &devfn);
        msix_beside(devfn, pa);
    }

    pa = enable(options.vendor, options.device, &devfn);

    if ( options.vectors )
        msix_find(devfn, pa);
    else if ( options.protect_msix && (rc = env_prepare_msix(0, devfn)) )
        fatal("protect=msix: Xen does not prepare MSI-X of %lx:%lx: error "
              "%ld", (unsigned long)options.vendor,
              (unsigned long)options.device, (long)rc);

    say("note BAR0 at %lx", (unsigned long)pa);

    return pa;
}

static char *map_device(bool open)
{
    char *device;

    if ( open )
        toggle(false);

    device = env_map_device(bar, memory_size() / PAGE_SIZE);

    if ( open )
        toggle(true);

    return device;
}

/* Returns where. */
static char *map_memory(void)
{
    char *device;

    bar = options.window ? options.window : find_bar();

    if ( options.vectors )
        return msix_switch(true);

    device = map_device(options.map_open);
    memory_init(device);

    return device;
}

static void unplug(void)
{
    unsigned int devfn;

    memory_start_run(0);
    pci_find(options.vendor, options.device, &devfn);
    env_unplug(devfn, bar);
}

static void write_to_table(void)
{
    unsigned long vector = execute_store(
        LEVEL_KERNEL, (unsigned long)env_page_table_entry(false));

    if ( vector != VECTOR_PF )
        fatal("tables=: exception %lu instead of a page fault", vector);
}

static void run_modes(void)
{
    unsigned int i;

    if ( !options.random_count )
        describe_forms();

    for ( i = 0; i < NR_MODES; i++ )
    {
        if ( !options.mode[i] )
            continue;

        if ( options.map_again )
            map_device(modes[i].open);
        (options.random_count ? random_run : run_mode)(&modes[i]);
    }
}

void main(void)
{
    unsigned int i;
    char *device;

    options_parse(env_init());
    say("env %s", env_name);

    for ( i = 0; i < NR_MODES; i++ )
        if ( options.mode[i] && !env_view(modes[i].level) )
            fatal("modes=%s: there is no such mode in %s", modes[i].name,
                  env_name);
        else if ( options.mode[i] && modes[i].open && !options.toggled.last &&
                  !options.toggle_msix )
            fatal("modes=%s: say by toggle= what is to be open",
                  modes[i].name);

    fpu_init();
    device = map_memory();

    if ( options.nr_bench )
        bench(device);
    else if ( options.race_count )
        race_run(device);
    else if ( options.stress_count )
        stress_run(device, toggle_twice);
    else
        run_modes();

    if ( options.storm )
    {
        msix_storm();
        msix_mask();
    }

    if ( options.tables_read_only )
        write_to_table();

    if ( options.goes )
        unplug();

    if ( *options.keys )
        env_press_keys(options.keys);

    say("done %lu", memory_nr_runs());
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
