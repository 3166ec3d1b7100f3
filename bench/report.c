/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* One JSON line per figure: value, interval, median, p99, and where it was measured. */
#include "bench/bench.h"

#include "base/std/rng.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 1000, RESAMPLED_MAX = 4000000 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_of(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return n ? (v[(n - 1) / 2] + v[n / 2]) / 2 : 0;
}

/* Where each cluster starts; the last entry is n. */
static size_t find_clusters(const struct bench_figure *f, size_t *start)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (i == 0 || !f->cluster || f->cluster[i] != f->cluster[i - 1])
            start[n++] = i;
    start[n] = f->n;
    return n;
}

/* Percentile bootstrap (Efron 1979) of the figure's own estimator, whole clusters drawn with replacement. */
static bool interval(const struct bench_figure *f, double *out_lo, double *out_hi, size_t *out_clusters)
{
    size_t *start = calloc(f->n + 1, sizeof *start), clusters, largest = 0, times, kept;
    double *draw = NULL, *value = NULL;
    struct rng r = rng_seed(1, f->name);
    bool ok = false;

    *out_clusters = 0;
    if (!start)
        return false;
    *out_clusters = clusters = find_clusters(f, start);
    for (size_t k = 0; k < clusters; k++)
        if (start[k + 1] - start[k] > largest)
            largest = start[k + 1] - start[k];
    times = f->n > RESAMPLED_MAX / RESAMPLES ? RESAMPLED_MAX / f->n + 40 : RESAMPLES;
    if (clusters < BENCH_CLUSTERS_LEAST)
        goto out;
    draw = calloc(clusters * largest, sizeof *draw);
    value = calloc(times, sizeof *value);
    if (!draw || !value)
        goto out;
    for (size_t t = 0; t < times; t++) {
        double sum = 0, per = 0;

        kept = 0;
        for (size_t k = 0; k < clusters; k++) {
            size_t c = rng_below(&r, (uint32_t)clusters);

            for (size_t i = start[c]; i < start[c + 1]; i++) {
                draw[kept++] = f->sample[i];
                sum += f->sample[i];
                per += f->per ? f->per[i] : 0;
            }
        }
        value[t] = f->per ? sum / per : median_of(draw, kept);
    }
    qsort(value, times, sizeof *value, by_value);
    *out_lo = value[(size_t)(.025 * (double)times)];
    *out_hi = value[(size_t)(.975 * (double)times)];
    ok = true;
out:
    free(start);
    free(draw);
    free(value);
    return ok;
}

static void cpu_name(char *out, size_t size)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "r");

    (void)snprintf(out, size, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');

        if (!colon || (strncmp(line, "model name", 10) != 0 && strncmp(line, "Model", 5) != 0))
            continue;
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(out, size, "%s", colon + 2);
        break;
    }
    if (file)
        (void)fclose(file);
}

static double load_now(void)
{
    FILE *file = fopen("/proc/loadavg", "r");
    double load = -1;
    char text[64] = "";

    if (file) {
        if (fgets(text, sizeof text, file))
            load = strtod(text, NULL);
        (void)fclose(file);
    }
    return load;
}

void bench_print(const struct bench *b, const struct bench_figure *f)
{
    double lo = 0, hi = 0, sum = 0, per = 0, *sorted, median, value;
    size_t clusters;
    char cpu[256];
    bool bounded;
    json_t *line;

    if (!f->n) {
        fprintf(stderr, "bench: %s: nothing to measure\n", f->name);
        return;
    }
    sorted = calloc(f->n, sizeof *sorted);
    if (!sorted)
        return;
    for (size_t i = 0; i < f->n; i++) {
        sorted[i] = f->per ? f->sample[i] / f->per[i] : f->sample[i];
        sum += f->sample[i];
        per += f->per ? f->per[i] : 0;
    }
    bounded = interval(f, &lo, &hi, &clusters);
    median = median_of(sorted, f->n);
    value = f->per ? sum / per : median;
    cpu_name(cpu, sizeof cpu);
    line = json_pack("{s:s, s:f, s:s, s:i, s:i, s:o, s:o, s:f, s:o, s:f, s:s, s:b, s:s, s:s, s:s, s:s, s:f}", "name", f->name, "value", value, "unit",
                     f->unit, "n", (int)f->n, "clusters", (int)clusters, "lo", bounded ? json_real(lo) : json_null(), "hi",
                     bounded ? json_real(hi) : json_null(), "median", median, "p99",
                     f->n >= BENCH_P99_LEAST && !f->per ? json_real(sorted[(size_t)(.99 * (double)(f->n - 1) + .5)]) : json_null(), "max", sorted[f->n - 1],
                     "kind", f->kind ? f->kind : "measured", "simulated", f->simulated, "commit", b->commit, "model", b->model, "cpu", cpu, "compiler",
                     __VERSION__, "load", load_now());
    if (line && f->note)
        json_object_set_new(line, "note", json_string(f->note));
    if (line) {
        (void)json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
        (void)putchar('\n');
        (void)fflush(stdout);
    }
    json_decref(line);
    free(sorted);
}

void bench_fail(struct bench *b, const char *name, const struct trundle_error *err)
{
    char text[1024];

    fprintf(stderr, "bench: %s: %s\n", name, error_text(err, text, sizeof text));
    b->failed = true;
}
