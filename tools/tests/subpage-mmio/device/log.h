/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The access log: what the device saw, one line an event, in order.
 *
 *   mark <decimal id>                              a test announces itself
 *   <R|W> <bar> <offset> <width> <value>           one access (hex, no 0x)
 *   bar <bar> <address>                            where a BAR decodes now
 *   lost <R|W> <address> <width>                   an access that hit no BAR
 *   msi <vector> <address> <data>                  a message (hex, no 0x)
 *   intx <0|1>                                     INTA#
 *   dbc <state>                                    of an xHCI's DbC
 *   C<R|W> <offset> <width> <value>                config space, only with -v
 *
 * Each line is handed to the kernel as a whole before the access is answered,
 * so the log is complete whenever the process is killed.
 */

#ifndef DEVICE_LOG_H
#define DEVICE_LOG_H

void log_open(const char *path);

__attribute__((format(printf, 1, 2)))
void log_line(const char *fmt, ...);

/* One line on stderr, then exit 1: there is no way on from any error here. */
__attribute__((noreturn, format(printf, 1, 2)))
void die(const char *fmt, ...);

#endif /* DEVICE_LOG_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
