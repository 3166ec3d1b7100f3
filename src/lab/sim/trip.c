/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One trip: every channel's messages laid out in log order first, so that truth can name frames; then rendered and written. */
#include "lab/sim/trip_inner.h"

#include "lab/sim/lights.h"

#include "base/catalog/catalog.h"
#include "base/std/hash.h"
#include "base/std/list.h"
#include "base/std/time.h"
#include "cart/calib/mask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_log(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;

    if (x->log_ns != y->log_ns)
        return x->log_ns < y->log_ns ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static bool add_slot(struct making *m, enum slot_kind kind, uint8_t sensor, uint32_t index, double t, double latency)
{
    struct slot *s;

    if (!list_grow((void **)&m->slot, sizeof *m->slot, m->slots_n, &m->slots_max))
        return false;
    s = &m->slot[m->slots_n];
    *s = (struct slot){ .sensed_ns = S_NS(t), .log_ns = S_NS(t + latency), .order = (uint32_t)m->slots_n, .kind = kind, .sensor = sensor, .index = index };
    m->slots_n++;
    return true;
}

/* A sample of a sensor that may be broken: `kind`, SLOT_DROP, or nothing at all. */
static bool add_sample(struct making *m, enum slot_kind kind, enum fault_at at, uint8_t sensor, uint32_t index, double t, double latency)
{
    enum fault_fate fate = faults_fate(&m->faults, at, sensor, index, t);

    if (fate == FAULT_NEVER)
        return true;
    return add_slot(m, fate == FAULT_LOST ? SLOT_DROP : kind, sensor, index, t, latency + (at == FAULT_AT_CAMERA ? faults_late_s(&m->faults, sensor, t) : 0));
}

static double latency_of(struct making *m, struct suite_range range)
{
    return rng_range(&m->late, range.lo, range.hi);
}

/* One sensor's samples arrive in their order: a late one holds up the next. */
static void keep_order(struct making *m, size_t first, enum slot_kind kind)
{
    int64_t last = INT64_MIN;

    for (size_t i = first; i < m->slots_n; i++) {
        if (m->slot[i].kind != kind)
            continue;
        if (m->slot[i].log_ns < last)
            m->slot[i].log_ns = last;
        last = m->slot[i].log_ns;
    }
}

static bool lay_out(struct making *m)
{
    double told[PLAN_ITEMS] = { 0 };
    const struct sim_suite *s = m->suite;
    const struct plan *plan = m->plan;
    bool ok = true;
    size_t first;

    for (size_t i = 0; i < m->signal.cells_n; i++)
        ok = ok && add_sample(m, SLOT_CELL, FAULT_AT_OTHER, 0, (uint32_t)i, m->signal.cell[i].t, latency_of(m, s->cells.latency_s));
    for (size_t i = 0; i < m->signal.imus_n; i++)
        ok = ok && add_sample(m, SLOT_IMU, FAULT_AT_OTHER, 0, (uint32_t)i, m->signal.imu[i].t, latency_of(m, s->imu.latency_s));
    keep_order(m, 0, SLOT_CELL);
    keep_order(m, 0, SLOT_IMU);
    for (uint8_t c = 0; m->world && c < m->store->cart.cameras_n; c++) {
        first = m->slots_n;
        for (uint32_t i = 0;; i++) {
            double t = (i + (double)c / m->store->cart.cameras_n) / s->camera.fps;

            if (t > plan->end_s - s->camera.latency_s.hi)
                break;
            ok = ok && add_sample(m, rng_unit(&m->late) < s->camera.drop_share ? SLOT_DROP : SLOT_FRAME, FAULT_AT_CAMERA, c, i, t,
                                  latency_of(m, s->camera.latency_s));
        }
        keep_order(m, first, SLOT_FRAME);
    }
    for (uint32_t i = 0; i / s->tick.hz <= plan->end_s; i++)
        ok = ok && add_sample(m, SLOT_TICK, FAULT_AT_OTHER, 0, i, i / s->tick.hz, 0);
    first = m->slots_n;
    for (uint32_t i = 0; i / s->loc.hz <= plan->end_s - s->loc.latency_s.hi; i++)
        ok = ok && add_sample(m, SLOT_LOC, FAULT_AT_LOC, 0, i, i / s->loc.hz, latency_of(m, s->loc.latency_s));
    keep_order(m, first, SLOT_LOC);
    for (uint32_t i = 0; i < plan->marks_n; i++) {
        const struct plan_mark *mark = &plan->mark[i];

        if (mark->kind == PLAN_CAUSE)
            ok = ok && add_slot(m, SLOT_CAUSE, 0, i, fmin(mark->t1, plan->end_s), 0);
        else if (mark->kind == PLAN_CODE)
            ok = ok && add_sample(m, SLOT_CODE, FAULT_AT_CODE, 0, i, mark->t, latency_of(m, s->shopper.code_latency_s));
        else
            ok = ok && add_sample(m, SLOT_TOUCH, FAULT_AT_OTHER, 0, i, mark->t, latency_of(m, s->shopper.touch_latency_s));
    }
    for (uint32_t i = 0; i < m->signal.causes_n; i++)
        ok = ok && add_slot(m, SLOT_FORCE, 0, i, fmin(m->signal.cause[i].t1, plan->end_s), 0);
    for (uint32_t i = 0; i < plan->events_n; i++) {
        double last = plan->event[i].t_end;

        if (m->signal.t_settle[i] > last)
            last = m->signal.t_settle[i];
        last = fmax(last, told[plan->event[i].item]);      /* a thing is not taken before its put is told */
        told[plan->event[i].item] = last;
        ok = ok && add_slot(m, SLOT_EVENT, 0, i, last, 0);
    }
    for (uint32_t i = 0; i < plan->scenarios_n; i++)
        ok = ok && add_slot(m, SLOT_SCENARIO, 0, i, fmin(plan->scenario[i].t1 + 2, plan->end_s), 0);
    if (m->faults.any)
        ok = ok && add_slot(m, SLOT_FAULT, 0, 0, m->faults.t1, 0);
    if (m->store->catalog_stale)
        ok = ok && add_slot(m, SLOT_FAULT, 0, 1, plan->end_s, 0);
    if (m->store->catalog_missing)
        ok = ok && add_slot(m, SLOT_FAULT, 0, 2, plan->end_s, 0);
    ok = ok && add_slot(m, SLOT_BASKET, 0, 0, plan->end_s + .3, 0);
    if (ok)
        qsort(m->slot, m->slots_n, sizeof *m->slot, by_log);
    return ok;
}

/* ---- pictures ---- */

static enum trundle_status start_pictures(struct making *m, uint64_t seed, struct trundle_error *err)
{
    enum trundle_status status = world_new(m->plan, &m->world, err);

    if (status != TRUNDLE_OK)
        return status;
    m->boxes = calloc(m->plan->events_n + 1, sizeof *m->boxes);
    m->smeared = malloc((size_t)m->suite->camera.width_px * (size_t)m->suite->camera.height_px * sizeof *m->smeared);
    if (!m->boxes || !m->smeared)
        return error_set(err, TRUNDLE_NO_MEMORY, "trip", NULL, "no memory for boxes");
    for (uint8_t c = 0; c < m->store->cart.cameras_n; c++) {
        const struct cart_camera *camera = &m->store->cart.camera[c];
        size_t n = mask_bytes(camera);

        m->mask[c] = malloc(n);
        if (!m->mask[c] || m->ops->make(&m->store->true_camera[c], &m->renderer[c]) != TRUNDLE_OK ||
            developer_new(camera->width_px, camera->height_px, m->suite->camera.noise_dn, seed + c * 7919U, &m->developer[c]) != TRUNDLE_OK)
            return error_set(err, TRUNDLE_NO_MEMORY, "trip", NULL, "no memory for a camera");
        developer_dark_noise(m->developer[c], m->suite->camera.dark_dn);
        if (m->suite->truth.frames > 0 && frame_truth_new(camera->width_px, camera->height_px, &m->frame_truth[c]) != TRUNDLE_OK)
            return error_set(err, TRUNDLE_NO_MEMORY, "trip", NULL, "no memory for the truth of frames");
        TRY(mask_make(camera, &m->store->cart.basket, m->mask[c], n, err));
        if (m->ops->limit)
            m->ops->limit(m->renderer[c], m->mask[c]);
    }
    return TRUNDLE_OK;
}

static void note_boxes(struct making *m, uint8_t c, double t, uint32_t sequence)
{
    for (size_t e = 0; e < m->plan->events_n; e++) {
        const struct plan_event *event = &m->plan->event[e];
        struct event_boxes *boxes = &m->boxes[e];
        struct sim_seen seen;
        bool lies = event->kind == TRUNDLE_EVENT_TAKE ? t < event->t_lift : t > event->t_release, shows;

        if (t < event->t_start || t > event->t_end || boxes->n == BOXES_MAX)
            continue;
        shows = m->ops->seen(m->renderer[c], (uint8_t)(event->item + 1), m->mask[c], &seen) && seen.visible_px > 0;
        if (shows)
            boxes->box[boxes->n++] = (struct seen_box){ c, sequence, seen };
        boxes->lying += lies;
        if (lies && shows)
            boxes->best = fmaxf(boxes->best, (float)seen.visible_px / seen.whole_px);
    }
}

static enum trundle_status take_picture(struct making *m, const struct slot *slot, struct trundle_message *out)
{
    const struct sim_suite *s = m->suite;
    uint8_t c = slot->sensor;
    struct sim_scene scene;
    struct sim_view view;
    double gain[3], t = ns_s(slot->sensed_ns), place[3];
    struct plan_motion motion = plan_motion_at(m->plan, t);

    m->flicker[c] = .98 * m->flicker[c] + .2 * s->camera.flicker_sd * rng_normal(&m->exposure);
    sim_lights_at(m->store, motion.x, motion.y, place);
    for (int k = 0; k < 2; k++)
        m->drift[c][k] = .98 * m->drift[c][k] + .2 * s->camera.white_drift_sd * rng_normal(&m->white);
    for (int k = 0; k < 3; k++)
        gain[k] = m->gain * exp(m->flicker[c]) * m->store->tint[k] * place[k] * (k == 1 ? 1 : exp(m->off_white[k / 2] + m->drift[c][k / 2]));
    world_scene(m->world, t, &scene);
    sim_lights_dress(m->store, &scene);
    if (scene.shutter.exposure_s + scene.shutter.readout_s > 0) {
        world_scene(m->world, t - .005, &m->before);
        sim_lights_velocity(&m->before, .005, &scene);
    }
    m->ops->render(m->renderer[c], &scene, &view);
    if (s->camera.auto_exposure > 0) {         /* comes to within a tenth in 2 s at 15 pictures a second */
        double seen = log(sim_lights_meter(&view, m->mask[c], gain));

        m->metered[c] += (m->meters[c] ? .07 : 1) * (seen - m->metered[c]);
        m->meters[c] = true;
        for (int k = 0; k < 3; k++)
            gain[k] *= exp(s->camera.auto_exposure * m->metered[c]);
    }
    if (faults_smears(&m->faults, c, ns_s(slot->sensed_ns))) {
        memcpy(m->smeared, view.rgb, (size_t)view.w * (size_t)view.h * sizeof *m->smeared);
        faults_smear(&m->faults, m->smeared, view.w, view.h);
        view.rgb = m->smeared;
    }
    note_boxes(m, c, ns_s(slot->sensed_ns), out->sequence);
    m->tells = m->frame_truth[c] && frame_truth_read(m->frame_truth[c], m->ops, m->renderer[c], &view, m->mask[c], &scene, m->plan, &m->shown);
    m->shown.camera = c;
    m->shown.frame_sequence = out->sequence;
    m->report.frames++;
    return developer_jpeg(m->developer[c], &view, gain, m->mask[c], (int)s->camera.jpeg_quality, &out->frame.jpeg, &out->frame.jpeg_bytes);
}

/* ---- messages of sensors ---- */

static void fill_code(const struct making *m, uint32_t index, struct trundle_code *out)
{
    const struct sim_product *p = &m->store->product[m->plan->mark[index].product];
    char digits[16];

    *out = (struct trundle_code){ .source = TRUNDLE_CODE_SCANNER, .symbology = p->upca ? TRUNDLE_SYM_UPCA : TRUNDLE_SYM_EAN13 };
    (void)snprintf(out->text, sizeof out->text, "%s", sim_product_code(p, digits));
    out->text_bytes = (uint16_t)strlen(out->text);
}

static void fill_loc(struct making *m, double t, struct trundle_loc *out)
{
    struct plan_motion motion = plan_motion_at(m->plan, t);
    const struct sim_product *nearest = &m->store->product[0];
    double best = INFINITY;

    out->x_m = motion.x + m->suite->loc.sd_m * rng_normal(&m->fix);
    out->y_m = motion.y + m->suite->loc.sd_m * rng_normal(&m->fix);
    out->sd_m = (float)m->suite->loc.sd_m;
    for (size_t i = 0; i < m->store->products_n; i++) {
        const struct sim_product *p = &m->store->product[i];
        double d = hypot(p->zone_x_m - out->x_m, p->zone_y_m - out->y_m);

        if (d < best) {
            best = d;
            nearest = p;
        }
    }
    (void)snprintf(out->zone, sizeof out->zone, "%s", nearest->zone);
}

/* A picture, and what it shows when that is something else than before. */
static enum trundle_status write_frame(struct making *m, const struct slot *slot, struct trundle_message *out, struct bytes *scratch, struct trundle_error *err)
{
    Trundle__V1__Truth truth = TRUNDLE__V1__TRUTH__INIT;
    struct trundle_message told = { .channel = TRUNDLE_TRUTH, .sensed_ns = slot->sensed_ns, .log_ns = slot->log_ns };

    out->channel = TRUNDLE_CAM;
    out->sensed_ns += S_NS(faults_clock_s(&m->faults, FAULT_AT_CAMERA, slot->sensor, ns_s(slot->sensed_ns)));
    m->tells = false;
    if (take_picture(m, slot, out) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_BAD_INPUT, "frame", NULL, "JPEG encoder failed");
    TRY(trip_write(m->writer, out, err));
    if (m->frame_truth[slot->sensor] && frame_truth_short(m->frame_truth[slot->sensor]))
        return error_set(err, TRUNDLE_NO_MEMORY, "frame", NULL, "no memory for its masks");
    if (!m->tells)
        return TRUNDLE_OK;
    truth.what_case = TRUNDLE__V1__TRUTH__WHAT_FRAME;
    truth.frame = &m->shown;
    told.sequence = ++m->sequence;
    return trip_write_truth(m, &told, &truth, scratch, err);
}

static enum trundle_status write_slot(struct making *m, const struct slot *slot, struct bytes *scratch, struct trundle_error *err)
{
    struct trundle_message out = { .sensor = slot->sensor, .sensed_ns = slot->sensed_ns, .log_ns = slot->log_ns, .sequence = ++m->sequence };
    const struct plan_mark *mark = &m->plan->mark[slot->kind == SLOT_TOUCH ? slot->index : 0], *cause;

    out.channel = TRUNDLE_TRUTH;
    switch (slot->kind) {
    case SLOT_EVENT:
        return trip_write_event(m, slot->index, &out, scratch, err);
    case SLOT_CAUSE:
        cause = &m->plan->mark[slot->index];
        return trip_write_cause(m, &(struct signal_cause){ .name = cause->cause, .t0 = cause->t, .t1 = cause->t1 }, false, &out, scratch, err);
    case SLOT_FORCE:
        return trip_write_cause(m, &m->signal.cause[slot->index], true, &out, scratch, err);
    case SLOT_SCENARIO:
        return trip_write_scenario(m, slot->index, &out, scratch, err);
    case SLOT_FAULT:
        return trip_write_fault(m, slot->index, &out, scratch, err);
    case SLOT_BASKET:
        return trip_write_basket(m, &out, scratch, err);
    case SLOT_CELL:
        out.channel = TRUNDLE_CELL;
        out.cell = m->signal.cell[slot->index].cell;
        faults_cell(&m->faults, ns_s(slot->sensed_ns), &out.cell);
        break;
    case SLOT_IMU:
        out.channel = TRUNDLE_IMU;
        out.imu = m->signal.imu[slot->index].imu;
        break;
    case SLOT_FRAME:
        return write_frame(m, slot, &out, scratch, err);
    case SLOT_DROP:
        out.channel = TRUNDLE_DROP;
        out.drop = (struct trundle_drop){ TRUNDLE_CAM, 1 };
        break;
    case SLOT_CODE:
        out.channel = TRUNDLE_CODE;
        fill_code(m, slot->index, &out.code);
        m->report.scans++;
        break;
    case SLOT_LOC:
        out.channel = TRUNDLE_LOC;
        fill_loc(m, ns_s(slot->sensed_ns), &out.loc);
        break;
    case SLOT_TOUCH:
        out.channel = TRUNDLE_TOUCH;
        out.touch = (struct trundle_touch){ .kind = mark->touch, .count = mark->count };
        if (mark->touch == TRUNDLE_TOUCH_PLU)
            out.touch.product = m->store->product[mark->product].key;
        break;
    case SLOT_TICK:
        out.channel = TRUNDLE_TICK;
        break;
    }
    return trip_write(m->writer, &out, err);
}

static enum trundle_status open_trip(struct making *m, int64_t seed, const char *path, struct trundle_error *err)
{
    static const struct trip_writer_config config = TRIP_WRITER_CONFIG_DEFAULT;
    struct trip_head head = { .schema_version = TRIP_SCHEMA_VERSION, .seed = seed };
    struct catalog *catalog = NULL;
    struct bytes cart = { 0 }, rows = { 0 };
    enum trundle_status status;

    TRY_GOTO(status, sim_store_catalog(m->store, &catalog, err), out);
    if (cart_file_print(&m->store->cart, &cart) != TRUNDLE_OK || catalog_to_json(catalog, NULL, 0, &rows) != TRUNDLE_OK) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for attachments");
        goto out;
    }
    (void)snprintf(head.build, sizeof head.build, "sim");
    (void)snprintf(head.suite, sizeof head.suite, "%s", m->suite->name);
    (void)snprintf(head.store, sizeof head.store, "%lld", (long long)m->store->id);
    head.start_wall_ns = S_NS(sim_wall_s(m->suite, seed));
    (void)hash_sha256(cart.data, cart.n, head.cart_sha256);
    (void)snprintf(head.catalog_sha256, sizeof head.catalog_sha256, "%s", catalog_hash(catalog));
    TRY_GOTO(status, trip_create(path, &head, &config, &m->writer, err), out);
    TRY_GOTO(status, trip_attach(m->writer, TRIP_CART_JSON, "application/json", cart.data, cart.n, err), out);
    status = trip_attach(m->writer, TRIP_CATALOG_JSON, "application/json", rows.data, rows.n, err);
out:
    catalog_free(catalog);
    bytes_done(&cart);
    bytes_done(&rows);
    return status;
}

static void making_done(struct making *m)
{
    for (int c = 0; c < TRUNDLE_CAMERAS_MAX; c++) {
        m->ops->done(m->renderer[c]);
        developer_free(m->developer[c]);
        frame_truth_free(m->frame_truth[c]);
        free(m->mask[c]);
    }
    world_free(m->world);
    plan_free(m->plan);
    signal_done(&m->signal);
    free(m->boxes);
    free(m->smeared);
    free(m->slot);
}

enum trundle_status sim_trip_write(const struct sim_store *store, int64_t seed, const char *path, bool pictures, struct sim_trip_report *out_report,
                                   struct trundle_error *err)
{
    const struct sim_suite *suite = store->suite;
    uint64_t mixed = hash64(&seed, sizeof seed, hash64(suite->root, strlen(suite->root), 0));
    struct making m = { .suite = suite, .store = store, .late = rng_seed(mixed, "trip/late"), .fix = rng_seed(mixed, "trip/loc"),
                        .exposure = rng_seed(mixed, "trip/exposure"), .white = rng_seed(mixed, "trip/white"), .ops = sim_engine(suite) };
    struct bytes scratch = { 0 };
    enum trundle_status status;
    bool made = false;

    m.gain = exp(suite->camera.exposure_sd * rng_normal(&m.exposure));
    for (int k = 0; k < 2; k++)
        m.off_white[k] = suite->camera.white_sd * rng_normal(&m.white);
    TRY_GOTO(status, plan_new(store, seed, &m.plan, err), out);
    faults_make(suite, &store->true_cells, store->cart.cameras_n, seed, m.plan->end_s, &m.faults);
    TRY_GOTO(status, signal_make(m.plan, &m.signal, err), out);
    if (pictures)
        TRY_GOTO(status, start_pictures(&m, mixed, err), out);
    if (!lay_out(&m)) {
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory for a trip's messages");
        goto out;
    }
    status = open_trip(&m, seed, path, err);
    made = m.writer != NULL;
    for (size_t i = 0; i < m.slots_n && status == TRUNDLE_OK; i++)
        status = write_slot(&m, &m.slot[i], &scratch, err);
    if (status == TRUNDLE_OK) {
        status = trip_finish(m.writer, err);
        m.writer = NULL;
    }
    m.report.messages = m.sequence;
    m.report.end_ns = m.slots_n ? m.slot[m.slots_n - 1].log_ns : 0;
    if (status == TRUNDLE_OK && out_report)
        *out_report = m.report;
out:
    trip_abandon(m.writer);
    if (status != TRUNDLE_OK && made)
        (void)unlink(path);
    bytes_done(&scratch);
    making_done(&m);
    return status;
}
