/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The keyring: read, followed by a newer one, written (trust.h). */
#include "base/bundle/inside.h"
#include "base/std/hash.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trust {
    struct trust_plan plan;
    uint8_t digest[32];                      /* of the canonical "trust" */
    struct trust_signature signature[TRUST_KEYS_MAX];
    size_t  signatures_n;
    struct bytes text;
};

static enum trundle_status digest_of(const json_t *trust, uint8_t out[32], struct trundle_error *err)
{
    char *text = json_dumps(trust, JSON_COMPACT | JSON_SORT_KEYS);

    if (!text)
        return error_set(err, TRUNDLE_NO_MEMORY, "keyring", NULL, "no memory for its text");
    (void)crypto_hash_sha256(out, (const unsigned char *)text, strlen(text));
    free(text);
    return TRUNDLE_OK;
}

/* How many different keys of the list signed. */
static int signed_by(const uint8_t keys[][32], size_t n, const struct trust *t)
{
    char id[TRUST_ID_TEXT];
    int count = 0;

    for (size_t k = 0; k < n; k++) {
        trust_key_id(keys[k], id);
        for (size_t i = 0; i < t->signatures_n; i++)
            if (!strcmp(id, t->signature[i].key) && trust_signature_fits(keys[k], TRUST_KEYRING, t->digest, &t->signature[i])) {
                count++;
                break;
            }
    }
    return count;
}

static enum trundle_status take_keys(const struct json_at *at, uint8_t out[][32], size_t *out_n, struct trundle_error *err)
{
    struct json_at list, key;

    TRY(bundle_needed(json_take_array(at, "keys", 1, TRUST_KEYS_MAX, &list, err), err));
    for (size_t i = 0; i < json_length(&list); i++) {
        TRY(json_element(&list, i, &key, err));
        if (!json_is_string(key.value) || !bundle_hex(json_string_value(key.value), out[i], 32))
            return error_set(err, TRUNDLE_BAD_INPUT, key.where, NULL, "a public key is 64 hex digits, lower case");
    }
    *out_n = json_length(&list);
    return TRUNDLE_OK;
}

static enum trundle_status take_revoked(const struct json_at *at, struct trust_plan *p, struct trundle_error *err)
{
    struct json_at list, id;
    uint8_t bytes[8];

    TRY(bundle_needed(json_take_array(at, "revoked", 0, TRUST_KEYS_MAX, &list, err), err));
    for (size_t i = 0; i < json_length(&list); i++) {
        TRY(json_element(&list, i, &id, err));
        if (!json_is_string(id.value) || !bundle_hex(json_string_value(id.value), bytes, sizeof bytes))
            return error_set(err, TRUNDLE_BAD_INPUT, id.where, NULL, "a key's id is 16 hex digits, lower case");
        memcpy(p->revoked[i], json_string_value(id.value), TRUST_ID_TEXT);
    }
    p->revoked_n = json_length(&list);
    return TRUNDLE_OK;
}

static bool repeats(uint8_t keys[][32], size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (!memcmp(keys[i], keys[k], 32))
                return true;
    return false;
}

static bool share_a_key(const struct trust_plan *p)
{
    for (size_t i = 0; i < p->root_n; i++)
        for (size_t k = 0; k < p->signing_n; k++)
            if (!memcmp(p->root[i], p->signing[k], 32))
                return true;
    return false;
}

static enum trundle_status plan_check(struct trust_plan *p, const char *where, struct trundle_error *err)
{
    if (p->serial < 1)
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "the serial must be 1 or more");
    if (!p->root_n || !p->signing_n || p->root_n > TRUST_KEYS_MAX || p->signing_n > TRUST_KEYS_MAX || p->revoked_n > TRUST_KEYS_MAX)
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "needs 1 to %d root keys and as many signing keys", TRUST_KEYS_MAX);
    if (p->root_threshold < 1 || (size_t)p->root_threshold > p->root_n || p->signing_threshold < 1 || (size_t)p->signing_threshold > p->signing_n)
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "a threshold must lie between 1 and the number of its keys");
    if (repeats(p->root, p->root_n) || repeats(p->signing, p->signing_n))
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "a key stands there twice, which would count twice");
    if (share_a_key(p))
        return error_set(err, TRUNDLE_BAD_INPUT, where, "make two keys", "one key is root and signing key: losing it would lose both");
    return TRUNDLE_OK;
}

static enum trundle_status take_plan(const struct json_at *at, struct trust_plan *p, struct trundle_error *err)
{
    static const char *const known[] = { "version", "serial", "made_ns", "root", "signing", NULL };
    static const char *const root_known[] = { "threshold", "keys", NULL }, *const signing_known[] = { "threshold", "keys", "revoked", NULL };
    struct json_at root, signing;
    int64_t version, a, b;

    TRY(bundle_known_keys(at, known, err));
    TRY(bundle_needed(json_take_integer(at, "version", 1, 1, &version, err), err));
    TRY(bundle_needed(json_take_integer(at, "serial", 1, INT64_C(1) << 53, &p->serial, err), err));
    TRY(bundle_needed(json_take_integer(at, "made_ns", 0, INT64_MAX, &p->made_ns, err), err));
    TRY(bundle_needed(json_take_object(at, "root", &root, err), err));
    TRY(bundle_needed(json_take_object(at, "signing", &signing, err), err));
    TRY(bundle_known_keys(&root, root_known, err));
    TRY(bundle_known_keys(&signing, signing_known, err));
    TRY(bundle_needed(json_take_integer(&root, "threshold", 1, TRUST_KEYS_MAX, &a, err), err));
    TRY(bundle_needed(json_take_integer(&signing, "threshold", 1, TRUST_KEYS_MAX, &b, err), err));
    p->root_threshold = (int)a;
    p->signing_threshold = (int)b;
    TRY(take_keys(&root, p->root, &p->root_n, err));
    TRY(take_keys(&signing, p->signing, &p->signing_n, err));
    TRY(take_revoked(&signing, p, err));
    return plan_check(p, at->where, err);
}

static enum trundle_status take_envelope(struct trust *t, json_t *file, const char *where, struct trundle_error *err)
{
    static const char *const known[] = { "trust", "signatures", NULL };
    struct json_at at = json_at_root(file, where), trust, list;
    int count;

    if (!json_is_object(file))
        return error_set(err, TRUNDLE_BAD_INPUT, where, "trundle ship keys trust makes keyrings", "is no keyring");
    TRY(bundle_known_keys(&at, known, err));
    TRY(bundle_needed(json_take_object(&at, "trust", &trust, err), err));
    TRY(bundle_needed(json_take_array(&at, "signatures", 0, TRUST_KEYS_MAX, &list, err), err));
    TRY(take_plan(&trust, &t->plan, err));
    TRY(bundle_signatures_take(&list, t->signature, TRUST_KEYS_MAX, &t->signatures_n, err));
    TRY(digest_of(trust.value, t->digest, err));
    count = signed_by((const uint8_t(*)[32])t->plan.root, t->plan.root_n, t);
    if (count < t->plan.root_threshold)
        return error_set(err, TRUNDLE_CORRUPT, where, "it was changed after it was signed, or never signed", "%d of its own root keys signed the keyring, %d must", count,
                         t->plan.root_threshold);
    return TRUNDLE_OK;
}

enum trundle_status trust_parse(const void *bytes, size_t n, const char *where, struct trust **out, struct trundle_error *err)
{
    struct trust *t;
    json_t *file = NULL;
    enum trundle_status status;

    if (n > TRUST_BYTES_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "a keyring of %zu bytes, limit %d", n, TRUST_BYTES_MAX);
    t = sodium_init() < 0 ? NULL : calloc(1, sizeof *t);
    if (!t)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for a keyring");
    TRY_GOTO(status, json_parse(bytes, n, where, &file, err), out);
    TRY_GOTO(status, take_envelope(t, file, where, err), out);
    status = bytes_append(&t->text, bytes, n);
    if (status == TRUNDLE_OK)
        status = bytes_reserve(&t->text, 1);
    if (status != TRUNDLE_OK) {
        (void)error_set(err, status, where, NULL, "no memory for a keyring");
        goto out;
    }
    t->text.data[n] = '\0';
    *out = t;
    t = NULL;
out:
    json_decref(file);
    trust_free(t);
    return status;
}

enum trundle_status trust_read(const char *path, struct trust **out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status = file_read(path, TRUST_BYTES_MAX, &b, err);

    if (status == TRUNDLE_OK)
        status = trust_parse(b.data, b.n, path, out, err);
    bytes_done(&b);
    return status;
}

void trust_free(struct trust *t)
{
    if (!t)
        return;
    bytes_done(&t->text);
    free(t);
}

int64_t trust_serial(const struct trust *t)
{
    return t->plan.serial;
}

const struct bytes *trust_text(const struct trust *t)
{
    return &t->text;
}

int trust_threshold(const struct trust *t)
{
    return t->plan.signing_threshold;
}

void trust_plan_of(const struct trust *t, struct trust_plan *out)
{
    *out = t->plan;
}

enum trundle_status trust_follows(const struct trust *now, const struct trust *next, struct trundle_error *err)
{
    int count;

    if (next->plan.serial < now->plan.serial)
        return error_set(err, TRUNDLE_CONFLICT, "keyring", "fetch the newest one", "serial %lld is older than %lld, which is here", (long long)next->plan.serial,
                         (long long)now->plan.serial);
    if (next->plan.serial == now->plan.serial)
        return memcmp(now->digest, next->digest, 32) == 0 ? TRUNDLE_OK
             : error_set(err, TRUNDLE_CONFLICT, "keyring", "give the change a higher serial", "serial %lld is here with another content", (long long)now->plan.serial);
    count = signed_by((const uint8_t(*)[32])now->plan.root, now->plan.root_n, next);
    if (count < now->plan.root_threshold)
        return error_set(err, TRUNDLE_CONFLICT, "keyring", "sign it with the root keys of the keyring before", "%d root keys of serial %lld signed serial %lld, %d must", count,
                         (long long)now->plan.serial, (long long)next->plan.serial, now->plan.root_threshold);
    return TRUNDLE_OK;
}

enum trust_finding trust_check(const struct trust *t, const struct trust_signature *s, const uint8_t digest[32])
{
    char id[TRUST_ID_TEXT];

    for (size_t i = 0; i < t->plan.revoked_n; i++)
        if (!strcmp(t->plan.revoked[i], s->key))
            return TRUST_REVOKED_KEY;
    for (size_t i = 0; i < t->plan.signing_n; i++) {
        trust_key_id(t->plan.signing[i], id);
        if (!strcmp(id, s->key))
            return trust_signature_fits(t->plan.signing[i], TRUST_BUNDLE, digest, s) ? TRUST_GOOD : TRUST_WRONG_SIGNATURE;
    }
    return TRUST_UNKNOWN_KEY;
}

static json_t *keys_json(const uint8_t keys[][32], size_t n)
{
    json_t *list = json_array();
    char hex[65];

    for (size_t i = 0; i < n; i++) {
        (void)sodium_bin2hex(hex, sizeof hex, keys[i], 32);
        json_array_append_new(list, json_string(hex));
    }
    return list;
}

static json_t *plan_json(const struct trust_plan *p)
{
    json_t *revoked = json_array();

    for (size_t i = 0; i < p->revoked_n; i++)
        json_array_append_new(revoked, json_string(p->revoked[i]));
    return json_pack("{s:i,s:I,s:I,s:{s:i,s:o},s:{s:i,s:o,s:o}}", "version", 1, "serial", (json_int_t)p->serial, "made_ns", (json_int_t)p->made_ns, "root",
                     "threshold", p->root_threshold, "keys", keys_json(p->root, p->root_n), "signing", "threshold", p->signing_threshold, "keys",
                     keys_json(p->signing, p->signing_n), "revoked", revoked);
}

enum trundle_status trust_print(const struct trust_plan *plan, const struct trust_key *root, size_t n, struct bytes *out, struct trundle_error *err)
{
    struct trust_signature signature[TRUST_KEYS_MAX];
    struct trust_plan p = *plan;
    struct trust *check = NULL;
    json_t *trust, *file = NULL;
    uint8_t digest[32];
    char *text = NULL;
    enum trundle_status status;

    TRY(plan_check(&p, "keyring", err));
    if (n > TRUST_KEYS_MAX)
        return error_set(err, TRUNDLE_TOO_LARGE, "keyring", NULL, "at most %d signatures", TRUST_KEYS_MAX);
    trust = plan_json(&p);
    if (!trust) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "keyring", NULL, "no memory");
        goto out;
    }
    TRY_GOTO(status, digest_of(trust, digest, err), out);
    for (size_t i = 0; i < n; i++)
        trust_sign(&root[i], TRUST_KEYRING, digest, &signature[i]);
    file = json_pack("{s:O,s:o}", "trust", trust, "signatures", bundle_signatures_json(signature, n));
    text = file ? json_dumps(file, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
    if (!text) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "keyring", NULL, "no memory");
        goto out;
    }
    TRY_GOTO(status, trust_parse(text, strlen(text), "keyring", &check, err), out);     /* what we would refuse is not written */
    status = bytes_print(out, "%s\n", text);
out:
    free(text);
    trust_free(check);
    json_decref(file);
    json_decref(trust);
    return status;
}
