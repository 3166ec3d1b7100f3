/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The player: a trip or a clip as one time line, and its frames. A clip is opened once for each who looks, which the access log has, and its content stays in
 * memory (a file without a name) for some minutes, for its frames; nothing of it is written to the disk.
 */
#include "base/std/time.h"
#include "hub/server/inside.h"
#include "hub/watch/timeline.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIP_PART = 8 << 20, FD_PATH = 40 };
#define SEES (ENGINEER | AUDITOR | ADMIN)

/* ---- clips that are being looked at ---- */

static void forget(struct open_clip *c)
{
    if (c->sha256[0] && c->fd >= 0)
        (void)close(c->fd);
    c->sha256[0] = '\0';
}

void open_clips_close(struct open_clips *all)
{
    for (size_t i = 0; i < OPEN_CLIPS; i++)
        forget(&all->clip[i]);
    (void)pthread_mutex_destroy(&all->lock);
}

/* A file that nobody can find: made under a random name that goes at once. */
static int nameless(struct trundle_error *err)
{
    char name[48];
    int fd;

    (void)snprintf(name, sizeof name, "/trundle-%08x%08x%08x", randombytes_random(), randombytes_random(), randombytes_random());
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        (void)error_set(err, TRUNDLE_IO, "clip", NULL, "no memory for its content");
    else
        (void)shm_unlink(name);
    return fd;
}

static enum trundle_status pour(struct seal_reader *reader, int fd, struct trundle_error *err)
{
    const void *piece;
    size_t n;
    enum trundle_status status;

    while ((status = seal_open_next(reader, &piece, &n, err)) == TRUNDLE_OK)
        for (size_t done = 0; done < n;) {
            ssize_t wrote = write(fd, (const char *)piece + done, n - done);

            if (wrote <= 0)
                return error_set(err, TRUNDLE_IO, "clip", NULL, "no memory for its content");
            done += (size_t)wrote;
        }
    return status == TRUNDLE_END ? TRUNDLE_OK : status;
}

static struct open_clip *opened(struct open_clips *all, const char *sha256, const char *who, int64_t now_ns)
{
    struct open_clip *found = NULL;

    for (size_t i = 0; i < OPEN_CLIPS; i++) {
        if (all->clip[i].sha256[0] && all->clip[i].until_ns < now_ns)
            forget(&all->clip[i]);
        if (strcmp(all->clip[i].sha256, sha256) == 0 && strcmp(all->clip[i].who, who) == 0)
            found = &all->clip[i];
    }
    return found;
}

/* In the place of what ends first. `fd` is copied. */
static void remember(struct open_clips *all, const char *sha256, const char *who, int fd, int64_t now_ns)
{
    struct open_clip *c;

    (void)pthread_mutex_lock(&all->lock);
    c = &all->clip[0];
    for (size_t i = 1; i < OPEN_CLIPS; i++)
        if (!all->clip[i].sha256[0] || (c->sha256[0] && all->clip[i].until_ns < c->until_ns))
            c = &all->clip[i];
    forget(c);
    c->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    c->until_ns = now_ns + OPEN_CLIP_MIN * 60 * NS_PER_S;
    (void)snprintf(c->who, sizeof c->who, "%s", who);
    if (c->fd >= 0 || fd < 0)
        (void)snprintf(c->sha256, sizeof c->sha256, "%s", sha256);
    (void)pthread_mutex_unlock(&all->lock);
}

void open_clips_tidy(struct server *s)
{
    struct open_clips *all = &s->opened;
    int64_t now_ns = server_now(s);
    struct depot_clip there;

    (void)pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < OPEN_CLIPS; i++) {
        struct open_clip *c = &all->clip[i];

        if (c->sha256[0] && (c->until_ns < now_ns || depot_clip_get(s->depot, c->sha256, &there, NULL) != TRUNDLE_OK || there.state != DEPOT_CLIP_HERE))
            forget(c);
    }
    (void)pthread_mutex_unlock(&all->lock);
}

/* A descriptor of the clip's content, the caller's. `why` NULL: only if it is open. */
static enum trundle_status clip_fd(struct ask *ask, const char *why, int *out_fd, struct trundle_error *err)
{
    struct open_clips *all = &ask->server->opened;
    const char *sha256 = ask->http->part[0];
    struct seal_reader *reader = NULL;
    struct depot_clip there;
    struct open_clip *c;
    enum trundle_status status;
    int fd = -1;

    TRY(depot_sha_check(sha256, "clip", err));
    TRY(depot_clip_get(ask->server->depot, sha256, &there, err));
    if (there.state == DEPOT_CLIP_DELETED)     /* also when it is still open */
        return error_set(err, TRUNDLE_NOT_FOUND, sha256, "GET its receipt says when and why", "was deleted");
    (void)pthread_mutex_lock(&all->lock);
    c = opened(all, sha256, ask->caller->who, ask->now_ns);
    if (c)
        fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
    (void)pthread_mutex_unlock(&all->lock);
    if (fd >= 0) {
        *out_fd = fd;
        return TRUNDLE_OK;
    }
    if (!why || !*why || strlen(why) >= DEPOT_TEXT)
        return error_set(err, TRUNDLE_BAD_INPUT, "why", "?why=what it is looked at for", "every look is logged with its reason");
    TRY(depot_clip_open(ask->server->depot, sha256, ask->caller->who, why, ask->now_ns, &reader, err));
    fd = nameless(err);
    status = fd < 0 ? TRUNDLE_IO : pour(reader, fd, err);
    seal_open_free(reader);
    if (status != TRUNDLE_OK) {
        if (fd >= 0)
            (void)close(fd);
        return status;
    }
    remember(all, sha256, ask->caller->who, fd, ask->now_ns);
    *out_fd = fd;
    return TRUNDLE_OK;
}

static const char *fd_path(int fd, char out[FD_PATH])
{
    (void)snprintf(out, FD_PATH, "/proc/self/fd/%d", fd);
    return out;
}

/* As recorded, or as the bundle of ?model= would have decided. */
static enum trundle_status timeline(struct ask *ask, const char *path, struct trundle_error *err)
{
    const char *model = http_query(ask->http, "model");
    struct mind mind = { 0 };
    struct timeline_mind texts;
    enum trundle_status status;

    if (!model || !*model)
        return timeline_json(path, &ask->answer, err);
    TRY(mind_open(ask->server, model, &mind, err));
    texts = (struct timeline_mind){ { (const char *)mind.fuse.data, mind.fuse.n }, { (const char *)mind.costs.data, mind.costs.n } };
    status = timeline_mind_json(path, &texts, &ask->answer, err);
    mind_done(&mind);
    return status;
}

static enum trundle_status frame(struct ask *ask, struct http_reply *reply, const char *path, const char *camera, const char *number, struct trundle_error *err)
{
    int64_t c, n;

    TRY(ask_number(camera, "camera", 0, 63, &c, err));
    TRY(ask_number(number, "frame", 0, INT32_MAX, &n, err));
    reply->type = "image/jpeg";
    (void)ask;
    return timeline_frame(path, (unsigned)c, (size_t)n, &reply->body, err);
}

static enum trundle_status clip_timeline(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char path[FD_PATH];
    enum trundle_status status;
    int fd;

    (void)reply;
    TRY(clip_fd(ask, http_query(ask->http, "why"), &fd, err));
    status = timeline(ask, fd_path(fd, path), err);
    (void)close(fd);
    return status;
}

static enum trundle_status clip_frame(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char path[FD_PATH];
    enum trundle_status status;
    int fd;

    TRY(clip_fd(ask, http_query(ask->http, "why"), &fd, err));
    status = frame(ask, reply, fd_path(fd, path), ask->http->part[1], ask->http->part[2], err);
    (void)close(fd);
    return status;
}

/* ---- whole trips ---- */

static enum trundle_status trip_file(struct ask *ask, char out_sha256[DEPOT_SHA], char *out_path, size_t size, struct trundle_error *err)
{
    struct depot_trip trip;

    TRY(depot_name_check(ask->http->part[0], "cart", err));
    TRY(depot_name_check(ask->http->part[1], "trip", err));
    TRY(depot_trip_get(ask->server->depot, ask->http->part[0], ask->http->part[1], &trip, err));
    if (!trip.file[0])
        return error_set(err, TRUNDLE_NOT_FOUND, "trip", "its clips may be here", "its file was not handed in");
    (void)snprintf(out_path, size, "%s/blob/%.2s/%s", depot_folder(ask->server->depot), trip.file, trip.file);
    memcpy(out_sha256, trip.file, sizeof trip.file);
    return TRUNDLE_OK;
}

/* In the access log before anything is given. `once`: not again for a while, since a look at a trip is many frames. */
static enum trundle_status trip_look(struct ask *ask, const char *act, const char *sha256, bool once, struct trundle_error *err)
{
    struct open_clips *all = &ask->server->looked;
    char ref[2 * DEPOT_NAME];
    bool known;

    (void)pthread_mutex_lock(&all->lock);
    known = opened(all, sha256, ask->caller->who, ask->now_ns) != NULL;
    (void)pthread_mutex_unlock(&all->lock);
    if (known && once)
        return TRUNDLE_OK;
    (void)snprintf(ref, sizeof ref, "%s/%s", ask->http->part[0], ask->http->part[1]);
    TRY(ask_log(ask, act, "trip", ref, "", err));
    if (!known)
        remember(all, sha256, ask->caller->who, -1, ask->now_ns);
    return TRUNDLE_OK;
}

static enum trundle_status trip_timeline(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char path[1200], sha256[DEPOT_SHA];

    (void)reply;
    TRY(trip_file(ask, sha256, path, sizeof path, err));
    TRY(trip_look(ask, "trip_timeline", sha256, false, err));
    return timeline(ask, path, err);
}

static enum trundle_status trip_frame(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char path[1200], sha256[DEPOT_SHA];

    TRY(trip_file(ask, sha256, path, sizeof path, err));
    TRY(trip_look(ask, "trip_frame", sha256, true, err));
    return frame(ask, reply, path, ask->http->part[2], ask->http->part[3], err);
}

static enum trundle_status trip_get(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char path[1200], sha256[DEPOT_SHA];

    TRY(trip_file(ask, sha256, path, sizeof path, err));
    if (strlen(path) >= sizeof reply->path)
        return error_set(err, TRUNDLE_TOO_LARGE, "trip", NULL, "its path is too long");
    TRY(trip_look(ask, "trip_get", sha256, false, err));
    memcpy(reply->path, path, strlen(path) + 1);
    (void)snprintf(reply->tag, sizeof reply->tag, "%s", sha256);
    (void)snprintf(reply->save_as, sizeof reply->save_as, "%s_%s.mcap", ask->http->part[0], ask->http->part[1]);
    reply->type = "application/octet-stream";
    return TRUNDLE_OK;
}

static enum trundle_status trip_put(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct depot_trip trip = { .started_ns = ask->now_ns, .ended_ns = ask->now_ns };    /* until a record of the cart says when */
    struct upload upload;
    char name[2 * DEPOT_NAME + 8];
    int64_t bytes = 0;
    enum trundle_status status;

    (void)reply;
    TRY(depot_name_check(ask->http->part[0], "cart", err));
    TRY(depot_name_check(ask->http->part[1], "trip", err));
    status = depot_trip_get(ask->server->depot, ask->http->part[0], ask->http->part[1], &trip, err);
    if (status != TRUNDLE_OK && status != TRUNDLE_NOT_FOUND)
        return status;
    (void)snprintf(trip.cart, sizeof trip.cart, "%s", ask->http->part[0]);
    (void)snprintf(trip.trip, sizeof trip.trip, "%s", ask->http->part[1]);
    (void)snprintf(name, sizeof name, "trip,%s,%s", trip.cart, trip.trip);
    TRY(upload_part(ask, name, &upload, err));
    if (upload.whole) {
        status = depot_blob_put_file(ask->server->depot, upload.path, trip.file, &bytes, err);
        if (status == TRUNDLE_OK)
            status = depot_trip_file(ask->server->depot, &trip, ask->now_ns, err);
    } else {
        status = TRUNDLE_OK;
    }
    upload_end(&upload, upload.whole);
    if (status == TRUNDLE_OK)
        ask->answer = json_pack("{s:I, s:s}", "have", (json_int_t)upload.have, "sha256", upload.whole ? trip.file : "");
    return status;
}

const struct server_route player_routes[] = {
    { .method = "GET", .path = "/api/v1/clips/{clip}/timeline", .who = SEES, .id = "clip_timeline", .text = "a clip as one time line; the look and its reason are in the access log first; with a model: as that bundle would have decided",
      .query = "why?:text model?:text", .gives = "trip:object cells:object cameras:array decisions:array", .run = clip_timeline },
    { .method = "GET", .path = "/api/v1/clips/{clip}/frames/{camera}/{frame}", .who = SEES, .id = "clip_frame", .text = "a frame of a clip, for ten minutes after its time line without a reason of its own",
      .query = "why?:text", .answer = "image/jpeg", .run = clip_frame },
    { .method = "GET", .path = "/api/v1/trips/{cart}/{trip}/timeline", .who = SEES, .id = "trip_timeline", .text = "a trip whose file was handed in, as one time line; the look is logged; with a model: as that bundle would have decided",
      .query = "model?:text", .gives = "trip:object cells:object cameras:array decisions:array", .run = trip_timeline },
    { .method = "GET", .path = "/api/v1/trips/{cart}/{trip}/frames/{camera}/{frame}", .who = SEES, .id = "trip_frame", .text = "a frame of a trip; the look is logged, once in ten minutes", .answer = "image/jpeg", .run = trip_frame },
    { .method = "GET", .path = "/api/v1/trips/{cart}/{trip}/file", .who = SEES, .id = "trip_get", .text = "the file of a trip, with Range; the look is logged", .answer = "application/octet-stream",
      .run = trip_get },
    { .method = "PUT", .path = "/api/v1/trips/{cart}/{trip}/file", .who = ENGINEER | ADMIN, .id = "trip_put", .text = "a part of a trip file of size bytes, from offset on",
      .query = "offset:integer size:integer", .body = "application/octet-stream", .body_max = TRIP_PART, .gives = "have:integer sha256:text", .run = trip_put },
};
const size_t player_routes_n = COUNT_OF(player_routes);
