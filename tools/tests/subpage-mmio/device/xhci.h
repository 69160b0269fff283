/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens at a root hub port (the one after the DbC's): a USB3 device is
 * plugged in that never answers, which takes its driver through ports,
 * commands and interrupts.  False: it is so already.
 */

#ifndef DEVICE_XHCI_H
#define DEVICE_XHCI_H

#include <stdbool.h>

bool xhci_plug_in(void);
bool xhci_plug_out(void);

#endif /* DEVICE_XHCI_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
