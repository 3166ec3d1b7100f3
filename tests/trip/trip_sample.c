/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Seeded messages and trips for the tests of the room. */
#include "trip_sample.h"

#include "tests/support/support.h"

#include <math.h>
#include <string.h>

unsigned sample_channels = TRUNDLE_CHANNEL_COUNT - 1;

static float some(struct rng *r)
{
    return rng_below(r, 8) ? (float)rng_range(r, -100, 100) : NAN;
}

static struct trundle_product some_product(struct rng *r)
{
    uint32_t kind = rng_below(r, 3);

    return kind == 0 ? (struct trundle_product){ 0 } : kind == 1 ? trundle_product_gtin(4011200296908u) : trundle_product_plu(4011);
}

static struct trundle_alternative some_alternative(struct rng *r)
{
    return (struct trundle_alternative){ (enum trundle_event_kind)rng_below(r, 4), some_product(r), (int32_t)rng_below(r, 9) - 4, (float)rng_unit(r) };
}

static struct trundle_evidence some_evidence(struct rng *r)
{
    struct trundle_evidence e = { .id = (uint32_t)rng_u64(r), .sense = (enum trundle_sense)(1 + rng_below(r, 3)), .sensor = (uint8_t)rng_below(r, 256),
                                  .stage = (enum trundle_stage)rng_below(r, 2), .t0_ns = (int64_t)rng_below(r, 1u << 30), .t1_ns = (int64_t)rng_u64(r) / 4,
                                  .llr_put = some(r), .llr_take = some(r), .llr_move = some(r), .llr_bump = some(r), .mass_g = (double)some(r),
                                  .mass_sd_g = (double)some(r), .llr_unknown = some(r), .faults = rng_below(r, 64) };

    for (size_t i = 0; i < 3; i++)
        e.position_m[i] = some(r);
    for (size_t i = 0; i < 6; i++)
        e.position_cov_m2[i] = some(r);
    e.products_n = (uint8_t)rng_below(r, TRUNDLE_EVIDENCE_PRODUCTS + 1);
    for (size_t i = 0; i < e.products_n; i++)
        e.products[i] = (struct trundle_likelihood){ some_product(r), some(r) };
    e.refs_n = (uint8_t)rng_below(r, TRUNDLE_EVIDENCE_REFS + 1);
    for (size_t i = 0; i < e.refs_n; i++)
        e.refs[i] = (struct trundle_sample_ref){ (enum trundle_channel)(1 + rng_below(r, 12)), (uint8_t)rng_below(r, 256), rng_below(r, 1000), rng_below(r, 1000) };
    return e;
}

static struct trundle_decision some_decision(struct rng *r)
{
    struct trundle_decision d = { .id = rng_below(r, 1000), .kind = (enum trundle_decision_kind)(1 + rng_below(r, 10)), .t_ns = (int64_t)rng_u64(r) / 4,
                                  .t_event_ns = -(int64_t)rng_below(r, 1000), .event = rng_below(r, 10), .line = rng_below(r, 10), .question = rng_below(r, 10),
                                  .event_kind = (enum trundle_event_kind)rng_below(r, 4), .product = some_product(r), .count = -(int32_t)rng_below(r, 4),
                                  .weight_mg = (int64_t)rng_below(r, 5000000), .line_cents = -(int64_t)rng_below(r, 900), .total_cents = INT64_MAX,
                                  .savings_cents = INT64_MIN, .tax_cents = (int64_t)rng_below(r, 9), .phase = (enum trundle_phase)rng_below(r, 4), .p = some(r),
                                  .cost = some(r), .cost_next = some(r), .mass_g = some(r), .mass_sd_g = some(r), .code_sequence = rng_below(r, 99) };

    d.evidence_n = (uint8_t)rng_below(r, TRUNDLE_DECISION_EVIDENCE + 1);
    for (size_t i = 0; i < d.evidence_n; i++) {
        d.evidence[i].sense = (enum trundle_sense)(1 + rng_below(r, 3));
        d.evidence[i].sensor = (uint8_t)rng_below(r, 256);
        d.evidence[i].id = rng_below(r, 1000);
    }
    d.options_n = (uint8_t)rng_below(r, TRUNDLE_OPTIONS_MAX + 1);
    for (size_t i = 0; i < d.options_n; i++)
        d.options[i] = some_alternative(r);
    return d;
}

struct trundle_message sample_message(struct rng *r, enum trundle_channel channel, uint8_t *scratch)
{
    struct trundle_message m = { .channel = channel };
    size_t n = rng_below(r, SAMPLE_SCRATCH) + 1;

    switch (channel) {
    case TRUNDLE_CELL:
        m.cell.n = (uint8_t)(1 + rng_below(r, TRUNDLE_CELLS_MAX));
        for (size_t i = 0; i < m.cell.n; i++)
            m.cell.raw[i] = rng_below(r, 5) ? (int32_t)rng_u64(r) : TRUNDLE_CELL_NONE;
        break;
    case TRUNDLE_IMU:
        for (size_t i = 0; i < 3; i++) {
            m.imu.accel_ms2[i] = some(r);
            m.imu.gyro_rads[i] = NAN;
        }
        break;
    case TRUNDLE_CAM:
    case TRUNDLE_TRUTH:
        for (size_t i = 0; i < n; i++)
            scratch[i] = (uint8_t)rng_u64(r);
        if (channel == TRUNDLE_CAM)
            m.frame = (struct trundle_frame){ scratch, n };
        else {
            m.truth.bytes = scratch;
            m.truth.bytes_n = n;
        }
        break;
    case TRUNDLE_CODE:
        m.code.source = (enum trundle_code_source)rng_below(r, 3);
        m.code.symbology = (enum trundle_symbology)rng_below(r, 10);
        m.code.text_bytes = (uint16_t)rng_below(r, TRUNDLE_CODE_TEXT);
        for (size_t i = 0; i < m.code.text_bytes; i++)
            m.code.text[i] = (char)rng_below(r, 128);
        break;
    case TRUNDLE_LOC:
        m.loc = (struct trundle_loc){ rng_range(r, -9, 9), rng_range(r, -9, 9), some(r), "dairy" };
        break;
    case TRUNDLE_TOUCH:
        m.touch = (struct trundle_touch){ (enum trundle_touch_kind)(1 + rng_below(r, 12)), rng_below(r, 99), (enum trundle_touch_option)rng_below(r, 3),
                                          some_product(r), -(int32_t)rng_below(r, 5) };
        break;
    case TRUNDLE_DROP:
        m.drop = (struct trundle_drop){ (enum trundle_channel)(1 + rng_below(r, 12)), rng_below(r, 99) };
        break;
    case TRUNDLE_EVIDENCE:
        m.evidence = some_evidence(r);
        break;
    case TRUNDLE_BELIEF:
        m.belief.event = rng_below(r, 99);
        m.belief.basket_p = (float)rng_unit(r);
        m.belief.alternatives_n = (uint8_t)rng_below(r, TRUNDLE_BELIEF_MAX + 1);
        for (size_t i = 0; i < m.belief.alternatives_n; i++)
            m.belief.alternatives[i] = some_alternative(r);
        break;
    case TRUNDLE_DECISION:
        m.decision = some_decision(r);
        break;
    case TRUNDLE_TICK:
    case TRUNDLE_CHANNEL_COUNT:
        break;
    }
    return m;
}

struct trip_head sample_head(void)
{
    struct trip_head h = { .schema_version = TRIP_SCHEMA_VERSION, .build = "test 1", .kernel_plan = "scalar", .suite = "smoke", .store = "3", .seed = 17,
                           .start_wall_ns = INT64_C(1760000000000000000) };

    memset(h.cart_sha256, 'a', 64);
    memset(h.costs_sha256, '0', 64);
    return h;
}

/* --- Comparison, field by field. --- */
static bool f32(float a, float b) { return (isnan(a) && isnan(b)) || a == b; }
static bool f64(double a, double b) { return (isnan(a) && isnan(b)) || a == b; }

static bool f32s(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!f32(a[i], b[i]))
            return false;
    return true;
}

static bool same_alternatives(const struct trundle_alternative *a, const struct trundle_alternative *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].kind != b[i].kind || a[i].product.key != b[i].product.key || a[i].count != b[i].count || !f32(a[i].p, b[i].p))
            return false;
    return true;
}

static bool same_evidence(const struct trundle_evidence *a, const struct trundle_evidence *b)
{
    bool same = a->id == b->id && a->sense == b->sense && a->sensor == b->sensor && a->stage == b->stage && a->t0_ns == b->t0_ns && a->t1_ns == b->t1_ns &&
                f32(a->llr_put, b->llr_put) && f32(a->llr_take, b->llr_take) && f32(a->llr_move, b->llr_move) && f32(a->llr_bump, b->llr_bump) &&
                f64(a->mass_g, b->mass_g) && f64(a->mass_sd_g, b->mass_sd_g) && f32s(a->position_m, b->position_m, 3) &&
                f32s(a->position_cov_m2, b->position_cov_m2, 6) && f32(a->llr_unknown, b->llr_unknown) && a->faults == b->faults &&
                a->products_n == b->products_n && a->refs_n == b->refs_n;

    for (size_t i = 0; same && i < a->products_n; i++)
        same = a->products[i].product.key == b->products[i].product.key && f32(a->products[i].llr, b->products[i].llr);
    for (size_t i = 0; same && i < a->refs_n; i++)
        same = a->refs[i].channel == b->refs[i].channel && a->refs[i].sensor == b->refs[i].sensor && a->refs[i].first_sequence == b->refs[i].first_sequence &&
               a->refs[i].last_sequence == b->refs[i].last_sequence;
    return same;
}

static bool same_decision(const struct trundle_decision *a, const struct trundle_decision *b)
{
    bool same = a->id == b->id && a->kind == b->kind && a->t_ns == b->t_ns && a->t_event_ns == b->t_event_ns && a->event == b->event && a->line == b->line &&
                a->question == b->question && a->event_kind == b->event_kind && a->product.key == b->product.key && a->count == b->count &&
                a->weight_mg == b->weight_mg && a->line_cents == b->line_cents && a->total_cents == b->total_cents && a->savings_cents == b->savings_cents &&
                a->tax_cents == b->tax_cents && a->phase == b->phase && f32(a->p, b->p) && f32(a->cost, b->cost) && f32(a->cost_next, b->cost_next) &&
                f32(a->mass_g, b->mass_g) && f32(a->mass_sd_g, b->mass_sd_g) && a->code_sequence == b->code_sequence && a->evidence_n == b->evidence_n &&
                a->options_n == b->options_n;

    for (size_t i = 0; same && i < a->evidence_n; i++)
        same = a->evidence[i].sense == b->evidence[i].sense && a->evidence[i].sensor == b->evidence[i].sensor && a->evidence[i].id == b->evidence[i].id;
    return same && same_alternatives(a->options, b->options, a->options_n);
}

static bool same_payload(const struct trundle_message *a, const struct trundle_message *b)
{
    switch (a->channel) {
    case TRUNDLE_CELL:
        return a->cell.n == b->cell.n && !memcmp(a->cell.raw, b->cell.raw, a->cell.n * sizeof a->cell.raw[0]);
    case TRUNDLE_IMU:
        return f32s(a->imu.accel_ms2, b->imu.accel_ms2, 3) && f32s(a->imu.gyro_rads, b->imu.gyro_rads, 3);
    case TRUNDLE_CAM:
        return a->frame.jpeg_bytes == b->frame.jpeg_bytes && !memcmp(a->frame.jpeg, b->frame.jpeg, a->frame.jpeg_bytes);
    case TRUNDLE_TRUTH:
        return a->truth.bytes_n == b->truth.bytes_n && !memcmp(a->truth.bytes, b->truth.bytes, a->truth.bytes_n);
    case TRUNDLE_CODE:
        return a->code.source == b->code.source && a->code.symbology == b->code.symbology && a->code.text_bytes == b->code.text_bytes &&
               !memcmp(a->code.text, b->code.text, a->code.text_bytes) && !b->code.text[b->code.text_bytes];
    case TRUNDLE_LOC:
        return f64(a->loc.x_m, b->loc.x_m) && f64(a->loc.y_m, b->loc.y_m) && f32(a->loc.sd_m, b->loc.sd_m) && !strcmp(a->loc.zone, b->loc.zone);
    case TRUNDLE_TOUCH:
        return a->touch.kind == b->touch.kind && a->touch.ref == b->touch.ref && a->touch.option == b->touch.option &&
               a->touch.product.key == b->touch.product.key && a->touch.count == b->touch.count;
    case TRUNDLE_DROP:
        return a->drop.channel == b->drop.channel && a->drop.count == b->drop.count;
    case TRUNDLE_EVIDENCE:
        return same_evidence(&a->evidence, &b->evidence);
    case TRUNDLE_BELIEF:
        return a->belief.event == b->belief.event && f32(a->belief.basket_p, b->belief.basket_p) && a->belief.alternatives_n == b->belief.alternatives_n &&
               same_alternatives(a->belief.alternatives, b->belief.alternatives, a->belief.alternatives_n);
    case TRUNDLE_DECISION:
        return same_decision(&a->decision, &b->decision);
    case TRUNDLE_TICK:
        return true;
    case TRUNDLE_CHANNEL_COUNT:
        break;
    }
    return false;
}

bool sample_same(const struct trundle_message *a, const struct trundle_message *b)
{
    return a->channel == b->channel && a->sensor == b->sensor && a->sensed_ns == b->sensed_ns && a->log_ns == b->log_ns && a->sequence == b->sequence &&
           same_payload(a, b);
}

struct trundle_message sample_trip_message(uint64_t seed, size_t i, uint8_t *scratch)
{
    struct rng r = rng_seed(seed + i, "trip sample");
    struct trundle_message m = sample_message(&r, (enum trundle_channel)(1 + i % sample_channels), scratch);

    m.sensor = (uint8_t)rng_below(&r, 3);
    m.log_ns = (int64_t)(i / 2) * 20000000;        /* ties */
    m.sensed_ns = m.log_ns - (int64_t)rng_below(&r, 30000000);
    m.sequence = (uint32_t)i + 1;
    return m;
}

void sample_trip(const char *path, uint64_t seed, size_t n, const struct trip_writer_config *config, bool finish)
{
    struct trip_head head = sample_head();
    struct trip_writer *w = NULL;
    struct trundle_error err;
    uint8_t scratch[SAMPLE_SCRATCH];

    support_ok(trip_create(path, &head, config, &w, &err), &err);
    support_ok(trip_attach(w, TRIP_CART_JSON, "application/json", "{\"cart\":1}", 10, &err), &err);
    for (size_t i = 0; i < n; i++) {
        struct trundle_message m = sample_trip_message(seed, i, scratch);

        support_ok(trip_write(w, &m, &err), &err);
    }
    support_ok(trip_attach(w, TRIP_CATALOG_JSON, "application/json", "[]", 2, &err), &err);
    if (finish)
        support_ok(trip_finish(w, &err), &err);
    else
        trip_abandon(w);
}
