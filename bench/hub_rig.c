/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The hub's process, carts that have joined, and a line to it. */
#include "bench/hub.h"

#include "base/std/hash.h"
#include "base/std/time.h"
#include "hub/depot/depot.h"
#include "hub/server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the hub ---- */

static enum trundle_status put_carts(struct db *db, void *user, struct trundle_error *err)
{
    struct hub_rig *r = user;
    struct db_statement *s = NULL;
    enum trundle_status status;

    TRY_GOTO(status, db_prepare(db, "INSERT INTO server_cart(name, store, key, hardware, joined_ns, off_ns) VALUES(?, 'bench', ?, 'bench', 1, 0)", &s, err), out);
    for (size_t i = 0; i < r->carts; i++) {
        db_bind_text(s, 1, r->cart[i].name);
        db_bind_blob(s, 2, r->cart[i].public_key, sizeof r->cart[i].public_key);
        TRY_GOTO(status, db_run(s, err), out);
    }
out:
    db_free(s);
    return status;
}

static enum trundle_status make_folder(struct hub_rig *r, struct trundle_error *err)
{
    struct depot *d = NULL;
    enum trundle_status status;

    TRY(depot_open(r->dir, DEPOT_CREATE, NULL, &d, err));
    memcpy(r->seal_key, depot_seal_key(d)->public_key, sizeof r->seal_key);
    status = server_tables(d, err);
    if (status == TRUNDLE_OK)
        status = depot_write(d, put_carts, r, err);
    depot_close(d);
    return status;
}

/* The child: says its port, and lives until the other end of `stop` is closed. */
static void serve(const struct hub_rig *r, int say, int stop)
{
    struct server *s = NULL;
    struct trundle_error err;
    char byte, text[600];
    int port = 0;

    (void)signal(SIGINT, SIG_IGN);
    if (server_start(&(struct server_config){ .dir = r->dir, .address = "127.0.0.1:0", .cart_day_bytes = INT64_C(1) << 50 }, &s, &err) == TRUNDLE_OK)
        port = atoi(strrchr(server_url(s), ':') + 1);
    else
        fprintf(stderr, "bench hub: %s\n", error_text(&err, text, sizeof text));
    (void)!write(say, &port, sizeof port);
    while (port && read(stop, &byte, 1) < 0 && errno == EINTR)
        ;
    server_stop(s);
    _exit(port ? 0 : 1);
}

static void more_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max < 16384 ? limit.rlim_max : 16384;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

enum trundle_status hub_rig_open(struct hub_rig *r, const char *dir, size_t carts, struct trundle_error *err)
{
    int say[2], stop[2];

    memset(r, 0, sizeof *r);
    r->stop_fd = -1;
    more_files();
    if (sodium_init() < 0 || carts > HUB_CARTS_MAX || (size_t)snprintf(r->dir, sizeof r->dir, "%s/hub-%ld", dir, (long)getpid()) >= sizeof r->dir)
        return error_set(err, TRUNDLE_BAD_ARG, dir, NULL, "too many carts, or too long a name");
    r->cart = calloc(carts, sizeof *r->cart);
    if (!r->cart)
        return error_set(err, TRUNDLE_NO_MEMORY, "bench", NULL, "no memory");
    r->carts = carts;
    for (size_t i = 0; i < carts; i++) {
        (void)snprintf(r->cart[i].name, sizeof r->cart[i].name, "cart-%zu", i);
        (void)crypto_sign_keypair(r->cart[i].public_key, r->cart[i].secret);
    }
    TRY(folder_make(dir, err));
    TRY(make_folder(r, err));
    if (pipe(say) != 0 || pipe(stop) != 0)
        return error_set(err, TRUNDLE_IO, "bench", NULL, "a pipe: %s", strerror(errno));
    r->pid = fork();
    if (r->pid < 0)
        return error_set(err, TRUNDLE_IO, "bench", NULL, "a process: %s", strerror(errno));
    if (r->pid == 0) {
        (void)close(say[0]);
        (void)close(stop[1]);
        serve(r, say[1], stop[0]);
    }
    (void)close(say[1]);
    (void)close(stop[0]);
    r->stop_fd = stop[1];
    if (read(say[0], &r->port, sizeof r->port) != (ssize_t)sizeof r->port || !r->port) {
        (void)close(say[0]);
        return error_set(err, TRUNDLE_DEVICE, r->dir, NULL, "the hub does not start");
    }
    (void)close(say[0]);
    return TRUNDLE_OK;
}

void hub_rig_close(struct hub_rig *r)
{
    char command[HUB_PATH + 20];

    if (r->stop_fd >= 0)
        (void)close(r->stop_fd);
    if (r->pid > 0)
        (void)waitpid(r->pid, NULL, 0);
    free(r->cart);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", r->dir);
    if (r->dir[0] && system(command) != 0)
        fprintf(stderr, "bench hub: %s is left\n", r->dir);
}

double hub_memory(const struct hub_rig *r, const char *what)
{
    char path[64], line[200];
    double kib = 0;
    FILE *f;

    (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)r->pid);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, what, strlen(what)) == 0)
            kib = strtod(line + strlen(what) + 1, NULL);
    if (f)
        (void)fclose(f);
    return 1024 * kib;
}

double hub_cpu_s(const struct hub_rig *r)
{
    char path[64], text[1024] = "", *at;
    unsigned long user = 0, system = 0;
    FILE *f;

    (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)r->pid);
    f = fopen(path, "r");
    if (f && fgets(text, sizeof text, f) && (at = strrchr(text, ')')) && sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        user = system = 0;
    if (f)
        (void)fclose(f);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* ---- what a cart says ---- */

enum trundle_status hub_decisions(struct hub_cart *cart, size_t n, struct bytes *out)
{
    int64_t now_ns = clock_wall_ns();

    for (size_t i = 0; i < n; i++) {
        int64_t k = ++cart->sequence;

        TRY(bytes_print(out, "{\"boot\":1,\"sequence\":%lld,\"t_ns\":%lld,\"kind\":\"decision\",\"body\":{\"trip\":\"t%lld\",\"kind\":\"add\",\"t_s\":%.3f,\"product\":\"gtin:%014lld\",\"count\":1,"
                             "\"weight_mg\":%lld,\"p\":0.%04lld,\"cost\":0.0312,\"total_cents\":%lld,\"event\":%lld}}\n", (long long)k, (long long)(now_ns + k), (long long)(k / 40),
                        (double)(k % 40) * 11.3, (long long)(4006381000000 + k * 7919 % 100000), (long long)(100000 + k * 31 % 900000), (long long)(9000 + k % 1000),
                        (long long)(100 + k % 9000), (long long)k));
    }
    return TRUNDLE_OK;
}

enum trundle_status hub_request(const struct hub_cart *cart, const char *method, const char *target, const void *body, size_t n, struct bytes *out)
{
    const char *type = strstr(target, "/ingest") ? "application/x-ndjson" : "application/octet-stream";
    char hash[HASH_SHA256_TEXT], text[600], base64[sodium_base64_ENCODED_LEN(64, sodium_base64_VARIANT_ORIGINAL)];
    long long time_s = (long long)(clock_wall_ns() / NS_PER_S);
    uint8_t signature[64];
    int text_n = snprintf(text, sizeof text, "%s\n%s\n%lld\n%s", method, target, time_s, hash_sha256(n ? body : "", n, hash));

    (void)crypto_sign_detached(signature, NULL, (const uint8_t *)text, (unsigned long long)text_n, cart->secret);
    TRY(bytes_print(out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nTrundle-Cart: %s\r\nTrundle-Time: %lld\r\nTrundle-Signature: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", method, target,
                    cart->name, time_s, sodium_bin2base64(base64, sizeof base64, signature, sizeof signature, sodium_base64_VARIANT_ORIGINAL), type, n));
    return bytes_append(out, n ? body : "", n);
}

/* ---- a line ---- */

struct hub_line {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    size_t n;
    char text[4096];
};

enum trundle_status hub_line_open(int port, struct hub_line **out, struct trundle_error *err)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct hub_line *l = calloc(1, sizeof *l);
    int on = 1, rc;

    if (!l)
        return error_set(err, TRUNDLE_NO_MEMORY, "line", NULL, "no memory");
    l->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&a, sizeof a) != 0 || gnutls_certificate_allocate_credentials(&l->credentials) < 0 ||
        gnutls_init(&l->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) < 0 || gnutls_set_default_priority(l->session) < 0 ||
        gnutls_credentials_set(l->session, GNUTLS_CRD_CERTIFICATE, l->credentials) < 0)
        goto bad;
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    gnutls_transport_set_int(l->session, l->fd);
    do
        rc = gnutls_handshake(l->session);
    while (rc < 0 && !gnutls_error_is_fatal(rc));
    if (rc < 0)
        goto bad;
    *out = l;
    return TRUNDLE_OK;
bad:
    hub_line_close(l);
    return error_set(err, TRUNDLE_DEVICE, "line", NULL, "no connection to the hub: %s", strerror(errno));
}

void hub_line_close(struct hub_line *l)
{
    if (!l)
        return;
    if (l->session)
        gnutls_deinit(l->session);
    if (l->credentials)
        gnutls_certificate_free_credentials(l->credentials);
    if (l->fd >= 0)
        (void)close(l->fd);
    free(l);
}

int hub_line_fd(const struct hub_line *l)
{
    return l->fd;
}

enum trundle_status hub_line_send(struct hub_line *l, const void *data, size_t n, struct trundle_error *err)
{
    const char *at = data;

    while (n) {
        ssize_t sent = gnutls_record_send(l->session, at, n);

        if (sent == GNUTLS_E_AGAIN || sent == GNUTLS_E_INTERRUPTED)
            continue;
        if (sent <= 0)
            return error_set(err, TRUNDLE_DEVICE, "line", NULL, "the hub closed it");
        at += sent;
        n -= (size_t)sent;
    }
    return TRUNDLE_OK;
}

enum trundle_status hub_line_answer(struct hub_line *l, bool wait, int *out_status, struct trundle_error *err)
{
    for (;;) {
        char *body = strstr(l->text, "\r\n\r\n"), *length;
        ssize_t got;

        if (body) {
            length = strstr(l->text, "Content-Length: ");
            if (l->n >= (size_t)(body + 4 - l->text) + (length && length < body ? (size_t)strtoul(length + 16, NULL, 10) : 0)) {
                *out_status = atoi(l->text + 9);
                l->n = 0;
                l->text[0] = '\0';
                return TRUNDLE_OK;
            }
        }
        if (!wait && !gnutls_record_check_pending(l->session)) {
            struct { char c; } one;

            if (recv(l->fd, &one, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                return TRUNDLE_AGAIN;
        }
        got = gnutls_record_recv(l->session, l->text + l->n, sizeof l->text - 1 - l->n);
        if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
            continue;
        if (got <= 0)
            return error_set(err, TRUNDLE_DEVICE, "line", NULL, "the hub closed it: %s", got < 0 ? gnutls_strerror((int)got) : "end");
        l->n += (size_t)got;
        l->text[l->n] = '\0';
    }
}
