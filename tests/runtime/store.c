/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/runtime/store.h"

#include "base/std/list.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cart/capture/policy.h"
#include "cart/runtime/uplink.h"
#include "tests/runtime/fake_hub.h"
#include "tests/runtime/line.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CARTS_MOST = 50 };

struct cart {
    char dir[3000];
    struct outbox *box;
    struct uplink *uplink;
    struct fake_hub *hub;
    int64_t next_ns, bytes;
    size_t puts;
};

static enum trundle_status put(struct cart *c, struct trundle_error *err)
{
    char body[300];

    (void)snprintf(body, sizeof body, "{\"trip\":\"t\",\"n\":%zu,\"put_ns\":%lld,\"text\":\"%0150d\"}", c->puts, (long long)clock_mono_ns(), 0);
    c->puts++;
    TRY(outbox_put(c->box, &(struct outbox_record){ .kind = "decision", .body = body, .t_ns = clock_wall_ns() }, NULL, err));
    uplink_wake(c->uplink);
    return TRUNDLE_OK;
}

static enum trundle_status add_clip(struct cart *c, int i, size_t n, struct rng *rng, struct trundle_error *err)
{
    struct outbox_clip clip = { .trip = "t", .trigger = "unsure", .purpose = "improve", .keep_days = 9, .t_ns = clock_wall_ns(), .worth = i };
    uint8_t *bytes = malloc(n);
    char draft[3300], key[32];
    enum trundle_status status;

    if (!bytes)
        return error_set(err, TRUNDLE_NO_MEMORY, "store", NULL, "no memory");
    for (size_t k = 0; k < n; k++)
        bytes[k] = (uint8_t)rng_u64(rng);
    outbox_clip_draft(c->box, draft, sizeof draft);
    status = file_write(draft, bytes, n, err);
    free(bytes);
    TRY(status);
    (void)snprintf(key, sizeof key, "clip:%d", i);
    return outbox_clip_add(c->box, draft, key, &clip, err);
}

/* As after joining: identity, policy, what waits. */
static enum trundle_status open_cart(struct cart *c, int i, const struct store_config *config, struct line *line, struct rng *rng, struct trundle_error *err)
{
    char name[32], path[3100], policy[100];
    struct identity id;
    enum trundle_status status;
    int64_t boot;

    (void)snprintf(c->dir, sizeof c->dir, "%s/cart-%d", config->folder, i);
    (void)snprintf(name, sizeof name, "cart-%d", i);
    TRY(identity_make(c->dir, &id, err));
    (void)snprintf(id.cart, sizeof id.cart, "%s", name);
    c->hub = fake_hub_start(config->seed + (uint64_t)i);
    fake_hub_expect(c->hub, id.public_key);
    line_cart(line, i, name, fake_hub_url(c->hub));
    status = identity_hub_set(&id, line_url(line), NULL, err);
    if (status == TRUNDLE_OK)
        status = identity_save(c->dir, &id, err);
    identity_done(&id);
    TRY(status);
    (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, c->dir);
    (void)snprintf(policy, sizeof policy, "{\"link_bps\":%lld,\"carts\":%d}", (long long)config->link_bps, config->carts);
    TRY(file_write(path, policy, strlen(policy), err));
    TRY(outbox_open(c->dir, OUTBOX_WRITE, &c->box, err));
    TRY(outbox_boot(c->box, &boot, err));
    for (int k = 0; k < config->clips; k++)
        TRY(add_clip(c, k, config->clip_bytes, rng, err));
    return TRUNDLE_OK;
}

static struct uplink_config uplink_of(const struct cart *c, bool greedy)
{
    return (struct uplink_config){ .dir = c->dir, .rate_bps = greedy ? -1 : 0, .orders_s = -1 };
}

/* Decisions come until the time is over. */
static enum trundle_status shop(struct cart *cart, const struct store_config *config, struct rng *rng, struct trundle_error *err)
{
    int64_t start = clock_mono_ns(), end = start + S_NS(config->seconds);

    for (int i = 0; i < config->carts; i++)
        cart[i].next_ns = start + S_NS(config->every_s * rng_unit(rng));
    for (;;) {
        struct cart *next = &cart[0];

        for (int i = 1; i < config->carts; i++)
            if (cart[i].next_ns < next->next_ns)
                next = &cart[i];
        clock_sleep_until_ns(next->next_ns < end ? next->next_ns : end);
        if (next->next_ns >= end)
            return TRUNDLE_OK;
        TRY(put(next, err));
        next->next_ns += S_NS(config->every_s * rng_range(rng, 0.5, 1.5));
    }
}

static void measure(struct cart *cart, const struct store_config *config, struct line *line, double seconds, struct store_result *r)
{
    double *wait = malloc(LINE_WAITS * sizeof *wait), sum = 0;
    size_t n = wait ? line_waits(line, wait, LINE_WAITS) : 0;

    r->waited = n;
    if (n) {
        qsort(wait, n, sizeof *wait, list_by_double);
        r->median_ms = wait[(n - 1) / 2];
        r->p99_ms = wait[(n * 99 + 99) / 100 - 1];
        r->longest_ms = wait[n - 1];
    }
    free(wait);
    r->least_bytes = INT64_MAX;
    for (int i = 0; i < config->carts; i++) {
        int64_t bytes = line_bytes(line, i) - cart[i].bytes;

        sum += (double)bytes;
        r->least_bytes = bytes < r->least_bytes ? bytes : r->least_bytes;
        r->most_bytes = bytes > r->most_bytes ? bytes : r->most_bytes;
        r->clips_in_time += fake_hub_clips(cart[i].hub);
        r->failures += uplink_counts(cart[i].uplink).failures;
    }
    r->link_use = 8 * sum / ((double)config->link_bps * seconds);
}

/* What is at the hub in the end, and what is not. */
static enum trundle_status settle(struct cart *c, const struct store_config *config, struct store_result *r, struct trundle_error *err)
{
    struct uplink_config uplink = uplink_of(c, true);
    struct uplink_counts counts;
    struct fake_hub_counts hub;
    struct outbox_state state;
    size_t records, clips;

    TRY(uplink_drain(&uplink, false, &counts, err));
    TRY(outbox_state(c->box, &state, err));
    hub = fake_hub_counts(c->hub);
    records = fake_hub_records(c->hub, "decision");
    clips = fake_hub_clips(c->hub);
    r->decisions += c->puts;
    r->clips += (size_t)config->clips;
    r->decisions_lost += records < c->puts ? c->puts - records : 0;
    r->clips_lost += clips < (size_t)config->clips ? (size_t)config->clips - clips : 0;
    r->wrong += records > c->puts || clips > (size_t)config->clips;
    r->wrong += hub.forged + hub.bad_signatures + hub.late_clips + counts.refused;
    r->wrong += (size_t)(state.records + state.clips + state.lost_clips + state.dropped_clips + state.refused_records);
    return TRUNDLE_OK;
}

enum trundle_status store_run(const struct store_config *config, struct store_result *out, struct trundle_error *err)
{
    struct cart *cart = calloc(CARTS_MOST, sizeof *cart);
    struct rng rng = rng_seed(config->seed, "store");
    int64_t wall = clock_mono_ns(), cpu = clock_cpu_ns(), start;
    struct line *line = line_start(config->link_bps);
    struct store_result r = { .decisions = 0 };
    struct rlimit files;
    enum trundle_status status = TRUNDLE_OK;

    if (!cart || config->carts < 1 || config->carts > CARTS_MOST) {
        status = error_set(err, TRUNDLE_BAD_ARG, "store", NULL, "1 to %d carts", CARTS_MOST);
        goto out;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {       /* a dozen files a cart */
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    for (int i = 0; i < config->carts; i++)
        TRY_GOTO(status, open_cart(&cart[i], i, config, line, &rng, err), out);
    start = clock_mono_ns();
    for (int i = 0; i < config->carts; i++) {
        struct uplink_config uplink = uplink_of(&cart[i], config->greedy);

        cart[i].bytes = line_bytes(line, i);
        TRY_GOTO(status, uplink_start(&uplink, &cart[i].uplink, err), out);
    }
    TRY_GOTO(status, shop(cart, config, &rng, err), out);
    measure(cart, config, line, ns_s(clock_mono_ns() - start), &r);
    line_rate(line, 0);
    for (int i = 0; i < config->carts; i++) {
        uplink_stop(cart[i].uplink);
        cart[i].uplink = NULL;
        TRY_GOTO(status, settle(&cart[i], config, &r, err), out);
    }
    r.wall_s = ns_s(clock_mono_ns() - wall);
    r.cpu_s = ns_s(clock_cpu_ns() - cpu);
    *out = r;
out:
    for (int i = 0; cart && i < CARTS_MOST; i++) {
        uplink_stop(cart[i].uplink);
        outbox_close(cart[i].box);
    }
    line_stop(line);
    for (int i = 0; cart && i < CARTS_MOST; i++)
        fake_hub_stop(cart[i].hub);
    free(cart);
    return status;
}
