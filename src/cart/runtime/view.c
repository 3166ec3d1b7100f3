/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cart/runtime/view.h"

#include "base/std/hash.h"
#include "base/std/time.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOUND_MAX = 12, PICKER_MAX = 60, TOGETHER_MS = 1500, DONE_SHOWN_MS = 8000 };

void view_init(struct view *v, const struct session *session)
{
    memset(v, 0, sizeof *v);
    v->session = session;
    v->battery_pct = -1;
}

static void happened(struct view *v, const char *kind, const struct trundle_decision *d, bool together)
{
    bool goes_on = together && !strcmp(v->kind, kind) && d->t_ns - v->t_ns <= MS_NS(TOGETHER_MS) && v->lines_n < VIEW_TOGETHER;

    (void)snprintf(v->kind, sizeof v->kind, "%s", kind);
    if (!goes_on)
        v->lines_n = 0;
    v->lines[v->lines_n++] = d->line;
    v->t_ns = d->t_ns;
    v->is_removed = false;
}

void view_decision(struct view *v, const struct trundle_decision *d)
{
    const char *promotion = d->savings_cents > v->savings_cents ? "promotion_gained" : d->savings_cents < v->savings_cents ? "promotion_lost" : NULL;

    switch (d->kind) {
    case TRUNDLE_DECIDE_ADD:
        happened(v, d->weight_mg ? "weighed" : "added", d, !d->weight_mg);
        break;
    case TRUNDLE_DECIDE_CHANGE:
        happened(v, "changed", d, false);
        break;
    case TRUNDLE_DECIDE_REMOVE:
        happened(v, "removed", d, false);
        v->is_removed = true;
        v->removed = (struct basket_line){ .id = d->line, .item = { .product = d->product, .count = d->count, .weight_mg = d->weight_mg },
                                           .gross_cents = d->line_cents };
        promotion = NULL;
        break;
    case TRUNDLE_DECIDE_ASK:
    case TRUNDLE_DECIDE_RESCAN:
        happened(v, "asking", d, false);
        break;
    case TRUNDLE_DECIDE_PRICE:
        happened(v, "price_changed", d, false);
        break;
    case TRUNDLE_DECIDE_WEIGHING:
        if (d->count) {
            v->weighing = d->product;
            v->weigh_start_g = session_live(v->session, 0)->weigh.mass_g;
            v->weighed_line = 0;
        } else {
            v->weighing = (struct trundle_product){ 0 };
        }
        break;
    default:
        break;
    }
    if (d->weight_mg && (d->kind == TRUNDLE_DECIDE_ADD || d->kind == TRUNDLE_DECIDE_CHANGE)) {
        v->weighed_line = d->line;
        v->weighed_ns = d->t_ns;
    }
    if (promotion && d->line && (d->kind == TRUNDLE_DECIDE_ADD || d->kind == TRUNDLE_DECIDE_CHANGE))
        (void)snprintf(v->kind, sizeof v->kind, "%s", promotion);
    v->savings_cents = d->savings_cents;
}

void view_touch(struct view *v, const struct trundle_touch *t)
{
    if (t->kind == TRUNDLE_TOUCH_HELP)
        v->help = true;
    if (t->kind == TRUNDLE_TOUCH_STAFF)
        v->help = false;
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

/* "/picture/plu-4011". */
static json_t *picture_of(struct trundle_product p)
{
    char path[TRUNDLE_PRODUCT_TEXT + 16] = "/picture/";
    char *colon;

    if (!p.key)
        return json_null();
    (void)trundle_product_text(p, path + 9);
    colon = strchr(path, ':');
    if (colon)
        *colon = '-';
    return json_string(path);
}

static const char *name_of(const struct view *v, struct trundle_product p)
{
    const struct catalog_product *row = catalog_find(session_catalog(v->session), p);

    return row ? row->name : "";
}

static json_t *promo_of(const struct view *v, const struct basket_line *line)
{
    if (!line->saving_cents || line->promotion < 0)
        return json_null();
    return json_pack("{s:s, s:I}", "name", catalog_promotion_at(session_catalog(v->session), (size_t)line->promotion)->name, "cents",
                     (json_int_t)-line->saving_cents);
}

static json_t *why_of(const struct basket_line *line)
{
    const struct trundle_decision *d = &line->why;
    bool camera = false;
    char moment[32];

    for (uint8_t i = 0; i < d->evidence_n; i++)
        camera = camera || d->evidence[i].sense == TRUNDLE_SENSE_SEE;
    (void)snprintf(moment, sizeof moment, "/moment/%u", line->id);
    return json_pack("{s:o, s:o, s:b, s:b, s:s}", "weight_g", isfinite(d->mass_g) ? json_real((double)d->mass_g) : json_null(), "weight_sd_g",
                     isfinite(d->mass_sd_g) ? json_real((double)d->mass_sd_g) : json_null(), "code", d->code_sequence != 0, "camera", (int)camera,
                     "moment", moment);
}

static bool is_sure(const struct view *v, const struct basket_line *line)
{
    const struct trundle_decision *q = brain_question(session_brain(v->session));

    return !(q && q->line == line->id);
}

static json_t *line_of(const struct view *v, const struct basket_line *line)
{
    char key[TRUNDLE_PRODUCT_TEXT];

    return json_pack("{s:I, s:s, s:s, s:o, s:i, s:I, s:I, s:s, s:I, s:n, s:o, s:b, s:f, s:o}", "id", (json_int_t)line->id, "product",
                     trundle_product_text(line->item.product, key), "name", name_of(v, line->item.product), "picture", picture_of(line->item.product),
                     "count", (int)line->item.count, "weight_g", (json_int_t)(line->item.weight_mg / 1000), "unit_price_cents",
                     (json_int_t)line->unit_cents, "unit", line->by_weight ? "kg" : "each", "price_cents",
                     (json_int_t)(line->gross_cents - line->saving_cents), "was_cents", "promo", promo_of(v, line), "sure", (int)is_sure(v, line),
                     "p", (double)line->why.p, "why", why_of(line));
}

static json_t *last_of(const struct view *v)
{
    const struct basket *b = brain_basket(session_brain(v->session));
    const struct basket_line *line = v->is_removed ? &v->removed : NULL;
    json_t *ids = json_array();

    if (!v->kind[0]) {
        json_decref(ids);
        return json_null();
    }
    for (uint32_t i = 0; i < v->lines_n; i++)
        json_array_append_new(ids, json_integer(v->lines[i]));
    for (size_t i = 0; !line && v->lines_n && i < b->n; i++)
        if (b->line[i].id == v->lines[v->lines_n - 1])
            line = &b->line[i];
    return json_pack("{s:s, s:I, s:i, s:o, s:f, s:s, s:o, s:I, s:o}", "kind", v->kind, "line", (json_int_t)(v->lines_n ? v->lines[v->lines_n - 1] : 0),
                     "n", (int)v->lines_n, "lines", ids, "t_s", ns_s(v->t_ns), "name", line ? name_of(v, line->item.product) : "", "picture",
                     line ? picture_of(line->item.product) : json_null(), "price_cents",
                     (json_int_t)(line ? line->gross_cents - line->saving_cents : 0), "promo", line ? promo_of(v, line) : json_null());
}

static json_t *question_of(const struct view *v)
{
    const struct trundle_decision *q = brain_question(session_brain(v->session));
    json_t *options;
    char key[TRUNDLE_PRODUCT_TEXT];

    if (!q)
        return json_null();
    options = json_array();
    for (uint8_t i = 0; q->kind == TRUNDLE_DECIDE_ASK && i < q->options_n; i++)
        json_array_append_new(options, json_pack("{s:s, s:s, s:o}", "product", trundle_product_text(q->options[i].product, key), "name",
                                                 name_of(v, q->options[i].product), "picture", picture_of(q->options[i].product)));
    return json_pack("{s:I, s:s, s:o, s:o}", "id", (json_int_t)q->question, "kind", q->kind == TRUNDLE_DECIDE_ASK ? "which" : "rescan", "line",
                     q->line ? json_integer(q->line) : json_null(), "options", options);
}

struct weighing { const char *state; struct trundle_product product; int64_t weight_g, unit_cents, cents; bool steady; };

static struct weighing weighing_of(const struct view *v)
{
    const struct session *s = v->session;
    const struct basket *b = brain_basket(session_brain(s));
    const struct weigh_live *live = &session_live(s, 0)->weigh;
    struct weighing w = { .state = NULL, .steady = live->steady };

    if (v->weighing.key) {
        double grams = live->mass_g - v->weigh_start_g;

        w.product = v->weighing;
        w.state = grams > 20 ? "hold" : "place";
        w.weight_g = grams > 20 ? basket_weight_mg(b, grams) / 1000 : 0;
        if (catalog_price(session_catalog(s), w.product, session_start_wall_ns(s) + session_now_ns(s), b->member, &w.unit_cents) != TRUNDLE_OK)
            w.unit_cents = 0;
        w.cents = basket_price_by_weight(w.unit_cents, w.weight_g * 1000);
    } else if (v->weighed_line && session_now_ns(s) - v->weighed_ns < MS_NS(DONE_SHOWN_MS)) {
        for (size_t i = 0; i < b->n; i++) {
            if (b->line[i].id != v->weighed_line)
                continue;
            w = (struct weighing){ "done", b->line[i].item.product, b->line[i].item.weight_mg / 1000, b->line[i].unit_cents,
                                   b->line[i].gross_cents - b->line[i].saving_cents, true };
        }
    }
    return w;
}

static json_t *weigh_of(const struct view *v)
{
    struct weighing w = weighing_of(v);
    char key[TRUNDLE_PRODUCT_TEXT];

    if (!w.state)
        return json_null();
    return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:b}", "state", w.state, "product", trundle_product_text(w.product, key), "name",
                     name_of(v, w.product), "picture", picture_of(w.product), "weight_g", (json_int_t)w.weight_g, "unit_price_cents",
                     (json_int_t)w.unit_cents, "price_cents", (json_int_t)w.cents, "steady", (int)w.steady);
}

static const char *scale_of(const struct view *v)
{
    const struct weigh_live *live = &session_live(v->session, 0)->weigh;

    if (v->scale_gone || live->faults & (TRUNDLE_FAULT_CELL_DEAD | TRUNDLE_FAULT_CELL_STUCK))
        return "fault";
    if (live->overloaded || live->faults & TRUNDLE_FAULT_CELL_SATURATED)
        return "overloaded";
    return v->weighing.key && !live->steady ? "unsteady" : "ok";
}

static bool camera_dark(const struct view *v, int i)
{
    return v->camera_gone[i] || session_live(v->session, 1 + i)->faults & (TRUNDLE_FAULT_CAMERA_DARK | TRUNDLE_FAULT_CAMERA_MOVED);
}

static json_t *health_of(const struct view *v)
{
    const struct cart_file *cart = session_cart(v->session);
    json_t *cameras = json_array();

    for (uint8_t i = 0; i < cart->cameras_n; i++)
        if (cart->camera[i].role == CART_CAMERA_BASKET)
            json_array_append_new(cameras, json_string(camera_dark(v, i) ? "dark" : "ok"));
    return json_pack("{s:s, s:o, s:s, s:s, s:o}", "scanner", v->scanner_silent ? "silent" : "ok", "cameras", cameras, "scale", scale_of(v),
                     "network", v->network_none ? "none" : "ok", "battery_pct", v->battery_pct < 0 ? json_null() : json_integer(v->battery_pct));
}

enum trundle_status view_print(struct view *v, struct bytes *out)
{
    static const char *const phases[] = { "shopping", "paying", "paid", "staff" };
    const struct session *s = v->session;
    const struct basket *b = brain_basket(session_brain(s));
    enum trundle_phase phase = brain_phase(session_brain(s));
    struct basket_totals t = basket_totals(b);
    json_t *lines = json_array(), *root;
    enum trundle_status status;
    char *text;

    for (size_t i = 0; i < b->n; i++)
        json_array_append_new(lines, line_of(v, &b->line[i]));
    root = json_pack("{s:i, s:I, s:f, s:s, s:s, s:i, s:I, s:I, s:I, s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "v", 1, "seq", (json_int_t)++v->seq,
                     "t_s", ns_s(session_now_ns(s)), "phase", phases[phase], "currency", catalog_currency(session_catalog(s)), "digits",
                     catalog_currency_digits(session_catalog(s)), "total_cents", (json_int_t)t.total_cents, "savings_cents",
                     (json_int_t)t.savings_cents, "tax_cents", (json_int_t)t.tax_cents, "items", (int)t.items, "member", (int)b->member, "lines", lines,
                     "last", last_of(v), "question", question_of(v), "weigh", weigh_of(v), "health", health_of(v), "pay",
                     phase == TRUNDLE_PHASE_PAYING ? json_pack("{s:o, s:I}", "token", text_or_null(v->token), "total_cents", (json_int_t)t.total_cents) : json_null(),
                     "help", (int)v->help);
    text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    out->n = 0;
    status = text ? bytes_append(out, text, strlen(text)) : TRUNDLE_NO_MEMORY;
    free(text);
    json_decref(root);
    return status;
}

uint64_t view_digest(const struct view *v)
{
    struct weighing w = weighing_of(v);
    const char *scale = scale_of(v);
    uint64_t h = hash64(scale, strlen(scale), 0);
    int64_t values[4] = { w.weight_g, w.steady, v->help, v->battery_pct };

    h = hash64(values, sizeof values, h);
    if (w.state)
        h = hash64(w.state, strlen(w.state), h);
    for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        h = hash64(camera_dark(v, i) ? "1" : "0", 1, h);
    return hash64(v->scanner_silent ? "s" : "-", 1, h);
}

/* Whether `hay` has `needle`, letters of ASCII in either case. */
static bool has(const char *hay, const char *needle)
{
    size_t n = strlen(needle);

    for (; *hay; hay++) {
        size_t i = 0;

        while (i < n && hay[i] && tolower((unsigned char)hay[i]) == tolower((unsigned char)needle[i]))
            i++;
        if (i == n)
            return true;
    }
    return n == 0;
}

enum trundle_status view_find(const struct session *session, const char *query, struct bytes *out)
{
    const struct catalog *c = session_catalog(session);
    json_t *items = json_array(), *root;
    enum trundle_status status;
    char *text;

    for (size_t i = 0; i < catalog_n(c) && json_array_size(items) < (*query ? FOUND_MAX : PICKER_MAX); i++) {
        const struct catalog_product *p = catalog_at(c, i);
        char key[TRUNDLE_PRODUCT_TEXT];
        int64_t cents = 0;

        (void)trundle_product_text(p->key, key);
        if (*query ? !has(p->name, query) && !has(key, query) : !p->by_weight)
            continue;
        if (catalog_price(c, p->key, session_start_wall_ns(session), false, &cents) != TRUNDLE_OK)
            cents = 0;
        json_array_append_new(items, json_pack("{s:s, s:s, s:o, s:I, s:s}", "product", key, "name", p->name, "picture", picture_of(p->key),
                                               "unit_price_cents", (json_int_t)cents, "unit", p->by_weight ? "kg" : "each"));
    }
    root = json_pack("{s:o}", "items", items);
    text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    status = text ? bytes_append(out, text, strlen(text)) : TRUNDLE_NO_MEMORY;
    free(text);
    json_decref(root);
    return status;
}
