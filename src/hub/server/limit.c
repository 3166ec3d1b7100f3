/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Token buckets by name, in a table of fixed size: when it is crowded, the bucket that is nearest to full makes room. */
#include "base/std/hash.h"
#include "base/std/time.h"
#include "hub/server/inside.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { PROBES = 8 };

static size_t slot(struct limit *l, const char *what, const char *who, struct limit_rule rule, int64_t mono_ns)
{
    uint64_t key = hash64(who, strlen(who), hash64(what, strlen(what), 0)) | 1;
    size_t best = key % LIMIT_BUCKETS;
    double best_level = -1;

    for (size_t i = 0; i < PROBES; i++) {
        size_t at = (key + i) % LIMIT_BUCKETS;
        double level = l->bucket[at].key ? fmin(rule.burst, l->bucket[at].level + rule.per_s * fmax(0, ns_s(mono_ns - l->bucket[at].t_ns))) : HUGE_VAL;

        if (l->bucket[at].key == key) {
            l->bucket[at].level = level;
            l->bucket[at].t_ns = mono_ns;
            return at;
        }
        if (level > best_level) {
            best = at;
            best_level = level;
        }
    }
    l->bucket[best].key = key;
    l->bucket[best].level = rule.burst;
    l->bucket[best].t_ns = mono_ns;
    return best;
}

int limit_take(struct limit *l, const char *what, const char *who, struct limit_rule rule, int64_t mono_ns)
{
    return limit_take_some(l, what, who, rule, 1, mono_ns);
}

int limit_take_some(struct limit *l, const char *what, const char *who, struct limit_rule rule, double n, int64_t mono_ns)
{
    size_t at;
    int wait_s = 0;

    (void)pthread_mutex_lock(&l->lock);
    at = slot(l, what, who, rule, mono_ns);
    if (l->bucket[at].level >= n)
        l->bucket[at].level -= n;
    else
        wait_s = (int)fmax(1, fmin(INT_MAX / 2, ceil((n - l->bucket[at].level) / rule.per_s)));
    (void)pthread_mutex_unlock(&l->lock);
    return wait_s;
}

void limit_give_back(struct limit *l, const char *what, const char *who, struct limit_rule rule)
{
    limit_give_some(l, what, who, rule, 1, clock_mono_ns());
}

void limit_give_some(struct limit *l, const char *what, const char *who, struct limit_rule rule, double n, int64_t mono_ns)
{
    size_t at;

    (void)pthread_mutex_lock(&l->lock);
    at = slot(l, what, who, rule, mono_ns);
    l->bucket[at].level = fmin(rule.burst, l->bucket[at].level + n);
    (void)pthread_mutex_unlock(&l->lock);
}
