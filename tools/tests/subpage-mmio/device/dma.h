/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device's access to the guest's memory.
 *
 * The emulator shares the guest's RAM; accesses are at guest-physical
 * addresses as the bus sees them, which an IOMMU may translate.  They succeed
 * only on RAM, and only while the function is a bus master (PCI Local Bus 3.0,
 * section 6.2.2): anything else touches nothing.
 */

#ifndef DEVICE_DMA_H
#define DEVICE_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy.h"

/* The guest's memory layout from now on; closes the message's descriptors. */
void dma_map(const struct proxy_msg *msg);

/*
 * Copy len bytes (0 is fine) from or to guest memory, which may be anything
 * that is RAM throughout.  False: it is not, and nothing has been copied.
 */
bool dma_read(uint64_t addr, void *buf, size_t len);
bool dma_write(uint64_t addr, const void *buf, size_t len);

/*
 * For what the guest may look at meanwhile, which takes single accesses: a
 * pointer that is good until the next message from the emulator.  NULL: these
 * len bytes are not RAM, or their page does not hold them all.
 */
void *dma_pointer(uint64_t addr, size_t len);

/* The same, but at a physical address, and by whoever may: for page tables. */
void *dma_physical(uint64_t addr, size_t len);

#endif /* DEVICE_DMA_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
