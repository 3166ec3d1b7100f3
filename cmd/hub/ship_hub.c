/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle ship publish, status, advance, stop, rollback: what is said to a hub. */
#include "base/std/disk.h"
#include "cmd/hub/call.h"
#include "cmd/hub/ship.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HUB_ROWS(call, token_file) \
    { "hub", "URL", OPTION_TEXT, &(call).hub, "the hub (default $TRUNDLE_HUB)" }, \
    { "token", "TOKEN", OPTION_TEXT, &(call).token, "API token (default $TRUNDLE_TOKEN; on the command line others can see it)" }, \
    { "token-file", "FILE", OPTION_TEXT, &(token_file), "or a file that holds it" }, \
    { "pin", "sha256//...", OPTION_TEXT, &(call).pin, "the hub's key, as the hub prints it; else the system's authorities vouch for it" }

static void print_json(const json_t *json)
{
    if (json_dumpf(json, stdout, JSON_COMPACT) == 0)
        (void)putchar('\n');
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

/* A number of the gate, or "-". */
static const char *real_of(const json_t *object, const char *key, char out[32])
{
    const json_t *value = json_object_get(object, key);

    if (json_is_number(value))
        (void)snprintf(out, 32, "%.3g", json_number_value(value));
    else
        (void)snprintf(out, 32, "-");
    return out;
}

/* ---- publish ---- */

/* Parts of 1 MiB; the hub says how much it has, so a broken upload goes on. */
static enum trundle_status send_parts(const struct call *call, int fd, const char *path, const char *sha256, int64_t size, json_t **out, struct trundle_error *err)
{
    uint8_t *part = malloc(CALL_PART);
    char where[200];
    int64_t at = 0;
    enum trundle_status status = part ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory");

    while (status == TRUNDLE_OK) {
        ssize_t got = pread(fd, part, CALL_PART, (off_t)at);
        json_t *answer = NULL;
        int64_t have;

        if (got < 0) {
            status = error_set(err, TRUNDLE_IO, path, NULL, "cannot read: %s", strerror(errno));
            break;
        }
        (void)snprintf(where, sizeof where, "/api/v1/bundles/%s?offset=%lld&size=%lld", sha256, (long long)at, (long long)size);
        status = call_bytes(call, "PUT", where, part, (size_t)got, &answer, err);
        if (status != TRUNDLE_OK)
            break;
        option_progress("publish", (size_t)(at + got), (size_t)size);
        have = number_of(answer, "have");
        if (have >= size) {
            *out = answer;
            break;
        }
        json_decref(answer);
        if (have <= at || have > size)
            status = error_set(err, TRUNDLE_BAD_INPUT, call->hub, "send it again", "the hub says it has %lld of %lld bytes", (long long)have, (long long)size);
        at = have;
    }
    free(part);
    return status;
}

static enum trundle_status publish_bundle(const struct call *call, const char *path, json_t **out, struct trundle_error *err)
{
    char sha256[65];
    int64_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum trundle_status status;

    if (fd < 0)
        return error_set(err, errno == ENOENT ? TRUNDLE_NOT_FOUND : TRUNDLE_IO, path, NULL, "cannot open: %s", strerror(errno));
    status = disk_hash(path, sha256, &size, err);
    if (status == TRUNDLE_OK && size == 0)
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "trundle ship build makes one", "is empty");
    if (status == TRUNDLE_OK)
        status = send_parts(call, fd, path, sha256, size, out, err);
    (void)close(fd);
    return status;
}

static enum trundle_status publish_trust(const struct call *call, const char *path, struct trundle_error *err)
{
    struct trust *trust = NULL;
    json_t *file = NULL, *answer = NULL;
    enum trundle_status status;

    TRY(trust_read(path, &trust, err));
    status = json_parse(trust_text(trust)->data, trust_text(trust)->n, path, &file, err);
    if (status == TRUNDLE_OK)
        status = call_json(call, "PUT", "/api/v1/trust", file, &answer, err);
    trust_free(trust);
    json_decref(file);
    json_decref(answer);
    return status;
}

/* "1,25%,100%" */
static enum trundle_status stages_json(const char *list, bool by_store, json_t **out, struct trundle_error *err)
{
    char text[256];
    const char *piece[SHIP_LIST_MAX];
    json_t *stages;
    size_t n;

    if (snprintf(text, sizeof text, "%s", list) >= (int)sizeof text)
        return error_set(err, TRUNDLE_TOO_LARGE, "--stages", NULL, "is too long");
    TRY(ship_list(text, "--stages", piece, &n, err));
    stages = json_array();
    for (size_t i = 0; i < n; i++) {
        char *end;
        double x = strtod(piece[i], &end);
        bool percent = *end == '%';

        if (end == piece[i] || end[percent] || !(x > 0) || x > 1e6) {
            json_decref(stages);
            return error_set(err, TRUNDLE_BAD_ARG, "--stages", "1,25%,100%: numbers of carts (or stores), then shares", "\"%.40s\" is no stage", piece[i]);
        }
        json_array_append_new(stages, percent ? json_pack("{s:f}", "percent", x) : json_pack("{s:I}", by_store ? "stores" : "carts", (json_int_t)x));
    }
    *out = stages;
    return TRUNDLE_OK;
}

struct publish { const char *trust, *by, *stores, *stages, *name, *why; double alpha; bool rollout, start, manual, json; };

static enum trundle_status make_request(const struct publish *o, const char *sha256, json_t **out, struct trundle_error *err)
{
    json_t *request = json_pack("{s:s,s:s,s:b}", "bundle", sha256, "by", o->by, "auto", !o->manual), *list = NULL;
    char text[2048];
    const char *piece[SHIP_LIST_MAX];
    enum trundle_status status = TRUNDLE_OK;
    size_t n;

    if (o->name)
        json_object_set_new(request, "name", json_string(o->name));
    if (o->alpha > 0)
        json_object_set_new(request, "alpha", json_real(o->alpha));
    if (o->stages) {
        TRY_GOTO(status, stages_json(o->stages, !strcmp(o->by, "store"), &list, err), out);
        json_object_set_new(request, "stages", list);
    }
    if (o->stores) {
        if (snprintf(text, sizeof text, "%s", o->stores) >= (int)sizeof text) {
            status = error_set(err, TRUNDLE_TOO_LARGE, "--stores", NULL, "is too long");
            goto out;
        }
        TRY_GOTO(status, ship_list(text, "--stores", piece, &n, err), out);
        list = json_array();
        for (size_t i = 0; i < n; i++)
            json_array_append_new(list, json_string(piece[i]));
        json_object_set_new(request, "stores", list);
    }
    *out = json_incref(request);
out:
    json_decref(request);
    return status;
}

static enum trundle_status make_rollout(const struct call *call, const struct publish *o, const char *sha256, json_t **out, struct trundle_error *err)
{
    json_t *request = NULL, *answer = NULL, *why = NULL;
    char path[64];
    enum trundle_status status;

    TRY(make_request(o, sha256, &request, err));
    status = call_json(call, "POST", "/api/v1/rollouts", request, &answer, err);
    json_decref(request);
    if (status != TRUNDLE_OK || !o->start) {
        if (status == TRUNDLE_OK)
            *out = answer;
        return status;
    }
    (void)snprintf(path, sizeof path, "/api/v1/rollouts/%lld/advance", number_of(answer, "id"));
    json_decref(answer);
    why = json_pack("{s:s}", "why", o->why ? o->why : "published and started");
    status = call_json(call, "POST", path, why, out, err);
    json_decref(why);
    return status;
}

int ship_publish_main(int argc, char **argv)
{
    struct publish o = { .by = "cart" };
    struct call call = { .hub = NULL };
    const char *token_file = NULL;
    const struct option_row rows[] = { HUB_ROWS(call, token_file),
                                       { "trust", "FILE", OPTION_TEXT, &o.trust, "give the hub this keyring first" },
                                       { "rollout", NULL, OPTION_FLAG, &o.rollout, "also make a rollout (a draft)" },
                                       { "start", NULL, OPTION_FLAG, &o.start, "and start it" },
                                       { "stages", "LIST", OPTION_TEXT, &o.stages, "default 1,25%,100%" },
                                       { "by", "UNIT", OPTION_TEXT, &o.by, "cart (default) or store: what is drawn" },
                                       { "stores", "A,B", OPTION_TEXT, &o.stores, "only there" },
                                       { "alpha", "A", OPTION_NUMBER, &o.alpha, "chance to stop a bundle that is no worse (0.05)" },
                                       { "manual", NULL, OPTION_FLAG, &o.manual, "a person takes each stage; the gate still rolls back" },
                                       { "name", "NAME", OPTION_TEXT, &o.name, "of the rollout" },
                                       { "why", "TEXT", OPTION_TEXT, &o.why, "noted with the start" },
                                       { "json", NULL, OPTION_FLAG, &o.json, "what the hub answered, one object a line" },
                                       { 0 } };
    struct trundle_error err = { .status = TRUNDLE_OK };
    json_t *bundle = NULL, *rollout = NULL;
    enum trundle_status status = TRUNDLE_OK;
    char token[256];
    int first, code;

    if (!option_parse(argc, argv, "trundle ship publish BUNDLE --hub URL [--rollout] [--start]", "Gives a signed bundle to a hub, which verifies it, and makes a rollout of it.", rows, &first,
                      &code))
        return code;
    if (argc - first > 1 || (argc - first == 0 && !o.trust)) {
        fputs("trundle ship publish: needs one BUNDLE, or --trust\n", stderr);
        return EXIT_USAGE;
    }
    TRY_GOTO(status, call_settle(&call, token_file, token, &err), out);
    if (o.trust)
        TRY_GOTO(status, publish_trust(&call, o.trust, &err), out);
    if (argc - first == 1) {
        TRY_GOTO(status, publish_bundle(&call, argv[first], &bundle, &err), out);
        if (o.rollout || o.start)
            TRY_GOTO(status, make_rollout(&call, &o, text_of(bundle, "sha256"), &rollout, &err), out);
    }
    if (o.json && bundle)
        print_json(bundle);
    else if (bundle)
        printf("%s: %s, serial %lld, is at the hub\nsha256 %s\n", argv[first], text_of(bundle, "name"), number_of(bundle, "serial"), text_of(bundle, "sha256"));
    if (o.json && rollout)
        print_json(rollout);
    else if (rollout)
        printf("rollout %lld: %s\n", number_of(rollout, "id"), text_of(rollout, "state"));
out:
    sodium_memzero(token, sizeof token);
    json_decref(bundle);
    json_decref(rollout);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("ship publish", &err);
}

/* ---- status, and changes ---- */

static void print_gate(const json_t *gate)
{
    json_t *guard;
    size_t i;
    char a[32], b[32], c[32], d[32], e[32], f[32];

    printf("gate: %s: %s\n", text_of(gate, "verdict"), text_of(gate, "why"));
    printf("  %-22s %9s %9s %8s  %-20s %7s  %s\n", "guard", "old", "new", "lift", "interval", "margin", "verdict");
    json_array_foreach(json_object_get(gate, "guards"), i, guard)
    {
        char interval[80];

        (void)snprintf(interval, sizeof interval, "%s..%s", real_of(guard, "lo", d), real_of(guard, "hi", e));
        printf("  %-22s %9s %9s %8s  %-20s %7s  %s: %s\n", text_of(guard, "name"), real_of(guard, "old", a), real_of(guard, "new", b), real_of(guard, "lift", c), interval,
               real_of(guard, "margin", f), text_of(guard, "verdict"), text_of(guard, "why"));
    }
    gate = json_object_get(gate, "carts");
    printf("  carts that report: %s of %s on the new, %s of %s on the old; ratio p %s, silence p %s\n", real_of(gate, "reporting_new", a), real_of(gate, "assigned_new", b),
           real_of(gate, "reporting_old", c), real_of(gate, "assigned_old", d), real_of(gate, "ratio_p", e), real_of(gate, "silence_p", f));
}

static void print_rollout(const json_t *r)
{
    const json_t *gate = json_object_get(r, "gate");
    const char *key;
    json_t *value;
    size_t i;

    printf("rollout %lld %s: bundle %s (serial %lld), %s", number_of(r, "id"), text_of(r, "name"), text_of(json_object_get(r, "bundle"), "name"),
           number_of(json_object_get(r, "bundle"), "serial"), text_of(r, "state"));
    if (!strcmp(text_of(r, "state"), "stage"))
        printf(" %lld of %zu", number_of(r, "stage") + 1, json_array_size(json_object_get(r, "stages")));
    printf("\ncarts:");
    json_object_foreach(json_object_get(r, "counts"), key, value)
        if (json_integer_value(value))
            printf(" %lld %s", (long long)json_integer_value(value), key);
    (void)putchar('\n');
    if (json_is_object(gate))
        print_gate(gate);
    json_array_foreach(json_object_get(r, "transitions"), i, value)
        printf("%zu. %s %lld -> %s %lld by %s: %s%s\n", i + 1, text_of(value, "from"), number_of(value, "from_stage"), text_of(value, "to"), number_of(value, "to_stage"),
               text_of(value, "who"), text_of(value, "why"), json_is_true(json_object_get(value, "forced")) ? " (forced)" : "");
}

static bool is_id(const char *text)
{
    return *text && strlen(text) < 18 && strspn(text, "0123456789") == strlen(text);
}

int ship_status_main(int argc, char **argv)
{
    struct call call = { .hub = NULL };
    const char *token_file = NULL;
    bool json = false;
    const struct option_row rows[] = { HUB_ROWS(call, token_file), { "json", NULL, OPTION_FLAG, &json, "what the hub answered" }, { 0 } };
    struct trundle_error err = { .status = TRUNDLE_OK };
    json_t *answer = NULL, *row;
    enum trundle_status status;
    char token[256], path[64] = "/api/v1/rollouts";
    size_t i;
    int first, code;

    if (!option_parse(argc, argv, "trundle ship status [ID] --hub URL", "All rollouts, or one of them with its carts, the numbers at the gate and what happened.", rows, &first, &code))
        return code;
    if (argc - first > 1 || (argc - first == 1 && !is_id(argv[first]))) {
        fputs("trundle ship status: takes the number of one rollout, or none\n", stderr);
        return EXIT_USAGE;
    }
    if (argc - first == 1)
        (void)snprintf(path, sizeof path, "/api/v1/rollouts/%s", argv[first]);
    status = call_settle(&call, token_file, token, &err);
    if (status == TRUNDLE_OK)
        status = call_json(&call, "GET", path, NULL, &answer, &err);
    sodium_memzero(token, sizeof token);
    if (status != TRUNDLE_OK)
        return option_fail("ship status", &err);
    if (json)
        print_json(answer);
    else if (argc - first == 1)
        print_rollout(answer);
    else
        json_array_foreach(json_is_array(answer) ? answer : json_object_get(answer, "rows"), i, row)
            printf("%6lld  %-20s %-20s serial %-6lld %s %lld\n", number_of(row, "id"), text_of(row, "name"), text_of(json_object_get(row, "bundle"), "name"),
                   number_of(json_object_get(row, "bundle"), "serial"), text_of(row, "state"), number_of(row, "stage"));
    json_decref(answer);
    return EXIT_OK;
}

int ship_change_main(int argc, char **argv)
{
    struct call call = { .hub = NULL };
    const char *token_file = NULL, *why = NULL, *part = argv[0];
    bool json = false, force = false, advances = !strcmp(part, "advance");
    const struct option_row rows[] = { HUB_ROWS(call, token_file),
                                       { "why", "TEXT", OPTION_TEXT, &why, "noted with the change" },
                                       { "json", NULL, OPTION_FLAG, &json, "what the hub answered" },
                                       { advances ? "force" : NULL, NULL, OPTION_FLAG, &force, "go on though the gate has not enough data (never against its stop); noted" },
                                       { 0 } };
    struct trundle_error err = { .status = TRUNDLE_OK };
    json_t *answer = NULL, *body;
    enum trundle_status status;
    char token[256], path[64];
    int first, code;

    if (!option_parse(argc, argv, advances ? "trundle ship advance ID --why TEXT --hub URL" : !strcmp(part, "stop") ? "trundle ship stop ID --why TEXT --hub URL"
                      : "trundle ship rollback ID --why TEXT --hub URL", "Changes a rollout. Exit 1: the gate, or the rollout's state, says no.", rows, &first, &code))
        return code;
    if (argc - first != 1 || !is_id(argv[first]) || !why || !*why) {
        fprintf(stderr, "trundle ship %s: needs the number of a rollout, and --why\n", part);
        return EXIT_USAGE;
    }
    (void)snprintf(path, sizeof path, "/api/v1/rollouts/%s/%s", argv[first], part);
    body = json_pack("{s:s}", "why", why);
    if (force)
        json_object_set_new(body, "force", json_true());
    status = call_settle(&call, token_file, token, &err);
    if (status == TRUNDLE_OK)
        status = call_json(&call, "POST", path, body, &answer, &err);
    sodium_memzero(token, sizeof token);
    json_decref(body);
    if (status != TRUNDLE_OK) {
        code = option_fail("ship", &err);
        return status == TRUNDLE_CONFLICT ? EXIT_VERDICT : code;
    }
    if (json)
        print_json(answer);
    else
        print_rollout(answer);
    json_decref(answer);
    return EXIT_OK;
}
