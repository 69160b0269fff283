/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File descriptors that are served besides the emulator's socket.
 */

#ifndef DEVICE_WATCH_H
#define DEVICE_WATCH_H

/*
 * Have ready() called whenever fd can be read, or its peer has hung up.  It
 * is called between the emulator's messages, never while a vCPU waits for a
 * reply; the guest runs at the same time.
 */
void watch_add(int fd, void (*ready)(int fd));

/* Of a descriptor that is watched; closing it is the caller's business. */
void watch_remove(int fd);

/* Serve what is watched until the emulator's socket has something to read. */
void watch_until(int sock);

#endif /* DEVICE_WATCH_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
