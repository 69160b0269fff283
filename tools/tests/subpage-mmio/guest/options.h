/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's command line. */
#ifndef SPM_OPTIONS_H
#define SPM_OPTIONS_H

#include "env.h"

/* BAR0 as the tests see it: page 0 is the device's own, for marks. */
#define BAR_SIZE   (8 * PAGE_SIZE)
#define BAR_FIRST  PAGE_SIZE

struct mode {
    const char *name;
    enum level level;
    bool step;                  /* an exception after each instruction */
    bool open;                  /* with some protection taken away */
};

extern const struct mode modes[];
#define NR_MODES 12

struct range {
    unsigned long first, last;
};

struct ranges {
    unsigned int nr;
    struct range range[16];
};

/* To be timed, at an offset in the BAR. */
struct bench_item {
    const struct operation *operation;
    unsigned long offset;
};

struct options {
    uint16_t vendor, device;
    /* Its BAR0, if that is not to be looked for; or if it is to be moved. */
    unsigned long bar, place;
    /* One whose MSI-X is protected first, and stays so. */
    uint16_t beside_vendor, beside_device;
    bool protect_msix, map_open, map_again, xsetbv_fep;
    /* MSI-X: so many vectors are in use, and interrupts to be taken. */
    unsigned int vectors, storm;
    bool tables_read_only;
    bool comes, goes;   /* Is the device hot-plugged, or unplugged? */
    unsigned long bell;
    /* For mode open: tear MSI-X down, or remove the device. */
    bool toggle_msix, remove;
    /* If there is to be a window: its address and size. */
    uint64_t window;
    unsigned int window_pages;
    /* What of it is protected; if it has more than memory, its registers. */
    struct ranges protected, registers;
    struct range toggled;
    /* Mark of the first run. */
    unsigned long first;
    bool mode[NR_MODES];
    unsigned int nr_at;
    unsigned long at[64];
    /* So many random instructions a mode, instead of the table's forms. */
    unsigned long random_seed, random_count;
    /* Race a second processor, so often each; instead of all else. */
    unsigned long race_count;
    /* The same: have so many more processors write, so often each. */
    unsigned long stress_writers, stress_count;
    /* A list of prefixes of names. */
    const char *forms;
    const char *keys;
    unsigned int nr_bench;
    struct bench_item bench[32];
};

extern struct options options;

void options_parse(char *line);

/* Is this form wanted? */
bool options_want(const char *form);

#endif /* SPM_OPTIONS_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
