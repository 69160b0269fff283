/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks pages up, for an emulator to count the instructions of look_up():
 *
 *   lookup <number of pages, all protected, one after the other>
 */

#include <stdarg.h>

#include "test.h"

#define LOOK_UPS 1000U
#define FIRST    0xd0000UL

void fail(const char *file, int line, const char *what, const char *fmt, ...)
{
    fprintf(stderr, "%s:%d: not (%s)\n", file, line, what);
    _exit(1);
}

static void __attribute__((__noinline__)) look_up(unsigned long mfn)
{
    struct subpage_mmio *page = subpage_mmio_get(_mfn(mfn));

    if ( page )
        subpage_mmio_put(page);
    else
        abort();
}

int main(int argc, char *argv[])
{
    unsigned long i, nr = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;

    if ( !nr || nr > 100000 )
    {
        fprintf(stderr, "usage: lookup <number of pages, 1 to 100000>\n");
        return 2;
    }

    emul_boot("", NULL);
    for ( i = 0; i < nr; i++ )
        add(FIRST + i, 0, GRANULE);
    for ( i = 0; i < LOOK_UPS; i++ )
        look_up(FIRST + i * nr / LOOK_UPS);

    printf("%u look-ups, %zu bytes\n", LOOK_UPS, emul_bytes);

    return 0;
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
