/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An xHCI controller (xHCI 1.1) with a debug capability and nothing plugged
 * into its ports: xhci-dbc.c has the former, this file all other registers.
 *
 * The layout is that of Intel's chipsets: capability and operational
 * registers first, extended capabilities from 0x8000.  From there on, all that
 * is no register keeps what is written, in any width: neighbours to write to.
 */

#include <stdlib.h>
#include <string.h>

#include "debug-host.h"
#include "irq.h"
#include "log.h"
#include "model.h"
#include "reg.h"
#include "xhci.h"
#include "xhci-dbc.h"
#include "xhci-ring.h"

#define MAX_SLOTS          32
#define MAX_INTERRUPTERS   4
#define PORTS_USB2         4            /* the first ones */
#define PORTS_USB3         4
#define MAX_PORTS          (PORTS_USB2 + PORTS_USB3)
#define DEBUG_PORT         (PORTS_USB2 + 1)
#define ERST_MAX           4            /* log2 of the segments */

/* Where what is, in the BAR. */
#define BAR_SIZE           0x10000
#define BAR_SIZE_AMD       0x100000
#define OPERATIONAL        0x80
#define PORTS              0x480
#define PORT_SIZE          0x10
#define RUNTIME            0x2000
#define INTERRUPTERS       0x2020
#define INTERRUPTER_SIZE   0x20
#define DOORBELLS          0x3000
#define MSIX_TABLE         0x4000
#define MSIX_PBA           0x5000
#define HOST_LINES         0x6000       /* of ours: what the debug host did */
#define EXTENDED           0x8000
#define PROTOCOL_USB2      0x8000
#define PROTOCOL_USB3      0x8020
#define USBLEGSUP          0x846c
#define DBC                0x8700

/* Section 5.3. */
#define CAPLENGTH          0x00
#define  HCIVERSION        0x0110
#define HCSPARAMS1         0x04
#define HCSPARAMS2         0x08
#define HCCPARAMS1         0x10
#define  HCCPARAMS1_AC64   0x00000001
#define DBOFF              0x14
#define RTSOFF             0x18

/* Section 5.4. */
#define USBCMD             0x00
#define  CMD_RUN           0x00000001
#define  CMD_RESET         0x00000002   /* HCRST */
#define  CMD_INTE          0x00000004
#define  CMD_RESTORE       0x00000200   /* CRS */
#define  CMD_WRITABLE      0x00000c0d   /* EU3S, EWE, HSEE, INTE, R/S */
#define USBSTS             0x04
#define  STS_HALTED        0x00000001
#define  STS_SYSTEM_ERROR  0x00000004
#define  STS_EINT          0x00000008
#define  STS_RESTORE_ERROR 0x00000400   /* SRE */
#define  STS_NOT_READY     0x00000800   /* CNR */
#define  STS_CLEARED       0x0000041c   /* SRE, PCD, EINT, HSE: by a 1 */
#define PAGESIZE           0x08
#define DNCTRL             0x14
#define  DNCTRL_WRITABLE   0x0000ffff
#define CRCR               0x18
#define  CRCR_CYCLE        0x01
#define  CRCR_FLAGS        0x3f
#define  CRCR_STOP         0x06         /* stop, abort */
#define  CRCR_RUNNING      0x08
#define DCBAAP             0x30
#define CONFIG             0x38
#define  CONFIG_WRITABLE   0x000003ff

#define  STS_PORT_CHANGE   0x00000010   /* PCD */

/* Section 5.4.8. */
#define PORTSC             0x00
#define  PORT_CCS          0x00000001
#define  PORT_PED          0x00000002   /* cleared by a 1 */
#define  PORT_PR           0x00000010
#define  PORT_RX_DETECT    0x000000a0
#define  PORT_POWER        0x00000200   /* always on */
#define  PORT_SPEED_SUPER  0x00001000
#define  PORT_CSC          0x00020000
#define  PORT_PRC          0x00200000
#define  PORT_CHANGES      0x00fe0000
#define  PORT_WRITABLE     0x0e00c000   /* WOE, WDE, WCE, PIC */
#define  PORT_ATTACHED     (PORT_CCS | PORT_PED | PORT_SPEED_SUPER)
#define THE_PORT           DEBUG_PORT   /* from 0: the one after it */

/* Section 5.5. */
#define MFINDEX_MASK       0x00003fff
#define IMAN               0x00
#define  IMAN_IP           0x00000001
#define  IMAN_IE           0x00000002
#define IMOD               0x04
#define  IMOD_DEFAULT      4000
#define ERSTSZ             0x08
#define  ERSTSZ_WRITABLE   0x0000ffff
#define ERSTBA             0x10
#define ERDP               0x18
#define  ERDP_BUSY         0x00000008

/* Section 7. */
#define CAP_LEGACY         1
#define CAP_PROTOCOL       2
#define  PROTOCOL_MAJOR(n) ((n) << 24)
#define  PROTOCOL_NAME     0x20425355   /* "USB " */
#define  PROTOCOL_SIZE     16
#define CAP_VENDOR         192
#define NEXT_MAX           0x3fc        /* bytes: 255 dwords */
#define LEGACY_SIZE        8
#define LEGSUP_BIOS        0x00010000
#define LEGSUP_OS          0x01000000
#define LEGCTL_OWNERSHIP   0x20000000   /* it changed */
#define LEGCTL_DEFAULT     0x00002000   /* SMI when it does */
#define LEGCTL_CLEARED     0xe0000000
#define LEGCTL_WRITABLE    0x0000e011

static struct pci_info info = {
    .vendor = 0x1234,
    .device = 0x5ab3,
    .class_code = 0x0c0330,
    .interrupt_pin = 1,
    .bars = { { .size = BAR_SIZE, .is_64bit = true } },
    .caps = {
        {
            .id = PCI_CAP_MSIX,
            .size = 12,
            .body = { MAX_INTERRUPTERS - 1, 0, PCI_BYTES32(MSIX_TABLE),
                      PCI_BYTES32(MSIX_PBA) },
            .writable = { 0, 0xc0 },    /* enable, mask all */
        },
    },
};

static uint8_t regs[BAR_SIZE_AMD];      /* what has no variable below */
static bool is_fixed[BAR_SIZE_AMD / 4];  /* read-only there */

static struct {
    uint32_t command, status, notify, config;
    uint64_t contexts;                  /* DCBAAP */
    struct ring commands;
    bool commands_running, commands_rung, commands_stopping;
    uint32_t microframes;
} xhc;

static enum slot { SLOT_DISABLED, SLOT_ENABLED, SLOT_DEFAULT }
    slots[1 + MAX_SLOTS];

static uint32_t ports[MAX_PORTS][PORT_SIZE / 4];
static uint32_t announced[MAX_PORTS];   /* changes that had their event */
static bool plugged;

static struct interrupter {
    uint32_t management, moderation;
    bool busy, due;                     /* EHB; an event asks for it */
    struct event_ring ring;
} interrupters[MAX_INTERRUPTERS];

static uint32_t legacy_owner, legacy_control;

/* What the options say. */
static uint32_t dbc_offset = DBC, endless_step;
static bool has_dbc = true;

static void halt(void)
{
    xhc.command &= ~CMD_RUN;
    xhc.status |= STS_HALTED;
    xhc.commands_running = xhc.commands_rung = false;
}

/* Commands: section 4.6. */

static enum trb_code address_device(enum slot *slot, bool block_request)
{
    /* Who is to answer to SET_ADDRESS?  Nothing is plugged in. */
    if ( !block_request )
        return CODE_USB_TRANSACTION;
    if ( *slot == SLOT_DEFAULT )
        return CODE_CONTEXT_STATE;

    *slot = SLOT_DEFAULT;

    return CODE_SUCCESS;
}

static enum trb_code enable_slot(unsigned int *number)
{
    for ( *number = 1; *number <= xhc.config % 256; ++*number )
        if ( *number <= MAX_SLOTS && slots[*number] == SLOT_DISABLED )
        {
            slots[*number] = SLOT_ENABLED;
            return CODE_SUCCESS;
        }

    *number = 0;

    return CODE_NO_SLOTS;
}

/* No device ever leaves the Default state, so contexts are not looked at. */
static enum trb_code execute(const struct trb *trb, unsigned int *number)
{
    enum slot *slot;

    *number = 0;
    switch ( TRB_TYPE(trb->control) )
    {
    case TRB_NO_OP_COMMAND:
        return CODE_SUCCESS;

    case TRB_ENABLE_SLOT:
        return enable_slot(number);

    case TRB_DISABLE_SLOT:
    case TRB_ADDRESS_DEVICE:
    case TRB_CONFIGURE_ENDPOINT:
    case TRB_EVALUATE_CONTEXT:
    case TRB_RESET_ENDPOINT:
    case TRB_STOP_ENDPOINT:
    case TRB_SET_TR_DEQUEUE:
    case TRB_RESET_DEVICE:
        break;

    default:
        return CODE_TRB_ERROR;
    }

    *number = TRB_SLOT(trb->control);
    slot = &slots[*number];
    if ( *number == 0 || *number > MAX_SLOTS || *slot == SLOT_DISABLED )
        return CODE_SLOT_NOT_ENABLED;

    switch ( TRB_TYPE(trb->control) )
    {
    case TRB_DISABLE_SLOT:
        *slot = SLOT_DISABLED;
        return CODE_SUCCESS;

    case TRB_ADDRESS_DEVICE:
        return address_device(slot, trb->control & TRB_BLOCK_REQUEST);

    case TRB_EVALUATE_CONTEXT:
    case TRB_STOP_ENDPOINT:             /* endpoint 0 runs by default */
        return *slot == SLOT_DEFAULT ? CODE_SUCCESS : CODE_CONTEXT_STATE;
    }

    return CODE_CONTEXT_STATE;
}

static bool complete_command(unsigned int slot, enum trb_code code)
{
    struct trb event = {
        .param = xhc.commands.dequeue,
        .status = (uint32_t)code << 24,
        .control = (slot << 24) | (TRB_COMMAND_COMPLETION << 10),
    };

    interrupters[0].due = true;

    return event_ring_put(&interrupters[0].ring, &event);
}

static void run_commands(void)
{
    while ( xhc.commands_rung && event_ring_has_room(&interrupters[0].ring) )
    {
        enum trb_code code;
        unsigned int slot;
        struct trb trb;

        switch ( ring_peek(&xhc.commands, &trb) )
        {
        case RING_TRB:
            code = execute(&trb, &slot);
            complete_command(slot, code);
            ring_next(&xhc.commands);
            break;

        case RING_EMPTY:
            xhc.commands_rung = false;
            break;

        case RING_BAD:
            halt();
            xhc.status |= STS_SYSTEM_ERROR;
            break;
        }
    }

    if ( xhc.commands_stopping && complete_command(0, CODE_RING_STOPPED) )
        xhc.commands_stopping = false;
}

/* Section 4.19.2: an event for each change, once there may be events. */
static void announce_changes(unsigned int port)
{
    struct trb event = {
        .param = (port + 1) << 24,
        .status = CODE_SUCCESS << 24,
        .control = TRB_PORT_STATUS_CHANGE << 10,
    };
    uint32_t due = ports[port][0] & PORT_CHANGES & ~announced[port];

    if ( !due || !event_ring_put(&interrupters[0].ring, &event) )
        return;

    announced[port] |= due;
    interrupters[0].due = true;
}

/*
 * Sections 4.17.2 and 4.17.5.  With MSI-X, a message clears IP; without, the
 * first interrupter's is what the line shows.
 */
static void interrupt(unsigned int number)
{
    struct interrupter *ir = &interrupters[number];
    bool wanted;

    if ( ir->due && !ir->busy )
    {
        ir->due = false;
        if ( !event_ring_is_empty(&ir->ring) )
        {
            ir->busy = true;
            ir->management |= IMAN_IP;
            xhc.status |= STS_EINT;
        }
    }

    wanted = (ir->management & IMAN_IP) && (ir->management & IMAN_IE) &&
             (xhc.command & CMD_INTE);
    if ( wanted && msix_enabled() )
    {
        ir->management &= ~IMAN_IP;
        msix_raise(number);
    }
    if ( number == 0 )
        intx_set(wanted);
}

static void run(void)
{
    unsigned int i;

    if ( xhc.command & CMD_RUN )
    {
        for ( i = 0; i < MAX_PORTS; i++ )
            announce_changes(i);
        run_commands();
    }
    for ( i = 0; i < MAX_INTERRUPTERS; i++ )
        interrupt(i);
    dbc_run();
}

/* Operational registers: section 5.4. */

static uint32_t operational_read(uint32_t reg)
{
    uint32_t val;

    switch ( reg )
    {
    /* A reset lasts until software has seen it. */
    case USBCMD:
        val = xhc.command;
        xhc.command &= ~CMD_RESET;
        return val;

    case USBSTS:
        val = xhc.status;
        xhc.status &= ~STS_NOT_READY;
        return val;

    case PAGESIZE:
        return 1;                       /* 4 KiB */

    case DNCTRL:
        return xhc.notify;

    case CRCR:                          /* the pointer reads as 0 */
        return xhc.commands_running ? CRCR_RUNNING : 0;

    case DCBAAP:
    case DCBAAP + 4:
        return reg_half(xhc.contexts, reg);

    case CONFIG:
        return xhc.config;
    }

    return 0;
}

/* Section 4.19.1.2, and Linux' root hub has to be told: USBSTS.PCD. */
static void set_port(uint32_t status, uint32_t change)
{
    uint32_t *portsc = &ports[THE_PORT][PORTSC];

    *portsc = (*portsc & (PORT_CHANGES | PORT_WRITABLE)) | PORT_POWER |
              status | change;
    announced[THE_PORT] &= ~change;
    xhc.status |= STS_PORT_CHANGE;
}

static void attach(void)
{
    set_port(PORT_ATTACHED, PORT_CSC);
}

static void detach(void)
{
    set_port(PORT_RX_DETECT, PORT_CSC);
}

bool xhci_plug_in(void)
{
    if ( plugged )
        return false;

    plugged = true;
    attach();
    run();

    return true;
}

bool xhci_plug_out(void)
{
    if ( !plugged )
        return false;

    plugged = false;
    detach();
    run();

    return true;
}

/* What HCRST resets: all but what belongs to PCI and to the BIOS. */
static void host_reset(void)
{
    unsigned int i;

    memset(&xhc, 0, sizeof(xhc));
    xhc.status = STS_HALTED;
    memset(slots, 0, sizeof(slots));
    memset(ports, 0, sizeof(ports));
    for ( i = 0; i < MAX_PORTS; i++ )
        ports[i][0] = PORT_POWER | PORT_RX_DETECT;
    memset(announced, 0, sizeof(announced));
    if ( plugged )
        attach();
    memset(interrupters, 0, sizeof(interrupters));
    for ( i = 0; i < MAX_INTERRUPTERS; i++ )
        interrupters[i].moderation = IMOD_DEFAULT;
    dbc_reset();
}

static void command_write(uint32_t val, uint32_t mask)
{
    if ( val & mask & CMD_RESET )
    {
        host_reset();
        xhc.command = CMD_RESET;
        xhc.status |= STS_NOT_READY;
        return;
    }

    /* No state is ever saved (section 4.23.2). */
    if ( val & mask & CMD_RESTORE )
        xhc.status |= STS_RESTORE_ERROR;

    reg_write(&xhc.command, val, mask & CMD_WRITABLE);
    if ( xhc.command & CMD_RUN )
        xhc.status &= ~STS_HALTED;
    else
        halt();
}

static void crcr_write(uint32_t reg, uint32_t val, uint32_t mask)
{
    if ( xhc.commands_running )
    {
        if ( reg == CRCR && (val & mask & CRCR_STOP) )
        {
            xhc.commands_running = xhc.commands_rung = false;
            xhc.commands_stopping = true;
        }
        return;
    }

    reg_write_half(&xhc.commands.dequeue, reg, val,
                   reg == CRCR ? mask & ~CRCR_FLAGS : mask);
    if ( reg == CRCR && (mask & CRCR_CYCLE) )
        xhc.commands.cycle = val & CRCR_CYCLE;
}

static void operational_write(uint32_t reg, uint32_t val, uint32_t mask)
{
    switch ( reg )
    {
    case USBCMD:
        command_write(val, mask);
        break;

    case USBSTS:
        xhc.status &= ~(val & mask & STS_CLEARED);
        break;

    case DNCTRL:
        reg_write(&xhc.notify, val, mask & DNCTRL_WRITABLE);
        break;

    case CRCR:
    case CRCR + 4:
        crcr_write(reg, val, mask);
        break;

    case DCBAAP:
    case DCBAAP + 4:
        reg_write_half(&xhc.contexts, reg, val, mask);
        break;

    case CONFIG:
        reg_write(&xhc.config, val, mask & CONFIG_WRITABLE);
        break;
    }
}

static uint32_t port_read(uint32_t reg)
{
    return ports[reg / PORT_SIZE][reg % PORT_SIZE / 4];
}

static void port_write(uint32_t reg, uint32_t val, uint32_t mask)
{
    unsigned int port = reg / PORT_SIZE;
    uint32_t *its = ports[port];

    if ( reg % PORT_SIZE != PORTSC )
    {
        reg_write(&its[reg % PORT_SIZE / 4], val, mask);
        return;
    }

    reg_write(its, val, mask & PORT_WRITABLE);
    val &= mask;
    its[0] &= ~(val & (PORT_CHANGES | PORT_PED));
    announced[port] &= ~val;

    /* A reset has no effect on a port without a device. */
    if ( (val & PORT_PR) && (its[0] & PORT_CCS) )
        set_port(PORT_ATTACHED, PORT_PRC);
}

/* Runtime registers: section 5.5. */

static uint32_t microframe_read(uint32_t reg)
{
    /* Time goes by when somebody looks: runs can be repeated. */
    if ( xhc.command & CMD_RUN )
        xhc.microframes++;

    return xhc.microframes & MFINDEX_MASK;
}

static void microframe_write(uint32_t reg, uint32_t val, uint32_t mask)
{
}

static uint32_t interrupter_read(uint32_t reg)
{
    const struct interrupter *ir = &interrupters[reg / INTERRUPTER_SIZE];

    switch ( reg %= INTERRUPTER_SIZE )
    {
    case IMAN:
        return ir->management;

    case IMOD:
        return ir->moderation;

    case ERSTSZ:
        return ir->ring.table_size;

    case ERSTBA:
    case ERSTBA + 4:
        return reg_half(ir->ring.table, reg);

    case ERDP:
        return (reg_half(ir->ring.dequeue, reg) & ~ERDP_BUSY) |
               (ir->busy ? ERDP_BUSY : 0);

    case ERDP + 4:
        return reg_half(ir->ring.dequeue, reg);
    }

    return 0;
}

static void interrupter_write(uint32_t reg, uint32_t val, uint32_t mask)
{
    struct interrupter *ir = &interrupters[reg / INTERRUPTER_SIZE];

    switch ( reg %= INTERRUPTER_SIZE )
    {
    case IMAN:
        ir->management &= ~(val & mask & IMAN_IP);
        reg_write(&ir->management, val, mask & IMAN_IE);
        break;

    case IMOD:
        reg_write(&ir->moderation, val, mask);
        break;

    case ERSTSZ:
        reg_write(&ir->ring.table_size, val, mask & ERSTSZ_WRITABLE);
        break;

    case ERSTBA:
    case ERSTBA + 4:
        reg_write_half(&ir->ring.table, reg, val, mask);
        event_ring_restart(&ir->ring);
        break;

    case ERDP:
    case ERDP + 4:
        reg_write_half(&ir->ring.dequeue, reg, val, mask);
        if ( reg == ERDP && (val & mask & ERDP_BUSY) )
        {
            ir->busy = false;
            ir->due = true;
        }
        break;
    }
}

/* Doorbells, section 5.6: there are no endpoints to ring for. */

static uint32_t doorbell_read(uint32_t reg)
{
    return 0;
}

static void doorbell_write(uint32_t reg, uint32_t val, uint32_t mask)
{
    if ( reg == 0 && (xhc.command & CMD_RUN) )
        xhc.commands_running = xhc.commands_rung = true;
}

/* Extended capabilities: section 7. */

static uint32_t stored(uint32_t offset)
{
    uint32_t val;

    memcpy(&val, regs + offset, sizeof(val));

    return val;
}

static void store(uint32_t offset, uint32_t val)
{
    memcpy(regs + offset, &val, sizeof(val));
}

static uint32_t legacy_read(uint32_t reg)
{
    return reg ? legacy_control : stored(USBLEGSUP) | legacy_owner;
}

/* The BIOS hands the controller over as soon as it is asked to. */
static void legacy_write(uint32_t reg, uint32_t val, uint32_t mask)
{
    if ( reg )
    {
        legacy_control &= ~(val & mask & LEGCTL_CLEARED);
        reg_write(&legacy_control, val, mask & LEGCTL_WRITABLE);
        return;
    }

    if ( (legacy_owner ^ val) & mask & LEGSUP_OS )
        legacy_control |= LEGCTL_OWNERSHIP;
    reg_write(&legacy_owner, val, mask & (LEGSUP_OS | LEGSUP_BIOS));
    if ( legacy_owner & LEGSUP_OS )
        legacy_owner &= ~LEGSUP_BIOS;
}

static uint32_t debug_read(uint32_t reg)
{
    return reg ? dbc_read(reg) : stored(dbc_offset);
}

static uint32_t lines_read(uint32_t reg)
{
    return host_lines();
}

static void lines_write(uint32_t reg, uint32_t val, uint32_t mask)
{
}

/* All accesses */

static struct area {
    uint32_t start, size;
    uint32_t (*read)(uint32_t reg);
    void (*write)(uint32_t reg, uint32_t val, uint32_t mask);
} areas[] = {
    { OPERATIONAL, CONFIG + 4, operational_read, operational_write },
    { PORTS, MAX_PORTS * PORT_SIZE, port_read, port_write },
    { RUNTIME, 4, microframe_read, microframe_write },
    { INTERRUPTERS, MAX_INTERRUPTERS * INTERRUPTER_SIZE,
      interrupter_read, interrupter_write },
    { DOORBELLS, 4 * (1 + MAX_SLOTS), doorbell_read, doorbell_write },
    { HOST_LINES, 4, lines_read, lines_write },
    { USBLEGSUP, LEGACY_SIZE, legacy_read, legacy_write },
    { 0, 0, debug_read, dbc_write },    /* filled in by the options */
};
#define DBC_AREA (sizeof(areas) / sizeof(*areas) - 1)

static const struct area *find_area(uint32_t offset)
{
    const struct area *area;

    for ( area = areas; area <= &areas[DBC_AREA]; area++ )
        if ( offset - area->start < area->size )
            return area;

    return NULL;
}

static uint32_t read_dword(uint32_t offset)
{
    const struct area *area = find_area(offset);

    return area ? area->read(offset - area->start) : stored(offset);
}

static void write_dword(uint32_t offset, uint32_t val, uint32_t mask)
{
    const struct area *area = find_area(offset);

    if ( area )
        area->write(offset - area->start, val, mask);
    else if ( offset >= EXTENDED && !is_fixed[offset / 4] )
        store(offset, (stored(offset) & ~mask) | (val & mask));
}

static bool xhci_is_mark(unsigned int bar, uint32_t offset,
                         unsigned int width)
{
    return offset == 0 && width == 4;
}

/* The bytes of an access that are in its first dword. */
static unsigned int first_part(uint32_t offset, unsigned int width)
{
    unsigned int part = 4 - offset % 4;

    return width < part ? width : part;
}

static uint64_t xhci_read(unsigned int bar, uint32_t offset,
                          unsigned int width)
{
    unsigned int done, part;
    uint64_t val = 0;

    if ( msix_read(bar, offset, width, &val) )
        return val;

    for ( done = 0; done < width; done += part )
    {
        uint32_t dword = read_dword((offset + done) & ~3U);

        part = first_part(offset + done, width - done);
        dword >>= 8 * ((offset + done) % 4);
        val |= (uint64_t)(dword & (~0U >> (32 - 8 * part))) << (8 * done);
    }

    return val;
}

static void xhci_write(unsigned int bar, uint32_t offset, unsigned int width,
                       uint64_t val)
{
    unsigned int done, part;

    if ( msix_write(bar, offset, width, val) )
        return;

    for ( done = 0; done < width; done += part )
    {
        unsigned int shift = 8 * ((offset + done) % 4);

        part = first_part(offset + done, width - done);
        write_dword((offset + done) & ~3U, (val >> (8 * done)) << shift,
                    (~0U >> (32 - 8 * part)) << shift);
    }

    run();
}

static void xhci_reset(void)
{
    uint32_t at;

    msix_reset();
    host_reset();
    legacy_owner = LEGSUP_BIOS;
    legacy_control = LEGCTL_DEFAULT;
    for ( at = EXTENDED; at < BAR_SIZE_AMD; at += 4 )
        if ( !is_fixed[at / 4] )
            store(at, 0);
    run();
}

/* The list of extended capabilities, as the options want it. */

struct capability {
    uint32_t offset, size, header;
};

static void fix(uint32_t offset, uint32_t val)
{
    store(offset, val);
    is_fixed[offset / 4] = true;
}

/* next: how many bytes further on the next one is; 0: there is none. */
static void fix_header(uint32_t offset, uint32_t header, uint32_t next)
{
    fix(offset, header | ((next / 4) << 8));
}

static void fix_protocol(uint32_t offset, uint32_t first, uint32_t count)
{
    fix(offset + 4, PROTOCOL_NAME);
    fix(offset + 8, first | (count << 8));
    fix(offset + 12, 0);                /* the slot type */
}

static int compare_offsets(const void *a, const void *b)
{
    const struct capability *left = a, *right = b;

    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

/* What comes after the last one, if the list is not to end with it. */
static void fix_endless(const struct capability *last)
{
    uint32_t step = last->size > endless_step ? last->size : endless_step;
    uint32_t at;

    fix_header(last->offset, last->header, step);
    for ( at = last->offset + step; at < info.bars[0].size;
          at += endless_step )
        fix_header(at, CAP_VENDOR, endless_step);
}

static void fix_list(void)
{
    struct capability list[] = {
        { PROTOCOL_USB2, PROTOCOL_SIZE, CAP_PROTOCOL | PROTOCOL_MAJOR(2) },
        { PROTOCOL_USB3, PROTOCOL_SIZE, CAP_PROTOCOL | PROTOCOL_MAJOR(3) },
        { USBLEGSUP, LEGACY_SIZE, CAP_LEGACY },
        { dbc_offset, DBC_SIZE, DBC_CAP_ID | (DBC_ERST_MAX << 16) },
    };
    unsigned int i, nr = sizeof(list) / sizeof(*list) - !has_dbc;

    qsort(list, nr, sizeof(*list), compare_offsets);
    for ( i = 0; i + 1 < nr; i++ )
    {
        uint32_t at = list[i].offset, header = list[i].header;

        if ( list[i].size > list[i + 1].offset - at )
            die("dbc=%x: a capability is there", dbc_offset);

        /* More than a link can span takes stepping-stones. */
        for ( ; list[i + 1].offset - at > NEXT_MAX; at += NEXT_MAX )
        {
            fix_header(at, header, NEXT_MAX);
            header = CAP_VENDOR;
        }
        fix_header(at, header, list[i + 1].offset - at);
    }

    if ( endless_step )
        fix_endless(&list[i]);
    else
        fix_header(list[i].offset, list[i].header, 0);
}

static void xhci_start(void)
{
    if ( has_dbc )
    {
        if ( dbc_offset % 4 || dbc_offset < EXTENDED ||
             dbc_offset > info.bars[0].size - DBC_SIZE )
            die("dbc=%x is not a multiple of 4 from %x to %x", dbc_offset,
                EXTENDED, info.bars[0].size - DBC_SIZE);

        areas[DBC_AREA].start = dbc_offset;
        areas[DBC_AREA].size = DBC_SIZE;
    }

    store(CAPLENGTH, OPERATIONAL | (HCIVERSION << 16));
    store(HCSPARAMS1, MAX_SLOTS | (MAX_INTERRUPTERS << 8) |
                      (MAX_PORTS << 24));
    store(HCSPARAMS2, ERST_MAX << 4);
    store(HCCPARAMS1, HCCPARAMS1_AC64 | (EXTENDED / 4 << 16));
    store(DBOFF, DOORBELLS);
    store(RTSOFF, RUNTIME);

    fix_list();
    fix_protocol(PROTOCOL_USB2, 1, PORTS_USB2);
    fix_protocol(PROTOCOL_USB3, 1 + PORTS_USB2, PORTS_USB3);

    dbc_init(DEBUG_PORT);
    host_start();
}

/* Options */

static uint32_t parse_hex(const char *name, const char *value)
{
    char *end;
    unsigned long number = strtoul(value, &end, 16);

    if ( !*value || *end || number > UINT32_MAX )
        die("%s=%s is no hexadecimal number", name, value);

    return number;
}

static void set_bar(const char *value)
{
    if ( !strcmp(value, "64K") )
        info.bars[0].size = BAR_SIZE;
    else if ( !strcmp(value, "1M") )
        info.bars[0].size = BAR_SIZE_AMD;
    else
        die("bar=%s is neither 64K nor 1M", value);
}

static void set_dbc(const char *value)
{
    has_dbc = strcmp(value, "none");
    if ( has_dbc )
        dbc_offset = parse_hex("dbc", value);
}

static void set_endless(const char *value)
{
    endless_step = parse_hex("endless", value);
    if ( !endless_step || endless_step % 4 || endless_step > NEXT_MAX )
        die("endless=%s is not a multiple of 4 from 4 to %x", value,
            NEXT_MAX);
}

static const struct model_option options[] = {
    { "bar", set_bar },                 /* 64K or 1M */
    { "dbc", set_dbc },                 /* its offset (hex), or none */
    { "endless", set_endless },         /* the list goes on by steps (hex) */
    { "out", host_set_output },         /* the others: debug-host.h */
    { "in", host_set_input },
    { "terminal", host_set_terminal },
    { "control", host_set_control },
    { }
};

const struct model xhci_model = {
    .name = "xhci",
    .pci = &info,
    .options = options,
    .start = xhci_start,
    .reset = xhci_reset,
    .is_mark = xhci_is_mark,
    .read = xhci_read,
    .write = xhci_write,
    .config_written = run,
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
