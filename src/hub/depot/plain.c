/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The usual line of the usual kind, read without building anything: a decision in the form that carts print, its body flat. Most of what a hub gets is that,
 * and a tree of it costs several times what its row does.
 *
 *     {"boot":1,"sequence":2,"t_ns":3,"kind":"decision","body":{"trip":"t1","p":0.97,"corrected":false}}
 *
 * What is taken here is JSON by all rules: no space, no escape, no byte outside of printable ASCII, no exponent, no number that could overflow, no key twice.
 * Whatever else, right or wrong, is left for the parser, which says what is wrong with it. Pure functions.
 */
#include "hub/depot/inside.h"

#include <string.h>

enum { KEYS = 32, DIGITS = 18 };

struct key { const char *text; size_t n; };

static bool skip(const char **at, const char *text)
{
    size_t n = strlen(text);

    if (strncmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

/* At most 19 digits, and then not beginning with a 9: below 9e18, so nothing overflows. */
static bool integer(const char **at, int64_t lo, int64_t hi, int64_t *out)
{
    const char *begin = *at;
    size_t n = strspn(begin, "0123456789");
    int64_t v = 0;

    if (!n || n > DIGITS + 1 || (n == DIGITS + 1 && *begin == '9') || (*begin == '0' && n > 1))
        return false;
    for (; *at < begin + n; (*at)++)
        v = v * 10 + (**at - '0');
    if (v < lo || v > hi)
        return false;
    *out = v;
    return true;
}

static bool quoted(const char **at, struct key *out)
{
    if (**at != '"')
        return false;
    out->text = ++*at;
    while (**at >= ' ' && **at <= '~' && **at != '"' && **at != '\\')
        (*at)++;
    out->n = (size_t)(*at - out->text);
    if (**at != '"')
        return false;
    (*at)++;
    return true;
}

static bool number(const char **at)
{
    const char *begin;
    size_t n;

    *at += **at == '-';
    begin = *at;
    n = strspn(*at, "0123456789");
    if (!n || n > DIGITS || (*begin == '0' && n > 1))
        return false;
    *at += n;
    if (**at == '.') {
        n = strspn(++*at, "0123456789");
        if (!n || n > DIGITS)
            return false;
        *at += n;
    }
    return **at == ',' || **at == '}';
}

static bool value(const char **at)
{
    struct key text;

    switch (**at) {
    case '"':
        return quoted(at, &text);
    case 't':
        return skip(at, "true");
    case 'f':
        return skip(at, "false");
    case 'n':
        return skip(at, "null");
    default:
        return number(at);
    }
}

static bool flat(const char **at)
{
    struct key key[KEYS];
    size_t n = 0;

    if (!skip(at, "{"))
        return false;
    if (skip(at, "}"))
        return true;
    for (;; n++) {
        if (n == KEYS || !quoted(at, &key[n]) || !skip(at, ":") || !value(at))
            return false;
        for (size_t i = 0; i < n; i++)
            if (key[i].n == key[n].n && memcmp(key[i].text, key[n].text, key[n].n) == 0)
                return false;
        if (skip(at, "}"))
            return true;
        if (!skip(at, ","))
            return false;
    }
}

bool depot_plain_line(char *text, size_t n, struct depot_record *out)
{
    static const char kind[] = "decision";
    const char *at = text, *body;
    struct depot_record r = { .line = out->line, .kind = kind };
    char *end;

    if (!skip(&at, "{\"boot\":") || !integer(&at, 1, INT32_MAX, &r.boot) || !skip(&at, ",\"sequence\":") ||
        !integer(&at, 1, (INT64_C(1) << DEPOT_SEQUENCE_BITS) - 1, &r.sequence) || !skip(&at, ",\"t_ns\":") || !integer(&at, 0, INT64_MAX, &r.t_ns) ||
        !skip(&at, ",\"kind\":\"decision\",\"body\":"))
        return false;
    body = at;
    if (!flat(&at) || strcmp(at, "}") != 0 || (size_t)(at + 1 - text) != n)
        return false;
    end = text + (at - text);
    *end = '\0';                           /* the line's own brace: what is left ends with the body's */
    r.body = body;
    *out = r;
    return true;
}

/* A body that was taken above: flat, without escapes. */
bool depot_plain_take(const struct depot_record *record, const char *name, char *out, size_t size)
{
    const char *at = record->body + 1, *begin;
    size_t n = strlen(name);
    struct key key;

    while (quoted(&at, &key)) {
        begin = ++at;
        if (!value(&at))
            return false;
        if (key.n == n && memcmp(key.text, name, n) == 0) {
            begin += *begin == '"';
            n = (size_t)(at - begin) - (begin[-1] == '"');
            if (n >= size)
                return false;
            memcpy(out, begin, n);
            out[n] = '\0';
            return true;
        }
        at += *at == ',';
    }
    return false;
}
