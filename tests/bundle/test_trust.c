/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trust: keys in files, keyrings that are signed, and which keyring may follow which. */
#include "tests/bundle/make.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct trust *parsed(const struct trust_plan *plan, const struct trust_key *root, size_t n)
{
    struct bytes text = { 0 };
    struct trust *t = NULL;
    struct trundle_error err;

    make_trust(plan, root, n, &text);
    support_ok(trust_parse(text.data, text.n, "keyring", &t, &err), &err);
    bytes_done(&text);
    return t;
}

static void keys_stay_private_and_whole(void **state)
{
    struct trust_key key, again;
    struct trundle_error err;
    char path[600], swapped[600];
    struct stat st;
    struct bytes b = { 0 };

    (void)state;
    support_ok(trust_key_new(&key, &err), &err);
    (void)snprintf(path, sizeof path, "%s/key.json", make_scratch());
    (void)snprintf(swapped, sizeof swapped, "%s/other.json", make_scratch());
    support_ok(trust_key_write(&key, path, &err), &err);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(trust_key_write(&key, path, &err), TRUNDLE_CONFLICT);
    support_ok(trust_key_read(path, &again, &err), &err);
    assert_memory_equal(&key, &again, sizeof key);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(trust_key_read(path, &again, &err), TRUNDLE_CONFLICT);
    assert_int_equal(chmod(path, 0600), 0);
    support_ok(file_read(path, 4096, &b, &err), &err);
    b.data[strcspn((const char *)b.data, ":") + 60] ^= 3;
    support_ok(file_write(swapped, b.data, b.n, &err), &err);
    assert_int_equal(chmod(swapped, 0600), 0);
    assert_int_equal(trust_key_read(swapped, &again, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(trust_key_read("/nonexistent", &again, &err), TRUNDLE_NOT_FOUND);
    bytes_done(&b);
}

struct asked { const char *passphrase; int times; };

static enum trundle_status give(void *user, const char *path, char out[TRUST_PASSPHRASE], struct trundle_error *err)
{
    struct asked *a = user;

    a->times++;
    if (!a->passphrase)
        return error_set(err, TRUNDLE_DEVICE, path, NULL, "nobody is there");
    (void)snprintf(out, TRUST_PASSPHRASE, "%s", a->passphrase);
    return TRUNDLE_OK;
}

static void put_private(const char *path, const char *text)
{
    struct trundle_error err;

    support_ok(file_write(path, text, strlen(text), &err), &err);
    assert_int_equal(chmod(path, 0600), 0);
}

/* The file `from` with the text behind `before` replaced, as `to`. */
static void changed(const char *from, const char *to, const char *before, const char *with)
{
    struct bytes b = { 0 };
    struct trundle_error err;
    char text[4096], *at;
    size_t n;

    support_ok(file_read(from, 4000, &b, &err), &err);
    (void)snprintf(text, sizeof text, "%.*s", (int)b.n, (const char *)b.data);
    bytes_done(&b);
    at = strstr(text, before);
    assert_non_null(at);
    at += strlen(before);
    n = strlen(with);
    memcpy(at, with, n);
    put_private(to, text);
}

/* What lies on the disk does not sign without what somebody knows. */
static void a_locked_key_takes_its_passphrase(void **state)
{
    static const char words[] = "correct horse battery staple";
    struct asked right = { words, 0 }, wrong = { "correct horse battery stapler", 0 }, nobody = { NULL, 0 };
    struct trust_key key, again;
    struct trundle_error err;
    uint8_t half[32];
    char path[600], other[600], secret[65];
    struct bytes b = { 0 };
    bool locked = false;
    struct stat st;

    (void)state;
    support_ok(trust_key_new(&key, &err), &err);
    (void)snprintf(path, sizeof path, "%s/locked.json", make_scratch());
    (void)snprintf(other, sizeof other, "%s/locked-other.json", make_scratch());
    assert_int_equal(trust_key_write_locked(&key, "seven77", path, &err), TRUNDLE_BAD_INPUT);
    support_ok(trust_key_write_locked(&key, words, path, &err), &err);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(trust_key_write_locked(&key, words, path, &err), TRUNDLE_CONFLICT);
    support_ok(file_read(path, 4096, &b, &err), &err);
    assert_int_equal(bytes_append(&b, "", 1), TRUNDLE_OK);
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(secret + 2 * i, 3, "%02x", key.secret[i]);
    assert_null(strstr((const char *)b.data, secret));
    assert_non_null(strstr((const char *)b.data, "\"trundle_key\":2"));
    bytes_done(&b);

    memset(&again, 0, sizeof again);
    support_ok(trust_key_open(path, give, &right, &again, &err), &err);
    assert_memory_equal(&key, &again, sizeof key);
    memset(&again, 7, sizeof again);
    assert_int_equal(trust_key_open(path, give, &wrong, &again, &err), TRUNDLE_CORRUPT);
    assert_non_null(strstr(err.what, "passphrase does not open"));
    assert_int_equal(again.id[0], 7);
    assert_int_equal(trust_key_open(path, give, &nobody, &again, &err), TRUNDLE_DEVICE);
    assert_int_equal(trust_key_read(path, &again, &err), TRUNDLE_CONFLICT);
    assert_non_null(strstr(err.what, "locked"));
    support_ok(trust_key_public(path, half, &locked, &err), &err);
    assert_true(locked && memcmp(half, key.public_key, 32) == 0);

    changed(path, other, "\"public\":\"", "0000");
    assert_int_equal(trust_key_open(other, give, &right, &again, &err), TRUNDLE_BAD_INPUT);
    changed(path, other, "\"locked\":\"", "00000000");
    assert_int_equal(trust_key_open(other, give, &right, &again, &err), TRUNDLE_CORRUPT);
    assert_true(right.times == 3 && wrong.times == 1);
    changed(path, other, "\"salt\":\"", "xyz");
    assert_int_equal(trust_key_open(other, give, &right, &again, &err), TRUNDLE_BAD_INPUT);
    changed(path, other, "\"kdf\":\"", "scrypt99xx");
    assert_int_equal(trust_key_open(other, give, &right, &again, &err), TRUNDLE_UNSUPPORTED);
    changed(path, other, "\"memory_bytes\":", "999999999");       /* what the file says must not take the machine's memory */
    changed(other, other, "\"memory_bytes\":999999999", "9,\"a\":\"");
    assert_int_not_equal(trust_key_open(other, give, &right, &again, &err), TRUNDLE_OK);
    changed(path, other, "\"trundle_key\":", "3");
    assert_int_equal(trust_key_open(other, give, &right, &again, &err), TRUNDLE_BAD_INPUT);
    assert_true(right.times == 3);

    (void)unlink(other);                   /* one without is opened without a question */
    support_ok(trust_key_write(&key, other, &err), &err);
    support_ok(trust_key_open(other, give, &nobody, &again, &err), &err);
    assert_int_equal(nobody.times, 1);
    support_ok(trust_key_public(other, half, &locked, &err), &err);
    assert_false(locked);
}

/* A signature of a keyring is none of a bundle with the same digest. */
static void purposes_are_apart(void **state)
{
    struct make m;
    struct trust_signature s;
    uint8_t digest[32] = { 7 };

    (void)state;
    make_init(&m);
    trust_sign(&m.signing[0], TRUST_KEYRING, digest, &s);
    assert_int_equal(trust_check(m.trust, &s, digest), TRUST_WRONG_SIGNATURE);
    trust_sign(&m.signing[0], TRUST_BUNDLE, digest, &s);
    assert_int_equal(trust_check(m.trust, &s, digest), TRUST_GOOD);
    s.bytes[0] ^= 1;
    assert_int_equal(trust_check(m.trust, &s, digest), TRUST_WRONG_SIGNATURE);
    trust_sign(&m.stranger, TRUST_BUNDLE, digest, &s);
    assert_int_equal(trust_check(m.trust, &s, digest), TRUST_UNKNOWN_KEY);
    make_done(&m);
}

static void roots_rotate(void **state)
{
    struct make m;
    struct trust_plan plan;
    struct trust *second, *alone, *third;
    struct trust_key both[2];
    struct trundle_error err;

    (void)state;
    make_init(&m);
    both[0] = m.root[0];
    both[1] = m.root[1];
    plan = make_trust_plan(&m);
    plan.serial = 2;
    memcpy(plan.root[0], m.root[1].public_key, 32);
    alone = parsed(&plan, &m.root[1], 1);                     /* signed by the new root only */
    assert_int_equal(trust_follows(m.trust, alone, &err), TRUNDLE_CONFLICT);
    assert_non_null(strstr(err.what, "0 root keys of serial 1"));
    second = parsed(&plan, both, 2);
    support_ok(trust_follows(m.trust, second, &err), &err);
    support_ok(trust_follows(second, second, &err), &err);
    assert_int_equal(trust_follows(second, m.trust, &err), TRUNDLE_CONFLICT);
    assert_non_null(strstr(err.what, "older"));
    plan.serial = 3;
    plan.made_ns = 5;
    third = parsed(&plan, &m.root[1], 1);
    support_ok(trust_follows(second, third, &err), &err);
    assert_int_equal(trust_follows(m.trust, third, &err), TRUNDLE_CONFLICT);      /* step by step */
    trust_free(third);
    plan.serial = 2;
    third = parsed(&plan, both, 2);
    assert_int_equal(trust_follows(second, third, &err), TRUNDLE_CONFLICT);
    assert_non_null(strstr(err.what, "another content"));
    trust_free(alone);
    trust_free(second);
    trust_free(third);
    make_done(&m);
}

static void thresholds_count_different_keys(void **state)
{
    struct make m;
    struct trust_plan plan;
    struct trust *two, *next;
    struct trust_key three[3], twice[2];
    struct bytes text = { 0 };
    struct trundle_error err;

    (void)state;
    make_init(&m);
    plan = make_trust_plan(&m);
    plan.root_n = 2;
    plan.root_threshold = 2;
    memcpy(plan.root[1], m.root[1].public_key, 32);
    two = parsed(&plan, m.root, 2);
    assert_int_equal(trust_print(&plan, m.root, 1, &text, &err), TRUNDLE_CORRUPT);
    twice[0] = twice[1] = m.root[0];
    assert_int_equal(trust_print(&plan, twice, 2, &text, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(text.n, 0);
    plan.serial = 2;                                          /* a new root, and only one of the two old ones signs */
    plan.root_n = 1;
    plan.root_threshold = 1;
    memcpy(plan.root[0], m.stranger.public_key, 32);
    three[0] = m.stranger;
    three[1] = m.root[0];
    three[2] = m.root[1];
    next = parsed(&plan, three, 2);
    assert_int_equal(trust_follows(two, next, &err), TRUNDLE_CONFLICT);
    trust_free(next);
    next = parsed(&plan, three, 3);
    support_ok(trust_follows(two, next, &err), &err);
    trust_free(next);
    trust_free(two);
    make_done(&m);
}

static void crooked_keyrings_are_refused(void **state)
{
    struct make m;
    struct trust_plan good, plan;
    struct bytes text = { 0 };
    struct trust *t = NULL;
    struct trundle_error err;
    char *at;

    (void)state;
    make_init(&m);
    good = make_trust_plan(&m);
    plan = good;
    plan.signing_threshold = 3;
    assert_int_equal(trust_print(&plan, m.root, 1, &text, &err), TRUNDLE_BAD_INPUT);
    plan = good;
    memcpy(plan.signing[1], plan.signing[0], 32);
    assert_int_equal(trust_print(&plan, m.root, 1, &text, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "twice"));
    plan = good;
    memcpy(plan.signing[1], plan.root[0], 32);
    assert_int_equal(trust_print(&plan, m.root, 1, &text, &err), TRUNDLE_BAD_INPUT);
    plan = good;
    plan.serial = 0;
    assert_int_equal(trust_print(&plan, m.root, 1, &text, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(trust_print(&good, &m.stranger, 1, &text, &err), TRUNDLE_CORRUPT);
    make_trust(&good, m.root, 1, &text);
    at = strstr((char *)text.data, "\"serial\": 1");
    assert_non_null(at);
    at[10] = '2';
    assert_int_equal(trust_parse(text.data, text.n, "changed", &t, &err), TRUNDLE_CORRUPT);
    assert_int_equal(trust_parse("{}", 2, "empty", &t, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(trust_parse("[]", 2, "list", &t, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(trust_parse("x", 1, "no JSON", &t, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(trust_parse(text.data, TRUST_BYTES_MAX + 1, "large", &t, &err), TRUNDLE_TOO_LARGE);
    assert_null(t);
    bytes_done(&text);
    make_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_locked_key_takes_its_passphrase),
        cmocka_unit_test(keys_stay_private_and_whole),     cmocka_unit_test(purposes_are_apart),           cmocka_unit_test(roots_rotate),
        cmocka_unit_test(thresholds_count_different_keys), cmocka_unit_test(crooked_keyrings_are_refused),
    };

    return support_run(tests);
}
