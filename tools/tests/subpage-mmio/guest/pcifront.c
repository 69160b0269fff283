/* SPDX-License-Identifier: GPL-2.0-only */

#include "env.h"
#include "hypercall.h"
#include "options.h"
#include "pcifront.h"
#include "print.h"
#include "pv.h"

#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/io/pciif.h>
#include <public/io/xenbus.h>
#include <public/io/xs_wire.h>
#include <public/sched.h>

#define BACKEND_DOMAIN 0

/* Others get the processor after each of them: that is half a minute. */
#define POLLS          1000000

/* The first entries of a grant table are reserved for the toolstack. */
#define GRANT          GNTTAB_NR_RESERVED_ENTRIES

/* XEN_PCI_MAGIC, as the store has it. */
#define MAGIC          "7"

/* In the store. */
static const char front[] = "device/pci/0";
static char backend[XENSTORE_PAYLOAD_MAX + 1];

static char xenstore_page[PAGE_SIZE] __attribute__((__aligned__(PAGE_SIZE)));
static char grant_page[PAGE_SIZE] __attribute__((__aligned__(PAGE_SIZE)));
static char op_page[PAGE_SIZE] __attribute__((__aligned__(PAGE_SIZE)));

static volatile struct xen_pci_sharedinfo *const shared =
    (volatile struct xen_pci_sharedinfo *)op_page;
static evtchn_port_t op_port;

static void notify(evtchn_port_t port)
{
    struct evtchn_send send = { .port = port };

    check(HYPERCALL(event_channel_op, EVTCHNOP_send, &send, 0, 0),
          "EVTCHNOP_send");
}

static void wait_a_bit(unsigned int *polls, const char *what)
{
    if ( ++*polls > POLLS )
        fatal("the PCI backend, or its store, does not %s", what);

    HYPERCALL(sched_op, SCHEDOP_yield, 0, 0, 0);
}

/* The rings of the store: they are what all else is made of, a byte a turn. */
static void put_bytes(const void *data, unsigned int bytes)
{
    volatile struct xenstore_domain_interface *ring =
        (volatile struct xenstore_domain_interface *)xenstore_page;
    const char *from = data;
    unsigned int polls = 0;

    while ( bytes )
    {
        uint32_t prod = ring->req_prod;

        if ( prod - ring->req_cons == XENSTORE_RING_SIZE )
        {
            notify(start_info->store_evtchn);
            wait_a_bit(&polls, "take a request");
            continue;
        }

        ring->req[MASK_XENSTORE_IDX(prod)] = *from++;
        asm volatile ( "" ::: "memory" );
        ring->req_prod = prod + 1;
        bytes--;
    }
}

static void get_bytes(void *data, unsigned int bytes)
{
    volatile struct xenstore_domain_interface *ring =
        (volatile struct xenstore_domain_interface *)xenstore_page;
    unsigned int polls = 0;
    char *to = data;

    while ( bytes )
    {
        uint32_t cons = ring->rsp_cons;

        if ( cons == ring->rsp_prod )
        {
            notify(start_info->store_evtchn);
            wait_a_bit(&polls, "answer");
            continue;
        }

        *to++ = ring->rsp[MASK_XENSTORE_IDX(cons)];
        asm volatile ( "" ::: "memory" );
        ring->rsp_cons = cons + 1;
        bytes--;
    }
    notify(start_info->store_evtchn);
}

static size_t length(const char *text)
{
    size_t bytes;

    for ( bytes = 0; text[bytes]; bytes++ )
        asm volatile ( "" );    /* It must not become a call of strlen(). */

    return bytes;
}

/*
 * Read the node, or write to it.  Sets what it had, until the next time, or
 * the error, and returns whether it is the former.
 */
static bool try_node(const char *dir, const char *name, const char *value,
                     const char **had)
{
    static char answer[XENSTORE_PAYLOAD_MAX + 1];
    size_t dir_len = length(dir), name_len = length(name);
    struct xsd_sockmsg msg = {
        .type = value ? XS_WRITE : XS_READ,
        .len = dir_len + 1 + name_len + 1 +
               (value ? length(value) : 0),
    };

    put_bytes(&msg, sizeof(msg));
    put_bytes(dir, dir_len);
    put_bytes("/", 1);
    put_bytes(name, name_len + 1);
    if ( value )
        put_bytes(value, length(value));

    get_bytes(&msg, sizeof(msg));
    if ( msg.len > XENSTORE_PAYLOAD_MAX )
        fatal("the store sends %lx bytes", (unsigned long)msg.len);
    get_bytes(answer, msg.len);
    answer[msg.len] = '\0';
    *had = answer;

    return msg.type != XS_ERROR;
}

static const char *node(const char *dir, const char *name, const char *value)
{
    const char *had;

    if ( !try_node(dir, name, value, &had) )
        fatal("the store's %s/%s: %s", dir, name, had);

    return had;
}

static void write_number(const char *dir, const char *name, unsigned long val)
{
    char text[12], *digit = text + sizeof(text);

    for ( *--digit = '\0'; digit[0] == '\0' || val; val /= 10 )
        *--digit = '0' + val % 10;
    node(dir, name, digit);
}

static void grant_op_page(void)
{
    static xen_pfn_t frame;
    struct gnttab_setup_table setup = {
        .dom = DOMID_SELF,
        .nr_frames = 1,
    };
    volatile grant_entry_v1_t *entry =
        (volatile grant_entry_v1_t *)grant_page + GRANT;

    set_xen_guest_handle(setup.frame_list, &frame);
    check(HYPERCALL(grant_table_op, GNTTABOP_setup_table, &setup, 1, 0),
          "GNTTABOP_setup_table");
    if ( setup.status != GNTST_okay )
        fatal("GNTTABOP_setup_table: status %ld", (long)setup.status);

    pv_map_frame(grant_page, frame);
    entry->domid = BACKEND_DOMAIN;
    entry->frame = pv_machine_frame(op_page);
    asm volatile ( "" ::: "memory" );
    entry->flags = GTF_permit_access;
}

static bool backend_is(int state)
{
    return *node(backend, "state", NULL) == '0' + state;
}

static void await_backend(int state, const char *what)
{
    unsigned int polls = 0;

    while ( !backend_is(state) )
        wait_a_bit(&polls, what);
}

static void find_backend(void)
{
    const char *had;

    while ( options.comes && !try_node(front, "backend", NULL, &had) )
        HYPERCALL(sched_op, SCHEDOP_yield, 0, 0, 0);

    __builtin_memcpy(backend, node(front, "backend", NULL), sizeof(backend));
}

static void connect(void)
{
    struct evtchn_alloc_unbound alloc = {
        .dom = DOMID_SELF,
        .remote_dom = BACKEND_DOMAIN,
    };

    pv_map_frame(xenstore_page, start_info->store_mfn);
    find_backend();

    grant_op_page();
    check(HYPERCALL(event_channel_op, EVTCHNOP_alloc_unbound, &alloc, 0, 0),
          "EVTCHNOP_alloc_unbound");
    op_port = alloc.port;

    write_number(front, "pci-op-ref", GRANT);
    write_number(front, "event-channel", op_port);
    node(front, "magic", MAGIC);
    write_number(front, "state", XenbusStateInitialised);
    await_backend(XenbusStateConnected, "connect");
    write_number(front, "state", XenbusStateConnected);
}

bool pcifront_is_used(void)
{
    return !(start_info->flags & SIF_INITDOMAIN);
}

/* Have the backend do what is in the shared page. */
static int32_t do_op(uint32_t cmd, unsigned int devfn)
{
    unsigned int polls = 0;

    shared->op.cmd = cmd;
    shared->op.domain = shared->op.bus = 0;
    shared->op.devfn = devfn;
    asm volatile ( "" ::: "memory" );
    shared->flags |= XEN_PCIF_active;
    notify(op_port);
    while ( shared->flags & XEN_PCIF_active )
        wait_a_bit(&polls, "end an operation");

    return shared->op.err;
}

bool pcifront_config(unsigned int devfn, unsigned int reg, unsigned int bytes,
                     uint32_t *val, bool write)
{
    if ( !op_port )
        connect();

    shared->op.offset = reg;
    shared->op.size = bytes;
    shared->op.value = *val;
    if ( do_op(write ? XEN_PCI_OP_conf_write : XEN_PCI_OP_conf_read, devfn) !=
         XEN_PCI_ERR_success )
        return false;

    *val = shared->op.value;

    return true;
}

void pcifront_enable_msix(unsigned int devfn, int pirqs[], unsigned int nr)
{
    unsigned int i;
    int32_t err;

    for ( i = 0; i < nr; i++ )
        shared->op.msix_entries[i].entry = i;
    shared->op.value = nr;

    err = do_op(XEN_PCI_OP_enable_msix, devfn);
    if ( err || shared->op.value )
        fatal("the PCI backend does not enable MSI-X: error %ld, %lx",
              (long)err, (unsigned long)shared->op.value);

    for ( i = 0; i < nr; i++ )
        pirqs[i] = shared->op.msix_entries[i].vector;
}

void pcifront_disable_msix(unsigned int devfn)
{
    int32_t err = do_op(XEN_PCI_OP_disable_msix, devfn);

    if ( err )
        fatal("the PCI backend does not disable MSI-X: error %ld", (long)err);
}

void pcifront_await_detach(void)
{
    while ( !backend_is(XenbusStateReconfiguring) )
        HYPERCALL(sched_op, SCHEDOP_yield, 0, 0, 0);
}

void pcifront_detach(void)
{
    write_number(front, "state", XenbusStateReconfiguring);
    await_backend(XenbusStateReconfigured, "let the device go");
    write_number(front, "state", XenbusStateConnected);
    await_backend(XenbusStateConnected, "reconnect");
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
