/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device model provides.  A process serves one device, so that a model
 * keeps its state in variables of its own file.
 */

#ifndef DEVICE_MODEL_H
#define DEVICE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "pci.h"

/* What "--option NAME=VALUE" sets; a bad value ends the process. */
struct model_option {
    const char *name;
    void (*set)(const char *value);
};

struct model {
    const char *name;
    const struct pci_info *pci;
    const struct model_option *options; /* NULL: none; ends with { } */

    /*
     * All options are set: open files and the like, complete .pci.  NULL:
     * nothing to do.
     */
    void (*start)(void);
    /* Back to the state after power-on. */
    void (*reset)(void);
    /* Is a write here how a test says which run begins? */
    bool (*is_mark)(unsigned int bar, uint32_t offset, unsigned int width);
    /* Accesses within a BAR, 1 to 8 bytes. */
    uint64_t (*read)(unsigned int bar, uint32_t offset, unsigned int width);
    void (*write)(unsigned int bar, uint32_t offset, unsigned int width,
                  uint64_t val);
    /* Configuration space was written.  NULL: nothing to do. */
    void (*config_written)(void);
};

extern const struct model plain_model, plain_b_model, xhci_model, msix_model,
                          virtio_rng_model;

#endif /* DEVICE_MODEL_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
