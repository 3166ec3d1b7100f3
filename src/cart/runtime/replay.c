/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/runtime/replay.h"

#include "base/std/time.h"
#include "cart/runtime/trip_world.h"
#include "cart/runtime/truth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct run {
    const struct replay_config *config;
    struct replay_summary *summary;
    struct session *session;
    const struct trip_world *world;
    struct truth_view truth;
    int64_t start_mono_ns;
    struct { int64_t t_event_ns, shown_mono_ns; } shown[REPLAY_LATENCIES];
    int shown_n;
};

static void on_begun(void *user, const struct trip_head *head)
{
    struct run *r = user;

    if (!r->config->keeper)
        return;
    keeper_patient(r->config->keeper, true);          /* what is driven again after a kill goes as fast as it can */
    r->summary->kept = keeper_trip_begin(r->config->keeper, head, r->world->cart_json.data, r->world->cart_json.n, &r->summary->kept_error);
}

static void on_kept(void *user, const struct trundle_message *m)
{
    struct run *r = user;

    if (r->config->keeper)
        keeper_message(r->config->keeper, m);
}

static void on_output(void *user, const struct trundle_message *m, bool again)
{
    struct run *r = user;

    if (r->config->keeper)
        keeper_decided(r->config->keeper, m);
    if (r->config->face)
        face_output(r->config->face, m);
    if (m->channel != TRUNDLE_DECISION)
        return;
    if (m->decision.kind == TRUNDLE_DECIDE_ADD && !again && r->shown_n < REPLAY_LATENCIES) {
        r->shown[r->shown_n].t_event_ns = m->decision.t_event_ns;
        r->shown[r->shown_n++].shown_mono_ns = clock_mono_ns();
    }
    if (r->config->decision)
        r->config->decision(r->config->user, m, again);
}

static void on_consumed(void *user, const struct trundle_message *m)
{
    struct run *r = user;

    if (m->channel == TRUNDLE_TRUTH)
        truth_view_add(&r->truth, m->truth.bytes, m->truth.bytes_n);
    if (r->config->face)
        face_consumed(r->config->face, m);
}

static bool stopped(const struct run *r)
{
    return r->config->stop && *r->config->stop;
}

/* The clock of the trip is that of the wall from here on, at natural speed; else the keeper must not trust it, and may wait. */
static void set_clock(struct run *r, int64_t start_mono_ns)
{
    bool natural = fabs(r->config->speed - 1) < 1e-9;

    r->start_mono_ns = start_mono_ns;
    if (r->config->keeper) {
        keeper_clock(r->config->keeper, natural ? start_mono_ns : 0);
        keeper_patient(r->config->keeper, !natural);
    }
}

/* Touches of the screen up to the moment t of the trip; at natural speed this is also where the time passes. */
static enum trundle_status pass_time(struct run *r, int64_t t_ns, struct trundle_error *err)
{
    const struct replay_config *c = r->config;

    for (;;) {
        enum trundle_status status;
        struct trundle_message touch;
        int64_t now = clock_mono_ns();
        int64_t due = c->speed > 0 ? r->start_mono_ns + (int64_t)((double)t_ns / c->speed) : now;
        int64_t left = due - now;

        if (c->inbox && inbox_take(c->inbox, &touch, left < 0 ? 0 : left < 10 * NS_PER_MS ? left : 10 * NS_PER_MS)) {
            touch.sensed_ns = touch.log_ns = c->speed > 0 ? (int64_t)((double)(clock_mono_ns() - r->start_mono_ns) * c->speed) : t_ns;
            if (touch.log_ns > t_ns)
                touch.sensed_ns = touch.log_ns = t_ns;
            status = session_push(r->session, &touch, err);
            if (status != TRUNDLE_OK && status != TRUNDLE_BAD_INPUT)     /* a finger's nonsense is counted */
                return status;
            continue;
        }
        if (left <= 0 || stopped(r))
            return TRUNDLE_OK;
        TRY(session_drain(r->session, 0, err));
        if (!c->inbox)
            clock_sleep_until_ns(left < 10 * NS_PER_MS ? due : now + 10 * NS_PER_MS);
    }
}

static bool wanted(const struct run *r, const struct trundle_message *m)
{
    return (m->channel != TRUNDLE_EVIDENCE || r->config->recorded) && m->channel != TRUNDLE_BELIEF && m->channel != TRUNDLE_DECISION;
}

static enum trundle_status drive(struct run *r, struct trip_reader *trip, struct trundle_error *err)
{
    uint64_t skip = session_inputs(r->session);
    enum trundle_status status;
    struct trundle_message m;

    set_clock(r, clock_mono_ns());
    while (!stopped(r) && (status = trip_next(trip, &m, err)) == TRUNDLE_OK) {
        if (!wanted(r, &m))
            continue;
        if (skip) {
            if (--skip == 0 && r->config->speed > 0)
                set_clock(r, clock_mono_ns() - (int64_t)((double)m.log_ns / r->config->speed));
            continue;
        }
        if (r->config->speed > 0 && m.log_ns < r->config->from_ns)
            set_clock(r, clock_mono_ns() - (int64_t)((double)m.log_ns / r->config->speed));
        else if (r->config->speed > 0 || r->config->inbox)
            TRY(pass_time(r, m.log_ns, err));
        TRY(session_push(r->session, &m, err));
        if (r->config->speed > 0)
            TRY(session_drain(r->session, 0, err));
        r->summary->trip_s = ns_s(m.log_ns);
    }
    r->summary->stopped = stopped(r);
    if (!stopped(r) && status != TRUNDLE_END)
        return status;
    return session_settle(r->session, err);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void compare(struct run *r)
{
    struct replay_summary *s = r->summary;
    const struct basket *b = brain_basket(session_brain(r->session));
    bool natural = fabs(r->config->speed - 1) < 1e-9 && r->config->from_ns <= 0;      /* at any other speed a latency means nothing */

    s->total_cents = basket_totals(b).total_cents;
    s->has_truth = r->truth.has_basket;
    if (s->has_truth) {
        truth_view_compare(&r->truth, b, &s->right, &s->wrong_or_missing, &s->phantom);
        s->true_items = (int)r->truth.items_n;
        s->true_total_cents = truth_view_total(&r->truth, b, session_now_ns(r->session));
    }
    for (int i = 0; natural && i < r->shown_n && s->latencies_n < REPLAY_LATENCIES; i++) {
        int64_t settle_ns;

        if (!truth_view_settle(&r->truth, r->shown[i].t_event_ns, &settle_ns))
            continue;
        s->latency_s[s->latencies_n++] =
            ns_s(r->shown[i].shown_mono_ns - r->start_mono_ns - settle_ns);
    }
    qsort(s->latency_s, (size_t)s->latencies_n, sizeof s->latency_s[0], by_size);
}

static enum trundle_status shop(struct run *r, struct trip_reader *trip, const struct trip_world *world, struct trundle_error *err)
{
    const struct replay_config *c = r->config;
    struct session_config config = { .head = *trip_head(trip), .threads = c->threads, .record = c->record, .recorded_evidence = c->recorded, .user = r,
                                     .begun = on_begun, .kept = on_kept, .output = on_output, .consumed = on_consumed };
    int64_t wall = clock_mono_ns(), cpu = clock_cpu_ns();
    enum trundle_status status;

    r->world = world;
    trip_world_setup(world, &config.setup);
    TRY(session_open(&config, &r->session, err));
    if (c->face)
        face_begin(c->face, r->session, world->dir);
    status = drive(r, trip, err);
    r->summary->wall_s = ns_s(clock_mono_ns() - wall);
    r->summary->cpu_s = ns_s(clock_cpu_ns() - cpu);
    if (status == TRUNDLE_OK) {
        compare(r);
        r->summary->counts = session_counts(r->session);
        status = basket_receipt_text(brain_basket(session_brain(r->session)), &r->summary->receipt_text);
        if (status == TRUNDLE_OK)
            status = basket_receipt_json(brain_basket(session_brain(r->session)), &r->summary->receipt_json);
        if (status != TRUNDLE_OK)
            (void)error_set(err, status, "receipt", NULL, "no memory");
    }
    if (c->face)
        face_end(c->face);
    if (status == TRUNDLE_OK && !r->summary->stopped && c->keeper && r->summary->kept == TRUNDLE_OK) {
        struct keeper_trip_end end = { .ended_ns = trip_head(trip)->start_wall_ns + session_now_ns(r->session), .basket = brain_basket(session_brain(r->session)),
                                       .paid = brain_phase(session_brain(r->session)) == TRUNDLE_PHASE_PAID };

        r->summary->kept = keeper_trip_end(c->keeper, &end, &r->summary->kept_error);      /* before the trip has its end: a kill in between brings it again */
    }
    if (status == TRUNDLE_OK && !r->summary->stopped) {
        status = session_finish(r->session, err);
        r->session = NULL;
    }
    session_abandon(r->session);
    return status;
}

enum trundle_status replay_trip(const char *path, const struct replay_config *config, struct replay_summary *out, struct trundle_error *err)
{
    struct trip_reader *trip = NULL;
    struct trip_world world = { .catalog = NULL };
    struct run *r = calloc(1, sizeof *r);
    enum trundle_status status;

    if (!r)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");
    memset(out, 0, sizeof *out);
    r->config = config;
    r->summary = out;
    TRY_GOTO(status, trip_open(path, &trip, err), out);
    TRY_GOTO(status, trip_world_load(path, trip, &(struct trip_world_options){ .catalog_dir = config->catalog_dir }, &world, err), out);
    status = shop(r, trip, &world, err);
out:
    trip_world_done(&world);
    trip_free(trip);
    free(r);
    if (status != TRUNDLE_OK)
        replay_summary_done(out);
    return status;
}

void replay_summary_done(struct replay_summary *s)
{
    bytes_done(&s->receipt_text);
    bytes_done(&s->receipt_json);
}
