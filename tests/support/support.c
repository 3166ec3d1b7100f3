/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t support_seed(void)
{
    const char *text = getenv("TRUNDLE_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 20261120;

    printf("# seed %llu (TRUNDLE_TEST_SEED replays it)\n", (unsigned long long)seed);
    return seed;
}

void support_skip(const char *why)
{
    printf("# skipped: %s\n", why);
    skip();
    abort();
}

static const char *join(const char *folder, const char *relative)
{
    static char paths[8][4096];
    static unsigned next;
    char *path = paths[next++ % 8];

    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, relative);
    return path;
}

const char *support_data(const char *relative)
{
    const char *root = getenv("TRUNDLE_DATA");
    const char *path;

    if (!root || !*root)
        support_skip("TRUNDLE_DATA is not set: the real data is not here");
    path = join(root, relative);
    if (access(path, R_OK) != 0)
        support_skip("this part of the real data is not in $TRUNDLE_DATA");
    return path;
}

const char *support_source(const char *relative)
{
    const char *root = getenv("TRUNDLE_SOURCE");

    return join(root ? root : ".", relative);
}

const char *support_build(const char *relative)
{
    const char *root = getenv("TRUNDLE_BUILD");

    return join(root ? root : "build", relative);
}

static char scratch[4096];

static void scratch_remove(void)
{
    if (scratch[0])
        (void)support_shell(NULL, "rm -rf '%s'", scratch);
    scratch[0] = '\0';
}

const char *support_scratch(void)
{
    const char *tmp = getenv("TMPDIR");

    scratch_remove();
    (void)snprintf(scratch, sizeof scratch, "%s/trundle-test-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(scratch))
        fail_msg("no scratch folder under %s", tmp ? tmp : "/tmp");
    static int registered;
    if (!registered++)
        (void)atexit(scratch_remove);
    return scratch;
}

void support_ok(enum trundle_status status, const struct trundle_error *err)
{
    char text[1024] = "";

    if (status != TRUNDLE_OK)
        fail_msg("status %d (%s): %s", (int)status, trundle_status_text(status), err ? error_text(err, text, sizeof text) : "");
}

int support_shell(char **out, const char *command, ...)
{
    char line[8192];
    va_list args;
    FILE *pipe;
    char *text = NULL;
    size_t n = 0;
    int status;

    va_start(args, command);
    (void)vsnprintf(line, sizeof line, command, args);
    va_end(args);
    pipe = popen(line, "r");
    if (!pipe)
        return -1;
    for (;;) {
        char *more = realloc(text, n + 65536);
        size_t got;

        if (!more)
            break;
        text = more;
        got = fread(text + n, 1, 65535, pipe);
        n += got;
        text[n] = '\0';
        if (!got)
            break;
    }
    status = pclose(pipe);
    if (out)
        *out = text;
    else
        free(text);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void support_near(double a, double b, double tolerance, const char *what, const char *file, int line)
{
    if (!(fabs(a - b) <= tolerance)) {
        print_error("%s is %.9g, wanted %.9g +- %.3g\n", what, a, b, tolerance);
        _fail(file, line);
    }
}
