/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A report as a table for people, as JSON, and as rows of bench/quality.csv. */
#include "base/std/status.h"
#include "lab/judge/inner.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const mode_names[JUDGE_MODES] = { "unaided", "aided" };

static void cell(const struct judge_value *v, bool has, char *out, size_t size)
{
    if (!has)
        (void)snprintf(out, size, "-");
    else if (!isfinite(v->value))
        (void)snprintf(out, size, "- (n %" PRIu64 ")", v->n);
    else if (!isfinite(v->lo))
        (void)snprintf(out, size, "%.4g (n %" PRIu64 ")", v->value, v->n);
    else
        (void)snprintf(out, size, "%.4g [%.4g, %.4g] (n %" PRIu64 ")", v->value, v->lo, v->hi, v->n);
}

static enum trundle_status table(const struct judge_values *values, bool all, struct bytes *out)
{
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
        char left[96], right[96];

        if (!all && !values->key[JUDGE_UNAIDED][k].n && !values->key[JUDGE_AIDED][k].n)
            continue;              /* what a slice holds nothing of */
        cell(&values->key[JUDGE_UNAIDED][k], values->has[JUDGE_UNAIDED], left, sizeof left);
        cell(&values->key[JUDGE_AIDED][k], values->has[JUDGE_AIDED], right, sizeof right);
        TRY(bytes_print(out, "  %-24s %-40s %s\n", judge_key_rows[k].name, left, right));
    }
    return TRUNDLE_OK;
}

/* What errors cost at the prices of the store, as a shopkeeper counts. */
static enum trundle_status money(const struct judge_values *values, struct bytes *out)
{
    static const struct { enum judge_key key; const char *text; } rows[] = { { JUDGE_undercharge_cents, "not charged" }, { JUDGE_overcharge_cents, "charged too much" } };

    for (int mode = 0; mode < JUDGE_MODES; mode++)
        for (size_t i = 0; i < COUNT_OF(rows) && values->has[mode]; i++) {
            const struct judge_value *v = &values->key[mode][rows[i].key];

            if (isfinite(v->lo))
                TRY(bytes_print(out, "  %s, %s: %.2f a trip, %.0f [%.0f, %.0f] in 1,000 trips (currency units, as the catalog prices)\n", mode_names[mode], rows[i].text,
                                v->value / 100, v->value * 10, v->lo * 10, v->hi * 10));
        }
    return TRUNDLE_OK;
}

enum trundle_status judge_report_text(const struct judge_report *report, struct bytes *out)
{
    TRY(bytes_print(out, "%zu trips of %zu stores%s%s, first seed %" PRId64 "; 95 %% intervals over %s\n", report->trips, report->stores,
                    *report->suite ? ", suite " : "", report->suite, report->seed0, report->by_store ? "stores" : "trips (one store)"));
    if (report->senses[0])
        TRY(bytes_print(out, "senses: %s; no camera was there\n", report->senses));
    if (report->failed)
        TRY(bytes_print(out, "%zu more trips could not be scored\n", report->failed));
    TRY(bytes_print(out, "\n  %-24s %-40s %s\n", "", "unaided", "aided"));
    TRY(table(&report->all, true, out));
    TRY(money(&report->all, out));
    for (size_t i = 0; i < report->slices_n; i++) {
        TRY(bytes_print(out, "\nslice %s\n", report->slice[i].name));
        TRY(table(&report->slice[i].values, false, out));
    }
    return TRUNDLE_OK;
}

static enum trundle_status number(struct bytes *out, double x)
{
    return isfinite(x) ? bytes_print(out, "%.9g", x) : bytes_print(out, "null");
}

static enum trundle_status mode_json(const struct judge_values *values, enum judge_mode mode, bool all, struct bytes *out)
{
    const char *comma = "";

    TRY(bytes_print(out, "\"%s\":", mode_names[mode]));
    if (!values->has[mode])
        return bytes_print(out, "null");
    TRY(bytes_print(out, "{"));
    for (size_t k = 0; k < JUDGE_KEY_COUNT; k++) {
        const struct judge_value *v = &values->key[mode][k];

        if (!all && !v->n)
            continue;
        TRY(bytes_print(out, "%s\"%s\":{\"value\":", comma, judge_key_rows[k].name));
        TRY(number(out, v->value));
        TRY(bytes_print(out, ",\"lo\":"));
        TRY(number(out, v->lo));
        TRY(bytes_print(out, ",\"hi\":"));
        TRY(number(out, v->hi));
        TRY(bytes_print(out, ",\"n\":%" PRIu64 "}", v->n));
        comma = ",";
    }
    return bytes_print(out, "}");
}

static enum trundle_status values_json(const struct judge_values *values, bool all, struct bytes *out)
{
    TRY(mode_json(values, JUDGE_UNAIDED, all, out));
    TRY(bytes_print(out, ","));
    return mode_json(values, JUDGE_AIDED, all, out);
}

enum trundle_status judge_print_text(const char *text, struct bytes *out)
{
    TRY(bytes_print(out, "\""));
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            TRY(bytes_print(out, "\\u%04x", c));
        else
            TRY(bytes_print(out, "%c", c));
    }
    return bytes_print(out, "\"");
}

enum trundle_status judge_report_json(const struct judge_report *report, struct bytes *out)
{
    TRY(bytes_print(out, "{\"suite\":"));
    TRY(judge_print_text(report->suite, out));
    TRY(bytes_print(out, ",\"seed0\":%" PRId64 ",\"n\":%zu,\"senses\":", report->seed0, report->trips));
    TRY(judge_print_text(report->senses[0] ? report->senses : "all", out));
    TRY(bytes_print(out, ","));
    TRY(values_json(&report->all, true, out));
    TRY(bytes_print(out, ",\"slices\":{"));
    for (size_t i = 0; i < report->slices_n; i++) {
        TRY(bytes_print(out, i ? "," : ""));
        TRY(judge_print_text(report->slice[i].name, out));
        TRY(bytes_print(out, ":{"));
        TRY(values_json(&report->slice[i].values, false, out));
        TRY(bytes_print(out, "}"));
    }
    return bytes_print(out, "}}\n");
}

/* A CSV field: quoted when it must be. */
static enum trundle_status field(const char *text, char end, struct bytes *out)
{
    if (!strpbrk(text, ",\"\r\n"))
        return bytes_print(out, "%s%c", text, end);
    TRY(bytes_print(out, "\""));
    for (; *text; text++)
        TRY(bytes_print(out, *text == '"' ? "\"\"" : "%c", *text));
    return bytes_print(out, "\"%c", end);
}

static enum trundle_status rows(const struct judge_report *report, const char *slice, const struct judge_values *values, const char *date, const char *commit,
                                const char *command, struct bytes *out)
{
    for (int mode = 0; mode < JUDGE_MODES; mode++)
        for (size_t k = 0; values->has[mode] && k < JUDGE_KEY_COUNT; k++) {
            const struct judge_value *v = &values->key[mode][k];

            if (!isfinite(v->value))
                continue;
            TRY(bytes_print(out, "%s,%s,", date, commit));
            TRY(field(report->suite, ',', out));
            TRY(bytes_print(out, "%" PRId64 ",%zu,%s,", report->seed0, report->trips, mode_names[mode]));
            TRY(field(slice, ',', out));
            TRY(bytes_print(out, "%s,%.6g,", judge_key_rows[k].name, v->value));
            if (isfinite(v->lo))
                TRY(bytes_print(out, "%.6g,%.6g,", v->lo, v->hi));
            else
                TRY(bytes_print(out, ",,"));
            TRY(field(command, '\n', out));
        }
    return TRUNDLE_OK;
}

enum trundle_status judge_report_quality(const struct judge_report *report, const char *date, const char *commit, const char *command, struct bytes *out)
{
    TRY(rows(report, "all", &report->all, date, commit, command, out));
    for (size_t i = 0; i < report->slices_n; i++)
        TRY(rows(report, report->slice[i].name, &report->slice[i].values, date, commit, command, out));
    return TRUNDLE_OK;
}
