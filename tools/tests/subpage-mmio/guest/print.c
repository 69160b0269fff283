/* SPDX-License-Identifier: GPL-2.0-only */

#include <stdarg.h>

#include "env.h"
#include "print.h"

#define TAG "SPM: "

/* Room for the largest store, two digits a byte, and what stands before it. */
static char line[2048] = TAG;
static size_t used = sizeof(TAG) - 1;

static void put(char c)
{
    /* One byte stays free for the newline. */
    if ( used < sizeof(line) - 1 )
        line[used++] = c;
}

static void put_number(unsigned long n, unsigned int base)
{
    char digits[20];
    unsigned int nr = 0;

    do {
        digits[nr++] = "0123456789abcdef"[n % base];
        n /= base;
    } while ( n );

    while ( nr )
        put(digits[--nr]);
}

static void format(const char *fmt, va_list args)
{
    for ( ; *fmt; fmt++ )
    {
        if ( *fmt != '%' )
        {
            put(*fmt);
            continue;
        }

        if ( *++fmt == 'l' )
            fmt++;

        switch ( *fmt )
        {
            const char *s;
            long n;

        case 's':
            for ( s = va_arg(args, const char *); *s; s++ )
                put(*s);
            break;

        case 'd':
            n = va_arg(args, long);
            if ( n < 0 )
                put('-');
            put_number(n < 0 ? -(unsigned long)n : (unsigned long)n, 10);
            break;

        case 'u':
            put_number(va_arg(args, unsigned long), 10);
            break;

        case 'x':
            put_number(va_arg(args, unsigned long), 16);
            break;
        }
    }
}

void add(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    format(fmt, args);
    va_end(args);
}

void say(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    format(fmt, args);
    va_end(args);

    line[used++] = '\n';
    env_console(line, used);
    used = sizeof(TAG) - 1;
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
