/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of 32 bits, written in part, and of 64 bits, accessed in halves.
 */

#ifndef DEVICE_REG_H
#define DEVICE_REG_H

#include <stdint.h>

/* Change the bits in mask. */
static inline void reg_write(uint32_t *reg, uint32_t val, uint32_t mask)
{
    *reg = (*reg & ~mask) | (val & mask);
}

/* The half at a byte offset, which is 0 or 4 modulo 8. */
static inline uint32_t reg_half(uint64_t reg, uint32_t offset)
{
    return reg >> (8 * (offset & 4));
}

static inline void reg_write_half(uint64_t *reg, uint32_t offset,
                                  uint32_t val, uint32_t mask)
{
    uint32_t half = reg_half(*reg, offset);
    unsigned int shift = 8 * (offset & 4);

    reg_write(&half, val, mask);
    *reg = (*reg & ~(0xffffffffULL << shift)) | ((uint64_t)half << shift);
}

#endif /* DEVICE_REG_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
