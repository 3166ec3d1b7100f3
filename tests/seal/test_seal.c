/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* seal: what is sealed opens with the key, and nothing else does; what is damaged in any way gives an error and no content. */
#include "base/seal/seal.h"
#include "tests/support/support.h"

#include "base/std/rng.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct seal_header header = { .cart = "cart-7", .trip = "4711", .trigger = "belief < 0.6", .purpose = "label", .keep_days = 30, .t0_s = 12.25, .t1_s = 18.5,
                                           .extra = "{\"decision\":17}" };

static struct seal_key key_made(void)
{
    struct trundle_error err;
    struct seal_key key;

    support_ok(seal_key_make(&key, &err), &err);
    return key;
}

static struct bytes content_of(size_t n)
{
    struct rng r = rng_seed(support_seed(), "seal");
    struct bytes b = { 0 };

    assert_int_equal(bytes_reserve(&b, n + 1), TRUNDLE_OK);
    for (b.n = 0; b.n < n; b.n++)
        b.data[b.n] = (uint8_t)rng_u64(&r);
    return b;
}

/* In pieces of odd sizes. */
static struct bytes sealed_of(const struct seal_key *key, const struct bytes *content)
{
    struct seal_writer *w = NULL;
    struct trundle_error err;
    struct bytes out = { 0 };

    support_ok(seal_write_memory(key->public_key, &header, &out, &w, &err), &err);
    for (size_t at = 0, part = 1; at < content->n; at += part, part = part * 3 + 1) {
        part = part < content->n - at ? part : content->n - at;
        support_ok(seal_write_add(w, content->data + at, part, &err), &err);
    }
    support_ok(seal_write_finish(w, &err), &err);
    assert_int_equal(seal_write_add(w, "x", 1, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(seal_write_finish(w, &err), TRUNDLE_BAD_ARG);
    seal_write_free(w);
    return out;
}

static enum trundle_status try_open(const struct seal_key *key, const uint8_t *data, size_t n, struct trundle_error *err)
{
    struct seal_reader *r = NULL;
    enum trundle_status status = seal_open_memory(key, data, n, &r, err);

    assert_true((status == TRUNDLE_OK) == (r != NULL));
    if (status != TRUNDLE_OK)
        assert_true(err->where[0] && err->what[0] && err->status == status);
    seal_open_free(r);
    return status;
}

static void what_goes_in_comes_out(void **state)
{
    static const size_t sizes[] = { 0, 1, SEAL_CHUNK - 1, SEAL_CHUNK, SEAL_CHUNK + 1, 3 * SEAL_CHUNK, 300001 };
    struct seal_key key = key_made();
    struct trundle_error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct bytes content = content_of(sizes[i]), sealed = sealed_of(&key, &content), back = { 0 };
        const struct seal_header *h;
        struct seal_reader *r = NULL;

        support_ok(seal_open_memory(&key, sealed.data, sealed.n, &r, &err), &err);
        h = seal_open_header(r);
        assert_true(strcmp(h->cart, "cart-7") == 0 && strcmp(h->trip, "4711") == 0 && strcmp(h->trigger, "belief < 0.6") == 0 && strcmp(h->purpose, "label") == 0);
        assert_true(h->keep_days == 30 && h->t0_s == 12.25 && h->t1_s == 18.5);
        assert_string_equal(h->extra, "{\"decision\":17}");
        assert_int_equal(seal_open_size(r), sizes[i]);
        support_ok(seal_open_all(r, sizes[i], &back, &err), &err);
        assert_int_equal(back.n, content.n);
        if (content.n)
            assert_memory_equal(back.data, content.data, content.n);
        if (sizes[i]) {
            struct bytes none = { 0 };

            assert_int_equal(seal_open_all(r, sizes[i] - 1, &none, &err), TRUNDLE_TOO_LARGE);
            assert_null(none.data);
        }
        seal_open_free(r);
        bytes_done(&content);
        bytes_done(&sealed);
        bytes_done(&back);
    }
}

/* Every bit of the front and of the ends, and a sample of the rest. */
static void every_flipped_bit_is_found(void **state)
{
    struct seal_key key = key_made();
    struct bytes content = content_of(SEAL_CHUNK + 100), sealed = sealed_of(&key, &content);
    struct rng r = rng_seed(support_seed(), "flip");
    struct trundle_error err;

    (void)state;
    assert_int_equal(try_open(&key, sealed.data, sealed.n, &err), TRUNDLE_OK);
    for (size_t i = 0; i < 8 * 300; i++) {
        size_t bit = i < 8 * 280 ? i : 8 * (size_t)rng_below(&r, (uint32_t)sealed.n) + i % 8;

        sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(try_open(&key, sealed.data, sealed.n, &err), TRUNDLE_OK);
        sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(try_open(&key, sealed.data, sealed.n, &err), TRUNDLE_OK);
    bytes_done(&content);
    bytes_done(&sealed);
}

/* With content of whole chunks a cut between two chunks leaves only proper chunks: the final tag must tell. */
static void cut_lengthened_and_reordered_are_found(void **state)
{
    struct seal_key key = key_made(), other = key_made();
    struct bytes content = content_of(3 * SEAL_CHUNK), sealed = sealed_of(&key, &content), longer = { 0 };
    const size_t chunk = SEAL_CHUNK + 17, front = sealed.n - 3 * chunk;
    uint8_t *swap = malloc(chunk);
    struct trundle_error err;

    (void)state;
    for (size_t n = 0; n < front + 40; n++)
        assert_int_not_equal(try_open(&key, sealed.data, n, &err), TRUNDLE_OK);
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(try_open(&key, sealed.data, front + k * chunk, &err), TRUNDLE_TRUNCATED);
        assert_int_not_equal(try_open(&key, sealed.data, front + k * chunk + 16, &err), TRUNDLE_OK);
        assert_int_not_equal(try_open(&key, sealed.data, front + k * chunk + 5000, &err), TRUNDLE_OK);
    }
    assert_int_equal(bytes_append(&longer, sealed.data, sealed.n), TRUNDLE_OK);
    assert_int_equal(bytes_append(&longer, "x", 1), TRUNDLE_OK);
    assert_int_equal(try_open(&key, longer.data, longer.n, &err), TRUNDLE_CORRUPT);
    assert_non_null(strstr(err.what, "follow the last chunk"));
    assert_int_equal(bytes_append(&longer, sealed.data + front, chunk), TRUNDLE_OK);
    assert_int_equal(try_open(&key, longer.data, longer.n, &err), TRUNDLE_CORRUPT);
    assert_non_null(swap);
    memcpy(swap, sealed.data + front, chunk);
    memcpy(sealed.data + front, sealed.data + front + chunk, chunk);
    memcpy(sealed.data + front + chunk, swap, chunk);
    assert_int_equal(try_open(&key, sealed.data, sealed.n, &err), TRUNDLE_CORRUPT);
    memcpy(sealed.data + front + chunk, sealed.data + front, chunk);
    memcpy(sealed.data + front, swap, chunk);
    assert_int_equal(try_open(&key, sealed.data, sealed.n, &err), TRUNDLE_OK);
    assert_int_equal(try_open(&other, sealed.data, sealed.n, &err), TRUNDLE_CORRUPT);
    assert_non_null(strstr(err.what, "not sealed to this key"));
    free(swap);
    bytes_done(&longer);
    bytes_done(&content);
    bytes_done(&sealed);
}

static void a_file_is_there_whole_or_not_at_all(void **state)
{
    struct seal_key key = key_made();
    struct bytes content = content_of(200000), back = { 0 };
    struct seal_writer *w = NULL;
    struct seal_reader *r = NULL;
    struct seal_header h;
    const char *folder = support_scratch();
    struct trundle_error err;
    char path[4096];
    char *listing = NULL;
    struct stat st;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/a.seal", folder);
    support_ok(seal_write_file(key.public_key, &header, path, &w, &err), &err);
    support_ok(seal_write_add(w, content.data, content.n, &err), &err);
    assert_int_not_equal(access(path, F_OK), 0);
    seal_write_free(w);                                /* given up */
    assert_int_equal(support_shell(&listing, "ls -A %s", folder), 0);
    assert_string_equal(listing, "");
    free(listing);
    support_ok(seal_write_file(key.public_key, &header, path, &w, &err), &err);
    support_ok(seal_write_add(w, content.data, content.n, &err), &err);
    support_ok(seal_write_finish(w, &err), &err);
    seal_write_free(w);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    support_ok(seal_peek_file(NULL, path, &h, &err), &err);
    assert_string_equal(h.trip, "4711");
    support_ok(seal_peek_file(&key, path, &h, &err), &err);
    support_ok(seal_open_file(&key, path, &r, &err), &err);
    support_ok(seal_open_all(r, 1 << 20, &back, &err), &err);
    assert_memory_equal(back.data, content.data, content.n);
    seal_open_free(r);
    assert_int_equal(support_shell(NULL, "printf x | dd of=%s bs=1 seek=150000 conv=notrunc 2>/dev/null", path), 0);
    assert_int_equal(seal_open_file(&key, path, &r, &err), TRUNDLE_CORRUPT);
    assert_int_equal(seal_open_file(&key, "/nonexistent", &r, &err), TRUNDLE_NOT_FOUND);
    assert_int_equal(seal_open_file(&key, folder, &r, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(seal_write_file(key.public_key, &header, "/nonexistent/a", &w, &err), TRUNDLE_IO);
    bytes_done(&content);
    bytes_done(&back);
}

static void headers_have_limits(void **state)
{
    struct seal_key key = key_made();
    struct seal_writer *w = NULL;
    struct bytes to = { 0 };
    struct trundle_error err;
    static char extra[5000];

    (void)state;
    for (int i = 0; i < 8; i++) {
        struct seal_header h = header;

        switch (i) {
        case 0: h.cart[0] = '\0'; break;
        case 1: h.trip[1] = '\n'; break;
        case 2: h.keep_days = -1; break;
        case 3: h.t1_s = 12; break;
        case 4: h.t0_s = (double)(0.0f / 0.0f); break;
        case 5: h.extra = "[1]"; break;
        case 6: memset(h.purpose, 'x', sizeof h.purpose); break;
        default:
            memset(extra, ' ', sizeof extra - 1);
            memcpy(extra, "{\"a\":\"", 6);
            memset(extra + 6, 'x', 4200);
            memcpy(extra + 4206, "\"}", 2);
            h.extra = extra;
        }
        assert_int_equal(seal_write_memory(key.public_key, &h, &to, &w, &err), TRUNDLE_BAD_ARG);
        assert_int_equal(to.n, 0);
    }
    assert_int_equal(bytes_append(&to, "before", 6), TRUNDLE_OK);
    support_ok(seal_write_memory(key.public_key, &header, &to, &w, &err), &err);
    seal_write_free(w);
    assert_int_equal(to.n, 6);                         /* what was given up is taken off again */
    bytes_done(&to);
}

static void keys_are_checked(void **state)
{
    static const char zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    struct seal_key key = key_made(), same;
    char text[SEAL_KEY_TEXT];
    uint8_t public_key[SEAL_PUBLIC];
    struct trundle_error err;

    (void)state;
    support_ok(seal_key_from_secret(seal_key_text(key.secret_key, text), "secret", &same, &err), &err);
    assert_memory_equal(&same, &key, sizeof key);
    assert_int_equal(seal_key_from_secret("nonsense", "secret", &same, &err), TRUNDLE_BAD_INPUT);
    support_ok(seal_public_parse(seal_key_text(key.public_key, text), "hub", public_key, &err), &err);
    assert_memory_equal(public_key, key.public_key, sizeof public_key);
    assert_int_equal(seal_public_parse("nonsense", "hub", public_key, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(seal_public_parse(zero, "hub", public_key, &err), TRUNDLE_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(cut_lengthened_and_reordered_are_found),
        cmocka_unit_test(a_file_is_there_whole_or_not_at_all),
        cmocka_unit_test(headers_have_limits),
        cmocka_unit_test(keys_are_checked),
    };

    return support_run(tests);
}
