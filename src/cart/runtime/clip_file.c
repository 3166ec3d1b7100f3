/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A clip out of the ring, sealed; in the clear it is in memory only. */
#include "cart/runtime/clip_file.h"

#include "base/std/time.h"
#include "cart/calib/cart_file.h"
#include "cart/capture/still.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY "/dev/shm"                  /* a file system that no power cut survives */

void clip_file_unchecked(const void *cart_json, size_t n, bool out[TRUNDLE_CAMERAS_MAX])
{
    struct cart_file *cart = malloc(sizeof *cart);

    for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        out[i] = true;
    if (cart && cart_file_parse(cart_json, n, "cart file", cart, NULL) == TRUNDLE_OK)
        for (int i = 0; i < cart->cameras_n; i++) {
            struct still *still = NULL;

            out[i] = cart->camera[i].role != CART_CAMERA_SCANNER && still_new(&cart->camera[i], &cart->basket, &still, NULL) != TRUNDLE_OK;
            still_free(still);
        }
    free(cart);
}

static enum trundle_status copy_messages(const struct clip_cut *cut, struct trip_writer *w, bool *out_short, struct trundle_error *err)
{
    uint64_t at, end, written = 0;
    bool cut_short;

    (void)pthread_mutex_lock(cut->lock);
    at = ring_find(cut->ring, cut->want->t0_ns);
    end = ring_find(cut->ring, cut->want->t1_ns + 1);
    cut_short = at == ring_begin(cut->ring) && at > 0;
    (void)pthread_mutex_unlock(cut->lock);
    for (; at < end; at++) {
        struct trundle_message m;
        enum trundle_status status;

        (void)pthread_mutex_lock(cut->lock);
        status = ring_get(cut->ring, at, &m, cut->room, cut->room_bytes);
        if (status == TRUNDLE_NOT_FOUND) {         /* the loop went on, and the ring gave way */
            uint64_t begin = ring_begin(cut->ring);

            cut_short = true;
            at = (begin > at ? begin : at + 1) - 1;
        }
        (void)pthread_mutex_unlock(cut->lock);
        if (status != TRUNDLE_OK || (m.channel == TRUNDLE_CAM && m.sensor < TRUNDLE_CAMERAS_MAX && cut->left_out[m.sensor]))
            continue;
        TRY(trip_write(w, &m, err));
        written++;
    }
    *out_short = cut_short;
    if (!written)
        return error_set(err, TRUNDLE_NOT_FOUND, "clip", "give the ring more bytes", "the ring holds nothing of it any more");
    return TRUNDLE_OK;
}

static char *about(const struct clip_cut *cut)
{
    json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:I, s:I, s:f, s:I}", "cart", cut->cart, "trip", cut->trip, "trigger", cut->trigger->name, "purpose",
                             cut->trigger->purpose, "keep_days", cut->trigger->keep_days, "t0_s", ns_s(cut->want->t0_ns), "t1_s", ns_s(cut->want->t1_ns), "moment_s",
                             ns_s(cut->want->t_ns), "decision", (json_int_t)cut->want->decision, "event", (json_int_t)cut->want->event, "worth", cut->worth, "moments",
                             (json_int_t)cut->want->moments);
    char *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;

    json_decref(root);
    return text;
}

static enum trundle_status fill_plain(const struct clip_cut *cut, const char *json, struct trip_writer *w, bool *out_short, struct trundle_error *err)
{
    struct trip_writer *whole;
    enum trundle_status status;

    TRY_GOTO(status, trip_attach(w, TRIP_CART_JSON, "application/json", cut->cart_json, cut->cart_json_n, err), out);
    TRY_GOTO(status, trip_attach(w, CLIP_JSON, "application/json", json, strlen(json), err), out);
    TRY_GOTO(status, copy_messages(cut, w, out_short, err), out);
    whole = w;
    w = NULL;
    status = trip_finish(whole, err);
out:
    trip_abandon(w);
    return status;
}

/* The clip in the clear, below `place`: in a folder that is ours alone, and without a name before the first message is in it, so that neither a kill nor a power cut leaves
 * it. *out_fd is the caller's. */
static enum trundle_status write_plain(const struct clip_cut *cut, const char *json, const char *place, int *out_fd, bool *out_short, struct trundle_error *err)
{
    struct trip_writer_config config = TRIP_WRITER_CONFIG_DEFAULT;
    struct trip_writer *w = NULL;
    char folder[1400], path[1420];
    enum trundle_status status;
    int fd;

    if ((size_t)snprintf(folder, sizeof folder, "%s/draft-XXXXXX", place) >= sizeof folder || !mkdtemp(folder))
        return error_set(err, TRUNDLE_IO, place, NULL, "cannot make a folder: %s", strerror(errno));
    (void)snprintf(path, sizeof path, "%s/plain", folder);
    status = trip_create(path, cut->head, &config, &w, err);
    fd = status == TRUNDLE_OK ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (status == TRUNDLE_OK && fd < 0)
        status = error_set(err, TRUNDLE_IO, path, NULL, "cannot be opened: %s", strerror(errno));
    (void)unlink(path);
    (void)rmdir(folder);
    if (status == TRUNDLE_OK)
        status = fill_plain(cut, json, w, out_short, err);
    else
        trip_abandon(w);
    if (status == TRUNDLE_OK)
        *out_fd = fd;
    else if (fd >= 0)
        (void)close(fd);
    return status;
}

static enum trundle_status seal(const struct clip_cut *cut, const char *json, int plain, const char *sealed, struct trundle_error *err)
{
    struct seal_header header = { .keep_days = cut->trigger->keep_days, .t0_s = ns_s(cut->want->t0_ns), .t1_s = ns_s(cut->want->t1_ns), .extra = json };
    struct seal_writer *w = NULL;
    enum trundle_status status;
    uint8_t block[SEAL_CHUNK];
    ssize_t n;

    (void)snprintf(header.cart, sizeof header.cart, "%s", cut->cart);
    (void)snprintf(header.trip, sizeof header.trip, "%s", cut->trip);
    (void)snprintf(header.trigger, sizeof header.trigger, "%s", cut->trigger->name);
    (void)snprintf(header.purpose, sizeof header.purpose, "%s", cut->trigger->purpose);
    TRY_GOTO(status, seal_write_file(cut->seal_key, &header, sealed, &w, err), out);
    while ((n = read(plain, block, sizeof block)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            status = error_set(err, TRUNDLE_IO, sealed, NULL, "the clip cannot be read: %s", strerror(errno));
            goto out;
        }
        TRY_GOTO(status, seal_write_add(w, block, (size_t)n, err), out);
    }
    status = seal_write_finish(w, err);
out:
    seal_write_free(w);
    return status;
}

enum trundle_status clip_file_write(struct outbox *box, const struct clip_cut *cut, struct outbox_clip *clip, char *draft, size_t draft_size, bool *out_short,
                                    struct trundle_error *err)
{
    char sealed[1400], folder[1400], *json = about(cut);
    enum trundle_status status;
    int plain = -1;

    if (!json)
        return error_set(err, TRUNDLE_NO_MEMORY, "clip", NULL, "no memory");
    outbox_clip_draft(box, sealed, sizeof sealed);
    status = write_plain(cut, json, MEMORY, &plain, out_short, err);
    if (status == TRUNDLE_IO) {            /* there is none, or it is full: the folder where the sealed one will be */
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(sealed, '/') - sealed), sealed);
        status = write_plain(cut, json, folder, &plain, out_short, err);
    }
    if (status == TRUNDLE_OK)
        status = seal(cut, json, plain, sealed, err);
    if (plain >= 0)
        (void)close(plain);
    free(json);
    if (status != TRUNDLE_OK) {
        (void)unlink(sealed);
        return status;
    }
    memset(clip, 0, sizeof *clip);
    (void)snprintf(clip->trip, sizeof clip->trip, "%s", cut->trip);
    (void)snprintf(clip->trigger, sizeof clip->trigger, "%s", cut->trigger->name);
    (void)snprintf(clip->purpose, sizeof clip->purpose, "%s", cut->trigger->purpose);
    clip->t_ns = cut->head->start_wall_ns + cut->want->t_ns;
    clip->keep_days = cut->trigger->keep_days;
    clip->t0_s = ns_s(cut->want->t0_ns);
    clip->t1_s = ns_s(cut->want->t1_ns);
    clip->moment_s = ns_s(cut->want->t_ns);
    clip->worth = cut->worth;
    clip->decision = cut->want->decision;
    (void)snprintf(draft, draft_size, "%s", sealed);
    return TRUNDLE_OK;
}
