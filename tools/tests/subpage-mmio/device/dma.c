/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dma.h"
#include "iommu.h"
#include "log.h"
#include "pci.h"

#define PAGE_SIZE 0x1000

static struct region {
    uint64_t start, size;               /* guest-physical */
    uint8_t *mem;
    size_t skip;                        /* mapped before mem, to align it */
} regions[PROXY_MAX_FDS];
static unsigned int nr_regions;

static void map_region(int fd, uint64_t start, uint64_t size, uint64_t offset)
{
    struct region *r = &regions[nr_regions];
    struct stat st;
    uint8_t *map;

    if ( fstat(fd, &st) )
        die("cannot size guest memory: %s", strerror(errno));
    if ( start + size < start || offset > (uint64_t)st.st_size ||
         size > st.st_size - offset )
        die("guest memory of %#" PRIx64 " bytes at %#" PRIx64
            " is not in its file", size, start);

    r->start = start;
    r->size = size;
    r->skip = offset % PAGE_SIZE;
    map = mmap(NULL, size + r->skip, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
               offset - r->skip);
    if ( map == MAP_FAILED )
        die("cannot map guest memory: %s", strerror(errno));

    r->mem = map + r->skip;
    nr_regions++;
}

void dma_map(const struct proxy_msg *msg)
{
    unsigned int i;

    while ( nr_regions )
    {
        const struct region *r = &regions[--nr_regions];

        munmap(r->mem - r->skip, r->size + r->skip);
    }

    for ( i = 0; i < msg->nr_fds; i++ )
    {
        if ( msg->sysmem.size[i] )
            map_region(msg->fds[i], msg->sysmem.gpa[i], msg->sysmem.size[i],
                       msg->sysmem.offset[i]);
        close(msg->fds[i]);
    }
}

void *dma_pointer(uint64_t addr, size_t len)
{
    return pci_is_bus_master() && iommu_translate(&addr)
           ? dma_physical(addr, len) : NULL;
}

void *dma_physical(uint64_t addr, size_t len)
{
    unsigned int i;

    if ( addr % PAGE_SIZE + len > PAGE_SIZE )
        return NULL;

    for ( i = 0; i < nr_regions; i++ )
    {
        const struct region *r = &regions[i];

        if ( addr >= r->start && len <= r->size &&
             addr - r->start <= r->size - len )
            return r->mem + (addr - r->start);
    }

    return NULL;
}

/* How much of a range is on its first page. */
static size_t piece(uint64_t addr, size_t len)
{
    size_t left = PAGE_SIZE - addr % PAGE_SIZE;

    return len < left ? len : left;
}

static bool is_ram(uint64_t addr, size_t len)
{
    size_t n;

    for ( ; len; addr += n, len -= n )
    {
        n = piece(addr, len);
        if ( !dma_pointer(addr, n) )
            return false;
    }

    return true;
}

bool dma_read(uint64_t addr, void *buf, size_t len)
{
    size_t n;

    if ( !is_ram(addr, len) )
        return false;

    for ( ; len; addr += n, buf = (char *)buf + n, len -= n )
    {
        n = piece(addr, len);
        memcpy(buf, dma_pointer(addr, n), n);
    }

    return true;
}

bool dma_write(uint64_t addr, const void *buf, size_t len)
{
    size_t n;

    if ( !is_ram(addr, len) )
        return false;

    for ( ; len; addr += n, buf = (const char *)buf + n, len -= n )
    {
        n = piece(addr, len);
        memcpy(dma_pointer(addr, n), buf, n);
    }

    return true;
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
