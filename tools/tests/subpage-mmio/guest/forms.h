/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every form of instruction that writes to memory, a row each:
 *
 *   FORM(name, assembly, operations, further members of struct form)
 *
 * FORM64 and FORM32 are for code of one width only.  Included several times,
 * with FORM defined as suits.
 *
 * What the code finds:
 * - DI is the operand's address, SI that of 64 bytes to read;
 * - the other registers hold values without two equal bytes; CL is 5, and
 *   CF is set;
 * - memory holds 11 22 33 44 55 66 77 88 in every aligned 8 bytes;
 * - the x87 registers hold numbers above 1024 with long mantissas;
 * - register 1 of MMX, SSE and AVX is a mask: of bytes 0, 3, 4, 5, 10 and 15
 *   (MMX: 0, 3, 4 and 7), so of the 4-byte elements 0 and 3, and of the
 *   upper 8-byte one.  The other halves of AVX registers are like the lower
 *   ones.
 *
 * Not here, as the right answer differs between a PV guest on the processor
 * and one that is emulated, without memory being at fault: SGDT, SIDT, SLDT,
 * STR, SMSW (the processor's real state; Xen has a virtual one).  INS needs
 * a port that user mode may use.  PUSHA pushes the address under test.
 */

/* In parentheses, to be one argument of a macro within a macro. */
#define OPS(...)      (__VA_ARGS__)
#define W(rel, width) { 'w', rel, width }
#define M(rel, width) { 'm', rel, width }

#define MEM           "(" R("di") ")"
#define SRC           "(" R("si") ")"

/*
 * 16-bit code has 32-bit addresses, too: what does not name a register needs
 * a prefix for it, and what does not name its width a suffix.
 */
#if FORM_BITS == 16
#define A32           "addr32 "
#define L             "l"
#else
#define A32           ""
#define L             ""
#endif

#define LOCKED(name, text, ops, ...)                                    \
    FORM(name, text, ops, ## __VA_ARGS__)                               \
    FORM(lock_##name, "lock " text, ops, .locked = true, ## __VA_ARGS__)
#define LOCKED64(name, text, ops, ...)                                  \
    FORM64(name, text, ops, ## __VA_ARGS__)                             \
    FORM64(lock_##name, "lock " text, ops, .locked = true, ## __VA_ARGS__)

/* Plain stores. */

FORM(mov_r8,    "mov %al," MEM,                 OPS(W(0, 1)))
FORM(mov_rh8,   "mov %bh," MEM,                 OPS(W(0, 1)))
FORM(mov_r16,   "mov %ax," MEM,                 OPS(W(0, 2)))
FORM(mov_r32,   "mov %eax," MEM,                OPS(W(0, 4)))
FORM64(mov_r64, "mov %rax," MEM,                OPS(W(0, 8)))
FORM64(mov_r15, "mov %r15d," MEM,               OPS(W(0, 4)))
FORM(mov_i8,    "movb $0x5a," MEM,              OPS(W(0, 1)))
FORM(mov_i16,   "movw $0x5a6b," MEM,            OPS(W(0, 2)))
FORM(mov_i32,   "movl $0x5a6b7c8d," MEM,        OPS(W(0, 4)))
FORM64(mov_i64, "movq $-0x5a6b7c8d," MEM,       OPS(W(0, 8)))

/* Other ways to say where. */
FORM(mov_sib,   "mov %eax,-8(" R("di") "," R("cx") ",4)", OPS(W(12, 4)),
     .cx = 5)
FORM64(mov_addr32, "mov %eax,(%edi)",           OPS(W(0, 4)))
FORM(mov_disp32, A32 "mov %ebx,%ds:0",          OPS(W(0, 4)), .address = 4)
FORM64(mov_rip, "mov %eax,0(%rip)",             OPS(W(0, 4)), .address = 4,
       .relative = true)
FORM64(xadd_rip, "xadd %eax,0(%rip)",           OPS(M(0, 4)), .address = 4,
       .relative = true)
#if FORM_BITS == 64
#define MOFFS(reg)  "movabs " reg ",0"
#define MOFFS_SIZE  8
#else
#define MOFFS(reg)  A32 "mov " reg ",0"
#define MOFFS_SIZE  4
#endif
FORM(mov_moffs8,    MOFFS("%al"),               OPS(W(0, 1)),
     .address = MOFFS_SIZE)
FORM(mov_moffs16,   MOFFS("%ax"),               OPS(W(0, 2)),
     .address = MOFFS_SIZE)
FORM(mov_moffs32,   MOFFS("%eax"),              OPS(W(0, 4)),
     .address = MOFFS_SIZE)
FORM64(mov_moffs64, MOFFS("%rax"),              OPS(W(0, 8)),
       .address = MOFFS_SIZE)

/* With a segment's base in the address. */
FORM(mov_fs,    "mov %eax,%fs:" MEM,            OPS(W(0, 4)), .segment = true)
FORM(mov_gs,    "mov %eax,%gs:" MEM,            OPS(W(0, 4)), .segment = true)
FORM64(mov_gs64, "mov %rax,%gs:" MEM,           OPS(W(0, 8)), .segment = true)
FORM(or_fs,     "orb $0x40,%fs:" MEM,           OPS(M(0, 1)), .segment = true)
FORM(lock_xadd_gs, "lock xadd %eax,%gs:" MEM,   OPS(M(0, 4)), .segment = true,
     .locked = true)

FORM(mov_ds,    "mov %ds," MEM,                 OPS(W(0, 2)))
FORM(mov_es,    "mov %es," MEM,                 OPS(W(0, 2)))
FORM(mov_fs_sel, "mov %fs," MEM,                OPS(W(0, 2)))
FORM(mov_gs_sel, "mov %gs," MEM,                OPS(W(0, 2)))
FORM(movnti_r32, "movnti %eax," MEM,            OPS(W(0, 4)))
FORM64(movnti_r64, "movnti %rax," MEM,          OPS(W(0, 8)))
FORM(setc,      "setc " MEM,                    OPS(W(0, 1)))
FORM(setz,      "setz " MEM,                    OPS(W(0, 1)))
#if FORM_BITS != 16     /* where QEMU gets the widths wrong */
FORM(movbe_r16, "movbe %ax," MEM,               OPS(W(0, 2)), .needs = MOVBE)
FORM(movbe_r32, "movbe %eax," MEM,              OPS(W(0, 4)), .needs = MOVBE)
#endif
FORM64(movbe_r64, "movbe %rax," MEM,            OPS(W(0, 8)), .needs = MOVBE)
FORM(movdiri_r32, "movdiri %eax," MEM,          OPS(W(0, 4)), .needs = MOVDIRI)
FORM64(movdiri_r64, "movdiri %rax," MEM,        OPS(W(0, 8)), .needs = MOVDIRI)
FORM(movdir64b, "movdir64b " SRC "," R("di"),   OPS(W(0, 64)),
     .needs = MOVDIR64B)

/* Read-modify-write. */

#define ARITHMETIC(insn)                                                \
    LOCKED(insn##_r8,    #insn " %al," MEM,             OPS(M(0, 1)))   \
    FORM(insn##_r16,     #insn " %ax," MEM,             OPS(M(0, 2)))   \
    LOCKED(insn##_r32,   #insn " %eax," MEM,            OPS(M(0, 4)))   \
    LOCKED64(insn##_r64, #insn " %rax," MEM,            OPS(M(0, 8)))   \
    FORM(insn##_i8,      #insn "b $0x2d," MEM,          OPS(M(0, 1)))   \
    FORM(insn##_i16,     #insn "w $0x2d3c," MEM,        OPS(M(0, 2)))   \
    FORM(insn##_i32,     #insn "l $-3," MEM,            OPS(M(0, 4)))

ARITHMETIC(add)
ARITHMETIC(or)
ARITHMETIC(adc)
ARITHMETIC(sbb)
ARITHMETIC(and)
ARITHMETIC(sub)
ARITHMETIC(xor)

#define UNARY(insn)                                                     \
    FORM(insn##_m8,     #insn "b " MEM,                 OPS(M(0, 1)))   \
    FORM(insn##_m16,    #insn "w " MEM,                 OPS(M(0, 2)))   \
    LOCKED(insn##_m32,  #insn "l " MEM,                 OPS(M(0, 4)))   \
    FORM64(insn##_m64,  #insn "q " MEM,                 OPS(M(0, 8)))

UNARY(inc)
UNARY(dec)
UNARY(not)
UNARY(neg)

#define SHIFT(insn)                                                     \
    FORM(insn##_1_m8,   #insn "b " MEM,                 OPS(M(0, 1)))   \
    FORM(insn##_i_m16,  #insn "w $3," MEM,              OPS(M(0, 2)))   \
    FORM(insn##_cl_m32, #insn "l %cl," MEM,             OPS(M(0, 4)))   \
    FORM64(insn##_i_m64, #insn "q $33," MEM,            OPS(M(0, 8)))

SHIFT(shl)
SHIFT(shr)
SHIFT(sar)
SHIFT(rol)
SHIFT(ror)

/*
 * QEMU has set the new CF by the time that the store faults.  The processor
 * has not, and it is the old CF that gets rotated in when the instruction is
 * emulated.  Hence let old and new CF be the same.
 */
#define CARRY(bit)      .carry = true, .carry_bit = bit
FORM(rcl_1_m8,     "rclb " MEM,         OPS(M(0, 1)), CARRY(7))
FORM(rcl_i_m16,    "rclw $3," MEM,      OPS(M(0, 2)), CARRY(16 - 3))
FORM(rcl_cl_m32,   "rcll %cl," MEM,     OPS(M(0, 4)), CARRY(32 - 5))
FORM64(rcl_i_m64,  "rclq $33," MEM,     OPS(M(0, 8)), CARRY(64 - 33))
FORM(rcr_1_m8,     "rcrb " MEM,         OPS(M(0, 1)), CARRY(0))
FORM(rcr_i_m16,    "rcrw $3," MEM,      OPS(M(0, 2)), CARRY(3 - 1))
FORM(rcr_cl_m32,   "rcrl %cl," MEM,     OPS(M(0, 4)), CARRY(5 - 1))
FORM64(rcr_i_m64,  "rcrq $33," MEM,     OPS(M(0, 8)), CARRY(33 - 1))

#define DOUBLE_SHIFT(insn)                                              \
    FORM(insn##_i_r16,  #insn " $3,%ax," MEM,           OPS(M(0, 2)))   \
    FORM(insn##_cl_r32, #insn " %cl,%eax," MEM,         OPS(M(0, 4)))   \
    FORM64(insn##_cl_r64, #insn " %cl,%rax," MEM,       OPS(M(0, 8)))

DOUBLE_SHIFT(shld)
DOUBLE_SHIFT(shrd)

FORM(xchg_r8,    "xchg %al," MEM,               OPS(M(0, 1)), .locked = true)
FORM(xchg_r16,   "xchg %ax," MEM,               OPS(M(0, 2)), .locked = true)
FORM(xchg_r32,   "xchg %eax," MEM,              OPS(M(0, 4)), .locked = true)
FORM64(xchg_r64, "xchg %rax," MEM,              OPS(M(0, 8)), .locked = true)

LOCKED(xadd_r8,  "xadd %al," MEM,               OPS(M(0, 1)))
FORM(xadd_r16,   "xadd %ax," MEM,               OPS(M(0, 2)))
LOCKED(xadd_r32, "xadd %eax," MEM,              OPS(M(0, 4)))
LOCKED64(xadd_r64, "xadd %rax," MEM,            OPS(M(0, 8)))

/* One that fails still writes what it has read. */
#define COMPARE_EXCHANGE(which, ...)                                    \
    LOCKED(cmpxchg_r8_##which,  "cmpxchg %bl," MEM,     OPS(M(0, 1)),   \
           ## __VA_ARGS__)                                              \
    FORM(cmpxchg_r16_##which,   "cmpxchg %bx," MEM,     OPS(M(0, 2)),   \
         ## __VA_ARGS__)                                                \
    LOCKED(cmpxchg_r32_##which, "cmpxchg %ebx," MEM,    OPS(M(0, 4)),   \
           ## __VA_ARGS__)                                              \
    LOCKED64(cmpxchg_r64_##which, "cmpxchg %rbx," MEM,  OPS(M(0, 8)),   \
             ## __VA_ARGS__)                                            \
    LOCKED(cmpxchg8b_##which,   "cmpxchg8b " MEM,       OPS(M(0, 8)),   \
           ## __VA_ARGS__)                                              \
    LOCKED64(cmpxchg16b_##which, "cmpxchg16b " MEM,     OPS(M(0, 16)),  \
             .needs = CX16, ## __VA_ARGS__)

COMPARE_EXCHANGE(ok, .equal = true)
COMPARE_EXCHANGE(fail)

/* A bit number in a register also selects the word, others do not. */
#define BIT(insn)                                                       \
    LOCKED(insn##_i_m32, #insn "l $9," MEM,             OPS(M(0, 4)))   \
    FORM(insn##_i_m32_wide, #insn "l $32 + 9," MEM,     OPS(M(0, 4)))   \
    FORM(insn##_r32,     #insn " %edx," MEM,            OPS(M(0, 4)),   \
         .dx = 9)                                                       \
    FORM(insn##_r16_next, #insn " %dx," MEM,            OPS(M(2, 2)),   \
         .dx = 16 + 9)                                                  \
    LOCKED(insn##_r32_next, #insn " %edx," MEM,         OPS(M(4, 4)),   \
           .dx = 32 + 9)                                                \
    FORM(insn##_r32_before, #insn " %edx," MEM,         OPS(M(-4, 4)),  \
         .dx = -32L + 9)                                                \
    FORM64(insn##_r64_next, #insn " %rdx," MEM,         OPS(M(8, 8)),   \
           .dx = 64 + 9)

BIT(bts)
BIT(btr)
BIT(btc)

/* Strings. */

#define STRING(insn)                                                    \
    FORM(insn##b,       A32 #insn "b",          OPS(W(0, 1)))           \
    FORM(insn##w,       A32 #insn "w",          OPS(W(0, 2)))           \
    FORM(insn##l,       A32 #insn "l",          OPS(W(0, 4)))           \
    FORM64(insn##q,     #insn "q",              OPS(W(0, 8)))           \
    FORM(insn##l_back,  A32 #insn "l",          OPS(W(0, 4)),           \
         .backwards = true)

#define REPEAT(insn)                                                    \
    FORM(rep_##insn##b_5, A32 "rep " #insn "b",                         \
         OPS(W(0, 1), W(1, 1), W(2, 1), W(3, 1), W(4, 1)),              \
         .repeated = true, .cx = 5)                                     \
    FORM(rep_##insn##w_3, A32 "rep " #insn "w",                         \
         OPS(W(0, 2), W(2, 2), W(4, 2)),                                \
         .repeated = true, .cx = 3)                                     \
    FORM(rep_##insn##l_1, A32 "rep " #insn "l",                         \
         OPS(W(0, 4)),                                                  \
         .repeated = true, .cx = 1)                                     \
    FORM(rep_##insn##l_3, A32 "rep " #insn "l",                         \
         OPS(W(0, 4), W(4, 4), W(8, 4)),                                \
         .repeated = true, .cx = 3)                                     \
    FORM(rep_##insn##l_5, A32 "rep " #insn "l",                         \
         OPS(W(0, 4), W(4, 4), W(8, 4), W(12, 4), W(16, 4)),            \
         .repeated = true, .cx = 5)                                     \
    FORM64(rep_##insn##q_3, "rep " #insn "q",                           \
           OPS(W(0, 8), W(8, 8), W(16, 8)),                             \
           .repeated = true, .cx = 3)                                   \
    FORM(rep_##insn##b_5_back, A32 "rep " #insn "b",                    \
         OPS(W(0, 1), W(-1, 1), W(-2, 1), W(-3, 1), W(-4, 1)),          \
         .repeated = true, .cx = 5, .backwards = true)                  \
    FORM(rep_##insn##l_3_back, A32 "rep " #insn "l",                    \
         OPS(W(0, 4), W(-4, 4), W(-8, 4)),                              \
         .repeated = true, .cx = 3, .backwards = true)                  \
    FORM64(rep_##insn##q_3_back, "rep " #insn "q",                      \
           OPS(W(0, 8), W(-8, 8), W(-16, 8)),                           \
           .repeated = true, .cx = 3, .backwards = true)

STRING(stos)
STRING(movs)
FORM(movsl_device, A32 "movsl", OPS(W(0, 4)), .device_source = true)
REPEAT(stos)
REPEAT(movs)
FORM64(rep_stosl_3_addr32, "addr32 rep stosl",
       OPS(W(0, 4), W(4, 4), W(8, 4)), .repeated = true, .cx = 3)
FORM(rep_movsl_3_device, A32 "rep movsl",
     OPS(W(0, 4), W(4, 4), W(8, 4)), .repeated = true, .cx = 3,
     .device_source = true)

/* The stack. */

FORM(push_r16,     "push %ax",          OPS(W(0, 2)), .stack = 2)
FORM64(push_r64,   "push %rax",         OPS(W(0, 8)), .stack = 8)
FORM64(push_i64,   "push $-3",          OPS(W(0, 8)), .stack = 8)
FORM64(push_m64,   "push " SRC,         OPS(W(0, 8)), .stack = 8)
FORM64(push_fs64,  "push %fs",          OPS(W(0, 8)), .stack = 8)
FORM64(pushf64,    "pushfq",            OPS(W(0, 8)), .stack = 8)
FORM64(call64,     "call 1f; 1:",       OPS(W(0, 8)), .stack = 8)
FORM64(enter64,    "enter $0,$0",       OPS(W(0, 8)), .stack = 8)
FORM64(pop_m64,    "pop " MEM,          OPS(W(0, 8)))
FORM32(push_r32,   "push %eax",         OPS(W(0, 4)), .stack = 4)
FORM32(push_i32,   "pushl $-3",         OPS(W(0, 4)), .stack = 4)
FORM32(push_m32,   "pushl " SRC,        OPS(W(0, 4)), .stack = 4)
FORM32(pushf32,    "pushfl",            OPS(W(0, 4)), .stack = 4)
FORM32(call32,     "calll 1f; 1:",      OPS(W(0, 4)), .stack = 4)
FORM32(enter32,    "enterl $0,$0",      OPS(W(0, 4)), .stack = 4)
FORM32(pop_m32,    "popl " MEM,         OPS(W(0, 4)))
FORM(pop_m16,      "popw " MEM,         OPS(W(0, 2)))

/* x87. */

FORM(fst_m32,    "fsts " MEM,           OPS(W(0, 4)))
FORM(fst_m64,    "fstl " MEM,           OPS(W(0, 8)))
FORM(fstp_m32,   "fstps " MEM,          OPS(W(0, 4)))
FORM(fstp_m64,   "fstpl " MEM,          OPS(W(0, 8)))
FORM(fstp_m80,   "fstpt " MEM,          OPS(W(0, 10)))
FORM(fist_m16,   "fists " MEM,          OPS(W(0, 2)))
FORM(fist_m32,   "fistl " MEM,          OPS(W(0, 4)))
FORM(fistp_m16,  "fistps " MEM,         OPS(W(0, 2)))
FORM(fistp_m32,  "fistpl " MEM,         OPS(W(0, 4)))
FORM(fistp_m64,  "fistpll " MEM,        OPS(W(0, 8)))
FORM(fisttp_m16, "fisttps " MEM,        OPS(W(0, 2)), .needs = SSE3)
FORM(fisttp_m32, "fisttpl " MEM,        OPS(W(0, 4)), .needs = SSE3)
FORM(fisttp_m64, "fisttpll " MEM,       OPS(W(0, 8)), .needs = SSE3)
FORM(fbstp,      "fbstp " MEM,          OPS(W(0, 10)))
FORM(fnstcw,     "fnstcw " MEM,         OPS(W(0, 2)))
FORM(fnstsw,     "fnstsw " MEM,         OPS(W(0, 2)))
FORM(fnstenv,    "fnstenv" L " " MEM,   OPS(W(0, 28)), .pointers = true)
FORM(fnsave,     "fnsave" L " " MEM,    OPS(W(0, 108)), .pointers = true)
FORM(fxsave,     "fxsave " MEM,         OPS(W(0, 512)), .sparse = true)
FORM64(fxsave64, "fxsave64 " MEM,       OPS(W(0, 512)), .sparse = true)

/* EAX asks for the x87 and SSE state. */
FORM(xsave,      "xsave " MEM,          OPS(W(0, 512), M(512, 8)),
     .needs = XSAVE, .fault = true, .sparse = true)

/* MMX. */

FORM(mmx_movd,   "movd %mm0," MEM,      OPS(W(0, 4)))
FORM(mmx_movq,   "movq %mm0," MEM,      OPS(W(0, 8)))
FORM(movntq,     "movntq %mm0," MEM,    OPS(W(0, 8)))
FORM(maskmovq,   A32 "maskmovq %mm1,%mm0",
     OPS(W(0, 1), W(3, 1), W(4, 1), W(7, 1)),
     .masked = true)

/* SSE. */

FORM(movd,       "movd %xmm0," MEM,     OPS(W(0, 4)))
FORM(movq,       "movq %xmm0," MEM,     OPS(W(0, 8)))
FORM(movss,      "movss %xmm0," MEM,    OPS(W(0, 4)))
FORM(movsd,      "movsd %xmm0," MEM,    OPS(W(0, 8)))
FORM(movlps,     "movlps %xmm0," MEM,   OPS(W(0, 8)))
FORM(movhps,     "movhps %xmm0," MEM,   OPS(W(0, 8)))
FORM(movlpd,     "movlpd %xmm0," MEM,   OPS(W(0, 8)))
FORM(movhpd,     "movhpd %xmm0," MEM,   OPS(W(0, 8)))
FORM(movups,     "movups %xmm0," MEM,   OPS(W(0, 16)))
FORM(movaps,     "movaps %xmm0," MEM,   OPS(W(0, 16)))
FORM(movupd,     "movupd %xmm0," MEM,   OPS(W(0, 16)))
FORM(movdqu,     "movdqu %xmm0," MEM,   OPS(W(0, 16)))
FORM(movdqa,     "movdqa %xmm0," MEM,   OPS(W(0, 16)))
FORM(movntps,    "movntps %xmm0," MEM,  OPS(W(0, 16)))
FORM(movntpd,    "movntpd %xmm0," MEM,  OPS(W(0, 16)))
FORM(movntdq,    "movntdq %xmm0," MEM,  OPS(W(0, 16)))
FORM64(movups_xmm9, "movups %xmm9," MEM, OPS(W(0, 16)))
FORM(maskmovdqu, A32 "maskmovdqu %xmm1,%xmm0",
     OPS(W(0, 1), W(3, 1), W(4, 1), W(5, 1), W(10, 1), W(15, 1)),
     .masked = true)
FORM(stmxcsr,    "stmxcsr " MEM,        OPS(W(0, 4)))
FORM(pextrb,     "pextrb $3,%xmm0," MEM, OPS(W(0, 1)), .needs = SSE41)
FORM(pextrw,     "pextrw $3,%xmm0," MEM, OPS(W(0, 2)), .needs = SSE41)
FORM(pextrd,     "pextrd $3,%xmm0," MEM, OPS(W(0, 4)), .needs = SSE41)
FORM64(pextrq,   "pextrq $1,%xmm0," MEM, OPS(W(0, 8)), .needs = SSE41)
FORM(extractps,  "extractps $2,%xmm0," MEM, OPS(W(0, 4)), .needs = SSE41)
FORM(movntss,    "movntss %xmm0," MEM,  OPS(W(0, 4)), .needs = SSE4A)
FORM(movntsd,    "movntsd %xmm0," MEM,  OPS(W(0, 8)), .needs = SSE4A)

/* AVX. */

FORM(vmovd,      "vmovd %xmm0," MEM,    OPS(W(0, 4)), .needs = AVX)
FORM(vmovq,      "vmovq %xmm0," MEM,    OPS(W(0, 8)), .needs = AVX)
FORM(vmovss,     "vmovss %xmm0," MEM,   OPS(W(0, 4)), .needs = AVX)
FORM(vmovhps,    "vmovhps %xmm0," MEM,  OPS(W(0, 8)), .needs = AVX)
FORM(vmovups_x,  "vmovups %xmm0," MEM,  OPS(W(0, 16)), .needs = AVX)
FORM(vmovups_y,  "vmovups %ymm0," MEM,  OPS(W(0, 32)), .needs = AVX)
FORM(vmovaps_y,  "vmovaps %ymm0," MEM,  OPS(W(0, 32)), .needs = AVX)
FORM(vmovdqu_x,  "vmovdqu %xmm0," MEM,  OPS(W(0, 16)), .needs = AVX)
FORM(vmovdqu_y,  "vmovdqu %ymm0," MEM,  OPS(W(0, 32)), .needs = AVX)
FORM(vmovntdq_y, "vmovntdq %ymm0," MEM, OPS(W(0, 32)), .needs = AVX)
FORM(vextractf128, "vextractf128 $1,%ymm0," MEM, OPS(W(0, 16)), .needs = AVX)
FORM(vextracti128, "vextracti128 $1,%ymm0," MEM, OPS(W(0, 16)), .needs = AVX2)
FORM(vmaskmovps_x, "vmaskmovps %xmm0,%xmm1," MEM,
     OPS(W(0, 4), W(12, 4)), .needs = AVX, .masked = true)
FORM(vmaskmovps_y, "vmaskmovps %ymm0,%ymm1," MEM,
     OPS(W(0, 4), W(12, 4), W(16, 4), W(28, 4)), .needs = AVX, .masked = true)
FORM(vmaskmovpd_x, "vmaskmovpd %xmm0,%xmm1," MEM,
     OPS(W(8, 8)), .needs = AVX, .masked = true)
FORM(vpmaskmovd_y, "vpmaskmovd %ymm0,%ymm1," MEM,
     OPS(W(0, 4), W(12, 4), W(16, 4), W(28, 4)), .needs = AVX2,
     .masked = true)
FORM(vpextrd,    "vpextrd $3,%xmm0," MEM, OPS(W(0, 4)), .needs = AVX)
FORM(vstmxcsr,   "vstmxcsr " MEM,       OPS(W(0, 4)), .needs = AVX)
FORM(vmovups_z,  "vmovups %zmm0," MEM,  OPS(W(0, 64)), .needs = AVX512F)
FORM(vmovntps_z, "vmovntps %zmm0," MEM, OPS(W(0, 64)), .needs = AVX512F)

#undef OPS
#undef W
#undef M
#undef MEM
#undef SRC
#undef A32
#undef L
#undef MOFFS
#undef MOFFS_SIZE
#undef LOCKED
#undef LOCKED64
#undef ARITHMETIC
#undef UNARY
#undef SHIFT
#undef CARRY
#undef DOUBLE_SHIFT
#undef COMPARE_EXCHANGE
#undef BIT
#undef STRING
#undef REPEAT

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
