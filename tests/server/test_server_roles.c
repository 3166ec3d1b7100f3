/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Every request with every role, and what the description says of it. The roles that may are written here once more, by hand: a slip in the table shows. */
#include "base/std/json.h"
#include "hub/server/route.h"
#include "tests/server/client.h"

#include <stdio.h>
#include <string.h>

/* L labeller, E engineer, O operator, A auditor, D admin, C cart, * anybody. */
static const struct { const char *method, *path, *may, *body; } expected[] = {
    { "POST", "/api/v1/session", "*", "{\"name\":\"nobody-here\",\"password\":\"wrong wrong wrong\"}" },
    { "GET", "/api/v1/session", "LEOAD", NULL },
    { "DELETE", "/api/v1/session", "LEOAD", NULL },
    { "PUT", "/api/v1/account/password", "LEOAD", "{\"password\":\"short\"}" },
    { "GET", "/api/v1/users", "AD", NULL },
    { "POST", "/api/v1/users", "D", "{\"name\":\"admin\",\"roles\":[\"admin\"]}" },
    { "PUT", "/api/v1/users/{user}", "D", "{}" },
    { "DELETE", "/api/v1/users/{user}", "D", NULL },
    { "GET", "/api/v1/tokens", "LEOAD", NULL },
    { "POST", "/api/v1/tokens", "LEOAD", "{\"name\":\"t\"}" },
    { "DELETE", "/api/v1/tokens/{token}", "LEOAD", NULL },
    { "GET", "/api/v1/access", "AD", NULL },
    { "GET", "/api/v1/access/check", "AD", NULL },
    { "GET", "/api/v1/health", "*", NULL },
    { "GET", "/api/v1/openapi.json", "*", NULL },
    { "GET", "/metrics", "EOAD", NULL },
    { "POST", "/api/v1/join", "*", "{\"code\":\"x\",\"public_key\":\"x\",\"hardware\":\"x\"}" },
    { "POST", "/api/v1/ingest", "C", "" },
    { "GET", "/api/v1/clips/{clip}", "C", NULL },
    { "PUT", "/api/v1/clips/{clip}", "C", "x" },
    { "GET", "/api/v1/orders", "C", NULL },
    { "GET", "/api/v1/invites", "OAD", NULL },
    { "POST", "/api/v1/invites", "OD", "{\"store\":\"s\"}" },
    { "DELETE", "/api/v1/invites/{invite}", "OD", NULL },
    { "DELETE", "/api/v1/carts/{cart}", "OD", NULL },
    { "GET", "/api/v1/policy", "EOAD", NULL },
    { "PUT", "/api/v1/policy", "EOD", "{\"policy\":{}}" },
    { "GET", "/api/v1/clips", "EAD", NULL },
    { "GET", "/api/v1/clips/{clip}/content", "EAD", NULL },
    { "DELETE", "/api/v1/clips/{clip}", "ED", "{\"why\":\"test\"}" },
    { "GET", "/api/v1/clips/{clip}/receipt", "EAD", NULL },
    { "GET", "/api/v1/trips/{cart}/{trip}/records", "EAD", NULL },
    { "GET", "/api/v1/datasets", "EAD", NULL },
    { "POST", "/api/v1/datasets", "ED", "{\"name\":\"x\",\"members\":[]}" },
    { "GET", "/api/v1/lineage", "EAD", NULL },
    { "POST", "/api/v1/lineage", "ED", "{\"kind\":\"model\",\"ref\":\"m\",\"parents\":[]}" },
    { "GET", "/api/v1/clips/{clip}/labels", "EAD", NULL },
    { "POST", "/api/v1/clips/{clip}/labels", "ED", "{\"task\":\"t\",\"product\":\"?\",\"t0_s\":0,\"t1_s\":1}" },
    { "GET", "/api/v1/products", "EOAD", NULL },
    { "PUT", "/api/v1/products/{product}", "EOD", "{\"body\":{}}" },
    { "GET", "/api/v1/clips/{clip}/timeline", "EAD", NULL },
    { "GET", "/api/v1/clips/{clip}/frames/{camera}/{frame}", "EAD", NULL },
    { "GET", "/api/v1/trips/{cart}/{trip}/timeline", "EAD", NULL },
    { "GET", "/api/v1/trips/{cart}/{trip}/frames/{camera}/{frame}", "EAD", NULL },
    { "GET", "/api/v1/trips/{cart}/{trip}/file", "EAD", NULL },
    { "PUT", "/api/v1/trips/{cart}/{trip}/file", "ED", "x" },
    { "DELETE", "/api/v1/trips/{cart}/{trip}/file", "ED", "{\"why\":\"test\"}" },
    { "GET", "/api/v1/trips/{cart}/{trip}/receipt", "EAD", NULL },
    { "GET", "/api/v1/bundles", "EOAD", NULL },
    { "GET", "/api/v1/bundles/{bundle}", "CEOAD", NULL },
    { "GET", "/api/v1/bundles/{bundle}/card", "EOAD", NULL },
    { "PUT", "/api/v1/bundles/{bundle}", "ED", "x" },
    { "GET", "/api/v1/trust", "CEOAD", NULL },
    { "PUT", "/api/v1/trust", "D", "{\"trust\":{},\"signatures\":[]}" },
    { "GET", "/api/v1/rollouts", "EOAD", NULL },
    { "POST", "/api/v1/rollouts", "ED", "{\"bundle\":\"x\"}" },
    { "GET", "/api/v1/rollouts/{rollout}", "EOAD", NULL },
    { "POST", "/api/v1/rollouts/{rollout}/advance", "OD", "{\"why\":\"x\"}" },
    { "POST", "/api/v1/rollouts/{rollout}/stop", "OD", "{\"why\":\"x\"}" },
    { "POST", "/api/v1/rollouts/{rollout}/rollback", "OD", "{\"why\":\"x\"}" },
    { "GET", "/api/v1/carts", "EOAD", NULL },
    { "GET", "/api/v1/trips", "EAD", NULL },
    { "GET", "/api/v1/alerts", "OAD", NULL },
    { "POST", "/api/v1/alerts/{alert}/acknowledge", "OD", "" },
    { "POST", "/api/v1/alerts/{alert}/close", "OD", "" },
    { "POST", "/api/v1/alerts/{alert}/rebase", "OD", "" },
    { "GET", "/api/v1/incidents", "OAD", NULL },
    { "GET", "/api/v1/incidents/{incident}", "OAD", NULL },
    { "POST", "/api/v1/incidents/{incident}/notes", "OD", "{\"text\":\"x\"}" },
    { "POST", "/api/v1/incidents/{incident}/close", "OD", "" },
    { "GET", "/api/v1/incidents/{incident}/postmortem", "OAD", NULL },
    { "GET", "/api/v1/drift", "EOAD", NULL },
};
static const char letter[AS_COUNT] = { [AS_NOBODY] = '-', [AS_LABELLER] = 'L', [AS_ENGINEER] = 'E', [AS_OPERATOR] = 'O', [AS_AUDITOR] = 'A', [AS_ADMIN] = 'D', [AS_CART] = 'C' };

/* "/api/v1/users/{user}" with something in it that is of the right form and not there. */
static void fill(const char *path, char *out, size_t size)
{
    size_t n = 0;

    for (; *path && n + 80 < size; path++) {
        if (*path != '{') {
            out[n++] = *path;
            continue;
        }
        if (strncmp(path, "{clip}", 6) == 0 || strncmp(path, "{bundle}", 8) == 0)
            n += (size_t)snprintf(out + n, size - n, "%064d", 7);
        else if (strncmp(path, "{camera}", 8) == 0 || strncmp(path, "{frame}", 7) == 0)
            out[n++] = '0';
        else if (strncmp(path, "{rollout}", 9) == 0 || strncmp(path, "{alert}", 7) == 0 || strncmp(path, "{incident}", 10) == 0)
            n += (size_t)snprintf(out + n, size - n, "99999");
        else
            n += (size_t)snprintf(out + n, size - n, "nobody-here");
        path += strcspn(path, "}");
    }
    out[n] = '\0';
}

static const struct answer *ask(const struct hub *h, enum hub_as as, size_t i)
{
    const struct server_route *row[SERVER_ROUTES_MAX];
    size_t n = server_routes(row, SERVER_ROUTES_MAX);
    const char *body = expected[i].body, *type = "application/json";
    char target[400], headers[900] = "", signature[600];

    for (size_t k = 0; k < n; k++)
        if (strcmp(row[k]->path, expected[i].path) == 0 && strcmp(row[k]->method, expected[i].method) == 0 && row[k]->body)
            type = row[k]->body;
    fill(expected[i].path, target, sizeof target);
    if (strcmp(expected[i].method, "PUT") == 0 && strcmp(type, "application/json") != 0)
        strcat(target, "?offset=0&size=9");
    if (as == AS_CART)
        (void)snprintf(headers, sizeof headers, "%s", cart_headers(h, &h->cart, expected[i].method, target, body, body ? strlen(body) : 0, signature));
    else if (as != AS_NOBODY)
        (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n", h->token[as]);
    if (body && !strstr(headers, "Content-Type"))
        (void)snprintf(headers + strlen(headers), sizeof headers - strlen(headers), "Content-Type: %s\r\n", type);
    return hub_send(h, expected[i].method, target, headers, body, body ? strlen(body) : 0);
}

static void the_table_is_what_was_meant(void **state)
{
    const struct server_route *row[SERVER_ROUTES_MAX];
    size_t n = server_routes(row, SERVER_ROUTES_MAX);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < COUNT_OF(expected) && (strcmp(row[i]->path, expected[k].path) != 0 || strcmp(row[i]->method, expected[k].method) != 0))
            k++;
        if (k == COUNT_OF(expected))
            fail_msg("%s %s is not in this test", row[i]->method, row[i]->path);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(row[i]->id, row[other]->id);
    }
    assert_int_equal(n, COUNT_OF(expected));
}

/* 401 for strangers, 403 for the wrong role, and never anything else; for the right one, whatever the request deserves. */
static void every_request_with_every_role(void **state)
{
    struct hub h = hub_open();
    size_t tried = 0, wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        for (int as = AS_NOBODY; as < AS_COUNT; as++) {
            bool may = expected[i].may[0] == '*' || (as != AS_NOBODY && strchr(expected[i].may, letter[as]));
            bool anybody = expected[i].may[0] == '*';
            int status = ask(&h, (enum hub_as)as, i)->status;
            bool stranger = as == AS_NOBODY || (as == AS_CART && !strchr(expected[i].may, 'C'));
            bool right = may ? status != 0 && status < 500 && (anybody || (status != 401 && status != 403)) : status == (stranger ? 401 : 403);

            tried++;
            if (!right) {
                print_error("%s %s as %c: %d\n", expected[i].method, expected[i].path, letter[as], status);
                wrong++;
            }
        }
    print_message("# %zu requests\n", tried);
    assert_int_equal(wrong, 0);
    hub_close(&h);
}

static void the_description_has_every_request(void **state)
{
    struct hub h = hub_open();
    const struct answer *a = hub_get(&h, AS_NOBODY, "/api/v1/openapi.json");
    json_t *root = json_loadb(a->body, a->body_n, 0, NULL), *paths = json_object_get(root, "paths");
    size_t operations = 0;
    const char *key;
    json_t *path;

    (void)state;
    assert_int_equal(a->status, 200);
    assert_string_equal(json_string_value(json_object_get(root, "openapi")), "3.1.0");
    json_object_foreach (paths, key, path)
        operations += json_object_size(path);
    assert_int_equal(operations, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        const char *method = expected[i].method[0] == 'G' ? "get" : expected[i].method[0] == 'D' ? "delete" : expected[i].method[1] == 'O' ? "post" : "put";
        json_t *op = json_object_get(json_object_get(paths, expected[i].path), method);
        size_t roles = json_array_size(json_object_get(op, "x-roles"));

        if (!op || !json_is_string(json_object_get(op, "operationId")) || roles != (expected[i].may[0] == '*' ? 1 : strlen(expected[i].may)))
            fail_msg("%s %s is not described as it is", expected[i].method, expected[i].path);
        if (strchr(expected[i].path, '{') && !json_array_size(json_object_get(op, "parameters")))
            fail_msg("%s %s has no parameters", expected[i].method, expected[i].path);
    }
    json_decref(root);
    hub_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_what_was_meant),
        cmocka_unit_test(every_request_with_every_role),
        cmocka_unit_test(the_description_has_every_request),
    };

    return support_run(tests);
}
