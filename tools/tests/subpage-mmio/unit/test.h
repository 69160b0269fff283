/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share: their tables, and a look into the engine.
 */
#ifndef TEST_SUBPAGE_MMIO_TEST_H
#define TEST_SUBPAGE_MMIO_TEST_H

#include <asm/subpage-mmio.h>

#define GRANULE SUBPAGE_MMIO_RO_ALIGN
#define NR_GRANULES ((unsigned int)PAGE_SIZE / GRANULE)

/*
 * A test runs in a process of its own, on a machine that just booted, and ends
 * with the first CHECK() which fails.
 */
struct test {
    const char *name;
    void (*run)(void);
    void (*early)(void);         /* Before that: see emul_boot(). */
    const struct option *option; /* Boot with it, instead of calling @run. */
};

extern const struct test protect_tests[], access_tests[], mapping_tests[],
                         option_tests[], key_tests[], random_tests[],
                         console_tests[], insn_tests[],
                         env_hvm_tests[], env_pv_tests[], msix_tests[],
                         vmsi_tests[], vmsi_table_tests[];

void run_option(const struct option *option);

/* The engine's state, and mmio_ro_ranges', as of now. */
struct state {
    unsigned int nr_pages, nr_ranges;
    struct page_state {
        unsigned long mfn;
        const void *entry;
        const void *va;
        unsigned long forwarded, refused;
        uint64_t ro[4096 / SUBPAGE_MMIO_RO_ALIGN / 64];
    } page[3 * MMIO_PAGES];
    struct {
        unsigned long first, last;
    } range[3 * MMIO_PAGES];
};

/* Fails the test also if the state is not consistent. */
void get_state(struct state *state);

/* A page's part of the state; fails if it has no entry. */
struct page_state page_state(unsigned long mfn);

static inline bool is_ro(const struct page_state *page, unsigned int offset)
{
    return (page->ro[offset / GRANULE / 64] >> (offset / GRANULE % 64)) & 1;
}

/* Do the engine's own data survive a grace period? */
void check_nothing_left(void);

/* The page must exist; to be given back by subpage_mmio_put(). */
struct subpage_mmio *get_page(unsigned long mfn);

/* These have to succeed. */
void add(unsigned long mfn, unsigned int offset, size_t size);
void remove_ro(unsigned long mfn, unsigned int offset, size_t size);

/* So many lines are on the console now, and it gets emptied. */
void check_lines(unsigned int nr, const char *what);

/* What a page has to be like, byte by byte. */
struct model {
    unsigned long mfn;
    bool ro[4096];
    uint8_t mem[4096];
    unsigned long forwarded, refused;

    struct subpage_mmio *held;  /* For accesses that look nothing up. */
    bool unmappable;            /* The next attempt to map it fails. */
    bool wrote;                 /* The last r-m-w did. */
};

void init_model(struct model *model, unsigned long mfn);

/* Is any of the bytes protected? */
bool model_refuses(const struct model *model, unsigned int offset,
                   unsigned int bytes);

/*
 * One access, as an emulated instruction makes it, the bytes being made from
 * @seed; the device, the counts, and messages are compared with the model.
 */
void check_write(struct model *model, unsigned int offset, unsigned int bytes,
                 unsigned int seed);
void check_read(struct model *model, unsigned int offset, unsigned int bytes);
void check_rmw(struct model *model, unsigned int offset, unsigned int bytes,
               unsigned int seed, int rc);

/* Ask whether it is protected. */
void check_question(struct model *model, unsigned int offset,
                    unsigned int bytes);

/* To and from a mapping of the page, past its protection. */
void check_copy(struct model *model, uint8_t *va, unsigned int offset,
                unsigned int bytes, unsigned int seed);

void check_counts(const struct model *model);

/* Steps on a machine without partially protected pages, leaving none. */
struct choices {
    unsigned int (*below)(unsigned int limit); /* A number, of 0 to limit-1. */
    bool (*more)(void);                        /* Any more steps? */
};

void run_steps(const struct choices *choices);

#endif /* TEST_SUBPAGE_MMIO_TEST_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
