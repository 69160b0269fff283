/* SPDX-License-Identifier: GPL-2.0-only */
/*
 *   device=<vendor>:<device>     hex, default 1234:5ab1, on bus 0
 *   bar=<address>                hex: where the device's BAR0 is, for a domain
 *                                that does not get to see any bus
 *   place=<address>              hex: put its BAR0 there, as firmware would
 *   at=<offset>,...              hex BAR offsets of the operands
 *   modes=<mode>,...             default kernel,user
 *   forms=<prefix>,...           default all
 *   protect=msix                 announce MSI-X before mapping the BAR
 *   window=<address>,<pages>     use this memory, instead of a device's BAR0:
 *                                hex address, page number 0 is left alone
 *   protect=<first>-<last>,...   hex offsets in the window that Xen protects,
 *                                but for those of toggle=
 *   registers=<first>-<last>,... hex offsets in the window of 4-byte registers
 *                                which keep what is written; only these are
 *                                looked at, default is all of the window
 *   toggle=<first>-<last>        hex BAR offsets: for mode open, have Xen take
 *                                protection of these away, and restore it
 *   map=open                     do the same while mapping the BAR
 *   map=again                    map the BAR again before each mode; for mode
 *                                open while that is without protection
 *   first=<id>                   hex: of the first run, default 1; for kernels
 *                                that take turns
 *   random=<seed>,<count>        hex: run so many random instructions in each
 *                                mode, instead of the forms
 *   race=<count>                 hex: have a second processor race, instead of
 *                                the forms
 *   bench=<operation>[:<offset>],...
 *                                time these, of bench.c, at hex BAR offsets,
 *                                instead of running forms
 *   keys=<keys>                  when all is done, press these on Xen's
 *                                console
 *   beside=<vendor>:<device>     have MSI-X of this one protected, too, and
 *                                before the other's
 *   toggle=msix|remove           instead: have MSI-X torn down, by its driver,
 *                                or as the device is removed, and set up
 *   msix=<vectors>               hex: set up so many vectors of the device
 *   bell=<offset>                hex: writing a vector's number raises it
 *   storm=<interrupts>           hex: then take so many, writing to at=
 *   hotplug=come|go              wait for the device at first; or when all is
 *                                done until it is to be unplugged, and try
 *                                to write to at= when it is gone
 *   tables=read-only             when all is done, see to it that a write to a
 *                                page table, without having asked for writable
 *                                ones, is a fault
 *   xsetbv=fep                   let Xen emulate XSETBV, by the prefix that
 *                                its option hvm_fep enables: QEMU does not
 *                                tell Xen, which takes AVX for disabled then
 *
 * A list's separator may be ; or + as well: boot loaders have their own
 * ideas of a comma.
 */

#include "bench.h"
#include "msix.h"
#include "options.h"
#include "print.h"
#include "stress.h"

const struct mode modes[NR_MODES] = {
    /* A kernel, while the range of toggle= is not protected; comes first. */
    { "open",        LEVEL_KERNEL, false, true },
    /* As the environment has them: ring 0 and 3, or 1 and 3. */
    { "kernel",      LEVEL_KERNEL, false, false },
    { "user",        LEVEL_USER,   false, false },
    /* The same with an exception after each instruction. */
    { "kernel-step", LEVEL_KERNEL, true, false },
    { "user-step",   LEVEL_USER,   true, false },
    /* 32-bit user code on a 64-bit kernel. */
    { "compat",      LEVEL_COMPAT, false, false },
    /* The same, with %ds, %es and %ss that do not begin at address 0. */
    { "seg",         LEVEL_SEG,    false, false },
    /* 32- and 16-bit user code in protected mode, with paging off. */
    { "prot32",      LEVEL_PROT32, false, false },
    { "prot16",      LEVEL_PROT16, false, false },
    /* A kernel that has the device mapped twice, and uses the other one. */
    { "alias",       LEVEL_ALIAS,  false, false },
    /*
     * A kernel at an address where it has nothing mapped, but made it look
     * as if it had page 2 of the device there.
     */
    { "forged",      LEVEL_FORGED, false, false },
    /* Another domain, whose writes wait for the listener's permission. */
    { "watched",     LEVEL_WATCHED, false, false },
};

struct options options = {
    .vendor = 0x1234,
    .device = 0x5ab1,
    .mode = { [1] = true, [2] = true }, /* kernel, user */
    .first = 1,
    .nr_at = 1,
    .at = { 0x1040 },
    .forms = "",
    .keys = "",
};

static bool separator(char c)
{
    return c == ',' || c == ';' || c == '+';
}

static bool equal(const char *a, const char *b, size_t len)
{
    while ( len && *a && *a == *b )
        a++, b++, len--;

    return !len;
}

static size_t length(const char *s)
{
    size_t len = 0;

    while ( s[len] )
        len++;

    return len;
}

/* The next item of a list, and its length; NULL at the list's end. */
static const char *next_item(const char **list, size_t *len)
{
    const char *item = *list;

    if ( !*item )
        return NULL;

    for ( *len = 0; item[*len] && !separator(item[*len]); )
        ++*len;
    *list = item + *len + !!item[*len];

    return item;
}

static bool parse_hex(const char *s, size_t len, unsigned long max,
                      unsigned long *val)
{
    if ( !len )
        return false;

    for ( *val = 0; len; len--, s++ )
    {
        unsigned int digit;

        if ( *s >= '0' && *s <= '9' )
            digit = *s - '0';
        else if ( *s >= 'a' && *s <= 'f' )
            digit = *s - 'a' + 10;
        else
            return false;

        *val = *val * 16 + digit;
        if ( *val > max )
            return false;
    }

    return true;
}

static bool parse_id(const char *arg, uint16_t *vendor_id,
                     uint16_t *device_id)
{
    unsigned long vendor, device;
    size_t colon = 0;

    while ( arg[colon] && arg[colon] != ':' )
        colon++;

    if ( !arg[colon] || !parse_hex(arg, colon, 0xffff, &vendor) ||
         !parse_hex(arg + colon + 1, length(arg + colon + 1), 0xffff,
                    &device) )
        return false;

    *vendor_id = vendor;
    *device_id = device;

    return true;
}

static bool parse_device(const char *arg)
{
    return parse_id(arg, &options.vendor, &options.device);
}

static bool parse_address(const char *arg, unsigned long *addr)
{
    return parse_hex(arg, length(arg), 0xffffffff - BAR_SIZE, addr) &&
           *addr && *addr % PAGE_SIZE == 0;
}

static bool parse_bar(const char *arg)
{
    return parse_address(arg, &options.bar);
}

static bool parse_place(const char *arg)
{
    return parse_address(arg, &options.place);
}

static bool parse_beside(const char *arg)
{
    return parse_id(arg, &options.beside_vendor, &options.beside_device);
}

static bool parse_at(const char *arg)
{
    const char *item;
    size_t len;

    for ( options.nr_at = 0; (item = next_item(&arg, &len)); )
        if ( options.nr_at == ARRAY_SIZE(options.at) ||
             !parse_hex(item, len, BAR_SIZE - 1,
                        &options.at[options.nr_at]) ||
             options.at[options.nr_at++] < BAR_FIRST )
            return false;

    return options.nr_at;
}

static bool parse_modes(const char *arg)
{
    const char *item;
    size_t len;
    unsigned int m;
    bool any = false;

    for ( m = 0; m < NR_MODES; m++ )
        options.mode[m] = false;

    while ( (item = next_item(&arg, &len)) )
    {
        for ( m = 0; m < NR_MODES; m++ )
            if ( length(modes[m].name) == len &&
                 equal(modes[m].name, item, len) )
                break;

        if ( m == NR_MODES )
            return false;

        options.mode[m] = true;
        any = true;
    }

    return any;
}

static bool parse_forms(const char *arg)
{
    options.forms = arg;

    return *arg;
}

static bool parse_window(const char *arg)
{
    const char *item;
    unsigned long addr, pages;
    size_t len;

    if ( !(item = next_item(&arg, &len)) ||
         !parse_hex(item, len, 0xffffffff - BAR_SIZE, &addr) ||
         !addr || addr % PAGE_SIZE ||
         !(item = next_item(&arg, &len)) ||
         !parse_hex(item, len, BAR_SIZE / PAGE_SIZE, &pages) || pages < 2 )
        return false;

    options.window = addr;
    options.window_pages = pages;

    return !*arg;
}

static bool parse_range(const char *item, size_t len, struct range *range)
{
    size_t dash = 0;

    while ( dash < len && item[dash] != '-' )
        dash++;

    return dash < len && parse_hex(item, dash, BAR_SIZE - 1, &range->first) &&
           parse_hex(item + dash + 1, len - dash - 1, BAR_SIZE - 1,
                     &range->last) &&
           range->first <= range->last;
}

static bool is_word(const char *arg, const char *word)
{
    return length(arg) == length(word) && equal(arg, word, length(word));
}

static bool parse_ranges(const char *arg, struct ranges *ranges)
{
    const char *item;
    size_t len;

    while ( (item = next_item(&arg, &len)) )
        if ( ranges->nr == ARRAY_SIZE(ranges->range) ||
             !parse_range(item, len, &ranges->range[ranges->nr++]) )
            return false;

    return ranges->nr;
}

static bool parse_toggle(const char *arg)
{
    options.remove = is_word(arg, "remove");
    options.toggle_msix = options.remove || is_word(arg, "msix");

    return options.toggle_msix ||
           parse_range(arg, length(arg), &options.toggled);
}

static bool parse_registers(const char *arg)
{
    return parse_ranges(arg, &options.registers);
}

static bool parse_protect(const char *arg)
{
    options.protect_msix = is_word(arg, "msix");

    return options.protect_msix || parse_ranges(arg, &options.protected);
}

static bool parse_map(const char *arg)
{
    options.map_open = is_word(arg, "open");
    options.map_again = is_word(arg, "again");

    return options.map_open || options.map_again;
}

static bool parse_first(const char *arg)
{
    return parse_hex(arg, length(arg), 0xfffffff, &options.first) &&
           options.first;
}

static bool parse_random(const char *arg)
{
    const char *item;
    size_t len;

    return (item = next_item(&arg, &len)) &&
           parse_hex(item, len, ~0U, &options.random_seed) &&
           (item = next_item(&arg, &len)) &&
           parse_hex(item, len, 0xffff, &options.random_count) &&
           options.random_count && !*arg;
}

static bool parse_race(const char *arg)
{
    return parse_hex(arg, length(arg), 0xffff, &options.race_count) &&
           options.race_count;
}

static bool parse_stress(const char *arg)
{
    const char *item;
    size_t len;

    return (item = next_item(&arg, &len)) &&
           parse_hex(item, len, STRESS_MAX_WRITERS,
                     &options.stress_writers) &&
           options.stress_writers && (item = next_item(&arg, &len)) &&
           parse_hex(item, len, (1UL << STRESS_CPU_SHIFT) - 1,
                     &options.stress_count) &&
           options.stress_count && !*arg;
}

static bool parse_xsetbv(const char *arg)
{
    options.xsetbv_fep = is_word(arg, "fep");

    return options.xsetbv_fep;
}

static bool parse_bench(const char *arg)
{
    const char *item;
    size_t len;

    while ( (item = next_item(&arg, &len)) )
    {
        struct bench_item *it = &options.bench[options.nr_bench++];
        const struct operation *op;
        size_t name = 0;

        while ( name < len && item[name] != ':' )
            name++;

        for ( op = operations; op->name; op++ )
            if ( length(op->name) == name && equal(op->name, item, name) )
                break;

        if ( !op->name || options.nr_bench > ARRAY_SIZE(options.bench) ||
             (name < len && !parse_hex(item + name + 1, len - name - 1,
                                       BAR_SIZE - 8, &it->offset)) )
            return false;

        it->operation = op;
    }

    return options.nr_bench;
}

static bool parse_keys(const char *arg)
{
    options.keys = arg;

    return *arg;
}

static bool parse_vectors(const char *arg)
{
    unsigned long vectors;

    if ( !parse_hex(arg, length(arg), MAX_VECTORS, &vectors) || !vectors )
        return false;
    options.vectors = vectors;

    return true;
}

static bool parse_bell(const char *arg)
{
    return parse_hex(arg, length(arg), BAR_SIZE - 4, &options.bell) &&
           options.bell && options.bell % 4 == 0;
}

static bool parse_tables(const char *arg)
{
    options.tables_read_only = !__builtin_strcmp(arg, "read-only");

    return options.tables_read_only;
}

static bool parse_hotplug(const char *arg)
{
    options.comes = !__builtin_strcmp(arg, "come");
    options.goes = !__builtin_strcmp(arg, "go");

    return options.comes || options.goes;
}

static bool parse_storm(const char *arg)
{
    unsigned long storm;

    if ( !parse_hex(arg, length(arg), 0xfffff, &storm) )
        return false;
    options.storm = storm;

    return true;
}

static const struct {
    const char *name;
    bool (*parse)(const char *arg);
    const char *wanted;
} words[] = {
    { "device=",  parse_device,  "<vendor>:<device>, in hex" },
    { "bar=",     parse_bar,     "a hex address, of a page" },
    { "place=",   parse_place,   "a hex address, of a page" },
    { "beside=",  parse_beside,  "<vendor>:<device>, in hex" },
    { "at=",      parse_at,      "up to 64 hex offsets, 1000 to 7fff" },
    { "modes=",   parse_modes,   "kernel, user, kernel-step, user-step, "
                                 "compat, seg, prot32, prot16, alias, "
                                 "forged, watched, open" },
    { "forms=",   parse_forms,   "prefixes of the names of forms" },
    { "window=",  parse_window,  "<hex address>,<pages, 2 to 8>" },
    { "protect=", parse_protect, "msix, or up to 16 hex <first>-<last>" },
    { "registers=", parse_registers, "up to 16 hex <first>-<last>" },
    { "map=",     parse_map,     "open, or again" },
    { "first=",   parse_first,   "a hex number, 1 to fffffff" },
    { "random=",  parse_random,  "<seed>,<count>, in hex" },
    { "race=",    parse_race,    "<count, 1 to ffff>" },
    { "stress=",  parse_stress,  "<writers, 1 to 3>+<count>, in hex" },
    { "bench=",   parse_bench,   "up to 32 of nothing, write, read, "
                                 "hypercall, cpuid, port, config, apic, "
                                 "hpet, pte, fault_kernel, fault_user, "
                                 "fault_present" },
    { "keys=",    parse_keys,    "debug keys" },
    { "toggle=",  parse_toggle,  "hex <first>-<last>, msix, or remove" },
    { "msix=",    parse_vectors, "vectors, hex, up to 10" },
    { "bell=",    parse_bell,    "a hex offset, 4 to 7ffc" },
    { "hotplug=", parse_hotplug, "come or go" },
    { "tables=",  parse_tables,  "read-only" },
    { "storm=",   parse_storm,   "interrupts, hex, up to fffff" },
    { "xsetbv=",  parse_xsetbv,  "fep" },
};

static void parse_word(const char *word)
{
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(words); i++ )
    {
        size_t len = length(words[i].name);

        if ( !equal(words[i].name, word, len) )
            continue;

        if ( !words[i].parse(word + len) )
            fatal("'%s': wanted %s%s", word, words[i].name,
                  words[i].wanted);
        return;
    }

    add("error '%s' is not an option: there are", word);
    for ( i = 0; i < ARRAY_SIZE(words); i++ )
        add(" %s", words[i].name);
    say("%s", "");
    env_shutdown();
}

void options_parse(char *line)
{
    while ( *line )
    {
        char *word = line;

        while ( *line && *line != ' ' )
            line++;
        if ( *line )
            *line++ = '\0';
        if ( *word )
            parse_word(word);
    }

    if ( options.bar && (options.place || options.window || options.vectors ||
                         options.protect_msix || options.beside_vendor) )
        fatal("bar=: a window has none, and MSI-X needs the bus");
    if ( options.map_open && !options.toggled.last )
        fatal("map=open: say by toggle= what is to be open");

    if ( options.window && options.toggled.last )
    {
        if ( options.protected.nr == ARRAY_SIZE(options.protected.range) )
            fatal("toggle=: there are too many ranges in protect= for it");
        options.protected.range[options.protected.nr++] = options.toggled;
    }

    if ( options.window ? options.protect_msix : options.protected.nr )
        fatal("protect=: wanted msix for a device, ranges for a window");
    if ( !options.window && options.registers.nr )
        fatal("registers=: there is no window= to have them");
    if ( options.storm && (!options.vectors || !options.bell) )
        fatal("storm=: say by msix= and bell= what to raise, and how");
    if ( options.toggle_msix && !options.vectors )
        fatal("toggle=: say by msix= what to set up");
}

bool options_want(const char *form)
{
    const char *list = options.forms, *item;
    size_t len;

    if ( !*list )
        return true;

    while ( (item = next_item(&list, &len)) )
        if ( equal(item, form, len) )
            return true;

    return false;
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
