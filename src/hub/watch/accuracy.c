/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Average calibrated confidence: fit, estimate, and the error of both on stores left out (accuracy.h). */
#include "hub/watch/accuracy.h"

#include "base/std/list.h"
#include "base/std/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_LEAST = 100, STORES_LEAST = 2 };
#define TWO_SIDED 1.959963984540054      /* 95 % */

static double middle(size_t bin)
{
    return ((double)bin + 0.5) / ACCURACY_BINS;
}

/* Shares made rising: neighbours that fall are pooled, by weight. */
static void pool(double *share, double *weight)
{
    size_t size[ACCURACY_BINS], n = 0;
    double s[ACCURACY_BINS], w[ACCURACY_BINS];

    for (size_t i = 0; i < ACCURACY_BINS; i++) {
        s[n] = share[i];
        w[n] = weight[i];
        size[n++] = 1;
        while (n > 1 && s[n - 2] >= s[n - 1]) {
            s[n - 2] = (s[n - 2] * w[n - 2] + s[n - 1] * w[n - 1]) / (w[n - 2] + w[n - 1]);
            w[n - 2] += w[n - 1];
            size[n - 2] += size[n - 1];
            n--;
        }
    }
    for (size_t i = 0, at = 0; i < n; i++)
        for (size_t k = 0; k < size[i]; k++, at++) {
            share[at] = s[i];
            weight[at] = w[i];
        }
}

/* The map of those trips whose store is not in fold `without`; ACCURACY_FOLDS: of all. One line at the bin's middle stands for what nobody saw. */
static void fit(const struct accuracy_trip *trip, size_t n, uint32_t without, struct accuracy_map *out)
{
    double weight[ACCURACY_BINS], right[ACCURACY_BINS];

    for (size_t b = 0; b < ACCURACY_BINS; b++) {
        weight[b] = 1;
        right[b] = middle(b);
    }
    for (size_t i = 0; i < n; i++) {
        if (trip[i].store % ACCURACY_FOLDS == without)
            continue;
        for (size_t b = 0; b < ACCURACY_BINS; b++) {
            weight[b] += trip[i].n[b];
            right[b] += trip[i].right[b];
        }
    }
    for (size_t b = 0; b < ACCURACY_BINS; b++)
        out->right[b] = right[b] / weight[b];
    pool(out->right, weight);
    for (size_t b = 0; b < ACCURACY_BINS; b++)
        out->sd[b] = sqrt(out->right[b] * (1 - out->right[b]) / weight[b]);
}

enum trundle_status accuracy_fit(const struct accuracy_trip *trip, size_t n, struct accuracy_map *out, struct trundle_error *err)
{
    struct accuracy_map map = { .trips = n };
    struct accuracy_error error = { 0 };
    struct accuracy_trip *part = malloc((n + 1) * sizeof *part);
    int64_t *store = malloc((n + 1) * sizeof *store);
    enum trundle_status status = TRUNDLE_OK;

    if (!part || !store) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "accuracy", NULL, "no memory for %zu trips", n);
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        store[i] = trip[i].store;
        for (size_t b = 0; b < ACCURACY_BINS; b++) {
            map.lines += trip[i].n[b];
            if (trip[i].right[b] > trip[i].n[b]) {
                status = error_set(err, TRUNDLE_BAD_INPUT, "accuracy", NULL, "trip %zu has %u right of %u lines in bin %zu", i, trip[i].right[b], trip[i].n[b], b);
                goto out;
            }
        }
    }
    qsort(store, n, sizeof *store, list_by_int64);
    for (size_t i = 0; i < n; i++)
        map.stores += i == 0 || store[i] != store[i - 1];
    if (map.lines < LINES_LEAST || map.stores < STORES_LEAST) {
        status = error_set(err, TRUNDLE_BAD_INPUT, "accuracy", "take more trips with truth: trundle sim makes them",
                           "%llu lines of %llu stores; a fit needs %d of %d", (unsigned long long)map.lines, (unsigned long long)map.stores, LINES_LEAST, STORES_LEAST);
        goto out;
    }
    for (uint32_t fold = 0; fold < ACCURACY_FOLDS; fold++) {
        size_t part_n = 0;

        for (size_t i = 0; i < n; i++)
            if (trip[i].store % ACCURACY_FOLDS == fold)
                part[part_n++] = trip[i];
        fit(trip, n, fold, &map);
        accuracy_measure(&map, part, part_n, ACCURACY_GROUP, &error);
    }
    accuracy_error_end(&error);
    map.error_sd = sqrt(fmax(0, error.square - error.chance));
    map.mean_abs_error = error.mean_abs;
    fit(trip, n, ACCURACY_FOLDS, &map);
    *out = map;
out:
    free(part);
    free(store);
    return status;
}

/* Variance that chance and the bins give the estimate. */
static double chance_of(const struct accuracy_map *map, const double *lines, double all)
{
    double sum = 0;

    for (size_t b = 0; b < ACCURACY_BINS; b++)
        sum += lines[b] * map->right[b] * (1 - map->right[b]) + lines[b] * lines[b] * map->sd[b] * map->sd[b];
    return sum / (all * all);
}

static double count(const struct accuracy_trip *trip, size_t n, double lines[ACCURACY_BINS])
{
    double all = 0;

    memset(lines, 0, ACCURACY_BINS * sizeof *lines);
    for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < ACCURACY_BINS; b++) {
            lines[b] += trip[i].n[b];
            all += trip[i].n[b];
        }
    return all;
}

void accuracy_estimate(const struct accuracy_map *map, const struct accuracy_trip *trip, size_t n, struct accuracy_value *out)
{
    double lines[ACCURACY_BINS], all = count(trip, n, lines), value = 0, half;

    if (!(all > 0)) {
        *out = (struct accuracy_value){ (double)NAN, (double)NAN, (double)NAN, 0, n };
        return;
    }
    for (size_t b = 0; b < ACCURACY_BINS; b++)
        value += lines[b] * map->right[b] / all;
    half = TWO_SIDED * sqrt(chance_of(map, lines, all) + map->error_sd * map->error_sd);
    *out = (struct accuracy_value){ value, fmax(0, value - half), fmin(1, value + half), (uint64_t)all, n };
}

void accuracy_measure(const struct accuracy_map *map, const struct accuracy_trip *trip, size_t n, size_t size, struct accuracy_error *out)
{
    for (size_t from = 0; from < n; from += size) {
        size_t group = n - from < size ? n - from : size;
        double lines[ACCURACY_BINS], all = count(trip + from, group, lines), right = 0, plain = 0, off;
        struct accuracy_value v;

        if (!(all > 0))
            continue;
        for (size_t i = 0; i < group; i++)
            for (size_t b = 0; b < ACCURACY_BINS; b++) {
                right += trip[from + i].right[b];
                plain += trip[from + i].n[b] * middle(b);
            }
        accuracy_estimate(map, trip + from, group, &v);
        off = v.value - right / all;
        out->groups++;
        out->lines += v.n;
        out->covered += right / all >= v.lo && right / all <= v.hi;
        out->truth += right;
        out->estimated += v.value * all;
        out->plain += plain;
        out->mean_abs += fabs(off);
        out->mean_abs_plain += fabs(plain - right) / all;
        out->worst = fmax(out->worst, fabs(off));
        out->square += off * off;
        out->chance += chance_of(map, lines, all);
    }
}

void accuracy_error_end(struct accuracy_error *e)
{
    double groups = (double)e->groups, lines = (double)e->lines;

    if (!e->groups)
        return;
    e->truth /= lines;
    e->estimated /= lines;
    e->plain /= lines;
    e->mean_abs /= groups;
    e->mean_abs_plain /= groups;
    e->square /= groups;
    e->chance /= groups;
}

enum trundle_status accuracy_parse(const void *bytes, size_t n, const char *where, struct accuracy_map *out, struct trundle_error *err)
{
    struct accuracy_map map = { 0 };
    json_t *root = NULL;
    enum trundle_status status = json_parse(bytes, n, where, &root, err);
    struct json_at at;
    int64_t version, lines, trips, stores;

    if (status != TRUNDLE_OK)
        return status;
    at = json_at_root(root, where);
    TRY_GOTO(status, json_take_integer(&at, "trundle_accuracy", 1, 1, &version, err), out);
    TRY_GOTO(status, json_take_numbers(&at, "right", map.right, ACCURACY_BINS, err), out);
    TRY_GOTO(status, json_take_numbers(&at, "sd", map.sd, ACCURACY_BINS, err), out);
    TRY_GOTO(status, json_take_integer(&at, "lines", 1, INT64_MAX, &lines, err), out);
    TRY_GOTO(status, json_take_integer(&at, "trips", 1, INT64_MAX, &trips, err), out);
    TRY_GOTO(status, json_take_integer(&at, "stores", 1, INT64_MAX, &stores, err), out);
    TRY_GOTO(status, json_take_number(&at, "error_sd", 0, 1, &map.error_sd, err), out);
    TRY_GOTO(status, json_take_number(&at, "mean_abs_error", 0, 1, &map.mean_abs_error, err), out);
    map.lines = (uint64_t)lines;
    map.trips = (uint64_t)trips;
    map.stores = (uint64_t)stores;
    for (size_t b = 0; b < ACCURACY_BINS; b++)
        if (map.right[b] < 0 || map.right[b] > 1 || map.sd[b] < 0 || map.sd[b] > 1 || (b && map.right[b] < map.right[b - 1])) {
            status = error_set(err, TRUNDLE_BAD_INPUT, where, "trundle-bench-watch accuracy writes this file", "bin %zu: shares rise from 0 to 1, sd is 0 to 1", b);
            goto out;
        }
    *out = map;
out:
    json_decref(root);
    if (status == TRUNDLE_NOT_FOUND) {
        status = TRUNDLE_BAD_INPUT;
        if (err)
            err->status = status;
    }
    return status;
}

enum trundle_status accuracy_print(const struct accuracy_map *map, struct bytes *out)
{
    TRY(bytes_print(out, "{\"trundle_accuracy\":1,\n \"right\":["));
    for (size_t b = 0; b < ACCURACY_BINS; b++)
        TRY(bytes_print(out, "%s%.5f", b ? "," : "", map->right[b]));
    TRY(bytes_print(out, "],\n \"sd\":["));
    for (size_t b = 0; b < ACCURACY_BINS; b++)
        TRY(bytes_print(out, "%s%.5f", b ? "," : "", map->sd[b]));
    return bytes_print(out, "],\n \"lines\":%llu,\"trips\":%llu,\"stores\":%llu,\"error_sd\":%.5f,\"mean_abs_error\":%.5f}\n", (unsigned long long)map->lines,
                       (unsigned long long)map->trips, (unsigned long long)map->stores, map->error_sd, map->mean_abs_error);
}
