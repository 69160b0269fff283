/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the tests, each in a process of its own: one that crashes, or hangs,
 * has failed, and the others start from a machine that just booted.
 */

#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "test.h"

/* Seconds for one test.  All take a few, on a machine without other work. */
#define TIME_LIMIT 600

void fail(const char *file, int line, const char *what, const char *fmt, ...)
{
    va_list args;

    printf("%s:%d: ", file, line);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf(": not (%s)\n", what);
    fflush(stdout);
    _exit(1);
}

static void run(const struct test *test)
{
    struct state state;

    alarm(TIME_LIMIT);
    if ( test->option )
        run_option(test->option);
    else
    {
        emul_boot("", test->early);
        test->run();
    }

    get_state(&state);
    CHECK(emul_access_lock[0] == FREE && emul_access_lock[1] == FREE,
          "the lock is held at the end");
    CHECK(!emul_rcu_readers, "RCU is read at the end");

    /* The sanitizer looks for leaks on exit. */
    exit(0);
}

static bool passes(const struct test *test)
{
    int status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if ( !pid )
        run(test);

    if ( pid < 0 || waitpid(pid, &status, 0) != pid )
    {
        perror("cannot run a test");
        exit(2);
    }
    if ( WIFSIGNALED(status) )
        printf("%s\n", WTERMSIG(status) == SIGALRM ? "timed out"
                                                   : "crashed");

    return WIFEXITED(status) && !WEXITSTATUS(status);
}

int main(void)
{
    static const struct test *const tables[] = {
        protect_tests, access_tests, mapping_tests, option_tests,
        key_tests, random_tests, console_tests, insn_tests,
        env_hvm_tests, env_pv_tests, msix_tests, vmsi_tests, vmsi_table_tests,
    };
    unsigned int i, results[2] = {};

    for ( i = 0; i < ARRAY_SIZE(tables); i++ )
    {
        const struct test *test;

        for ( test = tables[i]; test->name; test++ )
        {
            bool ok = passes(test);

            results[ok]++;
            printf("%-6s %s\n", ok ? "ok" : "FAILED", test->name);
        }
    }

    printf("%u passed, %u failed\n", results[true], results[false]);

    return !!results[false];
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
