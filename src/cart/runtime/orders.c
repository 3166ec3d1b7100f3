/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Start, end of a trial, and what is said of it. What the hub orders is orders_take.c. */
#include "cart/runtime/orders.h"

#include "base/std/time.h"
#include "cart/runtime/orders_inner.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { SAID = 3 };

enum trundle_status orders_place(const char *dir, const char *hardware, struct orders_place *out, struct trundle_error *err)
{
    struct identity id = { .cart = "" };
    struct utsname machine;
    enum trundle_status status = hardware ? TRUNDLE_OK : identity_load(dir, &id, err);

    if (status != TRUNDLE_OK && status != TRUNDLE_NOT_FOUND)
        return status;
    if (!hardware && id.hardware[0])
        hardware = id.hardware;
    if (!hardware && uname(&machine) == 0)
        hardware = machine.machine;
    status = TRUNDLE_OK;
    if ((size_t)snprintf(out->folder, sizeof out->folder, "%s/slots", dir) >= sizeof out->folder)
        status = error_set(err, TRUNDLE_TOO_LARGE, dir, NULL, "the path is too long");
    else if (!hardware || !*hardware || strlen(hardware) >= sizeof out->hardware)
        status = error_set(err, TRUNDLE_BAD_ARG, "hardware", "--hardware NAME", "a name of 1 to %zu characters is needed", sizeof out->hardware - 1);
    else
        (void)snprintf(out->hardware, sizeof out->hardware, "%s", hardware);
    out->slots = (struct slots_config){ .folder = out->folder, .hardware = out->hardware, .now_ns = clock_wall_ns() };
    identity_done(&id);
    return status;
}

enum trundle_status orders_pin(const char *dir, const struct orders_place *place, struct trundle_error *err)
{
    struct trust *pinned = NULL;
    struct bytes file = { 0 };
    char path[SLOTS_PATH + 16];
    enum trundle_status status = slots_trust(&place->slots, &pinned, err);

    trust_free(pinned);
    if (status != TRUNDLE_NOT_FOUND)
        return status;
    (void)snprintf(path, sizeof path, "%s/" TRUST_FILE, dir);
    status = file_read(path, TRUST_BYTES_MAX, &file, err);
    if (status == TRUNDLE_OK)
        status = slots_trust_put(&place->slots, file.data, file.n, err);
    bytes_done(&file);
    return status == TRUNDLE_NOT_FOUND ? TRUNDLE_OK : status;
}

/* ---- what is said ---- */

struct said {
    struct outbox_record record[SAID];
    char key[SAID][OUTBOX_KEY];
    char *body[SAID];
    size_t n;
};

static void say(struct said *said, const char *sha256, const char *state, const char *why, const char *key)
{
    size_t i = said->n++;
    json_t *body = json_pack("{s:s, s:s, s:s}", "bundle", sha256, "state", state, "why", why);

    said->body[i] = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (key)
        (void)snprintf(said->key[i], sizeof said->key[i], "%s", key);
    said->record[i] = (struct outbox_record){ .kind = "install", .body = said->body[i], .t_ns = clock_wall_ns() + (int64_t)i, .key = key ? said->key[i] : NULL };
}

static enum trundle_status put(const char *dir, struct said *said, struct trundle_error *err)
{
    struct outbox *box = NULL;
    enum trundle_status status = TRUNDLE_OK;

    for (size_t i = 0; i < said->n; i++)
        if (!said->body[i])
            status = error_set(err, TRUNDLE_NO_MEMORY, "install record", NULL, "no memory, or a text is not UTF-8");
    if (status == TRUNDLE_OK && said->n)
        status = outbox_open(dir, OUTBOX_WRITE, &box, err);
    if (status == TRUNDLE_OK && said->n)
        status = outbox_put_all(box, said->record, said->n, NULL, err);
    outbox_close(box);
    for (size_t i = 0; i < said->n; i++)
        free(said->body[i]);
    return status;
}

/* What runs; `since`: a bundle about which something was said that is newer ("": none). */
static void say_running(struct said *said, const struct slots *s, const char *since)
{
    const struct slots_slot *slot = s->running >= 0 ? &s->slot[s->running] : NULL;
    const char *state;
    char key[OUTBOX_KEY];

    if (!slot)
        return;
    state = slot->state == SLOTS_GOOD ? "good" : s->starts ? "trial" : "installed";
    (void)snprintf(key, sizeof key, "install:%.16s:%s:%lld:%.16s", slot->sha256, state, (long long)slot->installed_ns, *since ? since : "-");
    say(said, slot->sha256, state, s->why, key);
}

static const char *say_left(struct said *said, const struct slots *s)
{
    const struct slots_slot *slot = &s->slot[s->running == 0 ? 1 : 0];
    char key[OUTBOX_KEY];

    if (s->running < 0 && s->slot[1].state == SLOTS_LEFT && (slot->state != SLOTS_LEFT || s->slot[1].installed_ns > slot->installed_ns))
        slot = &s->slot[1];
    if (slot->state != SLOTS_LEFT)
        return "";
    (void)snprintf(key, sizeof key, "install:%.16s:rolled_back:%lld", slot->sha256, (long long)slot->installed_ns);
    say(said, slot->sha256, "rolled_back", s->why, key);
    return slot->sha256;
}

enum trundle_status orders_report(const char *dir, const struct slots *s, struct trundle_error *err)
{
    struct said said = { .n = 0 };

    say_running(&said, s, say_left(&said, s));
    return put(dir, &said, err);
}

enum trundle_status orders_say_fetched(const char *dir, const char *sha256, struct trundle_error *err)
{
    struct said said = { .n = 0 };
    char key[OUTBOX_KEY];

    (void)snprintf(key, sizeof key, "install:%.64s:fetched", sha256);
    say(&said, sha256, "fetched", "", key);
    return put(dir, &said, err);
}

enum trundle_status orders_say_refused(const char *dir, const struct slots *s, const char *sha256, const char *why, struct trundle_error *err)
{
    struct said said = { .n = 0 };

    say(&said, sha256, "rolled_back", why, NULL);
    say_running(&said, s, "");
    if (said.n == 2)                       /* said before, but not since this refusal */
        said.record[1].key = NULL;
    return put(dir, &said, err);
}

/* ---- a start and its end ---- */

enum trundle_status orders_start(const char *dir, struct slots_start *out, struct trundle_error *err)
{
    struct slots_start start = { .fell_back = false };
    struct orders_place place;
    struct said said = { .n = 0 };
    enum trundle_status status;

    TRY(orders_place(dir, NULL, &place, err));
    if (access(place.folder, F_OK) != 0) {
        start.slots.running = start.slots.fallback = -1;
        *out = start;
        return TRUNDLE_OK;
    }
    TRY(slots_start(&place.slots, &start, err));
    *out = start;                          /* from here on that runs, whatever can be said of it */
    TRY(orders_report(dir, &start.slots, err));
    for (int i = 0; i < 2; i++)
        if (start.fell_back && start.slots.slot[i].state == SLOTS_LEFT && !strcmp(start.slots.slot[i].sha256, start.left))
            return TRUNDLE_OK;             /* is said */
    if (!start.fell_back || !start.left[0])
        return TRUNDLE_OK;
    say(&said, start.left, "rolled_back", start.slots.why, NULL);      /* a good one whose files are damaged: its slot is empty now */
    say_running(&said, &start.slots, start.left);
    status = put(dir, &said, err);
    return status;
}

enum trundle_status orders_good(const char *dir, const char *sha256, struct trundle_error *err)
{
    struct orders_place place;
    struct slots s;

    if (!*sha256)
        return TRUNDLE_OK;
    TRY(orders_place(dir, NULL, &place, err));
    TRY(slots_read(&place.slots, &s, err));
    if (s.running < 0 || strcmp(s.slot[s.running].sha256, sha256) != 0)      /* left meanwhile; what came instead has to prove itself */
        return TRUNDLE_OK;
    TRY(slots_good(&place.slots, &s, err));
    return orders_report(dir, &s, err);
}
