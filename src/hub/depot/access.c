/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The access log: who looked at what, why; a chain of hashes. */
#include "hub/depot/inside.h"

#include <string.h>

enum { CHAIN_N = crypto_hash_sha256_BYTES };

static void put_integer(crypto_hash_sha256_state *hash, uint64_t v)
{
    uint8_t le[8];

    for (int i = 0; i < 8; i++)
        le[i] = (uint8_t)(v >> (8 * i));
    (void)crypto_hash_sha256_update(hash, le, sizeof le);
}

/* sha256 of: the hash before, id, time, and each text with its length before it. */
static void chain(const uint8_t before[CHAIN_N], int64_t id, int64_t t_ns, const struct depot_access *a, uint8_t out[CHAIN_N])
{
    const char *const text[] = { a->who, a->act, a->what, a->ref, a->why };
    crypto_hash_sha256_state hash;

    (void)crypto_hash_sha256_init(&hash);
    (void)crypto_hash_sha256_update(&hash, before, CHAIN_N);
    put_integer(&hash, (uint64_t)id);
    put_integer(&hash, (uint64_t)t_ns);
    for (size_t i = 0; i < COUNT_OF(text); i++) {
        put_integer(&hash, strlen(text[i]));
        (void)crypto_hash_sha256_update(&hash, (const uint8_t *)text[i], strlen(text[i]));
    }
    (void)crypto_hash_sha256_final(&hash, out);
}

static void first_link(uint8_t out[CHAIN_N])
{
    (void)crypto_hash_sha256(out, (const uint8_t *)"", 0);
}

/* Bytes of the UTF-8 character at s, which ends with a NUL; 0: there is none (RFC 3629). */
static size_t character(const unsigned char *s)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* Cut to size between two characters. What is not UTF-8 becomes '?': an entry that cannot be printed as JSON would be in no answer about the log. */
static void keep_text(const char *given, char out[DEPOT_TEXT])
{
    size_t n = 0, from = 0;

    while (given[from]) {
        size_t k = character((const unsigned char *)given + from);

        if (n + (k ? k : 1) >= DEPOT_TEXT)
            break;
        memcpy(out + n, k ? given + from : "?", k ? k : 1);
        n += k ? k : 1;
        from += k ? k : 1;
    }
    out[n] = '\0';
}

enum trundle_status depot_access_in(struct db *db, const struct depot_access *access, int64_t now_ns, struct trundle_error *err)
{
    const char *const given[5] = { access->who, access->act, access->what, access->ref, access->why };
    char text[5][DEPOT_TEXT];
    uint8_t link[CHAIN_N], before[CHAIN_N];
    struct db_statement *s = NULL;
    struct depot_access cut;
    enum trundle_status status;
    int64_t id = 1;
    size_t n = 0;

    for (size_t i = 0; i < COUNT_OF(given); i++)
        keep_text(given[i] ? given[i] : "", text[i]);
    cut = (struct depot_access){ text[0], text[1], text[2], text[3], text[4] };
    first_link(before);
    TRY(db_prepare(db, "SELECT id, chain FROM depot_access ORDER BY id DESC LIMIT 1", &s, err));
    status = db_step(s, err);
    if (status == TRUNDLE_OK) {
        const void *last = db_blob(s, 1, &n);

        if (n != CHAIN_N) {
            status = error_set(err, TRUNDLE_CORRUPT, "access log", "trundle hub fsck", "entry %lld has no hash", (long long)db_integer(s, 0));
            goto out;
        }
        memcpy(before, last, CHAIN_N);
        id = db_integer(s, 0) + 1;
    } else if (status != TRUNDLE_END) {
        goto out;
    }
    db_free(s);
    s = NULL;
    chain(before, id, now_ns, &cut, link);
    TRY_GOTO(status, db_query(db, &s, err, "INSERT INTO depot_access(id, t_ns, who, act, what, ref, why, chain) VALUES(?,?,?,?,?,?,?,?)", "iittttt", id, now_ns, cut.who,
                                 cut.act, cut.what, cut.ref, cut.why), out);
    db_bind_blob(s, 8, link, sizeof link);
    status = db_run(s, err);
out:
    db_free(s);
    return status;
}

struct look {
    const struct depot_access *access;
    int64_t now_ns;
};

static enum trundle_status access_job(struct db *db, void *user, struct trundle_error *err)
{
    const struct look *look = user;

    return depot_access_in(db, look->access, look->now_ns, err);
}

enum trundle_status depot_access(struct depot *d, const struct depot_access *access, int64_t now_ns, struct trundle_error *err)
{
    struct look look = { access, now_ns };

    return depot_write(d, access_job, &look, err);
}

enum trundle_status depot_access_list(struct depot *d, const char *who, const char *ref, int64_t before, int limit, depot_each_access *each, void *user,
                                      struct trundle_error *err)
{
    struct db_statement *s = NULL;
    struct db *db = NULL;
    enum trundle_status status;

    if (limit < 1 || limit > 10000)
        return error_set(err, TRUNDLE_BAD_ARG, "access log", NULL, "limit %d, allowed are 1 to 10000", limit);
    TRY(depot_read_begin(d, &db, err));
    TRY_GOTO(status, db_query(db, &s, err, "SELECT id, t_ns, who, act, what, ref, why FROM depot_access WHERE (?1 IS NULL OR who = ?1) AND (?2 IS NULL OR ref = ?2) "
                                 "AND id < ?3 ORDER BY id DESC LIMIT ?4", "ttii", who, ref, before > 0 ? before : INT64_MAX, (int64_t)limit), out);
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        const struct depot_access a = { db_text(s, 2), db_text(s, 3), db_text(s, 4), db_text(s, 5), db_text(s, 6) };

        each(user, db_integer(s, 0), db_integer(s, 1), &a);
    }
    status = status == TRUNDLE_END ? TRUNDLE_OK : status;
out:
    db_free(s);
    depot_read_end(d, db);
    return status;
}

enum trundle_status depot_access_verify(struct db *db, int64_t *out_n, char out_head[DEPOT_SHA], struct trundle_error *err)
{
    uint8_t link[CHAIN_N], want[CHAIN_N];
    struct db_statement *s = NULL;
    enum trundle_status status;
    int64_t n = 0;
    size_t size;

    first_link(link);
    TRY(db_prepare(db, "SELECT id, t_ns, who, act, what, ref, why, chain FROM depot_access ORDER BY id", &s, err));
    while ((status = db_step(s, err)) == TRUNDLE_OK) {
        const struct depot_access a = { db_text(s, 2), db_text(s, 3), db_text(s, 4), db_text(s, 5), db_text(s, 6) };
        const void *kept = db_blob(s, 7, &size);

        if (db_integer(s, 0) != ++n) {
            status = error_set(err, TRUNDLE_CORRUPT, "access log", NULL, "entry %lld is missing", (long long)n);
            goto out;
        }
        chain(link, n, db_integer(s, 1), &a, want);
        if (size != CHAIN_N || memcmp(kept, want, CHAIN_N) != 0) {
            status = error_set(err, TRUNDLE_CORRUPT, "access log", NULL, "entry %lld was changed, or one before it", (long long)n);
            goto out;
        }
        memcpy(link, want, CHAIN_N);
    }
    if (status != TRUNDLE_END)
        goto out;
    status = TRUNDLE_OK;
    *out_n = n;
    (void)sodium_bin2hex(out_head, DEPOT_SHA, link, sizeof link);
out:
    db_free(s);
    return status;
}
