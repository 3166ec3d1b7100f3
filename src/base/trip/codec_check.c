/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a message may hold: the same rules for what is written and for what is read. */
#include "base/trip/codec.h"

#include <math.h>
#include <string.h>

static enum trundle_status range(struct trundle_error *err, const char *field, long long value, long long lo, long long hi)
{
    if (value >= lo && value <= hi)
        return TRUNDLE_OK;
    return error_set(err, TRUNDLE_BAD_ARG, NULL, NULL, "%s is %lld, not %lld to %lld", field, value, lo, hi);
}

/* NAN says "not known"; infinity says nothing. */
static enum trundle_status number(struct trundle_error *err, const char *field, double value)
{
    return isinf(value) ? error_set(err, TRUNDLE_BAD_ARG, NULL, NULL, "%s is infinite", field) : TRUNDLE_OK;
}

static enum trundle_status numbers(struct trundle_error *err, const char *field, const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        TRY(number(err, field, (double)values[i]));
    return TRUNDLE_OK;
}

static enum trundle_status finite(struct trundle_error *err, const char *field, double value)
{
    return isfinite(value) ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_ARG, NULL, NULL, "%s is not a finite number", field);
}

static enum trundle_status product(struct trundle_error *err, struct trundle_product p)
{
    uint64_t kind = p.key >> 56, rest = p.key & ((UINT64_C(1) << 56) - 1);

    if ((kind == 0 && rest == 0) || (kind == 1 && rest <= UINT64_C(99999999999999)) || (kind == 2 && rest <= 99999))
        return TRUNDLE_OK;
    return error_set(err, TRUNDLE_BAD_ARG, NULL, NULL, "product key %016llx is of no known kind", (unsigned long long)p.key);
}

static enum trundle_status check_evidence(const struct trundle_evidence *e, struct trundle_error *err)
{
    TRY(range(err, "sense", (long long)e->sense, TRUNDLE_SENSE_WEIGH, TRUNDLE_SENSE_SCAN));
    TRY(range(err, "stage", (long long)e->stage, TRUNDLE_STAGE_FIRST, TRUNDLE_STAGE_FINAL));
    TRY(number(err, "llr_put", (double)e->llr_put));
    TRY(number(err, "llr_take", (double)e->llr_take));
    TRY(number(err, "llr_move", (double)e->llr_move));
    TRY(number(err, "llr_bump", (double)e->llr_bump));
    TRY(number(err, "llr_unknown", (double)e->llr_unknown));
    TRY(number(err, "mass_g", e->mass_g));
    TRY(number(err, "mass_sd_g", e->mass_sd_g));
    TRY(numbers(err, "position_m", e->position_m, 3));
    TRY(numbers(err, "position_cov_m2", e->position_cov_m2, 6));
    TRY(range(err, "products_n", e->products_n, 0, TRUNDLE_EVIDENCE_PRODUCTS));
    TRY(range(err, "refs_n", e->refs_n, 0, TRUNDLE_EVIDENCE_REFS));
    for (size_t i = 0; i < e->products_n; i++) {
        TRY(product(err, e->products[i].product));
        TRY(number(err, "products.llr", (double)e->products[i].llr));
    }
    for (size_t i = 0; i < e->refs_n; i++)
        TRY(range(err, "refs.channel", (long long)e->refs[i].channel, 1, TRUNDLE_CHANNEL_COUNT - 1));
    return TRUNDLE_OK;
}

static enum trundle_status check_alternatives(const struct trundle_alternative *a, size_t n, struct trundle_error *err)
{
    for (size_t i = 0; i < n; i++) {
        TRY(range(err, "alternatives.kind", (long long)a[i].kind, TRUNDLE_EVENT_NOTHING, TRUNDLE_EVENT_MOVE));
        TRY(product(err, a[i].product));
        TRY(number(err, "alternatives.p", (double)a[i].p));
    }
    return TRUNDLE_OK;
}

static enum trundle_status check_decision(const struct trundle_decision *d, struct trundle_error *err)
{
    TRY(range(err, "kind", (long long)d->kind, TRUNDLE_DECIDE_ADD, TRUNDLE_DECIDE_WEIGHING));
    TRY(range(err, "event_kind", (long long)d->event_kind, TRUNDLE_EVENT_NOTHING, TRUNDLE_EVENT_MOVE));
    TRY(range(err, "phase", (long long)d->phase, TRUNDLE_PHASE_SHOPPING, TRUNDLE_PHASE_STAFF));
    TRY(product(err, d->product));
    TRY(number(err, "p", (double)d->p));
    TRY(number(err, "cost", (double)d->cost));
    TRY(number(err, "cost_next", (double)d->cost_next));
    TRY(number(err, "mass_g", (double)d->mass_g));
    TRY(number(err, "mass_sd_g", (double)d->mass_sd_g));
    TRY(range(err, "evidence_n", d->evidence_n, 0, TRUNDLE_DECISION_EVIDENCE));
    for (size_t i = 0; i < d->evidence_n; i++)
        TRY(range(err, "evidence.sense", (long long)d->evidence[i].sense, TRUNDLE_SENSE_WEIGH, TRUNDLE_SENSE_SCAN));
    TRY(range(err, "options_n", d->options_n, 0, TRUNDLE_OPTIONS_MAX));
    return check_alternatives(d->options, d->options_n, err);
}

static enum trundle_status check_payload(const struct trundle_message *m, struct trundle_error *err)
{
    switch (m->channel) {
    case TRUNDLE_CELL:
        return range(err, "n", m->cell.n, 1, TRUNDLE_CELLS_MAX);
    case TRUNDLE_IMU:
        TRY(numbers(err, "accel_ms2", m->imu.accel_ms2, 3));
        return numbers(err, "gyro_rads", m->imu.gyro_rads, 3);
    case TRUNDLE_CAM:
        TRY(range(err, "jpeg_bytes", m->frame.jpeg_bytes > INT32_MAX ? INT32_MAX : (long long)m->frame.jpeg_bytes, 1, CODEC_FRAME_BYTES - 1024));
        return m->frame.jpeg ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_ARG, NULL, NULL, "jpeg is NULL");
    case TRUNDLE_CODE:
        TRY(range(err, "source", (long long)m->code.source, TRUNDLE_CODE_SCANNER, TRUNDLE_CODE_TYPED));
        TRY(range(err, "symbology", (long long)m->code.symbology, TRUNDLE_SYM_UNKNOWN, TRUNDLE_SYM_OTHER));
        return range(err, "text_bytes", m->code.text_bytes, 0, TRUNDLE_CODE_TEXT - 1);
    case TRUNDLE_LOC:
        TRY(finite(err, "x_m", m->loc.x_m));
        TRY(finite(err, "y_m", m->loc.y_m));
        TRY(number(err, "sd_m", (double)m->loc.sd_m));
        if (!memchr(m->loc.zone, 0, sizeof m->loc.zone))
            return error_set(err, TRUNDLE_BAD_ARG, NULL, NULL, "zone has no end");
        return TRUNDLE_OK;
    case TRUNDLE_TOUCH:
        TRY(range(err, "kind", (long long)m->touch.kind, TRUNDLE_TOUCH_ANSWER, TRUNDLE_TOUCH_MEMBER));
        TRY(range(err, "option", (long long)m->touch.option, TRUNDLE_OPTION_PRODUCT, TRUNDLE_OPTION_ELSE));
        return product(err, m->touch.product);
    case TRUNDLE_DROP:
        return range(err, "channel", (long long)m->drop.channel, 1, TRUNDLE_CHANNEL_COUNT - 1);
    case TRUNDLE_EVIDENCE:
        return check_evidence(&m->evidence, err);
    case TRUNDLE_BELIEF:
        TRY(range(err, "alternatives_n", m->belief.alternatives_n, 0, TRUNDLE_BELIEF_MAX));
        TRY(number(err, "basket_p", (double)m->belief.basket_p));
        return check_alternatives(m->belief.alternatives, m->belief.alternatives_n, err);
    case TRUNDLE_DECISION:
        return check_decision(&m->decision, err);
    case TRUNDLE_TRUTH:
        TRY(range(err, "bytes_n", m->truth.bytes_n > INT32_MAX ? INT32_MAX : (long long)m->truth.bytes_n, 0, CODEC_TRUTH_BYTES));
        return m->truth.bytes || !m->truth.bytes_n ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_ARG, NULL, NULL, "bytes is NULL");
    case TRUNDLE_TICK:
        return TRUNDLE_OK;
    case TRUNDLE_CHANNEL_COUNT:
        break;
    }
    return error_set(err, TRUNDLE_BAD_ARG, NULL, NULL, "no channel %d", (int)m->channel);
}

enum trundle_status codec_check(const struct trundle_message *m, struct trundle_error *err)
{
    enum trundle_status status = check_payload(m, err);

    if (status != TRUNDLE_OK && codec_topic(m->channel))
        error_within(err, "%s", codec_topic(m->channel));
    return status;
}
