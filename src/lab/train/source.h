/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * train/source - numbered samples with labels, for whatever needs a few thousand of them in a fixed order: calibration, fine-tuning, judging.
 *
 *     struct source_pictures p = { .seed = 2, .px = 48, .mean = { .5F, .5F, .5F }, .sd = { .25F, .25F, .25F } };
 *     struct source s = source_generated(&p, 10000);
 *     TRY(s.fill(s.user, 0, 64, x, label, err));            // samples 0..63 into x [64, 48, 48, 3]
 *
 * A source is a function and what it needs, borrowed; filling the same numbers gives the same samples. Threads: as its maker says; source_generated: any.
 */
#pragma once

#include "base/std/status.h"

#include <stdbool.h>
#include <stdint.h>

struct source {
    /* Samples first .. first + count - 1 (modulo n) into x, dense, and their labels (NULL: not wanted). */
    enum trundle_status (*fill)(void *user, uint64_t first, int count, float *x, int32_t *label, struct trundle_error *err);
    void    *user;
    uint64_t n;
    int32_t  classes;              /* 0: unlabelled */
};

/* Generated pictures (pictures.h), (v / 255 - mean) / sd. */
struct source_pictures { uint64_t seed, n; int px; float mean[3], sd[3]; };
struct source source_generated(struct source_pictures *p, uint64_t n);

struct source_set;
struct data_set;
struct augment_config;
/* A part of a data set (data.h; a number of enum data_part), as samples of h x w: in its order without anything random, or shuffled each epoch and augmented. The set and
 * the config are borrowed; mixing is left out. Threads: one at a time. NULL: no memory. */
struct source_set *source_set_new(const struct data_set *set, int part, const struct augment_config *config, uint64_t seed, int h, int w, bool augmented);
void source_set_free(struct source_set *s);            /* takes NULL */
struct source source_of_set(struct source_set *s);
