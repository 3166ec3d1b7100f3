/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/attr - the table of attributes, and JSON of it. */
#include "base/net/attr.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

enum kind { INTEGER, REAL, BOOLEAN, ACT, TYPE };

/* A field, or an array of `n`; with `count`, an array of as many as that field says (at most n). */
static const struct row {
    const char *name;
    enum kind kind;
    size_t at, n, count;
} rows[] = {
#define ONE(kind, field, name) { name, kind, offsetof(struct net_attr, field), 1, 0 }
#define SOME(kind, field, n) { #field, kind, offsetof(struct net_attr, field), n, 0 }
    SOME(INTEGER, kernel, 2), SOME(INTEGER, stride, 2), SOME(INTEGER, dilation, 2), SOME(INTEGER, pad, 4), SOME(INTEGER, output_pad, 2),
    ONE(INTEGER, groups, "groups"), ONE(INTEGER, heads, "heads"), ONE(ACT, act, "act"), ONE(REAL, alpha, "alpha"), ONE(REAL, beta, "beta"),
    ONE(INTEGER, kind, "kind"), ONE(INTEGER, mode, "mode"), ONE(INTEGER, coords, "coords"), ONE(INTEGER, nearest, "nearest"),
    ONE(BOOLEAN, ceil_, "ceil"), ONE(BOOLEAN, count_pad, "count_pad"), ONE(BOOLEAN, keep, "keep"), ONE(BOOLEAN, log_, "log"),
    ONE(BOOLEAN, flip_b, "flip_b"),
    { "axes", INTEGER, offsetof(struct net_attr, axes), NET_RANK_MAX, offsetof(struct net_attr, axes_n) },
    { "dims", INTEGER, offsetof(struct net_attr, dims), NET_RANK_MAX, offsetof(struct net_attr, dims_n) },
    SOME(INTEGER, begin, NET_RANK_MAX), SOME(INTEGER, end, NET_RANK_MAX), SOME(INTEGER, step, NET_RANK_MAX), SOME(REAL, scale, 2),
    ONE(REAL, eps, "eps"), ONE(REAL, value, "value"), ONE(TYPE, out_type, "out_type"), ONE(REAL, out_scale, "out_scale"),
    ONE(INTEGER, out_zero, "out_zero"),
};

static size_t size_of(enum kind kind)
{
    return kind == INTEGER ? sizeof(int32_t) : kind == REAL ? sizeof(float) : kind == BOOLEAN ? sizeof(bool) : kind == ACT ? sizeof(enum net_act) : sizeof(enum net_type);
}

static json_t *value_json(const struct row *row, const char *field)
{
    int32_t integer;
    float real;
    switch (row->kind) {
    case INTEGER:
        memcpy(&integer, field, sizeof integer);
        return json_integer(integer);
    case REAL:
        memcpy(&real, field, sizeof real);
        if (isnan(real))                           /* JSON has neither; clips need the infinities */
            return json_string("nan");
        return isinf(real) ? json_string(real > 0 ? "inf" : "-inf") : json_real((double)real);
    case BOOLEAN:
        return json_boolean(*field);
    case ACT:
        memcpy(&integer, field, sizeof integer);
        return json_string(net_act_name((enum net_act)integer));
    default:
        memcpy(&integer, field, sizeof integer);
        return json_string(net_type_name((enum net_type)integer));
    }
}

json_t *net_attr_json(const struct net_node *node)
{
    const struct net_node plain = net_node_of(node->op, "", NULL, 0);
    const char *attr = (const char *)&node->attr, *defaults = (const char *)&plain.attr;
    json_t *object = json_object();
    for (size_t i = 0; object && i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        size_t size = size_of(row->kind), n = row->n;
        if (row->count) {
            int count;
            memcpy(&count, attr + row->count, sizeof count);
            if (count == 0)
                continue;
            n = (size_t)count;
        } else if (memcmp(attr + row->at, defaults + row->at, size * n) == 0) {
            continue;
        }
        json_t *value = row->n == 1 ? value_json(row, attr + row->at) : json_array();
        for (size_t k = 0; row->n > 1 && k < n; k++)
            if (json_array_append_new(value, value_json(row, attr + row->at + k * size)) != 0)
                break;
        if (json_object_set_new(object, row->name, value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static bool value_take(const struct row *row, const json_t *value, char *field)
{
    const char *text = json_string_value(value);
    if (row->kind == INTEGER && json_is_integer(value) && json_integer_value(value) >= INT32_MIN && json_integer_value(value) <= INT32_MAX) {
        int32_t integer = (int32_t)json_integer_value(value);
        memcpy(field, &integer, sizeof integer);
        return true;
    }
    if (row->kind == REAL && (json_is_number(value) || text)) {
        double real = json_number_value(value);
        float narrow = (float)real;
        if (text)
            narrow = strcmp(text, "inf") == 0 ? INFINITY : strcmp(text, "-inf") == 0 ? -INFINITY : NAN;
        if ((text && isnan(narrow)) || (!text && fabs(real) > (double)FLT_MAX))
            return false;
        memcpy(field, &narrow, sizeof narrow);
        return true;
    }
    if (row->kind == BOOLEAN && json_is_boolean(value)) {
        *(bool *)(void *)field = json_is_true(value);
        return true;
    }
    for (int k = 0; row->kind == ACT && text && k < NET_ACT_COUNT; k++)
        if (strcmp(text, net_act_name((enum net_act)k)) == 0) {
            enum net_act act = (enum net_act)k;
            memcpy(field, &act, sizeof act);
            return true;
        }
    for (int k = 0; row->kind == TYPE && text && k < NET_TYPE_COUNT; k++)
        if (strcmp(text, net_type_name((enum net_type)k)) == 0) {
            enum net_type type = (enum net_type)k;
            memcpy(field, &type, sizeof type);
            return true;
        }
    return false;
}

enum trundle_status net_attr_parse(const struct json_at *at, struct net_node *node, struct trundle_error *err)
{
    const char *key;
    json_t *value;
    char *attr = (char *)&node->attr;
    if (!json_is_object(at->value))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "attributes are an object");
    json_object_foreach(at->value, key, value)
    {
        const struct row *row = NULL;
        for (size_t i = 0; i < COUNT_OF(rows) && !row; i++)
            if (strcmp(rows[i].name, key) == 0)
                row = &rows[i];
        if (!row)
            return error_set(err, TRUNDLE_UNSUPPORTED, at->where, "use a newer Trundle", "an attribute \"%.60s\" is not known", key);
        size_t n = row->n == 1 ? 1 : json_array_size(value);
        bool ok = row->n == 1 || (json_is_array(value) && (row->count ? n <= row->n : n == row->n));
        for (size_t k = 0; ok && k < n; k++)
            ok = value_take(row, row->n == 1 ? value : json_array_get(value, k), attr + row->at + k * size_of(row->kind));
        if (!ok)
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "attribute %s has a wrong kind, length or range", key);
        if (row->count) {
            int count = (int)n;
            memcpy(attr + row->count, &count, sizeof count);
        }
    }
    return TRUNDLE_OK;
}
