/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Large files from the disk: whole, or one range of bytes (RFC 9110, 14). Nothing of them is held in memory. */
#include "base/http/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool number(const char **at, uint64_t *out)
{
    const char *start = *at;

    for (*out = 0; **at >= '0' && **at <= '9'; (*at)++) {
        if (*out > (UINT64_MAX - 9) / 10)
            return false;
        *out = *out * 10 + (uint64_t)(**at - '0');
    }
    return *at > start;
}

bool disk_range(const char *text, uint64_t n, uint64_t *out_from, uint64_t *out_n)
{
    uint64_t from, to = UINT64_MAX;

    if (!text || strncmp(text, "bytes=", 6) != 0)
        return false;
    text += 6;
    if (*text == '-') {                    /* the last so many */
        text++;
        if (!number(&text, &to) || *text)
            return false;
        *out_n = to < n ? to : n;
        *out_from = n - *out_n;
        return true;
    }
    if (!number(&text, &from) || *text != '-')
        return false;
    text++;
    if (*text && (!number(&text, &to) || *text || to < from))
        return false;
    *out_from = from;
    *out_n = from >= n ? 0 : (to < n ? to + 1 : n) - from;
    return true;
}

static enum MHD_Result not_there(struct MHD_Connection *c, const char *policy, int code, const char *what)
{
    struct trundle_error err;

    (void)error_set(&err, TRUNDLE_NOT_FOUND, "file", NULL, "%s", what);
    return reply_error(c, policy, (struct reply_refusal){ .code = code }, &err);
}

/* Only what the client has the start of may be continued: another content would be glued to it. */
static bool same_content(struct MHD_Connection *c, const char *etag)
{
    const char *wanted = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "If-Range");

    return !wanted || (etag[0] && strcmp(wanted, etag) == 0);
}

enum MHD_Result disk_send(struct MHD_Connection *c, const char *policy, const struct http_reply *reply)
{
    const char *type = reply->type ? reply->type : "application/octet-stream", *range = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Range");
    struct MHD_Response *response = NULL;
    struct stat info;
    uint64_t from = 0, n;
    char etag[HTTP_TAG + 2] = "", line[80];
    static char none[1];
    int code = 200, fd = reply->open_fd ? reply->open_fd : open(reply->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return not_there(c, policy, errno == ENOENT ? 404 : 500, errno == ENOENT ? "is not there" : strerror(errno));
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        (void)close(fd);
        return not_there(c, policy, 500, "is no regular file");
    }
    n = (uint64_t)info.st_size;
    if (reply->tag[0])
        (void)snprintf(etag, sizeof etag, "\"%s\"", reply->tag);
    if (reply_known(c, etag)) {
        code = 304;
        type = NULL;
    } else if (same_content(c, etag) && disk_range(range, n, &from, &n)) {
        code = n ? 206 : 416;
    }
    if (code == 200 || code == 206)
        response = MHD_create_response_from_fd_at_offset64(n, fd, from);
    else
        response = MHD_create_response_from_buffer(0, none, MHD_RESPMEM_PERSISTENT);
    if (!response || code == 304 || code == 416)
        (void)close(fd);                   /* else the response has it */
    if (response) {
        (void)MHD_add_response_header(response, "Accept-Ranges", "bytes");
        if (etag[0])
            (void)MHD_add_response_header(response, "ETag", etag);
        if (code == 206)
            (void)snprintf(line, sizeof line, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, from, from + n - 1, (uint64_t)info.st_size);
        else
            (void)snprintf(line, sizeof line, "bytes */%" PRIu64, (uint64_t)info.st_size);
        if (code == 206 || code == 416)
            (void)MHD_add_response_header(response, "Content-Range", line);
    }
    reply_extras(response, reply);
    return reply_queue(c, policy, code, type, etag[0] ? "private, no-cache" : "no-store", response);
}
