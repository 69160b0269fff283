/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What several tests need.
 */

#include "test.h"

void check_nothing_left(void)
{
    struct state state;

    emul_grace_period();
    get_state(&state);
    CHECK(!state.nr_pages, "%u pages have an entry still", state.nr_pages);
    CHECK(!state.nr_ranges, "%u ranges are r/o still", state.nr_ranges);
    CHECK(!emul_mapped, "%u pages are mapped still", emul_mapped);
    /* What is left is mmio_ro_ranges itself. */
    CHECK(emul_allocated == 1, "%u allocations are left", emul_allocated - 1);
}

void add(unsigned long mfn, unsigned int offset, size_t size)
{
    int rc = subpage_mmio_ro_add(addr(mfn, offset), size);

    CHECK(!rc, "add %#lx bytes at %#x of page %#lx: %d", size, offset, mfn,
          rc);
}

void remove_ro(unsigned long mfn, unsigned int offset, size_t size)
{
    int rc = subpage_mmio_ro_remove(addr(mfn, offset), size);

    CHECK(!rc, "remove %#lx bytes at %#x of page %#lx: %d", size, offset, mfn,
          rc);
}

void check_lines(unsigned int nr, const char *what)
{
    unsigned int lines = 0;
    const char *s;

    for ( s = emul_console; (s = strchr(s, '\n')); s++ )
        lines++;
    CHECK(lines == nr, "%s: %u lines instead of %u:\n%s", what, lines, nr,
          emul_console);

    emul_console[0] = '\0';
}

/*
 * What the device has to see, worked out from the words of the contract.
 * Returns how many accesses these are.
 */
static unsigned int expect_io(struct emul_io *io, char kind,
                              unsigned long mfn, unsigned int offset,
                              const void *data, unsigned int bytes)
{
    unsigned int nr = 0, width;

    for ( ; bytes; nr++ )
    {
        for ( width = 8; width > bytes || offset % width; )
            width /= 2;

        io[nr] = (struct emul_io){
            .kind = kind, .width = width, .mfn = mfn, .offset = offset,
        };
        memcpy(&io[nr].val, data, width);

        data = (const uint8_t *)data + width;
        offset += width;
        bytes -= width;
    }

    return nr;
}

/* Compare the device's log with @io, and empty it. */
static void check_log(const struct emul_io *io, unsigned int nr,
                      const char *what, unsigned int offset,
                      unsigned int bytes)
{
    unsigned int i;

    for ( i = 0; i < nr && i < emul_logged; i++ )
        CHECK(io[i].kind == emul_log[i].kind &&
              io[i].width == emul_log[i].width &&
              io[i].mfn == emul_log[i].mfn &&
              io[i].offset == emul_log[i].offset &&
              io[i].val == emul_log[i].val,
              "%s of %u bytes at %#x, device access %u is %c page %#lx offset "
              "%#x width %u value %#lx instead of %c %#lx %#x %u %#lx",
              what, bytes, offset, i, emul_log[i].kind, emul_log[i].mfn,
              emul_log[i].offset, emul_log[i].width, emul_log[i].val,
              io[i].kind, io[i].mfn, io[i].offset, io[i].width, io[i].val);
    CHECK(nr == emul_logged,
          "%s of %u bytes at %#x makes %u device accesses instead of %u",
          what, bytes, offset, emul_logged, nr);

    emul_logged = 0;
}

/* Bytes which differ from their neighbours, and from those of other seeds. */
static void make_bytes(uint8_t *data, unsigned int bytes, unsigned int seed)
{
    unsigned int i;

    /* The steps are odd: 256 bytes in a row, and 256 seeds, all differ. */
    for ( i = 0; i < bytes; i++ )
        data[i] = seed * 101 + i * 37 + i / 256 * 11;
}

void init_model(struct model *model, unsigned long mfn)
{
    memset(model, 0, sizeof(*model));
    model->mfn = mfn;
    make_bytes(model->mem, PAGE_SIZE, mfn);
    memcpy(emul_device(mfn), model->mem, PAGE_SIZE);
}

bool model_refuses(const struct model *model, unsigned int offset,
                   unsigned int bytes)
{
    return memchr(model->ro + offset, 1, bytes);
}

void check_counts(const struct model *model)
{
    struct page_state page = page_state(model->mfn);

    CHECK(page.forwarded == model->forwarded && page.refused == model->refused,
          "page %#lx counts %lu writes as forwarded, %lu as refused, which "
          "are %lu and %lu", model->mfn, page.forwarded, page.refused,
          model->forwarded, model->refused);
}

/*
 * One line if the page could not be mapped, then one which names the domain,
 * the address and the length if a write was refused.
 */
static void check_messages(const struct model *model, unsigned int offset,
                           unsigned int bytes, bool unmapped, bool refused)
{
    const char *s = emul_console;

    if ( unmapped )
    {
        CHECK(strstr(s, XENLOG_ERR) == s && strstr(s, "cannot map"),
              "failing to map gets the message \"%s\"", s);
        s = strchr(s, '\n') + 1;
    }
    if ( refused )
    {
        char address[20], length[20], domain[20];

        snprintf(domain, sizeof(domain), "d%u:", EMUL_DOMAIN);
        snprintf(address, sizeof(address), "%lx,", addr(model->mfn, offset));
        snprintf(length, sizeof(length), " %u byte", bytes);
        CHECK(strstr(s, XENLOG_G_WARNING) == s && strstr(s, domain) &&
              strstr(s, address) && strstr(s, length),
              "%u bytes at %#x are refused with the message \"%s\"", bytes,
              offset, s);
    }
    check_lines(unmapped + refused, "an access");
}

static struct subpage_mmio *look_up(const struct model *model)
{
    return model->held ?: get_page(model->mfn);
}

static void done_with(const struct model *model, struct subpage_mmio *page)
{
    if ( page != model->held )
        subpage_mmio_put(page);
}

/* An entry which was dropped while it was held counts for nobody. */
static bool counts(const struct model *model)
{
    return !model->held || model_refuses(model, 0, PAGE_SIZE);
}

static void count(struct model *model, bool refused)
{
    if ( counts(model) )
        *(refused ? &model->refused : &model->forwarded) += 1;
}

static void check_access_counts(const struct model *model)
{
    if ( counts(model) )
        check_counts(model);
}

static void check_memory(const struct model *model, const char *what,
                         unsigned int offset, unsigned int bytes)
{
    CHECK(!memcmp(emul_device(model->mfn), model->mem, PAGE_SIZE),
          "%s of %u bytes at %#x leaves other bytes in the device", what,
          bytes, offset);
}

void check_write(struct model *model, unsigned int offset, unsigned int bytes,
                 unsigned int seed)
{
    struct subpage_mmio_access access = { .page = look_up(model) };
    bool protected = model_refuses(model, offset, bytes);
    bool unmapped = !protected && model->unmappable;
    bool refused = protected || unmapped;
    static struct emul_io io[EMUL_LOG];
    unsigned int nr = 0;
    uint8_t data[bytes];

    make_bytes(data, bytes, seed);

    subpage_mmio_begin(&access);
    subpage_mmio_write(access.page, offset, data, bytes);
    subpage_mmio_end(&access);
    done_with(model, access.page);

    if ( !refused )
    {
        nr = expect_io(io, 'W', model->mfn, offset, data, bytes);
        memcpy(model->mem + offset, data, bytes);
    }
    count(model, refused);

    check_log(io, nr, "write", offset, bytes);
    check_memory(model, "write", offset, bytes);
    check_messages(model, offset, bytes, unmapped, refused);
    check_access_counts(model);
}

void check_read(struct model *model, unsigned int offset, unsigned int bytes)
{
    struct subpage_mmio_access access = { .page = look_up(model) };
    static struct emul_io io[EMUL_LOG];
    uint8_t data[bytes];
    unsigned int nr = 0;
    bool done;

    make_bytes(data, bytes, model->mem[offset] + 1);

    subpage_mmio_begin(&access);
    done = subpage_mmio_read(access.page, offset, data, bytes);
    subpage_mmio_end(&access);
    done_with(model, access.page);

    CHECK(done == !model->unmappable, "read of %u bytes at %#x returns %d",
          bytes, offset, done);
    if ( done )
    {
        CHECK(!memcmp(data, model->mem + offset, bytes),
              "read of %u bytes at %#x returns others", bytes, offset);
        nr = expect_io(io, 'R', model->mfn, offset, data, bytes);
    }
    check_log(io, nr, "read", offset, bytes);
    check_memory(model, "read", offset, bytes);
    check_messages(model, offset, bytes, !done, false);
    check_access_counts(model);
}

void check_question(struct model *model, unsigned int offset,
                    unsigned int bytes)
{
    struct subpage_mmio_access access = { .page = look_up(model) };
    bool protected;

    subpage_mmio_begin(&access);
    protected = subpage_mmio_is_protected(access.page, offset, bytes);
    subpage_mmio_end(&access);
    done_with(model, access.page);

    CHECK(protected == model_refuses(model, offset, bytes),
          "%u bytes at %#x are said to be %s", bytes, offset,
          protected ? "protected" : "free");
}

void check_copy(struct model *model, uint8_t *va, unsigned int offset,
                unsigned int bytes, unsigned int seed)
{
    uint8_t data[bytes], copy[bytes];
    static struct emul_io io[EMUL_LOG];
    unsigned int nr;

    make_bytes(data, bytes, seed);
    memcpy(model->mem + offset, data, bytes);
    nr = expect_io(io, 'W', model->mfn, offset, data, bytes);
    nr += expect_io(io + nr, 'R', model->mfn, offset, data, bytes);

    subpage_mmio_copy_to(va + offset, data, bytes);
    subpage_mmio_copy_from(copy, va + offset, bytes);
    CHECK(!memcmp(copy, data, bytes),
          "copy from %u bytes at %#x returns others", bytes, offset);
    check_log(io, nr, "copy to and from", offset, bytes);
    check_memory(model, "copy", offset, bytes);
}

struct rmw {
    const struct model *model;
    unsigned int offset, bytes;
    const uint8_t *old, *new;
    bool direct; /* On the device itself. */
    unsigned int calls;
    int rc;
};

static int modify(void *ptr, void *arg)
{
    struct rmw *rmw = arg;
    unsigned long mfn;
    unsigned int offset;
    bool direct = emul_is_device(ptr, &mfn, &offset);

    rmw->calls++;
    CHECK(direct == rmw->direct, "r-m-w of %u bytes at %#x is on %s",
          rmw->bytes, rmw->offset, direct ? "the device" : "a copy");
    CHECK(!direct || (mfn == rmw->model->mfn && offset == rmw->offset),
          "r-m-w of %u bytes at %#x is at page %#lx offset %#x", rmw->bytes,
          rmw->offset, mfn, offset);
    CHECK(direct || emul_access_lock[emul_cpu] == WRITE,
          "r-m-w of %u bytes at %#x is on a copy, and not exclusive",
          rmw->bytes, rmw->offset);
    CHECK(!memcmp(ptr, rmw->old, rmw->bytes),
          "r-m-w of %u bytes at %#x finds others", rmw->bytes, rmw->offset);

    if ( !rmw->rc || !direct )
        memcpy(ptr, rmw->new, rmw->bytes);

    return rmw->rc;
}

void check_rmw(struct model *model, unsigned int offset, unsigned int bytes,
               unsigned int seed, int rc)
{
    struct subpage_mmio_access access = { .page = look_up(model) };
    bool refused = model_refuses(model, offset, bytes);
    bool aligned = !(bytes & (bytes - 1)) && !(offset % bytes);
    uint8_t new[8];
    struct rmw rmw = {
        .model = model, .offset = offset, .bytes = bytes,
        .old = model->mem + offset, .new = new,
        .direct = aligned && !refused, .rc = rc,
    };
    bool exclusive = !rmw.direct && !model->unmappable;
    struct emul_io io[16];
    unsigned int nr = 0;
    int result = ~rc;
    bool done;

    make_bytes(new, bytes, seed);

    subpage_mmio_begin(&access);
    done = subpage_mmio_rmw(&access, offset, bytes, modify, &rmw, &result);
    CHECK(emul_access_lock[emul_cpu] == (exclusive ? WRITE : READ),
          "r-m-w of %u bytes at %#x holds the wrong lock", bytes, offset);
    subpage_mmio_end(&access);
    done_with(model, access.page);

    CHECK(done == !model->unmappable && rmw.calls == done &&
          (!done || result == rc),
          "r-m-w of %u bytes at %#x returns %d, calls the operation %u times, "
          "gives %d instead of %d", bytes, offset, done, rmw.calls, result,
          rc);

    /* It may have become another answer while we waited to be exclusive. */
    refused = model_refuses(model, offset, bytes);
    model->wrote = done && !rc && !refused;

    if ( exclusive )
        nr = expect_io(io, 'R', model->mfn, offset, rmw.old, bytes);
    if ( model->wrote )
    {
        memcpy(model->mem + offset, new, bytes);
        if ( exclusive )
            nr += expect_io(io + nr, 'W', model->mfn, offset, new, bytes);
    }
    if ( done && !rc )
        count(model, refused);

    check_log(io, nr, "r-m-w", offset, bytes);
    check_memory(model, "r-m-w", offset, bytes);
    check_messages(model, offset, bytes, !done, done && !rc && refused);
    check_access_counts(model);
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
