/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The debug capability of an xHCI controller (xHCI 1.1, section 7.6), with a
 * cable to a debug host that configures it as soon as it can.
 *
 * What the guest sends, and what it receives, is debug-host.c's.
 */

#ifndef DEVICE_XHCI_DBC_H
#define DEVICE_XHCI_DBC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DBC_CAP_ID     0x0a
#define DBC_SIZE       0x40
#define DBC_ERST_MAX   4                /* of DCID: log2 of the segments */

/* The root hub port that has the debug port's connector: 1 and up. */
void dbc_init(unsigned int port);

/* Chip reset, or HCRST: DbC-Off, and all registers as at power-on. */
void dbc_reset(void);

/*
 * A register by its offset in the capability, DCID excepted, which is the
 * list's.  mask has the bytes that are written.  Nothing happens before
 * dbc_run(), since 64-bit registers come in halves.
 */
uint32_t dbc_read(uint32_t reg);
void dbc_write(uint32_t reg, uint32_t val, uint32_t mask);

/*
 * Do what can be done: to be called when registers, bus mastering, or the
 * host's input have changed.
 */
void dbc_run(void);

/*
 * What happens at the other end of the cable.  False: it cannot happen as
 * things are (a reset without a cable, say).
 */
bool dbc_cable_in(void);
bool dbc_cable_out(void);
bool dbc_link_error(void);      /* until a reset */
bool dbc_reset_begin(void);
bool dbc_reset_end(void);
bool dbc_clear_halt(void);      /* ClearFeature(ENDPOINT_HALT), both */
bool dbc_hold(void);            /* no transfers OUT */
bool dbc_release(void);

#endif /* DEVICE_XHCI_DBC_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
