/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the USB3 debug console protects its registers, what it does when it
 * cannot, how long it waits for a debug host, and when it lets a domain size
 * BARs: these functions of its driver, as they are in Xen.
 */

#include <xen/pci_regs.h>

#include "test.h"

#define MILLISECS(x) ((x) * 1000000LL)
#define dbc_error(...) printk("dbc error: " __VA_ARGS__)

typedef int64_t s_time_t;   /* ns */

enum xhci_share {
    XHCI_SHARE_HWDOM,
    XHCI_SHARE_NONE,
    XHCI_SHARE_ANY,
};

/* What they use of the driver's data. */
struct dbc {
    struct dbc_work_ring {
        uint32_t deq, enq;
    } dbc_owork;
    struct xhci_trb_ring {
        unsigned int flushed;
    } dbc_oring;
    uint32_t stuck;
    s_time_t undecoded;
    const unsigned int sbdf;
    uint64_t bar_val, xhc_dbc_offset;
    enum xhci_share share;
    const char (*dbc_reg)[64];  /* It wants their size. */
};

struct dbc_uart {
    struct dbc dbc;
};

/* What it uses of the serial driver's. */
struct serial_port {
    struct dbc_uart *uart;
    bool sync, tx_log_everything;
    char *txbuf;
};

static paddr_t dbc_bar(const struct dbc *dbc)
{
    return dbc->bar_val & PCI_BASE_ADDRESS_MEM_MASK;
}

/* The debug host, and room for so many characters. */
static struct {
    unsigned int room, looked_at, takes_after;
    bool gone;
} host;

#define DBC_WORK_RING_CAP 4096
#define DBC_MAX_READS   1000
#define DBC_SIZING_TIME 100  /* ms */

static unsigned int dbc_push_work(struct dbc *dbc, struct dbc_work_ring *ring,
                                  const char *buf, unsigned int len)
{
    if ( !host.room )
        return 0;

    host.room--;

    return len;
}

static bool dbc_ensure_running(struct dbc *dbc)
{
    if ( ++host.looked_at == host.takes_after )
    {
        host.room++;
        dbc->dbc_owork.deq++;
    }

    return !host.gone;
}

static void dbc_flush(struct dbc *dbc, struct xhci_trb_ring *trb,
                      struct dbc_work_ring *wrk)
{
    trb->flushed++;
}

/* What the controller's configuration space has. */
static struct {
    uint16_t command;
    uint32_t bar[2];
} config;

static s_time_t now;

static s_time_t NOW(void)
{
    return now;
}

static uint16_t pci_conf_read16(unsigned int sbdf, unsigned int reg)
{
    return reg == PCI_COMMAND ? config.command : 0;
}

static uint32_t pci_conf_read32(unsigned int sbdf, unsigned int reg)
{
    return config.bar[(reg - PCI_BASE_ADDRESS_0) / 4];
}

static void pci_conf_write16(unsigned int sbdf, unsigned int reg, uint16_t val)
{
    if ( reg == PCI_COMMAND )
        config.command = val;
}

#include "console.inc"

/* Where the debug capability is, from the first MMIO page on. */
static const struct place {
    unsigned int offset, first, end;    /* of what has to be protected */
} places[] = {
    { 0x1700, 0x1700, 0x1740 },
    { 0x170c, 0x1708, 0x1750 },         /* aligned to no granule */
    { 0x1fdc, 0x1fd8, 0x2020 },         /* on two pages */
    { 0x1fc0, 0x1fc0, 0x2000 },         /* up to a page's end */
};

static struct dbc dbc_at(const struct place *place)
{
    return (struct dbc){
        /* A 64-bit BAR. */
        .bar_val = pfn_to_paddr(MMIO) | 4,
        .xhc_dbc_offset = place->offset,
        .share = XHCI_SHARE_ANY,
    };
}

static void test_registers_only(void)
{
    unsigned int i, at;

    for ( i = 0; i < ARRAY_SIZE(places); i++ )
    {
        const struct place *place = &places[i];
        struct dbc dbc = dbc_at(place);

        dbc_protect(&dbc);
        CHECK(dbc.share == XHCI_SHARE_ANY, "%#x: no longer shared",
              place->offset);
        for ( at = place->first - PAGE_OFFSET(place->first);
              PFN_DOWN(at) <= PFN_DOWN(place->end - 1); at += GRANULE )
        {
            struct page_state page = page_state(MMIO + PFN_DOWN(at));
            bool due = at >= place->first && at < place->end;

            CHECK(is_ro(&page, PAGE_OFFSET(at)) == due,
                  "%#x: granule %#x is %sprotected", place->offset, at,
                  due ? "not " : "");
        }
        CHECK(!subpage_mmio_ro_remove(addr(MMIO, place->first),
                                      place->end - place->first),
              "%#x: more than once", place->offset);
        check_nothing_left();
    }
    check_lines(0, "when all went well");
}

/* Without memory: whole pages, which nobody may share, and a message. */
static void test_fallback(void)
{
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(places); i++ )
    {
        const struct place *place = &places[i];
        unsigned long first = MMIO + PFN_DOWN(place->first);
        unsigned long last = MMIO + PFN_DOWN(place->end - 1);
        struct dbc dbc = dbc_at(place);
        struct state state;

        emul_fail_alloc = 1;
        dbc_protect(&dbc);
        CHECK(dbc.share == XHCI_SHARE_NONE, "%#x: still shared",
              place->offset);
        get_state(&state);
        CHECK(!state.nr_pages && state.nr_ranges == 1 &&
              state.range[0].first == first && state.range[0].last == last,
              "%#x: not just its whole pages are read-only", place->offset);
        CHECK(strstr(emul_console, "protecting whole pages, with share=no"),
              "%#x: said \"%s\"", place->offset, emul_console);
        check_lines(1, "of the fallback");
        CHECK(!rangeset_remove_range(mmio_ro_ranges, first, last),
              "%#x: cannot be undone", place->offset);
    }
}

/* Characters in a row, and how often each may look for room to be made. */
static void test_output(void)
{
    static const struct {
        const char *what;
        unsigned int room, takes_after, min, max;
        bool gone;
    } chars[] = {
        { "room", 1, 0, 0, 0 },
        { "a host that takes some at last", 0, 900, 900, 900 },
        { "one that takes none", 0, 0, 1000, 1010 },
        { "that one again", 0, 0, 1, 1 },
        { "and again", 0, 0, 1, 1 },
        { "once it takes some", 0, 1, 1, 1 },
        { "and then none", 0, 0, 1000, 1010 },
        { "none at all", 0, 0, 1, 1, true },
    };
    struct dbc dbc = {};
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(chars); i++ )
    {
        host.room = chars[i].room;
        host.takes_after = chars[i].takes_after;
        host.gone = chars[i].gone;
        host.looked_at = dbc.dbc_oring.flushed = 0;
        dbc_putc(&dbc, 'x');
        CHECK(host.looked_at >= chars[i].min && host.looked_at <= chars[i].max,
              "%s: looked for room %u times", chars[i].what, host.looked_at);
        CHECK(dbc.dbc_oring.flushed == (host.gone ? 0 : host.looked_at),
              "%s: flushed %u times", chars[i].what, dbc.dbc_oring.flushed);
        CHECK(!host.room, "%s: the character is lost", chars[i].what);
    }
}

/* Who waits for room right there waits forever, unless told to go on. */
static void test_room(void)
{
    static char buffer;
    static const struct {
        const char *what;
        struct serial_port port;
        bool waits;
    } ports[] = {
        { "no buffer yet", {} , true },
        { "a buffer", { .txbuf = &buffer } },
        { "a buffer, from which nothing gets lost",
          { .txbuf = &buffer, .tx_log_everything = true }, true },
        { "a buffer, which is not used", { .txbuf = &buffer, .sync = true },
          true },
    };
    unsigned int i, used;

    for ( i = 0; i < ARRAY_SIZE(ports); i++ )
        for ( used = 0; used < DBC_WORK_RING_CAP; used++ )
        {
            struct dbc_uart uart = {
                .dbc.dbc_owork = { .deq = 100, .enq = (100 + used) %
                                                      DBC_WORK_RING_CAP },
            };
            struct serial_port port = ports[i].port;
            int left = DBC_WORK_RING_CAP - 1 - used, room;

            port.uart = &uart;
            room = dbc_uart_tx_ready(&port);
            CHECK(room == (left ?: ports[i].waits),
                  "%s: with %u in use, room for %d", ports[i].what, used,
                  room);
        }
}

/* Looks at the controller in a row, while a domain uses it. */
static void test_sizing(void)
{
    enum { NONE = 0x400, MEM = 2, MASTER = 4, BOTH = MEM | MASTER };
    static const struct {
        const char *what;
        unsigned int ms;
        uint16_t command, after;
        bool moved, reachable;
    } looks[] = {
        { "all is well", 1, NONE | BOTH, NONE | BOTH, false, true },
        { "no driver", 2, NONE | MEM, NONE | BOTH, false, true },
        { "a driver begins to size BARs", 3, NONE, NONE },
        { "is slow", 50, NONE, NONE },
        { "ends", 60, NONE | BOTH, NONE | BOTH, false, true },
        { "does so again", 70, NONE | MASTER, NONE | MASTER },
        { "is very slow", 169, NONE | MASTER, NONE | MASTER },
        { "leaves it so", 170, NONE | MASTER, NONE | BOTH, false, true },
        { "does so yet again", 171, NONE, NONE },
        { "has moved a BAR", 280, NONE, NONE, true },
        { "moved it back, and left", 281, NONE, NONE | BOTH, false, true },
        { "a device that is off", 282, 0xffff, 0xffff },
    };
    struct dbc dbc = { .bar_val = 0x12345600004 };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(looks); i++ )
    {
        bool reachable;

        now = MILLISECS(looks[i].ms);
        config.command = looks[i].command;
        config.bar[0] = dbc.bar_val;
        config.bar[1] = looks[i].moved ? ~0U : dbc.bar_val >> 32;
        reachable = dbc_reachable(&dbc);
        CHECK(reachable == looks[i].reachable, "%s: %s", looks[i].what,
              reachable ? "used" : "not used");
        CHECK(config.command == looks[i].after, "%s: command register %#x",
              looks[i].what, config.command);
    }
}

const struct test console_tests[] = {
    { "console: just the registers", test_registers_only },
    { "console: whole pages without memory", test_fallback },
    { "console: waits for a debug host", test_output },
    { "console: tells of room", test_room },
    { "console: has patience with who sizes BARs", test_sizing },
    {}
};

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
