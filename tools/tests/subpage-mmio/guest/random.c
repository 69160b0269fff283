/* SPDX-License-Identifier: GPL-2.0-only */

#include "env.h"
#include "execute.h"
#include "form.h"
#include "memory.h"
#include "options.h"
#include "print.h"
#include "random.h"

#define INT3        0xcc
#define LONGEST     15          /* bytes an instruction may have */

#define OPSIZE      0x66
#define ADDRSIZE    0x67
#define LOCK        0xf0
#define REPNE       0xf2
#define REP         0xf3
#define FS          0x64
#define GS          0x65

#define REX         0x40
#define REX_W       0x08
#define REX_R       0x04

enum map {
    ONE_BYTE,
    MAP_0F,
    MAP_0F38,
    MAP_0F3A,
    VEX_0F,
    VEX_0F38,
    VEX_0F3A,
    NR_MAPS
};

/* Opcodes that store to their operand, or to where DI points. */
#define STORE(m, f, l)          { .map = m, .first = f, .last = l }
#define PREFIXED(m, f, l, p)                                            \
    { .map = m, .first = f, .last = l, .prefix = p }
#define STRING(f, l, p)                                                 \
    { .map = ONE_BYTE, .first = f, .last = l, .prefix = p, .bare = true }
#define GROUP(m, f, l, r)       { .map = m, .first = f, .last = l, .regs = r }

static const struct store {
    uint8_t map, first, last;
    uint8_t prefix;             /* that it takes; 0: any, or none */
    uint8_t regs;               /* of a group, those that do, a bit each */
    bool bare;                  /* what follows would be another instruction */
} stores[] = {
    STORE(ONE_BYTE, 0x00, 0x01),                /* arithmetic */
    STORE(ONE_BYTE, 0x08, 0x09),
    STORE(ONE_BYTE, 0x10, 0x11),
    STORE(ONE_BYTE, 0x18, 0x19),
    STORE(ONE_BYTE, 0x20, 0x21),
    STORE(ONE_BYTE, 0x28, 0x29),
    STORE(ONE_BYTE, 0x30, 0x31),
    GROUP(ONE_BYTE, 0x80, 0x81, 0x7f),
    GROUP(ONE_BYTE, 0x83, 0x83, 0x7f),
    STORE(ONE_BYTE, 0x86, 0x89),                /* XCHG, MOV */
    GROUP(ONE_BYTE, 0x8c, 0x8c, 0x3f),
    GROUP(ONE_BYTE, 0x8f, 0x8f, 0x01),          /* POP */
    STRING(0xa4, 0xa5, REP),                    /* MOVS, STOS */
    STRING(0xaa, 0xab, REP),
    STRING(0xa4, 0xa5, 0),
    STRING(0xaa, 0xab, 0),
    GROUP(ONE_BYTE, 0xc0, 0xc1, 0xf3),          /* shifts */
    GROUP(ONE_BYTE, 0xd0, 0xd3, 0xf3),
    GROUP(ONE_BYTE, 0xc6, 0xc7, 0x01),
    GROUP(ONE_BYTE, 0xf6, 0xf7, 0x0c),          /* NOT, NEG, INC, DEC */
    GROUP(ONE_BYTE, 0xfe, 0xff, 0x03),
    GROUP(ONE_BYTE, 0xd9, 0xd9, 0x8c),          /* x87 */
    GROUP(ONE_BYTE, 0xdb, 0xdb, 0x8e),
    GROUP(ONE_BYTE, 0xdd, 0xdd, 0x8e),
    GROUP(ONE_BYTE, 0xdf, 0xdf, 0xce),
    STORE(MAP_0F, 0x90, 0x9f),                  /* SETcc */
    STORE(MAP_0F, 0xa4, 0xa5),                  /* SHLD, SHRD */
    STORE(MAP_0F, 0xac, 0xad),
    GROUP(MAP_0F, 0xba, 0xba, 0xe0),            /* BTS, BTR, BTC */
    STORE(MAP_0F, 0xb0, 0xb1),                  /* CMPXCHG, XADD, MOVNTI */
    STORE(MAP_0F, 0xc0, 0xc1),
    STORE(MAP_0F, 0xc3, 0xc3),
    GROUP(MAP_0F, 0xc7, 0xc7, 0x02),            /* CMPXCHG8B */
    GROUP(MAP_0F, 0xae, 0xae, 0x08),            /* STMXCSR */
    STORE(MAP_0F, 0x11, 0x11),                  /* SSE and MMX */
    STORE(MAP_0F, 0x13, 0x13),
    STORE(MAP_0F, 0x17, 0x17),
    STORE(MAP_0F, 0x29, 0x29),
    STORE(MAP_0F, 0x2b, 0x2b),
    STORE(MAP_0F, 0x7e, 0x7f),
    PREFIXED(MAP_0F, 0x7f, 0x7f, REP),
    PREFIXED(MAP_0F, 0xd6, 0xd6, OPSIZE),
    STORE(MAP_0F, 0xe7, 0xe7),
    PREFIXED(MAP_0F3A, 0x14, 0x17, OPSIZE),     /* PEXTR, EXTRACTPS */
    STORE(VEX_0F, 0x11, 0x11),                  /* AVX */
    STORE(VEX_0F, 0x29, 0x29),
    STORE(VEX_0F, 0x7f, 0x7f),
    PREFIXED(VEX_0F, 0xe7, 0xe7, OPSIZE),
    PREFIXED(VEX_0F38, 0x2e, 0x2f, OPSIZE),
    PREFIXED(VEX_0F38, 0x8e, 0x8e, OPSIZE),
    PREFIXED(VEX_0F3A, 0x14, 0x17, OPSIZE),
    PREFIXED(VEX_0F3A, 0x19, 0x19, OPSIZE),
    PREFIXED(VEX_0F3A, 0x39, 0x39, OPSIZE),
};

/*
 * Opcodes that come with an operand in memory, of the first two maps; all of
 * the others do.  Left out are
 * - what does not have the same result each time, or, as forms.h says, not
 *   the one that the processor has: SLDT, SGDT and the like, RDTSCP;
 * - BT, BTS, BTR and BTC, which a register leads far away, and RCL and RCR,
 *   which need a CF of which forms.h tells;
 * - FNSTENV and FNSAVE, for they store addresses;
 * - MOVBE, of which QEMU gets the width wrong, if there are two prefixes, and
 *   a few more of the later maps, on which QEMU crashes;
 * - LEA, whose result is an address, and loads of segment registers;
 * - jumps and calls, and the prefixes VEX and EVEX.
 */
static const struct {
    uint8_t map, first, last;
} operands[] = {
    { ONE_BYTE, 0x00, 0x03 }, { ONE_BYTE, 0x08, 0x0b },
    { ONE_BYTE, 0x10, 0x13 }, { ONE_BYTE, 0x18, 0x1b },
    { ONE_BYTE, 0x20, 0x23 }, { ONE_BYTE, 0x28, 0x2b },
    { ONE_BYTE, 0x30, 0x33 }, { ONE_BYTE, 0x38, 0x3b },
    { ONE_BYTE, 0x63, 0x63 }, { ONE_BYTE, 0x69, 0x69 },
    { ONE_BYTE, 0x6b, 0x6b }, { ONE_BYTE, 0x80, 0x8c },
    { ONE_BYTE, 0x8f, 0x8f },
    { ONE_BYTE, 0xc6, 0xc7 }, { ONE_BYTE, 0xd8, 0xdf },
    { ONE_BYTE, 0xf6, 0xf7 }, { ONE_BYTE, 0xfe, 0xfe },
    { MAP_0F, 0x02, 0x03 }, { MAP_0F, 0x0d, 0x0d }, { MAP_0F, 0x10, 0x1f },
    { MAP_0F, 0x28, 0x2f }, { MAP_0F, 0x40, 0x76 }, { MAP_0F, 0x78, 0x7f },
    { MAP_0F, 0x90, 0x9f }, { MAP_0F, 0xa4, 0xa5 }, { MAP_0F, 0xac, 0xb1 },
    { MAP_0F, 0xb6, 0xba }, { MAP_0F, 0xbc, 0xc7 }, { MAP_0F, 0xd0, 0xff },
};

/* With the forms, where 16-bit code can be. */
extern uint8_t code[32];
asm ( ".pushsection .forms,\"awx\"\n"
      "code: .skip 32\n"
      ".popsection" );

static struct form form = {
    .name = "random",
    .start = (char *)code,
    .unknown_length = true,
};

/* Marsaglia's xorshift, "Xorshift RNGs", 2003, with 13, 7 and 17. */
static uint64_t state;

static unsigned int random(unsigned int below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (uint32_t)(state >> 32) % below;
}

static bool chance(unsigned int one_in)
{
    return !random(one_in);
}

static bool has_operand(unsigned int map, uint8_t opcode)
{
    unsigned int i;

    switch ( map )
    {
    case MAP_0F38:
        if ( (opcode & 0xfe) == 0xf0 )
            return false;
        /* Fallthrough. */
    case VEX_0F38:
        return (opcode & 0xfc) != 0x0c;

    case VEX_0F3A:
        return (opcode & 0xfe) != 0x0a;

    case MAP_0F3A:
        return true;

    case VEX_0F:
        /* What is different with VEX, nobody misses. */
        map = MAP_0F;
    }

    for ( i = 0; i < ARRAY_SIZE(operands); i++ )
        if ( operands[i].map == map && operands[i].first <= opcode &&
             opcode <= operands[i].last )
            return true;

    return false;
}

static uint8_t any_prefix(void)
{
    static const uint8_t prefixes[] = { 0, OPSIZE, REP, REPNE };

    return prefixes[random(ARRAY_SIZE(prefixes))];
}

/* So that the operand is where it is to be, whatever way leads there. */
static uint8_t *add_operand(uint8_t *p, unsigned int reg)
{
    unsigned int mod = random(3);
    bool sib = chance(4);

    *p++ = (mod << 6) | (reg << 3) | (sib ? 4 : 7);
    if ( sib )
    {
        unsigned int scale = random(4);

        /* The base is DI, the index CX. */
        *p++ = (scale << 6) | (1 << 3) | 7;
        form.displacement += form.cx << scale;
    }

    if ( mod )
    {
        int32_t offset = (int)random(128) - 64;

        form.displacement += offset;
        __builtin_memcpy(p, &offset, mod == 1 ? 1 : 4);
        p += mod == 1 ? 1 : 4;
    }

    return p;
}

static uint8_t *add_vex(uint8_t *p, unsigned int map, uint8_t prefix,
                        unsigned int bits, const unsigned int *reg)
{
    static const uint8_t prefixes[] = { 0, OPSIZE, REP, REPNE };
    unsigned int pp = 0;
    bool r = bits == 64 && (*reg == 7 || chance(4));

    while ( prefixes[pp] != prefix )
        pp++;

    *p++ = 0xc4;
    /* R, X and B are inverted, and so is the register in the next byte. */
    *p++ = (r ? 0x60 : 0xe0) | (map - VEX_0F + 1);
    *p++ = (chance(4) ? 0x80 : 0) |
           (map == VEX_0F38 && !chance(4) ? 0x70 : 0x78) |
           (chance(2) ? 4 : 0) | pp;

    return p;
}

static uint8_t *add_legacy(uint8_t *p, unsigned int map, uint8_t prefix,
                           unsigned int bits, const unsigned int *reg)
{
    if ( prefix )
        *p++ = prefix;
    if ( chance(8) )
        *p++ = LOCK;
    if ( bits == 64 && (*reg == 7 || chance(2)) )
        *p++ = REX | (chance(2) ? REX_W : 0) |
               (*reg == 7 || chance(4) ? REX_R : 0);

    if ( map != ONE_BYTE )
        *p++ = 0x0f;
    if ( map == MAP_0F38 )
        *p++ = 0x38;
    if ( map == MAP_0F3A )
        *p++ = 0x3a;

    return p;
}

/*
 * Immediate operands consist of the INT3s that are there already, so that it
 * does not matter if there are any.
 */
static void make_instruction(const struct view *view, bool any_opcode)
{
    unsigned int map, opcode, reg = random(8);
    uint8_t prefix = any_prefix(), *p = code;
    bool group = false, bare = false;

    __builtin_memset(code, INT3, sizeof(code));
    form.cx = 1 + random(7);
    form.backwards = chance(4);

    if ( any_opcode && chance(2) )
    {
        do {
            map = random(NR_MAPS);
            opcode = random(256);
        } while ( !has_operand(map, opcode) ||
                  (map == ONE_BYTE && (opcode & 0xfb) == 0xd9 && reg == 6) );
    }
    else
    {
        const struct store *store = &stores[random(ARRAY_SIZE(stores))];

        map = store->map;
        opcode = store->first + random(store->last - store->first + 1);
        if ( store->prefix )
            prefix = store->prefix;
        bare = store->bare;
        group = store->regs;
        if ( group )
            while ( !(store->regs & (1u << reg)) )
                reg = random(8);
    }

    /*
     * DI is not the same in RAM and on the device; R15 may be used for it.
     * And SP, if the next exception needs it, is not to be exchanged.
     */
    if ( !group && ((view->bits < 64 && reg == 7) ||
                    (!view->own_stack && reg == 4)) )
        reg = 0;

    /* Strings always go to %es. */
    form.segment = !bare && chance(8);
    if ( form.segment )
        *p++ = chance(2) ? FS : GS;
    if ( view->bits == 16 || (view->bits == 64 && chance(16)) )
        *p++ = ADDRSIZE;

    p = (map >= VEX_0F ? add_vex : add_legacy)(p, map, prefix, view->bits,
                                               &reg);
    *p++ = opcode;
    form.displacement = 0;
    if ( !bare )
        p = add_operand(p, reg);
    form.end = (char *)p;
}

/* Changes that are one behind the other, as one. */
static unsigned long next_change;
static bool any_change;

static void add_change(unsigned long off, uint8_t val)
{
    if ( !any_change || off != next_change )
        add("%s%lx:", any_change ? "," : "", off);
    add("%lx%lx", val / 16UL, val % 16UL);
    next_change = off + 1;
    any_change = true;
}

static void add_ram_changes(void)
{
    unsigned long off;

    for ( off = BAR_FIRST; off < BAR_SIZE; off++ )
        if ( (uint8_t)ram[off] != memory_initial[off] )
            add_change(off, ram[off]);
}

static void end_changes(void)
{
    add(any_change ? " " : "- ");
    any_change = false;
}

void random_run(const struct mode *mode)
{
    const struct view *view = env_view(mode->level);
    bool any_opcode = mode->level != LEVEL_KERNEL &&
                      mode->level != LEVEL_ALIAS;
    unsigned long i;
    const uint8_t *p;

    /* Must not be zero, nor the same in each mode. */
    state = 0x9e3779b97f4a7c15 ^ (options.random_seed * NR_LEVELS +
                                  mode->level);

    for ( i = 0; i < options.random_count; i++ )
    {
        unsigned long id, off = options.at[random(options.nr_at)] +
                                random(16);

        make_instruction(view, any_opcode);
        id = execute(&form, mode, off);

        add("random %lu %s %lx ", id, mode->name, off);
        execute_add_verdict();
        add(" ");
        for ( p = code; p < code + LONGEST; p++ )
            add("%lx%lx", *p / 16UL, *p % 16UL);
        add(" ");
        add_ram_changes();
        end_changes();
        if ( options.window )
            memory_changes(add_change);
        end_changes();
        say("%s", "");
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
