/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "debug-host.h"
#include "log.h"
#include "watch.h"
#include "xhci.h"
#include "xhci-dbc.h"

#define INPUT_CHUNK 4096

static const char *output_name, *input_name, *terminal_name, *control_name;
static int output = -1, terminal = -1, listener;

static struct {
    char *bytes;
    size_t len;
} input;

static uint32_t lines;

uint32_t host_lines(void)
{
    return lines;
}

void host_set_output(const char *file)
{
    output_name = file;
}

void host_set_input(const char *file)
{
    input_name = file;
}

void host_set_terminal(const char *file)
{
    terminal_name = file;
}

void host_set_control(const char *path)
{
    struct sockaddr_un addr;

    if ( strlen(path) >= sizeof(addr.sun_path) )
        die("control=%s is longer than a socket's name may be", path);

    control_name = path;
}

static void write_all(int fd, const char *buf, size_t len, const char *name)
{
    while ( len )
    {
        ssize_t done = write(fd, buf, len);

        if ( done < 0 && errno == EINTR )
            continue;
        if ( done < 0 )
            die("cannot write to %s: %s", name, strerror(errno));

        buf += done;
        len -= done;
    }
}

void host_output(const void *buf, size_t len)
{
    if ( output >= 0 )
        write_all(output, buf, len, output_name);
    if ( terminal >= 0 )
        write_all(terminal, buf, len, terminal_name);
}

static void add_input(const char *buf, size_t len)
{
    if ( !len )
        return;

    input.bytes = realloc(input.bytes, input.len + len);
    if ( !input.bytes )
        die("no memory for %zu bytes of input", input.len + len);

    memcpy(input.bytes + input.len, buf, len);
    input.len += len;
    dbc_run();
}

bool host_has_input(void)
{
    return input.len;
}

size_t host_peek_input(void *buf, size_t len)
{
    if ( len > input.len )
        len = input.len;
    if ( len )
        memcpy(buf, input.bytes, len);

    return len;
}

void host_drop_input(size_t len)
{
    input.len -= len;
    memmove(input.bytes, input.bytes + len, input.len);
}

static void read_input(int fd)
{
    char buf[INPUT_CHUNK];
    ssize_t got = read(fd, buf, sizeof(buf));

    if ( got > 0 )
        add_input(buf, got);
    else if ( got == 0 || (errno != EINTR && errno != EAGAIN) )
        watch_remove(fd);
}

static const char *execute(const char *line)
{
    static const struct {
        const char *line;
        bool (*act)(void);
    } acts[] = {
        { "cable in", dbc_cable_in },
        { "cable out", dbc_cable_out },
        { "link error", dbc_link_error },
        { "reset begin", dbc_reset_begin },
        { "reset end", dbc_reset_end },
        { "clear halt", dbc_clear_halt },
        { "hold", dbc_hold },
        { "release", dbc_release },
        { "device in", xhci_plug_in },
        { "device out", xhci_plug_out },
    };
    static const char type[] = "input ";
    unsigned int i;

    if ( !strncmp(line, type, strlen(type)) )
    {
        line += strlen(type);
        add_input(line, strlen(line));
        lines++;
        return "ok\n";
    }

    for ( i = 0; i < sizeof(acts) / sizeof(*acts); i++ )
        if ( !strcmp(acts[i].line, line) )
        {
            if ( !acts[i].act() )
                return "error: not in this state\n";
            lines++;
            return "ok\n";
        }

    return "error: unknown command\n";
}

static void accept_control(int fd);

/* Lines, whole or in pieces; the end of the connection drops a piece. */
static void read_control(int fd)
{
    static char line[256];
    static size_t len;
    const char *answer;
    ssize_t got;
    char c;

    while ( (got = recv(fd, &c, 1, MSG_DONTWAIT)) == 1 )
    {
        if ( c != '\n' )
        {
            if ( len < sizeof(line) )
                line[len++] = c;
            continue;
        }

        if ( len < sizeof(line) )
        {
            line[len] = '\0';
            answer = execute(line);
        }
        else
            answer = "error: line too long\n";

        len = 0;
        send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    }

    if ( got == 0 || errno != EAGAIN )
    {
        len = 0;
        watch_remove(fd);
        close(fd);
        watch_add(listener, accept_control);
    }
}

/* One at a time. */
static void accept_control(int fd)
{
    int client = accept(fd, NULL, NULL);

    if ( client >= 0 )
    {
        watch_remove(fd);
        watch_add(client, read_control);
    }
}

static int open_file(const char *option, const char *name, int flags)
{
    int fd = open(name, flags | O_CLOEXEC | O_NOCTTY, 0666);

    if ( fd < 0 )
        die("cannot open %s=%s: %s", option, name, strerror(errno));

    return fd;
}

static void listen_control(void)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };

    strcpy(addr.sun_path, control_name);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if ( listener < 0 ||
         bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
         listen(listener, 1) )
        die("cannot make the socket control=%s: %s", control_name,
            strerror(errno));

    watch_add(listener, accept_control);
}

void host_start(void)
{
    if ( output_name )
        output = open_file("out", output_name, O_WRONLY | O_CREAT | O_TRUNC);

    /* Open for writing, too, a FIFO does not end with whoever writes to it. */
    if ( input_name )
        watch_add(open_file("in", input_name, O_RDWR | O_NONBLOCK),
                  read_input);

    if ( terminal_name )
    {
        terminal = open_file("terminal", terminal_name, O_RDWR);
        watch_add(terminal, read_input);
    }

    if ( control_name )
        listen_control();
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
