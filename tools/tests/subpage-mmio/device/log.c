/* SPDX-License-Identifier: GPL-2.0-only */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static FILE *log_file;

void log_open(const char *path)
{
    log_file = fopen(path, "we");
    if ( !log_file )
        die("cannot write the log %s: %s", path, strerror(errno));

    setvbuf(log_file, NULL, _IOLBF, BUFSIZ);
}

void log_line(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vfprintf(log_file, fmt, args);
    va_end(args);
    fputc('\n', log_file);

    if ( ferror(log_file) )
        die("cannot write to the log: %s", strerror(errno));
}

void die(const char *fmt, ...)
{
    va_list args;

    fputs("device: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);

    exit(EXIT_FAILURE);
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
