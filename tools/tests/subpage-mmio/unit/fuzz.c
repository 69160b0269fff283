/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steps which libFuzzer chooses: looking for inputs that reach new code.
 */

#include <stdarg.h>

#include "test.h"

static const uint8_t *input, *input_end;

/* libFuzzer keeps the input of what aborts. */
void fail(const char *file, int line, const char *what, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: ", file, line);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, ": not (%s)\n", what);
    abort();
}

/* One byte of input, or two if that is not enough.  Then there are zeros. */
static unsigned int input_below(unsigned int limit)
{
    unsigned int bytes, val = 0;

    for ( bytes = limit > 256 ? 2 : 1; bytes; bytes-- )
        val = val << 8 | (input < input_end ? *input++ : 0);

    return val % limit;
}

static bool more_input(void)
{
    return input < input_end;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    emul_boot("", NULL);

    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    input_end = data + size;
    run_steps(&(struct choices){ input_below, more_input });

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
