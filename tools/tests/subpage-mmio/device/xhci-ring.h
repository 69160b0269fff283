/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TRB rings in guest memory (xHCI 1.1, sections 4.9 and 6.4).
 */

#ifndef DEVICE_XHCI_RING_H
#define DEVICE_XHCI_RING_H

#include <stdbool.h>
#include <stdint.h>

struct trb {
    uint64_t param;
    uint32_t status;
    uint32_t control;
};

/* Section 6.4.1.1 and others. */
#define TRB_LENGTH(status)   ((status) & 0x1ffff)
#define TRB_CYCLE            0x0001
#define TRB_TOGGLE_CYCLE     0x0002     /* of a Link TRB */
#define TRB_SHORT_PACKET     0x0004     /* an event if less has arrived */
#define TRB_ON_COMPLETION    0x0020     /* an event in any case */
#define TRB_IMMEDIATE        0x0040     /* param is the data */
#define TRB_BLOCK_REQUEST    0x0200     /* of an Address Device Command */
#define TRB_TYPE(control)    (((control) >> 10) & 0x3f)
#define TRB_SLOT(control)    ((control) >> 24)

/* Section 6.4.6. */
enum trb_type {
    TRB_NORMAL = 1,
    TRB_LINK = 6,
    TRB_NO_OP = 8,
    TRB_ENABLE_SLOT = 9,
    TRB_DISABLE_SLOT,
    TRB_ADDRESS_DEVICE,
    TRB_CONFIGURE_ENDPOINT,
    TRB_EVALUATE_CONTEXT,
    TRB_RESET_ENDPOINT,
    TRB_STOP_ENDPOINT,
    TRB_SET_TR_DEQUEUE,
    TRB_RESET_DEVICE,
    TRB_NO_OP_COMMAND = 23,
    TRB_TRANSFER_EVENT = 32,
    TRB_COMMAND_COMPLETION = 33,
    TRB_PORT_STATUS_CHANGE = 34,
};

/* Section 6.4.5. */
enum trb_code {
    CODE_SUCCESS = 1,
    CODE_USB_TRANSACTION = 4,
    CODE_TRB_ERROR = 5,
    CODE_NO_SLOTS = 9,
    CODE_SLOT_NOT_ENABLED = 11,
    CODE_SHORT_PACKET = 13,
    CODE_CONTEXT_STATE = 19,
    CODE_RING_STOPPED = 24,
};

/* A transfer or command ring, as its consumer sees it. */
struct ring {
    uint64_t dequeue;                   /* guest-physical */
    bool cycle;                         /* of TRBs that are ours */
};

enum ring_state {
    RING_TRB,                           /* there is one */
    RING_EMPTY,
    RING_BAD,                           /* not in memory, or only links */
};

/*
 * The next TRB and where it is (ring->dequeue, which gets past Link TRBs on
 * the way); ring_next() goes on behind it.  A Link TRB raises no event.
 */
enum ring_state ring_peek(struct ring *ring, struct trb *trb);
void ring_next(struct ring *ring);

/* An event ring, as its producer sees it. */
struct event_ring {
    /* Registers: ERSTSZ, ERSTBA and ERDP (section 5.5.2.3). */
    uint32_t table_size;
    uint64_t table, dequeue;
    struct event_position {
        uint64_t addr;                  /* 0: the ring has not been begun */
        uint32_t segment, left;         /* TRBs that the segment has left */
        bool cycle;
    } enqueue;
};

/* Begin with the first segment: what a write of ERSTBA means. */
void event_ring_restart(struct event_ring *ring);

/*
 * Is there room for an event?  There is none in a ring whose segment table or
 * segments are not in memory, or have no valid size (section 6.5).
 */
bool event_ring_has_room(struct event_ring *ring);

/* Add an event.  False: there is no room. */
bool event_ring_put(struct event_ring *ring, const struct trb *event);

/* Has software consumed all events? */
bool event_ring_is_empty(const struct event_ring *ring);

#endif /* DEVICE_XHCI_RING_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
