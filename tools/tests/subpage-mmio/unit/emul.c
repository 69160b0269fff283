/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine and the hypervisor around the engine.
 */

#include <stdarg.h>

/* Strings. */

size_t strlcpy(char *to, const char *from, size_t size)
{
    snprintf(to, size, "%s", from);

    return strlen(from);
}

size_t strlcat(char *to, const char *from, size_t size)
{
    size_t used = strnlen(to, size);

    return used + strlcpy(to + used, from, size - used);
}

void *memchr_inv(const void *s, int c, size_t size)
{
    const uint8_t *p = s;

    while ( size && *p == (uint8_t)c )
        p++, size--;

    return size ? (void *)p : NULL;
}

/* As in Xen, a prefix of 0x is allowed if @base is 16; no other is used. */
unsigned long long simple_strtoull(const char *s, const char **end,
                                   unsigned int base)
{
    unsigned long long val = 0;

    ASSERT(base == 16);

    if ( s[0] == '0' && toupper(s[1]) == 'X' )
        s += 2;
    for ( ; isxdigit((unsigned char)*s); s++ )
        val = val * 16 + (isdigit((unsigned char)*s) ? *s - '0'
                                                     : toupper(*s) - 'A' + 10);
    *end = s;

    return val;
}

/* Messages. */

static struct domain domain = { .domain_id = EMUL_DOMAIN }, mmio_owner;
static struct vcpu vcpu = { .domain = &domain };
struct vcpu *current = &vcpu;
struct domain *dom_io = &mmio_owner;

bool emul_ratelimit = true;
char emul_console[65536];

/* Format one argument by @spec, Xen's %pd included. */
static void format(char *to, size_t size, const char *spec, va_list *args)
{
    char kind = spec[strlen(spec) - 1];

    if ( !strcmp(spec, "%pd") )
        snprintf(to, size, "d%u", va_arg(*args, struct domain *)->domain_id);
    else if ( kind == 's' )
        snprintf(to, size, spec, va_arg(*args, char *));
    else if ( strchr(spec, 'l') )
        snprintf(to, size, spec, va_arg(*args, long));
    else
        snprintf(to, size, spec, va_arg(*args, int));
}

void printk(const char *fmt, ...)
{
    char *to = emul_console + strlen(emul_console);
    char *end = emul_console + sizeof(emul_console);
    va_list args;

    va_start(args, fmt);
    while ( *fmt )
    {
        /* A conversion extends to its letter, and %pd to the one after. */
        size_t len = *fmt == '%' ? strcspn(fmt, "cdsuxp") + 1
                                 : strcspn(fmt, "%");
        char part[512];

        if ( !strncmp(fmt, "%pd", 3) )
            len = 3;
        ASSERT(len < sizeof(part));
        strlcpy(part, fmt, len + 1);
        if ( *fmt == '%' )
            format(to, end - to, part, &args);
        else
            strlcpy(to, part, end - to);
        to += strlen(to);
        fmt += len;
    }
    va_end(args);

    CHECK(to < end - 1, "more messages than fit");
}

/* Memory map. */

unsigned int paddr_bits = 40;
struct rangeset *mmio_ro_ranges;

struct page_info {
    unsigned long first, last;
    bool ram, valid;
    struct domain *owner;
};

static struct page_info map[] = {
    { 0, LOW - 1, .ram = true, .valid = true, .owner = &domain },
    { LOW, 0xff, .valid = true, .owner = &mmio_owner },
    { 0x100, 0x1fff, .ram = true, .valid = true, .owner = &domain },
    { RAM, RAM, .ram = true },
    { OWNED, OWNED, .valid = true, .owner = &domain },
    { OWNED_BY_IO, OWNED_BY_IO, .valid = true, .owner = &mmio_owner },
};

static struct page_info *find(unsigned long mfn)
{
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(map); i++ )
        if ( mfn >= map[i].first && mfn <= map[i].last )
            return &map[i];

    return NULL;
}

int page_is_ram_type(unsigned long mfn, unsigned long type)
{
    const struct page_info *page = find(mfn);

    return type == RAM_TYPE_CONVENTIONAL && page && page->ram;
}

bool mfn_valid(mfn_t mfn)
{
    const struct page_info *page = find(mfn_x(mfn));

    return page && page->valid;
}

struct page_info *mfn_to_page(mfn_t mfn)
{
    CHECK(mfn_valid(mfn), "page %#lx has no page_info", mfn_x(mfn));

    return find(mfn_x(mfn));
}

struct domain *page_get_owner(const struct page_info *page)
{
    return page->owner;
}

/* Booting. */

static struct {
    const char *name;
    int (*parse)(const char *s);
} params[4];
static int (*initcalls[4])(void);

void emul_add_param(const char *name, int (*parse)(const char *s))
{
    unsigned int i;

    for ( i = 0; params[i].name; i++ )
        ASSERT(i + 1 < ARRAY_SIZE(params));
    params[i].name = name;
    params[i].parse = parse;
}

void emul_add_initcall(int (*func)(void))
{
    unsigned int i;

    for ( i = 0; initcalls[i]; i++ )
        ASSERT(i + 1 < ARRAY_SIZE(initcalls));
    initcalls[i] = func;
}

static void parse_param(char *text)
{
    char *value = strchr(text, '=');
    unsigned int i;

    CHECK(value, "%s: the tests pass options with a value only", text);
    *value++ = '\0';
    for ( i = 0; i < ARRAY_SIZE(params) && params[i].name; i++ )
        if ( !strcmp(params[i].name, text) )
        {
            params[i].parse(value);
            return;
        }
    fail(__FILE__, __LINE__, "known option", "%s", text);
}

void emul_boot(const char *cmdline, void (*early)(void))
{
    unsigned int i;

    while ( *cmdline )
    {
        size_t len = strcspn(cmdline, " ");
        char text[MAX_PARAM_SIZE];

        /* As in Xen, what does not fit is cut without a word. */
        strlcpy(text, cmdline, min(len + 1, sizeof(text)));
        parse_param(text);
        cmdline += len + (cmdline[len] == ' ');
    }

    mmio_ro_ranges = rangeset_new(NULL, "r/o mmio ranges", 0);
    if ( early )
        early();

    for ( i = 0; i < ARRAY_SIZE(initcalls) && initcalls[i]; i++ )
        CHECK(!initcalls[i](), "an initcall fails");

    subpage_mmio_apply_option();
}

/* Debug keys. */

static void (*key_handlers[128])(unsigned char key);

void register_keyhandler(unsigned char key, void (*fn)(unsigned char key),
                         const char *desc, bool diagnostic)
{
    CHECK(key < ARRAY_SIZE(key_handlers) && !key_handlers[key],
          "key '%c' cannot be had", key);
    key_handlers[key] = fn;
}

void emul_press(unsigned char key)
{
    CHECK(key_handlers[key], "key '%c' does nothing", key);
    key_handlers[key](key);
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
