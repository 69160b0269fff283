/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boot option: good and bad input.  Each piece gets one line, a bad one's
 * quotes it, and the others still apply.
 */

#include "test.h"

#define MAX_PIECES 32

struct option {
    const char *cmdline;
    /* What is to be on the console, in order: one of each a line. */
    const char *lines[MAX_PIECES];
    /* What is to be protected, in bytes. */
    struct {
        paddr_t first, last;
    } ranges[MAX_PIECES];
};

#define GOOD(piece) XENLOG_INFO "\0" piece
#define BAD(piece) XENLOG_ERR "\0\"" piece "\""
#define BAD_FOR(piece, why) XENLOG_ERR "\0\"" piece "\": " why
#define CUT XENLOG_ERR "\0too long"

/* A line has to have this level, and these words. */
static void check_line(char *line, const char *expected)
{
    const char *words = expected + strlen(expected) + 1;

    CHECK(line && !strncmp(line, expected, strlen(expected)) &&
          strstr(line, words), "line \"%s\" instead of %s...%s",
          line ?: "", expected, words);
}

void run_option(const struct option *option)
{
    unsigned long granules = 0, found = 0;
    struct state state;
    unsigned int i, j;
    char *line;

    emul_boot(option->cmdline, NULL);

    line = strtok(emul_console, "\n");
    for ( i = 0; option->lines[i]; i++, line = strtok(NULL, "\n") )
        check_line(line, option->lines[i]);
    CHECK(!line, "one line more than expected: \"%s\"", line);

    for ( i = 0; option->ranges[i].last; i++ )
    {
        paddr_t at = option->ranges[i].first;

        for ( ; at < option->ranges[i].last; at += GRANULE, granules++ )
        {
            struct page_state page = page_state(PFN_DOWN(at));

            CHECK(is_ro(&page, PAGE_OFFSET(at)), "%#lx is not protected", at);
        }
    }

    get_state(&state);
    for ( i = 0; i < state.nr_pages; i++ )
        for ( j = 0; j < NR_GRANULES; j++ )
            found += is_ro(&state.page[i], j * GRANULE);
    CHECK(found == granules, "%lu granules are protected instead of %lu",
          found, granules);
}

#define OPT "subpage-mmio-ro="
#define A "febf1100-febf113f"
#define RANGE_A { 0xfebf1100, 0xfebf113f }
#define B "0xfebf2200-0xfebf2207"
#define RANGE_B { 0xfebf2200, 0xfebf2207 }

/* A row: its name, the command line, the lines, and the ranges, in braces. */
#define LIST(...) { __VA_ARGS__ }
#define ROW(what, text, lines_, ranges_)                                \
    { "option: " what, .option = &(const struct option){                \
        .cmdline = text, .lines = lines_, .ranges = ranges_ } }
/* One bad piece, alone and in the middle of good ones. */
#define BAD_PIECE(what, piece)                                          \
    ROW(what, OPT piece, LIST(BAD(piece)), LIST()),                     \
    ROW(what ", among good ones", OPT A "," piece "," B,                \
        LIST(GOOD(A), BAD(piece), GOOD(B)), LIST(RANGE_A, RANGE_B))

/* Five pieces, with commas 110 characters; 111 are left beside the name. */
#define FIVE_GOOD(p)                                                    \
    GOOD("0xfebf" p "000-0xfebf" p "007"),                              \
    GOOD("0xfebf" p "010-0xfebf" p "017"),                              \
    GOOD("0xfebf" p "020-0xfebf" p "027"),                              \
    GOOD("0xfebf" p "030-0xfebf" p "037"),                              \
    GOOD("0xfebf" p "040-0xfebf" p "047")
#define FIVE(p)                                                         \
    "0xfebf" p "000-0xfebf" p "007,0xfebf" p "010-0xfebf" p "017,"      \
    "0xfebf" p "020-0xfebf" p "027,0xfebf" p "030-0xfebf" p "037,"      \
    "0xfebf" p "040-0xfebf" p "047,"
#define FIVE_RANGES(p)                                                  \
    { 0xfebf ## p ## 000, 0xfebf ## p ## 007 },                         \
    { 0xfebf ## p ## 010, 0xfebf ## p ## 017 },                         \
    { 0xfebf ## p ## 020, 0xfebf ## p ## 027 },                         \
    { 0xfebf ## p ## 030, 0xfebf ## p ## 037 },                         \
    { 0xfebf ## p ## 040, 0xfebf ## p ## 047 }

const struct test option_tests[] = {
    ROW("none", "", LIST(), LIST()),
    ROW("one range", OPT A, LIST(GOOD(A)), LIST(RANGE_A)),
    ROW("prefix 0x", OPT B, LIST(GOOD(B)), LIST(RANGE_B)),
    ROW("prefix 0X, upper case", OPT "0XFEBF2200-0XFEBF2207",
        LIST(GOOD("0XFEBF2200-0XFEBF2207")), LIST(RANGE_B)),
    ROW("16 digits", OPT "0x00000000febf2200-00000000febf2207",
        LIST(GOOD("0x00000000febf2200-00000000febf2207")), LIST(RANGE_B)),
    ROW("several ranges", OPT A "," B, LIST(GOOD(A), GOOD(B)),
        LIST(RANGE_A, RANGE_B)),
    ROW("several times", OPT A " " OPT B, LIST(GOOD(A), GOOD(B)),
        LIST(RANGE_A, RANGE_B)),
    ROW("several times, in part bad", OPT A ",x " OPT "y," B,
        LIST(GOOD(A), BAD("x"), BAD("y"), GOOD(B)), LIST(RANGE_A, RANGE_B)),
    ROW("a range of two pages", OPT "febf1ff8-febf2007",
        LIST(GOOD("febf1ff8-febf2007")), LIST({ 0xfebf1ff8, 0xfebf2007 })),
    ROW("adjacent ranges", OPT "febf1100-febf113f,febf1140-febf117f",
        LIST(GOOD("febf1100-febf113f"), GOOD("febf1140-febf117f")),
        LIST({ 0xfebf1100, 0xfebf117f })),

    BAD_PIECE("empty", ""),
    ROW("begins with a comma", OPT "," A, LIST(BAD(""), GOOD(A)),
        LIST(RANGE_A)),
    ROW("ends with a comma", OPT A ",", LIST(GOOD(A), BAD("")),
        LIST(RANGE_A)),
    ROW("empty, then good", OPT " " OPT A, LIST(BAD(""), GOOD(A)),
        LIST(RANGE_A)),
    BAD_PIECE("dash only", "-"),
    BAD_PIECE("prefixes only", "0x-0x"),
    BAD_PIECE("no dash", "febf3300"),
    BAD_PIECE("no first", "-febf3307"),
    BAD_PIECE("no last", "febf3300-"),
    BAD_PIECE("no digits after 0x", "febf3300-0x"),
    BAD_PIECE("two dashes", "febf3300--febf3307"),
    BAD_PIECE("three numbers", "febf3300-febf3307-febf330f"),
    BAD_PIECE("trailing garbage", "febf3300-febf3307k"),
    ROW("dots in between", OPT "febf3300...febf3307",
        LIST(BAD_FOR("febf3300...febf3307", "not of the form")), LIST()),
    BAD_PIECE("garbage in between", "febf3300+-febf3307"),
    BAD_PIECE("leading garbage", "@febf3300-febf3307"),
    BAD_PIECE("not hex", "gebf3300-gebf3307"),
    BAD_PIECE("sign", "+febf3300-febf3307"),
    BAD_PIECE("misaligned first", "febf3304-febf3307"),
    BAD_PIECE("misaligned last", "febf3300-febf3308"),
    BAD_PIECE("last is the first not to be protected", "febf3300-febf3310"),
    BAD_PIECE("reversed", "febf3308-febf3307"),
    BAD_PIECE("RAM", "100000-100007"),
    BAD_PIECE("page of RAM within", "fec0f000-fec11fff"),
    ROW("overlaps with the piece before", OPT A ",febf1138-febf1147," B,
        LIST(GOOD(A), BAD("febf1138-febf1147"), GOOD(B)),
        LIST(RANGE_A, RANGE_B)),
    ROW("twice the same", OPT A "," A, LIST(GOOD(A), BAD(A)), LIST(RANGE_A)),
    BAD_PIECE("wraps", "0-ffffffffffffffff"),
    BAD_PIECE("up to the last address", "ffffffffffffff00-ffffffffffffffff"),
    BAD_PIECE("beyond the address width", "10000000000-10000000007"),
    BAD_PIECE("17 digits", "00000000febf33000-0febf33007"),
    BAD_PIECE("17 digits in last", "febf3300-100000000febf3307"),
    BAD_PIECE("16 MiB and a bit", "e0000000-e1000007"),

    ROW("cut", OPT FIVE("1") FIVE("2"),
        LIST(FIVE_GOOD("1"), BAD_FOR("0...", "cut off"), CUT),
        LIST(FIVE_RANGES(1))),
    ROW("cut, then good", OPT FIVE("1") FIVE("2") " " OPT B,
        LIST(FIVE_GOOD("1"), BAD("0..."), GOOD(B), CUT),
        LIST(FIVE_RANGES(1), RANGE_B)),
    ROW("cut behind a comma",
        OPT FIVE("1") ",0-7000000000 " OPT B,
        LIST(FIVE_GOOD("1"), BAD(""), BAD("..."), GOOD(B), CUT),
        LIST(FIVE_RANGES(1), RANGE_B)),
    ROW("just not cut", OPT FIVE("1") " " OPT B,
        LIST(FIVE_GOOD("1"), BAD(""), GOOD(B)),
        LIST(FIVE_RANGES(1), RANGE_B)),
    ROW("all that fits in several, and one more",
        OPT FIVE("1") " " OPT FIVE("2") " " OPT FIVE("3") " " OPT FIVE("4") " "
        OPT "0xfebf5000-0xfebf5007,0xfebf5010-0xfebf5017,000febf5020-febf5027 "
        OPT B,
        LIST(FIVE_GOOD("1"), BAD(""), FIVE_GOOD("2"), BAD(""),
             FIVE_GOOD("3"), BAD(""), FIVE_GOOD("4"), BAD(""),
             GOOD("0xfebf5000-0xfebf5007"), GOOD("0xfebf5010-0xfebf5017"),
             GOOD("000febf5020-febf5027"), CUT),
        LIST(FIVE_RANGES(1), FIVE_RANGES(2), FIVE_RANGES(3), FIVE_RANGES(4),
             { 0xfebf5000, 0xfebf5007 }, { 0xfebf5010, 0xfebf5017 },
             { 0xfebf5020, 0xfebf5027 })),
    /* (Nothing tells whether those which end with the buffer are cut.) */
    ROW("more than fits in several",
        OPT FIVE("1") "x " OPT FIVE("2") "x " OPT FIVE("3") "x "
        OPT FIVE("4") "x " OPT FIVE("5") " " OPT B,
        LIST(FIVE_GOOD("1"), BAD("x..."), FIVE_GOOD("2"), BAD("x..."),
             FIVE_GOOD("3"), BAD("x..."), FIVE_GOOD("4"), BAD("x..."),
             GOOD("0xfebf5000-0xfebf5007"), GOOD("0xfebf5010-0xfebf5017"),
             BAD("0xfe..."), CUT),
        LIST(FIVE_RANGES(1), FIVE_RANGES(2), FIVE_RANGES(3), FIVE_RANGES(4),
             { 0xfebf5000, 0xfebf5007 }, { 0xfebf5010, 0xfebf5017 })),
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
