/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PVH domains without toolstack, so that there can be many of them.  In their
 * lives a range of the device is not protected, at times:
 *
 *   created, given the BAR   protection goes, and comes for every second one
 *   writes, and ends         as it is then
 *   destroyed                protection comes, if it is not there
 *
 * What a domain executes is 32-bit code, without paging: a mark and a store
 * for each run, and a hypercall at the end.
 */

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <public/xen.h>
#include <public/domctl.h>
#include <public/hvm/save.h>
#include <public/hypfs.h>
#include <public/memory.h>
#include <public/sched.h>

#include "tool.h"

#define PAGE_SIZE    0x1000UL
#define BAR_PAGES    8
#define BAR_GFN      0xf0000    /* Where a domain has the BAR, */
#define CODE_GFN     0x10       /* and its only page of RAM. */
#define REASON       0xff0      /* Offset there of what ends it. */
#define RAM_KIB      1024
#define PAGING_MIB   1
#define POLL_US      1000
#define POLLS        30000

/* Of the device: what comes and goes, and where domains write. */
#define TOGGLED      0x7000
#define TOGGLED_LAST 0x7007
static const unsigned int places[] = { 0x2040, 0x2100, 0x7000, 0x7010 };
#define NR_PLACES    (sizeof(places) / sizeof(*places))

/* Linux' include/uapi/xen/privcmd.h. */
struct privcmd_mmapbatch_v2 {
    unsigned int num;
    domid_t dom;
    uint64_t addr;
    const xen_pfn_t *arr;
    int *err;
};
#define IOCTL_PRIVCMD_MMAPBATCH_V2 \
    _IOC(_IOC_NONE, 'P', 4, sizeof(struct privcmd_mmapbatch_v2))

static struct xen_domctl *domctl;       /* Where hypercalls can get at it. */

static long try_domctl(uint32_t cmd)
{
    domctl->cmd = cmd;
    domctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;

    return try_hypercall((struct privcmd_hypercall){
        .op = __HYPERVISOR_domctl,
        .arg = { (uintptr_t)domctl },
    });
}

static void do_domctl(uint32_t cmd, const char *what)
{
    long rc = try_domctl(cmd);

    if ( rc < 0 )
        errx(1, "%s: %s", what, strerror(-rc));
}

#define DOMCTL(cmd, ...)                                                \
    do {                                                                \
        memset(&domctl->u, 0, sizeof(domctl->u));                       \
        __VA_ARGS__;                                                    \
        do_domctl(XEN_DOMCTL_ ## cmd, "XEN_DOMCTL_" #cmd);              \
    } while ( 0 )

static void protect(uint64_t bar, int on)
{
    static const char path[] = "/params/subpage-mmio-test";
    static char *buf;
    int len;

    if ( !buf )
        buf = allocate(PAGE_SIZE);
    memcpy(buf, path, sizeof(path));
    len = sprintf(buf + sizeof(path), "%c%lx-%lx", on ? '+' : '-',
                  (unsigned long)bar + TOGGLED,
                  (unsigned long)bar + TOGGLED_LAST);

    hypercall(path, (struct privcmd_hypercall){
        .op = __HYPERVISOR_hypfs_op,
        .arg = {
            XEN_HYPFS_OP_write_contents,
            (uintptr_t)buf, sizeof(path),
            (uintptr_t)buf + sizeof(path), len + 1,
        },
    });
}

static void create(uint64_t bar)
{
    domctl->domain = 0;                 /* Any that is free. */
    DOMCTL(createdomain, domctl->u.createdomain =
           ((struct xen_domctl_createdomain){
               .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
               .max_vcpus = 1,
               .max_evtchn_port = -1,
               .max_grant_frames = -1,
               .max_maptrack_frames = -1,
               .grant_opts = XEN_DOMCTL_GRANT_version(1),
               .arch.emulation_flags = XEN_X86_EMU_LAPIC,
           }));
    DOMCTL(max_vcpus, domctl->u.max_vcpus.max = 1);
    DOMCTL(max_mem, domctl->u.max_mem.max_memkb = RAM_KIB);
    DOMCTL(shadow_op,
           domctl->u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION,
           domctl->u.shadow_op.mb = PAGING_MIB);
    DOMCTL(iomem_permission,
           domctl->u.iomem_permission.first_mfn = bar / PAGE_SIZE,
           domctl->u.iomem_permission.nr_mfns = BAR_PAGES,
           domctl->u.iomem_permission.allow_access = 1);
    DOMCTL(memory_mapping,
           domctl->u.memory_mapping.first_gfn = BAR_GFN,
           domctl->u.memory_mapping.first_mfn = bar / PAGE_SIZE,
           domctl->u.memory_mapping.nr_mfns = BAR_PAGES,
           domctl->u.memory_mapping.add_mapping = DPCI_ADD_MAPPING);
}

static uint8_t *map_code(void)
{
    static const xen_pfn_t gfn = CODE_GFN;
    int error = 0;
    uint8_t *code = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                         open_privcmd(), 0);
    struct privcmd_mmapbatch_v2 batch = {
        .num = 1,
        .dom = domctl->domain,
        .addr = (uintptr_t)code,
        .arr = &gfn,
        .err = &error,
    };

    if ( code == MAP_FAILED ||
         ioctl(open_privcmd(), IOCTL_PRIVCMD_MMAPBATCH_V2, &batch) )
        err(1, "cannot map a domain's page");

    return code;
}

static uint8_t *add32(uint8_t *code, uint32_t val)
{
    memcpy(code, &val, sizeof(val));

    return code + sizeof(val);
}

/* movl $val, addr */
static uint8_t *add_store(uint8_t *code, unsigned int offset, uint32_t val)
{
    *code++ = 0xc7;
    *code++ = 0x05;

    return add32(add32(code, BAR_GFN * PAGE_SIZE + offset), val);
}

static void write_code(uint8_t *code, unsigned int first_id)
{
    static const uint8_t vmmcall[] = { 0x0f, 0x01, 0xd9 };
    static const struct sched_shutdown shutdown = {
        .reason = SHUTDOWN_poweroff,
    };
    unsigned int i;

    memcpy(code + REASON, &shutdown, sizeof(shutdown));
    for ( i = 0; i < NR_PLACES; i++ )
    {
        code = add_store(code, 0, first_id + i);
        code = add_store(code, places[i], first_id + i);
    }
    *code++ = 0xb8;             /* mov to %eax, %ebx, %ecx */
    code = add32(code, __HYPERVISOR_sched_op);
    *code++ = 0xbb;
    code = add32(code, SCHEDOP_shutdown);
    *code++ = 0xb9;
    code = add32(code, CODE_GFN * PAGE_SIZE + REASON);
    memcpy(code, vmmcall, sizeof(vmmcall));
}

static void set_up_memory(unsigned int first_id)
{
    static struct xen_memory_reservation *reservation;
    static xen_pfn_t *gfn;
    uint8_t *code;

    if ( !reservation )
    {
        reservation = (void *)allocate(PAGE_SIZE);
        gfn = (void *)(reservation + 1);
    }
    *gfn = CODE_GFN;
    reservation->nr_extents = 1;
    reservation->domid = domctl->domain;
    set_xen_guest_handle(reservation->extent_start, gfn);
    if ( hypercall("XENMEM_populate_physmap", (struct privcmd_hypercall){
             .op = __HYPERVISOR_memory_op,
             .arg = { XENMEM_populate_physmap, (uintptr_t)reservation },
         }) != 1 )
        errx(1, "no memory for a domain");

    code = map_code();
    write_code(code, first_id);
    munmap(code, PAGE_SIZE);
}

/* As a domain's first processor begins by Xen's ABI for PVH. */
static void set_up_processor(void)
{
    static struct {
        struct hvm_save_descriptor header_desc;
        HVM_SAVE_TYPE(HEADER) header;
        struct hvm_save_descriptor cpu_desc;
        HVM_SAVE_TYPE(CPU) cpu;
        struct hvm_save_descriptor end_desc;
    } *context;

    if ( !context )
        context = (void *)allocate(sizeof(*context));
    context->header_desc.typecode = HVM_SAVE_CODE(HEADER);
    context->header_desc.length = HVM_SAVE_LENGTH(HEADER);
    context->header.magic = HVM_FILE_MAGIC;
    context->header.version = HVM_FILE_VERSION;
    context->cpu_desc.typecode = HVM_SAVE_CODE(CPU);
    context->cpu_desc.length = HVM_SAVE_LENGTH(CPU);
    context->cpu.cr0 = 0x11;            /* PE, ET */
    context->cpu.cs_limit = context->cpu.ds_limit = context->cpu.es_limit =
        context->cpu.ss_limit = ~0;
    context->cpu.cs_arbytes = 0xc9b;
    context->cpu.ds_arbytes = context->cpu.es_arbytes =
        context->cpu.ss_arbytes = 0xc93;
    context->cpu.tr_limit = 0x67;
    context->cpu.tr_arbytes = 0x8b;
    context->cpu.rflags = 2;
    context->cpu.dr6 = 0xffff0ff0;
    context->cpu.dr7 = 0x400;
    context->cpu.rip = CODE_GFN * PAGE_SIZE;

    DOMCTL(sethvmcontext, domctl->u.hvmcontext.size = sizeof(*context);
           set_xen_guest_handle(domctl->u.hvmcontext.buffer,
                                (uint8_t *)context));
}

static void await_end(void)
{
    unsigned int polls;
    uint32_t flags;

    for ( polls = 0; polls < POLLS; polls++ )
    {
        DOMCTL(getdomaininfo, );
        flags = domctl->u.getdomaininfo.flags;
        if ( flags & XEN_DOMINF_shutdown )
            break;
        usleep(POLL_US);
    }

    if ( polls == POLLS )
        errx(1, "domain %u does not end", domctl->domain);
    if ( (flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) !=
         SHUTDOWN_poweroff )
        errx(1, "domain %u ends by itself, but not as it should: flags %x",
             domctl->domain, flags);
}

static void destroy(void)
{
    long rc;

    while ( (rc = try_domctl(XEN_DOMCTL_destroydomain)) == -ERESTART )
        ;
    if ( rc )
        errx(1, "XEN_DOMCTL_destroydomain: %s", strerror(-rc));
}

int lives(unsigned int from, unsigned int to, uint64_t bar)
{
    unsigned int life, i;

    domctl = (void *)allocate(sizeof(*domctl));

    printf("SPM: form mov_i32 w0:4\n");
    for ( life = from; life < to; life++ )
    {
        unsigned int first_id = 1 + life * NR_PLACES, open = life % 2;

        create(bar);
        set_up_memory(first_id);
        set_up_processor();
        protect(bar, 0);
        if ( !open )
            protect(bar, 1);

        DOMCTL(unpausedomain, );
        await_end();
        destroy();
        if ( open )
            protect(bar, 1);

        for ( i = 0; i < NR_PLACES; i++ )
        {
            uint32_t id = first_id + i;

            printf("SPM: run %u mov_i32 %s %x ok %02x%02x%02x%02x\n", id,
                   open ? "open" : "kernel", places[i], id & 0xff,
                   id >> 8 & 0xff, id >> 16 & 0xff, id >> 24);
        }
    }
    printf("SPM: done %u\n", (to - from) * (unsigned int)NR_PLACES);

    return 0;
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
