/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Between struct trundle_message and protobuf-c's structs. Encoding fills structs that the codec holds; decoding lets
 * protobuf-c allocate from one buffer that is rewound for each message, and checks what came out (codec_check.c).
 */
#include "base/trip/codec.h"

#include "base/std/time.h"

#include <CompressedImage.pb-c.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trundle.pb-c.h>

extern const unsigned char embed_descriptors[];
extern const size_t embed_descriptors_n;

enum { ALIGN = 16, ARENA_START = 1 << 16 };

struct codec {
    ProtobufCAllocator allocator;
    uint8_t *arena;                        /* owned */
    size_t arena_n, used, wanted;          /* wanted: what the last unpack would have needed */
    const ProtobufCMessage *packing;       /* set by codec_size */
    const uint8_t *raw;                    /* ... or these bytes */
    size_t raw_n;
    union {
        Trundle__V1__Cell cell;
        Trundle__V1__Imu imu;
        Trundle__V1__Code code;
        Trundle__V1__Loc loc;
        Trundle__V1__Touch touch;
        Trundle__V1__Tick tick;
        Trundle__V1__Drop drop;
        Trundle__V1__Evidence evidence;
        Trundle__V1__Belief belief;
        Trundle__V1__Decision decision;
        Foxglove__CompressedImage image;
    } m;
    Google__Protobuf__Timestamp timestamp;
    char frame_id[16], format[8];
    int32_t raws[TRUNDLE_CELLS_MAX];
    float floats[12];
    char text[TRUNDLE_CODE_TEXT];
    Trundle__V1__Likelihood likelihoods[TRUNDLE_EVIDENCE_PRODUCTS], *likelihood_p[TRUNDLE_EVIDENCE_PRODUCTS];
    Trundle__V1__SampleRef refs[TRUNDLE_EVIDENCE_REFS], *ref_p[TRUNDLE_EVIDENCE_REFS];
    Trundle__V1__Alternative alternatives[TRUNDLE_BELIEF_MAX], *alternative_p[TRUNDLE_BELIEF_MAX];
    Trundle__V1__EvidenceRef evidence_refs[TRUNDLE_DECISION_EVIDENCE], *evidence_ref_p[TRUNDLE_DECISION_EVIDENCE];
};

static const struct { const char *topic, *schema; const ProtobufCMessageDescriptor *type; } rows[TRUNDLE_CHANNEL_COUNT] = {
    [TRUNDLE_CELL] = { "/cell", "trundle.v1.Cell", &trundle__v1__cell__descriptor },
    [TRUNDLE_IMU] = { "/imu", "trundle.v1.Imu", &trundle__v1__imu__descriptor },
    [TRUNDLE_CAM] = { "/cam/", "foxglove.CompressedImage", &foxglove__compressed_image__descriptor },
    [TRUNDLE_CODE] = { "/code", "trundle.v1.Code", &trundle__v1__code__descriptor },
    [TRUNDLE_LOC] = { "/loc", "trundle.v1.Loc", &trundle__v1__loc__descriptor },
    [TRUNDLE_TOUCH] = { "/touch", "trundle.v1.Touch", &trundle__v1__touch__descriptor },
    [TRUNDLE_TICK] = { "/tick", "trundle.v1.Tick", &trundle__v1__tick__descriptor },
    [TRUNDLE_EVIDENCE] = { "/evidence", "trundle.v1.Evidence", &trundle__v1__evidence__descriptor },
    [TRUNDLE_BELIEF] = { "/belief", "trundle.v1.Belief", &trundle__v1__belief__descriptor },
    [TRUNDLE_DECISION] = { "/decision", "trundle.v1.Decision", &trundle__v1__decision__descriptor },
    [TRUNDLE_TRUTH] = { "/truth", "trundle.v1.Truth", &trundle__v1__truth__descriptor },
    [TRUNDLE_DROP] = { "/drop", "trundle.v1.Drop", &trundle__v1__drop__descriptor },
};

static bool known(enum trundle_channel c)
{
    return (unsigned)c > 0 && (unsigned)c < TRUNDLE_CHANNEL_COUNT;
}

const char *codec_topic(enum trundle_channel c) { return known(c) ? rows[c].topic : NULL; }
const char *codec_schema(enum trundle_channel c) { return known(c) ? rows[c].schema : NULL; }

/* --- The arena. --- */
static void *arena_alloc(void *of, size_t n)
{
    struct codec *c = of;
    size_t aligned = n > SIZE_MAX / 2 ? SIZE_MAX / 2 : (n + ALIGN - 1) / ALIGN * ALIGN;
    void *p = NULL;

    if (aligned <= c->arena_n - c->used) {
        p = c->arena + c->used;
        c->used += aligned;
    }
    c->wanted = c->wanted > SIZE_MAX / 2 - aligned ? SIZE_MAX / 2 : c->wanted + aligned;
    return p;
}

static void arena_free(void *of, void *p)
{
    (void)of;
    (void)p;
}

enum trundle_status codec_new(struct codec **out, struct trundle_error *err)
{
    struct codec *c = calloc(1, sizeof *c);

    if (!c || !(c->arena = malloc(ARENA_START))) {
        free(c);
        return error_set(err, TRUNDLE_NO_MEMORY, NULL, NULL, "no memory for the codec");
    }
    c->arena_n = ARENA_START;
    c->allocator = (ProtobufCAllocator){ arena_alloc, arena_free, c };
    (void)snprintf(c->format, sizeof c->format, "jpeg");
    *out = c;
    return TRUNDLE_OK;
}

void codec_free(struct codec *c)
{
    if (!c)
        return;
    free(c->arena);
    free(c);
}

/* --- To protobuf. --- */
static void to_alternatives(struct codec *c, const struct trundle_alternative *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        trundle__v1__alternative__init(&c->alternatives[i]);
        c->alternatives[i].kind = (uint32_t)from[i].kind;
        c->alternatives[i].product = from[i].product.key;
        c->alternatives[i].count = from[i].count;
        c->alternatives[i].p = from[i].p;
        c->alternative_p[i] = &c->alternatives[i];
    }
}

static void to_evidence(struct codec *c, const struct trundle_evidence *e)
{
    Trundle__V1__Evidence *p = &c->m.evidence;

    trundle__v1__evidence__init(p);
    p->id = e->id;
    p->sense = (uint32_t)e->sense;
    p->sensor = e->sensor;
    p->stage = (uint32_t)e->stage;
    p->t0_ns = e->t0_ns;
    p->t1_ns = e->t1_ns;
    p->llr_put = e->llr_put;
    p->llr_take = e->llr_take;
    p->llr_move = e->llr_move;
    p->llr_bump = e->llr_bump;
    p->mass_g = e->mass_g;
    p->mass_sd_g = e->mass_sd_g;
    memcpy(c->floats, e->position_m, sizeof e->position_m);
    memcpy(c->floats + 3, e->position_cov_m2, sizeof e->position_cov_m2);
    p->n_position_m = 3;
    p->position_m = c->floats;
    p->n_position_cov_m2 = 6;
    p->position_cov_m2 = c->floats + 3;
    for (size_t i = 0; i < e->products_n; i++) {
        trundle__v1__likelihood__init(&c->likelihoods[i]);
        c->likelihoods[i].product = e->products[i].product.key;
        c->likelihoods[i].llr = e->products[i].llr;
        c->likelihood_p[i] = &c->likelihoods[i];
    }
    p->n_products = e->products_n;
    p->products = c->likelihood_p;
    p->llr_unknown = e->llr_unknown;
    for (size_t i = 0; i < e->refs_n; i++) {
        trundle__v1__sample_ref__init(&c->refs[i]);
        c->refs[i].channel = (uint32_t)e->refs[i].channel;
        c->refs[i].sensor = e->refs[i].sensor;
        c->refs[i].first_sequence = e->refs[i].first_sequence;
        c->refs[i].last_sequence = e->refs[i].last_sequence;
        c->ref_p[i] = &c->refs[i];
    }
    p->n_refs = e->refs_n;
    p->refs = c->ref_p;
    p->faults = e->faults;
}

static void to_decision(struct codec *c, const struct trundle_decision *d)
{
    Trundle__V1__Decision *p = &c->m.decision;

    trundle__v1__decision__init(p);
    p->id = d->id;
    p->kind = (uint32_t)d->kind;
    p->t_ns = d->t_ns;
    p->t_event_ns = d->t_event_ns;
    p->event = d->event;
    p->line = d->line;
    p->question = d->question;
    p->event_kind = (uint32_t)d->event_kind;
    p->product = d->product.key;
    p->count = d->count;
    p->weight_mg = d->weight_mg;
    p->line_cents = d->line_cents;
    p->total_cents = d->total_cents;
    p->savings_cents = d->savings_cents;
    p->tax_cents = d->tax_cents;
    p->phase = (uint32_t)d->phase;
    p->p = d->p;
    p->cost = d->cost;
    p->cost_next = d->cost_next;
    p->mass_g = d->mass_g;
    p->mass_sd_g = d->mass_sd_g;
    p->code_sequence = d->code_sequence;
    for (size_t i = 0; i < d->evidence_n; i++) {
        trundle__v1__evidence_ref__init(&c->evidence_refs[i]);
        c->evidence_refs[i].sense = (uint32_t)d->evidence[i].sense;
        c->evidence_refs[i].sensor = d->evidence[i].sensor;
        c->evidence_refs[i].id = d->evidence[i].id;
        c->evidence_ref_p[i] = &c->evidence_refs[i];
    }
    p->n_evidence = d->evidence_n;
    p->evidence = c->evidence_ref_p;
    to_alternatives(c, d->options, d->options_n);
    p->n_options = d->options_n;
    p->options = c->alternative_p;
}

static void to_imu(struct codec *c, const struct trundle_imu *imu)
{
    bool accel = false, gyro = false;

    trundle__v1__imu__init(&c->m.imu);
    for (size_t i = 0; i < 3; i++) {
        c->floats[i] = imu->accel_ms2[i];
        c->floats[3 + i] = imu->gyro_rads[i];
        accel |= !isnan(imu->accel_ms2[i]);
        gyro |= !isnan(imu->gyro_rads[i]);
    }
    c->m.imu.n_accel_ms2 = accel ? 3 : 0;
    c->m.imu.accel_ms2 = c->floats;
    c->m.imu.n_gyro_rads = gyro ? 3 : 0;
    c->m.imu.gyro_rads = c->floats + 3;
}

static void to_frame(struct codec *c, const struct trundle_message *m, int64_t start_wall_ns)
{
    union { const uint8_t *in; uint8_t *out; } jpeg = { m->frame.jpeg };      /* protobuf-c's struct is not const; packing only reads */
    int64_t wall = start_wall_ns + m->sensed_ns, ns = ((wall % NS_PER_S) + NS_PER_S) % NS_PER_S;

    google__protobuf__timestamp__init(&c->timestamp);
    c->timestamp.seconds = (wall - ns) / NS_PER_S;
    c->timestamp.nanos = (int32_t)ns;
    foxglove__compressed_image__init(&c->m.image);
    c->m.image.timestamp = &c->timestamp;
    (void)snprintf(c->frame_id, sizeof c->frame_id, "cam/%u", m->sensor);
    c->m.image.frame_id = c->frame_id;
    c->m.image.format = c->format;
    c->m.image.data = (ProtobufCBinaryData){ m->frame.jpeg_bytes, jpeg.out };
}

static void to_protobuf(struct codec *c, const struct trundle_message *m, int64_t start_wall_ns)
{
    switch (m->channel) {
    case TRUNDLE_CELL:
        trundle__v1__cell__init(&c->m.cell);
        memcpy(c->raws, m->cell.raw, sizeof c->raws);
        c->m.cell.n_raw = m->cell.n;
        c->m.cell.raw = c->raws;
        break;
    case TRUNDLE_IMU:
        to_imu(c, &m->imu);
        break;
    case TRUNDLE_CAM:
        to_frame(c, m, start_wall_ns);
        break;
    case TRUNDLE_CODE:
        trundle__v1__code__init(&c->m.code);
        c->m.code.source = (uint32_t)m->code.source;
        c->m.code.symbology = (uint32_t)m->code.symbology;
        memcpy(c->text, m->code.text, m->code.text_bytes);
        c->m.code.text = (ProtobufCBinaryData){ m->code.text_bytes, (uint8_t *)c->text };
        break;
    case TRUNDLE_LOC:
        trundle__v1__loc__init(&c->m.loc);
        c->m.loc.x_m = m->loc.x_m;
        c->m.loc.y_m = m->loc.y_m;
        c->m.loc.sd_m = m->loc.sd_m;
        memcpy(c->text, m->loc.zone, sizeof m->loc.zone);
        c->m.loc.zone = c->text;
        break;
    case TRUNDLE_TOUCH:
        trundle__v1__touch__init(&c->m.touch);
        c->m.touch.kind = (uint32_t)m->touch.kind;
        c->m.touch.ref = m->touch.ref;
        c->m.touch.option = (uint32_t)m->touch.option;
        c->m.touch.product = m->touch.product.key;
        c->m.touch.count = m->touch.count;
        break;
    case TRUNDLE_TICK:
        trundle__v1__tick__init(&c->m.tick);
        c->m.tick.t_ns = m->log_ns < 0 ? 0 : (uint64_t)m->log_ns;
        break;
    case TRUNDLE_DROP:
        trundle__v1__drop__init(&c->m.drop);
        c->m.drop.channel = (uint32_t)m->drop.channel;
        c->m.drop.count = m->drop.count;
        break;
    case TRUNDLE_EVIDENCE:
        to_evidence(c, &m->evidence);
        break;
    case TRUNDLE_BELIEF:
        trundle__v1__belief__init(&c->m.belief);
        c->m.belief.event = m->belief.event;
        to_alternatives(c, m->belief.alternatives, m->belief.alternatives_n);
        c->m.belief.n_alternatives = m->belief.alternatives_n;
        c->m.belief.alternatives = c->alternative_p;
        c->m.belief.basket_p = m->belief.basket_p;
        break;
    case TRUNDLE_DECISION:
        to_decision(c, &m->decision);
        break;
    case TRUNDLE_TRUTH:
    case TRUNDLE_CHANNEL_COUNT:
        break;
    }
}

enum trundle_status codec_size(struct codec *c, const struct trundle_message *m, int64_t start_wall_ns, size_t *out_n, struct trundle_error *err)
{
    TRY(codec_check(m, err));
    if (m->channel == TRUNDLE_TRUTH) {
        c->packing = NULL;
        c->raw = m->truth.bytes;
        c->raw_n = m->truth.bytes_n;
        *out_n = c->raw_n;
        return TRUNDLE_OK;
    }
    to_protobuf(c, m, start_wall_ns);
    c->packing = (const ProtobufCMessage *)&c->m;
    *out_n = protobuf_c_message_get_packed_size(c->packing);
    return TRUNDLE_OK;
}

void codec_pack(struct codec *c, uint8_t *out)
{
    if (c->packing)
        (void)protobuf_c_message_pack(c->packing, out);
    else if (c->raw_n)
        memcpy(out, c->raw, c->raw_n);
}

enum trundle_status codec_encode(struct codec *c, const struct trundle_message *m, int64_t start_wall_ns, struct bytes *out, struct trundle_error *err)
{
    size_t n;

    TRY(codec_size(c, m, start_wall_ns, &n, err));
    out->n = 0;
    if (bytes_reserve(out, n ? n : 1) != TRUNDLE_OK)
        return error_set(err, TRUNDLE_NO_MEMORY, NULL, NULL, "no memory for a message of %zu bytes", n);
    codec_pack(c, out->data);
    out->n = n;
    return TRUNDLE_OK;
}

/* --- From protobuf. What C's narrower fields could not hold is refused here; the rest by codec_check. --- */
static enum trundle_status bad(struct trundle_error *err, const char *field, unsigned long long value)
{
    return error_set(err, TRUNDLE_BAD_INPUT, NULL, NULL, "%s is %llu, which is out of range", field, value);
}

#define LIMIT(field, value, most)                          \
    do {                                                   \
        if ((value) > (most))                              \
            return bad(err, field, (value));               \
    } while (0)

static enum trundle_status from_floats(const char *field, float *out, size_t want, const float *in, size_t n, bool may_be_empty, struct trundle_error *err)
{
    if (n != want && !(may_be_empty && !n))
        return bad(err, field, n);
    for (size_t i = 0; i < want; i++)
        out[i] = n ? in[i] : NAN;
    return TRUNDLE_OK;
}

static enum trundle_status from_alternatives(const char *field, struct trundle_alternative *out, size_t most, Trundle__V1__Alternative **in, size_t n,
                                             struct trundle_error *err)
{
    LIMIT(field, n, most);
    for (size_t i = 0; i < n; i++) {
        LIMIT("alternatives.kind", in[i]->kind, (uint32_t)TRUNDLE_EVENT_MOVE);
        out[i] = (struct trundle_alternative){ (enum trundle_event_kind)in[i]->kind, { in[i]->product }, in[i]->count, in[i]->p };
    }
    return TRUNDLE_OK;
}

static enum trundle_status from_evidence(const Trundle__V1__Evidence *p, struct trundle_evidence *e, struct trundle_error *err)
{
    LIMIT("sense", p->sense, 255u);
    LIMIT("sensor", p->sensor, 255u);
    LIMIT("stage", p->stage, 255u);
    LIMIT("products", p->n_products, (size_t)TRUNDLE_EVIDENCE_PRODUCTS);
    LIMIT("refs", p->n_refs, (size_t)TRUNDLE_EVIDENCE_REFS);
    e->id = p->id;
    e->sense = (enum trundle_sense)p->sense;
    e->sensor = (uint8_t)p->sensor;
    e->stage = (enum trundle_stage)p->stage;
    e->t0_ns = p->t0_ns;
    e->t1_ns = p->t1_ns;
    e->llr_put = p->llr_put;
    e->llr_take = p->llr_take;
    e->llr_move = p->llr_move;
    e->llr_bump = p->llr_bump;
    e->mass_g = p->mass_g;
    e->mass_sd_g = p->mass_sd_g;
    TRY(from_floats("position_m", e->position_m, 3, p->position_m, p->n_position_m, true, err));
    TRY(from_floats("position_cov_m2", e->position_cov_m2, 6, p->position_cov_m2, p->n_position_cov_m2, true, err));
    e->products_n = (uint8_t)p->n_products;
    for (size_t i = 0; i < p->n_products; i++)
        e->products[i] = (struct trundle_likelihood){ { p->products[i]->product }, p->products[i]->llr };
    e->llr_unknown = p->llr_unknown;
    e->refs_n = (uint8_t)p->n_refs;
    for (size_t i = 0; i < p->n_refs; i++) {
        LIMIT("refs.channel", p->refs[i]->channel, 255u);
        LIMIT("refs.sensor", p->refs[i]->sensor, 255u);
        e->refs[i] = (struct trundle_sample_ref){ (enum trundle_channel)p->refs[i]->channel, (uint8_t)p->refs[i]->sensor, p->refs[i]->first_sequence,
                                                  p->refs[i]->last_sequence };
    }
    e->faults = p->faults;
    return TRUNDLE_OK;
}

static enum trundle_status from_decision(const Trundle__V1__Decision *p, struct trundle_decision *d, struct trundle_error *err)
{
    LIMIT("kind", p->kind, 255u);
    LIMIT("event_kind", p->event_kind, 255u);
    LIMIT("phase", p->phase, 255u);
    LIMIT("evidence", p->n_evidence, (size_t)TRUNDLE_DECISION_EVIDENCE);
    d->id = p->id;
    d->kind = (enum trundle_decision_kind)p->kind;
    d->t_ns = p->t_ns;
    d->t_event_ns = p->t_event_ns;
    d->event = p->event;
    d->line = p->line;
    d->question = p->question;
    d->event_kind = (enum trundle_event_kind)p->event_kind;
    d->product.key = p->product;
    d->count = p->count;
    d->weight_mg = p->weight_mg;
    d->line_cents = p->line_cents;
    d->total_cents = p->total_cents;
    d->savings_cents = p->savings_cents;
    d->tax_cents = p->tax_cents;
    d->phase = (enum trundle_phase)p->phase;
    d->p = p->p;
    d->cost = p->cost;
    d->cost_next = p->cost_next;
    d->mass_g = p->mass_g;
    d->mass_sd_g = p->mass_sd_g;
    d->code_sequence = p->code_sequence;
    d->evidence_n = (uint8_t)p->n_evidence;
    for (size_t i = 0; i < p->n_evidence; i++) {
        LIMIT("evidence.sense", p->evidence[i]->sense, 255u);
        LIMIT("evidence.sensor", p->evidence[i]->sensor, 255u);
        d->evidence[i].sense = (enum trundle_sense)p->evidence[i]->sense;
        d->evidence[i].sensor = (uint8_t)p->evidence[i]->sensor;
        d->evidence[i].id = p->evidence[i]->id;
    }
    d->options_n = (uint8_t)p->n_options;
    return from_alternatives("options", d->options, TRUNDLE_OPTIONS_MAX, p->options, p->n_options, err);
}

static enum trundle_status from_protobuf(const ProtobufCMessage *base, struct trundle_message *m, struct trundle_error *err)
{
    switch (m->channel) {
    case TRUNDLE_CELL: {
        const Trundle__V1__Cell *p = (const void *)base;

        LIMIT("raw", p->n_raw, (size_t)TRUNDLE_CELLS_MAX);
        m->cell.n = (uint8_t)p->n_raw;
        if (p->n_raw)
            memcpy(m->cell.raw, p->raw, p->n_raw * sizeof *p->raw);
        return TRUNDLE_OK;
    }
    case TRUNDLE_IMU: {
        const Trundle__V1__Imu *p = (const void *)base;

        TRY(from_floats("accel_ms2", m->imu.accel_ms2, 3, p->accel_ms2, p->n_accel_ms2, true, err));
        return from_floats("gyro_rads", m->imu.gyro_rads, 3, p->gyro_rads, p->n_gyro_rads, true, err);
    }
    case TRUNDLE_CAM: {
        const Foxglove__CompressedImage *p = (const void *)base;

        if (strcmp(p->format, "jpeg") != 0)
            return error_set(err, TRUNDLE_BAD_INPUT, NULL, NULL, "format of a camera picture is '%.32s', not jpeg", p->format);
        m->frame = (struct trundle_frame){ p->data.data, p->data.len };
        return TRUNDLE_OK;
    }
    case TRUNDLE_CODE: {
        const Trundle__V1__Code *p = (const void *)base;

        LIMIT("source", p->source, 255u);
        LIMIT("symbology", p->symbology, 255u);
        LIMIT("text", p->text.len, (size_t)TRUNDLE_CODE_TEXT - 1);
        m->code.source = (enum trundle_code_source)p->source;
        m->code.symbology = (enum trundle_symbology)p->symbology;
        m->code.text_bytes = (uint16_t)p->text.len;
        if (p->text.len)
            memcpy(m->code.text, p->text.data, p->text.len);
        return TRUNDLE_OK;
    }
    case TRUNDLE_LOC: {
        const Trundle__V1__Loc *p = (const void *)base;

        LIMIT("zone", strlen(p->zone), (size_t)TRUNDLE_ZONE_TEXT - 1);
        m->loc.x_m = p->x_m;
        m->loc.y_m = p->y_m;
        m->loc.sd_m = p->sd_m;
        memcpy(m->loc.zone, p->zone, strlen(p->zone));
        return TRUNDLE_OK;
    }
    case TRUNDLE_TOUCH: {
        const Trundle__V1__Touch *p = (const void *)base;

        LIMIT("kind", p->kind, 255u);
        LIMIT("option", p->option, 255u);
        m->touch = (struct trundle_touch){ (enum trundle_touch_kind)p->kind, p->ref, (enum trundle_touch_option)p->option, { p->product }, p->count };
        return TRUNDLE_OK;
    }
    case TRUNDLE_DROP: {
        const Trundle__V1__Drop *p = (const void *)base;

        LIMIT("channel", p->channel, 255u);
        m->drop = (struct trundle_drop){ (enum trundle_channel)p->channel, p->count };
        return TRUNDLE_OK;
    }
    case TRUNDLE_EVIDENCE:
        return from_evidence((const void *)base, &m->evidence, err);
    case TRUNDLE_BELIEF: {
        const Trundle__V1__Belief *p = (const void *)base;

        TRY(from_alternatives("alternatives", m->belief.alternatives, TRUNDLE_BELIEF_MAX, p->alternatives, p->n_alternatives, err));
        m->belief.event = p->event;
        m->belief.alternatives_n = (uint8_t)p->n_alternatives;
        m->belief.basket_p = p->basket_p;
        return TRUNDLE_OK;
    }
    case TRUNDLE_DECISION:
        return from_decision((const void *)base, &m->decision, err);
    case TRUNDLE_TICK:
    case TRUNDLE_TRUTH:
    case TRUNDLE_CHANNEL_COUNT:
        break;
    }
    return TRUNDLE_OK;
}

/* protobuf-c's structs are at most so much larger than the bytes they come from; what needs more is refused. */
static size_t arena_limit(enum trundle_channel channel, size_t n)
{
    return channel == TRUNDLE_CAM ? 2 * n + ((size_t)64 << 10) : 96 * n + ((size_t)4 << 10);
}

static enum trundle_status unpack(struct codec *c, enum trundle_channel channel, const uint8_t *data, size_t n, ProtobufCMessage **out, struct trundle_error *err)
{
    for (;;) {
        size_t grown;
        uint8_t *arena;

        c->used = c->wanted = 0;
        *out = protobuf_c_message_unpack(rows[channel].type, &c->allocator, n, data);
        if (*out)
            return TRUNDLE_OK;
        if (c->wanted <= c->arena_n)
            return error_set(err, TRUNDLE_CORRUPT, NULL, NULL, "%zu bytes are no %s", n, rows[channel].schema);
        if (c->arena_n >= arena_limit(channel, n) || c->wanted > arena_limit(channel, n))
            return error_set(err, TRUNDLE_TOO_LARGE, NULL, NULL, "%zu bytes of %s would need %zu bytes of memory", n, rows[channel].schema, c->wanted);
        grown = c->arena_n;
        while (grown < c->wanted)
            grown *= 2;
        arena = realloc(c->arena, grown);
        if (!arena)
            return error_set(err, TRUNDLE_NO_MEMORY, NULL, NULL, "no memory for a message of %zu bytes", n);
        c->arena = arena;
        c->arena_n = grown;
    }
}

enum trundle_status codec_decode(struct codec *c, enum trundle_channel channel, const uint8_t *data, size_t n, struct trundle_message *out,
                                 struct trundle_error *err)
{
    struct trundle_message m = { .channel = channel };
    ProtobufCMessage *p = NULL;
    enum trundle_status status;

    if (!known(channel))
        return error_set(err, TRUNDLE_BAD_ARG, NULL, NULL, "no channel %d", (int)channel);
    if (n > (channel == TRUNDLE_CAM ? CODEC_FRAME_BYTES : channel == TRUNDLE_TRUTH ? CODEC_TRUTH_BYTES : CODEC_OTHER_BYTES))
        return error_set(err, TRUNDLE_TOO_LARGE, codec_topic(channel), NULL, "message of %zu bytes", n);
    if (channel == TRUNDLE_TRUTH) {
        m.truth.bytes = data;
        m.truth.bytes_n = n;
    } else {
        TRY_GOTO(status, unpack(c, channel, data, n, &p, err), out);
        TRY_GOTO(status, from_protobuf(p, &m, err), out);
    }
    status = codec_check(&m, err);
    if (status == TRUNDLE_BAD_ARG) {
        status = TRUNDLE_BAD_INPUT;
        if (err)
            err->status = status;
    }
out:
    if (status != TRUNDLE_OK) {
        if (err && !err->where[0])
            error_within(err, "%s", codec_topic(channel));
        return status;
    }
    m.sensor = out->sensor;
    m.sensed_ns = out->sensed_ns;
    m.log_ns = out->log_ns;
    m.sequence = out->sequence;
    *out = m;
    return TRUNDLE_OK;
}

/* A FileDescriptorSet is a row of (tag 0x0a, length, file), and a file starts with (tag 0x0a, length, name). */
static size_t varint(const unsigned char *p, size_t n, size_t *out)
{
    size_t at = 0;

    *out = 0;
    for (unsigned shift = 0; at < n && shift < 35; shift += 7) {
        *out |= (size_t)(p[at] & 0x7f) << shift;
        if (!(p[at++] & 0x80))
            return at;
    }
    return 0;
}

enum trundle_status codec_descriptors(enum trundle_channel channel, struct bytes *out, struct trundle_error *err)
{
    static const char ours[] = "trundle/v1/trundle.proto";

    if (!known(channel))
        return error_set(err, TRUNDLE_BAD_ARG, NULL, NULL, "no channel %d", (int)channel);
    for (size_t at = 0; at < embed_descriptors_n;) {
        size_t length, head = varint(embed_descriptors + at + 1, embed_descriptors_n - at - 1, &length), name, name_head;
        const unsigned char *file = embed_descriptors + at + 1 + head;
        bool is_ours;

        name_head = varint(file + 1, length, &name);
        is_ours = name == sizeof ours - 1 && !memcmp(file + 1 + name_head, ours, name);
        if (is_ours == (channel != TRUNDLE_CAM) && bytes_append(out, embed_descriptors + at, 1 + head + length) != TRUNDLE_OK)
            return error_set(err, TRUNDLE_NO_MEMORY, NULL, NULL, "no memory for a schema");
        at += 1 + head + length;
    }
    return TRUNDLE_OK;
}
