/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The debug key: what it prints.
 */

#include "test.h"

static void check_key(const char *expected, const char *when)
{
    emul_press('W');
    CHECK(!strcmp(emul_console, expected), "%s: printed\n%sinstead of\n%s",
          when, emul_console, expected);
    emul_console[0] = '\0';
}

#define TITLE "'W' pressed -> partially protected MMIO pages\n"
#define LOW_PAGE \
    "  0x000000000a0000: 0 writes forwarded, 0 refused\n" \
    "    protected: 0x000000000a0008-0x000000000a000f\n"

/*
 * A broken engine leaves out a page or a range, e.g. one at the page's start
 * or end, joins ranges which are apart, mistakes the counts, or crashes when
 * there is nothing to print.
 */
static void print_pages(void)
{
    static struct model model;
    unsigned int i;

    check_key(TITLE, "never used");

    init_model(&model, MMIO);
    add(MMIO, 0, 0x10);
    memset(model.ro, true, 0x10);
    add(MMIO, 0x100, 8);
    memset(model.ro + 0x100, true, 8);
    add(MMIO, 0xff8, 0x1008);
    memset(model.ro + 0xff8, true, 8);
    add(LOW, 8, 8);

    for ( i = 0; i < 5; i++ )
        check_write(&model, 0x10 + i, 1, i);
    for ( i = 0; i < 3; i++ )
        check_write(&model, 0xfe, 4, i);
    check_read(&model, 0x20, 4);
    check_rmw(&model, 0x20, 4, 0, 0);

    check_key(TITLE LOW_PAGE
              "  0x000000febf0000: 6 writes forwarded, 3 refused\n"
              "    protected: 0x000000febf0000-0x000000febf000f\n"
              "    protected: 0x000000febf0100-0x000000febf0107\n"
              "    protected: 0x000000febf0ff8-0x000000febf0fff\n"
              "  0x000000febf1000: 0 writes forwarded, 0 refused\n"
              "    protected: 0x000000febf1000-0x000000febf1fff\n",
              "three pages");

    remove_ro(MMIO, 0, 0x10);
    remove_ro(MMIO, 0x100, 8);
    remove_ro(MMIO, 0xff8, 0x1008);
    check_key(TITLE LOW_PAGE, "one page left");

    remove_ro(LOW, 8, 8);
    check_key(TITLE, "none left");
    check_nothing_left();
}

const struct test key_tests[] = {
    { "debug key", print_pages },
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
