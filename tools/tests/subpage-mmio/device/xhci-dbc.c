/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "debug-host.h"
#include "dma.h"
#include "log.h"
#include "reg.h"
#include "xhci-dbc.h"
#include "xhci-ring.h"

/* Registers: xHCI 1.1, section 7.6.8. */
#define DCDB               0x04
#define  DB_TARGET(v)      (((v) >> 8) & 0xff)
#define DCERSTSZ           0x08
#define  ERSTSZ_MASK       0xffff
#define DCERSTBA           0x10
#define DCERDP             0x18
#define DCCTRL             0x20
#define  CTRL_DCR          0x00000001   /* DbC-Configured: running */
#define  CTRL_LSE          0x00000002   /* events for PLC, too */
#define  CTRL_HOT          0x00000004   /* halt OUT; set by software only */
#define  CTRL_HIT          0x00000008   /* the same for IN */
#define  CTRL_DRC          0x00000010   /* DCR was cleared */
#define  CTRL_ADDRESS      0x01000000   /* the one that the host assigns */
#define  CTRL_DCE          0x80000000
#define DCST               0x24
#define  ST_EVENTS         0x00000001   /* the event ring is not empty */
#define  ST_PORT(n)        ((n) << 24)
#define DCPORTSC           0x28
#define  PORT_CCS          0x00000001
#define  PORT_PED          0x00000002
#define  PORT_PR           0x00000010
#define  PORT_PLS(n)       ((n) << 5)
#define  PORT_SPEED_SUPER  (4 << 10)
#define  PORT_CSC          0x00020000
#define  PORT_PRC          0x00200000
#define  PORT_PLC          0x00400000
#define  PORT_CEC          0x00800000
#define  PORT_CHANGES      (PORT_CSC | PORT_PRC | PORT_PLC | PORT_CEC)
#define DCCP               0x30
#define DCDDI1             0x38
#define DCDDI2             0x3c

/* Link states: section 5.4.8, PLS. */
#define PLS_U0             0
#define PLS_DISABLED       4
#define PLS_RX_DETECT      5
#define PLS_INACTIVE       6
#define PLS_HOT_RESET      9

/* Debug capability context: section 7.6.9, endpoint context: 6.2.3. */
#define CONTEXT_SIZE       64
#define EP_STATE           0
#define  EP_STATE_MASK     7
#define  EP_RUNNING        1
#define  EP_STOPPED        3
#define EP_DEQUEUE         8
#define  EP_DEQUEUE_CYCLE  1

#define MAX_TRANSFER       0x1ffff      /* 17 bits */

/* Section 7.6.4. */
static const struct state {
    const char *name;
    uint32_t port;                      /* DCPORTSC but for its changes */
} off = { "off", PORT_PLS(PLS_DISABLED) },
  disconnected = { "disconnected", PORT_PLS(PLS_RX_DETECT) },
  disabled = { "disabled", PORT_CCS | PORT_PLS(PLS_DISABLED) },
  enabled = { "enabled", PORT_CCS | PORT_PED | PORT_PLS(PLS_U0) |
              PORT_SPEED_SUPER },
  configured = { "configured", PORT_CCS | PORT_PED | PORT_PLS(PLS_U0) |
                 PORT_SPEED_SUPER },
  resetting = { "resetting", PORT_CCS | PORT_PR | PORT_PLS(PLS_HOT_RESET) |
                PORT_SPEED_SUPER },
  error = { "error", PORT_CCS | PORT_PLS(PLS_INACTIVE) };

static const struct state *state = &off;
static unsigned int debug_port;
static bool cable = true, held;

static uint32_t control, changes, announced;
static uint32_t device_info[2];
static uint64_t context;
static struct event_ring events;

static struct endpoint {
    uint32_t id;                        /* in events: section 4.5.1 */
    uint32_t halt;
    struct ring ring;
    bool begun;                         /* since DCE was set */
    bool rung;                          /* there may be TRBs */
    bool failed;                        /* until it is configured again */
} out = { .id = 2, .halt = CTRL_HOT }, in = { .id = 3, .halt = CTRL_HIT };

void dbc_init(unsigned int port)
{
    debug_port = port;
}

/* Its context follows the info context, OUT's comes first: section 7.6.9. */
static uint64_t ep_context(const struct endpoint *ep)
{
    return (context & ~0xfULL) + CONTEXT_SIZE * (ep->id - 1);
}

static bool write_ep_state(const struct endpoint *ep, uint8_t new)
{
    uint64_t where = ep_context(ep) + EP_STATE;
    uint8_t val;

    if ( !dma_read(where, &val, sizeof(val)) )
        return false;

    val = (val & ~EP_STATE_MASK) | new;

    return dma_write(where, &val, sizeof(val));
}

/*
 * The context says where to begin after DCE was set.  Whenever the DbC is
 * configured again, it goes on where it was.  False: it is not in memory.
 */
static bool start_endpoint(struct endpoint *ep)
{
    uint64_t dequeue;

    if ( !dma_read(ep_context(ep) + EP_DEQUEUE, &dequeue, sizeof(dequeue)) ||
         !write_ep_state(ep, EP_RUNNING) )
        return false;

    if ( !ep->begun )
    {
        ep->ring.dequeue = dequeue & ~0xfULL;
        ep->ring.cycle = dequeue & EP_DEQUEUE_CYCLE;
        ep->begun = true;
    }
    ep->rung = ep->failed = false;

    return true;
}

/* Tell software where it was. */
static void stop_endpoint(const struct endpoint *ep)
{
    uint64_t dequeue = ep->ring.dequeue | ep->ring.cycle;

    dma_write(ep_context(ep) + EP_DEQUEUE, &dequeue, sizeof(dequeue));
    write_ep_state(ep, EP_STOPPED);
}

static void set_state(const struct state *new)
{
    log_line("dbc %s", new->name);

    if ( state == &configured )
    {
        if ( new != &off )
        {
            stop_endpoint(&out);
            stop_endpoint(&in);
        }
        control = (control & ~(CTRL_DCR | CTRL_ADDRESS)) | CTRL_DRC;
    }

    if ( (state->port ^ new->port) & PORT_CCS )
        changes |= PORT_CSC;
    if ( state == &resetting && new == &enabled )
        changes |= PORT_PRC;
    if ( new == &error )
        changes |= PORT_PLC | PORT_CEC;

    state = new;
}

/* All that DCE holds in reset. */
static void switch_off(void)
{
    set_state(&off);
    control &= CTRL_LSE;
    changes = announced = 0;
    out.begun = in.begun = false;
    event_ring_restart(&events);
}

void dbc_reset(void)
{
    if ( state != &off )
        switch_off();

    control = 0;
    memset(device_info, 0, sizeof(device_info));
    context = 0;
    memset(&events, 0, sizeof(events));
}

/* The host has what it needs, if the contexts are in memory. */
static void configure(void)
{
    if ( !start_endpoint(&out) || !start_endpoint(&in) )
        return;

    set_state(&configured);
    control |= CTRL_DCR | CTRL_ADDRESS;
}

uint32_t dbc_read(uint32_t reg)
{
    switch ( reg )
    {
    case DCERSTSZ:
        return events.table_size;

    case DCERSTBA:
    case DCERSTBA + 4:
        return reg_half(events.table, reg);

    case DCERDP:
    case DCERDP + 4:
        return reg_half(events.dequeue, reg);

    case DCCTRL:
        return control;

    case DCST:
        return (event_ring_is_empty(&events) ? 0 : ST_EVENTS) |
               (state->port & PORT_CCS ? ST_PORT(debug_port) : 0);

    case DCPORTSC:
        return state->port | changes;

    case DCCP:
    case DCCP + 4:
        return reg_half(context, reg);

    case DCDDI1:
    case DCDDI2:
        return device_info[reg == DCDDI2];
    }

    return 0;                           /* reserved, or the doorbell */
}

static void ring_doorbell(uint32_t target)
{
    if ( state != &configured || (control & CTRL_DRC) )
        return;

    if ( target == 0 )
        out.rung = true;
    else if ( target == 1 )
        in.rung = true;
}

static void write_control(uint32_t val, uint32_t mask)
{
    uint32_t old = control;

    reg_write(&control, val, mask & (CTRL_LSE | CTRL_DCE));
    control |= val & mask & (CTRL_HOT | CTRL_HIT);
    control &= ~(val & mask & CTRL_DRC);

    if ( !(control & CTRL_DCE) )
    {
        if ( old & CTRL_DCE )
            switch_off();
        control &= CTRL_LSE;
    }
    else if ( !(old & CTRL_DCE) )
    {
        set_state(&disconnected);
        if ( cable )
            set_state(&enabled);
    }
}

static void write_port(uint32_t val, uint32_t mask)
{
    val &= mask;
    changes &= ~val;
    announced &= ~val;

    if ( (mask & PORT_PED) && !(val & PORT_PED) && (state->port & PORT_PED) )
        set_state(&disabled);
    else if ( (val & PORT_PED) && state == &disabled )
        set_state(&enabled);
}

void dbc_write(uint32_t reg, uint32_t val, uint32_t mask)
{
    switch ( reg )
    {
    case DCDB:
        if ( mask & 0xff00 )
            ring_doorbell(DB_TARGET(val));
        break;

    case DCERSTSZ:
        reg_write(&events.table_size, val, mask & ERSTSZ_MASK);
        break;

    case DCERSTBA:
    case DCERSTBA + 4:
        reg_write_half(&events.table, reg, val, mask);
        event_ring_restart(&events);
        break;

    case DCERDP:
    case DCERDP + 4:
        reg_write_half(&events.dequeue, reg, val, mask);
        break;

    case DCCTRL:
        write_control(val, mask);
        break;

    case DCPORTSC:
        write_port(val, mask);
        break;

    case DCCP:
    case DCCP + 4:
        reg_write_half(&context, reg, val, mask);
        break;

    case DCDDI1:
    case DCDDI2:
        reg_write(&device_info[reg == DCDDI2], val, mask);
        break;
    }
}

/* Sections 7.6.5 and 6.4.2.3: once each time that a change bit gets set. */
static void announce_changes(void)
{
    struct trb event = {
        .param = (uint64_t)debug_port << 24,
        .status = CODE_SUCCESS << 24,
        .control = TRB_PORT_STATUS_CHANGE << 10,
    };
    uint32_t due = changes & ~announced;

    if ( !(control & CTRL_LSE) )
        due &= ~PORT_PLC;
    if ( due && event_ring_put(&events, &event) )
        announced |= due;
}

static void complete(struct endpoint *ep, uint32_t left, enum trb_code code)
{
    struct trb event = {
        .param = ep->ring.dequeue,
        .status = left | ((uint32_t)code << 24),
        .control = (TRB_TRANSFER_EVENT << 10) | (ep->id << 16),
    };

    event_ring_put(&events, &event);
}

static void fail(struct endpoint *ep)
{
    complete(ep, 0, CODE_TRB_ERROR);
    ep->failed = true;
}

/* Move a TRB's data, and say how much is left; false: it cannot be done. */
static bool transfer_out(const struct trb *trb, uint32_t *left)
{
    static uint8_t buf[MAX_TRANSFER];
    uint32_t len = TRB_LENGTH(trb->status);

    if ( trb->control & TRB_IMMEDIATE )
    {
        if ( len > sizeof(trb->param) )
            return false;
        memcpy(buf, &trb->param, len);
    }
    else if ( !dma_read(trb->param, buf, len) )
        return false;

    host_output(buf, len);
    *left = 0;

    return true;
}

static bool transfer_in(const struct trb *trb, uint32_t *left)
{
    static uint8_t buf[MAX_TRANSFER];
    uint32_t len = TRB_LENGTH(trb->status), got = host_peek_input(buf, len);

    if ( (trb->control & TRB_IMMEDIATE) || !dma_write(trb->param, buf, got) )
        return false;

    host_drop_input(got);
    *left = len - got;

    return true;
}

/* One TRB is one transfer.  False: there is nothing more to do. */
static bool run_transfer(struct endpoint *ep,
                         bool (*transfer)(const struct trb *, uint32_t *))
{
    struct trb trb;
    uint32_t left = 0;

    switch ( ring_peek(&ep->ring, &trb) )
    {
    case RING_TRB:
        break;

    case RING_EMPTY:
        ep->rung = false;
        return false;

    case RING_BAD:
        fail(ep);
        return false;
    }

    if ( TRB_TYPE(trb.control) != TRB_NO_OP &&
         (TRB_TYPE(trb.control) != TRB_NORMAL || !transfer(&trb, &left)) )
    {
        fail(ep);
        return false;
    }

    if ( left && (trb.control & (TRB_ON_COMPLETION | TRB_SHORT_PACKET)) )
        complete(ep, left, CODE_SHORT_PACKET);
    else if ( trb.control & TRB_ON_COMPLETION )
        complete(ep, 0, CODE_SUCCESS);

    ring_next(&ep->ring);

    return true;
}

static bool can_run(const struct endpoint *ep)
{
    return ep->rung && !ep->failed && !(control & ep->halt) &&
           event_ring_has_room(&events);
}

void dbc_run(void)
{
    if ( !(control & CTRL_DCE) )
        return;

    if ( state == &enabled )
        configure();
    announce_changes();

    while ( !held && can_run(&out) && run_transfer(&out, transfer_out) )
        ;
    while ( can_run(&in) && host_has_input() &&
            run_transfer(&in, transfer_in) )
        ;
}

/* An event at the host's end, and all that follows from it. */
static bool host_event(bool possible, const struct state *new)
{
    if ( possible )
    {
        if ( state != &off )
            set_state(new);
        dbc_run();
    }

    return possible;
}

bool dbc_cable_in(void)
{
    bool possible = !cable;

    cable = true;

    return host_event(possible, &enabled);
}

bool dbc_cable_out(void)
{
    bool possible = cable;

    cable = false;

    return host_event(possible, &disconnected);
}

bool dbc_link_error(void)
{
    return host_event(state == &enabled || state == &configured, &error);
}

bool dbc_reset_begin(void)
{
    return host_event(state == &enabled || state == &configured ||
                      state == &error, &resetting);
}

bool dbc_reset_end(void)
{
    return host_event(state == &resetting, &enabled);
}

/* NAK from the host's side: what was rung for waits. */
static bool hold(bool on)
{
    bool possible = held != on;

    held = on;
    dbc_run();

    return possible;
}

bool dbc_hold(void)
{
    return hold(true);
}

bool dbc_release(void)
{
    return hold(false);
}

bool dbc_clear_halt(void)
{
    if ( state != &configured )
        return false;

    control &= ~(CTRL_HOT | CTRL_HIT);
    dbc_run();

    return true;
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
