/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's intel-iommu, as it would translate what the device accesses: the
 * emulator shares the machine's memory, but does not translate for us.
 */

#ifndef DEVICE_IOMMU_H
#define DEVICE_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

/*
 * There is one, for a function "bus:device.function" (hex), which qtest_send()
 * can ask for its registers.  Without it, addresses are physical.
 */
void iommu_set_function(const char *arg);

/*
 * Ask for them, which is to be done whenever configuration space is written:
 * the hypervisor that sets up the IOMMU does so once, long before a domain's
 * driver sets up the function.
 */
void iommu_update(void);

/*
 * The physical address of a bus address; both are on one page.  False: the
 * page is not mapped for reading and writing.
 */
bool iommu_translate(uint64_t *addr);

#endif /* DEVICE_IOMMU_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
