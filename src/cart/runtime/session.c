/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The order of things for one input, and what happens after a kill. */
#include "cart/runtime/session.h"

#include "base/std/disk.h"
#include "base/std/time.h"
#include "base/trip/codec.h"
#include "cart/runtime/journal.h"
#include "cart/runtime/pipeline.h"
#include "cart/see/gallery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 4096, OUTPUTS = 256 };

#define TIME_MAX_NS (366 * 24 * 3600 * NS_PER_S)   /* of a trip */

struct session {
    struct session_config config;          /* setup and head are not used after opening */
    struct cart_file cart;
    int64_t start_wall_ns;
    struct catalog *catalog;
    struct see_gallery *gallery;
    struct senses *senses;
    struct brain *brain;
    struct pipeline *pipeline;
    struct trip_writer *trip;              /* NULL: not recording */
    struct journal *journal;
    char path[PATH], killed[PATH], journal_path[PATH];
    uint64_t pushed;
    int64_t pushed_ns, now_ns;
    uint32_t sequence;                     /* of the last message written */
    struct sense_live live[SENSES_LANES_MAX];
    struct session_counts counts;
    enum trundle_status failed;            /* the first failure of trip or journal; it stays */
    struct trundle_error error;
    struct trundle_message output[OUTPUTS];
};

static void fail(struct session *s, enum trundle_status status)
{
    if (s->failed == TRUNDLE_OK)
        s->failed = status;
}

static void record(struct session *s, const struct trundle_message *m)
{
    if (s->trip && s->failed == TRUNDLE_OK) {
        enum trundle_status status = trip_write(s->trip, m, &s->error);

        if (status != TRUNDLE_OK)
            fail(s, status);
    }
    if (s->config.kept && s->failed == TRUNDLE_OK)
        s->config.kept(s->config.user, m);
}

/* The next number after what was written for this input; never the number of the next input. */
static uint32_t next_sequence(struct session *s)
{
    if ((s->sequence + 1) % SESSION_STRIDE)
        s->sequence++;
    return s->sequence;
}

/* Decisions become durable, then known. */
static void acknowledge(struct session *s, size_t n)
{
    struct trundle_message *decisions = s->output;
    size_t decisions_n = 0, again = 0, differing = 0;
    enum trundle_status status = TRUNDLE_OK;

    for (size_t i = 0; i < n; i++)
        decisions_n += s->output[i].channel == TRUNDLE_DECISION;
    if (s->trip && decisions_n && s->failed == TRUNDLE_OK) {
        status = trip_sync(s->trip, &s->error);
        if (status == TRUNDLE_OK)
            status = journal_append(s->journal, decisions, n, &again, &differing, &s->error);
        if (status != TRUNDLE_OK)
            fail(s, status);
    }
    if (s->failed != TRUNDLE_OK)
        return;
    s->counts.decisions += decisions_n;
    s->counts.recovered_rows += again;
    s->counts.differing_rows += differing;
    for (size_t i = 0; i < n && s->config.output; i++)
        s->config.output(s->config.user, &s->output[i], again > 0);
}

static void poll_brain(struct session *s)
{
    size_t n = 0;

    while (n < OUTPUTS && brain_poll(s->brain, &s->output[n]) == TRUNDLE_OK) {
        s->output[n].sequence = next_sequence(s);
        record(s, &s->output[n]);
        n++;
    }
    if (n)
        acknowledge(s, n);
}

static void to_brain(struct session *s, const struct trundle_message *m)
{
    if (brain_push(s->brain, m, NULL) != TRUNDLE_OK)
        s->counts.bad_inputs++;
    poll_brain(s);
}

static void consume(void *user, const struct pipeline_result *r)
{
    struct session *s = user;
    const struct trundle_message *m = r->m;

    s->now_ns = m->log_ns;
    s->sequence = m->sequence;
    s->counts.inputs++;
    record(s, m);
    if (r->lane >= 0)
        s->live[r->lane] = r->live;
    for (size_t i = 0; i < r->n; i++) {
        struct trundle_message e = { .channel = TRUNDLE_EVIDENCE, .log_ns = m->log_ns };

        e.sequence = next_sequence(s);
        e.evidence = r->evidence[i];
        e.sensor = e.evidence.sensor;
        e.sensed_ns = e.evidence.t1_ns;
        if (codec_check(&e, NULL) != TRUNDLE_OK) {           /* what the trip could not keep is not believed either */
            s->counts.bad_inputs++;
            continue;
        }
        s->counts.evidence++;
        record(s, &e);
        to_brain(s, &e);
    }
    to_brain(s, m);
    if (s->config.consumed && s->failed == TRUNDLE_OK)
        s->config.consumed(s->config.user, m);
}

static bool is_input(const struct session *s, enum trundle_channel channel)
{
    return (channel != TRUNDLE_EVIDENCE || s->config.recorded_evidence) && channel != TRUNDLE_BELIEF && channel != TRUNDLE_DECISION;
}

static enum trundle_status failure(const struct session *s, struct trundle_error *err)
{
    if (s->failed != TRUNDLE_OK && err)
        *err = s->error;
    return s->failed;
}

/* What the trip could not keep must not be sensed. */
static enum trundle_status believable(struct session *s, const struct trundle_message *m, struct trundle_error *err)
{
    struct trundle_error field;
    const char *what = NULL;

    if (m->log_ns < -TIME_MAX_NS || m->log_ns > TIME_MAX_NS || m->sensed_ns < -TIME_MAX_NS || m->sensed_ns > TIME_MAX_NS)
        what = "its time is more than a year from the start of the trip";
    else if ((m->channel == TRUNDLE_CAM || (m->channel == TRUNDLE_DROP && m->drop.channel == TRUNDLE_CAM)) && m->sensor >= TRUNDLE_CAMERAS_MAX)
        what = "there is no such camera";
    else if (s->pushed >= UINT32_MAX / SESSION_STRIDE - 1)
        what = "the trip holds as many as can be numbered";
    else if (codec_check(m, &field) != TRUNDLE_OK)
        what = field.what;
    if (!what)
        return TRUNDLE_OK;
    s->counts.bad_inputs++;
    return error_set(err, TRUNDLE_BAD_INPUT, "session", NULL, "input %llu: %.400s", (unsigned long long)s->pushed + 1, what);
}

enum trundle_status session_push(struct session *s, const struct trundle_message *m, struct trundle_error *err)
{
    struct trundle_message numbered = *m;
    enum trundle_status status;

    if (s->failed != TRUNDLE_OK || !is_input(s, m->channel))
        return failure(s, err);
    TRY(believable(s, m, err));
    if (numbered.log_ns < s->pushed_ns)
        numbered.log_ns = s->pushed_ns;
    numbered.sequence = (uint32_t)((s->pushed + 1) * SESSION_STRIDE);
    status = pipeline_push(s->pipeline, &numbered);
    if (status != TRUNDLE_OK)
        return error_set(err, status, "session", NULL, "input %llu: %s", (unsigned long long)s->pushed + 1, trundle_status_text(status));
    s->pushed++;
    s->pushed_ns = numbered.log_ns;
    return failure(s, err);
}

enum trundle_status session_drain(struct session *s, int64_t wait_ns, struct trundle_error *err)
{
    pipeline_drain(s->pipeline, wait_ns);
    return failure(s, err);
}

/* Starts the trip file: head, cart file, catalog. */
static enum trundle_status start_trip(struct session *s, const struct trip_head *head, struct trundle_error *err)
{
    const struct trundle_setup *setup = &s->config.setup;
    struct trip_writer_config config = TRIP_WRITER_CONFIG_DEFAULT;

    TRY(trip_create(s->path, head, &config, &s->trip, err));
    TRY(trip_attach(s->trip, TRIP_CART_JSON, "application/json", setup->cart_json.bytes, setup->cart_json.n, err));
    TRY(trip_attach(s->trip, TRIP_CATALOG_JSON, "application/json", setup->catalog_json.bytes, setup->catalog_json.n, err));
    return trip_sync(s->trip, err);
}

/* Drives what is whole of a killed trip through the session. */
static enum trundle_status go_on(struct session *s, struct trip_reader *killed, struct trundle_error *err)
{
    enum trundle_status status;
    struct trundle_message m;

    while ((status = trip_next(killed, &m, err)) == TRUNDLE_OK)
        TRY(session_push(s, &m, err));
    if (status != TRUNDLE_END)
        return status;
    pipeline_flush(s->pipeline);
    TRY(failure(s, err));
    s->counts.recovered_inputs = s->counts.inputs;
    TRY(trip_sync(s->trip, err));
    if (unlink(s->killed) != 0)
        return error_set(err, TRUNDLE_IO, s->killed, NULL, "cannot remove: %s", strerror(errno));
    return TRUNDLE_OK;
}

/* A trip that was killed has no end; what is there otherwise (another kind of file, a whole trip, one with damage in the middle)
 * is somebody's and stays. */
static enum trundle_status is_killed(const char *path, struct trundle_error *err)
{
    struct trip_reader *whole = NULL;
    struct trundle_error why;
    enum trundle_status status = trip_open(path, &whole, &why);

    trip_free(whole);
    switch (status) {
    case TRUNDLE_TRUNCATED:
        return TRUNDLE_OK;
    case TRUNDLE_OK:
        return error_set(err, TRUNDLE_CONFLICT, path, "name another file, or move it away", "is a whole trip already");
    case TRUNDLE_NOT_FOUND:
    case TRUNDLE_IO:
    case TRUNDLE_NO_MEMORY:
        if (err)
            *err = why;
        return status;
    default:
        return error_set(err, TRUNDLE_CONFLICT, path, "name another file, or move it away", "is there, and is no trip that was killed (%.200s)", why.what);
    }
}

/* No chunk of the killed trip is whole. That is fine when nothing was acknowledged, and else a loss that a person must see. */
static enum trundle_status nothing_whole(struct session *s, struct trundle_error *err)
{
    struct journal *journal = NULL;
    uint64_t rows = 0;
    uint32_t last;
    enum trundle_status status = TRUNDLE_OK;

    if (access(s->journal_path, F_OK) == 0) {
        status = journal_open(s->journal_path, &journal, err);
        if (status == TRUNDLE_OK)
            status = journal_count(journal, &rows, &last, err);
        journal_close(journal);
    }
    if (status == TRUNDLE_OK && rows)
        return error_set(err, TRUNDLE_CORRUPT, s->killed, "move it and its journal away to begin anew",
                         "nothing of it is whole, and %llu decisions had been made with it", (unsigned long long)rows);
    if (status == TRUNDLE_OK)
        (void)unlink(s->killed);
    return status;
}

/* Finds a killed trip: FILE.killed when an earlier attempt to go on was itself killed, else FILE when it has no end. */
static enum trundle_status find_killed(struct session *s, struct trip_reader **out, struct trundle_error *err)
{
    enum trundle_status status;

    *out = NULL;
    if (access(s->killed, F_OK) == 0) {
        if (access(s->path, F_OK) == 0) {
            TRY(is_killed(s->path, err));
            (void)unlink(s->path);             /* all that it holds is in FILE.killed */
        }
    } else if (access(s->path, F_OK) == 0) {
        TRY(is_killed(s->path, err));
        if (rename(s->path, s->killed) != 0)
            return error_set(err, TRUNDLE_IO, s->path, NULL, "cannot rename: %s", strerror(errno));
    } else {
        return TRUNDLE_OK;
    }
    status = trip_open_damaged(s->killed, out, err);
    return status == TRUNDLE_CORRUPT || status == TRUNDLE_TRUNCATED ? nothing_whole(s, err) : status;
}

enum trundle_status session_killed(const char *record, struct trip_head *out, struct trundle_error *err)
{
    struct trip_reader *trip = NULL;
    char path[PATH];
    enum trundle_status status;

    TRY(disk_path(path, sizeof path, err, "%s.killed", record));
    if (access(path, F_OK) != 0) {
        status = trip_open(record, &trip, NULL);
        trip_free(trip);
        if (status != TRUNDLE_TRUNCATED)
            return error_set(err, TRUNDLE_NOT_FOUND, record, NULL, "no killed trip");
        (void)snprintf(path, sizeof path, "%s", record);
    }
    trip = NULL;
    if (trip_open_damaged(path, &trip, NULL) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NOT_FOUND, record, NULL, "nothing is whole of the killed trip");
    *out = *trip_head(trip);
    trip_free(trip);
    return TRUNDLE_OK;
}

/* A killed trip goes on only with the cart, the catalog and (replayed) the trip that it was begun with. */
static enum trundle_status same_world(const struct session *s, const struct trip_head *killed, struct trundle_error *err)
{
    const struct trip_head *now = &s->config.head;
    const char *other = strcmp(killed->cart_sha256, now->cart_sha256)         ? "cart file"
                        : strcmp(killed->catalog_sha256, now->catalog_sha256) ? "catalog"
                        : strcmp(killed->suite, now->suite) || strcmp(killed->store, now->store) || killed->seed != now->seed ? "trip" : NULL;

    if (!other)
        return TRUNDLE_OK;
    return error_set(err, TRUNDLE_CONFLICT, s->killed, "name another file, or trundle recover it and move it away",
                     "was begun with another %s and did not end; it does not go on with this one", other);
}

static enum trundle_status start_recording(struct session *s, struct trip_reader **out_killed, struct trundle_error *err)
{
    const char *record_path = s->config.record;
    struct trip_head head = s->config.head;

    if ((size_t)snprintf(s->path, PATH, "%s", record_path) + 16 >= PATH)
        return error_set(err, TRUNDLE_TOO_LARGE, record_path, NULL, "path is too long");
    (void)snprintf(s->killed, PATH, "%.4080s.killed", record_path);
    (void)snprintf(s->journal_path, PATH, "%.4080s.journal", record_path);
    TRY(find_killed(s, out_killed, err));
    if (*out_killed) {
        head = *trip_head(*out_killed);
        TRY(same_world(s, &head, err));
    } else {
        journal_remove(s->journal_path);
    }
    s->start_wall_ns = head.start_wall_ns;
    TRY(start_trip(s, &head, err));
    return journal_open(s->journal_path, &s->journal, err);
}

enum trundle_status session_open(const struct session_config *config, struct session **out, struct trundle_error *err)
{
    const struct trundle_setup *setup = &config->setup;
    struct brain_setup brain = { .costs_json = setup->costs_json.bytes, .costs_n = setup->costs_json.n, .fuse_json = setup->fuse_json.bytes,
                                 .fuse_n = setup->fuse_json.n };
    struct trip_reader *killed = NULL;
    enum trundle_status status;
    struct session *s = calloc(1, sizeof *s);

    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, "session", NULL, "no memory");
    s->config = *config;
    s->start_wall_ns = config->head.start_wall_ns;
    TRY_GOTO(status, cart_file_parse(setup->cart_json.bytes, setup->cart_json.n, "cart.json", &s->cart, err), out);
    TRY_GOTO(status, catalog_from_json(setup->catalog_json.bytes, setup->catalog_json.n, "catalog.json", &s->catalog, err), out);
    if (setup->gallery.n)
        TRY_GOTO(status, see_gallery_parse(setup->gallery.bytes, setup->gallery.n, "gallery", &s->gallery, err), out);
    if (config->record)
        TRY_GOTO(status, start_recording(s, &killed, err), out);
    if (config->begun)
        config->begun(config->user, killed ? trip_head(killed) : &config->head);
    TRY_GOTO(status, senses_new(&s->cart, s->gallery, &setup->see_json, &s->senses, err), out);
    brain.catalog = s->catalog;
    brain.cart = &s->cart;
    brain.start_wall_ns = s->start_wall_ns;
    TRY_GOTO(status, brain_new(&brain, &s->brain, err), out);
    TRY_GOTO(status, pipeline_new(config->recorded_evidence ? NULL : s->senses, config->threads, consume, s, &s->pipeline, err), out);
    if (killed)
        TRY_GOTO(status, go_on(s, killed, err), out);
    *out = s;
    s = NULL;
out:
    trip_free(killed);
    session_abandon(s);
    return status;
}

void session_abandon(struct session *s)
{
    if (!s)
        return;
    pipeline_free(s->pipeline);
    journal_close(s->journal);
    trip_abandon(s->trip);
    brain_free(s->brain);
    senses_free(s->senses);
    see_gallery_free(s->gallery);
    catalog_free(s->catalog);
    free(s);
}

enum trundle_status session_settle(struct session *s, struct trundle_error *err)
{
    pipeline_flush(s->pipeline);
    return failure(s, err);
}

enum trundle_status session_finish(struct session *s, struct trundle_error *err)
{
    enum trundle_status status;

    pipeline_flush(s->pipeline);
    status = failure(s, err);
    if (s->trip && status == TRUNDLE_OK) {
        struct trip_writer *trip = s->trip;

        s->trip = NULL;
        status = trip_finish(trip, err);
    }
    session_abandon(s);
    return status;
}

uint64_t session_inputs(const struct session *s)
{
    return s->pushed;
}

int64_t session_now_ns(const struct session *s)
{
    return s->now_ns;
}

int64_t session_start_wall_ns(const struct session *s)
{
    return s->start_wall_ns;
}

const struct brain *session_brain(const struct session *s)
{
    return s->brain;
}

const struct catalog *session_catalog(const struct session *s)
{
    return s->catalog;
}

const struct cart_file *session_cart(const struct session *s)
{
    return &s->cart;
}

const struct sense_live *session_live(const struct session *s, int lane)
{
    return &s->live[lane];
}

struct session_counts session_counts(const struct session *s)
{
    return s->counts;
}
