/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SPM_TOOL_H
#define SPM_TOOL_H

#include <stddef.h>
#include <stdint.h>

/* Linux' include/uapi/xen/privcmd.h. */
struct privcmd_hypercall {
    uint64_t op, arg[5];
};

/* Memory for hypercalls, which cannot fault it in. */
char *allocate(size_t size);

/* All that fails ends the program, with a message, but hypercalls can. */
int open_privcmd(void);
long try_hypercall(struct privcmd_hypercall call);
long hypercall(const char *what, struct privcmd_hypercall call);

/*
 * Create domains, one after the other, which have the plain device's BAR at
 * machine address @bar; let each write to it, and destroy it.  They have
 * numbers, @from is the first one's, and as many runs as there are places.
 * Prints what the test kernel would, see guest/main.c.  Returns 0.
 */
int lives(unsigned int from, unsigned int to, uint64_t bar);

#endif /* SPM_TOOL_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
