/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The sentences of the statuses and the filling of errors. */
#include "base/std/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const sentences[TRUNDLE_STATUS_COUNT] = {
    [TRUNDLE_OK] = "ok",
    [TRUNDLE_AGAIN] = "nothing yet",
    [TRUNDLE_END] = "nothing more will come",
    [TRUNDLE_BAD_ARG] = "the call does not fit",
    [TRUNDLE_BAD_INPUT] = "the input does not mean what it should",
    [TRUNDLE_CORRUPT] = "the input is damaged",
    [TRUNDLE_TRUNCATED] = "the input ends in the middle",
    [TRUNDLE_TOO_LARGE] = "over a limit",
    [TRUNDLE_UNSUPPORTED] = "of a kind or version that is not supported",
    [TRUNDLE_NOT_FOUND] = "not found",
    [TRUNDLE_CONFLICT] = "two things that must agree do not",
    [TRUNDLE_FULL] = "full",
    [TRUNDLE_NO_MEMORY] = "out of memory",
    [TRUNDLE_IO] = "the operating system refused",
    [TRUNDLE_DEVICE] = "a device is gone or misbehaves",
};

const char *trundle_status_text(enum trundle_status status)
{
    if ((int)status < 0 || status >= TRUNDLE_STATUS_COUNT)
        return "unknown status";
    return sentences[status];
}

static void copy_text(char *out, size_t size, const char *text)
{
    size_t n = text ? strnlen(text, size - 1) : 0;

    if (n)
        memcpy(out, text, n);
    out[n] = '\0';
}

enum trundle_status error_set(struct trundle_error *err, enum trundle_status status, const char *where, const char *hint,
                              const char *what, ...)
{
    va_list args;

    if (!err)
        return status;
    err->status = status;
    copy_text(err->where, sizeof err->where, where);
    copy_text(err->hint, sizeof err->hint, hint);
    va_start(args, what);
    (void)vsnprintf(err->what, sizeof err->what, what, args);
    va_end(args);
    return status;
}

void error_within(struct trundle_error *err, const char *context, ...)
{
    char joined[sizeof err->where];
    va_list args;
    int n;

    if (!err)
        return;
    va_start(args, context);
    n = vsnprintf(joined, sizeof joined, context, args);
    va_end(args);
    if (n < 0)
        return;
    if (err->where[0] && (size_t)n + 2 < sizeof joined) {
        joined[n] = ',';
        joined[n + 1] = ' ';
        copy_text(joined + n + 2, sizeof joined - (size_t)n - 2, err->where);
    }
    memcpy(err->where, joined, sizeof joined);
}

const char *error_text(const struct trundle_error *err, char *out, size_t size)
{
    const char *what = err->what[0] ? err->what : trundle_status_text(err->status);

    (void)snprintf(out, size, "%s%s%s%s%s%s", err->where, err->where[0] ? ": " : "", what, err->hint[0] ? " (" : "",
                   err->hint, err->hint[0] ? ")" : "");
    return out;
}
