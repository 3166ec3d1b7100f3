/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Faults: each one does what its name says to the samples of its time, says so in the truth, and leaves the rest of the trip alone. */
#include "lab/sim/fault.h"
#include "lab/sim/make.h"
#include "tests/support/support.h"

#include "base/catalog/catalog.h"
#include "base/trip/trip.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trundle.pb-c.h>

static const char small[] =
    "{\"version\":1,\"name\":\"broken\",\"extends\":\"smoke\",\"store\":{\"products\":30,\"enrol_pictures\":1,\"enrol_px\":48},"
    "\"camera\":{\"fps\":5,\"width_px\":96,\"height_px\":72,\"drop_share\":0},\"cart\":{\"focal_px\":[50,55],\"wire_share\":0},"
    "\"shopper\":{\"events\":[4,5],\"duration_s\":[12,16],\"scan_share\":1},"
    "\"faults\":{\"share\":%g,\"camera_dead\":%d,\"camera_smeared\":%d,\"frames_late\":%d,\"frames_lost\":%d,\"cell_drift\":%d,\"cell_stuck\":%d,"
    "\"cell_dead\":%d,\"scanner_mute\":%d,\"no_location\":%d,\"clock_jump\":%d,\"no_network\":%d,\"power_loss\":%d,\"lasts_s\":[5,20],"
    "\"catalog_stale_share\":%g,\"catalog_missing_share\":%g,\"catalog_products\":0.2}}";

static struct sim_suite *suite_with(double share, int kind, double stale, double missing)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    char text[1200];
    int on[FAULT_KINDS] = { 0 };

    if (kind >= 0)
        on[kind] = 1;
    (void)snprintf(text, sizeof text, small, share, on[0], on[1], on[2], on[3], on[4], on[5], on[6], on[7], on[8], on[9], on[10], on[11], stale, missing);
    support_ok(sim_suite_parse(text, strlen(text), "broken", &suite, &err), &err);
    return suite;
}

/* What a trip holds, seen through its fault (or through the same window when it has none). */
struct seen {
    bool has_fault;
    char name[32];
    uint32_t sensor;
    double t0, t1;
    int frames[2], late_frames, drops, codes, locs, ticks, samples_inside, events, unscanned;
    double raw_change, raw_spread, frame_lag;   /* of the sensor's cell: last less first reading, largest less smallest inside; mean log - sensed of its frames */
    int dead_readings;
    uint64_t picture_bytes[2];
};

static void look_at_fault(const char *path, struct seen *s)
{
    struct trip_reader *r = NULL;
    struct trundle_error err;
    struct trundle_message m;
    enum trundle_status status;

    support_ok(trip_open(path, &r, &err), &err);
    while ((status = trip_next(r, &m, &err)) == TRUNDLE_OK) {
        Trundle__V1__Truth *t;

        if (m.channel != TRUNDLE_TRUTH)
            continue;
        t = trundle__v1__truth__unpack(NULL, m.truth.bytes_n, m.truth.bytes);
        assert_non_null(t);
        if (t->what_case == TRUNDLE__V1__TRUTH__WHAT_FAULT) {
            assert_false(s->has_fault);
            s->has_fault = true;
            (void)snprintf(s->name, sizeof s->name, "%s", t->fault->name);
            s->sensor = t->fault->sensor;
            s->t0 = (double)t->fault->t0_ns / 1e9;
            s->t1 = (double)t->fault->t1_ns / 1e9;
        }
        trundle__v1__truth__free_unpacked(t, NULL);
    }
    assert_int_equal(status, TRUNDLE_END);
    trip_free(r);
}

static void look(const char *path, struct seen *s)
{
    struct trip_reader *r = NULL;
    struct trundle_error err;
    struct trundle_message m;
    enum trundle_status status;
    double first = NAN, low = INFINITY, high = -INFINITY;
    int lagged = 0;

    support_ok(trip_open(path, &r, &err), &err);
    while ((status = trip_next(r, &m, &err)) == TRUNDLE_OK) {
        double t = (double)m.sensed_ns / 1e9;
        bool inside = t >= s->t0 + .001 && t < s->t1 - .001;
        Trundle__V1__Truth *truth;

        s->samples_inside += inside && (m.channel == TRUNDLE_CELL || m.channel == TRUNDLE_IMU || m.channel == TRUNDLE_TICK);
        switch (m.channel) {
        case TRUNDLE_CAM:
            s->frames[m.sensor == s->sensor] += inside;
            s->picture_bytes[m.sensor == s->sensor] += inside ? m.frame.jpeg_bytes : 0;
            if (m.sensor == s->sensor && inside) {
                s->frame_lag += (double)(m.log_ns - m.sensed_ns) / 1e9;
                lagged++;
            }
            break;
        case TRUNDLE_DROP: s->drops += inside; break;
        case TRUNDLE_CODE: s->codes += inside; break;
        case TRUNDLE_LOC: s->locs += inside; break;
        case TRUNDLE_CELL:
            if (inside && m.cell.raw[s->sensor & 3] == TRUNDLE_CELL_NONE) {
                s->dead_readings++;
            } else if (inside) {
                double raw = m.cell.raw[s->sensor & 3];

                first = first == first ? first : raw;
                s->raw_change = raw - first;
                low = fmin(low, raw);
                high = fmax(high, raw);
            }
            break;
        case TRUNDLE_TRUTH:
            truth = trundle__v1__truth__unpack(NULL, m.truth.bytes_n, m.truth.bytes);
            assert_non_null(truth);
            if (truth->what_case == TRUNDLE__V1__TRUTH__WHAT_EVENT) {
                s->events++;
                s->unscanned += truth->event->kind == TRUNDLE_EVENT_PUT && !truth->event->by_weight && !truth->event->scanned;
            }
            trundle__v1__truth__free_unpacked(truth, NULL);
            break;
        default: break;
        }
    }
    assert_int_equal(status, TRUNDLE_END);
    s->raw_spread = high - low;
    s->frame_lag /= lagged ? lagged : 1;
    trip_free(r);
}

static void make(const struct sim_suite *suite, int64_t seed, const char *path, bool pictures)
{
    struct trundle_error err = { 0 };

    support_ok(sim_trip_make(suite, seed, path, &(struct sim_options){ .jobs = 1, .pictures = pictures }, NULL, &err), &err);
}

static bool does(enum fault_kind kind, const struct seen *sick, const struct seen *well)
{
    switch (kind) {
    case FAULT_CAMERA_DEAD: return sick->frames[1] == 0 && well->frames[1] > 5 && sick->frames[0] == well->frames[0];
    case FAULT_CAMERA_SMEARED: return sick->frames[1] == well->frames[1] && sick->picture_bytes[1] < .99 * (double)well->picture_bytes[1] &&
                                      sick->picture_bytes[0] == well->picture_bytes[0];
    case FAULT_FRAMES_LATE: return sick->frame_lag > well->frame_lag + .25 && sick->frames[1] == well->frames[1];
    case FAULT_FRAMES_LOST: return sick->frames[1] < .7 * well->frames[1] && sick->drops == well->frames[1] - sick->frames[1] && sick->frames[0] == well->frames[0];
    case FAULT_CELL_DRIFT: return fabs(sick->raw_change - well->raw_change) > .4 * (sick->t1 - sick->t0) / .02 * .8;
    case FAULT_CELL_STUCK: return sick->raw_spread == 0 && well->raw_spread > 0;
    case FAULT_CELL_DEAD: return sick->dead_readings > 100 && well->dead_readings == 0;
    case FAULT_SCANNER_MUTE: return sick->codes == 0 && well->codes > 0 && sick->unscanned >= well->codes;
    case FAULT_NO_LOCATION: return sick->locs == 0 && well->locs > 3;
    case FAULT_CLOCK_JUMP: return fabs(sick->frame_lag - well->frame_lag) > .2 && abs(sick->frames[1] - well->frames[1]) < 20;
    case FAULT_NO_NETWORK: return sick->samples_inside == well->samples_inside && sick->frames[1] == well->frames[1];
    case FAULT_POWER_LOSS: return sick->samples_inside == 0 && sick->frames[0] + sick->frames[1] == 0 && well->samples_inside > 100;
    case FAULT_KINDS: break;
    }
    return false;
}

static void each_fault_does_what_its_name_says(void **state)
{
    struct sim_suite *healthy = suite_with(0, -1, 0, 0);
    char sick_path[512], well_path[512];

    (void)state;
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        struct sim_suite *suite = suite_with(1, kind, 0, 0);
        bool pictures = kind <= FAULT_FRAMES_LOST || kind == FAULT_CLOCK_JUMP || kind == FAULT_NO_NETWORK || kind == FAULT_POWER_LOSS;
        int shown = 0;

        for (int64_t seed = 70; seed < 76 && !shown; seed++) {
            struct seen sick = { 0 }, well = { 0 };

            const char *folder = support_scratch();

            (void)snprintf(sick_path, sizeof sick_path, "%s/sick.mcap", folder);
            (void)snprintf(well_path, sizeof well_path, "%s/well.mcap", folder);
            make(suite, seed, sick_path, pictures);
            make(healthy, seed, well_path, pictures);
            look_at_fault(sick_path, &sick);
            assert_true(sick.has_fault);
            assert_string_equal(sick.name, fault_name[kind]);
            assert_true(sick.t0 > 0 && sick.t1 > sick.t0);
            look_at_fault(well_path, &well);
            assert_false(well.has_fault);
            well.t0 = sick.t0;
            well.t1 = sick.t1;
            well.sensor = sick.sensor;
            look(sick_path, &sick);
            look(well_path, &well);
            assert_int_equal(sick.events, well.events);
            if (kind == FAULT_SCANNER_MUTE && !well.codes)
                continue;                      /* nobody scanned then: the next seed */
            if (!does((enum fault_kind)kind, &sick, &well))
                fail_msg("%s, seed %d: frames %d %d (%d %d), bytes %llu (%llu), lag %g (%g), drops %d, raw %g (%g) spread %g, dead %d, codes %d (%d), locs %d (%d), inside %d (%d)",
                         fault_name[kind], (int)seed, sick.frames[0], sick.frames[1], well.frames[0], well.frames[1],
                         (unsigned long long)sick.picture_bytes[1], (unsigned long long)well.picture_bytes[1], sick.frame_lag, well.frame_lag, sick.drops,
                         sick.raw_change, well.raw_change, sick.raw_spread, sick.dead_readings, sick.codes, well.codes, sick.locs, well.locs,
                         sick.samples_inside, well.samples_inside);
            assert_false(does((enum fault_kind)kind, &well, &well) && kind != FAULT_NO_NETWORK);      /* the check can fail */
            shown++;
        }
        assert_int_equal(shown, 1);
        sim_suite_free(suite);
    }
    sim_suite_free(healthy);
}

static void a_catalog_can_be_old_or_lack_products(void **state)
{
    struct trundle_error err = { 0 };

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct sim_suite *suite = suite_with(0, -1, kind == 0, kind == 1);
        struct sim_store *store = NULL;
        struct catalog *catalog = NULL;
        size_t old = 0, missing = 0;

        support_ok(sim_store_new(suite, 9, &store, &err), &err);
        support_ok(sim_store_catalog(store, &catalog, &err), &err);
        for (size_t i = 0; i < store->products_n; i++) {
            const struct sim_product *p = &store->product[i];

            assert_int_equal(catalog_find(catalog, p->key) == NULL, p->unlisted);
            old += p->listed_cents != p->cents;
            missing += p->unlisted;
        }
        assert_int_equal(old > 0, kind == 0);
        assert_int_equal(missing > 0, kind == 1);
        assert_true(old + missing < store->products_n / 2);
        catalog_free(catalog);
        sim_store_free(store);
        sim_suite_free(suite);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_does_what_its_name_says),
        cmocka_unit_test(a_catalog_can_be_old_or_lack_products),
    };

    return support_run(tests);
}
