/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the lab's Linux needs and no shell has:
 *
 *   tool ring                        print what Xen has in its console ring
 *   tool console                     copy the standard input to Xen's console,
 *                                    more than 16 bytes at a time
 *   tool hammer ADDRESS FIRST        write FIRST, FIRST + 1 ... (hex) to a
 *                                    32-bit register until SIGTERM comes, and
 *                                    tell how many
 *   tool lives FROM TO BAR           domains come and go, see tool.h
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <public/xen.h>
#include <public/sysctl.h>

#include "tool.h"

#define PAGE_SIZE 0x1000UL
#define RING_MAX  (1UL << 20)

#define IOCTL_PRIVCMD_HYPERCALL \
    _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

char *allocate(size_t size)
{
    char *buf = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if ( buf == MAP_FAILED )
        err(1, "no memory");

    return buf;
}

int open_privcmd(void)
{
    static int fd = -1;

    if ( fd < 0 && (fd = open("/dev/xen/privcmd", O_RDWR)) < 0 )
        err(1, "/dev/xen/privcmd");

    return fd;
}

/* Linux has the C library take a negative result for an error of ioctl()'s. */
long try_hypercall(struct privcmd_hypercall call)
{
    int rc = ioctl(open_privcmd(), IOCTL_PRIVCMD_HYPERCALL, &call);

    return rc < 0 ? -errno : rc;
}

long hypercall(const char *what, struct privcmd_hypercall call)
{
    long rc = try_hypercall(call);

    if ( rc < 0 )
        errx(1, "%s: %s", what, strerror(-rc));

    return rc;
}

static int ring(void)
{
    static struct xen_sysctl sysctl = {
        .cmd = XEN_SYSCTL_readconsole,
        .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
    };
    char *buf = allocate(RING_MAX);

    set_xen_guest_handle(sysctl.u.readconsole.buffer, buf);
    sysctl.u.readconsole.count = RING_MAX;
    hypercall("XEN_SYSCTL_readconsole", (struct privcmd_hypercall){
        .op = __HYPERVISOR_sysctl,
        .arg = { (uintptr_t)&sysctl },
    });

    return fwrite(buf, sysctl.u.readconsole.count, 1, stdout) != 1;
}

static int console(void)
{
    char *buf = allocate(PAGE_SIZE);
    ssize_t len;

    while ( (len = read(STDIN_FILENO, buf, PAGE_SIZE)) > 0 )
        hypercall("CONSOLEIO_write", (struct privcmd_hypercall){
            .op = __HYPERVISOR_console_io,
            .arg = { CONSOLEIO_write, len, (uintptr_t)buf },
        });

    return len < 0;
}

static volatile sig_atomic_t told_to_end;

static void end(int number)
{
    told_to_end = number;
}

static int hammer(char *argv[])
{
    unsigned long address = strtoul(argv[0], NULL, 16);
    uint32_t first = strtoul(argv[1], NULL, 16), count;
    int fd = open("/dev/mem", O_RDWR | O_SYNC);
    char *map = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                     address & -PAGE_SIZE);
    volatile uint32_t *reg;

    if ( map == MAP_FAILED )
        err(1, "/dev/mem");

    reg = (volatile uint32_t *)(map + address % PAGE_SIZE);
    signal(SIGTERM, end);
    for ( count = 0; !told_to_end; count++ )
    {
        *reg = first + count;
        asm volatile ( "pause" );       /* On an emulator, that is a turn. */
    }

    return printf("%u writes\n", count) < 0;
}

int main(int argc, char *argv[])
{
    if ( argc == 2 && !strcmp(argv[1], "ring") )
        return ring();
    if ( argc == 2 && !strcmp(argv[1], "console") )
        return console();
    if ( argc == 4 && !strcmp(argv[1], "hammer") )
        return hammer(argv + 2);
    if ( argc == 5 && !strcmp(argv[1], "lives") )
        return lives(atoi(argv[2]), atoi(argv[3]), strtoul(argv[4], NULL, 16));

    errx(1, "usage: tool ring | tool console | "
            "tool hammer ADDRESS FIRST | tool lives FROM TO BAR");
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
