/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's qtest socket (-qtest unix:PATH,server=on,wait=off), which can do to
 * the machine what the emulator's protocol has no message for.
 */

#ifndef DEVICE_QTEST_H
#define DEVICE_QTEST_H

#include <stdbool.h>
#include <stdint.h>

/* Where QEMU was told to listen; it is connected to when first needed. */
void qtest_set_path(const char *path);
bool qtest_is_set(void);

/*
 * Send a command, which goes without its newline.  QEMU carries it out once
 * the vCPU does not wait for us any more, so that nobody can wait for the
 * answer: reply() gets its number, if there is one, between messages.  It may
 * be NULL.  An answer but OK ends the process.
 */
__attribute__((format(printf, 2, 3)))
void qtest_send(void (*reply)(uint64_t val), const char *fmt, ...);

#endif /* DEVICE_QTEST_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
