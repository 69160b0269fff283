/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "log.h"
#include "watch.h"

#define MAX_WATCHED 8

static struct {
    int fd;
    void (*ready)(int fd);
} watched[MAX_WATCHED];
static unsigned int nr_watched;

void watch_add(int fd, void (*ready)(int fd))
{
    if ( nr_watched == MAX_WATCHED )
        die("more than %u files to watch", MAX_WATCHED);

    watched[nr_watched].fd = fd;
    watched[nr_watched++].ready = ready;
}

void watch_remove(int fd)
{
    unsigned int i;

    for ( i = 0; i < nr_watched; i++ )
        if ( watched[i].fd == fd )
            watched[i] = watched[--nr_watched];
}

void watch_until(int sock)
{
    struct pollfd fds[1 + MAX_WATCHED] = { { sock, POLLIN, 0 } };

    while ( !fds[0].revents )
    {
        unsigned int i, nr = nr_watched;

        for ( i = 0; i < nr; i++ )
            fds[1 + i] = (struct pollfd){ watched[i].fd, POLLIN, 0 };

        if ( poll(fds, 1 + nr, -1) < 0 )
        {
            if ( errno == EINTR )
                continue;
            die("cannot wait for the emulator: %s", strerror(errno));
        }

        /* What is called may change the list: one at a time. */
        for ( i = 0; i < nr && !fds[1 + i].revents; i++ )
            ;
        if ( i < nr )
            watched[i].ready(fds[1 + i].fd);
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
