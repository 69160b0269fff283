/* SPDX-License-Identifier: GPL-2.0-only */

#include "env.h"
#include "io.h"
#include "memory.h"
#include "print.h"

#define PATTERN  0x8877665544332211ULL
#define GRANULE  sizeof(uint64_t)

#define VBE_INDEX 0x1ce
#define VBE_DATA  0x1cf

/* Where FNSTENV and FNSAVE have addresses: see main.c. */
#define POINTERS_START 12
#define POINTERS_END   28

uint8_t memory_initial[BAR_SIZE] __attribute__((__aligned__(GRANULE)));

static char *device;

unsigned long memory_size(void)
{
    return options.window ? options.window_pages * PAGE_SIZE : BAR_SIZE;
}

static uint64_t *initial(unsigned long off)
{
    return (uint64_t *)(memory_initial + off);
}

/* Is a granule of these bytes in one of the ranges? */
static bool is_in(const struct ranges *ranges, unsigned long off,
                  unsigned long width)
{
    unsigned int i;

    for ( i = 0; i < ranges->nr; i++ )
        if ( off / GRANULE <= ranges->range[i].last / GRANULE &&
             ranges->range[i].first / GRANULE <=
             (off + width - 1) / GRANULE )
            return true;

    return false;
}

/* Has the part of a page a protected granule? */
static bool is_protected(unsigned long off, unsigned long width)
{
    return is_in(&options.protected, off, width);
}

/*
 * A window's granule.  Registers are accessed in their own width; what else
 * is on their pages is left alone, and taken to be as it was.
 */
static uint64_t get(unsigned long off)
{
    volatile uint32_t *reg = (uint32_t *)(device + off);

    if ( !options.registers.nr )
        return *(volatile uint64_t *)reg;

    if ( !is_in(&options.registers, off, GRANULE) )
        return *initial(off);

    return reg[0] | ((uint64_t)reg[1] << 32);
}

static void put(unsigned long off, uint64_t val)
{
    volatile uint32_t *reg = (uint32_t *)(device + off);

    if ( !options.registers.nr )
        *(volatile uint64_t *)reg = val;
    else if ( is_in(&options.registers, off, GRANULE) )
    {
        reg[0] = val;
        reg[1] = val >> 32;
    }
}

/*
 * The frame buffer of Bochs' VGA, which is a fine window, is memory in the
 * modes of its VBE interface only.  It does not matter which mode that is.
 */
static void enable_frame_buffer(void)
{
    static const struct {
        uint16_t reg, val;
    } mode[] = {
        { 1, 640 },             /* width */
        { 2, 480 },             /* height */
        { 3, 8 },               /* bits a pixel */
        { 4, 0x41 },            /* enabled, and all at one address */
    };
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(mode); i++ )
    {
        out16(VBE_INDEX, mode[i].reg);
        out16(VBE_DATA, mode[i].val);
    }
}

void memory_init(char *va)
{
    unsigned long off;

    device = va;
    if ( options.window )
        enable_frame_buffer();

    for ( off = BAR_FIRST; off < memory_size(); off += GRANULE )
    {
        *initial(off) = PATTERN;
        if ( !options.window )
            continue;

        put(off, PATTERN);
        if ( is_protected(off, GRANULE) )
            *initial(off) = get(off);
        else if ( get(off) != PATTERN )
            fatal("window=: writing to %lx has no effect, so this is no "
                  "memory, or it is protected: add the range to protect=",
                  off);
    }
}

void memory_keep(unsigned long off, unsigned long size)
{
    for ( ; size; off += GRANULE, size -= GRANULE )
        *initial(off) = get(off);
}

void memory_start_run(unsigned long id)
{
    unsigned long off;

    if ( !options.window )
    {
        *(volatile uint32_t *)device = id;
        return;
    }

    for ( off = BAR_FIRST; off < memory_size(); off += GRANULE )
        if ( get(off) != *initial(off) )
        {
            put(off, *initial(off));
            /* What got written against the rules can't be undone. */
            *initial(off) = get(off);
        }
}

static unsigned long nr_runs;

unsigned long memory_new_run(void)
{
    unsigned long id = options.first + nr_runs++;

    memory_start_run(id);

    return id;
}

unsigned long memory_nr_runs(void)
{
    return nr_runs;
}

bool memory_is_initial(void)
{
    unsigned long off;

    for ( off = BAR_FIRST; off < memory_size(); off += GRANULE )
        if ( get(off) != *initial(off) )
            return false;

    return true;
}

/* Is the byte one that a store must not have reached? */
static bool is_refused(const struct form *form, unsigned long off,
                       unsigned long byte)
{
    unsigned long page = byte & -PAGE_SIZE;
    const struct op *op;

    for ( op = form->op; op->width; op++ )
    {
        unsigned long first = off + op->rel, last = first + op->width - 1;
        bool reaches = first <= byte && byte <= last;

        /* What matters is the part of a store that is on the same page. */
        if ( first < page )
            first = page;
        if ( last > page + PAGE_SIZE - 1 )
            last = page + PAGE_SIZE - 1;

        if ( (reaches || form->masked) && first <= last &&
             is_protected(first, last - first + 1) )
            return true;
    }

    return false;
}

void memory_compare(const struct form *form, const char *ram,
                    unsigned long off, bool effect,
                    void (*differs)(unsigned long off))
{
    unsigned long byte;
    uint64_t val = 0;

    if ( !options.window )
        return;

    for ( byte = BAR_FIRST; byte < memory_size(); byte++ )
    {
        uint8_t want = memory_initial[byte];

        /* Where nothing was to happen, and nothing did, lose no time. */
        if ( !(byte % GRANULE) )
        {
            val = get(byte);
            if ( val == *initial(byte) &&
                 *(uint64_t *)(ram + byte) == *initial(byte) )
            {
                byte += GRANULE - 1;
                continue;
            }
        }

        if ( form->pointers && byte - off >= POINTERS_START &&
             byte - off < POINTERS_END )
            continue;

        if ( effect && (uint8_t)ram[byte] != want &&
             !is_refused(form, off, byte) )
            want = ram[byte];

        if ( (uint8_t)(val >> (byte % GRANULE * 8)) != want )
            differs(byte);
    }
}

void memory_changes(void (*changed)(unsigned long off, uint8_t val))
{
    unsigned long off, byte;

    for ( off = BAR_FIRST; off < memory_size(); off += GRANULE )
        if ( get(off) != *initial(off) )
            for ( byte = off; byte < off + GRANULE; byte++ )
            {
                uint8_t val = *(volatile uint8_t *)(device + byte);

                if ( val != memory_initial[byte] )
                    changed(byte, val);
            }
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
