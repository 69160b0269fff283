/* SPDX-License-Identifier: GPL-2.0-only */
/* I/O ports, which every environment lets a hardware domain use. */
#ifndef SPM_IO_H
#define SPM_IO_H

#include <stdint.h>

static inline void out8(uint16_t port, uint8_t val)
{
    asm volatile ( "outb %0, %1" :: "a" (val), "d" (port) );
}

static inline void out16(uint16_t port, uint16_t val)
{
    asm volatile ( "outw %0, %1" :: "a" (val), "d" (port) );
}

static inline void out32(uint16_t port, uint32_t val)
{
    asm volatile ( "outl %0, %1" :: "a" (val), "d" (port) );
}

static inline uint32_t in32(uint16_t port)
{
    uint32_t val;

    asm volatile ( "inl %1, %0" : "=a" (val) : "d" (port) );

    return val;
}

#endif /* SPM_IO_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
