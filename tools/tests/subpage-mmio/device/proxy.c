/* SPDX-License-Identifier: GPL-2.0-only */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "proxy.h"

struct header {
    int32_t cmd;
    uint64_t size;
};

/* What QEMU may send: the exact payload, and whether fds come along. */
static const struct {
    const char *name;
    uint64_t size;
    bool fds;
} commands[] = {
    [PROXY_SYNC_SYSMEM] = { "SYNC_SYSMEM", 192, true },
    [PROXY_CFG_WRITE]   = { "PCI_CFGWRITE", 12 },
    [PROXY_CFG_READ]    = { "PCI_CFGREAD", 12 },
    [PROXY_BAR_WRITE]   = { "BAR_WRITE", 24 },
    [PROXY_BAR_READ]    = { "BAR_READ", 24 },
    [PROXY_SET_IRQFD]   = { "SET_IRQFD", 0, true },
    [PROXY_RESET]       = { "DEVICE_RESET", 0 },
};

#define NR_COMMANDS (int)(sizeof(commands) / sizeof(*commands))

/* Add the descriptors of one recvmsg() to the message's. */
static void take_fds(struct msghdr *mh, struct proxy_msg *msg)
{
    struct cmsghdr *c;

    for ( c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c) )
    {
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if ( c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS )
            continue;
        if ( n > PROXY_MAX_FDS - msg->nr_fds )
            die("more than %u file descriptors in one message",
                PROXY_MAX_FDS);

        memcpy(msg->fds + msg->nr_fds, CMSG_DATA(c), n * sizeof(int));
        msg->nr_fds += n;
    }
}

/* Fill buf; the return value is short only if the peer hung up. */
static size_t receive(int sock, void *buf, size_t len,
                      struct proxy_msg *msg)
{
    size_t done = 0;

    while ( done < len )
    {
        union {
            struct cmsghdr align;
            char space[CMSG_SPACE(PROXY_MAX_FDS * sizeof(int))];
        } control;
        struct iovec iov = { (char *)buf + done, len - done };
        struct msghdr mh = {
            .msg_iov = &iov,
            .msg_iovlen = 1,
            .msg_control = &control,
            .msg_controllen = sizeof(control),
        };
        ssize_t got = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);

        if ( got < 0 && errno == EINTR )
            continue;
        if ( got < 0 && errno != ECONNRESET )
            die("cannot receive from the emulator: %s", strerror(errno));
        if ( got <= 0 )
            break;
        if ( mh.msg_flags & MSG_CTRUNC )
            die("more than %u file descriptors in one message",
                PROXY_MAX_FDS);

        take_fds(&mh, msg);
        done += got;
    }

    return done;
}

bool proxy_receive(int sock, struct proxy_msg *msg)
{
    struct header head;
    size_t got;

    msg->nr_fds = 0;
    got = receive(sock, &head, sizeof(head), msg);
    if ( !got )
        return false;
    if ( got < sizeof(head) )
        die("short message: %zu bytes of a %zu-byte header",
            got, sizeof(head));
    if ( head.cmd < 0 || head.cmd >= NR_COMMANDS || !commands[head.cmd].name )
        die("unknown command %d", head.cmd);
    if ( head.size != commands[head.cmd].size )
        die("%s with %llu bytes of payload, expected %llu",
            commands[head.cmd].name, (unsigned long long)head.size,
            (unsigned long long)commands[head.cmd].size);

    msg->cmd = head.cmd;
    got = receive(sock, msg->raw, head.size, msg);
    if ( got < head.size )
        die("short message: %zu of %llu bytes of a %s", got,
            (unsigned long long)head.size, commands[head.cmd].name);
    if ( msg->nr_fds && !commands[head.cmd].fds )
        die("%s with file descriptors, none expected",
            commands[head.cmd].name);

    if ( msg->cmd == PROXY_SET_IRQFD )
        while ( msg->nr_fds )
            close(msg->fds[--msg->nr_fds]);

    return true;
}

void proxy_reply(int sock, uint64_t val)
{
    struct {
        struct header head;
        uint64_t val;
    } reply = { { PROXY_RET, sizeof(val) }, val };
    const char *p = (const char *)&reply, *end = p + sizeof(reply);

    while ( p < end )
    {
        ssize_t sent = send(sock, p, end - p, MSG_NOSIGNAL);

        if ( sent >= 0 )
            p += sent;
        else if ( errno == EPIPE || errno == ECONNRESET )
            return;       /* Nobody waits any more: the next receive ends. */
        else if ( errno != EINTR )
            die("cannot reply to the emulator: %s", strerror(errno));
    }
}

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
