/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wire protocol of QEMU's x-pci-proxy-dev: framing and replies.
 */

#ifndef DEVICE_PROXY_H
#define DEVICE_PROXY_H

#include <stdbool.h>
#include <stdint.h>

enum proxy_cmd {
    PROXY_SYNC_SYSMEM,
    PROXY_RET,
    PROXY_CFG_WRITE,
    PROXY_CFG_READ,
    PROXY_BAR_WRITE,
    PROXY_BAR_READ,
    PROXY_SET_IRQFD,
    PROXY_RESET,
};

#define PROXY_MAX_FDS 8

struct proxy_msg {
    enum proxy_cmd cmd;
    union {
        struct {
            uint32_t addr;
            uint32_t val;
            int32_t len;
        } cfg;
        struct {
            uint64_t addr;              /* guest-physical */
            uint64_t val;
            uint32_t size;
            uint8_t memory;             /* or else an I/O port */
        } bar;
        struct {
            uint64_t gpa[PROXY_MAX_FDS];
            uint64_t size[PROXY_MAX_FDS];
            uint64_t offset[PROXY_MAX_FDS];     /* in the file */
        } sysmem;
        uint8_t raw[192];
    };
    int fds[PROXY_MAX_FDS];             /* a SYNC_SYSMEM's */
    unsigned int nr_fds;
};

/*
 * Wait for the next message.  False: the emulator has gone, between messages.
 * Anything else that is not a message of the protocol ends the process.
 * The caller has to close the file descriptors that come with a SYNC_SYSMEM;
 * those of interrupts, which no model can use, have been closed.
 */
bool proxy_receive(int sock, struct proxy_msg *msg);

/* Answer any command but SYNC_SYSMEM and SET_IRQFD: the vCPU is waiting. */
void proxy_reply(int sock, uint64_t val);

#endif /* DEVICE_PROXY_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
