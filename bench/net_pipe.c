/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* bench/net: one worker process, driven over two pipes. Its standard error is kept for the reason when it does not start. */
#define _GNU_SOURCE
#include "bench/net.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 20, START_MS = 240000, TURN_MS = 120000 };

static json_t *read_line(struct contestant *c, int wait_ms)
{
    char *line = malloc(LINE_MAX_BYTES);
    size_t n = 0;
    json_t *value = NULL;
    while (line && n + 1 < LINE_MAX_BYTES) {
        struct pollfd p = { .fd = c->from, .events = POLLIN };
        if (poll(&p, 1, wait_ms) <= 0 || read(c->from, line + n, 1) != 1)
            break;
        if (line[n] == '\n') {
            value = json_loadb(line, n, 0, NULL);
            break;
        }
        n++;
    }
    free(line);
    return value;
}

/* The last line that the process wrote to its standard error. */
static void reason(struct contestant *c, int fd)
{
    char text[8192];
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)sizeof text - 1 ? size - ((off_t)sizeof text - 1) : 0;
    ssize_t n = pread(fd, text, sizeof text - 1, from);
    if (n <= 0)
        return;
    text[n] = '\0';
    for (char *end = text + n; end > text && (end[-1] == '\n' || end[-1] == ' '); end--)
        end[-1] = '\0';
    char *last = strrchr(text, '\n');
    (void)snprintf(c->note, sizeof c->note, "%.*s", (int)sizeof c->note - 1, last ? last + 1 : text);
}

static void child(char *const *argv, const char *const *variables, int core, int in, int out, int err)
{
    cpu_set_t cores;
    if (core >= 0) {
        CPU_ZERO(&cores);
        CPU_SET((size_t)core, &cores);
        (void)sched_setaffinity(0, sizeof cores, &cores);
    }
    for (int i = 0; variables && variables[i]; i++) {
        char *copy = strdup(variables[i]), *equals = copy ? strchr(copy, '=') : NULL;
        if (equals) {
            *equals = '\0';
            (void)setenv(copy, equals + 1, 1);
        }
        free(copy);
    }
    (void)dup2(in, 0);
    (void)dup2(out, 1);
    (void)dup2(err, 2);
    execvp(argv[0], argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

bool contestant_start(struct contestant *c, char *const *argv, const char *const *variables, int core)
{
    int to[2] = { -1, -1 }, from[2] = { -1, -1 };
    FILE *log = tmpfile();
    json_t *hello = NULL;
    const char *version = "";
    if (!log || pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) {
        (void)snprintf(c->note, sizeof c->note, "no pipe or file: %s", strerror(errno));
        goto out;
    }
    c->pid = fork();
    if (c->pid == 0)
        child(argv, variables, core, to[0], from[1], fileno(log));
    (void)close(to[0]);
    (void)close(from[1]);
    to[0] = from[1] = -1;
    c->to = to[1];
    c->from = from[0];
    to[1] = from[0] = -1;
    if (c->pid < 0) {
        c->pid = 0;
        goto out;
    }
    hello = read_line(c, START_MS);
    if (!hello || json_unpack(hello, "{s:s, s:F, s:F, s:F}", "version", &version, "load_ms", &c->load_ms, "resident_kib", &c->resident_kib, "resident_before_kib", &c->before_kib) != 0) {
        contestant_stop(c);
        reason(c, fileno(log));
        if (!c->note[0])
            (void)snprintf(c->note, sizeof c->note, "it did not start");
        json_decref(hello);
        hello = NULL;
        goto out;
    }
    (void)snprintf(c->version, sizeof c->version, "%s", version);
out:
    for (int i = 0; i < 2; i++) {
        if (to[i] >= 0)
            (void)close(to[i]);
        if (from[i] >= 0)
            (void)close(from[i]);
    }
    if (log)
        (void)fclose(log);
    json_decref(hello);
    return hello != NULL;
}

static bool keep(struct contestant *c, double ms, int turn)
{
    if (c->runs == c->room) {
        int more = c->room ? 2 * c->room : 1024;
        double *grown = realloc(c->ms, (size_t)more * sizeof *grown);
        if (grown)
            c->ms = grown;
        int *turns = realloc(c->turn, (size_t)more * sizeof *turns);
        if (turns)
            c->turn = turns;
        if (!grown || !turns)
            return false;
        c->room = more;
    }
    c->ms[c->runs] = ms;
    c->turn[c->runs++] = turn;
    return true;
}

bool contestant_run(struct contestant *c, int n, int turn)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%d\n", n);
    if (!c->pid || write(c->to, text, (size_t)length) != length)
        return false;
    json_t *answer = read_line(c, TURN_MS), *list = json_object_get(answer, c->by_cpu ? "cpu_ns" : "ns");
    size_t i;
    json_t *v;
    bool ok = json_is_array(list) && json_array_size(list) == (size_t)n;
    json_array_foreach(list, i, v)
        ok = ok && keep(c, json_number_value(v) * 1e-6, turn);
    json_decref(answer);
    if (!ok) {
        contestant_stop(c);
        (void)snprintf(c->note, sizeof c->note, "it stopped answering");
    }
    return ok;
}

void contestant_stop(struct contestant *c)
{
    if (!c->pid)
        return;
    (void)close(c->to);
    (void)close(c->from);
    (void)kill(c->pid, SIGKILL);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    c->pid = 0;
}

void contestant_done(struct contestant *c)
{
    contestant_stop(c);
    free(c->ms);
    free(c->turn);
    memset(c, 0, sizeof *c);
}
