/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Loads: records and clips as fast as they go, beside SQLite with the same rows and bytes; and a crowd of carts that stay. Rounds of the hub and of SQLite alternate, so that both have the
 * machine of the same minutes. Senders and hub share its cores; SQLite has them alone.
 */
#include "bench/hub.h"

#include "base/std/hash.h"
#include "base/std/time.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SENDERS = 16, ROUNDS_MAX = 20, LINES = 500, BODIES = 8, CLIP_BYTES = 4 << 20, PART = 1 << 20 };

/* ---- senders ---- */

struct sender {
    const struct hub_rig *rig;
    struct hub_line *line;
    struct bytes *request;                 /* sent one after the other */
    size_t requests;
    enum trundle_status status;
    struct trundle_error err;
};

static void *send_all(void *user)
{
    struct sender *s = user;
    int code = 0;

    s->status = TRUNDLE_OK;
    for (size_t i = 0; i < s->requests && s->status == TRUNDLE_OK; i++) {
        s->status = hub_line_send(s->line, s->request[i].data, s->request[i].n, &s->err);
        if (s->status == TRUNDLE_OK)
            s->status = hub_line_answer(s->line, true, &code, &s->err);
        if (s->status == TRUNDLE_OK && code != 200)
            s->status = error_set(&s->err, TRUNDLE_DEVICE, "hub", NULL, "answered %d", code);
    }
    return NULL;
}

static enum trundle_status all_send(struct sender *sender, double *out_s, struct trundle_error *err)
{
    pthread_t thread[SENDERS];
    int64_t start = clock_mono_ns();
    size_t n = 0;
    enum trundle_status status = TRUNDLE_OK;

    for (; n < SENDERS; n++)
        if (pthread_create(&thread[n], NULL, send_all, &sender[n]) != 0)
            break;
    for (size_t i = 0; i < n; i++)
        (void)pthread_join(thread[i], NULL);
    *out_s = ns_s(clock_mono_ns() - start);
    for (size_t i = 0; i < SENDERS && status == TRUNDLE_OK; i++) {
        status = i < n ? sender[i].status : error_set(&sender[i].err, TRUNDLE_NO_MEMORY, "bench", NULL, "no thread");
        if (status != TRUNDLE_OK)
            *err = sender[i].err;
    }
    return status;
}

static void senders_done(struct sender *sender)
{
    for (size_t i = 0; i < SENDERS; i++) {
        hub_line_close(sender[i].line);
        for (size_t k = 0; k < sender[i].requests; k++)
            bytes_done(&sender[i].request[k]);
        free(sender[i].request);
    }
}

static enum trundle_status senders_open(const struct hub_rig *r, struct sender *sender, size_t requests, struct trundle_error *err)
{
    for (size_t i = 0; i < SENDERS; i++) {
        sender[i] = (struct sender){ .rig = r, .request = calloc(requests, sizeof *sender[i].request), .requests = requests };
        if (!sender[i].request)
            return error_set(err, TRUNDLE_NO_MEMORY, "bench", NULL, "no memory");
        TRY(hub_line_open(r->port, &sender[i].line, err));
    }
    return TRUNDLE_OK;
}

static enum trundle_status grow(enum trundle_status status, struct trundle_error *err)
{
    return status == TRUNDLE_OK ? status : error_set(err, status, "bench", NULL, "no memory for requests");
}

/* ---- SQLite beside ---- */

struct plain { sqlite3 *db; sqlite3_stmt *insert; char path[HUB_PATH + 20]; int64_t next; };

static enum trundle_status plain_fail(const struct plain *p, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_IO, p->path, NULL, "%s", sqlite3_errmsg(p->db));
}

static enum trundle_status plain_open(struct plain *p, const char *dir, const char *table, const char *insert, struct trundle_error *err)
{
    (void)snprintf(p->path, sizeof p->path, "%s/plain.sqlite", dir);
    /* As the hub opens it: no locks inside, since one thread has the handle (and, by the hub's db_open in this process, no count of what SQLite holds). */
    if (sqlite3_open_v2(p->path, &p->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
        sqlite3_exec(p->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(p->db, table, NULL, NULL, NULL) != SQLITE_OK || sqlite3_prepare_v2(p->db, insert, -1, &p->insert, NULL) != SQLITE_OK)
        return plain_fail(p, err);
    return TRUNDLE_OK;
}

static void plain_close(struct plain *p)
{
    static const char *const tails[] = { "", "-wal", "-shm" };
    char name[HUB_PATH + 40];

    (void)sqlite3_finalize(p->insert);
    (void)sqlite3_close(p->db);
    for (size_t i = 0; i < COUNT_OF(tails) && p->path[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", p->path, tails[i]);
        (void)unlink(name);
    }
}

static bool plain_do(struct plain *p, const char *sql)
{
    return sqlite3_exec(p->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* ---- records ---- */

/* A line as the hub keeps it. */
struct row { int64_t key, t_ns; const char *body; int n; };

/* Body k of every sender is transaction k: what the hub gathers at best. The lines are cut here, so that the clock sees nothing but SQLite. */
static void cut_rows(struct bytes bodies[SENDERS][BODIES], int64_t first, struct row out[BODIES][SENDERS * LINES])
{
    for (size_t k = 0; k < BODIES; k++)
        for (size_t i = 0; i < SENDERS; i++) {
            const char *line = (const char *)bodies[i][k].data;

            for (size_t l = 0; l < LINES; l++) {
                const char *body = strstr(line, "\"body\":") + 7, *end = strchr(body, '\n');

                out[k][i * LINES + l] = (struct row){ (int64_t)(i + 1) << 40 | (first + (int64_t)(k * LINES + l)), strtoll(strstr(line, "\"t_ns\":") + 7, NULL, 10), body,
                                                      (int)(end - 1 - body) };
                line = end + 1;
            }
        }
}

static bool plain_row(struct plain *p, const struct row *row, int64_t now_ns)
{
    return sqlite3_bind_int64(p->insert, 1, row->key) == SQLITE_OK && sqlite3_bind_int64(p->insert, 2, row->t_ns) == SQLITE_OK && sqlite3_bind_int64(p->insert, 3, now_ns) == SQLITE_OK &&
           sqlite3_bind_text(p->insert, 4, "decision", -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_bind_text(p->insert, 5, row->body, row->n, SQLITE_STATIC) == SQLITE_OK &&
           sqlite3_step(p->insert) == SQLITE_DONE && sqlite3_reset(p->insert) == SQLITE_OK;
}

static enum trundle_status plain_rows(struct plain *p, struct row rows[BODIES][SENDERS * LINES], double *out_s, struct trundle_error *err)
{
    int64_t start = clock_mono_ns();

    for (size_t k = 0; k < BODIES; k++) {
        int64_t now_ns = clock_wall_ns();

        if (!plain_do(p, "BEGIN IMMEDIATE"))
            return plain_fail(p, err);
        for (size_t i = 0; i < SENDERS * LINES; i++)
            if (!plain_row(p, &rows[k][i], now_ns))
                return plain_fail(p, err);
        if (!plain_do(p, "COMMIT"))
            return plain_fail(p, err);
    }
    *out_s = ns_s(clock_mono_ns() - start);
    return TRUNDLE_OK;
}

enum trundle_status hub_ingest(struct bench *b, struct hub_rig *r, struct trundle_error *err)
{
    static struct bytes bodies[SENDERS][BODIES];
    static struct row row[BODIES][SENDERS * LINES];
    double hub_s[ROUNDS_MAX], plain_s[ROUNDS_MAX], rows[ROUNDS_MAX], share[ROUNDS_MAX], cpu_us[ROUNDS_MAX], plain_us[ROUNDS_MAX];
    size_t rounds = b->quick ? 3 : 8, done = 0;
    struct sender sender[SENDERS] = { 0 };
    struct plain p = { .path = "" };
    enum trundle_status status;

    TRY_GOTO(status, senders_open(r, sender, BODIES, err), out);
    TRY_GOTO(status, plain_open(&p, r->dir, "CREATE TABLE depot_record(key INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL, received_ns INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL)",
                                "INSERT INTO depot_record VALUES(?, ?, ?, ?, ?)", err), out);
    for (; done < rounds; done++) {
        int64_t first = r->cart[0].sequence + 1;

        for (size_t i = 0; i < SENDERS; i++)
            for (size_t k = 0; k < BODIES; k++) {
                bodies[i][k].n = sender[i].request[k].n = 0;
                TRY_GOTO(status, grow(hub_decisions(&r->cart[i], LINES, &bodies[i][k]), err), out);
                TRY_GOTO(status, grow(hub_request(&r->cart[i], "POST", "/api/v1/ingest", bodies[i][k].data, bodies[i][k].n, &sender[i].request[k]), err), out);
            }
        cut_rows(bodies, first, row);
        cpu_us[done] = hub_cpu_s(r);
        TRY_GOTO(status, all_send(sender, &hub_s[done], err), out);
        cpu_us[done] = 1e6 * (hub_cpu_s(r) - cpu_us[done]);
        plain_us[done] = 1e-3 * (double)clock_thread_cpu_ns();
        TRY_GOTO(status, plain_rows(&p, row, &plain_s[done], err), out);
        plain_us[done] = 1e-3 * (double)clock_thread_cpu_ns() - plain_us[done];
        rows[done] = SENDERS * BODIES * LINES;
        share[done] = plain_s[done] / hub_s[done];
    }
    bench_print(b, &(struct bench_figure){ .name = "hub_ingest", .unit = "decisions/s", .simulated = true, .n = done, .sample = rows, .per = hub_s,
                                           .note = "HTTPS, signed bodies of 500 lines, 16 connections, senders on the same cores; each body on disk when it is answered" });
    bench_print(b, &(struct bench_figure){ .name = "sqlite_rows", .unit = "decisions/s", .simulated = true, .n = done, .sample = rows, .per = plain_s,
                                           .note = "peer: the same rows in the same table by plain SQLite, WAL, full sync, no locks inside, lines cut before, 8000 rows a transaction; "
                                                   "rounds alternate with hub_ingest" });
    bench_print(b, &(struct bench_figure){ .name = "hub_ingest_share", .unit = "of sqlite_rows", .simulated = true, .n = done, .sample = share });
    bench_print(b, &(struct bench_figure){ .name = "hub_ingest_cpu", .unit = "us/decision", .simulated = true, .n = done, .sample = cpu_us, .per = rows,
                                           .note = "CPU of the hub's process: TLS, signature, JSON, rows, commit; does not depend on who else is on the machine" });
    bench_print(b, &(struct bench_figure){ .name = "sqlite_rows_cpu", .unit = "us/decision", .simulated = true, .n = done, .sample = plain_us, .per = rows });
out:
    plain_close(&p);
    senders_done(sender);
    for (size_t i = 0; i < SENDERS; i++)
        for (size_t k = 0; k < BODIES; k++) {
            bytes_done(&bodies[i][k]);
            bodies[i][k] = (struct bytes){ 0 };
        }
    return status;
}

/* ---- clips ---- */

static enum trundle_status make_clip(const struct hub_rig *r, struct hub_cart *cart, struct bytes *out, char sha256[65], struct bytes *record, struct trundle_error *err)
{
    struct seal_header header = { .trip = "t1", .trigger = "bench", .purpose = "improve", .keep_days = 30, .t0_s = 0, .t1_s = 9 };
    struct seal_writer *w = NULL;
    uint8_t *content = malloc(CLIP_BYTES);
    enum trundle_status status;

    if (!content)
        return grow(TRUNDLE_NO_MEMORY, err);
    randombytes_buf(content, CLIP_BYTES);
    (void)snprintf(header.cart, sizeof header.cart, "%s", cart->name);
    out->n = 0;
    TRY_GOTO(status, seal_write_memory(r->seal_key, &header, out, &w, err), out);
    TRY_GOTO(status, seal_write_add(w, content, CLIP_BYTES, err), out);
    TRY_GOTO(status, seal_write_finish(w, err), out);
    (void)hash_sha256(out->data, out->n, sha256);
    status = grow(bytes_print(record, "{\"boot\":1,\"sequence\":%" PRId64 ",\"t_ns\":%" PRId64 ",\"kind\":\"clip\",\"body\":{\"sha256\":\"%s\",\"bytes\":%zu,\"trip\":\"t1\",\"trigger\":\"bench\","
                              "\"purpose\":\"improve\",\"keep_days\":30,\"t0_s\":0,\"t1_s\":9,\"worth\":1,\"decision\":1}}\n", ++cart->sequence, clock_wall_ns(), sha256, out->n), err);
out:
    seal_write_free(w);
    free(content);
    return status;
}

/* The requests of a clip, and the clip announced. */
static enum trundle_status load_clip(struct hub_rig *r, struct sender *s, struct hub_cart *cart, struct bytes *clip, struct trundle_error *err)
{
    struct bytes record = { 0 }, request = { 0 };
    char sha256[65], target[200];
    enum trundle_status status;
    int code = 0;
    size_t k = 0;

    TRY_GOTO(status, make_clip(r, cart, clip, sha256, &record, err), out);
    TRY_GOTO(status, grow(hub_request(cart, "POST", "/api/v1/ingest", record.data, record.n, &request), err), out);
    TRY_GOTO(status, hub_line_send(s->line, request.data, request.n, err), out);
    TRY_GOTO(status, hub_line_answer(s->line, true, &code, err), out);
    if (code != 200) {
        status = error_set(err, TRUNDLE_DEVICE, "hub", NULL, "answered %d to the clip's record", code);
        goto out;
    }
    for (size_t at = 0; at < clip->n; at += PART, k++) {
        size_t n = clip->n - at < PART ? clip->n - at : PART;

        (void)snprintf(target, sizeof target, "/api/v1/clips/%s?offset=%zu&size=%zu", sha256, at, clip->n);
        s->request[k].n = 0;
        TRY_GOTO(status, grow(hub_request(cart, "PUT", target, clip->data + at, n, &s->request[k]), err), out);
    }
    s->requests = k;
out:
    bytes_done(&record);
    bytes_done(&request);
    return status;
}

static enum trundle_status plain_clips(struct plain *p, const struct bytes *clip, double *out_s, struct trundle_error *err)
{
    int64_t start = clock_mono_ns();

    for (size_t i = 0; i < SENDERS; i++)
        if (sqlite3_bind_int64(p->insert, 1, ++p->next) != SQLITE_OK || sqlite3_bind_blob64(p->insert, 2, clip[i].data, clip[i].n, SQLITE_STATIC) != SQLITE_OK ||
            sqlite3_step(p->insert) != SQLITE_DONE || sqlite3_reset(p->insert) != SQLITE_OK)
            return plain_fail(p, err);
    *out_s = ns_s(clock_mono_ns() - start);
    return TRUNDLE_OK;
}

static enum trundle_status plain_files(const char *dir, const struct bytes *clip, double *out_s, struct trundle_error *err)
{
    char path[HUB_PATH + 40];
    int64_t start = clock_mono_ns();

    for (size_t i = 0; i < SENDERS; i++) {
        (void)snprintf(path, sizeof path, "%s/plain-%zu", dir, i);
        TRY(file_write(path, clip[i].data, clip[i].n, err));
    }
    *out_s = ns_s(clock_mono_ns() - start);
    return TRUNDLE_OK;
}

enum trundle_status hub_clips(struct bench *b, struct hub_rig *r, struct trundle_error *err)
{
    double hub_s[ROUNDS_MAX], plain_s[ROUNDS_MAX], files_s[ROUNDS_MAX], mb[ROUNDS_MAX], share[ROUNDS_MAX], cpu_ms[ROUNDS_MAX], plain_ms[ROUNDS_MAX];
    size_t rounds = b->quick ? 3 : 6, done = 0;
    struct sender sender[SENDERS] = { 0 };
    struct bytes clip[SENDERS] = { 0 };
    struct plain p = { .path = "" };
    enum trundle_status status;

    TRY_GOTO(status, senders_open(r, sender, CLIP_BYTES / PART + 2, err), out);
    TRY_GOTO(status, plain_open(&p, r->dir, "CREATE TABLE clip(key INTEGER PRIMARY KEY, bytes BLOB NOT NULL)", "INSERT INTO clip VALUES(?, ?)", err), out);
    for (; done < rounds; done++) {
        mb[done] = 0;
        for (size_t i = 0; i < SENDERS; i++) {
            TRY_GOTO(status, load_clip(r, &sender[i], &r->cart[i], &clip[i], err), out);
            mb[done] += 1e-6 * (double)clip[i].n;
        }
        cpu_ms[done] = hub_cpu_s(r);
        TRY_GOTO(status, all_send(sender, &hub_s[done], err), out);
        cpu_ms[done] = 1e3 * (hub_cpu_s(r) - cpu_ms[done]);
        plain_ms[done] = 1e-6 * (double)clock_thread_cpu_ns();
        TRY_GOTO(status, plain_clips(&p, clip, &plain_s[done], err), out);
        plain_ms[done] = 1e-6 * (double)clock_thread_cpu_ns() - plain_ms[done];
        TRY_GOTO(status, plain_files(r->dir, clip, &files_s[done], err), out);
        share[done] = plain_s[done] / hub_s[done];
    }
    bench_print(b, &(struct bench_figure){ .name = "hub_clips", .unit = "MB/s", .simulated = true, .n = done, .sample = mb, .per = hub_s,
                                           .note = "HTTPS, sealed clips of 4 MiB in signed parts of 1 MiB, 16 connections, senders on the same cores; hash and seal checked, on disk" });
    bench_print(b, &(struct bench_figure){ .name = "sqlite_blobs", .unit = "MB/s", .simulated = true, .n = done, .sample = mb, .per = plain_s,
                                           .note = "peer: the same bytes as rows by plain SQLite, WAL, full sync, a clip a transaction; rounds alternate with hub_clips" });
    bench_print(b, &(struct bench_figure){ .name = "plain_files", .unit = "MB/s", .simulated = true, .n = done, .sample = mb, .per = files_s, .note = "peer: the same bytes as files, each synced" });
    bench_print(b, &(struct bench_figure){ .name = "hub_clips_share", .unit = "of sqlite_blobs", .simulated = true, .n = done, .sample = share });
    bench_print(b, &(struct bench_figure){ .name = "hub_clips_cpu", .unit = "ms/MB", .simulated = true, .n = done, .sample = cpu_ms, .per = mb, .note = "CPU of the hub's process" });
    bench_print(b, &(struct bench_figure){ .name = "sqlite_blobs_cpu", .unit = "ms/MB", .simulated = true, .n = done, .sample = plain_ms, .per = mb });
out:
    plain_close(&p);
    for (size_t i = 0; i < SENDERS; i++)
        bytes_done(&clip[i]);
    for (size_t i = 0; i < SENDERS; i++)
        sender[i].requests = sender[i].request ? CLIP_BYTES / PART + 2 : 0;
    senders_done(sender);
    return status;
}

/* ---- a crowd that stays ---- */

struct member { struct hub_line *line; int64_t due_ns, sent_ns; };

enum { LATENCIES_MAX = 2000000, CROWD_LINES = 5 };

static enum trundle_status say_something(struct hub_rig *r, struct member *m, size_t i, struct trundle_error *err)
{
    struct bytes body = { 0 }, request = { 0 };
    enum trundle_status status;

    TRY_GOTO(status, grow(hub_decisions(&r->cart[i], CROWD_LINES, &body), err), out);
    TRY_GOTO(status, grow(hub_request(&r->cart[i], "POST", "/api/v1/ingest", body.data, body.n, &request), err), out);
    m->sent_ns = clock_mono_ns();
    status = hub_line_send(m->line, request.data, request.n, err);
out:
    bytes_done(&body);
    bytes_done(&request);
    return status;
}

static enum trundle_status crowd_turn(struct hub_rig *r, struct member *m, struct pollfd *fds, int64_t period_ns, double *ms, size_t *n, struct trundle_error *err)
{
    int64_t now = clock_mono_ns();
    int code;
    enum trundle_status status;

    for (size_t i = 0; i < r->carts; i++)
        if (!m[i].sent_ns && m[i].due_ns <= now) {
            TRY(say_something(r, &m[i], i, err));
            m[i].due_ns += period_ns;
        }
    (void)poll(fds, (nfds_t)r->carts, 1);
    for (size_t i = 0; i < r->carts; i++) {
        if (!(fds[i].revents & (POLLIN | POLLHUP | POLLERR)) || !m[i].line)
            continue;
        status = hub_line_answer(m[i].line, false, &code, err);
        if (status == TRUNDLE_AGAIN)
            continue;
        if (status != TRUNDLE_OK)
            return status;
        if (code != 200)
            return error_set(err, TRUNDLE_DEVICE, r->cart[i].name, NULL, "the hub answered %d", code);
        if (*n < LATENCIES_MAX)
            ms[(*n)++] = 1e-6 * (double)(clock_mono_ns() - m[i].sent_ns);
        m[i].sent_ns = 0;
    }
    return TRUNDLE_OK;
}

enum trundle_status hub_crowd(struct bench *b, struct hub_rig *r, double seconds, double period_s, struct trundle_error *err)
{
    struct member *m = calloc(r->carts, sizeof *m);
    struct pollfd *fds = calloc(r->carts, sizeof *fds);
    double *ms = calloc(LATENCIES_MAX, sizeof *ms), before, at_rest, after, most;
    int64_t start, end;
    size_t n = 0, open = 0;
    enum trundle_status status = TRUNDLE_OK;
    char note[300];

    if (!m || !fds || !ms) {
        status = grow(TRUNDLE_NO_MEMORY, err);
        goto out;
    }
    before = hub_memory(r, "VmRSS:");
    for (; open < r->carts; open++) {
        TRY_GOTO(status, hub_line_open(r->port, &m[open].line, err), out);
        fds[open] = (struct pollfd){ .fd = hub_line_fd(m[open].line), .events = POLLIN };
    }
    start = clock_mono_ns();
    end = start + S_NS(seconds);
    for (size_t i = 0; i < r->carts; i++)
        m[i].due_ns = start + (int64_t)(1e9 * period_s * (double)i / (double)r->carts);
    at_rest = hub_memory(r, "VmRSS:");
    while (clock_mono_ns() < end)
        TRY_GOTO(status, crowd_turn(r, m, fds, S_NS(period_s), ms, &n, err), out);
    after = hub_memory(r, "VmRSS:");
    most = hub_memory(r, "VmHWM:");
    (void)snprintf(note, sizeof note, "%zu carts connected over TLS for %.0f s, each with %d decisions every %.3g s; nobody was closed or refused; sent to answered, on disk", r->carts, seconds,
                   CROWD_LINES, period_s);
    bench_print(b, &(struct bench_figure){ .name = "hub_crowd_latency", .unit = "ms", .simulated = true, .n = n, .sample = ms, .note = note });
    before *= 1e-6, at_rest *= 1e-6, after *= 1e-6, most *= 1e-6;
    bench_print(b, &(struct bench_figure){ .name = "hub_memory_idle", .unit = "MB", .n = 1, .sample = &before, .note = "resident, before the crowd came" });
    bench_print(b, &(struct bench_figure){ .name = "hub_memory_connected", .unit = "MB", .n = 1, .sample = &at_rest, .note = "resident, all connected" });
    bench_print(b, &(struct bench_figure){ .name = "hub_memory_crowd", .unit = "MB", .n = 1, .sample = &after, .note = "resident, at the end" });
    bench_print(b, &(struct bench_figure){ .name = "hub_memory_most", .unit = "MB", .n = 1, .sample = &most, .note = "the most that it ever had, since its start" });
out:
    for (size_t i = 0; m && i < r->carts; i++)
        hub_line_close(m[i].line);
    free(m);
    free(fds);
    free(ms);
    return status;
}
