/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domain has no paging of its own, one vCPU, a page of code, and one with
 * the ring for its events.  We have both pages at the same addresses, by
 * foreign mappings.
 */

/* For domctls, and what is for listeners. */
#define __XEN_TOOLS__

#include "env.h"
#include "form.h"
#include "hypercall.h"
#include "memory.h"
#include "options.h"
#include "print.h"
#include "watched.h"

#include <public/domctl.h>
#include <public/hvm/hvm_op.h>
#include <public/hvm/params.h>
#include <public/memory.h>
#include <public/sched.h>

/* What the macros for rings expect to find. */
#define xen_mb()        __sync_synchronize()
#define xen_rmb()       __sync_synchronize()
#define xen_wmb()       __sync_synchronize()
#define memset          __builtin_memset
#define memcpy          __builtin_memcpy
#include <public/vm_event.h>

#define FRAME(address)  ((unsigned long)(address) / PAGE_SIZE)

/* How often we look whether the domain has got on. */
#define PATIENCE        1000

/* What follows a form: its event tells that the form has ended. */
#define INT3            '\xcc'

static char code[PAGE_SIZE] __attribute__((__aligned__(PAGE_SIZE)));
static char ring_page[PAGE_SIZE] __attribute__((__aligned__(PAGE_SIZE)));

static vm_event_back_ring_t ring;
static vcpu_guest_context_t context;
static domid_t domid;

/* The arguments initialise members of the operation's union. */
#define DOMCTL(op, ...)                                                 \
({                                                                      \
    struct xen_domctl op_ = {                                           \
        .cmd = XEN_DOMCTL_##op,                                         \
        .interface_version = XEN_DOMCTL_INTERFACE_VERSION,              \
        .domain = domid,                                                \
        .u = { __VA_ARGS__ },                                           \
    };                                                                  \
                                                                        \
    check(HYPERCALL(domctl, &op_, 0, 0, 0), "XEN_DOMCTL_" #op);         \
    op_.domain;                                                         \
})

static void monitor_op(uint32_t op)
{
    DOMCTL(vm_event_op, .vm_event_op = {
        .op = op,
        .mode = XEN_DOMCTL_VM_EVENT_OP_MONITOR,
    });
}

/* Give the domain a page, at the address of one of ours, and share it. */
static void share(char *page)
{
    xen_pfn_t gfn = FRAME(page);
    xen_ulong_t index = gfn;
    int error = 0;
    struct xen_memory_reservation reservation = {
        .nr_extents = 1,
        .domid = domid,
    };
    struct xen_add_to_physmap_batch mapping = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_gmfn_foreign,
        .size = 1,
        .u.foreign_domid = domid,
    };

    set_xen_guest_handle(reservation.extent_start, &gfn);
    if ( HYPERCALL(memory_op, XENMEM_populate_physmap, &reservation, 0,
                   0) != 1 )
        fatal("XENMEM_populate_physmap: no memory for another domain");

    set_xen_guest_handle(mapping.idxs, &index);
    set_xen_guest_handle(mapping.gpfns, &gfn);
    set_xen_guest_handle(mapping.errs, &error);
    check(HYPERCALL(memory_op, XENMEM_add_to_physmap_batch, &mapping, 0, 0),
          "XENMEM_add_to_physmap_batch");
    check(error, "XENMEM_add_to_physmap_batch");
}

static void create(void)
{
    struct xen_hvm_param ring_gfn = {
        .index = HVM_PARAM_MONITOR_RING_PFN,
        .value = FRAME(ring_page),
    };

    if ( !options.window )
        fatal("modes=watched: it takes a window, named by window=");

    domid = DOMCTL(createdomain, .createdomain = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = 1,
        .max_evtchn_port = 7,
        .max_grant_frames = 1,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
        .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    });
    DOMCTL(max_vcpus, .max_vcpus.max = 1);
    DOMCTL(max_mem, .max_mem.max_memkb = 1024);
    share(code);
    share(ring_page);

    DOMCTL(iomem_permission, .iomem_permission = {
        .first_mfn = FRAME(options.window),
        .nr_mfns = options.window_pages,
        .allow_access = true,
    });
    DOMCTL(memory_mapping, .memory_mapping = {
        .first_gfn = FRAME(options.window),
        .first_mfn = FRAME(options.window),
        .nr_mfns = options.window_pages,
        .add_mapping = DPCI_ADD_MAPPING,
    });

    SHARED_RING_INIT((vm_event_sring_t *)ring_page);
    BACK_RING_INIT(&ring, (vm_event_sring_t *)ring_page, PAGE_SIZE);
    ring_gfn.domid = domid;
    check(HYPERCALL(hvm_op, HVMOP_set_param, &ring_gfn, 0, 0),
          "HVM_PARAM_MONITOR_RING_PFN");
    monitor_op(XEN_VM_EVENT_ENABLE);
    DOMCTL(monitor_op, .monitor_op = {
        .op = XEN_DOMCTL_MONITOR_OP_ENABLE,
        .event = XEN_DOMCTL_MONITOR_EVENT_SOFTWARE_BREAKPOINT,
    });
    DOMCTL(unpausedomain);
}

static void set_access(xenmem_access_t access)
{
    struct xen_mem_access_op op = {
        .op = XENMEM_access_op_set_access,
        .access = access,
        .domid = domid,
        .nr = options.window_pages,
        .pfn = FRAME(options.window),
    };

    check(HYPERCALL(memory_op, XENMEM_access_op, &op, 0, 0),
          "XENMEM_access_op");
}

/* The next event, or NULL if there is none in time. */
static const vm_event_request_t *await(void)
{
    unsigned int i;

    for ( i = 0; i < PATIENCE; i++ )
    {
        if ( RING_HAS_UNCONSUMED_REQUESTS(&ring) )
            return RING_GET_REQUEST(&ring, ring.req_cons++);

        HYPERCALL(sched_op, SCHEDOP_yield, 0, 0, 0);
    }

    return NULL;
}

/* Let the vCPU continue, which waits since its event. */
static void resume(const vm_event_request_t *request)
{
    /* A request's place in the ring is its response's. */
    vm_event_response_t response = *request;

    *RING_GET_RESPONSE(&ring, ring.rsp_prod_pvt++) = response;
    RING_PUSH_RESPONSES(&ring);
    monitor_op(XEN_VM_EVENT_RESUME);
}

/* What a form starts from. */
static void set_context(const struct cpu *cpu)
{
    context.flags = VGCF_online;
    context.user_regs.rax = cpu->reg[CPU_AX];
    context.user_regs.rcx = cpu->reg[CPU_CX];
    context.user_regs.rdx = cpu->reg[CPU_DX];
    context.user_regs.rbx = cpu->reg[CPU_BX];
    context.user_regs.rsp = cpu->reg[CPU_SP];
    context.user_regs.rbp = cpu->reg[CPU_BP];
    context.user_regs.rsi = cpu->reg[CPU_SI];
    context.user_regs.rdi = cpu->reg[CPU_DI];
    context.user_regs.rflags = cpu->flags;
    context.user_regs.rip = (unsigned long)code;
    DOMCTL(setvcpucontext, .vcpucontext.ctxt.p = &context);
}

/* What it has left, by the event at its end. */
static void get_registers(struct cpu *cpu,
                          const struct vm_event_regs_x86 *regs)
{
    cpu->reg[CPU_AX] = regs->rax;
    cpu->reg[CPU_CX] = regs->rcx;
    cpu->reg[CPU_DX] = regs->rdx;
    cpu->reg[CPU_BX] = regs->rbx;
    cpu->reg[CPU_SP] = regs->rsp;
    cpu->reg[CPU_BP] = regs->rbp;
    cpu->reg[CPU_SI] = regs->rsi;
    cpu->reg[CPU_DI] = regs->rdi;
    cpu->flags = regs->rflags;
}

/* There is one, for this is where it has got its start from. */
static const struct form *form_at(unsigned long ip)
{
    const struct form *form = forms32;

    while ( (unsigned long)form->start != ip )
        form++;

    return form;
}

static bool is_write(const vm_event_request_t *request)
{
    return request->reason == VM_EVENT_REASON_MEM_ACCESS &&
           (request->u.mem_access.flags & MEM_ACCESS_W) &&
           request->u.mem_access.gfn - FRAME(options.window) <
           options.window_pages;
}

void watched_run(struct cpu *cpu)
{
    static const vm_event_request_t *request;
    const struct form *form = form_at(cpu->ip);
    size_t size = form->end - form->start;

    if ( !domid )
        create();

    memcpy(code, form->start, size);
    code[size] = INT3;
    set_access(XENMEM_access_rx);
    /* From here on the vCPU runs, if this is the first form. */
    set_context(cpu);
    cpu->vector = VECTOR_UNASKED;
    cpu->error = 0;

    /* The last form's end. */
    if ( request )
        resume(request);

    while ( (request = await()) && is_write(request) )
    {
        cpu->vector = memory_is_initial() ? EXIT_VECTOR : VECTOR_TOO_LATE;
        set_access(XENMEM_access_rwx);
        resume(request);
    }

    if ( !request )
        fatal("form %s: the watched domain neither ends it, nor asks",
              form->name);
    if ( request->reason != VM_EVENT_REASON_SOFTWARE_BREAKPOINT ||
         request->data.regs.x86.rip != (unsigned long)code + size )
        fatal("form %s: the watched domain's event has reason %lu, at %lx",
              form->name, (unsigned long)request->reason,
              (unsigned long)request->data.regs.x86.rip);

    get_registers(cpu, &request->data.regs.x86);
    cpu->ip = (unsigned long)form->end + EXIT_SIZE;
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
