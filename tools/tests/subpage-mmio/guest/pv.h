/* SPDX-License-Identifier: GPL-2.0-only */
/* Between pv.c and the assembly of the two widths; and the ELF notes. */
#ifndef SPM_PV_H
#define SPM_PV_H

#include "env.h"
#include "entry.h"

#include <public/xen.h>

/* The first descriptor of our GDT, requested privilege level 3. */
#define SEGMENT_SELECTOR ((1 << 3) | 3)

#ifdef __ASSEMBLY__

        .macro elfnotes word:req
        elfnote XEN_ELFNOTE_GUEST_OS, .asciz "SPM"
        elfnote XEN_ELFNOTE_LOADER, .asciz "generic"
        elfnote XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
        elfnote XEN_ELFNOTE_FEATURES, .asciz ""
        elfnote XEN_ELFNOTE_VIRT_BASE, \word image_start
        elfnote XEN_ELFNOTE_PADDR_OFFSET, \word image_start
        elfnote XEN_ELFNOTE_ENTRY, \word _start
        elfnote XEN_ELFNOTE_HYPERCALL_PAGE, \word hypercall_page
        .endm

#else

void pv_run(struct cpu *cpu, unsigned long cs, unsigned long ss);

volatile shared_info_t *pv_shared_info(void);

extern start_info_t *start_info;

/* The machine frame of a page of the image. */
unsigned long pv_machine_frame(const void *va);

/* Have another one there. */
void pv_map_frame(const void *va, unsigned long frame);

/* Unmap what is mapped as the device. */
void pv_unmap_device(void);

/*
 * Try to map a page there, cached, as Xen has a say in what is uncached if a
 * domain has no device at all; returns its error.
 */
long pv_try_device(uint64_t pa);

#endif /* __ASSEMBLY__ */

#endif /* SPM_PV_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
