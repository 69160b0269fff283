/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SPM_HYPERCALL_H
#define SPM_HYPERCALL_H

#include <stdint.h>

#include <public/xen.h>

#define HYPERCALL(nr, a1, a2, a3, a4)                                   \
    hypercall(__HYPERVISOR_##nr, (unsigned long)(a1),                   \
              (unsigned long)(a2), (unsigned long)(a3),                 \
              (unsigned long)(a4))

long hypercall(unsigned int nr, unsigned long a1, unsigned long a2,
               unsigned long a3, unsigned long a4);

/* End it all, naming the hypercall, if this is an error. */
void check(long rc, const char *what);

/* Start the second virtual CPU from what VCPUOP_initialise takes. */
void start_cpu(unsigned int cpu, void *context);

#endif /* SPM_HYPERCALL_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
