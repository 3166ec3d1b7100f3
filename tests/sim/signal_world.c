/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A cart that a test drives. */
#include "tests/sim/signal_world.h"

#include "base/std/json.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char quiet_fields[] =
    "'cells': {'white_g': 0, 'drift_g': 0, 'flicker_g': 0, 'walk_g': 0, 'slope_gs': 0, 'spikes_per_min': 0, 'calibration_gain_sd': 0, "
    "'calibration_offset_g': 0, 'hysteresis_g': 0, 'creep_share': 0, 'zero_gk': 0, 'span_k': 0, 'gain_g': 0.001},"
    " 'imu': {'accel_noise_ms2': 0, 'gyro_noise_rads': 0, 'accel_bias_ms2': 0, 'gyro_bias_rads': 0, 'mount_deg': 0, 'side_share': 0},"
    " 'motion': {'roughness_ms2': [0, 0], 'tile_ms2': [0, 0], 'camber_deg': 0}";

static json_t *parsed(const char *fields)
{
    char text[4096];
    json_error_t error;
    json_t *root;

    assert_true(snprintf(text, sizeof text, "{%s}", fields) < (int)sizeof text);
    for (char *at = text; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("%s: %s", text, error.text);
    return root;
}

void signal_world_make(struct signal_world *w, bool quiet, const char *fields, double seconds)
{
    struct trundle_error err = { 0 };
    json_t *root = json_pack("{s:i, s:s, s:s}", "version", 1, "name", "still", "extends", "v1"), *more = parsed(fields), *base = parsed(quiet ? quiet_fields : "");
    char suites[4096], *text;

    memset(w, 0, sizeof *w);
    (void)snprintf(suites, sizeof suites, "%s", support_source("suites"));
    (void)setenv("TRUNDLE_SUITES", suites, 1);
    assert_int_equal(json_object_update_recursive(root, base), 0);
    assert_int_equal(json_object_update_recursive(root, more), 0);
    text = json_dumps(root, 0);
    support_ok(sim_suite_parse(text, strlen(text), "still", &w->suite, &err), &err);
    free(text);
    json_decref(root);
    json_decref(more);
    json_decref(base);
    support_ok(sim_store_new(w->suite, 3, &w->store, &err), &err);
    w->plan = calloc(1, sizeof *w->plan);
    assert_non_null(w->plan);
    w->plan->store = w->store;
    w->plan->seed = 15;
    w->plan->end_s = seconds;
}

void signal_world_load(struct signal_world *w, double t0, double t1, double x_m, double y_m, double g, bool pulse)
{
    w->plan->load[w->plan->loads_n++] = (struct plan_load){ .t0 = t0, .t1 = t1, .x = x_m, .y = y_m, .g = g, .pulse = pulse };
}

void signal_world_run(struct signal_world *w)
{
    struct trundle_error err = { 0 };

    signal_done(&w->signal);
    support_ok(signal_make_with(w->plan, &w->disturbs, &w->signal, &err), &err);
}

void signal_world_done(struct signal_world *w)
{
    signal_done(&w->signal);
    free(w->plan);
    sim_store_free(w->store);
    sim_suite_free(w->suite);
}

size_t signal_world_at(const struct signal_world *w, double t)
{
    return (size_t)(t * w->suite->cells.hz + .5);
}

size_t signal_world_imu(const struct signal_world *w, double t)
{
    size_t i = 0;

    while (i + 1 < w->signal.imus_n && w->signal.imu[i].t < t)
        i++;
    return i;
}

double signal_world_cell(const struct signal_world *w, size_t i, int k, bool stated)
{
    const struct cart_cell *c = stated ? &w->store->cart.cells.cell[k] : &w->store->true_cells.cell[k];

    return (w->signal.cell[i].cell.raw[k] - c->offset) * c->gain_g;
}

static double sum_of(const struct signal_world *w, size_t i, bool stated)
{
    double sum = 0;

    for (int k = 0; k < 4; k++)
        sum += signal_world_cell(w, i, k, stated);
    return sum;
}

double signal_world_sum(const struct signal_world *w, double t, bool stated)
{
    return sum_of(w, signal_world_at(w, t), stated);
}

double signal_world_mean(const struct signal_world *w, double t0, double t1)
{
    size_t from = signal_world_at(w, t0), to = signal_world_at(w, t1);
    double sum = 0;

    for (size_t i = from; i < to; i++)
        sum += sum_of(w, i, false);
    return sum / (double)(to - from);
}
