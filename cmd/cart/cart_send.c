/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle cart send, trundle cart status */
#include "base/std/time.h"
#include "cart/capture/policy.h"
#include "cart/runtime/uplink.h"
#include "cmd/cart/cart.h"
#include "cmd/front.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct course { int64_t most; };

static void show(void *user, const struct outbox_state *s, const char *doing)
{
    struct course *c = user;
    int64_t left = s->record_bytes + s->clip_bytes;

    (void)doing;
    if (left > c->most)
        c->most = left;
    option_progress("send", (size_t)(c->most - left), (size_t)(c->most ? c->most : 1));
}

int cart_send_main(int argc, char **argv)
{
    const char *state = NULL;
    double rate = 0;
    bool patient = false;
    const struct option_row rows[] = {
        { "state", "DIR", OPTION_TEXT, &state, "state folder (default $TRUNDLE_STATE)" },
        { "rate", "BIT/S", OPTION_NUMBER, &rate, "at most so fast (default: no limit; trundle run keeps to its share of the store's line)" },
        { "patient", NULL, OPTION_FLAG, &patient, "go on trying when the hub does not answer" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    struct uplink_config config = { .rate_bps = -1, .orders_s = -1, .stop = front_stop(), .progress = show };
    struct course course = { 0 };
    struct uplink_counts counts = { 0 };
    struct trundle_error err;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle cart send [OPTION...]", "Sends what waits in the outbox. Ctrl-C stops it; what the hub has is not sent again.", rows, &first, &code))
        return code;
    if (argc != first || !(rate >= 0 && rate <= 1e12) || (rate > 0 && rate < 1000)) {
        fputs("trundle cart send: takes no operand, and a rate of 1000 bit/s or more\n", stderr);
        return EXIT_USAGE;
    }
    if (rate > 0)
        config.rate_bps = (int64_t)rate;
    config.user = &course;
    status = cart_state(state, &config.dir, &err);
    if (status == TRUNDLE_OK)
        status = uplink_drain(&config, !patient, &counts, &err);
    if (status == TRUNDLE_OK || status == TRUNDLE_AGAIN || counts.requests)
        printf("%s: %llu records taken, %llu known before, %llu clips, %llu bytes of clips, %llu refused; %llu requests, %llu failed\n",
               status == TRUNDLE_OK ? "all sent" : "not all sent", (unsigned long long)counts.records, (unsigned long long)counts.repeated, (unsigned long long)counts.clips,
               (unsigned long long)counts.bytes, (unsigned long long)counts.refused, (unsigned long long)counts.requests, (unsigned long long)counts.failures);
    if (status == TRUNDLE_AGAIN)
        return EXIT_ENVIRONMENT;
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("cart send", &err);
}

static enum trundle_status read_policy(const char *dir, struct capture_policy *out, bool *out_own, struct trundle_error *err)
{
    struct bytes file = { 0 };
    enum trundle_status status;
    char path[CART_PATH + 32];

    (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, dir);
    policy_default(out);
    status = file_read(path, 1 << 20, &file, err);
    *out_own = status == TRUNDLE_OK;
    if (status == TRUNDLE_OK)
        status = policy_parse(file.data, file.n, path, out, err);
    bytes_done(&file);
    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;
}

static void print_text(const struct identity *id, const struct outbox_state *s, const struct capture_policy *policy, bool own)
{
    if (identity_joined(id))
        printf("cart '%s', store '%s', hub %s%s%s\n", id->cart, id->store, id->hub, id->pin[0] ? ", pinned " : "", id->pin);
    else
        puts("not joined to a hub: trundle cart join HUB --code CODE");
    printf("public key %s\n", id->public_key[0] ? id->public_key : "none yet");
    printf("clips %s\n", id->seal_key[0] ? "are sealed to the hub's key" : "are not kept: there is no hub to seal them to");
    printf("policy %s: %zu triggers, %lld bytes a day, %lld bit/s of the store's line\n", own ? "of the hub" : "built in", policy->triggers_n, (long long)policy->bytes_per_day,
           (long long)policy_share_bps(policy));
    printf("waiting: %lld records (%lld bytes", (long long)s->records, (long long)s->record_bytes);
    if (s->records)
        printf(", the oldest %.0f s old", ns_s(clock_wall_ns() - s->oldest_ns));
    printf("), %lld clips (%lld bytes), of them %lld under way\n", (long long)s->clips, (long long)s->clip_bytes, (long long)s->clips_announced);
    printf("so far: start %lld, %lld records and %lld clips sent, %lld clips (%lld bytes) dropped for the budget, %lld clips lost, %lld records refused by the hub\n",
           (long long)s->boot, (long long)s->sent_records, (long long)s->sent_clips, (long long)s->dropped_clips, (long long)s->dropped_bytes, (long long)s->lost_clips,
           (long long)s->refused_records);
}

static void print_json(const struct identity *id, const struct outbox_state *s, const struct capture_policy *policy)
{
    json_t *root = json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "joined", (int)identity_joined(id), "cart", id->cart, "store", id->store, "hub",
                             id->hub, "pin", id->pin, "public_key", id->public_key, "seals", (int)(id->seal_key[0] != 0), "triggers", (int)policy->triggers_n, "bytes_per_day",
                             (json_int_t)policy->bytes_per_day, "share_bps", (json_int_t)policy_share_bps(policy), "boot", (json_int_t)s->boot, "records", (json_int_t)s->records,
                             "record_bytes", (json_int_t)s->record_bytes, "clips", (json_int_t)s->clips, "clip_bytes", (json_int_t)s->clip_bytes, "sent_records",
                             (json_int_t)s->sent_records, "sent_clips", (json_int_t)s->sent_clips, "dropped_clips", (json_int_t)s->dropped_clips, "lost_clips",
                             (json_int_t)s->lost_clips, "refused_records", (json_int_t)s->refused_records);
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

    if (text)
        puts(text);
    free(text);
    json_decref(root);
}

int cart_status_main(int argc, char **argv)
{
    const char *state = NULL, *dir = NULL;
    bool json = false, own = false;
    const struct option_row rows[] = {
        { "state", "DIR", OPTION_TEXT, &state, "state folder (default $TRUNDLE_STATE)" },
        { "json", NULL, OPTION_FLAG, &json, "a JSON object" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };
    struct capture_policy *policy = malloc(sizeof *policy);
    struct outbox_state s = { .boot = 0 };
    struct identity id = { .cart = "" };
    struct outbox *box = NULL;
    struct trundle_error err;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle cart status [OPTION...]", "Who this cart is to its hub, and what waits to be sent.", rows, &first, &code)) {
        free(policy);
        return code;
    }
    status = policy ? cart_state(state, &dir, &err) : error_set(&err, TRUNDLE_NO_MEMORY, "status", NULL, "no memory");
    if (status == TRUNDLE_OK)
        status = identity_load(dir, &id, &err);
    if (status == TRUNDLE_NOT_FOUND)
        status = TRUNDLE_OK;
    if (status == TRUNDLE_OK)
        status = read_policy(dir, policy, &own, &err);
    if (status == TRUNDLE_OK) {
        status = outbox_open(dir, OUTBOX_READ, &box, &err);
        if (status == TRUNDLE_OK)
            status = outbox_state(box, &s, &err);
        if (status == TRUNDLE_NOT_FOUND)
            status = TRUNDLE_OK;
    }
    if (status == TRUNDLE_OK && json)
        print_json(&id, &s, policy);
    else if (status == TRUNDLE_OK)
        print_text(&id, &s, policy, own);
    outbox_close(box);
    identity_done(&id);
    free(policy);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("cart status", &err);
}
