/* SPDX-License-Identifier: GPL-2.0-only */
#include "dma.h"
#include "xhci-ring.h"

#define TRB_ALIGN        (~0xfULL)
#define ERST_ENTRY_SIZE  16             /* section 6.5 */
#define ERST_ALIGN       (~0x3fULL)
#define SEGMENT_MIN      16
#define SEGMENT_MAX      4096
#define MAX_LINKS        64             /* in a row: more make no sense */

enum ring_state ring_peek(struct ring *ring, struct trb *trb)
{
    unsigned int i;

    for ( i = 0; i < MAX_LINKS; i++ )
    {
        const struct trb *next = dma_pointer(ring->dequeue, sizeof(*next));

        if ( !next )
            return RING_BAD;

        /* The cycle bit is what the guest sets last. */
        trb->control = __atomic_load_n(&next->control, __ATOMIC_ACQUIRE);
        trb->param = next->param;
        trb->status = next->status;

        if ( (trb->control & TRB_CYCLE) != ring->cycle )
            return RING_EMPTY;
        if ( TRB_TYPE(trb->control) != TRB_LINK )
            return RING_TRB;

        ring->dequeue = trb->param & TRB_ALIGN;
        ring->cycle ^= !!(trb->control & TRB_TOGGLE_CYCLE);
    }

    return RING_BAD;
}

void ring_next(struct ring *ring)
{
    ring->dequeue += sizeof(struct trb);
}

void event_ring_restart(struct event_ring *ring)
{
    ring->enqueue.addr = 0;
}

static bool begin_segment(const struct event_ring *ring, uint32_t segment,
                          struct event_position *pos)
{
    struct {
        uint64_t base;
        uint16_t size, reserved[3];
    } entry;

    if ( segment >= ring->table_size ||
         !dma_read((ring->table & ERST_ALIGN) + segment * ERST_ENTRY_SIZE,
                   &entry, sizeof(entry)) ||
         entry.size < SEGMENT_MIN || entry.size > SEGMENT_MAX )
        return false;

    pos->addr = entry.base & ERST_ALIGN;
    pos->segment = segment;
    pos->left = entry.size;

    return true;
}

/* What comes after the place for the next event; false: nothing can. */
static bool find_room(struct event_ring *ring, struct event_position *after)
{
    if ( !ring->enqueue.addr )
    {
        if ( !begin_segment(ring, 0, &ring->enqueue) )
            return false;
        ring->enqueue.cycle = true;
    }

    *after = ring->enqueue;
    after->addr += sizeof(struct trb);
    if ( !--after->left )
    {
        after->segment = (after->segment + 1) % ring->table_size;
        after->cycle ^= !after->segment;
        if ( !begin_segment(ring, after->segment, after) )
            return false;
    }

    return after->addr != (ring->dequeue & TRB_ALIGN) &&
           dma_pointer(ring->enqueue.addr, sizeof(struct trb));
}

bool event_ring_has_room(struct event_ring *ring)
{
    struct event_position after;

    return ring->table_size && find_room(ring, &after);
}

bool event_ring_put(struct event_ring *ring, const struct trb *event)
{
    struct event_position after;
    struct trb *place;

    if ( !ring->table_size || !find_room(ring, &after) )
        return false;

    place = dma_pointer(ring->enqueue.addr, sizeof(*place));
    place->param = event->param;
    place->status = event->status;
    __atomic_store_n(&place->control,
                     (event->control & ~TRB_CYCLE) | ring->enqueue.cycle,
                     __ATOMIC_RELEASE);
    ring->enqueue = after;

    return true;
}

bool event_ring_is_empty(const struct event_ring *ring)
{
    return !ring->enqueue.addr ||
           ring->enqueue.addr == (ring->dequeue & TRB_ALIGN);
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
