/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * How many bytes of records a cart may bring: a bucket of a day's worth that fills evenly over a day. A cart that is broken, or is somebody else's, fills no disk; one that was away for long
 * brings what it kept, and what does not fit now stays in its outbox until there is room. Full again when the hub starts.
 */
#include "hub/server/inside.h"

static const struct server_route ingest_route = { .method = "POST", .path = "/api/v1/ingest", .id = "ingest" };        /* for the access log */

static struct limit_rule rule_of(const struct server *s)
{
    double day = (double)(s->config.cart_day_bytes ? s->config.cart_day_bytes : QUOTA_DAY_BYTES);

    return (struct limit_rule){ day, day / 86400 };
}

enum trundle_status quota_take(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct limit_rule rule = rule_of(ask->server);
    int wait_s = limit_take_some(&ask->server->quotas, "records", ask->caller->name, rule, (double)ask->http->body_n, ask->now_ns);

    if (!wait_s)
        return TRUNDLE_OK;
    reply->status = 429;
    reply->retry_s = wait_s;
    (void)error_set(err, TRUNDLE_FULL, ask->caller->name, "keep them and come again; the hub's operator sets the limit (trundle hub --records-mib)",
                    "would bring more than the %.0f bytes of records that one cart may bring in a day; wait %d s", rule.burst, wait_s);
    log_refusal(ask->server, &ingest_route, ask->caller, err->what);
    return TRUNDLE_FULL;
}

void quota_give(struct ask *ask, double share)
{
    if (share > 0)
        limit_give_some(&ask->server->quotas, "records", ask->caller->name, rule_of(ask->server), share * (double)ask->http->body_n, ask->now_ns);
}
