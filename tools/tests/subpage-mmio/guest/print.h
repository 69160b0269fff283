/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of the report, each one write to the console. */
#ifndef SPM_PRINT_H
#define SPM_PRINT_H

/*
 * Append to the line.  Knows %s, %lu, %ld and %lx, without widths; all
 * numbers are long, so that there is one size to take from the arguments.
 */
void add(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Append, and print the line. */
void say(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));

#define fatal(fmt, ...)                         \
    do {                                        \
        say("error " fmt, ## __VA_ARGS__);      \
        env_shutdown();                         \
    } while ( 0 )

#endif /* SPM_PRINT_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
