/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The usual line of the usual kind, read without building anything: a decision in the form that carts print, its body flat. Most of what a hub gets is that,
 * and a tree of it costs several times what its row does.
 *
 *     {"boot":1,"sequence":2,"t_ns":3,"kind":"decision","body":{"trip":"t1","p":0.97,"corrected":false}}
 *
 * What is taken here is JSON by all rules: no space, no escape, no byte outside of printable ASCII, no exponent, no number that could overflow, no key twice.
 * Whatever else, right or wrong, is left for the parser, which says what is wrong with it. Pure functions. Each returns where it ended, NULL when it is not sure.
 */
#include "hub/depot/inside.h"

#include <string.h>

enum { KEYS = 32, DIGITS = 18 };

struct span { const char *text; size_t n; };

static bool span_is(const struct span *s, const char *text)
{
    return s->n == strlen(text) && memcmp(s->text, text, s->n) == 0;
}

static const char *skip(const char *at, const char *text)
{
    size_t n = strlen(text);

    return at && strncmp(at, text, n) == 0 ? at + n : NULL;
}

static const char *digits(const char *at)
{
    while (*at >= '0' && *at <= '9')
        at++;
    return at;
}

/* At most 19 digits, and then not beginning with a 9: below 9e18, so nothing overflows. */
static const char *integer(const char *at, int64_t lo, int64_t hi, int64_t *out)
{
    const char *end = at ? digits(at) : NULL;
    int64_t v = 0;

    if (end == at || end - at > DIGITS + 1 || (end - at == DIGITS + 1 && *at == '9') || (*at == '0' && end - at > 1))
        return NULL;
    for (; at < end; at++)
        v = v * 10 + (*at - '0');
    if (v < lo || v > hi)
        return NULL;
    *out = v;
    return end;
}

static const char *quoted(const char *at, struct span *out)
{
    const char *begin = at + 1;

    if (*at != '"')
        return NULL;
    for (at = begin; *at >= ' ' && *at <= '~' && *at != '"' && *at != '\\'; at++)
        ;
    if (*at != '"')
        return NULL;
    *out = (struct span){ begin, (size_t)(at - begin) };
    return at + 1;
}

static const char *number(const char *at)
{
    const char *begin = at + (*at == '-');

    at = digits(begin);
    if (at == begin || at - begin > DIGITS || (*begin == '0' && at - begin > 1))
        return NULL;
    if (*at == '.') {
        begin = at + 1;
        at = digits(begin);
        if (at == begin || at - begin > DIGITS)
            return NULL;
    }
    return *at == ',' || *at == '}' ? at : NULL;
}

/* Notes what of the body is counted. A text that has no room is left for the parser. */
static const char *value(const char *at, const struct span *key, struct depot_record *out)
{
    struct span text;

    switch (*at) {
    case '"':
        at = quoted(at, &text);
        if (at && span_is(key, "kind")) {
            if (text.n >= sizeof out->what)
                return NULL;
            memcpy(out->what, text.text, text.n);
        }
        return at;
    case 't':
        out->corrected |= span_is(key, "corrected");
        return skip(at, "true");
    case 'f':
        return skip(at, "false");
    case 'n':
        return skip(at, "null");
    default:
        return number(at);
    }
}

static bool twice(const struct span *key, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (key[i].n == key[n].n && memcmp(key[i].text, key[n].text, key[n].n) == 0)
            return true;
    return false;
}

static const char *flat(const char *at, struct depot_record *out)
{
    struct span key[KEYS];

    if (!at || *at++ != '{')
        return NULL;
    if (*at == '}')
        return at + 1;
    for (size_t n = 0; n < KEYS; n++) {
        at = quoted(at, &key[n]);
        if (!at || *at++ != ':' || twice(key, n) || !(at = value(at, &key[n], out)))
            return NULL;
        if (*at == '}')
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
    return NULL;
}

bool depot_plain_line(char *text, size_t n, struct depot_record *out)
{
    struct depot_record r = { .line = out->line, .kind = "decision" };
    const char *at;

    at = integer(skip(text, "{\"boot\":"), 1, INT32_MAX, &r.boot);
    at = integer(skip(at, ",\"sequence\":"), 1, (INT64_C(1) << DEPOT_SEQUENCE_BITS) - 1, &r.sequence);
    at = integer(skip(at, ",\"t_ns\":"), 0, INT64_MAX, &r.t_ns);
    r.body = at = skip(at, ",\"kind\":\"decision\",\"body\":");
    at = flat(at, &r);
    if (!at || strcmp(at, "}") != 0 || (size_t)(at + 1 - text) != n)
        return false;
    text[n - 1] = '\0';                    /* the line's own brace: what is left ends with the body's */
    *out = r;
    return true;
}
