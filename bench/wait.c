/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a shopper waits for: a line after an item has settled, a commit of the journal, a code in a picture. */
#include "bench/bench.h"

#include "base/seal/seal.h"
#include "base/std/time.h"
#include "cart/runtime/journal.h"
#include "cart/runtime/keeper.h"
#include "cart/runtime/replay.h"
#include "cart/runtime/uplink.h"
#include "cart/scan/picture.h"
#include "cart/scan/picture_file.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum trundle_status published(void *to, const char *json, size_t n)
{
    (void)json;
    *(size_t *)to += n;
    return TRUNDLE_OK;
}

enum { LINE_TRIPS = 8 };

struct lines { double *ms; int *cluster; size_t n; };

static bool lines_new(struct lines *l, int trips)
{
    l->ms = calloc((size_t)trips * REPLAY_LATENCIES, sizeof *l->ms);
    l->cluster = calloc((size_t)trips * REPLAY_LATENCIES, sizeof *l->cluster);
    l->n = 0;
    return l->ms && l->cluster;
}

static void lines_done(struct lines *l)
{
    free(l->ms);
    free(l->cluster);
}

/* Trip i at natural speed, recorded, with a screen, and with what is given to keep it for a hub. */
static bool line_trip(struct bench *b, const char *name, int i, struct face *face, struct keeper *keeper, struct lines *out)
{
    char path[560], journal[600];
    struct replay_config config = { .speed = 1, .threads = 1, .record = path, .face = face, .keeper = keeper };
    struct replay_summary s;
    struct trundle_error err;

    (void)snprintf(path, sizeof path, "%s/line.mcap", b->dir);
    (void)snprintf(journal, sizeof journal, "%s.journal", path);
    fprintf(stderr, "bench: %s: trip %d, at natural speed%s\n", name, i + 1, keeper ? ", kept for a hub" : "");
    if (replay_trip(b->trip[i].path, &config, &s, &err) != TRUNDLE_OK) {
        bench_fail(b, name, &err);
        return false;
    }
    if (s.kept != TRUNDLE_OK)
        bench_fail(b, name, &s.kept_error);
    for (int k = 0; k < s.latencies_n; k++) {
        out->ms[out->n] = 1000 * s.latency_s[k];
        out->cluster[out->n++] = i;
    }
    replay_summary_done(&s);
    (void)unlink(path);
    (void)unlink(journal);
    return true;
}

void bench_line(struct bench *b)
{
    int trips = b->quick ? 1 : LINE_TRIPS;
    struct inbox *inbox = NULL;
    struct face *face = NULL;
    struct lines lines = { NULL, NULL, 0 };
    size_t bytes = 0;

    if (!lines_new(&lines, LINE_TRIPS) || inbox_new(&inbox) != TRUNDLE_OK || face_new(&(struct face_config){ .inbox = inbox, .publish = published, .to = &bytes }, &face) != TRUNDLE_OK)
        goto out;
    for (int i = 0; i < trips && i < b->trips_n; i++)
        if (!line_trip(b, "line_latency", i, face, NULL, &lines))
            break;
    bench_print(b, &(struct bench_figure){ .name = "line_latency", .unit = "ms", .simulated = true, .n = lines.n, .sample = lines.ms, .cluster = lines.cluster,
                                           .note = "true t_settle of a put to its line journalled and the screen's state published; speed 1, one thread" });
out:
    face_free(face);
    inbox_free(inbox);
    lines_done(&lines);
}

/* A cart that has joined a hub that does not answer, keeps a clip of every line and tries to send all the time. */
static bool busy_cart(const char *dir, struct trundle_error *err)
{
    static const char policy[] = "{\"before_s\": 4, \"after_s\": 2, \"longest_s\": 20, \"triggers\": [{\"name\": \"all\", \"when\": \"decision\", \"purpose\": \"measure\", \"keep_days\": 1}]}";
    struct seal_key key;
    struct identity id;
    char path[700];
    bool made = identity_make(dir, &id, err) == TRUNDLE_OK && seal_key_make(&key, err) == TRUNDLE_OK && identity_hub_set(&id, "http://127.0.0.1:9", NULL, err) == TRUNDLE_OK;

    if (made) {
        (void)snprintf(id.cart, sizeof id.cart, "bench");
        (void)seal_key_text(key.public_key, id.seal_key);
        (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, dir);
        made = identity_save(dir, &id, err) == TRUNDLE_OK && file_write(path, policy, strlen(policy), err) == TRUNDLE_OK;
    }
    identity_done(&id);
    return made;
}

/* Line latency with and without capture, outbox and uplink, trip by trip in turns; over all trips, since a p99 needs hundreds of lines. */
void bench_line_kept(struct bench *b)
{
    int trips = b->quick ? 1 : b->trips_n;
    struct inbox *inbox = NULL;
    struct face *face = NULL;
    struct keeper *keeper = NULL;
    struct uplink *uplink = NULL;
    struct lines without = { NULL, NULL, 0 }, with = { NULL, NULL, 0 };
    struct trundle_error err = { .what = "no memory" };
    struct keeper_counts counts;
    char dir[560], note[240];
    size_t bytes = 0;

    (void)snprintf(dir, sizeof dir, "%s/line-state-%ld", b->dir, (long)getpid());
    if (!lines_new(&without, trips) || !lines_new(&with, trips) || inbox_new(&inbox) != TRUNDLE_OK ||
        face_new(&(struct face_config){ .inbox = inbox, .publish = published, .to = &bytes }, &face) != TRUNDLE_OK || !busy_cart(dir, &err) ||
        keeper_start(&(struct keeper_config){ .dir = dir, .health_s = 1 }, &keeper, &err) != TRUNDLE_OK ||
        uplink_start(&(struct uplink_config){ .dir = dir, .retry_s = 0.2, .retry_most_s = 1 }, &uplink, &err) != TRUNDLE_OK) {
        bench_fail(b, "line_kept", &err);
        goto out;
    }
    for (int i = 0; i < trips && i < b->trips_n; i++)
        if (!line_trip(b, "line_kept", i, face, i % 2 ? keeper : NULL, i % 2 ? &with : &without) || !line_trip(b, "line_kept", i, face, i % 2 ? NULL : keeper, i % 2 ? &without : &with))
            break;
    counts = keeper_counts(keeper);
    (void)snprintf(note, sizeof note, "in turns with the one without; %llu decisions and %llu clips kept, %llu refused, %llu tries to send", (unsigned long long)counts.decisions,
                   (unsigned long long)counts.clips, (unsigned long long)counts.refused, (unsigned long long)uplink_counts(uplink).requests);
    bench_print(b, &(struct bench_figure){ .name = "line_without_capture", .unit = "ms", .simulated = true, .n = without.n, .sample = without.ms, .cluster = without.cluster,
                                           .note = "as line_latency" });
    bench_print(b, &(struct bench_figure){ .name = "line_with_capture", .unit = "ms", .simulated = true, .n = with.n, .sample = with.ms, .cluster = with.cluster, .note = note });
out:
    keeper_stop(keeper);
    uplink_stop(uplink);
    face_free(face);
    inbox_free(inbox);
    lines_done(&without);
    lines_done(&with);
}

/* ---- journal ---- */

struct plain { sqlite3 *db; sqlite3_stmt *insert; };

static bool plain_open(struct plain *p, const char *path)
{
    return sqlite3_open(path, &p->db) == SQLITE_OK &&
           sqlite3_exec(p->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE d(id INTEGER PRIMARY KEY, body BLOB NOT NULL)", NULL, NULL,
                        NULL) == SQLITE_OK &&
           sqlite3_prepare_v2(p->db, "INSERT INTO d VALUES(?, ?)", -1, &p->insert, NULL) == SQLITE_OK;
}

static bool plain_commit(struct plain *p, int id)
{
    static const char body[96];
    bool ok = sqlite3_bind_int(p->insert, 1, id) == SQLITE_OK && sqlite3_bind_blob(p->insert, 2, body, sizeof body, SQLITE_STATIC) == SQLITE_OK &&
              sqlite3_step(p->insert) == SQLITE_DONE;

    return sqlite3_reset(p->insert) == SQLITE_OK && ok;
}

static void unlink_db(const char *path)
{
    static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
    char name[600];

    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, tails[i]);
        (void)unlink(name);
    }
}

void bench_journal(struct bench *b)
{
    size_t n = b->quick ? 100 : 700, done = 0;
    double *ours = calloc(n, sizeof *ours), *theirs = calloc(n, sizeof *theirs), *one = calloc(n, sizeof *one);
    struct journal *j = NULL;
    struct plain plain = { NULL, NULL };
    struct trundle_error err = { .what = "no memory, or SQLite" };
    enum trundle_status status = TRUNDLE_NO_MEMORY;
    char path[560], other[560];

    (void)snprintf(path, sizeof path, "%s/bench.journal", b->dir);
    (void)snprintf(other, sizeof other, "%s/plain.sqlite", b->dir);
    unlink_db(path);
    unlink_db(other);
    if (!ours || !theirs || !one || !plain_open(&plain, other))
        goto out;
    TRY_GOTO(status, journal_open(path, &j, &err), out);
    for (; done < n; done++) {
        struct trundle_message m = { .channel = TRUNDLE_DECISION, .log_ns = (int64_t)done * NS_PER_MS, .sequence = (uint32_t)done };
        size_t again, differing;
        int64_t start;

        m.decision.id = (uint32_t)done + 1;
        m.decision.kind = TRUNDLE_DECIDE_ADD;
        start = clock_mono_ns();
        TRY_GOTO(status, journal_append(j, &m, 1, &again, &differing, &err), out);
        ours[done] = 1e-6 * (double)(clock_mono_ns() - start);
        start = clock_mono_ns();
        if (!plain_commit(&plain, (int)done)) {
            status = error_set(&err, TRUNDLE_IO, other, NULL, "%s", sqlite3_errmsg(plain.db));
            goto out;
        }
        theirs[done] = 1e-6 * (double)(clock_mono_ns() - start);
        one[done] = 1000;
    }
    bench_print(b, &(struct bench_figure){ .name = "journal_commit", .unit = "ms", .n = n, .sample = ours, .note = "one decision, one transaction, full sync" });
    bench_print(b, &(struct bench_figure){ .name = "sqlite_commit", .unit = "ms", .n = n, .sample = theirs,
                                           .note = "peer: plain SQLite, one row of 96 bytes, WAL, full sync; interleaved with journal_commit" });
    bench_print(b, &(struct bench_figure){ .name = "journal_commits", .unit = "1/s", .n = n, .sample = one, .per = ours });
    bench_print(b, &(struct bench_figure){ .name = "sqlite_commits", .unit = "1/s", .n = n, .sample = one, .per = theirs });
out:
    if (status != TRUNDLE_OK)
        bench_fail(b, "journal", &err);
    journal_close(j);
    sqlite3_finalize(plain.insert);
    sqlite3_close(plain.db);
    unlink_db(path);
    unlink_db(other);
    free(ours);
    free(theirs);
    free(one);
}

/* ---- scan ---- */

enum { PICTURES = 1000 };

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Paths of pictures in the folder's folders, sorted; the caller frees each. */
static size_t list_pictures(const char *root, char **path)
{
    DIR *top = opendir(root), *set;
    struct dirent *folder, *file;
    char name[4096];
    size_t n = 0;

    while (top && (folder = readdir(top))) {
        if (folder->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof name, "%s/%s", root, folder->d_name);
        set = opendir(name);
        while (set && n < PICTURES && (file = readdir(set))) {
            const char *dot = strrchr(file->d_name, '.');

            if (!dot || (strcmp(dot, ".png") != 0 && strcmp(dot, ".jpg") != 0))
                continue;
            (void)snprintf(name, sizeof name, "%.2000s/%.1000s/%.1000s", root, folder->d_name, file->d_name);
            path[n] = strdup(name);
            n += path[n] != NULL;
        }
        if (set)
            (void)closedir(set);
    }
    if (top)
        (void)closedir(top);
    qsort(path, n, sizeof *path, by_name);
    return n;
}

void bench_scan(struct bench *b)
{
    const char *data = getenv("TRUNDLE_DATA");
    char root[2048], **path = calloc(PICTURES, sizeof *path);
    double *ms = calloc(PICTURES, sizeof *ms);
    struct scanner_config config = { .effort = SCAN_LIVE };
    struct scanner *scanner = NULL;
    struct trundle_error err = { .what = "no memory" };
    size_t n = 0, done = 0, step;

    if (!data || !*data) {
        fprintf(stderr, "bench: scan: left out, TRUNDLE_DATA is not set\n");
        goto out;
    }
    (void)snprintf(root, sizeof root, "%.2000s/barcode_zxing/blackbox", data);
    if (!path || !ms || scanner_new(&config, &scanner, &err) != TRUNDLE_OK) {
        bench_fail(b, "scan", &err);
        goto out;
    }
    n = list_pictures(root, path);
    step = b->quick ? n / 60 + 1 : 1;
    for (size_t i = 0; i < n; i += step) {
        struct grey_picture p;
        struct scan_codes codes;
        int64_t start;

        if (grey_picture_load(path[i], &p, &err) != TRUNDLE_OK)
            continue;
        start = clock_mono_ns();
        if (scanner_read(scanner, p.luma, p.width, p.height, p.width, &codes, &err) == TRUNDLE_OK)
            ms[done++] = 1e-6 * (double)(clock_mono_ns() - start);
        grey_picture_done(&p);
    }
    bench_print(b, &(struct bench_figure){ .name = "scan_live", .unit = "ms", .n = done, .sample = ms,
                                           .note = "photos of barcode_zxing, grey pixels in memory to codes, effort LIVE, one thread, wall clock" });
out:
    for (size_t i = 0; path && i < n; i++)
        free(path[i]);
    free(path);
    free(ms);
    scanner_free(scanner);
}
