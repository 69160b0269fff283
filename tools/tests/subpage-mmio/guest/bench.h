/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long things take, by the time stamp counter.  On an emulator which has
 * it count instructions, that is exact, and the same each time.
 */
#ifndef SPM_BENCH_H
#define SPM_BENCH_H

/* What can be timed. */
struct operation {
    const char *name;
    void (*run)(char *at);      /* takes where in device memory */
};

/* The last one has no name. */
extern const struct operation operations[];

/*
 * Time all that the command line asks for, with the BAR mapped at @device, and
 * report for each:
 *   cost <operation> <offset in the BAR> <ticks> <repetitions>
 * The fastest of so many batches counts: it had no interrupt, nor made the
 * hypervisor print anything.
 */
void bench(char *device);

#define BENCH_BATCHES     16
#define BENCH_REPETITIONS 256

#endif /* SPM_BENCH_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
