/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The hub and the client of client.h. */
#include "tests/server/client.h"
#include "base/std/hash.h"
#include "base/std/json.h"
#include "base/std/time.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct tls { int fd; gnutls_session_t session; gnutls_certificate_credentials_t credentials; };

int64_t hub_clock_offset_ns, hub_cart_day_bytes;

int64_t hub_clock(void)
{
    return clock_wall_ns() + hub_clock_offset_ns;
}

struct tls *tls_open(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval wait = { .tv_sec = 10 };
    struct tls *t = calloc(1, sizeof *t);
    int rc, on = 1;

    assert_non_null(t);
    t->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(t->fd >= 0 && connect(t->fd, (struct sockaddr *)&a, sizeof a) == 0);
    (void)setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    assert_true(gnutls_certificate_allocate_credentials(&t->credentials) >= 0 && gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) >= 0);
    assert_true(gnutls_set_default_priority(t->session) >= 0 && gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->credentials) >= 0);
    gnutls_transport_set_int(t->session, t->fd);
    do
        rc = gnutls_handshake(t->session);
    while (rc < 0 && !gnutls_error_is_fatal(rc));
    assert_true(rc >= 0);
    return t;
}

void tls_close(struct tls *t)
{
    gnutls_deinit(t->session);
    gnutls_certificate_free_credentials(t->credentials);
    (void)close(t->fd);
    free(t);
}

void tls_send(struct tls *t, const void *data, size_t n)
{
    const char *at = data;

    while (n) {
        ssize_t sent = gnutls_record_send(t->session, at, n);

        if (sent == GNUTLS_E_INTERRUPTED || sent == GNUTLS_E_AGAIN)
            continue;
        if (sent <= 0)
            return;                        /* the server closed: its answer says why */
        at += sent;
        n -= (size_t)sent;
    }
}

const struct answer *tls_read(struct tls *t)
{
    static struct answer a;
    const char *length;
    size_t want = SIZE_MAX;

    a.status = 0;
    a.n = a.body_n = 0;
    a.text[0] = '\0';
    a.body = "";
    while (a.n < sizeof a.text - 1 && a.n < want) {
        ssize_t got = gnutls_record_recv(t->session, a.text + a.n, sizeof a.text - 1 - a.n);

        if (got == GNUTLS_E_INTERRUPTED || (got < 0 && !gnutls_error_is_fatal((int)got) && got != GNUTLS_E_AGAIN))
            continue;
        if (got <= 0)
            break;
        a.n += (size_t)got;
        a.text[a.n] = '\0';
        if (want == SIZE_MAX && strstr(a.text, "\r\n\r\n")) {
            length = strstr(a.text, "Content-Length: ");
            a.body = strstr(a.text, "\r\n\r\n") + 4;
            want = (size_t)(a.body - a.text) + (length && length < a.body ? (size_t)strtoul(length + 16, NULL, 10) : 0);
        }
    }
    if (strncmp(a.text, "HTTP/1.1 ", 9) == 0)
        a.status = atoi(a.text + 9);
    a.body_n = a.n - (size_t)(a.body - a.text);
    if (!*a.body)
        a.body_n = 0;
    return &a;
}

const struct answer *hub_send(const struct hub *h, const char *method, const char *target, const char *headers, const void *body, size_t n)
{
    struct tls *t = tls_open(h->port);
    struct bytes text = { 0 };
    const struct answer *a;

    assert_int_equal(bytes_print(&text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s", method, target, headers), TRUNDLE_OK);
    if (n || method[0] == 'P')
        assert_int_equal(bytes_print(&text, "Content-Length: %zu\r\n", n), TRUNDLE_OK);
    assert_int_equal(bytes_print(&text, "\r\n"), TRUNDLE_OK);
    assert_int_equal(bytes_append(&text, n ? body : "", n), TRUNDLE_OK);
    tls_send(t, text.data, text.n);
    bytes_done(&text);
    a = tls_read(t);
    tls_close(t);
    return a;
}

const char *cart_headers(const struct hub *h, const struct cart *cart, const char *method, const char *target, const void *body, size_t n, char out[600])
{
    const char *type = strstr(target, "/ingest") ? "application/x-ndjson" : strstr(target, "/clips/") ? "application/octet-stream" : "application/json";
    long long time_s = (long long)(clock_wall_ns() / NS_PER_S + h->skew_s);
    char hash[HASH_SHA256_TEXT], text[600], base64[sodium_base64_ENCODED_LEN(64, sodium_base64_VARIANT_ORIGINAL)];
    uint8_t signature[64];
    int n_text = snprintf(text, sizeof text, "%s\n%s\n%lld\n%s", method, target, time_s, hash_sha256(n ? body : "", n, hash));

    assert_true(n_text > 0 && (size_t)n_text < sizeof text);
    (void)crypto_sign_detached(signature, NULL, (const uint8_t *)text, (unsigned long long)n_text, cart->secret);
    (void)snprintf(out, 600, "Trundle-Cart: %s\r\nTrundle-Time: %lld\r\nTrundle-Signature: %s\r\n%s%s%s", cart->name, time_s,
                   sodium_bin2base64(base64, sizeof base64, signature, sizeof signature, sodium_base64_VARIANT_ORIGINAL), method[0] == 'P' ? "Content-Type: " : "",
                   method[0] == 'P' ? type : "", method[0] == 'P' ? "\r\n" : "");
    return out;
}

const struct answer *cart_ask(const struct hub *h, const struct cart *cart, const char *method, const char *target, const void *body, size_t n)
{
    char headers[600];

    return hub_send(h, method, target, cart_headers(h, cart, method, target, body, n, headers), body, n);
}

const struct answer *hub_ask(const struct hub *h, enum hub_as as, const char *method, const char *target, const char *body)
{
    char headers[300] = "";
    size_t n = body ? strlen(body) : 0;

    if (as == AS_CART)
        return cart_ask(h, &h->cart, method, target, body, n);
    if (as != AS_NOBODY)
        (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n", h->token[as]);
    if (method[0] == 'P' || n)
        (void)snprintf(headers + strlen(headers), sizeof headers - strlen(headers), "Content-Type: application/json\r\n");
    return hub_send(h, method, target, headers, body, n);
}

const struct answer *hub_get(const struct hub *h, enum hub_as as, const char *target)
{
    return hub_ask(h, as, "GET", target, NULL);
}

const char *answer_text(const struct answer *a, const char *key)
{
    static char text[8][512];
    static unsigned next;
    char *out = text[next++ % 8];
    json_t *root = json_loadb(a->body, a->body_n, 0, NULL);
    const char *value = json_string_value(json_object_get(root, key));

    if (!value)
        fail_msg("no text %s in %d %.300s", key, a->status, a->body);
    (void)snprintf(out, sizeof text[0], "%s", value);
    json_decref(root);
    return out;
}

long long answer_integer(const struct answer *a, const char *key)
{
    json_t *root = json_loadb(a->body, a->body_n, 0, NULL), *value = json_object_get(root, key);
    long long n = json_integer_value(value);

    if (!json_is_integer(value))
        fail_msg("no number %s in %d %.300s", key, a->status, a->body);
    json_decref(root);
    return n;
}

struct cart cart_make(const char *name)
{
    struct cart c;

    (void)snprintf(c.name, sizeof c.name, "%s", name);
    (void)crypto_sign_keypair(c.public_key, c.secret);
    return c;
}

void cart_join(const struct hub *h, struct cart *cart, const char *store)
{
    char body[500], key[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];
    const struct answer *a;

    (void)snprintf(body, sizeof body, "{\"store\":\"%s\"}", store);
    a = hub_ask(h, AS_ADMIN, "POST", "/api/v1/invites", body);
    assert_int_equal(a->status, 200);
    (void)sodium_bin2base64(key, sizeof key, cart->public_key, sizeof cart->public_key, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(body, sizeof body, "{\"code\":\"%s\",\"public_key\":\"%s\",\"hardware\":\"test\",\"name\":\"%s\"}", answer_text(a, "code"), key, cart->name);
    a = cart_ask(h, cart, "POST", "/api/v1/join", body, strlen(body));
    if (a->status != 200)
        fail_msg("join: %d %s", a->status, a->body);
    (void)snprintf(cart->name, sizeof cart->name, "%s", answer_text(a, "cart"));
}

static void start(struct hub *h)
{
    struct trundle_error err;

    support_ok(server_start(&(struct server_config){ .dir = h->dir, .address = "127.0.0.1:0", .threads = 4, .now_ns = hub_clock, .fast_passwords = true, .cart_day_bytes = hub_cart_day_bytes }, &h->server, &err), &err);
    h->port = atoi(strrchr(server_url(h->server), ':') + 1);
}

static void sign_in(const struct hub *h, const char *link, char out[128])
{
    const struct answer *a;
    const char *cookie;
    char body[200];

    (void)snprintf(body, sizeof body, "{\"link\":\"%s\"}", strstr(link, "#link=") + 6);
    a = hub_ask(h, AS_NOBODY, "POST", "/api/v1/session", body);
    assert_int_equal(a->status, 200);
    cookie = strstr(a->text, "Set-Cookie: ");
    assert_non_null(cookie);
    (void)snprintf(out, 128, "Cookie: %.*s\r\n", (int)strcspn(cookie + 12, ";"), cookie + 12);
}

static void token_of(struct hub *h, const char *cookie, enum hub_as as)
{
    char headers[300];
    static const char body[] = "{\"name\":\"test\"}";
    const struct answer *a;

    (void)snprintf(headers, sizeof headers, "%sContent-Type: application/json\r\n", cookie);
    a = hub_send(h, "POST", "/api/v1/tokens", headers, body, sizeof body - 1);
    assert_int_equal(a->status, 200);
    (void)snprintf(h->token[as], sizeof h->token[as], "%s", answer_text(a, "token"));
}

struct hub hub_open(void)
{
    static const char *const role[AS_COUNT] = { [AS_LABELLER] = "labeller", [AS_ENGINEER] = "engineer", [AS_OPERATOR] = "operator", [AS_AUDITOR] = "auditor" };
    struct hub h = { .skew_s = 0 };
    char cookie[128], body[200];

    hub_clock_offset_ns = 0;
    (void)snprintf(h.dir, sizeof h.dir, "%s/hub", support_scratch());
    start(&h);
    sign_in(&h, server_link(h.server), h.cookie);
    token_of(&h, h.cookie, AS_ADMIN);
    for (int as = AS_LABELLER; as <= AS_AUDITOR; as++) {
        const struct answer *a;

        (void)snprintf(body, sizeof body, "{\"name\":\"%s-1\",\"roles\":[\"%s\"]}", role[as], role[as]);
        a = hub_ask(&h, AS_ADMIN, "POST", "/api/v1/users", body);
        assert_int_equal(a->status, 200);
        sign_in(&h, answer_text(a, "link"), cookie);
        token_of(&h, cookie, (enum hub_as)as);
    }
    h.cart = cart_make("cart-a");
    cart_join(&h, &h.cart, "store-1");
    return h;
}

void hub_again(struct hub *h)
{
    server_stop(h->server);
    start(h);
}

void hub_close(struct hub *h)
{
    server_stop(h->server);
    h->server = NULL;
}
