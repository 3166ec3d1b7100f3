/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * watch/drift - has a stream of numbers moved away from its own past? A test that needs no distribution and keeps its false alarms.
 *
 *     double limit = drift_limit(trips_between_false_alarms);
 *     double score = drift_score(less, equal, n, drift_chance(key));     // ranks among the n past numbers of the stream
 *     drift_push(&d, score, limit);
 *     if (drift_high(&d, limit)) ...
 *
 * Method. The rank of a number among those before it is uniform and independent of all earlier ranks, whatever the distribution, as long as
 * nothing changes (sequential ranks; Barndorff-Nielsen 1963; McDonald, Naval Research Logistics 37, 1990). Its normal score goes into a two-sided
 * CUSUM with k = 1/2 (Page, Biometrika 41, 1954), that is tuned to shifts of one standard deviation. Ties are broken at random (by a hash, so
 * that a replay gives the same). The limit for a mean time between false alarms is Siegmund's (Sequential Analysis, 1985, eq. 2.57:
 * (e^{2kb} - 2kb - 1) / 2k^2 with b = h + 1.166, and half of it for two sides).
 * The past is the last DRIFT_PAST numbers of the same part of the day: a store's light and its shoppers go by the clock.
 *
 * Pure values; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DRIFT_PAST = 500, DRIFT_PAST_LEAST = 10, DRIFT_PARTS = 4 };
#define DRIFT_SLACK 0.5

struct drift { double up, down; };         /* both >= 0; zeroed is a fresh one */

/* Which quarter of the (UTC) day, 0..3. */
int drift_part(int64_t unix_ns);
/* Uniform in (0, 1), from the text that names the number. */
double drift_chance(const char *text);
/* Normal score of a number with `less` of n past numbers below it and `equal` like it. n < DRIFT_PAST_LEAST: 0, nothing is known yet. */
double drift_score(size_t less, size_t equal, size_t n, double chance);
/* Both sums stop at twice the limit, so that what is over is soon seen to be over. */
void drift_push(struct drift *d, double score, double limit);
/* The limit whose mean time between false alarms is `run` numbers (10..1e9). */
double drift_limit(double run);
bool drift_high(const struct drift *d, double limit);      /* over the limit: an alert opens */
bool drift_low(const struct drift *d, double limit);       /* under a quarter of it: the alert closes */
/* Inverse of the standard normal distribution, p in (0, 1) (Acklam's rational form, one Halley step). */
double drift_normal(double p);
