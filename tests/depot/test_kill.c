/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * A hub that is killed in full work, again and again. Carts behave as carts do: what was not acknowledged is sent again. Nothing acknowledged is lost, nothing is stored twice, and the rows of a
 * hook, made in the same transaction, are as many as the records. TRUNDLE_TEST_KILLS says how often (20).
 */
#include "base/std/rng.h"
#include "base/std/time.h"
#include "tests/depot/hub.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CARTS = 3 };

struct said {
    int     cart;                          /* < CARTS: a record; CARTS: a clip */
    int64_t sequence;
    char    sha256[DEPOT_SHA];
};

struct worker {
    struct depot *d;
    int           cart, fd;
    int64_t       next;
};

static enum trundle_status hook(void *user, struct db *db, const char *cart, const struct depot_record *r, int64_t now_ns, struct trundle_error *err)
{
    (void)user;
    (void)cart;
    (void)r;
    (void)now_ns;
    return db_exec(db, "INSERT INTO hooked DEFAULT VALUES", err);
}

static void say(const struct worker *w, const char *sha256)
{
    struct said s = { w->cart, w->next, "" };

    (void)snprintf(s.sha256, sizeof s.sha256, "%s", sha256);
    if (write(w->fd, &s, sizeof s) != (ssize_t)sizeof s)
        _exit(9);
}

static void *records_main(void *user)
{
    struct worker *w = user;
    char cart[20], line[400];

    (void)snprintf(cart, sizeof cart, "cart-%d", w->cart);
    for (;; w->next += 2) {
        (void)snprintf(line, sizeof line, "{\"boot\":1,\"sequence\":%lld,\"t_ns\":1,\"kind\":\"decision\",\"body\":{\"of\":%lld}}\n{\"boot\":1,\"sequence\":%lld,\"t_ns\":1,\"kind\":\"decision\",\"body\":{}}",
                       (long long)w->next, (long long)w->next, (long long)w->next + 1);
        if (hub_try(w->d, cart, line, NULL) != TRUNDLE_OK)
            _exit(8);
        say(w, "");
    }
    return NULL;
}

static void *clips_main(void *user)
{
    struct worker *w = user;

    for (;; w->next++)
        say(w, hub_clip(w->d, "cart-clips", "t1", w->next, 0, 1, 30, 20000));
    return NULL;
}

static pid_t hub_started(const char *folder, const int64_t *next, int *out_fd)
{
    struct worker worker[CARTS + 1];
    struct depot *d = NULL;
    pthread_t thread;
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid > 0) {
        (void)close(ends[1]);
        *out_fd = ends[0];
        return pid;
    }
    (void)close(ends[0]);
    if (depot_open(folder, DEPOT_WRITE, NULL, &d, NULL) != TRUNDLE_OK || depot_hook_add(d, hook, NULL, NULL) != TRUNDLE_OK)
        _exit(7);
    for (int i = 0; i <= CARTS; i++) {
        worker[i] = (struct worker){ d, i, ends[1], next[i] };
        if (pthread_create(&thread, NULL, i < CARTS ? records_main : clips_main, &worker[i]) != 0)
            _exit(6);
    }
    for (;;)
        (void)pause();
}

/* Records of a cart with a sequence from..to. */
static int64_t count(struct depot *d, int cart, int64_t from, int64_t to)
{
    char sql[300];

    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM depot_records WHERE cart = 'cart-%d' AND sequence BETWEEN %lld AND %lld", cart, (long long)from, (long long)to);
    return hub_number(d, sql);
}

static void nothing_acknowledged_is_lost_nor_doubled(void **state)
{
    const char *kills_text = getenv("TRUNDLE_TEST_KILLS"), *folder = hub_path();
    int kills = kills_text ? atoi(kills_text) : 20;
    struct rng r = rng_seed(support_seed(), "kill");
    int64_t next[CARTS + 1] = { 1, 1, 1, 1 }, heard = 0, clips = 0;
    struct depot *d = hub_open(folder);
    struct depot_found found;
    struct trundle_error err;

    (void)state;
    depot_lock(d);
    support_ok(db_exec(depot_db(d), "CREATE TABLE hooked(i INTEGER PRIMARY KEY)", &err), &err);
    depot_unlock(d);
    depot_close(d);
    for (int kill_n = 0; kill_n < kills; kill_n++) {
        char got_clip[64][DEPOT_SHA];
        size_t got_clips = 0;
        int fd = -1, code = 0;
        pid_t pid = hub_started(folder, next, &fd);
        struct said s;

        clock_sleep_until_ns(clock_mono_ns() + (int64_t)rng_range(&r, 20e6, 120e6));
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &code, 0), pid);
        assert_true(WIFSIGNALED(code));                /* it did not end by itself */
        while (read(fd, &s, sizeof s) == (ssize_t)sizeof s) {
            heard++;
            next[s.cart] = s.sequence + (s.cart < CARTS ? 2 : 1);
            if (s.cart == CARTS && got_clips < COUNT_OF(got_clip))
                (void)snprintf(got_clip[got_clips++], DEPOT_SHA, "%s", s.sha256);
        }
        (void)close(fd);
        d = hub_open(folder);
        for (int i = 0; i < CARTS; i++) {
            int64_t n = count(d, i, next[i], INT64_MAX);

            assert_int_equal(count(d, i, 0, next[i] - 1), next[i] - 1);
            assert_true(n == 0 || n == 2);             /* the batch that was under way: whole or absent */
        }
        for (size_t i = 0; i < got_clips; i++)
            assert_true(hub_blob_there(d, got_clip[i]));
        clips += (int64_t)got_clips;
        assert_int_equal(hub_number(d, "SELECT count(*) FROM hooked"), hub_number(d, "SELECT count(*) FROM depot_record"));
        /* A clip's record that stayed without an answer would come again with other content here: begin behind it. */
        next[CARTS] = 1 + hub_number(d, "SELECT coalesce(max(sequence), 0) FROM depot_records WHERE cart = 'cart-clips'");
        depot_close(d);
    }
    support_ok(depot_fsck(folder, false, NULL, NULL, &found, &err), &err);
    assert_true(!found.fault[DEPOT_FAULT_MISSING] && !found.fault[DEPOT_FAULT_DAMAGED] && !found.fault[DEPOT_FAULT_TABLE]);
    print_message("# %d kills, %lld answers heard, %lld of them clips\n", kills, (long long)heard, (long long)clips);
    assert_true(heard >= kills);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_acknowledged_is_lost_nor_doubled) };

    return support_run(tests);
}
