/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle ship build, sign, verify: bundles, without a hub. */
#include "base/catalog/import.h"
#include "base/catalog/store.h"
#include "base/net/manifest.h"
#include "base/std/disk.h"
#include "base/std/json.h"
#include "base/std/text.h"
#include "base/std/time.h"
#include "cmd/hub/passphrase.h"
#include "cmd/hub/ship.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { VERDICT_BYTES_MAX = 16 << 20 };

struct build { const char *model, *name, *hardware, *needs, *catalog, *calibration, *gate, *out; long long serial; bool json; };

/* `trundle eval --gate --json` prints the figures and then the verdict. The last object with "held" is the verdict; what was scored is noted in it. */
static enum trundle_status read_verdict(const char *path, json_t **out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    json_t *found = NULL, *about = NULL;
    json_error_t e;
    const char *at;
    enum trundle_status status = TRUNDLE_OK;

    TRY(file_read(path, VERDICT_BYTES_MAX, &b, err));
    at = (const char *)b.data;
    while (at[strspn(at, " \t\r\n")]) {
        json_t *value = json_loads(at, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &e);

        if (!value) {
            status = error_set(err, TRUNDLE_BAD_INPUT, path, "give it what trundle eval --gate FILE --json printed", "not JSON: %s", e.text);
            break;
        }
        at += e.position;
        if (json_object_get(value, "held")) {
            json_decref(found);
            found = value;
        } else {
            json_decref(about);
            about = value;
        }
    }
    if (status == TRUNDLE_OK && !found)
        status = error_set(err, TRUNDLE_BAD_INPUT, path, "give it what trundle eval --gate FILE --json printed", "holds no verdict of a gate");
    if (status == TRUNDLE_OK && json_is_object(about)) {
        static const char *const keep[] = { "suite", "seed0", "n", "senses" };
        json_t *judged = json_object();

        for (size_t i = 0; i < COUNT_OF(keep); i++)
            if (json_object_get(about, keep[i]))
                json_object_set(judged, keep[i], json_object_get(about, keep[i]));
        json_object_set_new(found, "judged", judged);
    }
    if (status == TRUNDLE_OK)
        *out = json_incref(found);
    json_decref(found);
    json_decref(about);
    bytes_done(&b);
    return status;
}

/* The hash of a catalog directory or catalog.sqlite; 64 hex digits stand for themselves. */
static enum trundle_status catalog_sha256(const char *text, char out[65], struct trundle_error *err)
{
    struct catalog_import import = { .strict = false };
    struct catalog *c = NULL;
    struct stat st;

    if (text_is_hex(text, 64)) {
        memcpy(out, text, 65);
        return TRUNDLE_OK;
    }
    if (stat(text, &st) == 0 && S_ISDIR(st.st_mode))
        TRY(catalog_load_dir(text, &import, &c, err));
    else
        TRY(catalog_open(text, &c, err));
    (void)snprintf(out, 65, "%s", catalog_hash(c));
    catalog_free(c);
    return TRUNDLE_OK;
}

static enum trundle_status build(const struct build *o, struct trundle_error *err)
{
    char text[2048], sha256[65];
    const char *hardware[SHIP_LIST_MAX];
    struct bundle_plan plan = { .name = o->name, .serial = o->serial, .made_ns = clock_wall_ns(), .model_dir = o->model, .hardware = hardware, .needs = o->needs };
    enum trundle_status status = TRUNDLE_OK;
    char manifest[DISK_PATH];

    TRY(disk_path(manifest, sizeof manifest, err, "%s/manifest.json", o->model));
    if (disk_there(manifest, NULL))        /* of a training: what it lists must be what it was */
        TRY(net_manifest_check(o->model, err));
    if (snprintf(text, sizeof text, "%s", o->hardware) >= (int)sizeof text)
        return error_set(err, TRUNDLE_TOO_LARGE, "--hardware", NULL, "is too long");
    TRY(ship_list(text, "--hardware", hardware, &plan.hardware_n, err));
    if (o->catalog) {
        TRY(catalog_sha256(o->catalog, sha256, err));
        plan.catalog_sha256 = sha256;
    }
    if (o->calibration)
        TRY_GOTO(status, json_parse_file(o->calibration, &plan.calibration, err), out);
    if (o->gate)
        TRY_GOTO(status, read_verdict(o->gate, &plan.gate, err), out);
    status = bundle_build(&plan, o->out, err);
out:
    json_decref(plan.calibration);
    json_decref(plan.gate);
    return status;
}

static int show_built(const char *path, bool json)
{
    struct bundle *b = NULL;
    struct bundle_about about;
    struct trundle_error err;

    if (bundle_open(path, &b, NULL, &err) != TRUNDLE_OK)
        return option_fail("ship build", &err);
    about = bundle_about(b);
    if (json) {
        json_t *line = json_pack("{s:s,s:s,s:I,s:I,s:I}", "file", path, "name", about.name, "serial", (json_int_t)about.serial, "files", (json_int_t)about.files_n, "bytes",
                                 (json_int_t)about.bytes);

        if (line && json_dumpf(line, stdout, JSON_COMPACT) == 0)
            (void)putchar('\n');
        json_decref(line);
    } else {
        printf("%s: %s, serial %lld, %zu files, %lld bytes, not signed yet\n", path, about.name, (long long)about.serial, about.files_n, (long long)about.bytes);
    }
    bundle_close(b);
    return EXIT_OK;
}

int ship_build_main(int argc, char **argv)
{
    struct build o = { .model = NULL };
    const struct option_row rows[] = { { "model", "DIR", OPTION_TEXT, &o.model, "model directory, with its card.md" },
                                       { "name", "NAME", OPTION_TEXT, &o.name, "a-z 0-9 - _ . up to 40" },
                                       { "serial", "N", OPTION_LONG, &o.serial, "higher than that of every bundle before" },
                                       { "hardware", "A,B", OPTION_TEXT, &o.hardware, "carts that it is for" },
                                       { "gate", "FILE", OPTION_TEXT, &o.gate, "what trundle eval --gate ... --json printed; carts refuse a bundle without" },
                                       { "catalog", "DIR", OPTION_TEXT, &o.catalog, "catalog that it was judged with (its hash is noted), or the hash" },
                                       { "calibration", "FILE", OPTION_TEXT, &o.calibration, "JSON object for the manifest; its \"accuracy\" is how the hub reads this model's belief" },
                                       { "needs", "VERSION", OPTION_TEXT, &o.needs, "least version of trundle; default: this one" },
                                       { "out", "FILE", OPTION_TEXT, &o.out, "where to" },
                                       { "json", NULL, OPTION_FLAG, &o.json, "one JSON object" },
                                       { 0 } };
    struct trundle_error err;
    int first, code;

    if (!option_parse(argc, argv, "trundle ship build --model DIR --name NAME --serial N --hardware A --gate FILE --out FILE", "Makes an unsigned bundle.", rows, &first, &code))
        return code;
    if (argc != first || !o.model || !o.name || !o.serial || !o.hardware || !o.out) {
        fputs("trundle ship build: needs --model, --name, --serial, --hardware and --out; --help says more\n", stderr);
        return EXIT_USAGE;
    }
    return build(&o, &err) == TRUNDLE_OK ? show_built(o.out, o.json) : option_fail("ship build", &err);
}

int ship_sign_main(int argc, char **argv)
{
    const char *key_path = NULL;
    struct passphrase phrase = PASSPHRASE_NONE;
    const struct option_row rows[] = { { "key", "FILE", OPTION_TEXT, &key_path, "key file of a signing key" }, PASSPHRASE_ROWS(phrase), { 0 } };
    struct trust_key key;
    struct trundle_error err;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle ship sign BUNDLE --key FILE", "Adds a signature. Several people may sign the same bundle, one after another.", rows, &first, &code))
        return code;
    if (argc - first != 1 || !key_path) {
        fputs("trundle ship sign: needs one BUNDLE and --key\n", stderr);
        return EXIT_USAGE;
    }
    status = trust_key_open(key_path, passphrase_ask, &phrase, &key, &err);
    passphrase_wipe(&phrase);
    if (status != TRUNDLE_OK)
        return option_fail("ship sign", &err);
    status = bundle_sign(argv[first], &key, &err);
    if (status == TRUNDLE_OK)
        printf("%s: signed by %s\n", argv[first], key.id);
    trust_key_wipe(&key);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("ship sign", &err);
}

static void print_verdict(const char *path, const struct bundle *b, enum bundle_refusal why, const struct trundle_error *err, bool json)
{
    struct bundle_about about = { .name = "" };
    char sha256[65] = "";
    json_t *line;

    if (b)
        about = bundle_about(b);
    if (why == BUNDLE_NONE && bundle_sha256(b, sha256, NULL) != TRUNDLE_OK)
        return;
    if (json) {
        line = json_pack("{s:s,s:b,s:s,s:s,s:s,s:I,s:s}", "file", path, "taken", why == BUNDLE_NONE, "refused", bundle_refusal_text(why), "why",
                         why == BUNDLE_NONE ? "" : err->what, "name", about.name, "serial", (json_int_t)about.serial, "sha256", sha256);
        if (line && json_dumpf(line, stdout, JSON_COMPACT) == 0)
            (void)putchar('\n');
        json_decref(line);
    } else if (why == BUNDLE_NONE) {
        printf("%s: in order: %s, serial %lld\nsha256 %s\n", path, about.name, (long long)about.serial, sha256);
    } else {
        printf("%s: refused: %s%s%s%s\n", path, err->what, err->hint[0] ? " (" : "", err->hint, err->hint[0] ? ")" : "");
    }
}

int ship_verify_main(int argc, char **argv)
{
    const char *trust_path = NULL;
    long long newer = 0;
    bool json = false;
    struct bundle_want want = { .hardware = NULL };
    const struct option_row rows[] = { { "trust", "FILE", OPTION_TEXT, &trust_path, "the keyring" },
                                       { "hardware", "NAME", OPTION_TEXT, &want.hardware, "what the cart is; default: any" },
                                       { "newer-than", "SERIAL", OPTION_LONG, &newer, "what is installed" },
                                       { "json", NULL, OPTION_FLAG, &json, "one JSON object" },
                                       { 0 } };
    struct trust *trust = NULL;
    struct bundle *b = NULL;
    enum bundle_refusal why = BUNDLE_UNREADABLE;
    struct trundle_error err = { .status = TRUNDLE_OK };
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle ship verify BUNDLE --trust FILE", "Would a cart take this bundle? Exit 1 and the reason when not.", rows, &first, &code))
        return code;
    if (argc - first != 1 || !trust_path) {
        fputs("trundle ship verify: needs one BUNDLE and --trust\n", stderr);
        return EXIT_USAGE;
    }
    want.newer_than = newer;
    if (trust_read(trust_path, &trust, &err) != TRUNDLE_OK)
        return option_fail("ship verify", &err);
    status = bundle_open(argv[first], &b, &why, &err);
    if (status == TRUNDLE_OK)
        status = bundle_verify(b, trust, &want, &why, &err);
    code = why == BUNDLE_UNREADABLE ? option_fail("ship verify", &err) : status == TRUNDLE_OK ? EXIT_OK : EXIT_VERDICT;
    if (why != BUNDLE_UNREADABLE)
        print_verdict(argv[first], b, why, &err, json);
    bundle_close(b);
    trust_free(trust);
    return code;
}
