/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * A hub and a cart that are killed again and again while the cart sends, on a line that loses, cuts, repeats and reorders: what the cart's outbox acknowledged is in
 * the hub once, and nothing is there twice; every clip opens. TRUNDLE_TEST_KILLS says how often (12). The hub is the real program; the cart is this program
 * started again, with the real outbox and uplink, which says on its standard output what was acknowledged to it.
 */
#include "base/std/list.h"
#include "base/std/rng.h"
#include "base/std/time.h"
#include "cart/runtime/uplink.h"
#include "base/seal/seal.h"
#include "hub/depot/depot.h"
#include "tests/integration/hub_process.h"
#include "tests/runtime/fake_hub.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RECORDS_A_LIFE = 10000, CLIP_EVERY = 24, TRIP_EVERY = 40 };

static struct trundle_error err;

/* ---- the cart's life ---- */

static void acknowledged(char kind, const char *text)
{
    char line[100];
    int n = snprintf(line, sizeof line, "%c %s\n", kind, text);

    if (write(STDOUT_FILENO, line, (size_t)n) != n)
        _exit(3);
}

static enum trundle_status put(struct outbox *box, const char *kind, const char *body, long long n)
{
    char text[32];

    TRY(outbox_put(box, &(struct outbox_record){ .kind = kind, .body = body, .t_ns = clock_wall_ns() }, NULL, &err));
    (void)snprintf(text, sizeof text, "%lld", n);
    acknowledged('r', text);
    return TRUNDLE_OK;
}

static enum trundle_status put_clip(struct outbox *box, const struct identity *id, const char *trip, long long n)
{
    struct seal_header header = { .keep_days = 3650, .t0_s = (double)n, .t1_s = (double)n + 1 };
    struct outbox_clip clip = { .t_ns = clock_wall_ns(), .keep_days = 3650, .t0_s = (double)n, .t1_s = (double)n + 1, .worth = 1 };
    struct seal_writer *w = NULL;
    enum trundle_status status;
    uint8_t key[SEAL_PUBLIC];
    char draft[1400], name[64], plain[20000];

    memset(plain, (int)(n % 251), sizeof plain);
    (void)snprintf(plain, sizeof plain, "clip %lld", n);
    (void)snprintf(header.cart, sizeof header.cart, "%s", id->cart);
    (void)snprintf(header.trip, sizeof header.trip, "%s", trip);
    (void)snprintf(clip.trip, sizeof clip.trip, "%s", trip);
    (void)snprintf(header.trigger, sizeof header.trigger, "added");
    (void)snprintf(clip.trigger, sizeof clip.trigger, "added");
    (void)snprintf(header.purpose, sizeof header.purpose, "improve");
    (void)snprintf(clip.purpose, sizeof clip.purpose, "improve");
    TRY(seal_public_parse(id->seal_key, "seal_key", key, &err));
    outbox_clip_draft(box, draft, sizeof draft);
    TRY(seal_write_file(key, &header, draft, &w, &err));
    status = seal_write_add(w, plain, sizeof plain, &err);
    if (status == TRUNDLE_OK)
        status = seal_write_finish(w, &err);
    seal_write_free(w);
    TRY(status);
    (void)snprintf(name, sizeof name, "clip:%lld", n);
    TRY(outbox_clip_add(box, draft, name, &clip, &err));
    (void)snprintf(name, sizeof name, "%lld", n);
    acknowledged('c', name);
    return TRUNDLE_OK;
}

static enum trundle_status say(struct outbox *box, const struct identity *id, long long n)
{
    long long trip_n = n / TRIP_EVERY * TRIP_EVERY;
    char trip[32], body[200];

    (void)snprintf(trip, sizeof trip, "t%lld", trip_n);
    if (n % TRIP_EVERY == TRIP_EVERY - 1) {
        (void)snprintf(body, sizeof body, "{\"trip\":\"%s\",\"store\":\"s1\",\"bundle\":\"\",\"started_ns\":%lld,\"ended_ns\":%lld,\"items\":3,\"n\":%lld}", trip,
                       (long long)(clock_wall_ns() - NS_PER_S), (long long)clock_wall_ns(), n);
        return put(box, "trip", body, n);
    }
    (void)snprintf(body, sizeof body, "{\"trip\":\"%s\",\"kind\":\"add\",\"t_s\":%lld,\"count\":1,\"p\":0.9,\"n\":%lld}", trip, n - trip_n, n);
    TRY(put(box, "decision", body, n));
    return n % CLIP_EVERY == 0 ? put_clip(box, id, trip, n) : TRUNDLE_OK;
}

/* Until it is killed. */
static int live(const char *dir, long long first)
{
    struct uplink_config config = { .dir = dir, .rate_bps = -1, .retry_s = 0.01, .retry_most_s = 0.1, .orders_s = 0.3 };
    struct outbox *box = NULL;
    struct uplink *uplink = NULL;
    struct identity id;
    int64_t boot;
    enum trundle_status status;
    char text[1000];

    TRY_GOTO(status, identity_load(dir, &id, &err), out);
    TRY_GOTO(status, outbox_open(dir, OUTBOX_WRITE, &box, &err), out);
    TRY_GOTO(status, outbox_boot(box, &boot, &err), out);
    TRY_GOTO(status, uplink_start(&config, &uplink, &err), out);
    for (long long n = first; status == TRUNDLE_OK; n++) {
        status = say(box, &id, n);
        uplink_wake(uplink);
        clock_sleep_until_ns(clock_mono_ns() + 2 * NS_PER_MS);
    }
out:
    fprintf(stderr, "cart: %s\n", error_text(&err, text, sizeof text));
    return 1;
}

/* ---- what is there ---- */

struct tally { int64_t *n; size_t count, room; };

static void note(struct tally *t, int64_t n)
{
    assert_true(list_grow((void **)&t->n, sizeof *t->n, t->count, &t->room));
    t->n[t->count++] = n;
}

static int rising(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

struct verdict { size_t lost, doubled; };

/* What was acknowledged and is not there; what is there twice. Both are sorted. */
static struct verdict judge(struct tally *said, struct tally *there)
{
    struct verdict v = { 0, 0 };

    qsort(said->n, said->count, sizeof *said->n, rising);
    qsort(there->n, there->count, sizeof *there->n, rising);
    for (size_t i = 1; i < there->count; i++)
        v.doubled += there->n[i] == there->n[i - 1];
    for (size_t i = 0; i < said->count; i++)
        v.lost += !bsearch(&said->n[i], there->n, there->count, sizeof *there->n, rising);
    return v;
}

static void a_loss_and_a_double_are_seen(void **state)
{
    struct tally said = { 0 }, there = { 0 };
    struct verdict v;

    (void)state;
    for (int i = 0; i < 10; i++) {
        note(&said, i);
        if (i != 4)
            note(&there, i);
    }
    note(&there, 7);
    note(&there, 77);                      /* never acknowledged, and arrived all the same: no fault */
    v = judge(&said, &there);
    assert_int_equal(v.lost, 1);
    assert_int_equal(v.doubled, 1);
    free(said.n);
    free(there.n);
}

struct found { struct tally records, clips, trips; struct depot *depot; int64_t boot, sequence; size_t page; };

static void on_record(void *user, const char *cart, const struct depot_record *r, int64_t received_ns)
{
    struct found *f = user;
    const char *n = strstr(r->body, "\"n\":");

    (void)cart, (void)received_ns;
    f->page++;
    f->boot = r->boot;
    f->sequence = r->sequence;
    if (n)
        note(&f->records, strtoll(n + 4, NULL, 10));
}

static void on_clip(void *user, const struct depot_clip *c)
{
    struct found *f = user;
    struct seal_reader *r = NULL;
    struct bytes plain = { 0 };

    assert_int_equal(c->state, DEPOT_CLIP_HERE);
    support_ok(depot_clip_open(f->depot, c->sha256, "test", "kill test", clock_wall_ns(), &r, &err), &err);
    support_ok(seal_open_all(r, 1 << 20, &plain, &err), &err);
    assert_int_equal(plain.n, 20000);
    assert_memory_equal(plain.data, "clip ", 5);
    note(&f->clips, strtoll((const char *)plain.data + 5, NULL, 10));
    assert_near(seal_open_header(r)->t0_s, (double)f->clips.n[f->clips.count - 1], 0);
    seal_open_free(r);
    bytes_done(&plain);
}

static void look(struct found *f, const char *dir, const char *cart)
{
    char last[DEPOT_SHA] = "";

    support_ok(depot_open(dir, DEPOT_WRITE, NULL, &f->depot, &err), &err);
    do {
        f->page = 0;
        support_ok(depot_records(f->depot, cart, NULL, f->boot, f->sequence, 5000, on_record, f, &err), &err);
    } while (f->page == 5000);
    for (;;) {
        struct depot_clip_query query = { .cart = cart, .state = -1, .before = last[0] ? last : NULL, .limit = 1000 };
        size_t before = f->clips.count;

        support_ok(depot_clips(f->depot, &query, on_clip, f, &err), &err);
        if (f->clips.count - before < 1000)
            break;
        fail_msg("more clips than this test reads");
    }
    depot_close(f->depot);
}

/* ---- the killing ---- */

struct cart_process { pid_t pid; int out; char rest[64]; size_t rest_n; };

static void cart_start(struct cart_process *c, const char *dir, int life)
{
    char first[32], self[1024];
    int out[2];

    (void)snprintf(first, sizeof first, "%lld", (long long)life * RECORDS_A_LIFE);
    (void)snprintf(self, sizeof self, "%s", support_build("tests/test_hub_kill"));
    assert_int_equal(pipe(out), 0);
    (void)fflush(NULL);
    c->pid = fork();
    if (c->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);        /* a test that fails leaves nobody behind */
        (void)dup2(out[1], STDOUT_FILENO);
        (void)close(out[0]);
        (void)close(out[1]);
        (void)execl(self, self, "--cart", dir, first, (char *)NULL);
        _exit(99);
    }
    assert_true(c->pid > 0);
    (void)close(out[1]);
    c->out = out[0];
    assert_int_equal(fcntl(c->out, F_SETFL, O_NONBLOCK), 0);
    c->rest_n = 0;
}

static void cart_listen(struct cart_process *c, struct tally *records, struct tally *clips)
{
    char text[4096];
    ssize_t n;

    while ((n = read(c->out, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] != '\n') {
                assert_true(c->rest_n < sizeof c->rest - 1);
                c->rest[c->rest_n++] = text[i];
                continue;
            }
            c->rest[c->rest_n] = '\0';
            c->rest_n = 0;
            note(c->rest[0] == 'c' ? clips : records, strtoll(c->rest + 2, NULL, 10));
        }
}

static void cart_kill(struct cart_process *c, struct tally *records, struct tally *clips)
{
    int status;

    assert_int_equal(waitpid(c->pid, &status, WNOHANG), 0);      /* it lives: it did not fail by itself */
    (void)kill(c->pid, SIGKILL);
    assert_true(waitpid(c->pid, &status, 0) == c->pid);
    cart_listen(c, records, clips);        /* what the pipe still holds was acknowledged too */
    (void)close(c->out);
}

static void enrol(const char *dir, struct fake_hub *line, const struct hub_process *hub)
{
    struct identity id;
    char code[64];

    hub_process_invite(hub, "s1", code);
    support_ok(identity_make(dir, &id, &err), &err);
    support_ok(identity_hub_set(&id, fake_hub_url(line), NULL, &err), &err);
    support_ok(uplink_join(dir, &id, code, "cart-7", "lab", &err), &err);
    assert_string_equal(id.cart, "cart-7");
    assert_true(id.seal_key[0] != '\0');
    identity_done(&id);
}

static void nothing_is_lost_or_doubled(void **state)
{
    const char *often = getenv("TRUNDLE_TEST_KILLS");
    int kills = often ? atoi(often) : 12, of_hub = 0, of_cart = 0;
    struct rng r = rng_seed(support_seed(), "hub_kill");
    struct tally records = { 0 }, clips = { 0 };
    struct hub_process hub = { .port = 0 };
    struct fake_hub *line = fake_hub_start(support_seed());
    struct uplink_config drain = { .rate_bps = -1, .retry_s = 0.01, .retry_most_s = 0.1 };
    struct uplink_counts counts;
    struct cart_process cart;
    struct found found = { .boot = 0 };
    struct verdict v;
    struct fake_hub_counts trouble;
    char dir[1100];
    int64_t t0 = clock_mono_ns();

    (void)state;
    (void)snprintf(dir, sizeof dir, "%s", support_scratch());
    (void)snprintf(hub.dir, sizeof hub.dir, "%.1000s/hub", dir);
    (void)strcat(dir, "/cart");
    hub_process_start(&hub);
    fake_hub_forward(line, hub.url);
    enrol(dir, line, &hub);
    fake_hub_trouble(line, 0.3);
    cart_start(&cart, dir, 1);
    for (int i = 0; i < kills; i++) {
        int64_t until = clock_mono_ns() + S_NS(0.03 + 0.2 * rng_unit(&r));
        unsigned what = rng_below(&r, 5);

        while (clock_mono_ns() < until) {
            cart_listen(&cart, &records, &clips);
            clock_sleep_until_ns(clock_mono_ns() + 5 * NS_PER_MS);
        }
        if (what < 2 || what == 4) {       /* 4: both at once */
            assert_int_equal(hub_process_end(&hub, SIGKILL), -1);
            of_hub++;
        }
        if (what >= 2) {
            cart_kill(&cart, &records, &clips);
            cart_start(&cart, dir, i + 2);
            of_cart++;
        }
        if (!hub.pid)
            hub_process_start(&hub);
    }
    /* few kills on a busy machine: there must be something to lose */
    for (int64_t end = clock_mono_ns() + S_NS(20); (records.count <= (size_t)kills || !clips.count) && clock_mono_ns() < end;) {
        cart_listen(&cart, &records, &clips);
        clock_sleep_until_ns(clock_mono_ns() + 5 * NS_PER_MS);
    }
    cart_kill(&cart, &records, &clips);
    drain.dir = dir;
    support_ok(uplink_drain(&drain, false, &counts, &err), &err);
    trouble = fake_hub_counts(line);
    assert_int_equal(hub_process_end(&hub, SIGTERM), 0);
    fake_hub_stop(line);
    assert_int_equal(support_shell(NULL, "%s hub fsck --dir %s >%s/fsck.out 2>&1", support_build("trundle-hub"), hub.dir, dir), 0);
    look(&found, hub.dir, "cart-7");
    v = judge(&records, &found.records);
    printf("# %d kills of the hub, %d of the cart, in %.0f s; %zu records and %zu clips acknowledged, %zu and %zu at the hub; %u requests, with %u lost, %u answers lost, %u cut, %u repeated, "
           "%u reordered\n", of_hub, of_cart, ns_s(clock_mono_ns() - t0), records.count, clips.count, found.records.count, found.clips.count, trouble.requests, trouble.lost_requests,
           trouble.lost_answers, trouble.cut_answers, trouble.repeated, trouble.reordered);
    assert_int_equal(v.lost, 0);
    assert_int_equal(v.doubled, 0);
    v = judge(&clips, &found.clips);
    assert_int_equal(v.lost, 0);
    assert_int_equal(v.doubled, 0);
    assert_true(records.count > (size_t)kills && clips.count > 0 && found.records.count >= records.count);
    free(records.n);
    free(clips.n);
    free(found.records.n);
    free(found.clips.n);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_loss_and_a_double_are_seen), cmocka_unit_test(nothing_is_lost_or_doubled) };

    if (argc == 4 && !strcmp(argv[1], "--cart"))
        return live(argv[2], strtoll(argv[3], NULL, 10));
    return support_run(tests);
}
