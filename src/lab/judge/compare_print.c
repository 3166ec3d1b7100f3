/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A comparison as a table for people and as JSON. */
#include "lab/judge/compare.h"

#include "lab/judge/inner.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const mode_names[JUDGE_MODES] = { "unaided", "aided" };

static enum trundle_status row(const char *scope, size_t key, const struct judge_compared *c, struct bytes *out)
{
    char difference[64] = "-", needed[32] = "", a[24] = "-", b[24] = "-";

    if (isfinite(c->difference)) {
        (void)snprintf(a, sizeof a, "%.4g", c->a);
        (void)snprintf(b, sizeof b, "%.4g", c->b);
    }
    if (isfinite(c->lo))
        (void)snprintf(difference, sizeof difference, "%+.4g [%+.4g, %+.4g]", c->difference, c->lo, c->hi);
    else if (isfinite(c->difference))
        (void)snprintf(difference, sizeof difference, "%+.4g", c->difference);
    if (c->verdict == JUDGE_NOT_ENOUGH && isfinite(c->trips_needed))
        (void)snprintf(needed, sizeof needed, ", %.3g trips would do", c->trips_needed);
    TRY(bytes_print(out, "  %-28s %-22s %10s %10s  %-32s", scope, judge_key_rows[key].name, a, b, difference));
    if (isfinite(c->p_adjusted))
        TRY(bytes_print(out, " p %.3g", c->p_adjusted));
    return bytes_print(out, "  %s%s\n", judge_verdict_text[c->verdict], needed);
}

enum trundle_status judge_comparison_text(const struct judge_comparison *c, struct bytes *out)
{
    size_t of[4] = { 0 };

    TRY(bytes_print(out, "A: %s on suite %s; B: %s on suite %s; %zu trips of %zu stores, paired; 95 %% intervals over %s\n", c->system[0], c->suite[0], c->system[1],
                    c->suite[1], c->trips, c->stores, c->by_store ? "stores" : "trips (one store)"));
    if (c->left_out[0] + c->left_out[1])
        TRY(bytes_print(out, "left out: %zu trips only in A, %zu only in B\n", c->left_out[0], c->left_out[1]));
    for (int mode = 0; mode < JUDGE_MODES; mode++) {
        if (!c->has[mode])
            continue;
        TRY(bytes_print(out, "\n%s\n  %-28s %-22s %10s %10s  %s\n", mode_names[mode], "", "", "A", "B", "B - A"));
        for (size_t k = 0; k < JUDGE_KEY_COUNT; k++)
            if (c->scope[0].key[mode][k].n)
                TRY(row("all", k, &c->scope[0].key[mode][k], out));
        for (size_t i = 1; i < c->scopes_n; i++)
            for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
                const struct judge_compared *x = &c->scope[i].key[mode][k];

                of[x->verdict] += x->n > 0;
                if (x->verdict == JUDGE_WIN || x->verdict == JUDGE_LOST)
                    TRY(row(c->scope[i].name, k, x, out));
            }
    }
    return bytes_print(out, "\nslices, all figures, p by Holm: %zu won, %zu lost, %zu the same, %zu without enough data (--json lists them)\n", of[JUDGE_WIN], of[JUDGE_LOST],
                       of[JUDGE_SAME], of[JUDGE_NOT_ENOUGH]);
}

static enum trundle_status number(const char *name, double x, struct bytes *out)
{
    return isfinite(x) ? bytes_print(out, "\"%s\":%.9g,", name, x) : bytes_print(out, "\"%s\":null,", name);
}

static enum trundle_status scope_json(const struct judge_comparison *c, const struct judge_comparison_scope *s, struct bytes *out)
{
    for (int mode = 0; mode < JUDGE_MODES; mode++) {
        const char *comma = "";

        TRY(bytes_print(out, "%s\"%s\":%s", mode ? "," : "", mode_names[mode], c->has[mode] ? "{" : "null"));
        for (size_t k = 0; c->has[mode] && k < JUDGE_KEY_COUNT; k++) {
            const struct judge_compared *x = &s->key[mode][k];

            if (!x->n)
                continue;
            TRY(bytes_print(out, "%s\"%s\":{", comma, judge_key_rows[k].name));
            TRY(number("a", x->a, out));
            TRY(number("b", x->b, out));
            TRY(number("difference", x->difference, out));
            TRY(number("lo", x->lo, out));
            TRY(number("hi", x->hi, out));
            TRY(number("p", x->p, out));
            TRY(number("p_adjusted", x->p_adjusted, out));
            TRY(number("margin", x->margin, out));
            TRY(number("trips_needed", x->trips_needed, out));
            TRY(bytes_print(out, "\"n\":%" PRIu64 ",\"verdict\":\"%s\"}", x->n, judge_verdict_text[x->verdict]));
            comma = ",";
        }
        TRY(bytes_print(out, c->has[mode] ? "}" : ""));
    }
    return TRUNDLE_OK;
}

enum trundle_status judge_comparison_json(const struct judge_comparison *c, struct bytes *out)
{
    TRY(bytes_print(out, "{"));
    for (int side = 0; side < 2; side++) {
        TRY(bytes_print(out, "\"%c\":{\"suite\":", side ? 'b' : 'a'));
        TRY(judge_print_text(c->suite[side], out));
        TRY(bytes_print(out, ",\"system\":"));
        TRY(judge_print_text(c->system[side], out));
        TRY(bytes_print(out, ",\"left_out\":%zu},", c->left_out[side]));
    }
    TRY(bytes_print(out, "\"n\":%zu,\"stores\":%zu,", c->trips, c->stores));
    TRY(scope_json(c, &c->scope[0], out));
    TRY(bytes_print(out, ",\"slices\":{"));
    for (size_t i = 1; i < c->scopes_n; i++) {
        TRY(bytes_print(out, i > 1 ? "," : ""));
        TRY(judge_print_text(c->scope[i].name, out));
        TRY(bytes_print(out, ":{\"trips\":%zu,", c->scope[i].trips));
        TRY(scope_json(c, &c->scope[i], out));
        TRY(bytes_print(out, "}"));
    }
    return bytes_print(out, "}}\n");
}
