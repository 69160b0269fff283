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

#include "dma.h"
#include "iommu.h"
#include "irq.h"
#include "log.h"
#include "model.h"
#include "pci.h"
#include "proxy.h"
#include "qtest.h"
#include "watch.h"

#define USAGE "usage: device --model NAME --fd SOCKET --log FILE [-v] " \
              "[--qtest SOCKET [--gsi NUMBER] " \
              "[--intel-iommu BUS:DEVICE.FUNCTION]] [--option NAME=VALUE]..."

static const struct model *const models[] = {
    &plain_model, &plain_b_model, &xhci_model, &msix_model, &virtio_rng_model,
};

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

/* name=value, which gets cut in two; the model is known. */
static void set_option(char *arg)
{
    const struct model_option *option = model->options;
    char *value = strchr(arg, '=');

    if ( !value )
        die("--option %s is not of the form NAME=VALUE", arg);

    *value++ = '\0';
    for ( ; option && option->name; option++ )
        if ( !strcmp(option->name, arg) )
        {
            option->set(value);
            return;
        }

    die("model '%s' has no option '%s'", model->name, arg);
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
    {
        pci_config_write(msg->cfg.addr, val, msg->cfg.len);
        iommu_update();
        msix_update();
        if ( model->config_written )
            model->config_written();
    }
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
        return ~0ULL >> (64 - 8 * width);       /* as from no device at all */
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

    while ( watch_until(sock), proxy_receive(sock, &msg) )
    {
        switch ( msg.cmd )
        {
        case PROXY_SYNC_SYSMEM:
            dma_map(&msg);
            break;

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

/* Long options, which are not to be taken for a letter. */
enum {
    OPT_IOMMU = 256,
    OPT_MODEL,
    OPT_FD,
    OPT_GSI,
    OPT_LOG,
    OPT_OPTION,
    OPT_QTEST,
};

int main(int argc, char *argv[])
{
    static const struct option options[] = {
        { "intel-iommu", required_argument, NULL, OPT_IOMMU },
        { "model", required_argument, NULL, OPT_MODEL },
        { "fd", required_argument, NULL, OPT_FD },
        { "gsi", required_argument, NULL, OPT_GSI },
        { "log", required_argument, NULL, OPT_LOG },
        { "option", required_argument, NULL, OPT_OPTION },
        { "qtest", required_argument, NULL, OPT_QTEST },
        { }
    };
    char *settings[argc];
    const char *log = NULL;
    int i, opt, nr_settings = 0, sock = -1;
    bool iommu = false;

    opterr = 0;
    while ( (opt = getopt_long(argc, argv, "v", options, NULL)) != -1 )
    {
        switch ( opt )
        {
        case OPT_IOMMU:
            iommu_set_function(optarg);
            iommu = true;
            break;

        case OPT_MODEL:
            model = find_model(optarg);
            break;

        case OPT_FD:
            sock = parse_socket(optarg);
            break;

        case OPT_GSI:
            irq_set_gsi(optarg);
            break;

        case OPT_LOG:
            log = optarg;
            break;

        case OPT_OPTION:
            settings[nr_settings++] = optarg;
            break;

        case OPT_QTEST:
            qtest_set_path(optarg);
            break;

        case 'v':
            verbose = true;
            break;

        default:
            if ( optopt && optopt < OPT_IOMMU )
                die("bad option '-%c'; " USAGE, optopt);
            die("bad option '%s'; " USAGE, argv[optind - 1]);
        }
    }

    if ( optind < argc )
        die("unexpected argument '%s'; " USAGE, argv[optind]);
    if ( iommu && !qtest_is_set() )
        die("--intel-iommu needs --qtest; " USAGE);
    if ( !model || sock < 0 || !log )
        die("--model, --fd and --log are needed; " USAGE);

    for ( i = 0; i < nr_settings; i++ )
        set_option(settings[i]);

    log_open(log);
    if ( model->start )
        model->start();
    pci_init(model->pci);
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
