/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Light from all around. Lamps are far: light depends on direction only, so one set of directions serves the whole basket. */
#include "lab/sim/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 48, COLUMNS = 96 };
static const float PI = 3.14159265f;
static const float WHITE = .78f;           /* ambient + diffuse of 1.27 light white paper to just under white */

static float band(float at, float half, float edge)
{
    float f = (half + edge - fabsf(at)) / (2 * edge);

    f = f < 0 ? 0 : f > 1 ? 1 : f;
    return f * f * (3 - 2 * f);
}

/* The nearest of the rows: their edges do not reach each other. */
static float tube_part(const struct trace_env *env, const float d[3], float soft)
{
    const struct sim_light *l = &env->light;
    float per, half = .5f * l->tube_width, across, along, edge, row, last = .5f * (float)(l->tubes - 1);

    if (d[2] <= .02f)
        return 0;
    per = 1 / d[2];
    edge = .02f + soft * per;
    along = (env->tube_cos * d[1] - env->tube_sin * d[0]) * per;
    if (fabsf(along) > 2.5f + 2 * edge)
        return 0;
    across = (env->tube_cos * d[0] + env->tube_sin * d[1]) * per - l->tube_shift;
    row = (float)(int)(trace_most(0, trace_least(2 * last, across / l->tube_pitch + last)) + .5f);
    return band(across - l->tube_pitch * (row - last), half, edge) * half / trace_most(half, edge) * band(along, 2.4f, .1f + edge);
}

static float lamp_part(const struct trace_env *env, const float d[3], float soft)
{
    const float *to = env->light.direction;

    if (env->light.tubes)
        return tube_part(env, d, soft);
    return band(acosf(trace_least(1, trace_most(-1, d[0] * to[0] + d[1] * to[1] + d[2] * to[2]))), .35f, .05f + soft);
}

static float window_part(const struct sim_light *l, const float d[3])
{
    float facing = cosf(l->window_yaw) * d[0] + sinf(l->window_yaw) * d[1];

    return band(d[2] - .25f, .2f, .12f) * band(trace_least(facing, 1) - 1, .25f, .12f);
}

void trace_env_radiance(const struct trace_env *env, const float d[3], float soft, float out[3])
{
    const struct sim_light *l = &env->light;
    float dome, lamp, window;

    if (d[2] <= 0) {
        memcpy(out, &env->bounce, 3 * sizeof *out);
        return;
    }
    dome = env->dome * (.55f + .45f * d[2]);
    lamp = env->tube * lamp_part(env, d, soft);
    window = l->window > 0 ? env->window * window_part(l, d) : 0;
    for (int k = 0; k < 3; k++)
        out[k] = dome + lamp * (l->tubes ? l->tube_rgb[k] : 1) + window * l->window_rgb[k];
}

static void direction(float row, float column, float d[3])
{
    float z = row / ROWS, angle = 2 * PI * column / COLUMNS, flat = sqrtf(trace_most(0, 1 - z * z));

    d[0] = flat * cosf(angle);
    d[1] = flat * sinf(angle);
    d[2] = z;
}

/* Octahedron to square: the upper half is the inner diamond. */
static void unfold(const float n[3], float out[2])
{
    float all = fabsf(n[0]) + fabsf(n[1]) + fabsf(n[2]), x = n[0] / all, y = n[1] / all;

    if (n[2] < 0) {
        float fold = (1 - fabsf(y)) * (x < 0 ? -1.f : 1.f);

        y = (1 - fabsf(x)) * (y < 0 ? -1.f : 1.f);
        x = fold;
    }
    out[0] = .5f * (x + 1) * TRACE_UNFOLDED;
    out[1] = .5f * (y + 1) * TRACE_UNFOLDED;
}

static void refold(int i, int j, float n[3])
{
    float x = 2 * (float)i / TRACE_UNFOLDED - 1, y = 2 * (float)j / TRACE_UNFOLDED - 1, z = 1 - fabsf(x) - fabsf(y), all;

    if (z < 0) {
        float fold = (1 - fabsf(y)) * (x < 0 ? -1.f : 1.f);

        y = (1 - fabsf(x)) * (y < 0 ? -1.f : 1.f);
        x = fold;
    }
    all = sqrtf(x * x + y * y + z * z);
    n[0] = x / all;
    n[1] = y / all;
    n[2] = z / all;
}

trace_four trace_env_irradiance(const struct trace_env *env, const float n[3])
{
    float at[2], fx, fy;
    const trace_four *corner;
    int x, y;

    unfold(n, at);
    x = (int)at[0];
    y = (int)at[1];
    x = x < 0 ? 0 : x >= TRACE_UNFOLDED ? TRACE_UNFOLDED - 1 : x;      /* a normal that is none: (0, 0, 0) */
    y = y < 0 ? 0 : y >= TRACE_UNFOLDED ? TRACE_UNFOLDED - 1 : y;
    fx = at[0] - (float)x;
    fy = at[1] - (float)y;
    corner = env->irradiance + y * (TRACE_UNFOLDED + 1) + x;
    return (1 - fy) * ((1 - fx) * corner[0] + fx * corner[1]) + fy * ((1 - fx) * corner[TRACE_UNFOLDED + 1] + fx * corner[TRACE_UNFOLDED + 2]);
}

/* Radiance scales from what each kind of light is to give. */
static void scale_light(struct trace_env *env)
{
    float sum[3] = { 0 }, cell = 2 * PI / (ROWS * COLUMNS);

    for (int i = 0; i < ROWS * COLUMNS; i++) {
        float d[3], face;

        direction((float)(i / COLUMNS) + .5f, (float)(i % COLUMNS) + .5f, d);
        face = cosf(env->light.window_yaw) * d[0] + sinf(env->light.window_yaw) * d[1];
        sum[0] += (.55f + .45f * d[2]) * d[2] * cell / PI;
        sum[1] += lamp_part(env, d, 0) * d[2] * cell / PI;
        sum[2] += window_part(&env->light, d) * trace_most(0, face) * cell / PI;
    }
    env->dome = WHITE * env->light.ambient / sum[0];
    env->tube = sum[1] > 0 ? WHITE * env->light.diffuse / sum[1] : 0;
    env->window = sum[2] > 0 ? WHITE * env->light.window / sum[2] : 0;
    for (int k = 0; k < 3; k++)
        env->bounce[k] = .28f * WHITE * (env->light.ambient + env->light.diffuse * (env->light.tubes ? env->light.tube_rgb[k] : 1));
}

/* Over coarser cells than importance has: of 2 x 2 of those. */
static void add_irradiance(struct trace_env *env)
{
    enum { N = ROWS * COLUMNS / 4 };
    float d[N][3];
    trace_four light[N];

    for (int i = 0; i < N; i++) {
        light[i] = (trace_four){ 0 };
        for (int part = 0; part < 4; part++) {
            float rgb[3];

            direction((float)(i / (COLUMNS / 2) * 2 + part / 2) + .5f, (float)(i % (COLUMNS / 2) * 2 + part % 2) + .5f, d[i]);
            trace_env_radiance(env, d[i], 0, rgb);
            light[i] += (trace_four){ rgb[0], rgb[1], rgb[2], 0 } * (2 / (float)(ROWS * COLUMNS));
        }
        direction((float)(i / (COLUMNS / 2) * 2 + 1), (float)(i % (COLUMNS / 2) * 2 + 1), d[i]);
    }
    for (int j = 0; j <= TRACE_UNFOLDED; j++)
        for (int i = 0; i <= TRACE_UNFOLDED; i++) {
            trace_four sum = { 0 };
            float n[3];

            refold(i, j, n);
            for (int k = 0; k < N; k++) {
                float cosine = d[k][0] * n[0] + d[k][1] * n[1] + d[k][2] * n[2];

                if (cosine > 0)
                    sum += cosine * light[k];
            }
            env->irradiance[j * (TRACE_UNFOLDED + 1) + i] = sum;
        }
}

static void add_importance(struct trace_env *env)
{
    float total = 0;

    for (int i = 0; i < ROWS; i++) {
        float sum = 0;

        for (int j = 0; j < COLUMNS; j++) {
            float d[3], rgb[3];

            direction((float)i + .5f, (float)j + .5f, d);
            trace_env_radiance(env, d, 0, rgb);
            sum += (.3f * rgb[0] + .6f * rgb[1] + .1f * rgb[2]) * (d[2] + .25f);
            env->cell[i * COLUMNS + j] = sum;
        }
        total += sum;
        env->row[i] = total;
    }
}

static int find(const float *sums, int n, float at)
{
    int lo = 0, hi = n - 1;

    while (lo < hi) {
        int mid = (lo + hi) / 2;

        if (sums[mid] > at)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

float trace_env_pick(const struct trace_env *env, float s, float t, float d[3])
{
    float at = s * env->row[ROWS - 1], before, row, column, share;
    const float *cells;
    int i = find(env->row, ROWS, at), j;

    before = i ? env->row[i - 1] : 0;
    row = (float)i + trace_least(.999f, trace_most(0, (at - before) / (env->row[i] - before)));
    cells = env->cell + i * COLUMNS;
    at = t * cells[COLUMNS - 1];
    j = find(cells, COLUMNS, at);
    before = j ? cells[j - 1] : 0;
    share = cells[j] - before;
    column = (float)j + trace_least(.999f, trace_most(0, (at - before) / share));
    direction(row, column, d);
    return env->row[ROWS - 1] / share * (2 * PI / (ROWS * COLUMNS));
}

static float reversed(uint32_t i)
{
    i = i << 16 | i >> 16;
    i = (i & 0x00ff00ff) << 8 | (i & 0xff00ff00) >> 8;
    i = (i & 0x0f0f0f0f) << 4 | (i & 0xf0f0f0f0) >> 4;
    i = (i & 0x33333333) << 2 | (i & 0xcccccccc) >> 2;
    i = (i & 0x55555555) << 1 | (i & 0xaaaaaaaa) >> 1;
    return (float)(i >> 8) / 16777216.f;
}

void trace_env_done(struct trace_env *env)
{
    free(env->cell);
    free(env->row);
    free(env->irradiance);
    *env = (struct trace_env){ 0 };
}

enum trundle_status trace_env_make(const struct sim_light *light, struct trace_env *out)
{
    struct trace_env env = { .light = *light, .tube_cos = cosf(light->tube_yaw), .tube_sin = sinf(light->tube_yaw) };

    env.cell = malloc(ROWS * COLUMNS * sizeof *env.cell);
    env.row = malloc(ROWS * sizeof *env.row);
    env.irradiance = malloc((TRACE_UNFOLDED + 1) * (TRACE_UNFOLDED + 1) * sizeof *env.irradiance);
    if (!env.cell || !env.row || !env.irradiance) {
        trace_env_done(&env);
        return TRUNDLE_NO_MEMORY;
    }
    if (light->ambient + light->diffuse + light->window <= 0)
        env.light.ambient = 1e-3f;         /* a little, so that directions have a density */
    scale_light(&env);
    add_irradiance(&env);
    add_importance(&env);
    for (int i = 0; i < TRACE_DIRECTIONS; i++) {
        /* each in the middle of its share both ways, or all lamps would seem turned; direction i of all goes to class i % CLASSES: a class has low and high ones */
        int slot = i % TRACE_CLASSES * TRACE_EACH + i / TRACE_CLASSES;
        float d[3], rgb[3], per = trace_env_pick(&env, ((float)i + .5f) / TRACE_DIRECTIONS, reversed((uint32_t)i) + .5f / TRACE_DIRECTIONS, d);

        trace_env_radiance(&env, d, 0, rgb);
        env.x[slot] = d[0];
        env.y[slot] = d[1];
        env.z[slot] = d[2];
        env.open[slot] = (.3f * rgb[0] + .6f * rgb[1] + .1f * rgb[2]) * per;
        env.shut[slot] = per;
    }
    env.light = *light;
    trace_env_done(out);
    *out = env;
    return TRUNDLE_OK;
}

static uint32_t mixed(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352dU;
    x = (x ^ x >> 15) * 0x846ca68bU;
    return x ^ x >> 16;
}

void trace_backdrop(const struct trace_env *env, const struct sim_backdrop *b, const float d[3], float out[3])
{
    float angle = atan2f(d[1], d[0]), shelf, light;
    uint32_t word;

    if (!b->store) {
        for (int k = 0; k < 3; k++)
            out[k] = .03f;
        return;
    }
    if (d[2] > .45f) {
        trace_env_radiance(env, d, .03f, out);
        for (int k = 0; k < 3; k++)
            out[k] = trace_least(out[k] * .6f, 1.4f);
        return;
    }
    shelf = floorf(d[2] * 9);
    light = .35f + .5f * (d[2] * 9 - shelf);
    word = mixed(b->seed + 977U * (uint32_t)(int)(shelf + 40) + mixed((uint32_t)(int)((angle + 4) * 16)));
    if (d[2] < -.45f)                      /* the store's floor: large tiles */
        light = ((int)floorf(d[0] / d[2] * 2.2f) + (int)floorf(d[1] / d[2] * 2.2f)) & 1 ? .42f : .36f;
    for (int k = 0; k < 3; k++)
        out[k] = light * (d[2] < -.45f ? .9f : .12f + .7f * (float)(word >> (8 * k) & 255) / 255);
}
