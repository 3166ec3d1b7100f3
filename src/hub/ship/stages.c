/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The stages of a rollout as JSON. */
#include "hub/ship/inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double default_margin[3][GATE_METRICS] = GATE_STAGE_MARGINS;

static void set_defaults(struct ship_stage *s, int i, int n)
{
    int row = i == n - 1 ? 2 : i == 0 ? 0 : 1;

    s->hours = i == 0 && n > 1 ? 4 : 24;
    s->trips = 30;
    memcpy(s->margin, default_margin[row], sizeof s->margin);
}

static enum trundle_status optional(enum trundle_status status)
{
    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;
}

static enum trundle_status take_margins(const struct json_at *at, struct ship_stage *s, struct trundle_error *err)
{
    struct json_at margin;
    const char *key;
    json_t *value;

    if (!json_has(at, "margin"))
        return TRUNDLE_OK;
    TRY(json_take_object(at, "margin", &margin, err));
    json_object_foreach(margin.value, key, value)
    {
        int m = 0;

        while (m < GATE_METRICS && strcmp(key, gate_metric_name((enum gate_metric)m)) != 0)
            m++;
        if (m == GATE_METRICS)
            return error_set(err, TRUNDLE_BAD_INPUT, margin.where, "corrected_per_100, asks_per_100, line_p99_ms, faults_per_100_trips", "no guard \"%.60s\"", key);
        TRY(json_take_number(&margin, key, 0.01, 100, &s->margin[m], err));
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_stage(const struct json_at *at, const char *first, struct ship_stage *s, struct trundle_error *err)
{
    const char *const known[] = { first, "percent", "hours", "trips", "margin" };
    const char *key;
    json_t *value;

    if (!json_is_object(at->value))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "must be an object such as {\"%s\":1} or {\"percent\":25}", first);
    json_object_foreach(at->value, key, value)
    {
        size_t i = 0;

        while (i < COUNT_OF(known) && strcmp(key, known[i]) != 0)
            i++;
        if (i == COUNT_OF(known))
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "\"%.60s\" is not known; a stage has %s or percent, hours, trips, margin", key, first);
    }
    if (json_has(at, first) == json_has(at, "percent"))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "needs one of %s and percent", first);
    TRY(optional(json_take_integer(at, first, 1, 1000000, &s->first, err)));
    TRY(optional(json_take_number(at, "percent", 0.01, 100, &s->percent, err)));
    TRY(optional(json_take_number(at, "hours", 0, 24 * 90, &s->hours, err)));
    TRY(optional(json_take_number(at, "trips", 2, 1e9, &s->trips, err)));
    return take_margins(at, s, err);
}

enum trundle_status ship_stages_parse(const struct json_at *list, bool by_store, struct ship_stage *out, int *out_n, struct trundle_error *err)
{
    struct ship_stage stage[SHIP_STAGES_MAX];
    size_t n = list ? json_length(list) : 3;
    struct json_at at;

    memset(stage, 0, sizeof stage);
    if (list && (!json_is_array(list->value) || n < 1 || n > SHIP_STAGES_MAX))
        return error_set(err, TRUNDLE_BAD_INPUT, list->where, NULL, "must be a list of 1 to %d stages", SHIP_STAGES_MAX);
    for (size_t i = 0; i < n; i++) {
        set_defaults(&stage[i], (int)i, (int)n);
        if (!list) {
            stage[i].first = i == 0;
            stage[i].percent = i == 1 ? 25 : i == 2 ? 100 : 0;
            continue;
        }
        TRY(json_element(list, i, &at, err));
        TRY(take_stage(&at, by_store ? "stores" : "carts", &stage[i], err));
        if (i && (stage[i].first ? stage[i - 1].percent > 0 || stage[i].first <= stage[i - 1].first : stage[i].percent <= stage[i - 1].percent))
            return error_set(err, TRUNDLE_BAD_INPUT, at.where, NULL, "a stage takes more than the one before; numbers of units come before shares");
    }
    if (stage[n - 1].percent < 100)
        return error_set(err, TRUNDLE_BAD_INPUT, list ? list->where : "stages", "end with {\"percent\":100}, and name the stores if it is not for all", "the last stage must be 100 percent");
    memcpy(out, stage, sizeof stage);
    *out_n = (int)n;
    return TRUNDLE_OK;
}

json_t *ship_stages_json(const struct ship_stage *stage, int n, bool by_store)
{
    json_t *list = json_array();

    for (int i = 0; i < n; i++) {
        json_t *s = json_object(), *margin = json_object();

        if (stage[i].first)
            json_object_set_new(s, by_store ? "stores" : "carts", json_integer(stage[i].first));
        else
            json_object_set_new(s, "percent", json_real(stage[i].percent));
        json_object_set_new(s, "hours", json_real(stage[i].hours));
        json_object_set_new(s, "trips", json_real(stage[i].trips));
        for (int m = 0; m < GATE_METRICS; m++)
            json_object_set_new(margin, gate_metric_name((enum gate_metric)m), json_real(stage[i].margin[m]));
        json_object_set_new(s, "margin", margin);
        json_array_append_new(list, s);
    }
    return list;
}

json_t *ship_real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}
