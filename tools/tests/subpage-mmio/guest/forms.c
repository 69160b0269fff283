/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of forms and their code, for one width of code: FORM_BITS.
 * In a 64-bit kernel the 32-bit ones serve compatibility mode.  The 16-bit
 * ones have 32-bit addresses.
 */

#include "env.h"
#include "form.h"

#define CAT_(a, b) a ## b
#define CAT(a, b)  CAT_(a, b)

#define START(name) CAT(CAT(CAT(form, FORM_BITS), _), name)
#define END(name)   CAT(START(name), _end)

#if FORM_BITS == 64
#define R(reg)                       "%r" reg
#define FORM64(name, text, ops, ...) FORM(name, text, ops, ## __VA_ARGS__)
#define FORM32(name, text, ops, ...)
#else
#define R(reg)                       "%e" reg
#define FORM64(name, text, ops, ...)
#define FORM32(name, text, ops, ...) FORM(name, text, ops, ## __VA_ARGS__)
#endif

/* The code.  All of it can be written to, for the forms with an address. */
#define FORM(name, text, ops, ...)                      \
    asm ( ".pushsection .forms,\"awx\"\n"               \
          ".code" STR(FORM_BITS) "\n"                   \
          STR(START(name)) ":\n\t" text "\n"            \
          STR(END(name)) ":\n\t"                        \
          "int $" STR(EXIT_VECTOR) "\n"                 \
          ".popsection\n" );                            \
    extern char START(name)[], END(name)[];
#include "forms.h"
#undef FORM

#define LIST(...) __VA_ARGS__
#define FORM(form_name, text, ops, ...)                 \
    {                                                   \
        .name = #form_name,                             \
        .start = START(form_name),                      \
        .end = END(form_name),                          \
        .op = { LIST ops },                             \
        __VA_ARGS__                                     \
    },
const struct form CAT(forms, FORM_BITS)[] = {
#include "forms.h"
    {}
};

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
