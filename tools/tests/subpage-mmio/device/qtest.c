/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "log.h"
#include "qtest.h"
#include "watch.h"

#define MAX_WAITING 256

static const char *path;
static int qtest = -1;

/* Of commands without an answer so far, which come in their order. */
static void (*waiting[MAX_WAITING])(uint64_t val);
static unsigned int first, nr_waiting;

void qtest_set_path(const char *arg)
{
    struct sockaddr_un addr;

    if ( strlen(arg) >= sizeof(addr.sun_path) )
        die("--qtest %s is longer than a socket's name may be", arg);

    path = arg;
}

bool qtest_is_set(void)
{
    return path;
}

static void take_reply(const char *line)
{
    void (*reply)(uint64_t val) = waiting[first];

    if ( strncmp(line, "OK", 2) || !nr_waiting )
        die("QEMU answers through its qtest socket: %s", line);

    first = (first + 1) % MAX_WAITING;
    nr_waiting--;
    if ( reply )
        reply(strtoull(line + 2, NULL, 16));
}

static void read_replies(int fd)
{
    static char line[80];
    static size_t len;
    ssize_t got;
    char c;

    while ( (got = recv(fd, &c, 1, MSG_DONTWAIT)) == 1 )
    {
        if ( c != '\n' )
        {
            if ( len < sizeof(line) - 1 )
                line[len++] = c;
            continue;
        }

        line[len] = '\0';
        len = 0;
        take_reply(line);
    }

    if ( got == 0 || errno != EAGAIN )  /* QEMU has gone */
        watch_remove(fd);
}

static void connect_qtest(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };

    strcpy(addr.sun_path, path);
    qtest = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if ( qtest < 0 ||
         connect(qtest, (struct sockaddr *)&addr, sizeof(addr)) )
        die("cannot connect to QEMU's qtest socket %s: %s", path,
            strerror(errno));

    watch_add(qtest, read_replies);
}

void qtest_send(void (*reply)(uint64_t val), const char *fmt, ...)
{
    char line[80];
    va_list args;
    int len;

    if ( qtest < 0 )
        connect_qtest();
    if ( nr_waiting == MAX_WAITING )
        die("QEMU has not answered %u commands through its qtest socket",
            MAX_WAITING);

    waiting[(first + nr_waiting++) % MAX_WAITING] = reply;
    va_start(args, fmt);
    len = vsnprintf(line, sizeof(line) - 1, fmt, args);
    va_end(args);
    line[len++] = '\n';
    if ( send(qtest, line, len, MSG_NOSIGNAL) != len && errno != EPIPE )
        die("cannot send to QEMU's qtest socket: %s", strerror(errno));
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
