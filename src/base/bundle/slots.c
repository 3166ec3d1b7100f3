/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The two slots of a cart: install, start, good, roll back (slots.h). */
#include "base/bundle/slots_inside.h"
#include "base/std/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { STATE_BYTES_MAX = 64 << 10, LOCK_TRIES = 200 };

static const char *const slot_name[2] = { "a", "b" };

static enum trundle_status path_in(const struct slots_config *config, const char *name, char out[SLOTS_PATH], struct trundle_error *err)
{
    return disk_path(out, SLOTS_PATH, err, "%s/%s", config->folder, name);
}

/* The folder, and the lock on it. */
static enum trundle_status lock(const struct slots_config *config, int *out_fd, struct trundle_error *err)
{
    char path[SLOTS_PATH];
    int fd;

    TRY(path_in(config, "lock", path, err));
    TRY(disk_folder(config->folder, 0755, err));       /* for good: a keyring that a cart pinned must not go with a folder that was never synced */
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_set(err, TRUNDLE_IO, path, "is the folder writable?", "cannot open: %s", strerror(errno));
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        if (i == LOCK_TRIES || (errno != EWOULDBLOCK && errno != EINTR)) {
            (void)close(fd);
            return error_set(err, TRUNDLE_IO, path, "another program installs or starts; try again", "cannot get the lock");
        }
        clock_sleep_until_ns(clock_mono_ns() + 50 * NS_PER_MS);
    }
    *out_fd = fd;
    return TRUNDLE_OK;
}

enum trundle_status slots_read(const struct slots_config *config, struct slots *out, struct trundle_error *err)
{
    char path[SLOTS_PATH];
    struct bytes b = { 0 };
    enum trundle_status status;

    TRY(path_in(config, "slots.json", path, err));
    status = file_read(path, STATE_BYTES_MAX, &b, err);
    if (status == TRUNDLE_NOT_FOUND) {
        *out = (struct slots){ .running = -1, .fallback = -1 };
        return TRUNDLE_OK;
    }
    if (status == TRUNDLE_OK)
        status = slots_parse(b.data, b.n, path, out, err);
    bytes_done(&b);
    return status;
}

static enum trundle_status replace(const struct slots_config *config, const char *name, const void *data, size_t n, struct trundle_error *err)
{
    char path[SLOTS_PATH], temporary[SLOTS_PATH + 4];

    TRY(path_in(config, name, path, err));
    (void)snprintf(temporary, sizeof temporary, "%s.new", path);
    return disk_put(path, temporary, 0644, data, n, err);
}

static enum trundle_status store(const struct slots_config *config, struct slots *s, struct trundle_error *err)
{
    struct bytes text = { 0 };
    enum trundle_status status;

    slots_derive(s);
    status = slots_json(s, &text);
    if (status != TRUNDLE_OK)
        (void)error_set(err, status, config->folder, NULL, "no memory for slots.json");
    else
        status = replace(config, "slots.json", text.data, text.n, err);
    bytes_done(&text);
    return status;
}

static bool was_left(const struct slots *s, const char *sha256)
{
    for (size_t i = 0; i < s->left_n; i++)
        if (!strcmp(s->left[i], sha256))
            return true;
    return false;
}

/* Leaves the running slot for the other one, if that was good. */
static void leave(struct slots *s, enum slots_state state, const char *why)
{
    struct slots_slot *slot = &s->slot[s->running];
    int other = 1 - s->running;

    if (state == SLOTS_LEFT && !was_left(s, slot->sha256)) {
        if (s->left_n == SLOTS_LEFT_MAX)
            memmove(s->left[0], s->left[1], sizeof s->left[0] * --s->left_n);
        memcpy(s->left[s->left_n++], slot->sha256, sizeof slot->sha256);
    }
    slot->state = state;
    s->running = s->slot[other].state == SLOTS_GOOD ? other : -1;
    s->starts = 0;
    (void)snprintf(s->why, sizeof s->why, "%s", why);
    slots_derive(s);
}

static enum trundle_status refused(const char *path, enum bundle_refusal why, enum bundle_refusal *out_why, struct trundle_error *err, const char *hint, const char *what)
{
    return bundle_refuse(path, why, out_why, err, hint, "%s", what);
}

/* Is a verified bundle one that this cart takes? *out_same: it runs already. */
static enum trundle_status check_history(const struct slots *s, const char *path, const char *sha256, int64_t serial, bool *out_same, enum bundle_refusal *out_why,
                                         struct trundle_error *err)
{
    char what[120];

    *out_same = s->running >= 0 && !strcmp(s->slot[s->running].sha256, sha256);
    if (*out_same)
        return TRUNDLE_OK;
    if (was_left(s, sha256))
        return refused(path, BUNDLE_ROLLED_BACK, out_why, err, "a fix needs a new serial", "it did not work here, or was called back");
    if (serial <= s->floor && strcmp(sha256, s->floor_sha256) != 0) {
        (void)snprintf(what, sizeof what, "its serial is %lld, serial %lld was good here", (long long)serial, (long long)s->floor);
        return refused(path, BUNDLE_OLDER, out_why, err, "build it with a higher serial", what);
    }
    if (s->running >= 0 && s->slot[s->running].state == SLOTS_TRIAL)
        return refused(path, BUNDLE_BUSY, out_why, err, "good or rollback first", "the other slot holds what it would fall back to");
    return TRUNDLE_OK;
}

static enum trundle_status fill_slot(const struct slots_config *config, struct slots *s, int to, struct bundle *b, struct trundle_error *err)
{
    char path[SLOTS_PATH];

    TRY(path_in(config, slot_name[to], path, err));
    if (s->slot[to].state != SLOTS_EMPTY || s->slot[to].sha256[0]) {      /* from here on nobody may fall back to what stood there */
        s->slot[to] = (struct slots_slot){ .state = SLOTS_EMPTY };
        TRY(store(config, s, err));
    }
    TRY(disk_tree_remove(path, err));
    TRY(disk_folder(path, 0755, err));
    return bundle_extract(b, path, err);
}

static enum trundle_status install(const struct slots_config *config, struct bundle *b, const char *path, struct slots *s, enum bundle_refusal *out_why, struct trundle_error *err)
{
    struct bundle_about about = bundle_about(b);
    struct slots_slot slot = { .state = SLOTS_TRIAL, .serial = about.serial, .installed_ns = config->now_ns };
    int to = s->running == 0 ? 1 : 0;
    bool same;

    TRY(bundle_sha256(b, slot.sha256, err));
    TRY(bundle_manifest_sha256(b, slot.manifest_sha256, err));
    TRY(check_history(s, path, slot.sha256, slot.serial, &same, out_why, err));
    if (same)
        return TRUNDLE_OK;
    (void)snprintf(slot.name, sizeof slot.name, "%s", about.name);
    if (out_why)
        *out_why = BUNDLE_UNREADABLE;
    TRY(fill_slot(config, s, to, b, err));
    s->slot[to] = slot;
    s->running = to;
    s->starts = 0;
    (void)snprintf(s->why, sizeof s->why, "%s was installed", slot.name);
    return store(config, s, err);
}

enum trundle_status slots_install(const struct slots_config *config, const char *bundle_path, struct slots *out, enum bundle_refusal *out_why, struct trundle_error *err)
{
    struct bundle_want want = { .hardware = config->hardware };
    struct trust *trust = NULL;
    struct bundle *b = NULL;
    struct slots s;
    enum bundle_refusal why = BUNDLE_UNREADABLE;
    enum trundle_status status;
    int lock_fd = -1;

    if (!config->hardware)
        return error_set(err, TRUNDLE_BAD_ARG, config->folder, "name the cart's hardware", "nothing is installed on unknown hardware");
    TRY_GOTO(status, lock(config, &lock_fd, err), out);
    TRY_GOTO(status, slots_read(config, &s, err), out);
    status = slots_trust(config, &trust, err);
    if (status == TRUNDLE_NOT_FOUND)
        status = bundle_refuse(config->folder, BUNDLE_UNKNOWN_KEY, &why, err, "trundle cart join, or trundle cart install --trust FILE", "there is no keyring yet");
    if (status != TRUNDLE_OK)
        goto out;
    TRY_GOTO(status, bundle_open(bundle_path, &b, &why, err), out);
    TRY_GOTO(status, bundle_verify(b, trust, &want, &why, err), out);
    TRY_GOTO(status, install(config, b, bundle_path, &s, &why, err), out);
    why = BUNDLE_NONE;
    if (out)
        *out = s;
out:
    if (out_why)
        *out_why = why;
    bundle_close(b);
    trust_free(trust);
    if (lock_fd >= 0)
        (void)close(lock_fd);
    return status;
}

/* True: the running slot may run. False: *why says why not; *damaged: its files are to blame, not the bundle. */
static bool may_run(const struct slots_config *config, const struct slots *s, bool *damaged, char *why, size_t size)
{
    const struct slots_slot *slot = &s->slot[s->running];
    int most = config->starts_max > 0 ? config->starts_max : SLOTS_STARTS_MAX;
    struct trundle_error err = { .status = TRUNDLE_OK };
    char path[SLOTS_PATH], text[400];

    *damaged = false;
    if (slot->state == SLOTS_TRIAL && s->starts >= most) {
        (void)snprintf(why, size, "%s: %d starts, and it was never good", slot->name, s->starts);
        return false;
    }
    if (path_in(config, slot_name[s->running], path, &err) == TRUNDLE_OK && bundle_check_folder(path, slot->manifest_sha256, &err) == TRUNDLE_OK)
        return true;
    *damaged = true;
    (void)snprintf(why, size, "%s: its files are damaged: %s", slot->name, error_text(&err, text, sizeof text));
    return false;
}

static enum trundle_status start(const struct slots_config *config, struct slots_start *out, struct trundle_error *err)
{
    struct slots *s = &out->slots;
    char why[sizeof s->why];
    bool damaged, fell_back = false;

    TRY(slots_read(config, s, err));
    while (s->running >= 0 && !may_run(config, s, &damaged, why, sizeof why)) {
        if (!fell_back) {
            memcpy(out->left, s->slot[s->running].sha256, sizeof out->left);
            memcpy(out->left_name, s->slot[s->running].name, sizeof out->left_name);
        }
        fell_back = true;
        leave(s, damaged && s->slot[s->running].state == SLOTS_GOOD ? SLOTS_EMPTY : SLOTS_LEFT, why);
    }
    out->fell_back = fell_back;
    if (s->running >= 0 && s->slot[s->running].state == SLOTS_TRIAL)
        s->starts++;
    else if (!fell_back)
        return TRUNDLE_OK;
    return store(config, s, err);
}

enum trundle_status slots_start(const struct slots_config *config, struct slots_start *out, struct trundle_error *err)
{
    struct slots_start result = { .fell_back = false };
    char name[16];
    enum trundle_status status;
    int lock_fd;

    TRY(lock(config, &lock_fd, err));
    status = start(config, &result, err);
    (void)close(lock_fd);
    TRY(status);
    if (result.slots.running >= 0) {
        (void)snprintf(name, sizeof name, "%s/model", slot_name[result.slots.running]);
        TRY(path_in(config, name, result.model, err));
    }
    *out = result;
    return TRUNDLE_OK;
}

enum trundle_status slots_good(const struct slots_config *config, struct slots *out, struct trundle_error *err)
{
    struct slots s;
    enum trundle_status status;
    int lock_fd;

    TRY(lock(config, &lock_fd, err));
    TRY_GOTO(status, slots_read(config, &s, err), out);
    if (s.running >= 0 && s.slot[s.running].state == SLOTS_TRIAL) {
        struct slots_slot *slot = &s.slot[s.running];

        slot->state = SLOTS_GOOD;
        s.starts = 0;
        if (slot->serial > s.floor) {
            s.floor = slot->serial;
            memcpy(s.floor_sha256, slot->sha256, sizeof s.floor_sha256);
        }
        (void)snprintf(s.why, sizeof s.why, "%s is good", slot->name);
        TRY_GOTO(status, store(config, &s, err), out);
    }
    if (out)
        *out = s;
out:
    (void)close(lock_fd);
    return status;
}

enum trundle_status slots_rollback(const struct slots_config *config, const char *why, struct slots *out, struct trundle_error *err)
{
    struct slots s;
    enum trundle_status status;
    int lock_fd;

    TRY(lock(config, &lock_fd, err));
    TRY_GOTO(status, slots_read(config, &s, err), out);
    if (s.running < 0) {
        status = error_set(err, TRUNDLE_CONFLICT, config->folder, NULL, "the built-in model runs; there is nothing to leave");
        goto out;
    }
    leave(&s, SLOTS_LEFT, why && *why ? why : "rolled back by hand");
    TRY_GOTO(status, store(config, &s, err), out);
    if (out)
        *out = s;
out:
    (void)close(lock_fd);
    return status;
}

enum slots_next slots_next(const struct slots *s, const char *wanted, int64_t serial, const char *called_back)
{
    const char *running = s->running >= 0 ? s->slot[s->running].sha256 : "";

    if (called_back && *called_back && !strcmp(called_back, running))
        return SLOTS_ROLL_BACK;
    if (!wanted || !*wanted || !strcmp(wanted, running))
        return SLOTS_STAY;
    if (was_left(s, wanted))
        return SLOTS_CANNOT;
    if (s->fallback >= 0 && !strcmp(wanted, s->slot[s->fallback].sha256))
        return SLOTS_ROLL_BACK;
    if (serial <= s->floor && strcmp(wanted, s->floor_sha256) != 0)
        return SLOTS_CANNOT;
    return s->running >= 0 && s->slot[s->running].state == SLOTS_TRIAL ? SLOTS_STAY : SLOTS_FETCH;
}

enum trundle_status slots_trust(const struct slots_config *config, struct trust **out, struct trundle_error *err)
{
    char path[SLOTS_PATH];

    TRY(path_in(config, "trust.json", path, err));
    return trust_read(path, out, err);
}

enum trundle_status slots_trust_put(const struct slots_config *config, const void *bytes, size_t n, struct trundle_error *err)
{
    struct trust *now = NULL, *next = NULL;
    enum trundle_status status;
    int lock_fd;

    TRY(lock(config, &lock_fd, err));
    TRY_GOTO(status, trust_parse(bytes, n, "keyring", &next, err), out);
    status = slots_trust(config, &now, err);
    if (status == TRUNDLE_OK)
        status = trust_follows(now, next, err);
    else if (status == TRUNDLE_NOT_FOUND)
        status = TRUNDLE_OK;
    if (status == TRUNDLE_OK && (!now || trust_serial(next) > trust_serial(now)))
        status = replace(config, "trust.json", bytes, n, err);
out:
    trust_free(now);
    trust_free(next);
    (void)close(lock_fd);
    return status;
}
