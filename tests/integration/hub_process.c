/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/integration/hub_process.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void take(json_t *root, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(root, key));

    assert_non_null(text);
    assert_true((size_t)snprintf(out, size, "%s", text) < size);
}

void hub_process_start(struct hub_process *h)
{
    char program[1100], listen[64], line[1024], link[256];
    int out[2];
    json_t *root;
    FILE *said;

    (void)snprintf(program, sizeof program, "%s", support_build("trundle-hub"));
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%d", h->port);
    assert_int_equal(pipe(out), 0);
    (void)fflush(NULL);
    h->pid = fork();
    if (h->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);        /* a test that fails leaves nobody behind */
        (void)dup2(out[1], STDOUT_FILENO);
        (void)close(out[0]);
        (void)close(out[1]);
        (void)execl(program, program, "hub", "--dir", h->dir, "--listen", listen, "--threads", "4", "--json", (char *)NULL);
        _exit(99);
    }
    assert_true(h->pid > 0);
    (void)close(out[1]);
    said = fdopen(out[0], "r");
    assert_non_null(said);
    if (!fgets(line, sizeof line, said))
        fail_msg("the hub on %s did not start", h->dir);
    (void)fclose(said);
    root = json_loads(line, 0, NULL);
    take(root, "url", h->url, sizeof h->url);
    take(root, "pin", h->pin, sizeof h->pin);
    take(root, "link", link, sizeof link);
    if (link[0])                           /* said on a fresh folder alone */
        memcpy(h->link, link, sizeof link);
    h->port = atoi(strrchr(h->url, ':') + 1);
    json_decref(root);
}

int hub_process_end(struct hub_process *h, int sig)
{
    int status;

    assert_true(h->pid > 0);
    (void)kill(h->pid, sig);
    assert_true(waitpid(h->pid, &status, 0) == h->pid);
    h->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    return bytes_append(user, data, size * n) == TRUNDLE_OK ? size * n : 0;
}

/* One exchange; `e` keeps cookies between calls. */
static void fetch(CURL *e, const struct hub_process *h, const char *method, const char *path, const char *header, const char *body, struct bytes *answer, long *out_status)
{
    struct curl_slist *list = curl_slist_append(curl_slist_append(NULL, "Content-Type: application/json"), header);
    char url[1024];
    CURLcode code;

    (void)snprintf(url, sizeof url, "%s%s", h->url, path);
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_NOPROXY, "127.0.0.1");
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, h->pin);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(e, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, answer);
    if (body)
        curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, body);
    code = curl_easy_perform(e);
    if (code != CURLE_OK)
        fail_msg("%s %s: %s", method, path, curl_easy_strerror(code));
    (void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, out_status);
    curl_slist_free_all(list);
}

static json_t *exchange(CURL *e, const struct hub_process *h, const char *method, const char *path, const char *header, const char *body, long *out_status)
{
    struct bytes answer = { 0 };
    json_t *root;

    fetch(e, h, method, path, header, body, &answer, out_status);
    root = answer.n ? json_loadb((const char *)answer.data, answer.n, JSON_DECODE_ANY, NULL) : NULL;
    bytes_done(&answer);
    return root;
}

void hub_process_sign_in(struct hub_process *h)
{
    const char *link = strstr(h->link, "#link=");
    char body[300], origin[160];
    CURL *e = curl_easy_init();
    json_t *answer;
    long status = 0;

    assert_non_null(e);
    assert_non_null(link);
    (void)snprintf(body, sizeof body, "{\"link\":\"%s\"}", link + 6);
    (void)snprintf(origin, sizeof origin, "Origin: %s", h->url);
    json_decref(exchange(e, h, "POST", "/api/v1/session", origin, body, &status));
    assert_int_equal(status, 200);
    answer = exchange(e, h, "POST", "/api/v1/tokens", origin, "{\"name\":\"test\"}", &status);
    assert_int_equal(status, 200);
    take(answer, "token", h->token, sizeof h->token);
    json_decref(answer);
    curl_easy_cleanup(e);
}

void hub_process_invite(const struct hub_process *h, const char *store, char out[64])
{
    char *text = NULL;
    json_t *root;

    assert_int_equal(support_shell(&text, "%s hub invite --dir %s --store %s --json", support_build("trundle-hub"), h->dir, store), 0);
    root = json_loads(text, 0, NULL);
    take(root, "code", out, 64);
    json_decref(root);
    free(text);
}

json_t *hub_process_ask(const struct hub_process *h, const char *method, const char *path, const char *body, long *out_status)
{
    CURL *e = curl_easy_init();
    char header[200];
    json_t *answer;

    assert_non_null(e);
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", h->token);
    answer = exchange(e, h, method, path, header, body, out_status);
    curl_easy_cleanup(e);
    return answer;
}

void hub_process_bytes(const struct hub_process *h, const char *path, struct bytes *out)
{
    CURL *e = curl_easy_init();
    char header[200];
    long status = 0;

    assert_non_null(e);
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", h->token);
    fetch(e, h, "GET", path, header, NULL, out, &status);
    if (status != 200)
        fail_msg("GET %s: %ld: %.*s", path, status, (int)out->n, (const char *)out->data);
    curl_easy_cleanup(e);
}

json_t *hub_process_get(const struct hub_process *h, const char *path)
{
    long status = 0;
    json_t *answer = hub_process_ask(h, "GET", path, NULL, &status);

    if (status != 200 || !answer)
        fail_msg("GET %s: %ld", path, status);
    return answer;
}
