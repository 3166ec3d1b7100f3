/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Two threads and one lock: the session's hands over, the keeper's writes. */
#include "cart/runtime/keeper.h"

#include "base/std/time.h"
#include "cart/capture/ring.h"
#include "cart/runtime/clip_file.h"
#include "cart/runtime/identity.h"
#include "cart/runtime/tally.h"
#include "cart/see/jpeg.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { DECISIONS = 2048, WANTS = 64, BATCH = 256, PICTURE_BYTES = 1 << 20, RING_BYTES = 32 << 20, POLICY_BYTES = 1 << 20, RETRY_MS = 500, SIDE_MAX = 8192, STEPS = 32, LINES = 512 };

struct said { struct trundle_decision decision; bool corrected; };

struct keeper {
    struct keeper_config config;
    char dir[1024], bundle[OUTBOX_SHA], slot[OUTBOX_NAME];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;                /* something to write, or stop */
    pthread_cond_t written;                /* all of it is written, or an attempt failed */
    bool stop, patient;
    /* guarded by the lock */
    struct ring *ring;
    struct clip_watch watch;
    struct clip_want want[WANTS];
    size_t wants_head, wants_n;
    struct said said[DECISIONS];
    size_t said_head, said_n;
    bool writing;                          /* the thread has taken something out and is not done with it */
    bool picture_full;                     /* a frame whose brightness is to be measured */
    size_t picture_n;
    uint8_t *picture;
    struct tally tally;
    int64_t start_mono_ns;                 /* 0: not known */
    struct { uint32_t id; int64_t t1_ns; } step[STEPS];
    size_t step_next;
    double line_ms[LINES];
    size_t lines;
    struct keeper_health health;
    struct keeper_counts counts;
    char *trip_body;                       /* the record of the trip's end; owned */
    /* of the trip: changed by begin alone, while nothing waits */
    bool open, keeps_clips, unchecked[TRUNDLE_CAMERAS_MAX];
    struct trip_head head;
    char trip[CLIP_TRIP], cart[OUTBOX_NAME], store[OUTBOX_NAME];
    struct bytes cart_json;
    struct capture_policy policy;
    uint8_t seal_key[SEAL_PUBLIC];
    /* the thread's */
    struct outbox *box;
    struct see_jpeg jpeg;
    uint8_t *room, *shown, *luma;          /* a picture of a clip; one to measure; its luma */
    size_t luma_bytes;
    struct said batch[BATCH];
};

const char *keeper_trip_name(const struct trip_head *head, char out[CLIP_TRIP])
{
    time_t s = (time_t)(head->start_wall_ns / NS_PER_S);
    struct tm utc;
    char when[24] = "0";

    if (gmtime_r(&s, &utc))
        (void)strftime(when, sizeof when, "%Y%m%dt%H%M%S", &utc);
    if (head->seed > 0)
        (void)snprintf(out, CLIP_TRIP, "%s-%lld", when, (long long)head->seed);
    else
        (void)snprintf(out, CLIP_TRIP, "%s.%03d", when, (int)(head->start_wall_ns / NS_PER_MS % 1000));
    return out;
}

/* --- What the thread does, without the lock. ----------------------------------------------------------------------- */
static void failed(struct keeper *k, const struct trundle_error *err)
{
    (void)pthread_mutex_lock(&k->lock);
    k->counts.write_failures++;
    k->counts.error = *err;
    (void)pthread_mutex_unlock(&k->lock);
}

static bool put_decisions(struct keeper *k, size_t n)
{
    struct outbox_record record[BATCH];
    char key[BATCH][OUTBOX_KEY];
    char *body[BATCH] = { NULL };
    enum trundle_status status = TRUNDLE_OK;
    struct trundle_error err;

    for (size_t i = 0; i < n; i++) {
        const struct trundle_decision *d = &k->batch[i].decision;

        body[i] = tally_decision_json(k->trip, d, k->batch[i].corrected);
        if (!body[i])
            status = error_set(&err, TRUNDLE_NO_MEMORY, "keeper", NULL, "no memory");
        (void)snprintf(key[i], OUTBOX_KEY, "decision:%s:%u", k->trip, d->id);
        record[i] = (struct outbox_record){ .kind = "decision", .body = body[i], .t_ns = k->head.start_wall_ns + d->t_ns, .key = key[i] };
    }
    if (status == TRUNDLE_OK)
        status = outbox_put_all(k->box, record, n, NULL, &err);
    for (size_t i = 0; i < n; i++)
        free(body[i]);
    if (status != TRUNDLE_OK)
        failed(k, &err);
    return status == TRUNDLE_OK;
}

static bool put_trip(struct keeper *k, const char *body)
{
    char key[OUTBOX_KEY];
    struct trundle_error err;
    enum trundle_status status;

    (void)snprintf(key, sizeof key, "trip:%s", k->trip);
    status = outbox_put(k->box, &(struct outbox_record){ .kind = "trip", .body = body, .t_ns = clock_wall_ns(), .key = key }, NULL, &err);
    if (status != TRUNDLE_OK)
        failed(k, &err);
    return status == TRUNDLE_OK;
}

static void put_clip(struct keeper *k, const struct clip_want *want)
{
    const struct policy_trigger *trigger = &k->policy.trigger[want->trigger];
    struct clip_cut cut = { .ring = k->ring, .lock = &k->lock, .room = k->room, .room_bytes = PICTURE_BYTES, .head = &k->head, .cart_json = k->cart_json.data,
                            .cart_json_n = k->cart_json.n, .want = want, .trigger = trigger, .seal_key = k->seal_key, .cart = k->cart, .trip = k->trip };
    char key[OUTBOX_KEY], draft[1400];
    struct trundle_error err;
    struct outbox_clip clip;
    enum trundle_status status;
    bool known = false, cut_short = false;
    uint32_t today = 0;

    (void)pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        cut.left_out[i] = k->health.camera_moved[i] || (k->unchecked[i] && !k->policy.unchecked_cameras);
    (void)pthread_mutex_unlock(&k->lock);
    (void)snprintf(key, sizeof key, "clip:%.40s:%lld", k->trip, (long long)want->t_ns);
    TRY_GOTO(status, outbox_clip_known(k->box, key, &known, &err), out);
    if (known)
        goto out;
    TRY_GOTO(status, outbox_clips_today(k->box, trigger->name, k->head.start_wall_ns + want->t_ns, &today, &err), out);
    cut.worth = clip_worth(trigger, want->p, today);
    TRY_GOTO(status, clip_file_write(k->box, &cut, &clip, draft, sizeof draft, &cut_short, &err), out);
    status = outbox_clip_add(k->box, draft, key, &clip, &err);
    if (status != TRUNDLE_OK)
        (void)unlink(draft);
    else
        status = outbox_clips_fit(k->box, &k->policy, NULL, &err);
out:
    if (status != TRUNDLE_OK)
        failed(k, &err);
    (void)pthread_mutex_lock(&k->lock);
    k->counts.clips += status == TRUNDLE_OK && !known;
    k->counts.clips_known += known;
    k->counts.clips_failed += status != TRUNDLE_OK;
    k->counts.clips_cut += cut_short;
    (void)pthread_mutex_unlock(&k->lock);
}

/* Mean of the lit pixels at a quarter of the size; what the mask blanks is dark and does not count. */
static double brightness(struct keeper *k, size_t n)
{
    double sum = 0, lit = 0;
    size_t pixels;
    int w, h;

    if (!see_jpeg_size(&k->jpeg, k->shown, n, SIDE_MAX, &w, &h))
        return (double)NAN;
    pixels = (size_t)((w + 3) / 4) * (size_t)((h + 3) / 4);
    if (pixels > k->luma_bytes) {
        uint8_t *larger = realloc(k->luma, pixels);

        if (!larger)
            return (double)NAN;
        k->luma = larger;
        k->luma_bytes = pixels;
    }
    if (!see_jpeg_quarter(&k->jpeg, k->shown, n, w, h, k->luma))
        return (double)NAN;
    for (size_t i = 0; i < pixels; i++)
        if (k->luma[i] > 8) {
            sum += k->luma[i];
            lit++;
        }
    return lit > 0 ? sum / lit : (double)NAN;
}

static double first_number(const char *path, double scale)
{
    double x = (double)NAN;
    FILE *f = fopen(path, "re");

    if (f && fscanf(f, "%lf", &x) != 1)
        x = (double)NAN;
    if (f)
        (void)fclose(f);
    return x * scale;
}

static void put_health(struct keeper *k)
{
    static const char *const batteries[] = { "/sys/class/power_supply/BAT0/capacity", "/sys/class/power_supply/battery/capacity" };
    struct tally_health h = { .uptime_s = ns_s(clock_mono_ns()), .battery = (double)NAN, .bundle = k->bundle, .slot = k->slot };
    struct keeper_health devices;
    struct outbox_state state;
    struct trundle_error err;
    struct statvfs disk;
    enum trundle_status status;
    bool unchecked[TRUNDLE_CAMERAS_MAX];
    uint32_t faults;
    char *body;

    (void)pthread_mutex_lock(&k->lock);
    devices = k->health;
    faults = k->tally.fault_bits;
    memcpy(unchecked, k->unchecked, sizeof unchecked);
    (void)pthread_mutex_unlock(&k->lock);
    h.load = first_number("/proc/loadavg", 1);
    h.temperature_c = first_number("/sys/class/thermal/thermal_zone0/temp", 0.001);
    for (size_t i = 0; i < COUNT_OF(batteries) && isnan(h.battery); i++)
        h.battery = first_number(batteries[i], 0.01);
    if (statvfs(k->dir, &disk) == 0)
        h.disk_free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    h.cameras_n = devices.cameras_n;
    h.cells_n = devices.cells_n;
    for (size_t i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        h.camera[i] = devices.camera_bad[i] ? "gone" : devices.camera_moved[i] ? "moved" : unchecked[i] ? "unchecked" : "ok";
    for (size_t i = 0; i < TRUNDLE_CELLS_MAX; i++)
        h.cell[i] = devices.cells_bad ? "gone" : faults & TRUNDLE_FAULT_CELL_DEAD ? "dead" : faults & TRUNDLE_FAULT_CELL_STUCK ? "stuck" : "ok";
    status = outbox_state(k->box, &state, &err);
    if (status == TRUNDLE_OK) {
        h.outbox_bytes = state.record_bytes + state.clip_bytes;
        body = tally_health_json(&h);
        status = body ? outbox_put(k->box, &(struct outbox_record){ .kind = "health", .body = body, .t_ns = clock_wall_ns() }, NULL, &err)
                      : error_set(&err, TRUNDLE_NO_MEMORY, "keeper", NULL, "no memory");
        free(body);
    }
    if (status != TRUNDLE_OK)
        failed(k, &err);
}

/* --- Its loop. ----------------------------------------------------------------------------------------------------- */
static void wait_ms(struct keeper *k, int64_t ms)
{
    int64_t until = clock_mono_ns() + MS_NS(ms);
    struct timespec t = { .tv_sec = (time_t)(until / NS_PER_S), .tv_nsec = (long)(until % NS_PER_S) };

    (void)pthread_cond_timedwait(&k->changed, &k->lock, &t);
}

/* Does one thing that waits, the lock held around it. False: it failed, and still waits. */
static bool work(struct keeper *k)
{
    bool good = true;

    k->writing = true;
    if (k->said_n) {
        size_t n = k->said_n < BATCH ? k->said_n : BATCH;

        for (size_t i = 0; i < n; i++)
            k->batch[i] = k->said[(k->said_head + i) % DECISIONS];
        (void)pthread_mutex_unlock(&k->lock);
        good = put_decisions(k, n);
        (void)pthread_mutex_lock(&k->lock);
        if (good) {
            k->said_head = (k->said_head + n) % DECISIONS;
            k->said_n -= n;
        }
    } else if (k->wants_n) {
        struct clip_want want = k->want[k->wants_head];

        (void)pthread_mutex_unlock(&k->lock);
        put_clip(k, &want);                /* one that fails is counted and not tried again: the ring has moved on */
        (void)pthread_mutex_lock(&k->lock);
        k->wants_head = (k->wants_head + 1) % WANTS;
        k->wants_n--;
    } else if (k->picture_full) {
        double mean;

        memcpy(k->shown, k->picture, k->picture_n);
        (void)pthread_mutex_unlock(&k->lock);
        mean = brightness(k, k->picture_n);
        (void)pthread_mutex_lock(&k->lock);
        tally_input_add(&k->tally.brightness, mean);
        k->picture_full = false;
    } else {
        char *body = k->trip_body;

        (void)pthread_mutex_unlock(&k->lock);
        good = put_trip(k, body);
        (void)pthread_mutex_lock(&k->lock);
        if (good) {
            free(k->trip_body);
            k->trip_body = NULL;
        }
    }
    k->writing = false;
    return good;
}

static bool waits(const struct keeper *k)
{
    return k->said_n || k->wants_n || k->picture_full || k->trip_body;
}

static void *run(void *user)
{
    struct keeper *k = user;
    double every = k->config.health_s > 0 ? k->config.health_s : 60;
    int64_t health_ns = clock_mono_ns();

    (void)pthread_mutex_lock(&k->lock);
    for (;;) {
        bool worked = false, good = true;

        while (good && waits(k)) {
            good = work(k);
            worked = true;
        }
        (void)pthread_cond_broadcast(&k->written);
        if (k->stop && (!good || !waits(k)))
            break;
        if (k->config.health_s >= 0 && clock_mono_ns() >= health_ns) {
            (void)pthread_mutex_unlock(&k->lock);
            put_health(k);
            (void)pthread_mutex_lock(&k->lock);
            health_ns = clock_mono_ns() + S_NS(every);
            worked = true;
        }
        if (worked && k->config.filled) {
            (void)pthread_mutex_unlock(&k->lock);
            k->config.filled(k->config.user);
            (void)pthread_mutex_lock(&k->lock);
        }
        if (!k->stop && (!good || !waits(k)))
            wait_ms(k, RETRY_MS);
    }
    (void)pthread_mutex_unlock(&k->lock);
    return NULL;
}

/* --- The session's side. ------------------------------------------------------------------------------------------- */
static void done(struct keeper *k)
{
    ring_free(k->ring);
    outbox_close(k->box);
    see_jpeg_done(&k->jpeg);
    bytes_done(&k->cart_json);
    free(k->picture);
    free(k->room);
    free(k->shown);
    free(k->luma);
    free(k->trip_body);
    (void)pthread_cond_destroy(&k->changed);
    (void)pthread_cond_destroy(&k->written);
    (void)pthread_mutex_destroy(&k->lock);
    free(k);
}

enum trundle_status keeper_start(const struct keeper_config *config, struct keeper **out, struct trundle_error *err)
{
    struct keeper *k = calloc(1, sizeof *k);
    pthread_condattr_t monotonic;
    enum trundle_status status;
    int64_t boot;

    if (!k)
        return error_set(err, TRUNDLE_NO_MEMORY, "keeper", NULL, "no memory");
    k->config = *config;
    (void)pthread_mutex_init(&k->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&k->changed, &monotonic);
    (void)pthread_cond_init(&k->written, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)snprintf(k->dir, sizeof k->dir, "%s", config->dir);
    (void)snprintf(k->bundle, sizeof k->bundle, "%s", config->bundle ? config->bundle : "");
    (void)snprintf(k->slot, sizeof k->slot, "%s", config->slot ? config->slot : "");
    k->picture = malloc(PICTURE_BYTES);
    k->room = malloc(PICTURE_BYTES);
    k->shown = malloc(PICTURE_BYTES);
    if (!k->picture || !k->room || !k->shown || !see_jpeg_init(&k->jpeg)) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "keeper", NULL, "no memory");
        goto out;
    }
    TRY_GOTO(status, ring_new(config->ring_bytes ? config->ring_bytes : RING_BYTES, &k->ring, err), out);
    TRY_GOTO(status, outbox_open(k->dir, OUTBOX_WRITE, &k->box, err), out);
    TRY_GOTO(status, outbox_boot(k->box, &boot, err), out);
    if (pthread_create(&k->thread, NULL, run, k) != 0) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "keeper", NULL, "no thread");
        goto out;
    }
    *out = k;
    return TRUNDLE_OK;
out:
    done(k);
    return status;
}

/* Who this cart is and what it keeps, as of now. */
static enum trundle_status learn(struct keeper *k, struct trundle_error *err)
{
    struct identity id;
    struct bytes file = { 0 };
    char path[1200];
    enum trundle_status status;

    policy_default(&k->policy);
    k->keeps_clips = false;
    k->cart[0] = k->store[0] = '\0';
    (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, k->dir);
    status = file_read(path, POLICY_BYTES, &file, err);
    if (status == TRUNDLE_OK)
        status = policy_parse(file.data, file.n, path, &k->policy, err);
    else if (status == TRUNDLE_NOT_FOUND)
        status = TRUNDLE_OK;
    bytes_done(&file);
    TRY(status);
    status = identity_load(k->dir, &id, err);
    if (status == TRUNDLE_NOT_FOUND)
        return TRUNDLE_OK;
    TRY(status);
    (void)snprintf(k->cart, sizeof k->cart, "%s", id.cart);
    (void)snprintf(k->store, sizeof k->store, "%s", id.store);
    if (identity_joined(&id) && id.seal_key[0]) {
        status = seal_public_parse(id.seal_key, IDENTITY_FILE ": seal_key", k->seal_key, err);
        k->keeps_clips = status == TRUNDLE_OK && k->policy.triggers_n && k->policy.bytes_per_day > 0;
    }
    identity_done(&id);
    return status;
}

/* Until all is on disk, or a write fails: a full disk holds nobody up. */
static void wait_written(struct keeper *k)
{
    uint64_t failures = k->counts.write_failures;

    while (k->counts.write_failures == failures && (k->writing || k->said_n || k->wants_n || k->picture_full || k->trip_body))
        (void)pthread_cond_wait(&k->written, &k->lock);
}

enum trundle_status keeper_trip_begin(struct keeper *k, const struct trip_head *head, const void *cart_json, size_t n, struct trundle_error *err)
{
    enum trundle_status status;

    (void)pthread_mutex_lock(&k->lock);
    k->open = false;
    status = k->said_n || k->wants_n || k->trip_body || k->writing ? error_set(err, TRUNDLE_BAD_ARG, "keeper", NULL, "the trip before is not written") : TRUNDLE_OK;
    if (status == TRUNDLE_OK)
        status = learn(k, err);
    k->cart_json.n = 0;
    if (status == TRUNDLE_OK && bytes_append(&k->cart_json, cart_json, n) != TRUNDLE_OK)
        status = error_set(err, TRUNDLE_NO_MEMORY, "keeper", NULL, "no memory");
    if (status == TRUNDLE_OK) {
        clip_file_unchecked(cart_json, n, k->unchecked);
        k->head = *head;
        (void)keeper_trip_name(head, k->trip);
        clip_watch_init(&k->watch, &k->policy, k->trip);
        tally_init(&k->tally);
        ring_clear(k->ring);
        memset(k->step, 0, sizeof k->step);
        k->lines = 0;
        k->start_mono_ns = 0;
        k->open = true;
    }
    (void)pthread_mutex_unlock(&k->lock);
    return status;
}

void keeper_patient(struct keeper *k, bool patient)
{
    (void)pthread_mutex_lock(&k->lock);
    k->patient = patient;
    (void)pthread_mutex_unlock(&k->lock);
}

void keeper_clock(struct keeper *k, int64_t start_mono_ns)
{
    (void)pthread_mutex_lock(&k->lock);
    k->start_mono_ns = start_mono_ns;
    (void)pthread_mutex_unlock(&k->lock);
}

static void note_step(struct keeper *k, const struct trundle_evidence *e)
{
    if (e->sense != TRUNDLE_SENSE_WEIGH || e->stage != TRUNDLE_STAGE_FINAL)
        return;
    k->step[k->step_next % STEPS].id = e->id;
    k->step[k->step_next++ % STEPS].t1_ns = e->t1_ns;
}

static void note_line(struct keeper *k, const struct trundle_decision *d)
{
    int64_t settled = INT64_MIN;

    if (!k->start_mono_ns || d->kind != TRUNDLE_DECIDE_ADD || k->lines == LINES)
        return;
    for (uint8_t i = 0; i < d->evidence_n; i++)
        for (size_t s = 0; d->evidence[i].sense == TRUNDLE_SENSE_WEIGH && s < STEPS; s++)
            if (k->step[s].id == d->evidence[i].id && k->step[s].t1_ns > settled)
                settled = k->step[s].t1_ns;
    if (settled != INT64_MIN)
        k->line_ms[k->lines++] = 1e-6 * (double)(clock_mono_ns() - k->start_mono_ns - settled);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The smallest that 99 % do not exceed. */
static double line_p99(struct keeper *k)
{
    if (!k->lines)
        return (double)NAN;
    qsort(k->line_ms, k->lines, sizeof k->line_ms[0], by_size);
    return k->line_ms[(k->lines * 99 + 99) / 100 - 1];
}

static void want_due(struct keeper *k, int64_t now_ns)
{
    struct clip_want want;

    while (clip_due(&k->watch, now_ns, &want) == TRUNDLE_OK) {
        if (!k->keeps_clips)
            continue;
        if (k->wants_n == WANTS) {
            k->counts.refused++;
            continue;
        }
        k->want[(k->wants_head + k->wants_n++) % WANTS] = want;
    }
}

void keeper_message(struct keeper *k, const struct trundle_message *m)
{
    size_t before;

    (void)pthread_mutex_lock(&k->lock);
    before = k->wants_n;
    if (k->open) {
        bool wakes = false;

        k->counts.messages++;
        want_due(k, m->log_ns);            /* before the push, which may cost the ring its oldest */
        if (k->wants_n != before) {
            (void)pthread_cond_signal(&k->changed);
            if (k->patient)
                wait_written(k);
        }
        if (k->keeps_clips)
            ring_push(k->ring, m);
        (void)clip_watch(&k->watch, m);
        tally_message(&k->tally, m);
        if (m->channel == TRUNDLE_EVIDENCE)
            note_step(k, &m->evidence);
        if (!k->picture_full && m->channel == TRUNDLE_CAM && m->frame.jpeg_bytes <= PICTURE_BYTES && tally_wants_frame(&k->tally, m)) {
            memcpy(k->picture, m->frame.jpeg, m->frame.jpeg_bytes);
            k->picture_n = m->frame.jpeg_bytes;
            k->picture_full = wakes = true;
        }
        if (wakes)
            (void)pthread_cond_signal(&k->changed);
    }
    (void)pthread_mutex_unlock(&k->lock);
}

void keeper_decided(struct keeper *k, const struct trundle_message *m)
{
    if (m->channel != TRUNDLE_DECISION)
        return;
    (void)pthread_mutex_lock(&k->lock);
    if (k->open && k->said_n == DECISIONS && k->patient)
        wait_written(k);
    if (k->open && k->said_n < DECISIONS) {
        struct said *s = &k->said[(k->said_head + k->said_n++) % DECISIONS];

        s->decision = m->decision;
        s->corrected = clip_corrected(&k->watch, &m->decision);
        tally_decision(&k->tally, &s->decision, s->corrected);
        note_line(k, &s->decision);
        k->counts.decisions++;
        (void)pthread_cond_signal(&k->changed);
    } else if (k->open) {
        k->counts.refused++;
    }
    (void)pthread_mutex_unlock(&k->lock);
}

void keeper_health(struct keeper *k, const struct keeper_health *health)
{
    (void)pthread_mutex_lock(&k->lock);
    k->health = *health;
    (void)pthread_mutex_unlock(&k->lock);
}

enum trundle_status keeper_trip_end(struct keeper *k, const struct keeper_trip_end *end, struct trundle_error *err)
{
    struct tally_trip about = { .ended_ns = end->ended_ns, .basket = end->basket, .paid = end->paid };
    int64_t until = clock_mono_ns() + KEEPER_END_S * NS_PER_S;
    enum trundle_status status = TRUNDLE_OK;

    (void)pthread_mutex_lock(&k->lock);
    if (!k->open) {
        (void)pthread_mutex_unlock(&k->lock);
        return TRUNDLE_OK;
    }
    want_due(k, INT64_MAX);
    about.trip = k->trip;
    about.bundle = k->bundle;
    about.store = k->store[0] ? k->store : k->head.store;
    about.started_ns = k->head.start_wall_ns;
    about.line_p99_ms = line_p99(k);
    for (;;) {
        struct timespec t = { .tv_sec = (time_t)(until / NS_PER_S), .tv_nsec = (long)(until % NS_PER_S) };
        bool clear = !waits(k) && !k->writing;

        if (clear && k->open) {            /* the picture's brightness is in it only now */
            k->open = false;
            k->trip_body = tally_trip_json(&k->tally, &about);
            if (!k->trip_body) {
                status = error_set(err, TRUNDLE_NO_MEMORY, "keeper", NULL, "no memory");
                break;
            }
        } else if (clear) {
            break;
        }
        (void)pthread_cond_signal(&k->changed);
        if (pthread_cond_timedwait(&k->written, &k->lock, &t) != 0 && clock_mono_ns() >= until) {
            status = TRUNDLE_IO;
            if (err)
                *err = k->counts.error;
            if (!k->counts.write_failures)
                (void)error_set(err, status, k->dir, "the disk is very slow", "not all of the trip is in the outbox after %d s", KEEPER_END_S);
            break;
        }
    }
    k->open = false;
    (void)pthread_mutex_unlock(&k->lock);
    return status;
}

struct keeper_counts keeper_counts(struct keeper *k)
{
    struct keeper_counts c;

    (void)pthread_mutex_lock(&k->lock);
    c = k->counts;
    (void)pthread_mutex_unlock(&k->lock);
    return c;
}

void keeper_stop(struct keeper *k)
{
    if (!k)
        return;
    (void)pthread_mutex_lock(&k->lock);
    k->stop = true;
    (void)pthread_cond_signal(&k->changed);
    (void)pthread_mutex_unlock(&k->lock);
    (void)pthread_join(k->thread, NULL);
    done(k);
}
