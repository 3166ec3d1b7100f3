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
#include <pthread.h>
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

enum { LINE_TRIPS = 8, LANES = 4 };

/* Each trip fills its own part, so that carts may run side by side. */
struct lines { double *ms; int *cluster; int n[BENCH_TRIPS_MAX]; };

static bool lines_new(struct lines *l, int trips)
{
    memset(l, 0, sizeof *l);
    l->ms = calloc((size_t)trips * REPLAY_LATENCIES, sizeof *l->ms);
    l->cluster = calloc((size_t)trips * REPLAY_LATENCIES, sizeof *l->cluster);
    return l->ms && l->cluster;
}

static void lines_done(struct lines *l)
{
    free(l->ms);
    free(l->cluster);
}

static void lines_print(struct bench *b, const char *name, const char *note, struct lines *l)
{
    size_t n = 0;

    for (int i = 0; i < BENCH_TRIPS_MAX; i++)
        for (int k = 0; k < l->n[i]; k++) {
            l->ms[n] = l->ms[(size_t)i * REPLAY_LATENCIES + (size_t)k];
            l->cluster[n++] = i;
        }
    bench_print(b, &(struct bench_figure){ .name = name, .unit = "ms", .simulated = true, .n = n, .sample = l->ms, .cluster = l->cluster, .note = note });
}

/* Trip i at natural speed, recorded, with a screen, and with what is given to keep it for a hub. */
static enum trundle_status line_trip(const struct bench *b, int i, struct face *face, struct keeper *keeper, struct lines *out, struct trundle_error *err)
{
    char path[560], journal[600];
    struct replay_config config = { .speed = 1, .threads = 1, .record = path, .face = face, .keeper = keeper };
    struct replay_summary s;
    enum trundle_status kept;

    (void)snprintf(path, sizeof path, "%s/line-%ld-%d.mcap", b->dir, (long)getpid(), i);
    (void)snprintf(journal, sizeof journal, "%s.journal", path);
    TRY(replay_trip(b->trip[i].path, &config, &s, err));
    for (int k = 0; k < s.latencies_n; k++)
        out->ms[(size_t)i * REPLAY_LATENCIES + (size_t)out->n[i]++] = 1000 * s.latency_s[k];
    kept = s.kept;
    if (kept != TRUNDLE_OK)
        *err = s.kept_error;
    replay_summary_done(&s);
    (void)unlink(path);
    (void)unlink(journal);
    return kept;
}

static enum trundle_status screen_new(struct inbox **inbox, struct face **face, size_t *bytes)
{
    TRY(inbox_new(inbox));
    return face_new(&(struct face_config){ .inbox = *inbox, .publish = published, .to = bytes }, face);
}

void bench_line(struct bench *b)
{
    int trips = b->quick ? 1 : LINE_TRIPS;
    struct inbox *inbox = NULL;
    struct face *face = NULL;
    struct lines lines;
    struct trundle_error err;
    size_t bytes = 0;

    if (!lines_new(&lines, LINE_TRIPS) || screen_new(&inbox, &face, &bytes) != TRUNDLE_OK)
        goto out;
    for (int i = 0; i < trips && i < b->trips_n; i++) {
        fprintf(stderr, "bench: line_latency: trip %d, at natural speed\n", i + 1);
        if (line_trip(b, i, face, NULL, &lines, &err) != TRUNDLE_OK)
            bench_fail(b, "line_latency", &err);
    }
    lines_print(b, "line_latency", "true t_settle of a put to its line journalled and the screen's state published; speed 1, one thread", &lines);
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

/* One of the carts that run side by side, and what it has done for a hub. */
struct lane {
    pthread_t thread;
    const struct bench *b;
    int k, trips;
    struct lines *without, *with;
    struct keeper_counts kept;
    uint64_t requests;
    enum trundle_status status;
    struct trundle_error err;
};

static void *run_lane(void *user)
{
    struct lane *l = user;
    struct inbox *inbox = NULL;
    struct face *face = NULL;
    struct keeper *keeper = NULL;
    struct uplink *uplink = NULL;
    char dir[560];
    size_t bytes = 0;

    l->err = (struct trundle_error){ .what = "no memory" };
    (void)snprintf(dir, sizeof dir, "%s/line-state-%ld-%d", l->b->dir, (long)getpid(), l->k);
    TRY_GOTO(l->status, screen_new(&inbox, &face, &bytes), out);
    l->status = TRUNDLE_IO;
    if (!busy_cart(dir, &l->err))
        goto out;
    TRY_GOTO(l->status, keeper_start(&(struct keeper_config){ .dir = dir, .health_s = 1 }, &keeper, &l->err), out);
    TRY_GOTO(l->status, uplink_start(&(struct uplink_config){ .dir = dir, .retry_s = 0.2, .retry_most_s = 1 }, &uplink, &l->err), out);
    for (int i = l->k; i < l->trips && l->status == TRUNDLE_OK; i += LANES) {
        bool first = (i + i / LANES) % 2;  /* so that half of the carts keep at any time */

        for (int turn = 0; turn < 2 && l->status == TRUNDLE_OK; turn++) {
            bool keeps = first == !turn;

            fprintf(stderr, "bench: line_kept: trip %d, at natural speed%s\n", i + 1, keeps ? ", kept for a hub" : "");
            l->status = line_trip(l->b, i, face, keeps ? keeper : NULL, keeps ? l->with : l->without, &l->err);
        }
    }
    l->kept = keeper_counts(keeper);
    l->requests = uplink_counts(uplink).requests;
out:
    keeper_stop(keeper);
    uplink_stop(uplink);
    face_free(face);
    inbox_free(inbox);
    return NULL;
}

/* Line latency with and without capture, outbox and uplink: each trip both ways, some carts side by side, as many with as without;
 * over all trips, since a p99 needs hundreds of lines. */
void bench_line_kept(struct bench *b)
{
    int trips = b->quick || b->trips_n < 1 ? 1 : b->trips_n, started = 0;
    struct lane *lane = calloc(LANES, sizeof *lane);
    struct lines without, with;
    struct trundle_error err = { .what = "no memory, or no thread" };
    unsigned long long decisions = 0, clips = 0, refused = 0, requests = 0;
    bool room = lines_new(&without, trips), more = lines_new(&with, trips);
    char note[240];

    for (int k = 0; lane && room && more && k < LANES && k < trips; k++, started++) {
        lane[k] = (struct lane){ .b = b, .k = k, .trips = trips, .without = &without, .with = &with };
        if (pthread_create(&lane[k].thread, NULL, run_lane, &lane[k]))
            break;
    }
    for (int k = 0; k < started; k++) {
        (void)pthread_join(lane[k].thread, NULL);
        if (lane[k].status != TRUNDLE_OK)
            bench_fail(b, "line_kept", &lane[k].err);
        decisions += lane[k].kept.decisions;
        clips += lane[k].kept.clips;
        refused += lane[k].kept.refused;
        requests += lane[k].requests;
    }
    if (!started) {
        bench_fail(b, "line_kept", &err);
    } else {
        (void)snprintf(note, sizeof note, "%d carts side by side, half of them with; %llu decisions and %llu clips kept, %llu refused, %llu tries to send", started, decisions, clips, refused, requests);
        lines_print(b, "line_without_capture", "as line_latency", &without);
        lines_print(b, "line_with_capture", note, &with);
    }
    free(lane);
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
