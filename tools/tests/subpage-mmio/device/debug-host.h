/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the debug host at the other end of the DbC's cable receives, sends and
 * does with the cable.
 *
 * A control socket takes lines, each answered by "ok" or "error: reason" once
 * it has had its effect:
 *
 *   cable in|out             plug, unplug
 *   link error               the link fails, and stays so until it is reset
 *   reset begin|end          reset the link
 *   clear halt               un-halt both endpoints
 *   hold, release            take no output, take it again
 *   input TEXT               send these bytes (all up to the newline)
 *   device in|out            plug a device into the root hub, see xhci.h
 */

#ifndef DEVICE_DEBUG_HOST_H
#define DEVICE_DEBUG_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Options of the model.  Each ends the process if its value is no good. */
void host_set_output(const char *file);     /* gets what the guest sends */
void host_set_input(const char *file);      /* has, or a FIFO gets, input */
void host_set_terminal(const char *file);   /* both at once */
void host_set_control(const char *path);    /* the socket to create */

/* Open all of these. */
void host_start(void);

/* How many lines had their effect. */
uint32_t host_lines(void);

void host_output(const void *buf, size_t len);

/*
 * What is to be sent to the guest: whether there is anything, a copy of up to
 * len bytes of it (returns how many), and that the first len were sent.
 */
bool host_has_input(void);
size_t host_peek_input(void *buf, size_t len);
void host_drop_input(size_t len);
#endif /* DEVICE_DEBUG_HOST_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
