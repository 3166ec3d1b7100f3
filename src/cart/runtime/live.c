/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/runtime/live.h"

#include "base/catalog/import.h"
#include "base/std/hash.h"
#include "base/std/time.h"
#include "cart/capture/capture.h"
#include "cart/capture/still.h"
#include "cart/runtime/device.h"
#include "cart/runtime/journal.h"
#include "cart/runtime/trip_world.h"
#include "cart/scan/picture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CART_BYTES = 1 << 20, SAME_CODE_MS = 1500, SEEN_CODES = 8, TICK_MS = 100, TICKS_BEHIND = 600 };

#define PAUSE_MAX_NS (24 * 3600 * NS_PER_S)             /* of a trip that was killed and goes on */

/* One camera: what stands between its raw pictures and the inbox. */
struct eye {
    struct capture *capture;             /* basket cameras */
    struct still *still;                 /* NULL: cannot be measured */
    bool     moved;                      /* stores nothing until it is calibrated again */
    uint32_t withheld;                   /* pictures since the last drop message */
    int64_t  told_ns;
    uint8_t *jpeg;
    size_t   jpeg_capacity;
    struct scanner *scanner;             /* scanner cameras */
    uint8_t *luma;
    struct { struct trundle_code code; int64_t t_ns; } seen[SEEN_CODES];
};

struct live {
    const struct live_config *config;
    struct replay_summary *summary;
    struct cart_file cart;
    struct bytes cart_json, catalog_json, gallery;
    struct catalog *catalog;
    struct inbox *inbox, *own_inbox;
    struct eye eye[TRUNDLE_CAMERAS_MAX];
    struct session *session;
    struct devices *devices;
    int64_t start_mono_ns;
    pthread_mutex_t lock;                /* guards what devices say of their health */
    atomic_bool closing;                 /* callbacks wait for nothing any more */
    bool health_changed, scanner_silent, scale_gone, camera_gone[TRUNDLE_CAMERAS_MAX], camera_moved[TRUNDLE_CAMERAS_MAX];
    char cart_sha256[HASH_SHA256_TEXT];  /* what a camera's verdict holds for */
};

/* A full inbox counts and says what it dropped; a recording that is played as fast as it goes waits instead. */
static void put(struct live *l, const struct trundle_message *m)
{
    while (l->config->fast && !inbox_roomy(l->inbox) && !atomic_load(&l->closing))
        clock_sleep_until_ns(clock_mono_ns() + NS_PER_MS / 4);
    (void)inbox_put(l->inbox, m);
}

static void on_sample(void *user, const struct trundle_message *m)
{
    put(user, m);
}

/* Whether the code was in a picture a moment ago; remembers it. A picture may hold several. */
static bool seen_before(struct eye *e, const struct trundle_code *code, int64_t t_ns)
{
    size_t at = 0;

    for (size_t i = 0; i < SEEN_CODES; i++) {
        const struct trundle_code *old = &e->seen[i].code;

        if (old->text_bytes == code->text_bytes && code->text_bytes && !memcmp(old->text, code->text, code->text_bytes)) {
            bool moment = t_ns - e->seen[i].t_ns <= MS_NS(SAME_CODE_MS);

            e->seen[i].t_ns = t_ns;
            return moment;
        }
        if (e->seen[i].t_ns < e->seen[at].t_ns)
            at = i;
    }
    e->seen[at].code = *code;
    e->seen[at].t_ns = t_ns;
    return false;
}

static void read_codes(struct live *l, struct eye *e, uint8_t index, const struct device_picture *p)
{
    struct scan_codes codes;

    for (int y = 0; y < p->height_px; y++)
        for (int x = 0; x < p->width_px; x++) {
            const uint8_t *rgb = p->rgb + (size_t)y * p->stride_bytes + (size_t)x * 3;

            e->luma[(size_t)y * (size_t)p->width_px + (size_t)x] = (uint8_t)((rgb[0] * 77 + rgb[1] * 150 + rgb[2] * 29) >> 8);
        }
    if (scanner_read(e->scanner, e->luma, p->width_px, p->height_px, p->width_px, &codes, NULL) != TRUNDLE_OK)
        return;
    for (int i = 0; i < codes.n; i++) {
        struct trundle_message m = { .channel = TRUNDLE_CODE, .sensor = index, .sensed_ns = p->sensed_ns };

        m.code = codes.code[i];
        if (!seen_before(e, &m.code, p->sensed_ns))
            put(l, &m);
    }
}

/* With l->lock held. */
static void tell_keeper(const struct live *l)
{
    struct keeper_health h = { .cells_bad = l->scale_gone, .scanner_bad = l->scanner_silent, .cameras_n = l->cart.cameras_n, .cells_n = l->cart.cells.n };

    memcpy(h.camera_bad, l->camera_gone, sizeof h.camera_bad);
    memcpy(h.camera_moved, l->camera_moved, sizeof h.camera_moved);
    keeper_health(l->config->keeper, &h);
}

/* STATE/camera-N.moved holds the hash of the cart file for which the camera stood wrong: another cart file, another calibration. */
static bool moved_path(const struct live *l, unsigned camera, char out[CART_TEXT + 32])
{
    if (!l->cart.state_dir[0])
        return false;
    (void)snprintf(out, CART_TEXT + 32, "%s/camera-%u.moved", l->cart.state_dir, camera);
    return true;
}

static bool moved_before(const struct live *l, unsigned camera)
{
    char path[CART_TEXT + 32];
    struct bytes said = { 0 };
    bool moved = moved_path(l, camera, path) && file_read(path, 256, &said, NULL) == TRUNDLE_OK && said.n >= 64 && !memcmp(said.data, l->cart_sha256, 64);

    bytes_done(&said);
    return moved;
}

static void say_moved(struct live *l, unsigned camera)
{
    static const char what[] = "stands elsewhere than the cart file says; nothing of it is stored until it is calibrated";

    (void)pthread_mutex_lock(&l->lock);
    l->camera_moved[camera] = l->health_changed = true;
    if (l->config->keeper)
        tell_keeper(l);
    (void)pthread_mutex_unlock(&l->lock);
    if (l->config->health)
        l->config->health(l->config->user, "camera", camera, "moved", what);
}

/* True: the picture is not for storing. Drop messages say how many there were. */
static bool withheld(struct live *l, struct eye *e, unsigned camera, const struct device_picture *p)
{
    struct trundle_message m = { .channel = TRUNDLE_DROP, .sensor = (uint8_t)camera, .sensed_ns = p->sensed_ns };

    if (!e->moved && e->still && still_wants(e->still, p->sensed_ns) &&
        still_push(e->still, p->rgb, p->width_px, p->height_px, p->stride_bytes, p->sensed_ns) == STILL_MOVED) {
        char path[CART_TEXT + 32];

        e->moved = true;
        if (moved_path(l, camera, path) && folder_make(l->cart.state_dir, NULL) == TRUNDLE_OK)
            (void)!file_write(path, l->cart_sha256, 64, NULL);
        say_moved(l, camera);
    }
    if (!e->moved)
        return false;
    e->withheld++;
    if (p->sensed_ns - e->told_ns >= NS_PER_S || p->sensed_ns < e->told_ns) {
        m.drop = (struct trundle_drop){ TRUNDLE_CAM, e->withheld };
        e->withheld = 0;
        e->told_ns = p->sensed_ns;
        put(l, &m);
    }
    return true;
}

static void on_picture(void *user, unsigned camera, const struct device_picture *p)
{
    struct live *l = user;
    struct eye *e = &l->eye[camera];
    struct trundle_message m = { .channel = TRUNDLE_CAM, .sensor = (uint8_t)camera, .sensed_ns = p->sensed_ns };

    if (e->scanner) {
        read_codes(l, e, (uint8_t)camera, p);
        return;
    }
    if (withheld(l, e, camera, p))
        return;
    if (capture_mask(e->capture, &(struct capture_picture){ p->rgb, p->width_px, p->height_px, p->stride_bytes }, e->jpeg, e->jpeg_capacity,
                     &m.frame.jpeg_bytes, NULL) != TRUNDLE_OK)
        return;
    m.frame.jpeg = e->jpeg;
    put(l, &m);
}

static void on_health(void *user, enum device_kind kind, unsigned index, enum device_health health, const char *text)
{
    struct live *l = user;
    bool bad = health != DEVICE_OK && health != DEVICE_END;

    (void)pthread_mutex_lock(&l->lock);
    if (kind == DEVICE_CAMERA && index < TRUNDLE_CAMERAS_MAX)
        l->camera_gone[index] = bad;
    else if (kind == DEVICE_SCALE)
        l->scale_gone = bad;
    else if (kind == DEVICE_SCANNER)
        l->scanner_silent = health == DEVICE_GONE;      /* nobody scanning is no fault */
    l->health_changed = true;
    if (l->config->keeper)
        tell_keeper(l);
    (void)pthread_mutex_unlock(&l->lock);
    if (l->config->health)
        l->config->health(l->config->user, device_kind_text(kind), index, device_health_text(health), text);
}

static void show_health(struct live *l)
{
    bool changed;
    struct view *v = l->config->face ? face_view(l->config->face) : NULL;

    (void)pthread_mutex_lock(&l->lock);
    changed = l->health_changed;
    l->health_changed = false;
    if (v && changed) {
        v->scanner_silent = l->scanner_silent;
        v->scale_gone = l->scale_gone;
        for (size_t i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
            v->camera_gone[i] = l->camera_gone[i] || l->camera_moved[i];
    }
    (void)pthread_mutex_unlock(&l->lock);
    if (v && changed)
        face_refresh(l->config->face);
}

static void on_begun(void *user, const struct trip_head *head)
{
    struct live *l = user;

    if (!l->config->keeper)
        return;
    keeper_patient(l->config->keeper, true);
    l->summary->kept = keeper_trip_begin(l->config->keeper, head, l->cart_json.data, l->cart_json.n, &l->summary->kept_error);
}

static void on_kept(void *user, const struct trundle_message *m)
{
    struct live *l = user;

    if (l->config->keeper)
        keeper_message(l->config->keeper, m);
}

static void on_output(void *user, const struct trundle_message *m, bool again)
{
    struct live *l = user;

    if (l->config->keeper)
        keeper_decided(l->config->keeper, m);
    if (l->config->face)
        face_output(l->config->face, m);
    if (m->channel == TRUNDLE_DECISION && l->config->decision)
        l->config->decision(l->config->user, m, again);
}

static void on_consumed(void *user, const struct trundle_message *m)
{
    struct live *l = user;

    if (l->config->face)
        face_consumed(l->config->face, m);
}

static enum trundle_status open_eyes(struct live *l, struct trundle_error *err)
{
    for (uint8_t i = 0; i < l->cart.cameras_n; i++) {
        const struct cart_camera *c = &l->cart.camera[i];
        struct eye *e = &l->eye[i];

        if (c->role == CART_CAMERA_SCANNER) {
            TRY(scanner_new(&(struct scanner_config){ .effort = SCAN_LIVE }, &e->scanner, err));
            e->luma = malloc((size_t)c->width_px * (size_t)c->height_px);
        } else {
            enum trundle_status status;

            status = capture_new(c, &l->cart.basket, &(struct capture_config)CAPTURE_CONFIG_LIVE, &e->capture, err);
            if (status == TRUNDLE_BAD_INPUT && err)
                (void)snprintf(err->where, sizeof err->where, "cameras[%u]", i);
            TRY(status);
            status = still_new(c, &l->cart.basket, &e->still, err);
            if (status != TRUNDLE_OK && status != TRUNDLE_UNSUPPORTED)
                return status;
            if (status == TRUNDLE_UNSUPPORTED && l->config->health)
                l->config->health(l->config->user, "camera", i, "unchecked", "sees too few edges between floor and solid walls to notice that it moved; in no clip unless the policy says unchecked_cameras");
            e->moved = moved_before(l, i);
            if (e->moved)
                say_moved(l, i);
            e->jpeg_capacity = capture_bound(e->capture);
            e->jpeg = malloc(e->jpeg_capacity);
        }
        if (!e->luma && !e->jpeg)
            return error_set(err, TRUNDLE_NO_MEMORY, "camera", NULL, "no memory");
    }
    return TRUNDLE_OK;
}

static enum trundle_status load(struct live *l, struct trundle_error *err)
{
    const struct live_config *c = l->config;
    char enrol[4096];

    TRY(file_read(c->cart_path, CART_BYTES, &l->cart_json, err));
    TRY(cart_file_parse(l->cart_json.data, l->cart_json.n, c->cart_path, &l->cart, err));
    (void)hash_sha256(l->cart_json.data, l->cart_json.n, l->cart_sha256);
    TRY(catalog_load_dir(c->catalog_dir, NULL, &l->catalog, err));
    TRY(catalog_to_json(l->catalog, NULL, 0, &l->catalog_json));
    (void)snprintf(enrol, sizeof enrol, "%s/enrol", c->catalog_dir);
    return trip_world_gallery(enrol, &l->gallery, err);
}

/* A trip in the state folder that has ended (or is damaged beyond going on) makes room for the next one. */
static enum trundle_status set_aside(const char *current, struct trundle_error *err)
{
    char trip[CART_TEXT + 64], from[CART_TEXT + 64], to[CART_TEXT + 64];
    struct trip_reader *whole = NULL;
    enum trundle_status status = trip_open(current, &whole, err);
    long long start_s = (status == TRUNDLE_OK ? trip_head(whole)->start_wall_ns : clock_wall_ns()) / NS_PER_S;
    int n = (int)(strrchr(current, '/') - current);

    trip_free(whole);
    if (status == TRUNDLE_NOT_FOUND || status == TRUNDLE_TRUNCATED)
        return TRUNDLE_OK;
    if (status == TRUNDLE_IO || status == TRUNDLE_NO_MEMORY)
        return status;
    for (int k = 0; k == 0 || access(trip, F_OK) == 0; k++)
        (void)snprintf(trip, sizeof trip, k ? "%.*s/trip-%lld-%d.mcap" : "%.*s/trip-%lld.mcap", n, current, start_s, k);
    (void)snprintf(from, sizeof from, "%s.journal", current);
    (void)snprintf(to, sizeof to, "%s.journal", trip);
    journal_rename(from, to);
    if (rename(current, trip) != 0)
        return error_set(err, TRUNDLE_IO, current, NULL, "cannot rename to %.200s: %s", trip, strerror(errno));
    return TRUNDLE_OK;
}

static enum trundle_status open_session(struct live *l, struct trundle_error *err)
{
    const struct live_config *c = l->config;
    struct session_config config = { .threads = c->threads, .record = c->record, .user = l, .begun = on_begun, .kept = on_kept,
                                     .output = on_output, .consumed = on_consumed };
    char current[CART_TEXT + 32];
    int64_t pause_ns;

    config.setup.cart_json = (struct trundle_text){ (const char *)l->cart_json.data, l->cart_json.n };
    config.setup.catalog_json = (struct trundle_text){ (const char *)l->catalog_json.data, l->catalog_json.n };
    config.setup.gallery = (struct trundle_text){ (const char *)l->gallery.data, l->gallery.n };
    if (c->model) {
        model_setup(c->model, &config.setup);
        model_head(c->model, &config.head);
    }
    config.head.schema_version = TRIP_SCHEMA_VERSION;
    config.head.start_wall_ns = clock_wall_ns();
    (void)snprintf(config.head.build, sizeof config.head.build, "trundle %s", trundle_version());
    (void)snprintf(config.head.catalog_sha256, sizeof config.head.catalog_sha256, "%s", catalog_hash(l->catalog));
    (void)hash_sha256(l->cart_json.data, l->cart_json.n, config.head.cart_sha256);
    if (!config.record && l->cart.state_dir[0]) {
        TRY(folder_make(l->cart.state_dir, err));
        (void)snprintf(current, sizeof current, "%s/current.mcap", l->cart.state_dir);
        TRY(set_aside(current, err));
        config.record = current;
    }
    TRY(session_open(&config, &l->session, err));
    l->start_mono_ns = clock_mono_ns() - (clock_wall_ns() - session_start_wall_ns(l->session));
    pause_ns = clock_mono_ns() - l->start_mono_ns - session_now_ns(l->session);
    if (pause_ns < 0 || pause_ns > PAUSE_MAX_NS)          /* the wall clock was set */
        l->start_mono_ns = clock_mono_ns() - session_now_ns(l->session);
    if (c->keeper) {
        keeper_clock(c->keeper, c->fast ? 0 : l->start_mono_ns);
        keeper_patient(c->keeper, c->fast);
    }
    return TRUNDLE_OK;
}

static enum trundle_status shop(struct live *l, struct trundle_error *err)
{
    const struct live_config *c = l->config;
    int64_t next_tick = session_now_ns(l->session);
    bool over = false, ended = false;

    while (!(c->stop && *c->stop) && !ended) {
        enum trundle_status status;
        struct trundle_message m;
        int64_t now = clock_mono_ns() - l->start_mono_ns;

        if (inbox_take(l->inbox, &m, 10 * NS_PER_MS)) {
            m.log_ns = clock_mono_ns() - l->start_mono_ns;
            if (c->fast && m.channel != TRUNDLE_TOUCH)
                m.log_ns = m.sensed_ns;
            if (!m.sensed_ns)
                m.sensed_ns = m.log_ns;
            now = m.log_ns;
            status = session_push(l->session, &m, err);
            if (status != TRUNDLE_OK && status != TRUNDLE_BAD_INPUT)     /* a device that tells nonsense does not end the trip */
                return status;
        } else {
            ended = over && !c->face;      /* nothing came after the last device had ended; with a screen the shopper goes on */
            over = !devices_running(l->devices);
            if (c->fast)
                continue;
        }
        if (now - next_tick > MS_NS(TICK_MS) * TICKS_BEHIND)       /* a trip that was killed long ago, or a clock that leapt */
            next_tick = now - MS_NS(TICK_MS) * TICKS_BEHIND;
        while (now >= next_tick) {
            struct trundle_message tick = { .channel = TRUNDLE_TICK, .sensed_ns = next_tick, .log_ns = now };

            TRY(session_push(l->session, &tick, err));
            next_tick += MS_NS(TICK_MS);
        }
        TRY(session_drain(l->session, 0, err));
        show_health(l);
        l->summary->trip_s = ns_s(now);
    }
    for (int i = 0; i < 50; i++) {          /* what is still in doubt gets its time */
        int64_t t = next_tick + MS_NS(TICK_MS) * i;
        struct trundle_message tick = { .channel = TRUNDLE_TICK, .sensed_ns = t, .log_ns = t };

        TRY(session_push(l->session, &tick, err));
    }
    l->summary->stopped = c->stop && *c->stop;
    return session_settle(l->session, err);
}

static void close_all(struct live *l)
{
    devices_close(l->devices);
    session_abandon(l->session);
    for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++) {
        capture_free(l->eye[i].capture);
        still_free(l->eye[i].still);
        scanner_free(l->eye[i].scanner);
        free(l->eye[i].jpeg);
        free(l->eye[i].luma);
    }
    inbox_free(l->own_inbox);
    catalog_free(l->catalog);
    bytes_done(&l->cart_json);
    bytes_done(&l->catalog_json);
    bytes_done(&l->gallery);
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}

enum trundle_status live_run(const struct live_config *config, struct replay_summary *out, struct trundle_error *err)
{
    struct device_config device = DEVICE_CONFIG_DEFAULT;
    struct device_sink sink = { .sample = on_sample, .picture = on_picture, .health = on_health };
    int64_t wall = clock_mono_ns(), cpu = clock_cpu_ns();
    enum trundle_status status;
    struct live *l = calloc(1, sizeof *l);

    if (!l)
        return error_set(err, TRUNDLE_NO_MEMORY, "live", NULL, "no memory");
    memset(out, 0, sizeof *out);
    (void)pthread_mutex_init(&l->lock, NULL);
    l->config = config;
    l->summary = out;
    l->inbox = config->inbox;
    if (!l->inbox) {
        status = inbox_new(&l->own_inbox);
        l->inbox = l->own_inbox;
        if (status != TRUNDLE_OK) {
            (void)error_set(err, status, "inbox", NULL, "no memory");
            goto out;
        }
    }
    TRY_GOTO(status, load(l, err), out);
    TRY_GOTO(status, open_eyes(l, err), out);
    TRY_GOTO(status, open_session(l, err), out);
    if (config->face)
        face_begin(config->face, l->session, config->catalog_dir);
    sink.user = l;
    device.start_mono_ns = l->start_mono_ns;
    device.fast = config->fast;
    status = devices_open(&l->cart, &device, &sink, &l->devices, err);
    if (status == TRUNDLE_OK)
        status = shop(l, err);
    atomic_store(&l->closing, true);
    devices_close(l->devices);
    l->devices = NULL;
    out->wall_s = ns_s(clock_mono_ns() - wall);
    out->cpu_s = ns_s(clock_cpu_ns() - cpu);
    out->counts = session_counts(l->session);
    if (status == TRUNDLE_OK && (status = basket_receipt_text(brain_basket(session_brain(l->session)), &out->receipt_text)) == TRUNDLE_OK)
        status = basket_receipt_json(brain_basket(session_brain(l->session)), &out->receipt_json);
    if (config->face)
        face_end(config->face);
    out->paid = brain_phase(session_brain(l->session)) == TRUNDLE_PHASE_PAID;
    if (status == TRUNDLE_OK && config->keeper && out->kept == TRUNDLE_OK) {
        struct keeper_trip_end end = { .ended_ns = session_start_wall_ns(l->session) + session_now_ns(l->session), .basket = brain_basket(session_brain(l->session)),
                                       .paid = out->paid };

        out->kept = keeper_trip_end(config->keeper, &end, &out->kept_error);
    }
    if (status == TRUNDLE_OK) {
        struct session *s = l->session;

        l->session = NULL;
        status = session_finish(s, err);
    }
out:
    close_all(l);
    if (status != TRUNDLE_OK)
        replay_summary_done(out);
    return status;
}
