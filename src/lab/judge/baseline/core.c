/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The face of every baseline: its numbers, its senses, messages in and out, the list of lines. */
#include "lab/judge/baseline/inner.h"

#include "base/catalog/catalog.h"
#include "base/std/json.h"
#include "base/std/list.h"
#include "base/std/status.h"
#include "base/std/time.h"
#include "cart/scan/gs1.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* models/baselines.json, embedded. */
extern const unsigned char embed_baselines_json[];
extern const size_t embed_baselines_json_n;

static const struct baseline_kind *const kinds[JUDGE_BASELINES] = { &baseline_scan_only, &baseline_weight_only, &baseline_shelf_rule, &baseline_vision_only,
                                                                    &baseline_frame_by_frame };

static const struct baseline_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < JUDGE_BASELINES; i++)
        if (!strcmp(kinds[i]->name, name))
            return kinds[i];
    return NULL;
}

const char *judge_baseline_name(size_t i)
{
    return kinds[i]->name;
}

const struct judge_baseline_field *judge_baseline_fields(const char *name, size_t *out_n)
{
    const struct baseline_kind *kind = find_kind(name);

    if (!kind)
        return NULL;
    *out_n = kind->fields_n;
    return kind->field;
}

/* `text` holds one system's object; with n 0 the built-in file, which holds all. */
static enum trundle_status read_numbers(const struct baseline_kind *kind, struct trundle_text text, double *out, struct trundle_error *err)
{
    bool built_in = !text.n;
    const char *where = built_in ? "models/baselines.json" : "the baseline's numbers";
    const void *bytes = built_in ? (const void *)embed_baselines_json : text.bytes;
    json_t *root = NULL;
    struct json_at at;
    enum trundle_status status;

    TRY(json_parse(bytes, built_in ? embed_baselines_json_n : text.n, where, &root, err));
    at = json_at_root(root, where);
    status = built_in ? json_take_object(&at, kind->name, &at, err) : TRUNDLE_OK;
    for (size_t i = 0; i < kind->fields_n && status == TRUNDLE_OK; i++)
        status = json_take_number(&at, kind->field[i].name, kind->field[i].least, kind->field[i].most, &out[i], err);
    json_decref(root);
    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_BAD_INPUT : status;
}

enum trundle_status judge_baseline_print(const char *name, const double *value, struct bytes *out)
{
    const struct baseline_kind *kind = find_kind(name);

    if (!kind)
        return TRUNDLE_NOT_FOUND;
    for (size_t i = 0; i < kind->fields_n; i++)
        TRY(bytes_print(out, "%s\"%s\": %.6g", i ? ", " : "{", kind->field[i].name, value[i]));
    return bytes_print(out, "}");
}

static enum trundle_status open_senses(struct baseline *b, struct trundle_error *err)
{
    struct weigh_config weigh = WEIGH_CONFIG_DEFAULT;
    struct see_config see = SEE_CONFIG_DEFAULT;

    weigh.max_g = b->cart.scale.max_g;
    weigh.floor_m[0] = b->cart.basket.size_m[0];
    weigh.floor_m[1] = b->cart.basket.size_m[1];
    if (b->kind->weigh)
        TRY(weigh_init(&b->weigh, &b->cart.cells, &weigh, err));
    for (uint8_t i = 0; b->kind->see && i < b->cart.cameras_n; i++)
        if (b->cart.camera[i].role == CART_CAMERA_BASKET)
            TRY(see_new(&b->cart.camera[i], &b->cart.basket, b->gallery, &see, &b->see[i], err));
    return TRUNDLE_OK;
}

static void close_baseline(void *cart)
{
    struct baseline *b = cart;

    if (!b)
        return;
    if (b->own && b->kind->close)
        b->kind->close(b);
    for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        see_free(b->see[i]);
    see_gallery_free(b->gallery);
    catalog_free(b->catalog);
    free(b->out);
    free(b->own);
    free(b);
}

static enum trundle_status open_kind(const struct baseline_kind *kind, const struct trundle_setup *setup, void **out, struct trundle_error *err)
{
    struct baseline *b = calloc(1, sizeof *b);
    enum trundle_status status;

    if (!b)
        return error_set(err, TRUNDLE_NO_MEMORY, kind->name, NULL, "no memory");
    b->kind = kind;
    b->wall_ns = setup->start_wall_ns;
    b->next_decision = b->next_evidence = 1;
    TRY_GOTO(status, read_numbers(kind, setup->fuse_json, b->p, err), out);
    TRY_GOTO(status, cart_file_parse(setup->cart_json.bytes, setup->cart_json.n, "cart.json", &b->cart, err), out);
    TRY_GOTO(status, catalog_from_json(setup->catalog_json.bytes, setup->catalog_json.n, "catalog.json", &b->catalog, err), out);
    if (setup->gallery.n)
        TRY_GOTO(status, see_gallery_parse(setup->gallery.bytes, setup->gallery.n, "gallery", &b->gallery, err), out);
    TRY_GOTO(status, open_senses(b, err), out);
    b->own = calloc(1, kind->own_bytes ? kind->own_bytes : 1);
    if (!b->own)
        status = error_set(err, TRUNDLE_NO_MEMORY, kind->name, NULL, "no memory");
    else if (kind->open)
        status = kind->open(b, err);
out:
    if (status != TRUNDLE_OK)
        close_baseline(b);
    else
        *out = b;
    return status;
}

static struct trundle_message *next_out(struct baseline *b)
{
    if (!list_grow((void **)&b->out, sizeof *b->out, b->out_n, &b->out_room)) {
        b->failed = true;
        return NULL;
    }
    b->out[b->out_n] = (struct trundle_message){ .log_ns = b->now_ns, .sensed_ns = b->now_ns };
    return &b->out[b->out_n++];
}

void baseline_say(struct baseline *b, struct trundle_evidence *e)
{
    struct trundle_message *m = next_out(b);

    e->id = b->next_evidence++;
    if (m) {
        m->channel = TRUNDLE_EVIDENCE;
        m->sensor = e->sensor;
        m->evidence = *e;
    }
}

static void decide(struct baseline *b, enum trundle_decision_kind kind, const struct baseline_line *line, enum trundle_event_kind event, int64_t t_ns)
{
    struct trundle_message *m = next_out(b);
    int64_t cents = 0;

    if (!m)
        return;
    if (catalog_price(b->catalog, line->product, b->wall_ns, false, &cents) == TRUNDLE_OK && line->weight_g > 0)
        cents = (int64_t)llround((double)cents * line->weight_g * 1e-3);
    m->channel = TRUNDLE_DECISION;
    m->decision = (struct trundle_decision){ .id = b->next_decision++, .kind = kind, .t_ns = b->now_ns, .t_event_ns = t_ns, .event = line->event,
                                             .line = line->id, .event_kind = event, .product = line->product, .count = kind == TRUNDLE_DECIDE_REMOVE ? 0 : 1,
                                             .weight_mg = (int64_t)llround(line->weight_g * 1e3), .line_cents = cents, .p = 1,
                                             .mass_g = (float)line->mass_g, .mass_sd_g = NAN };
}

struct baseline_line *baseline_add(struct baseline *b, struct trundle_product product, int64_t t_ns, double mass_g, double weight_g, bool coded)
{
    struct baseline_line *line;
    double e_g = b->cart.scale.e_g;

    if (b->lines_n == BASELINE_LINES)
        return NULL;
    line = &b->line[b->lines_n++];
    *line = (struct baseline_line){ .id = (uint32_t)b->lines_n, .event = (uint32_t)b->lines_n, .product = product, .t_ns = t_ns, .mass_g = mass_g,
                                    .inside = true, .coded = coded };
    if (weight_g > 0)
        line->weight_g = fmax(e_g, e_g * round(weight_g / e_g));
    decide(b, TRUNDLE_DECIDE_ADD, line, TRUNDLE_EVENT_PUT, t_ns);
    return line;
}

void baseline_change(struct baseline *b, const struct baseline_line *line)
{
    decide(b, TRUNDLE_DECIDE_CHANGE, line, TRUNDLE_EVENT_PUT, line->t_ns);
}

void baseline_remove(struct baseline *b, struct baseline_line *line, int64_t t_ns)
{
    line->inside = false;
    decide(b, TRUNDLE_DECIDE_REMOVE, line, TRUNDLE_EVENT_TAKE, t_ns);
}

int64_t baseline_step_ns(const struct trundle_evidence *e)
{
    if (e->t1_ns - e->t0_ns < MS_NS(800))
        return e->t0_ns + (e->mass_g > 0 ? MS_NS(100) : MS_NS(300));
    return e->t0_ns + (e->t1_ns - e->t0_ns) / 2;
}

bool baseline_mass(const struct baseline *b, struct trundle_product product, double *out_mean_g, double *out_sd_g)
{
    const struct catalog_product *c = catalog_find(b->catalog, product);

    if (!c || c->by_weight || !isfinite(c->mass_g))
        return false;
    *out_mean_g = c->mass_g;
    *out_sd_g = isfinite(c->mass_sd_g) && c->mass_sd_g > 0 ? c->mass_sd_g : 0.03 * c->mass_g;
    return true;
}

void baseline_note_code(struct baseline *b, struct trundle_product product, bool picked)
{
    b->code[b->codes_n++ % BASELINE_CODES] = (struct baseline_code){ .product = product, .t_ns = b->sensed_ns, .picked = picked };
}

struct baseline_code *baseline_recent_code(struct baseline *b, int64_t from_ns, int64_t until_ns, const struct baseline_code *after)
{
    size_t least = b->codes_n > BASELINE_CODES ? b->codes_n - BASELINE_CODES : 0;
    bool found = !after;

    for (size_t i = b->codes_n; i-- > least;) {
        struct baseline_code *c = &b->code[i % BASELINE_CODES];

        if (!found)
            found = c == after;
        else if (!c->used && c->t_ns >= from_ns && c->t_ns <= until_ns)
            return c;
    }
    return NULL;
}

static void take_code(struct baseline *b, const struct trundle_code *code)
{
    struct scan_item item;
    const struct catalog_product *c;

    if (!b->kind->code || scan_parse(code, b->catalog, &item, NULL) != TRUNDLE_OK)
        return;
    c = catalog_find(b->catalog, item.product);
    if (c && c->by_weight && !isfinite(item.weight_g) && b->kind->pick)
        b->kind->pick(b, item.product);
    else if (c)
        for (int32_t i = 0; i < item.count && i < 99; i++)
            b->kind->code(b, item.product, c->by_weight ? item.weight_g : (double)NAN);
}

static void take_touch(struct baseline *b, const struct trundle_touch *t)
{
    const struct catalog_product *c = catalog_find(b->catalog, t->product);

    if (t->kind != TRUNDLE_TOUCH_PLU || !c)
        return;
    if (c->by_weight && b->kind->pick)
        b->kind->pick(b, t->product);
    else if (!c->by_weight && b->kind->code)
        b->kind->code(b, t->product, (double)NAN);
}

static void run_senses(struct baseline *b, const struct trundle_message *m)
{
    struct trundle_evidence e;

    if (b->kind->weigh && (m->channel == TRUNDLE_CELL || m->channel == TRUNDLE_IMU)) {
        weigh_push(&b->weigh, m);
        while (weigh_poll(&b->weigh, &e) == TRUNDLE_OK) {
            baseline_say(b, &e);
            b->kind->evidence(b, &e);
        }
    }
    if (m->channel == TRUNDLE_CAM && m->sensor < TRUNDLE_CAMERAS_MAX && b->see[m->sensor]) {
        see_push(b->see[m->sensor], m);
        while (see_poll(b->see[m->sensor], &e) == TRUNDLE_OK) {
            baseline_say(b, &e);
            b->kind->evidence(b, &e);
        }
    }
    if (b->kind->sample)
        b->kind->sample(b, m);
}

static enum trundle_status push_any(void *cart, const struct trundle_message *m, struct trundle_error *err)
{
    struct baseline *b = cart;

    b->now_ns = m->log_ns;
    b->sensed_ns = m->sensed_ns;
    switch (m->channel) {
    case TRUNDLE_CODE:
        take_code(b, &m->code);
        break;
    case TRUNDLE_TOUCH:
        take_touch(b, &m->touch);
        break;
    case TRUNDLE_LOC:
        (void)snprintf(b->zone, sizeof b->zone, "%s", m->loc.zone);
        break;
    case TRUNDLE_EVIDENCE:
        b->kind->evidence(b, &m->evidence);
        break;
    default:
        run_senses(b, m);
        break;
    }
    if (m->channel == TRUNDLE_TICK && b->kind->tick)
        b->kind->tick(b);
    return b->failed ? error_set(err, TRUNDLE_NO_MEMORY, b->kind->name, NULL, "no memory for a message") : TRUNDLE_OK;
}

static enum trundle_status poll_any(void *cart, struct trundle_message *out)
{
    struct baseline *b = cart;

    if (b->out_at == b->out_n) {
        b->out_at = b->out_n = 0;
        return TRUNDLE_AGAIN;
    }
    *out = b->out[b->out_at++];
    return TRUNDLE_OK;
}

#define OPS(kind)                                                                                                          \
    static enum trundle_status open_##kind(const struct trundle_setup *setup, void **out, struct trundle_error *err)       \
    {                                                                                                                      \
        return open_kind(&baseline_##kind, setup, out, err);                                                               \
    }                                                                                                                      \
    static const struct judge_cart_ops ops_##kind = { open_##kind, push_any, poll_any, close_baseline }

OPS(scan_only);
OPS(weight_only);
OPS(shelf_rule);
OPS(vision_only);
OPS(frame_by_frame);
#undef OPS

const struct judge_cart_ops *judge_baseline(const char *name)
{
    static const struct judge_cart_ops *const ops[JUDGE_BASELINES] = { &ops_scan_only, &ops_weight_only, &ops_shelf_rule, &ops_vision_only, &ops_frame_by_frame };

    for (size_t i = 0; i < JUDGE_BASELINES; i++)
        if (!strcmp(kinds[i]->name, name))
            return ops[i];
    return NULL;
}
