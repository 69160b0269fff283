/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio entropy device (Virtio 1.1, sections 4.1 and 5.4), for a driver
 * that exists: all of its structures are on one page, with its MSI-X table and
 * PBA.
 *
 * The notification area extends beyond that page.  Drivers which map it as a
 * whole only if it fits in a page, as Linux' does, map a queue's part of it
 * when they set the queue up; that is after MSI-X.
 *
 * What it has to give is 0, 1, 2, ..., a byte each, starting again after 250.
 */

#include <stddef.h>
#include <string.h>

#include "dma.h"
#include "irq.h"
#include "log.h"
#include "model.h"

#define BAR_SIZE      0x4000

#define MSIX_VECTORS  2
#define MSIX_TABLE    0x1000
#define MSIX_PBA      0x1080
#define COMMON        0x1100
#define COMMON_SIZE   0x38
#define ISR           0x1180
#define NOTIFY        0x1800
#define NOTIFY_SIZE   0x1100            /* more than a page */

/* Types of its PCI capabilities (4.1.4). */
#define PCI_CAP_VENDOR 0x09
enum { CFG_COMMON = 1, CFG_NOTIFY, CFG_ISR };

#define FEATURES      (3ULL << 32)      /* VERSION_1, ACCESS_PLATFORM */
#define NO_VECTOR     0xffff
#define QUEUE_SIZE    8

#define DESC_NEXT     1
#define DESC_WRITE    2
#define DESC_INDIRECT 4
#define AVAIL_NO_INTERRUPT 1

#define STRUCTURE(type, offset, length)                                 \
    type, 0, 0, 0, 0, BYTES32(offset), BYTES32(length)
#define BYTES32(v) (v) & 0xff, ((v) >> 8) & 0xff, ((v) >> 16) & 0xff, (v) >> 24

static const struct pci_info info = {
    .vendor = 0x1af4,
    .device = 0x1044,
    .class_code = 0xff0000,
    .bars = { { .size = BAR_SIZE } },
    .caps = {
        {
            .id = PCI_CAP_MSIX,
            .size = 12,
            .body = { MSIX_VECTORS - 1, 0, BYTES32(MSIX_TABLE),
                      BYTES32(MSIX_PBA) },
            .writable = { 0, 0xc0 },    /* enable, mask all */
        },
        {
            .id = PCI_CAP_VENDOR,
            .size = 16,
            .body = { 16, STRUCTURE(CFG_COMMON, COMMON, COMMON_SIZE) },
        },
        {
            .id = PCI_CAP_VENDOR,
            .size = 16,
            .body = { 16, STRUCTURE(CFG_ISR, ISR, 4) },
        },
        {
            .id = PCI_CAP_VENDOR,
            .size = 20,
            /* Each queue's notifications go to the area's beginning. */
            .body = { 20, STRUCTURE(CFG_NOTIFY, NOTIFY, NOTIFY_SIZE),
                      BYTES32(0) },
        },
    },
};

/* 4.1.4.3 */
static struct __attribute__((__packed__)) {
    uint32_t device_feature_select, device_feature;
    uint32_t driver_feature_select, driver_feature;
    uint16_t config_vector, num_queues;
    uint8_t status, generation;
    uint16_t select;
    uint16_t size, vector, enable, notify_off;
    uint64_t desc, driver, device;
} common;

/* Where it got to in the rings (2.6). */
static uint16_t avail_idx, used_idx;

static uint8_t next_byte;

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

/* As the driver has it done: MSI-X is none of its business. */
static void reset_function(void)
{
    memset(&common, 0, sizeof(common));
    common.num_queues = 1;
    common.size = QUEUE_SIZE;
    common.config_vector = common.vector = NO_VECTOR;
    avail_idx = used_idx = 0;
}

static void rng_reset(void)
{
    reset_function();
    msix_reset();
}

/* What a driver does wrong with its queue is a fault of whoever runs it. */
static void get(uint64_t addr, void *buf, size_t len)
{
    if ( !dma_read(addr, buf, len) )
        die("the driver's queue at %#llx is not in RAM",
            (unsigned long long)addr);
}

static void put(uint64_t addr, const void *buf, size_t len)
{
    if ( !dma_write(addr, buf, len) )
        die("the driver's buffer at %#llx is not in RAM",
            (unsigned long long)addr);
}

static void fill(uint64_t addr, uint32_t len)
{
    while ( len-- )
    {
        put(addr++, &next_byte, 1);
        next_byte = (next_byte + 1) % 251;
    }
}

/* Returns how much has been written. */
static uint32_t serve_chain(uint16_t head)
{
    uint32_t written = 0, left = common.size;
    struct desc desc = { .flags = DESC_NEXT, .next = head };

    while ( desc.flags & DESC_NEXT )
    {
        if ( desc.next >= common.size || !left-- )
            die("the driver's queue has a chain without an end");
        get(common.desc + desc.next * sizeof(desc), &desc, sizeof(desc));
        if ( (desc.flags & (DESC_WRITE | DESC_INDIRECT)) != DESC_WRITE )
            die("the driver's queue has a buffer that is not to be filled");

        fill(desc.addr, desc.len);
        written += desc.len;
    }

    return written;
}

static void serve_queue(void)
{
    uint16_t avail[2], head;
    uint32_t used[2];

    if ( !common.enable )
        return;

    for ( ; ; )
    {
        get(common.driver, avail, sizeof(avail));
        if ( avail_idx == avail[1] )
            break;

        get(common.driver + 4 + avail_idx++ % common.size * 2, &head,
            sizeof(head));
        used[0] = head;
        used[1] = serve_chain(head);
        put(common.device + 4 + used_idx++ % common.size * sizeof(used),
            used, sizeof(used));
        put(common.device + 2, &used_idx, sizeof(used_idx));

        if ( !(avail[0] & AVAIL_NO_INTERRUPT) && common.vector != NO_VECTOR )
            msix_raise(common.vector);
    }
}

static bool rng_is_mark(unsigned int bar, uint32_t offset, unsigned int width)
{
    return offset == 0 && width == 4;
}

static uint64_t rng_read(unsigned int bar, uint32_t offset,
                         unsigned int width)
{
    uint64_t val = 0;

    if ( !msix_read(bar, offset, width, &val) && offset >= COMMON &&
         offset + width <= COMMON + sizeof(common) )
        memcpy(&val, (char *)&common + offset - COMMON, width);

    return val;
}

static void common_write(uint32_t offset, unsigned int width, uint64_t val)
{
    memcpy((char *)&common + offset, &val, width);

    common.device_feature = common.device_feature_select < 2
                            ? FEATURES >> (32 * common.device_feature_select)
                            : 0;
    common.num_queues = 1;
    common.generation = 0;
    common.notify_off = 0;
    if ( common.size > QUEUE_SIZE )
        common.size = QUEUE_SIZE;
    if ( common.vector >= MSIX_VECTORS )
        common.vector = NO_VECTOR;
    if ( common.config_vector >= MSIX_VECTORS )
        common.config_vector = NO_VECTOR;
}

static void rng_write(unsigned int bar, uint32_t offset, unsigned int width,
                      uint64_t val)
{
    if ( msix_write(bar, offset, width, val) )
        return;

    if ( offset == NOTIFY )
        serve_queue();
    else if ( offset >= COMMON && offset + width <= COMMON + sizeof(common) )
    {
        if ( offset == COMMON + offsetof(typeof(common), status) && !val )
            reset_function();
        else
            common_write(offset - COMMON, width, val);
    }
}

const struct model virtio_rng_model = {
    .name = "virtio-rng",
    .pci = &info,
    .reset = rng_reset,
    .is_mark = rng_is_mark,
    .read = rng_read,
    .write = rng_write,
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
