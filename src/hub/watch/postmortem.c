/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* An incident in Markdown, for people who were not there: what, when, whom, figures, time line, and the commands that replay it. */
#include "base/std/status.h"
#include "hub/watch/watch_inside.h"

#include <string.h>
#include <time.h>

static const char *utc(int64_t ns, char out[32])
{
    time_t s = (time_t)(ns / INT64_C(1000000000));
    struct tm t;

    if (!gmtime_r(&s, &t) || strftime(out, 32, "%Y-%m-%d %H:%M:%S", &t) == 0)
        return "?";
    return out;
}

static const char *text_of(const json_t *o, const char *key)
{
    return watch_text(json_string_value(json_object_get(o, key)));
}

static int64_t integer_of(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

/* Text in a table's cell or a paragraph: one line, and nothing in it is markup. */
static enum trundle_status plain(struct bytes *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (strchr("\\`*_{}[]<>#|!&~", c))
            TRY(bytes_append(out, "\\", 1));
        TRY(bytes_append(out, c < 0x20 ? " " : text, 1));
    }
    return TRUNDLE_OK;
}

static enum trundle_status head(struct bytes *out, const json_t *i, int64_t now_ns)
{
    char t[3][32];
    int64_t closed = integer_of(i, "closed_ns");
    double minutes = (double)((closed ? closed : now_ns) - integer_of(i, "opened_ns")) / 6e10;

    TRY(bytes_print(out, "# Incident %lld: ", (long long)integer_of(i, "id")));
    TRY(plain(out, text_of(i, "title")));
    TRY(bytes_print(out, "\n\n- opened %s UTC\n- ", utc(integer_of(i, "opened_ns"), t[0])));
    TRY(bytes_print(out, closed ? "closed %s UTC" : "open as of %s UTC", utc(closed ? closed : now_ns, t[1])));
    TRY(bytes_print(out, minutes < 120 ? ", after %.0f minutes" : minutes < 2880 ? ", after %.1f hours" : ", after %.1f days",
                    minutes < 120 ? minutes : minutes < 2880 ? minutes / 60 : minutes / 1440));
    return bytes_print(out, "\n- cart: %s\n- store: %s\n- alerts: %lld, of which %lld open\n\n", *text_of(i, "cart") ? text_of(i, "cart") : "all",
                       *text_of(i, "store") ? text_of(i, "store") : "all", (long long)json_array_size(json_object_get(i, "alerts")), (long long)integer_of(i, "open"));
}

static enum trundle_status alerts(struct bytes *out, const json_t *list)
{
    size_t k;
    json_t *a;
    char t[2][32];

    TRY(bytes_print(out, "## Alerts\n\n| alert | what | state | opened (UTC) | closed (UTC) | times |\n|---|---|---|---|---|---|\n"));
    json_array_foreach(list, k, a) {
        TRY(bytes_print(out, "| %lld | ", (long long)integer_of(a, "id")));
        TRY(plain(out, text_of(a, "text")));
        TRY(bytes_print(out, " | %s | %s | %s | %lld |\n", text_of(a, "state"), utc(integer_of(a, "opened_ns"), t[0]),
                        integer_of(a, "closed_ns") ? utc(integer_of(a, "closed_ns"), t[1]) : "", (long long)integer_of(a, "count")));
    }
    TRY(bytes_print(out, "\n"));
    json_array_foreach(list, k, a) {
        const json_t *d = json_object_get(a, "detail");

        if (strcmp(text_of(a, "kind"), "drift") != 0 || !json_is_object(d))
            continue;
        TRY(bytes_print(out, "Alert %lld: ", (long long)integer_of(a, "id")));
        TRY(plain(out, text_of(d, "stream")));
        TRY(bytes_print(out, " was %.4g over %lld trips and is %.4g over %lld; CUSUM of sequential ranks %.2f up and %.2f down, limit %.2f: %g false alarms a week at %g trips a week.\n\n",
                        json_number_value(json_object_get(d, "before")), (long long)integer_of(d, "before_n"), json_number_value(json_object_get(d, "now")),
                        (long long)integer_of(d, "now_n"), json_number_value(json_object_get(d, "up")), json_number_value(json_object_get(d, "down")),
                        json_number_value(json_object_get(d, "limit")), json_number_value(json_object_get(d, "false_alarms_week")), json_number_value(json_object_get(d, "trips_week"))));
    }
    return TRUNDLE_OK;
}

static enum trundle_status line(struct bytes *out, const json_t *list)
{
    size_t k;
    json_t *e;
    char t[32];

    TRY(bytes_print(out, "## Time line (UTC)\n\n| when | what | cart | who | |\n|---|---|---|---|---|\n"));
    json_array_foreach(list, k, e) {
        TRY(bytes_print(out, "| %s | %s | %s | ", utc(integer_of(e, "t_ns"), t), text_of(e, "kind"), text_of(e, "cart")));
        TRY(plain(out, text_of(e, "who")));
        TRY(bytes_print(out, " | "));
        TRY(plain(out, text_of(e, "text")));
        TRY(bytes_print(out, "%s", *text_of(e, "ref") ? " (" : ""));
        TRY(plain(out, text_of(e, "ref")));
        TRY(bytes_print(out, "%s |\n", *text_of(e, "ref") ? ")" : ""));
    }
    return bytes_print(out, "\n");
}

/* Names of carts and trips are checked when they come in: they need no quoting. */
static enum trundle_status replay(struct bytes *out, const json_t *list)
{
    size_t k;
    json_t *t;

    TRY(bytes_print(out, "## Replay it\n\n"));
    if (json_array_size(list) == 0)
        return bytes_print(out, "No trip ended in this time.\n\n");
    TRY(bytes_print(out, "The trips with the lowest estimated accuracy from a day before the incident on. Fetch those that the hub holds as files, then drive the cart with\n"
                         "them: as recorded, and with the senses of this build; score those that hold their truth.\n\n```sh\nmkdir -p incident\n"));
    json_array_foreach(list, k, t) {
        const char *cart = text_of(t, "cart"), *trip = text_of(t, "trip");

        TRY(bytes_print(out, "curl -fsS -H \"Authorization: Bearer $TRUNDLE_TOKEN\" -o incident/%s_%s.mcap \"$TRUNDLE_HUB/api/v1/trips/%s/%s/file\"\n", cart, trip, cart, trip));
        TRY(bytes_print(out, "trundle run incident/%s_%s.mcap --recorded --json\ntrundle run incident/%s_%s.mcap --json\n", cart, trip, cart, trip));
    }
    return bytes_print(out, "trundle eval incident --recorded\ntrundle eval incident\n```\n\n");
}

enum trundle_status watch_postmortem(const struct watch *w, struct db *db, int64_t incident, int64_t now_ns, struct bytes *out, struct trundle_error *err)
{
    json_t *i = NULL;
    size_t before = out->n;
    enum trundle_status status;

    TRY(watch_incident_json(w, db, incident, &i, err));
    status = head(out, i, now_ns);
    if (status == TRUNDLE_OK)
        status = alerts(out, json_object_get(i, "alerts"));
    if (status == TRUNDLE_OK)
        status = line(out, json_object_get(i, "line"));
    if (status == TRUNDLE_OK)
        status = replay(out, json_object_get(i, "trips"));
    if (status == TRUNDLE_OK)
        status = bytes_print(out, "## What we learnt\n\nCause, what helped, what we change, who does it until when:\n");
    json_decref(i);
    if (status != TRUNDLE_OK) {
        out->n = before;
        return error_set(err, status, "watch", NULL, "no memory for the postmortem");
    }
    return TRUNDLE_OK;
}
