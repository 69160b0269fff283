/* SPDX-License-Identifier: GPL-2.0-only */
/* What the compiler takes for granted. */

#include <stddef.h>

void *memcpy(void *dst, const void *src, size_t len)
{
    char *d = dst;
    const char *s = src;

    while ( len-- )
        *d++ = *s++;

    return dst;
}

void *memset(void *dst, int c, size_t len)
{
    char *d = dst;

    while ( len-- )
        *d++ = c;

    return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const unsigned char *x = a, *y = b;

    for ( ; len; len--, x++, y++ )
        if ( *x != *y )
            return *x - *y;

    return 0;
}

int strcmp(const char *a, const char *b)
{
    for ( ; *a && *a == *b; a++, b++ )
        ;

    return (unsigned char)*a - (unsigned char)*b;
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
