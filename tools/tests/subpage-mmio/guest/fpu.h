/* SPDX-License-Identifier: GPL-2.0-only */
/* The registers of x87, MMX, SSE and AVX. */
#ifndef SPM_FPU_H
#define SPM_FPU_H

#include <stdint.h>

#include "form.h"

#define NR_HIGH 8

struct fpu {
    /* As FXSAVE writes it. */
    struct {
        uint16_t fcw, fsw, ftw, fop;
        uint32_t pointers[4];
        uint32_t mxcsr, mxcsr_mask;
        uint8_t st[8][16];
        uint8_t xmm[16][16];
        uint8_t unused[96];
    } low __attribute__((__aligned__(16)));
    /* The upper halves of the first YMM registers. */
    uint8_t high[NR_HIGH][16];
};

/* Let the extensions be used, and fill in which there are. */
void fpu_init(void);

bool cpu_has(enum feature feature);
const char *feature_name(enum feature feature);

/* Load the initial values that forms.h describes. */
void fpu_load(void);

void fpu_save(struct fpu *fpu);

/* Report each register that differs; nr is negative if there is just one. */
void fpu_compare(const struct fpu *a, const struct fpu *b,
                 void (*differs)(const char *name, long nr));

#endif /* SPM_FPU_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
