/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Trips in parallel processes: the parent hands out groups over a socket pair and gathers results. */
#include "base/std/status.h"
#include "lab/judge/inner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FRAME_BYTES_MAX = 256 << 20 };

static enum trundle_status print_tally(const struct judge_tally *t, struct bytes *out)
{
    TRY(bytes_append(out, t->key, sizeof t->key));
    TRY(bytes_append(out, &t->audit, sizeof t->audit));
    TRY(bytes_append(out, &t->latencies_n, sizeof t->latencies_n));
    return bytes_append(out, t->latency_s ? (const void *)t->latency_s : "", t->latencies_n * sizeof *t->latency_s);
}

enum trundle_status judge_result_print(const struct judge_result *r, struct bytes *out)
{
    TRY(bytes_append(out, r, sizeof *r));
    for (int mode = 0; mode < JUDGE_MODES; mode++)
        TRY(print_tally(&r->tally[mode], out));
    for (size_t i = 0; i < r->slices_n; i++) {
        TRY(bytes_append(out, r->slice[i].name, JUDGE_SLICE_NAME));
        for (int mode = 0; mode < JUDGE_MODES; mode++)
            TRY(print_tally(&r->slice[i].tally[mode], out));
    }
    return judge_notes_print(&r->notes, out);
}

struct cursor { const uint8_t *at; size_t left; };

static bool take(struct cursor *c, void *out, size_t n)
{
    if (c->left < n)
        return false;
    memcpy(out, c->at, n);
    c->at += n;
    c->left -= n;
    return true;
}

static bool parse_tally(struct cursor *c, struct judge_tally *out)
{
    size_t n;

    if (!take(c, out->key, sizeof out->key) || !take(c, &out->audit, sizeof out->audit) || !take(c, &n, sizeof n) || n > c->left / sizeof(double))
        return false;
    if (!n)
        return true;
    out->latency_s = malloc(n * sizeof *out->latency_s);
    if (!out->latency_s)
        return false;
    out->latencies_n = n;
    return take(c, out->latency_s, n * sizeof *out->latency_s);
}

enum trundle_status judge_result_parse(const void *bytes, size_t n, struct judge_result *out)
{
    struct cursor c = { bytes, n };
    struct judge_result r;
    size_t slices;
    bool ok = true;

    if (!take(&c, &r, sizeof r) || r.slices_n > JUDGE_SLICES_MAX)
        return TRUNDLE_CORRUPT;
    memset(r.tally, 0, sizeof r.tally);
    r.notes = (struct judge_notes){ 0 };
    slices = r.slices_n;
    r.slices_n = 0;
    r.slice = calloc(slices + 1, sizeof *r.slice);
    if (!r.slice)
        return TRUNDLE_NO_MEMORY;
    for (int mode = 0; ok && mode < JUDGE_MODES; mode++)
        ok = parse_tally(&c, &r.tally[mode]);
    while (ok && r.slices_n < slices) {
        struct judge_slice *slice = &r.slice[r.slices_n++];

        ok = take(&c, slice->name, sizeof slice->name);
        for (int mode = 0; ok && mode < JUDGE_MODES; mode++)
            ok = parse_tally(&c, &slice->tally[mode]);
    }
    ok = ok && judge_notes_parse(&c.at, &c.left, &r.notes);
    if (!ok || c.left) {
        judge_result_done(&r);
        return TRUNDLE_CORRUPT;
    }
    *out = r;
    return TRUNDLE_OK;
}

void judge_results_done(struct judge_results *results)
{
    for (size_t i = 0; i < results->n; i++)
        judge_result_done(&results->result[i]);
    free(results->result);
    *results = (struct judge_results){ 0 };
}

/* What a worker says: a trip is done (or could not be), or the group is. */
struct frame { size_t trip; enum trundle_status status; size_t bytes; };

#define NO_TRIP SIZE_MAX

static bool send_all(int fd, const void *data, size_t n)
{
    const char *p = data;

    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

static bool receive_all(int fd, void *data, size_t n)
{
    char *p = data;

    while (n) {
        ssize_t k = recv(fd, p, n, 0);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

static bool tell(int fd, size_t trip, enum trundle_status status, const void *data, size_t n)
{
    struct frame f = { trip, status, n };

    return send_all(fd, &f, sizeof f) && send_all(fd, data, n);
}

static bool do_trip(const struct judge_work *work, int fd, size_t trip, enum trundle_status ready, const struct trundle_error *why)
{
    struct judge_result result = { 0 };
    struct trundle_error err = { .status = ready };
    struct bytes b = { 0 };
    enum trundle_status status = ready;
    bool ok;

    if (ready != TRUNDLE_OK)
        err = *why;
    else
        status = work->trip(work->user, trip, &result, &err);
    if (status == TRUNDLE_OK) {
        status = judge_result_print(&result, &b);
        judge_result_done(&result);
        if (status != TRUNDLE_OK)
            (void)error_set(&err, status, "judge", NULL, "no memory for a result");
    }
    ok = status == TRUNDLE_OK ? tell(fd, trip, status, b.data, b.n) : tell(fd, trip, status, &err, sizeof err);
    bytes_done(&b);
    return ok;
}

/* A worker's life: groups until the parent closes. */
static void worker(const struct judge_work *work, int fd)
{
    struct judge_job job;
    bool ok = true;

    while (ok && receive_all(fd, &job, sizeof job)) {
        struct trundle_error err;
        enum trundle_status ready = work->begin ? work->begin(work->user, &job, &err) : TRUNDLE_OK;

        for (size_t i = 0; ok && i < job.n; i++)
            ok = do_trip(work, fd, job.first + i, ready, &err);
        if (work->end)
            work->end(work->user, &job);
        ok = ok && tell(fd, NO_TRIP, TRUNDLE_OK, "", 0);
    }
}

struct seat {
    pid_t pid;
    int fd;                        /* -1: nobody */
    struct judge_job job;          /* what is left of it */
    bool busy;
};

struct office {
    const struct judge_work *work;
    const struct judge_config *config;
    struct seat seat[JUDGE_JOBS_MAX];
    size_t seats;
    struct judge_job *queue;       /* owned; groups not yet handed out, next first */
    size_t queue_n, queue_at, done, failed;
    struct judge_result *result;   /* owned, by trip */
    bool *have;                    /* owned */
};

static enum trundle_status hire(struct office *o, struct seat *seat, struct trundle_error *err)
{
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return error_set(err, TRUNDLE_IO, "judge", NULL, "cannot make a socket pair: %s", strerror(errno));
    pid = fork();
    if (pid < 0) {
        (void)close(pair[0]);
        (void)close(pair[1]);
        return error_set(err, TRUNDLE_IO, "judge", "fewer --jobs", "cannot start a worker: %s", strerror(errno));
    }
    if (pid == 0) {
        for (size_t i = 0; i < o->seats; i++)
            if (o->seat[i].fd >= 0)
                (void)close(o->seat[i].fd);
        (void)close(pair[0]);
        worker(o->work, pair[1]);
        _exit(0);
    }
    (void)close(pair[1]);
    *seat = (struct seat){ .pid = pid, .fd = pair[0] };
    return TRUNDLE_OK;
}

static int dismiss(struct seat *seat)
{
    int status = 0;

    if (seat->fd < 0)
        return 0;
    (void)close(seat->fd);
    while (waitpid(seat->pid, &status, 0) < 0 && errno == EINTR)
        ;
    seat->fd = -1;
    seat->busy = false;
    return status;
}

static void count_failed(struct office *o, size_t trip, const struct trundle_error *err)
{
    o->failed++;
    if (o->config->complain)
        o->config->complain(o->config->user, o->work->name(o->work->user, trip), err);
}

static void count_done(struct office *o)
{
    o->done++;
    if (o->config->progress)
        o->config->progress(o->config->user, o->done, o->work->trips_n);
}

/* The trip it was at is lost; the rest of the group goes back to the queue. */
static void bury(struct office *o, struct seat *seat)
{
    bool was_busy = seat->busy;
    struct judge_job job = seat->job;
    int status = dismiss(seat);
    struct trundle_error err;

    if (!was_busy || !job.n)
        return;
    (void)error_set(&err, TRUNDLE_CORRUPT, o->work->name(o->work->user, job.first), "run it alone to see why", "its worker ended by %s %d",
                    WIFSIGNALED(status) ? "signal" : "exit code", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    count_failed(o, job.first, &err);
    count_done(o);
    if (job.n > 1)
        o->queue[--o->queue_at] = (struct judge_job){ job.first + 1, job.n - 1 };
}

/* One frame from a worker. False: it is gone. */
static bool gather(struct office *o, struct seat *seat)
{
    struct frame f;
    struct bytes b = { 0 };
    struct trundle_error err;
    bool ok = false;

    if (!receive_all(seat->fd, &f, sizeof f))
        return false;
    if (f.trip == NO_TRIP) {
        seat->busy = false;
        return true;
    }
    if (f.trip != seat->job.first || !seat->job.n || f.bytes > FRAME_BYTES_MAX || bytes_reserve(&b, f.bytes + 1) != TRUNDLE_OK
        || !receive_all(seat->fd, b.data, f.bytes))
        goto out;
    if (f.status == TRUNDLE_OK) {
        if (judge_result_parse(b.data, f.bytes, &o->result[f.trip]) != TRUNDLE_OK)
            goto out;
        o->have[f.trip] = true;
    } else {
        if (f.bytes != sizeof err)
            goto out;
        memcpy(&err, b.data, sizeof err);
        count_failed(o, f.trip, &err);
    }
    seat->job.first++;
    seat->job.n--;
    count_done(o);
    ok = true;
out:
    bytes_done(&b);
    return ok;
}

/* Hands the next group to an idle seat; hires when nobody sits there. */
static enum trundle_status assign(struct office *o, struct seat *seat, struct trundle_error *err)
{
    while (o->queue_at < o->queue_n) {
        if (seat->fd < 0)
            TRY(hire(o, seat, err));
        seat->job = o->queue[o->queue_at];
        if (send_all(seat->fd, &seat->job, sizeof seat->job)) {
            o->queue_at++;
            seat->busy = true;
            return TRUNDLE_OK;
        }
        (void)dismiss(seat);
    }
    return TRUNDLE_OK;
}

static enum trundle_status supervise(struct office *o, struct trundle_error *err)
{
    for (;;) {
        struct pollfd fds[JUDGE_JOBS_MAX];
        struct seat *of[JUDGE_JOBS_MAX];
        nfds_t n = 0;

        for (size_t i = 0; i < o->seats; i++) {
            if (!o->seat[i].busy)
                TRY(assign(o, &o->seat[i], err));
            if (!o->seat[i].busy)
                continue;
            fds[n] = (struct pollfd){ .fd = o->seat[i].fd, .events = POLLIN };
            of[n++] = &o->seat[i];
        }
        if (!n)
            return TRUNDLE_OK;
        if (poll(fds, n, -1) < 0) {
            if (errno == EINTR)
                continue;
            return error_set(err, TRUNDLE_IO, "judge", NULL, "poll: %s", strerror(errno));
        }
        for (nfds_t i = 0; i < n; i++)
            if (fds[i].revents && !gather(o, of[i]))
                bury(o, of[i]);
    }
}

enum trundle_status judge_work(const struct judge_work *work, const struct judge_config *config, struct judge_results *out, struct trundle_error *err)
{
    struct office o = { .work = work, .config = config };
    enum trundle_status status = TRUNDLE_NO_MEMORY;
    size_t n = 0;

    o.seats = config->jobs < 1 ? 1 : config->jobs > JUDGE_JOBS_MAX ? JUDGE_JOBS_MAX : (size_t)config->jobs;
    for (size_t i = 0; i < JUDGE_JOBS_MAX; i++)
        o.seat[i].fd = -1;
    o.queue = calloc(work->jobs_n + 1, sizeof *o.queue);
    o.result = calloc(work->trips_n + 1, sizeof *o.result);
    o.have = calloc(work->trips_n + 1, sizeof *o.have);
    if (!o.queue || !o.result || !o.have) {
        (void)error_set(err, status, "judge", NULL, "no memory for %zu trips", work->trips_n);
        goto out;
    }
    for (size_t i = 0; i < work->jobs_n; i++)
        o.queue[o.queue_n++] = work->job[i];
    status = supervise(&o, err);
out:
    for (size_t i = 0; i < o.seats; i++)
        (void)dismiss(&o.seat[i]);
    for (size_t i = 0; o.result && o.have && i < work->trips_n; i++)
        if (o.have[i])
            o.result[n++] = o.result[i];
    if (status == TRUNDLE_OK) {
        *out = (struct judge_results){ o.result, n, o.failed };
    } else {
        for (size_t i = 0; i < n; i++)
            judge_result_done(&o.result[i]);
        free(o.result);
    }
    free(o.queue);
    free(o.have);
    return status;
}
