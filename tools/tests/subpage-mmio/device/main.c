/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI device of our own for QEMU (x-pci-proxy-dev): it answers the
 * emulator's messages on an inherited socket, and logs every access.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "model.h"
#include "pci.h"
#include "proxy.h"

#define USAGE "usage: device --model NAME --fd SOCKET --log FILE [-v]"

static const struct model *const models[] = { &plain_model, &plain_b_model };

static const struct model *model;
static bool verbose;

static const struct model *find_model(const char *name)
{
    size_t i;

    for ( i = 0; i < sizeof(models) / sizeof(*models); i++ )
        if ( !strcmp(models[i]->name, name) )
            return models[i];

    die("no device model is called '%s'", name);
}

static int parse_socket(const char *arg)
{
    char *end;
    unsigned long fd = strtoul(arg, &end, 10);
    int type;
    socklen_t len = sizeof(type);

    if ( !*arg || *end || fd > INT32_MAX ||
         getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) ||
         type != SOCK_STREAM )
        die("--fd %s is not an open stream socket", arg);

    return fd;
}

static uint64_t config_access(const struct proxy_msg *msg)
{
    bool write = msg->cmd == PROXY_CFG_WRITE;
    uint32_t val = msg->cfg.val;

    if ( write )
        pci_config_write(msg->cfg.addr, val, msg->cfg.len);
    else
        val = pci_config_read(msg->cfg.addr, msg->cfg.len);

    if ( verbose )
        log_line("C%c %" PRIx32 " %" PRId32 " %" PRIx32,
                 write ? 'W' : 'R', msg->cfg.addr, msg->cfg.len, val);

    return write ? 0 : val;
}

static uint64_t bar_access(const struct proxy_msg *msg)
{
    bool write = msg->cmd == PROXY_BAR_WRITE;
    char kind = write ? 'W' : 'R';
    unsigned int bar, width = msg->bar.size;
    uint64_t val;
    uint32_t offset;

    if ( (width != 1 && width != 2 && width != 4 && width != 8) ||
         !msg->bar.memory )
        die("%s access of %u bytes at %#" PRIx64 ", which no BAR allows",
            msg->bar.memory ? "memory" : "I/O port", width, msg->bar.addr);

    if ( !pci_find_bar(msg->bar.addr, width, &bar, &offset) )
    {
        log_line("lost %c %" PRIx64 " %u", kind, msg->bar.addr, width);
        return 0;
    }

    /* The value's upper bytes are the emulator's business, not the guest's. */
    val = write ? msg->bar.val & (~0ULL >> (64 - 8 * width))
                : model->read(bar, offset, width);

    if ( write && model->is_mark(bar, offset, width) )
        log_line("mark %" PRIu64, val);
    else
        log_line("%c %u %" PRIx32 " %u %" PRIx64,
                 kind, bar, offset, width, val);

    if ( !write )
        return val;

    model->write(bar, offset, width, val);

    return 0;
}

static void serve(int sock)
{
    struct proxy_msg msg;

    while ( proxy_receive(sock, &msg) )
    {
        switch ( msg.cmd )
        {
        case PROXY_CFG_WRITE:
        case PROXY_CFG_READ:
            proxy_reply(sock, config_access(&msg));
            break;

        case PROXY_BAR_WRITE:
        case PROXY_BAR_READ:
            proxy_reply(sock, bar_access(&msg));
            break;

        case PROXY_RESET:
            pci_reset();
            model->reset();
            proxy_reply(sock, 0);
            break;

        default:                        /* nothing to do, no reply wanted */
            break;
        }
    }
}

int main(int argc, char *argv[])
{
    static const struct option options[] = {
        { "model", required_argument, NULL, 'm' },
        { "fd", required_argument, NULL, 'f' },
        { "log", required_argument, NULL, 'l' },
        { }
    };
    const char *log = NULL;
    int opt, sock = -1;

    opterr = 0;
    while ( (opt = getopt_long(argc, argv, "v", options, NULL)) != -1 )
    {
        switch ( opt )
        {
        case 'm':
            model = find_model(optarg);
            break;

        case 'f':
            sock = parse_socket(optarg);
            break;

        case 'l':
            log = optarg;
            break;

        case 'v':
            verbose = true;
            break;

        default:
            die("bad option '%s'; " USAGE, argv[optind - 1]);
        }
    }

    if ( optind < argc )
        die("unexpected argument '%s'; " USAGE, argv[optind]);
    if ( !model || sock < 0 || !log )
        die("--model, --fd and --log are needed; " USAGE);

    log_open(log);
    pci_init(&model->pci);
    model->reset();
    serve(sock);

    return EXIT_SUCCESS;
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
