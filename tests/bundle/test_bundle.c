/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* bundle: what is signed and in order is taken, everything else is refused, each for its own reason, and nothing unverified is read. */
#include "tests/bundle/make.h"

#include "base/std/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct bundle_want lab = { .hardware = "lab" };

static enum bundle_refusal verdict_on(const struct make *m, const char *path, const struct trust *trust, const struct bundle_want *want, struct trundle_error *err)
{
    struct bundle *b = NULL;
    enum bundle_refusal why = BUNDLE_REFUSAL_COUNT;
    enum trundle_status status = bundle_open(path, &b, &why, err);

    if (status == TRUNDLE_OK)
        status = bundle_verify(b, trust ? trust : m->trust, want ? want : &lab, &why, err);
    assert_true((status == TRUNDLE_OK) == (why == BUNDLE_NONE));
    if (b)
        assert_true(bundle_about(b).verified == (why == BUNDLE_NONE));
    bundle_close(b);
    return why;
}

static void a_signed_bundle_is_taken_and_read(void **state)
{
    struct make m;
    struct bundle *b = NULL;
    struct trundle_error err;
    struct bytes text = { 0 };
    struct bundle_about about;
    char sha256[65], command[700], *told = NULL;
    const char *path;

    (void)state;
    make_init(&m);
    path = make_bundle(&m, .serial = 17, .sign = 1);
    support_ok(bundle_open(path, &b, NULL, &err), &err);
    assert_int_equal(bundle_read(b, "model/fuse.json", &text, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(bundle_sha256(b, sha256, &err), TRUNDLE_BAD_ARG);
    assert_int_equal(bundle_extract(b, make_scratch(), &err), TRUNDLE_BAD_ARG);
    support_ok(bundle_verify(b, m.trust, &(struct bundle_want){ .hardware = "lab", .newer_than = 16 }, NULL, &err), &err);
    about = bundle_about(b);
    assert_string_equal(about.name, "b17");
    assert_true(about.serial == 17 && about.files_n == 3 && about.signatures_n == 1 && about.verified);
    assert_string_equal(bundle_signer(b, 0), m.signing[0].id);
    support_ok(bundle_read(b, "model/sub/net.bin", &text, &err), &err);
    assert_string_equal((const char *)text.data, "weights of some net");
    bytes_done(&text);
    assert_int_equal(bundle_read(b, "model/other", &text, &err), TRUNDLE_NOT_FOUND);
    support_ok(bundle_sha256(b, sha256, &err), &err);
    (void)snprintf(command, sizeof command, "sha256sum %s", path);
    assert_int_equal(support_shell(&told, "%s", command), 0);
    assert_memory_equal(told, sha256, 64);
    free(told);
    /* A failed look takes the mark away again. */
    assert_int_equal(bundle_verify(b, m.trust, &(struct bundle_want){ .hardware = "other" }, NULL, &err), TRUNDLE_CONFLICT);
    assert_int_equal(bundle_read(b, "model/fuse.json", &text, &err), TRUNDLE_BAD_ARG);
    bundle_close(b);
    make_done(&m);
}

static void every_refusal_has_its_reason(void **state)
{
    struct make m;
    struct trust_plan plan;
    struct trust *two = NULL, *without = NULL;
    struct bytes text = { 0 };
    struct trundle_error err;

    (void)state;
    make_init(&m);
    plan = make_trust_plan(&m);
    plan.signing_threshold = 2;
    plan.serial = 2;
    make_trust(&plan, m.root, 1, &text);
    support_ok(trust_parse(text.data, text.n, "two", &two, &err), &err);
    bytes_done(&text);
    plan = make_trust_plan(&m);
    plan.revoked_n = 1;
    memcpy(plan.revoked[0], m.signing[0].id, TRUST_ID_TEXT);
    plan.serial = 3;
    make_trust(&plan, m.root, 1, &text);
    support_ok(trust_parse(text.data, text.n, "without", &without, &err), &err);
    bytes_done(&text);
    const struct bundle_want newer = { .hardware = "lab", .newer_than = 5 }, same_version = { .hardware = "lab", .version = "1.2.3" };
    const struct {
        struct make_plan plan;
        const struct trust *trust;
        const struct bundle_want *want;
        enum bundle_refusal why;
        const char *says;
    } cases[] = {
        { { .sign = 1 }, NULL, NULL, BUNDLE_NONE, "" },
        { { .sign = 2 }, two, NULL, BUNDLE_NONE, "" },
        { { .sign = 3 }, without, NULL, BUNDLE_NONE, "" },
        { { .sign = 2 }, without, NULL, BUNDLE_NONE, "" },
        { { .sign = 0 }, NULL, NULL, BUNDLE_UNSIGNED, "nobody signed" },
        { { .sign = 4 }, NULL, NULL, BUNDLE_UNKNOWN_KEY, "no key of the keyring" },
        { { .sign = 5 }, NULL, NULL, BUNDLE_UNKNOWN_KEY, "no key of the keyring" },
        { { .sign = 1 }, without, NULL, BUNDLE_REVOKED_KEY, "revoked" },
        { { .sign = 1 }, two, NULL, BUNDLE_THRESHOLD, "1 did, 2 must" },
        { { .sign = 1, .serial = 5 }, NULL, &newer, BUNDLE_OLDER, "serial is 5" },
        { { .sign = 1, .serial = 4 }, NULL, &newer, BUNDLE_OLDER, "serial is 4" },
        { { .sign = 1, .serial = 6 }, NULL, &newer, BUNDLE_NONE, "" },
        { { .sign = 1, .hardware = "pi5-2cam" }, NULL, NULL, BUNDLE_HARDWARE, "pi5-2cam" },
        { { .sign = 1, .needs = "1.2.4" }, NULL, &same_version, BUNDLE_NEEDS, "1.2.4" },
        { { .sign = 1, .needs = "2" }, NULL, &same_version, BUNDLE_NEEDS, "2" },
        { { .sign = 1, .needs = "1.2.3" }, NULL, &same_version, BUNDLE_NONE, "" },
        { { .sign = 1, .needs = "1.1.99" }, NULL, &same_version, BUNDLE_NONE, "" },
        { { .sign = 1, .gate = "" }, NULL, NULL, BUNDLE_NO_VERDICT, "not judged" },
        { { .sign = 1, .gate = "{\"held\":true,\"findings\":[]}" }, NULL, NULL, BUNDLE_NO_VERDICT, "nothing was judged" },
        { { .sign = 1, .gate = "{\"findings\":[{\"held\":true}]}" }, NULL, NULL, BUNDLE_NO_VERDICT, "nothing was judged" },
        { { .sign = 1, .gate = "{\"held\":false,\"findings\":[{\"held\":true}]}" }, NULL, NULL, BUNDLE_FAILED_VERDICT, "did not hold" },
        { { .sign = 1, .gate = "{\"held\":true,\"findings\":[{\"held\":true},{\"held\":false,\"statement\":\"event_f1 >= 0.99\"}]}" }, NULL, NULL,
          BUNDLE_FAILED_VERDICT, "event_f1 >= 0.99" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *path = make_bundle_of(&m, &cases[i].plan);
        enum bundle_refusal why = verdict_on(&m, path, cases[i].trust, cases[i].want, &err);

        if (why != cases[i].why)
            print_error("case %zu: %s, wanted %s\n", i, bundle_refusal_text(why), bundle_refusal_text(cases[i].why));
        assert_int_equal(why, cases[i].why);
        if (why != BUNDLE_NONE)
            assert_non_null(strstr(err.what, cases[i].says));
        (void)unlink(path);
    }
    trust_free(two);
    trust_free(without);
    make_done(&m);
}

/* A bundle file put together by hand. */
static void write_raw(const char *path, const char *magic, const char *manifest, uint32_t manifest_n, const char *signatures, uint32_t signatures_n, const char *content)
{
    struct bytes b = { 0 };
    struct trundle_error err;
    uint8_t n[8];

    for (int k = 0; k < 4; k++) {
        n[k] = (uint8_t)(manifest_n >> (8 * k));
        n[4 + k] = (uint8_t)(signatures_n >> (8 * k));
    }
    support_ok(bytes_append(&b, magic, 8), NULL);
    support_ok(bytes_append(&b, n, 8), NULL);
    support_ok(bytes_print(&b, "%s%s%s", manifest, signatures, content), NULL);
    support_ok(file_write(path, b.data, b.n, &err), &err);
    bytes_done(&b);
}

#define SHA_OF_HI "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"
#define FILE_OF(path) "{\"path\":\"" path "\",\"bytes\":2,\"sha256\":\"" SHA_OF_HI "\"}"
#define MANIFEST_OF(files) \
    "{\"version\":1,\"name\":\"x\",\"serial\":1,\"made_ns\":1,\"hardware\":[\"lab\"],\"needs\":{},\"files\":[" files "],\"card\":\"model/card.md\"}"
#define CARD FILE_OF("model/card.md")

static void crooked_structures_are_refused(void **state)
{
    struct trundle_error err;
    char path[600];
    const struct { const char *manifest, *content; enum bundle_refusal why; const char *says; } cases[] = {
        { MANIFEST_OF(CARD), "hi", BUNDLE_NONE, "" },
        { MANIFEST_OF(CARD), "h", BUNDLE_CUT, "its files end at" },
        { MANIFEST_OF(CARD), "hi!", BUNDLE_NOT_A_BUNDLE, "behind its last file" },
        { MANIFEST_OF(CARD "," FILE_OF("model/../../etc/passwd")), "hihi", BUNDLE_FILE_NAME, "no name of a file" },
        { MANIFEST_OF(CARD "," FILE_OF("/etc/passwd")), "hihi", BUNDLE_FILE_NAME, "" },
        { MANIFEST_OF(CARD "," FILE_OF("model//x")), "hihi", BUNDLE_FILE_NAME, "" },
        { MANIFEST_OF(CARD "," FILE_OF("model/.hidden")), "hihi", BUNDLE_FILE_NAME, "" },
        { MANIFEST_OF(CARD "," FILE_OF("model/a b")), "hihi", BUNDLE_FILE_NAME, "" },
        { MANIFEST_OF(CARD "," FILE_OF("model/a\\\\b")), "hihi", BUNDLE_FILE_NAME, "" },
        { MANIFEST_OF(CARD "," FILE_OF("model/")), "hihi", BUNDLE_FILE_NAME, "" },
        { MANIFEST_OF(CARD "," FILE_OF("bundle.json")), "hihi", BUNDLE_FILE_NAME, "" },
        { MANIFEST_OF(CARD "," FILE_OF("model/a/b/c/d/e/f")), "hihi", BUNDLE_FILE_NAME, "" },
        { MANIFEST_OF(CARD "," CARD), "hihi", BUNDLE_FILE_NAME, "there twice" },
        { MANIFEST_OF(CARD "," FILE_OF("model/CARD.md")), "hihi", BUNDLE_FILE_NAME, "there twice" },
        { MANIFEST_OF(CARD "," FILE_OF("model/a") "," FILE_OF("model/a-b") "," FILE_OF("model/a/b")), "hihihihi", BUNDLE_FILE_NAME, "a file and a folder" },
        { MANIFEST_OF("{\"path\":\"model/card.md\",\"bytes\":3000000000,\"sha256\":\"" SHA_OF_HI "\"}"), "hi", BUNDLE_TOO_MUCH, "together" },
        { MANIFEST_OF("{\"path\":\"model/card.md\",\"bytes\":-1,\"sha256\":\"" SHA_OF_HI "\"}"), "hi", BUNDLE_MANIFEST, "" },
        { MANIFEST_OF("{\"path\":\"model/card.md\",\"bytes\":2,\"sha256\":\"zz\"}"), "hi", BUNDLE_MANIFEST, "64 hex digits" },
        { MANIFEST_OF(FILE_OF("model/x")), "hi", BUNDLE_MANIFEST, "none of the files" },
        { MANIFEST_OF(""), "", BUNDLE_MANIFEST, "list of files" },
        { "{\"version\":2}", "", BUNDLE_MANIFEST, "" },
        { "{\"version\":1,\"future\":1}", "", BUNDLE_MANIFEST, "future" },
        { "[]", "", BUNDLE_MANIFEST, "object" },
        { "not json", "", BUNDLE_MANIFEST, "not JSON" },
        { "{\"version\":1,\"name\":\"Upper Case\"}", "", BUNDLE_MANIFEST, "a name has" },
    };

    (void)state;
    (void)snprintf(path, sizeof path, "%s/raw.bundle", make_scratch());
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bundle *b = NULL;
        enum bundle_refusal why;

        write_raw(path, "TRUNDLB1", cases[i].manifest, (uint32_t)strlen(cases[i].manifest), "[]", 2, cases[i].content);
        assert_true((bundle_open(path, &b, &why, &err) == TRUNDLE_OK) == (cases[i].why == BUNDLE_NONE));
        if (why != cases[i].why)
            print_error("case %zu: %s, wanted %s\n", i, bundle_refusal_text(why), bundle_refusal_text(cases[i].why));
        assert_int_equal(why, cases[i].why);
        if (why != BUNDLE_NONE)
            assert_non_null(strstr(err.what, cases[i].says));
        bundle_close(b);
    }
}

static enum bundle_refusal open_raw(const char *path)
{
    struct bundle *b = NULL;
    enum bundle_refusal why;
    struct trundle_error err;

    assert_true((bundle_open(path, &b, &why, &err) == TRUNDLE_OK) == (why == BUNDLE_NONE));
    bundle_close(b);
    return why;
}

static void lying_heads_are_refused(void **state)
{
    static const char m[] = MANIFEST_OF(CARD);
    static const char one[] = "{\"key\":\"0123456789abcdef\",\"signature\":\"AA==\"}";
    char path[600], list[4096] = "[";

    (void)state;
    (void)snprintf(path, sizeof path, "%s/lying.bundle", make_scratch());
    assert_int_equal(open_raw(path), BUNDLE_UNREADABLE);
    make_file(path, "");
    assert_int_equal(open_raw(path), BUNDLE_NOT_A_BUNDLE);
    write_raw(path, "TRUNDLB2", m, (uint32_t)strlen(m), "[]", 2, "hi");
    assert_int_equal(open_raw(path), BUNDLE_NOT_A_BUNDLE);
    write_raw(path, "TRUNDLB1", m, 0xffffffffu, "[]", 2, "hi");
    assert_int_equal(open_raw(path), BUNDLE_TOO_MUCH);
    write_raw(path, "TRUNDLB1", m, (uint32_t)strlen(m), "[]", 0xfffffff0u, "hi");
    assert_int_equal(open_raw(path), BUNDLE_TOO_MUCH);
    write_raw(path, "TRUNDLB1", m, (uint32_t)strlen(m) + 1000, "[]", 2, "hi");
    assert_int_equal(open_raw(path), BUNDLE_CUT);
    write_raw(path, "TRUNDLB1", m, (uint32_t)strlen(m), "{}", 2, "hi");
    assert_int_equal(open_raw(path), BUNDLE_TOO_MUCH);
    (void)snprintf(list, sizeof list, "[%s]", one);
    write_raw(path, "TRUNDLB1", m, (uint32_t)strlen(m), list, (uint32_t)strlen(list), "hi");
    assert_int_equal(open_raw(path), BUNDLE_MANIFEST);
}

static bool taken(const struct make *m, const struct bytes *b)
{
    struct bundle *bundle = NULL;
    struct trundle_error err;
    bool is_taken = bundle_open_bytes(b->data, b->n, &bundle, NULL, &err) == TRUNDLE_OK && bundle_verify(bundle, m->trust, &lab, NULL, &err) == TRUNDLE_OK;

    bundle_close(bundle);
    return is_taken;
}

/* Every single bit of a bundle that is turned makes it refused: no part of it is outside of what is checked. */
static void every_turned_bit_is_found(void **state)
{
    struct make m;
    struct bytes b = { 0 };
    struct trundle_error err;

    (void)state;
    make_init(&m);
    support_ok(file_read(make_bundle(&m, .sign = 1), 1 << 20, &b, &err), &err);
    assert_true(taken(&m, &b));
    for (size_t i = 0; i < 8 * b.n; i++) {
        b.data[i / 8] ^= (uint8_t)(1u << (i % 8));
        if (taken(&m, &b)) {
            print_error("bit %zu of byte %zu of %zu\n", i % 8, i / 8, b.n);
            fail();
        }
        b.data[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    bytes_done(&b);
    make_done(&m);
}

static void tampering_names_what_was_changed(void **state)
{
    struct make m;
    struct bytes b = { 0 };
    struct trundle_error err;
    char path[600], *at;
    static const char from[] = "\"serial\":1,", to[] = "\"serial\":9,";

    (void)state;
    make_init(&m);
    (void)snprintf(path, sizeof path, "%s/changed.bundle", make_scratch());
    support_ok(file_read(make_bundle(&m, .sign = 1), 1 << 20, &b, &err), &err);
    b.data[b.n - 1] ^= 1;
    support_ok(file_write(path, b.data, b.n, &err), &err);
    assert_int_equal(verdict_on(&m, path, NULL, NULL, &err), BUNDLE_CONTENT);
    assert_non_null(strstr(err.what, "model/sub/net.bin"));
    b.data[b.n - 1] ^= 1;
    at = strstr((char *)b.data + 16, from);
    assert_non_null(at);
    memcpy(at, to, sizeof to - 1);
    support_ok(file_write(path, b.data, b.n, &err), &err);
    assert_int_equal(verdict_on(&m, path, NULL, NULL, &err), BUNDLE_SIGNATURE);
    assert_non_null(strstr(err.what, m.signing[0].id));
    bytes_done(&b);
    make_done(&m);
}

/* The file changes between the look and the reading. */
static struct bundle *changed_after_the_look(struct make *m)
{
    const char *path = make_bundle(m, .sign = 1);
    struct bundle *b = NULL;
    struct trundle_error err;
    FILE *f;

    support_ok(bundle_open(path, &b, NULL, &err), &err);
    support_ok(bundle_verify(b, m->trust, &lab, NULL, &err), &err);
    f = fopen(path, "r+b");
    assert_non_null(f);
    (void)fseek(f, -1, SEEK_END);
    (void)fputc('!', f);
    (void)fclose(f);
    return b;
}

static void what_changed_since_is_not_read(void **state)
{
    struct make m;
    struct bundle *b;
    struct bytes text = { 0 };
    struct trundle_error err;
    char folder[600];

    (void)state;
    make_init(&m);
    b = changed_after_the_look(&m);
    assert_int_equal(bundle_read(b, "model/sub/net.bin", &text, &err), TRUNDLE_CORRUPT);
    assert_null(text.data);
    assert_int_equal(bundle_read(b, "model/fuse.json", &text, &err), TRUNDLE_BAD_ARG);      /* the mark is gone */
    assert_int_equal(bundle_verify(b, m.trust, &lab, NULL, &err), TRUNDLE_CORRUPT);
    bundle_close(b);
    b = changed_after_the_look(&m);
    (void)snprintf(folder, sizeof folder, "%s/out", make_scratch());
    support_ok(folder_make(folder, &err), &err);
    assert_int_equal(bundle_extract(b, folder, &err), TRUNDLE_CORRUPT);
    assert_int_equal(bundle_extract(b, folder, &err), TRUNDLE_BAD_ARG);
    bundle_close(b);
    make_done(&m);
}

static void what_cannot_be_built_says_why(void **state)
{
    struct make m;
    struct trundle_error err;
    const char *hardware = "lab";
    struct bundle_plan plan = { .name = "x", .serial = 1, .hardware = &hardware, .hardware_n = 1 };
    char path[600], link[600], out[600];

    (void)state;
    make_init(&m);
    (void)snprintf(out, sizeof out, "%s/out.bundle", make_scratch());
    plan.model_dir = "/nonexistent";
    assert_int_equal(bundle_build(&plan, out, &err), TRUNDLE_NOT_FOUND);
    plan.model_dir = m.model;
    plan.name = "No Name";
    assert_int_equal(bundle_build(&plan, out, &err), TRUNDLE_BAD_INPUT);
    plan.name = "x";
    plan.serial = 0;
    assert_int_equal(bundle_build(&plan, out, &err), TRUNDLE_BAD_INPUT);
    plan.serial = 1;
    plan.needs = "one";
    assert_int_equal(bundle_build(&plan, out, &err), TRUNDLE_BAD_INPUT);
    plan.needs = NULL;
    (void)snprintf(link, sizeof link, "%s/link", m.model);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(bundle_build(&plan, out, &err), TRUNDLE_BAD_INPUT);
    assert_non_null(strstr(err.what, "links"));
    (void)unlink(link);
    (void)snprintf(path, sizeof path, "%s/card.md", m.model);
    (void)unlink(path);
    assert_int_equal(bundle_build(&plan, out, &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(access(out, F_OK), -1);
    assert_int_equal(bundle_sign(out, &m.signing[0], &err), TRUNDLE_NOT_FOUND);
    make_done(&m);
}

static void names_of_refusals_differ(void **state)
{
    (void)state;
    for (int i = 0; i < BUNDLE_REFUSAL_COUNT; i++)
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(bundle_refusal_text((enum bundle_refusal)i), bundle_refusal_text((enum bundle_refusal)k));
            assert_string_not_equal(bundle_refusal_sentence((enum bundle_refusal)i), bundle_refusal_sentence((enum bundle_refusal)k));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_bundle_is_taken_and_read), cmocka_unit_test(every_refusal_has_its_reason), cmocka_unit_test(crooked_structures_are_refused),
        cmocka_unit_test(lying_heads_are_refused),           cmocka_unit_test(every_turned_bit_is_found),    cmocka_unit_test(tampering_names_what_was_changed),
        cmocka_unit_test(what_changed_since_is_not_read),    cmocka_unit_test(what_cannot_be_built_says_why), cmocka_unit_test(names_of_refusals_differ),
    };

    return support_run(tests);
}
