/* SPDX-License-Identifier: GPL-2.0-only */

#include "env.h"
#include "fpu.h"
#include "options.h"
#include "print.h"

#define FCW_DEFAULT    0x037f
#define MXCSR_DEFAULT  0x1f80

/* x87, SSE, AVX, and the three of AVX-512. */
#define XCR0_WANTED    0xe7

#define CR4_OSXSAVE    (1UL << 18)

enum { EAX, EBX, ECX, EDX };

/* Where CPUID says so. */
static const struct {
    const char *name;
    uint32_t leaf;
    uint8_t reg, bit;
} features[NR_FEATURES] = {
    [SSE3]      = { "SSE3",      1, ECX, 0 },
    [SSE41]     = { "SSE4.1",    1, ECX, 19 },
    [SSE4A]     = { "SSE4A",     0x80000001, ECX, 6 },
    [CX16]      = { "CX16",      1, ECX, 13 },
    [MOVBE]     = { "MOVBE",     1, ECX, 22 },
    [XSAVE]     = { "XSAVE",     1, ECX, 26 },
    [AVX]       = { "AVX",       1, ECX, 28 },
    [AVX2]      = { "AVX2",      7, EBX, 5 },
    [AVX512F]   = { "AVX512F",   7, EBX, 16 },
    [MOVDIRI]   = { "MOVDIRI",   7, ECX, 27 },
    [MOVDIR64B] = { "MOVDIR64B", 7, ECX, 28 },
};

static bool present[NR_FEATURES];
static struct fpu initial;

static void init_values(void)
{
    /* A sign bit in each byte that the mask selects. */
    static const uint8_t mask[16] = {
        0x80, 0x11, 0x22, 0xb3, 0xc4, 0xd5, 0x66, 0x77,
        0x08, 0x19, 0xaa, 0x3b, 0x4c, 0x5d, 0x6e, 0xff,
    }, mmx_mask[8] = {
        0x80, 0x11, 0x22, 0xb3, 0xc4, 0x55, 0x66, 0xf7,
    };
    unsigned int i, j;

    initial.low.fcw = FCW_DEFAULT;
    initial.low.ftw = 0xff;
    initial.low.mxcsr = MXCSR_DEFAULT;

    for ( i = 0; i < 8; i++ )
    {
        /* The leading bit of a normal number is the mantissa's top bit. */
        for ( j = 0; j < 8; j++ )
            initial.low.st[i][j] = 0x81 + 0x10 * j + i;
        initial.low.st[i][7] |= 0x80;
        /* The exponent of 2 to the 10th. */
        initial.low.st[i][8] = 0x09;
        initial.low.st[i][9] = 0x40;
    }

    for ( i = 0; i < 16; i++ )
        for ( j = 0; j < 16; j++ )
            initial.low.xmm[i][j] = 0x40 + 7 * i + 11 * j;

    __builtin_memcpy(initial.low.st[1], mmx_mask, sizeof(mmx_mask));
    __builtin_memcpy(initial.low.xmm[1], mask, sizeof(mask));
}

/* The first one has the prefix that makes Xen emulate it. */
extern const char xsetbv_fep[], xsetbv[];
asm ( ".pushsection .text\n"
      "xsetbv_fep: ud2; .ascii \"xen\"\n"
      "xsetbv: xsetbv; int $" STR(EXIT_VECTOR) "\n"
      ".popsection" );

static void set_xcr0(uint32_t mask)
{
    static char stack[PAGE_SIZE];
    struct cpu cpu = {
        .reg = { [CPU_AX] = mask,
                 [CPU_SP] = (unsigned long)stack + sizeof(stack) },
        .ip = (unsigned long)(options.xsetbv_fep ? xsetbv_fep : xsetbv),
        .flags = FLAG_ALWAYS,
    };
    unsigned long cr4;

    asm volatile ( "mov %%cr4, %0" : "=r" (cr4) );
    asm volatile ( "mov %0, %%cr4" :: "r" (cr4 | CR4_OSXSAVE) );

    env_run(&cpu, LEVEL_KERNEL);
    if ( cpu.vector != EXIT_VECTOR )
        fatal("XSETBV raised exception %lu%s", cpu.vector,
              options.xsetbv_fep ? ": xsetbv=fep needs Xen's option hvm_fep"
                                 : "");
}

void fpu_init(void)
{
    uint32_t regs[4];
    unsigned int i;

    for ( i = 0; i < NR_FEATURES; i++ )
    {
        if ( !features[i].name )
        {
            present[i] = true;
            continue;
        }
        env_cpuid(features[i].leaf, 0, regs);
        present[i] = regs[features[i].reg] & (1u << features[i].bit);
    }

    if ( present[XSAVE] )
    {
        env_cpuid(0xd, 0, regs);
        set_xcr0(regs[EAX] & XCR0_WANTED);
    }

    init_values();
}

bool cpu_has(enum feature feature)
{
    return present[feature];
}

const char *feature_name(enum feature feature)
{
    return features[feature].name;
}

void fpu_load(void)
{
    /* Not all processors load the pointers that FNSTENV stores. */
    asm volatile ( "fninit; fxrstor %0" :: "m" (initial.low) );

#define DOUBLE(n) \
    asm volatile ( "vinsertf128 $1, %xmm" #n ", %ymm" #n ", %ymm" #n )
    if ( present[AVX] )
    {
        DOUBLE(0);
        DOUBLE(1);
        DOUBLE(2);
        DOUBLE(3);
        DOUBLE(4);
        DOUBLE(5);
        DOUBLE(6);
        DOUBLE(7);
    }
#undef DOUBLE

    if ( present[AVX512F] )
        asm volatile ( "vinsertf64x4 $1, %ymm0, %zmm0, %zmm0" );
}

void fpu_save(struct fpu *fpu)
{
    asm volatile ( "fxsave %0" : "+m" (fpu->low) );

#define HIGH(n) \
    asm volatile ( "vextractf128 $1, %%ymm" #n ", %0" \
                   : "=m" (fpu->high[n]) )
    if ( present[AVX] )
    {
        HIGH(0);
        HIGH(1);
        HIGH(2);
        HIGH(3);
        HIGH(4);
        HIGH(5);
        HIGH(6);
        HIGH(7);
    }
#undef HIGH
}

void fpu_compare(const struct fpu *a, const struct fpu *b,
                 void (*differs)(const char *name, long nr))
{
    unsigned int i;

    /*
     * Not the pointers to the last instruction and its operand: the latter
     * differs by nature, and processors save them or not as they please.
     */
    if ( a->low.fcw != b->low.fcw )
        differs("fcw", -1);
    if ( a->low.fsw != b->low.fsw )
        differs("fsw", -1);
    if ( a->low.ftw != b->low.ftw )
        differs("ftw", -1);
    if ( a->low.mxcsr != b->low.mxcsr )
        differs("mxcsr", -1);
    for ( i = 0; i < ARRAY_SIZE(a->low.st); i++ )
        if ( __builtin_memcmp(a->low.st[i], b->low.st[i], 16) )
            differs("st", i);
    for ( i = 0; i < ARRAY_SIZE(a->low.xmm); i++ )
        if ( __builtin_memcmp(a->low.xmm[i], b->low.xmm[i], 16) )
            differs("xmm", i);
    for ( i = 0; i < ARRAY_SIZE(a->high); i++ )
        if ( __builtin_memcmp(a->high[i], b->high[i], 16) )
            differs("ymm", i);
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
