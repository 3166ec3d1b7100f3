/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The player: a trip or a clip as one time line, and its frames. It is opened once for each who looks, which the access log has, and its content stays in
 * memory (a file without a name) for some minutes, for its frames; nothing of it is written to the disk. Here trip files come in and are deleted, too.
 */
#include "base/std/time.h"
#include "hub/depot/lineage.h"
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
    struct stat info = { .st_size = 0 };
    struct open_clip *c;
    int64_t bytes;

    (void)fstat(fd, &info);
    (void)pthread_mutex_lock(&all->lock);
    do {                                   /* a place, and room */
        bytes = (int64_t)info.st_size;
        c = &all->clip[0];
        for (size_t i = 0; i < OPEN_CLIPS; i++) {
            bytes += all->clip[i].sha256[0] ? all->clip[i].bytes : 0;
            if (c->sha256[0] && (!all->clip[i].sha256[0] || all->clip[i].until_ns < c->until_ns))
                c = &all->clip[i];
        }
        if (bytes > OPEN_CLIP_BYTES)
            for (size_t i = 0; i < OPEN_CLIPS; i++)
                if (all->clip[i].sha256[0] && (!c->sha256[0] || all->clip[i].until_ns < c->until_ns))
                    c = &all->clip[i];
        bytes -= c->sha256[0] ? c->bytes : 0;
        forget(c);
    } while (bytes > OPEN_CLIP_BYTES && bytes > (int64_t)info.st_size);
    c->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    c->until_ns = now_ns + OPEN_CLIP_MIN * 60 * NS_PER_S;
    c->bytes = (int64_t)info.st_size;
    (void)snprintf(c->who, sizeof c->who, "%s", who);
    if (c->fd >= 0)
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

/* A descriptor of the content of a clip or a trip file, the caller's. In the access log before anything is given; `once`: not again while it is open, since a look is many frames.
 * A look without a why: only if it is open. */
static enum trundle_status content_fd(struct ask *ask, const char *sha256, const struct depot_access *look, bool once, int *out_fd, struct trundle_error *err)
{
    struct open_clips *all = &ask->server->opened;
    struct seal_reader *reader = NULL;
    struct depot_clip there;
    struct open_clip *c;
    enum trundle_status status;
    int fd = -1;

    TRY(depot_clip_get(ask->server->depot, sha256, &there, err));
    if (there.state == DEPOT_CLIP_DELETED)     /* also when it is still open */
        return error_set(err, TRUNDLE_NOT_FOUND, look->ref, "GET its receipt says when and why", "was deleted");
    (void)pthread_mutex_lock(&all->lock);
    c = opened(all, sha256, ask->caller->who, ask->now_ns);
    if (c)
        fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 3);
    (void)pthread_mutex_unlock(&all->lock);
    if (fd >= 0) {
        status = once ? TRUNDLE_OK : depot_access(ask->server->depot, look, ask->now_ns, err);
        goto out;
    }
    if (!look->why)
        return error_set(err, TRUNDLE_BAD_INPUT, "why", "?why=what it is looked at for", "every look is logged with its reason");
    TRY(depot_look(ask->server->depot, sha256, look, ask->now_ns, &reader, err));
    fd = nameless(err);
    status = fd < 0 ? TRUNDLE_IO : pour(reader, fd, err);
    seal_open_free(reader);
    if (status == TRUNDLE_OK)
        remember(all, sha256, ask->caller->who, fd, ask->now_ns);
out:
    if (status == TRUNDLE_OK)
        *out_fd = fd;
    else if (fd >= 0)
        (void)close(fd);
    return status;
}

static enum trundle_status clip_fd(struct ask *ask, int *out_fd, struct trundle_error *err)
{
    const char *why = http_query(ask->http, "why"), *sha256 = ask->http->part[0];

    TRY(depot_sha_check(sha256, "clip", err));
    return content_fd(ask, sha256, &(struct depot_access){ ask->caller->who, "look", "clip", sha256, why && *why && strlen(why) < DEPOT_TEXT ? why : NULL }, true, out_fd, err);
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
    TRY(clip_fd(ask, &fd, err));
    status = timeline(ask, fd_path(fd, path), err);
    (void)close(fd);
    return status;
}

static enum trundle_status clip_frame(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char path[FD_PATH];
    enum trundle_status status;
    int fd;

    TRY(clip_fd(ask, &fd, err));
    status = frame(ask, reply, fd_path(fd, path), ask->http->part[1], ask->http->part[2], err);
    (void)close(fd);
    return status;
}

/* ---- whole trips ---- */

static enum trundle_status trip_find(struct ask *ask, struct depot_trip *out, struct trundle_error *err)
{
    TRY(depot_name_check(ask->http->part[0], "cart", err));
    TRY(depot_name_check(ask->http->part[1], "trip", err));
    TRY(depot_trip_get(ask->server->depot, ask->http->part[0], ask->http->part[1], out, err));
    return out->file[0] ? TRUNDLE_OK : error_set(err, TRUNDLE_NOT_FOUND, "trip", "its clips may be here", "its file was not handed in");
}

static enum trundle_status trip_fd(struct ask *ask, const char *act, bool once, char out_sha256[DEPOT_SHA], int *out_fd, struct trundle_error *err)
{
    const char *why = http_query(ask->http, "why");
    char ref[2 * DEPOT_NAME];
    struct depot_trip trip;

    TRY(trip_find(ask, &trip, err));
    (void)snprintf(ref, sizeof ref, "%s/%s", trip.cart, trip.trip);
    memcpy(out_sha256, trip.file, sizeof trip.file);
    return content_fd(ask, trip.file, &(struct depot_access){ ask->caller->who, act, "trip", ref, why ? why : "" }, once, out_fd, err);
}

static enum trundle_status trip_timeline(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char path[FD_PATH], sha256[DEPOT_SHA];
    enum trundle_status status;
    int fd;

    (void)reply;
    TRY(trip_fd(ask, "trip_timeline", false, sha256, &fd, err));
    status = timeline(ask, fd_path(fd, path), err);
    (void)close(fd);
    return status;
}

static enum trundle_status trip_frame(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char path[FD_PATH], sha256[DEPOT_SHA];
    enum trundle_status status;
    int fd;

    TRY(trip_fd(ask, "trip_frame", true, sha256, &fd, err));
    status = frame(ask, reply, fd_path(fd, path), ask->http->part[2], ask->http->part[3], err);
    (void)close(fd);
    return status;
}

static enum trundle_status trip_get(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    char sha256[DEPOT_SHA];

    TRY(trip_fd(ask, "trip_get", false, sha256, &reply->open_fd, err));
    (void)snprintf(reply->tag, sizeof reply->tag, "%s", sha256);
    (void)snprintf(reply->save_as, sizeof reply->save_as, "%s_%s.mcap", ask->http->part[0], ask->http->part[1]);
    reply->type = "application/octet-stream";
    return TRUNDLE_OK;
}

/* The trip as it is known, or as it is from now on. */
static enum trundle_status trip_to_be(struct ask *ask, struct depot_trip *out, struct trundle_error *err)
{
    struct depot_clip there;
    enum trundle_status status;

    TRY(depot_name_check(ask->http->part[0], "cart", err));
    TRY(depot_name_check(ask->http->part[1], "trip", err));
    *out = (struct depot_trip){ .started_ns = ask->now_ns, .ended_ns = ask->now_ns };      /* until a record of the cart says when */
    status = depot_trip_get(ask->server->depot, ask->http->part[0], ask->http->part[1], out, err);
    if (status != TRUNDLE_OK && status != TRUNDLE_NOT_FOUND)
        return status;
    (void)snprintf(out->cart, sizeof out->cart, "%s", ask->http->part[0]);
    (void)snprintf(out->trip, sizeof out->trip, "%s", ask->http->part[1]);
    if (out->file[0] && depot_clip_get(ask->server->depot, out->file, &there, NULL) == TRUNDLE_OK && there.state == DEPOT_CLIP_DELETED)
        return error_set(err, TRUNDLE_UNSUPPORTED, out->trip, "its receipt says when and why", "its file was deleted, and is not taken again");
    return TRUNDLE_OK;
}

static enum trundle_status trip_put(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    const char *days = http_query(ask->http, "keep_days"), *purpose = http_query(ask->http, "purpose");
    char name[2 * DEPOT_NAME + 8], sha256[DEPOT_SHA] = "";
    struct depot_trip trip;
    struct upload upload;
    int64_t keep_days = -1;
    enum trundle_status status = TRUNDLE_OK;

    (void)reply;
    if (days)
        TRY(ask_number(days, "keep_days", 0, INT32_MAX, &keep_days, err));
    TRY(depot_trip_terms(ask->server->depot, purpose, keep_days, err));
    TRY(trip_to_be(ask, &trip, err));
    (void)snprintf(name, sizeof name, "trip,%s,%s", trip.cart, trip.trip);
    TRY(upload_part(ask, name, true, OPEN_CLIP_BYTES, &upload, err));
    if (upload.whole)
        status = depot_trip_file(ask->server->depot, &trip, purpose, keep_days, upload_read, &upload, ask->now_ns, sha256, err);
    upload_end(&upload, upload.whole);
    if (status == TRUNDLE_OK)
        ask->answer = json_pack("{s:I, s:s}", "have", (json_int_t)upload.have, "sha256", sha256);
    return status;
}

static enum trundle_status trip_delete(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct depot_trip trip;
    enum trundle_status status;

    TRY(trip_find(ask, &trip, err));
    status = depot_clip_delete(ask->server->depot, trip.file, ask->caller->who, ask_text(ask, "why"), ask->now_ns, &reply->body, err);
    open_clips_tidy(ask->server);          /* also those that somebody has open now */
    return status;
}

static enum trundle_status trip_receipt(struct ask *ask, struct http_reply *reply, struct trundle_error *err)
{
    struct depot_trip trip;

    TRY(trip_find(ask, &trip, err));
    return depot_receipt_get(ask->server->depot, trip.file, &reply->body, err);
}

const struct server_route player_routes[] = {
    { .method = "GET", .path = "/api/v1/clips/{clip}/timeline", .who = SEES, .id = "clip_timeline", .text = "a clip as one time line; the look and its reason are in the access log first; with a model: as that bundle would have decided",
      .query = "why?:text model?:text", .gives = "trip:object cells:object cameras:array decisions:array", .run = clip_timeline },
    { .method = "GET", .path = "/api/v1/clips/{clip}/frames/{camera}/{frame}", .who = SEES, .id = "clip_frame", .text = "a frame of a clip, for ten minutes after its time line without a reason of its own",
      .query = "why?:text", .answer = "image/jpeg", .run = clip_frame },
    { .method = "GET", .path = "/api/v1/trips/{cart}/{trip}/timeline", .who = SEES, .id = "trip_timeline", .text = "a trip whose file was handed in, as one time line; the look is logged; with a model: as that bundle would have decided",
      .query = "why?:text model?:text", .gives = "trip:object cells:object cameras:array decisions:array", .run = trip_timeline },
    { .method = "GET", .path = "/api/v1/trips/{cart}/{trip}/frames/{camera}/{frame}", .who = SEES, .id = "trip_frame", .text = "a frame of a trip; the look is logged, once in ten minutes", .query = "why?:text", .answer = "image/jpeg", .run = trip_frame },
    { .method = "GET", .path = "/api/v1/trips/{cart}/{trip}/file", .who = SEES, .id = "trip_get", .text = "the file of a trip, with Range; the look is logged", .query = "why?:text",
      .answer = "application/octet-stream", .run = trip_get },
    { .method = "PUT", .path = "/api/v1/trips/{cart}/{trip}/file", .who = ENGINEER | ADMIN, .id = "trip_put", .text = "a part of a trip file of size bytes, from offset on; it is kept sealed, for its purpose (improve) and so many days (30)",
      .query = "offset:integer size:integer purpose?:text keep_days?:integer", .body = "application/octet-stream", .body_max = TRIP_PART, .gives = "have:integer sha256:text", .run = trip_put },
    { .method = "DELETE", .path = "/api/v1/trips/{cart}/{trip}/file", .who = ENGINEER | ADMIN, .id = "trip_delete", .text = "removes the file of a trip for ever, following what was made of it; gives the receipt",
      .takes = "why:text", .gives = "receipt?:any signature?:any", .run = trip_delete },
    { .method = "GET", .path = "/api/v1/trips/{cart}/{trip}/receipt", .who = SEES, .id = "trip_receipt", .text = "the receipt of a trip file that was deleted: in it who, why, at_ns, purpose, bytes; 404 when none was",
      .gives = "receipt:object key:text signature:text", .run = trip_receipt },
};
const size_t player_routes_n = COUNT_OF(player_routes);
