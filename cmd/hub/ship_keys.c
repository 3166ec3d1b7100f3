/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle ship keys: key files, and keyrings that say who may sign. */
#include "base/std/json.h"
#include "base/std/text.h"
#include "base/std/time.h"
#include "cmd/hub/passphrase.h"
#include "cmd/hub/ship.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void print_key(const uint8_t public_key[32], bool locked, const char *path, bool json)
{
    char hex[65], id[TRUST_ID_TEXT];

    trust_key_id(public_key, id);
    (void)sodium_bin2hex(hex, sizeof hex, public_key, 32);
    if (json)
        printf("{\"id\":\"%s\",\"public\":\"%s\",\"locked\":%s}\n", id, hex, locked ? "true" : "false");
    else
        printf("%s: id %s%s\npublic key %s\n", path, id, locked ? ", locked with a passphrase" : "", hex);
}

/* The passphrase is asked for before there is anything to lose. */
static enum trundle_status write_locked(const struct trust_key *key, struct passphrase *phrase, const char *path, struct trundle_error *err)
{
    char text[TRUST_PASSPHRASE] = "";
    enum trundle_status status = passphrase_new(phrase, path, text, err);

    if (status == TRUNDLE_OK)
        status = trust_key_write_locked(key, text, path, err);
    sodium_memzero(text, sizeof text);
    passphrase_wipe(phrase);
    return status;
}

static int keys_new(int argc, char **argv)
{
    bool json = false, lock = false;
    struct passphrase phrase = PASSPHRASE_NONE;
    const struct option_row rows[] = { { "passphrase", NULL, OPTION_FLAG, &lock, "lock it with a passphrase, which is asked for" }, PASSPHRASE_ROWS(phrase),
                                       { "json", NULL, OPTION_FLAG, &json, "one JSON object" }, { 0 } };
    struct trust_key key;
    struct trundle_error err;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle ship keys new FILE [--passphrase]", "Makes an Ed25519 key pair; FILE is the owner's alone (mode 0600), and locked when there is a passphrase.\n"
                      "Root keys belong on a stick in a safe.", rows, &first, &code))
        return code;
    if (argc - first != 1) {
        fputs("trundle ship keys new: one FILE is needed\n", stderr);
        return EXIT_USAGE;
    }
    lock |= passphrase_given(&phrase);
    status = trust_key_new(&key, &err);
    if (status == TRUNDLE_OK)
        status = lock ? write_locked(&key, &phrase, argv[first], &err) : trust_key_write(&key, argv[first], &err);
    if (status == TRUNDLE_OK)
        print_key(key.public_key, lock, argv[first], json);
    trust_key_wipe(&key);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("ship keys", &err);
}

static int keys_lock(int argc, char **argv)
{
    const char *out = NULL;
    struct passphrase phrase = PASSPHRASE_NONE;
    const struct option_row rows[] = { { "out", "NEW", OPTION_TEXT, &out, "where to; FILE stays: destroy it when NEW signs" }, PASSPHRASE_ROWS(phrase), { 0 } };
    struct trust_key key;
    struct trundle_error err;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle ship keys lock FILE --out NEW", "The same key in a file that is locked with a passphrase.", rows, &first, &code))
        return code;
    if (argc - first != 1 || !out) {
        fputs("trundle ship keys lock: one FILE and --out are needed\n", stderr);
        return EXIT_USAGE;
    }
    status = trust_key_read(argv[first], &key, &err);
    if (status == TRUNDLE_OK) {
        status = write_locked(&key, &phrase, out, &err);
        if (status == TRUNDLE_OK)
            print_key(key.public_key, true, out, false);
        trust_key_wipe(&key);
    }
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("ship keys", &err);
}

static void print_keys(const char *what, const uint8_t keys[][32], size_t n, int threshold)
{
    char id[TRUST_ID_TEXT];

    printf("%s: %d of", what, threshold);
    for (size_t i = 0; i < n; i++) {
        trust_key_id(keys[i], id);
        printf(" %s", id);
    }
    (void)putchar('\n');
}

static void print_trust(const struct trust *t)
{
    struct trust_plan p;

    trust_plan_of(t, &p);
    printf("keyring, serial %lld\n", (long long)p.serial);
    print_keys("root", (const uint8_t(*)[32])p.root, p.root_n, p.root_threshold);
    print_keys("signing", (const uint8_t(*)[32])p.signing, p.signing_n, p.signing_threshold);
    for (size_t i = 0; i < p.revoked_n; i++)
        printf("revoked: %s\n", p.revoked[i]);
}

static int keys_show(int argc, char **argv)
{
    bool json = false;
    const struct option_row rows[] = { { "json", NULL, OPTION_FLAG, &json, "one JSON object" }, { 0 } };
    struct trust *trust = NULL;
    struct trundle_error err, first_err;
    uint8_t public_key[32];
    bool locked = false;
    int first, code;

    if (!option_parse(argc, argv, "trundle ship keys show FILE", "The id and public half of a key file, or what a keyring says. A keyring must be whole and signed.", rows, &first, &code))
        return code;
    if (argc - first != 1) {
        fputs("trundle ship keys show: one FILE is needed\n", stderr);
        return EXIT_USAGE;
    }
    if (trust_key_public(argv[first], public_key, &locked, &first_err) == TRUNDLE_OK) {
        print_key(public_key, locked, argv[first], json);
        return EXIT_OK;
    }
    if (first_err.status != TRUNDLE_BAD_INPUT && first_err.status != TRUNDLE_TOO_LARGE && first_err.status != TRUNDLE_CONFLICT)
        return option_fail("ship keys", &first_err);
    if (trust_read(argv[first], &trust, &err) != TRUNDLE_OK)
        return option_fail("ship keys", first_err.status == TRUNDLE_CONFLICT ? &first_err : &err);
    if (json)
        printf("%s\n", (const char *)trust_text(trust)->data);
    else
        print_trust(trust);
    trust_free(trust);
    return EXIT_OK;
}

/* A public key as 64 hex digits, or the file of its pair. */
static enum trundle_status public_half(const char *text, uint8_t out[32], struct trundle_error *err)
{
    bool locked = false;
    size_t got = 0;

    if (strlen(text) == 64 && sodium_hex2bin(out, 32, text, 64, NULL, &got, NULL) == 0 && got == 32)
        return TRUNDLE_OK;
    return trust_key_public(text, out, &locked, err);
}

struct ring { const char *from, *out, *root, *signing, *revoke, *with; long long root_threshold, signing_threshold, serial; struct passphrase phrase; };

static enum trundle_status take_halves(const char *list, const char *option, uint8_t to[][32], size_t *to_n, struct trundle_error *err)
{
    char text[4096];
    const char *piece[SHIP_LIST_MAX];
    size_t n;

    if (!list)
        return TRUNDLE_OK;
    if (snprintf(text, sizeof text, "%s", list) >= (int)sizeof text)
        return error_set(err, TRUNDLE_TOO_LARGE, option, NULL, "is too long");
    TRY(ship_list(text, option, piece, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(public_half(piece[i], to[i], err));
    *to_n = n;
    return TRUNDLE_OK;
}

static enum trundle_status take_revoked(const char *list, struct trust_plan *p, struct trundle_error *err)
{
    char text[4096];
    const char *piece[SHIP_LIST_MAX];
    size_t n;

    if (!list)
        return TRUNDLE_OK;
    if (snprintf(text, sizeof text, "%s", list) >= (int)sizeof text)
        return error_set(err, TRUNDLE_TOO_LARGE, "--revoke", NULL, "is too long");
    TRY(ship_list(text, "--revoke", piece, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (!text_is_hex(piece[i], TRUST_ID_TEXT - 1))
            return error_set(err, TRUNDLE_BAD_INPUT, "--revoke", "trundle ship keys show prints ids", "\"%.40s\" is no key's id (16 hex digits)", piece[i]);
        if (p->revoked_n == TRUST_KEYS_MAX)
            return error_set(err, TRUNDLE_FULL, "--revoke", NULL, "over %d revoked keys", TRUST_KEYS_MAX);
        memcpy(p->revoked[p->revoked_n++], piece[i], TRUST_ID_TEXT);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_signers(const char *list, struct passphrase *phrase, struct trust_key key[TRUST_KEYS_MAX], size_t *out_n, struct trundle_error *err)
{
    char text[4096];
    const char *piece[SHIP_LIST_MAX];
    size_t n;

    if (snprintf(text, sizeof text, "%s", list) >= (int)sizeof text)
        return error_set(err, TRUNDLE_TOO_LARGE, "--with", NULL, "is too long");
    TRY(ship_list(text, "--with", piece, &n, err));
    for (size_t i = 0; i < n; i++) {
        TRY(trust_key_open(piece[i], passphrase_ask, phrase, &key[*out_n], err));
        ++*out_n;
    }
    return TRUNDLE_OK;
}

static enum trundle_status make_ring(struct ring *r, struct trundle_error *err)
{
    struct trust_plan p = { .serial = 1, .root_threshold = 1, .signing_threshold = 1 };
    struct trust_key key[TRUST_KEYS_MAX];
    struct trust *from = NULL, *next = NULL;
    struct bytes text = { 0 };
    enum trundle_status status;
    size_t n = 0;

    if (r->from) {
        TRY(trust_read(r->from, &from, err));
        trust_plan_of(from, &p);
        p.serial++;
    }
    TRY_GOTO(status, take_halves(r->root, "--root", p.root, &p.root_n, err), out);
    TRY_GOTO(status, take_halves(r->signing, "--signing", p.signing, &p.signing_n, err), out);
    TRY_GOTO(status, take_revoked(r->revoke, &p, err), out);
    if (r->root_threshold)
        p.root_threshold = (int)r->root_threshold;
    if (r->signing_threshold)
        p.signing_threshold = (int)r->signing_threshold;
    if (r->serial)
        p.serial = r->serial;
    p.made_ns = clock_wall_ns();
    TRY_GOTO(status, take_signers(r->with, &r->phrase, key, &n, err), out);
    TRY_GOTO(status, trust_print(&p, key, n, &text, err), out);
    TRY_GOTO(status, trust_parse(text.data, text.n, r->out, &next, err), out);
    if (from)
        TRY_GOTO(status, trust_follows(from, next, err), out);
    status = file_write(r->out, text.data, text.n, err);
    if (status == TRUNDLE_OK)
        print_trust(next);
out:
    for (size_t i = 0; i < n; i++)
        trust_key_wipe(&key[i]);
    passphrase_wipe(&r->phrase);
    bytes_done(&text);
    trust_free(from);
    trust_free(next);
    return status;
}

static int keys_trust(int argc, char **argv)
{
    struct ring r = { .phrase = PASSPHRASE_NONE };
    const struct option_row rows[] = { { "root", "A,B", OPTION_TEXT, &r.root, "root keys: files, or 64 hex digits" },
                                       { "signing", "A,B", OPTION_TEXT, &r.signing, "keys that may sign bundles" },
                                       { "revoke", "ID,ID", OPTION_TEXT, &r.revoke, "ids of keys that may no more" },
                                       { "root-threshold", "N", OPTION_LONG, &r.root_threshold, "root keys that must sign a keyring (1)" },
                                       { "signing-threshold", "N", OPTION_LONG, &r.signing_threshold, "keys that must sign a bundle (1)" },
                                       { "from", "OLD.json", OPTION_TEXT, &r.from, "the keyring before; what is not named stays, the serial goes up" },
                                       { "serial", "N", OPTION_LONG, &r.serial, "default: one more than the one before" },
                                       { "with", "FILE,FILE", OPTION_TEXT, &r.with, "root key files that sign it: of the old and, when they change, of the new root" },
                                       { "out", "FILE", OPTION_TEXT, &r.out, "where to" },
                                       PASSPHRASE_ROWS(r.phrase),
                                       { 0 } };
    struct trundle_error err;
    int first, code;

    if (!option_parse(argc, argv, "trundle ship keys trust --root A --signing B --with A --out trust.json", "Makes a keyring, or with --from the next one.", rows, &first, &code))
        return code;
    if (argc != first || !r.out || !r.with || (!r.from && (!r.root || !r.signing)) || r.root_threshold < 0 || r.root_threshold > TRUST_KEYS_MAX || r.signing_threshold < 0 ||
        r.signing_threshold > TRUST_KEYS_MAX) {
        fputs("trundle ship keys trust: needs --with and --out, and --root and --signing or --from; --help says more\n", stderr);
        return EXIT_USAGE;
    }
    return make_ring(&r, &err) == TRUNDLE_OK ? EXIT_OK : option_fail("ship keys", &err);
}

int ship_keys_main(int argc, char **argv)
{
    const char *part = argc > 1 ? argv[1] : "";
    bool help = !strcmp(part, "--help") || !strcmp(part, "-h");

    if (sodium_init() < 0)
        return EXIT_ENVIRONMENT;
    if (!strcmp(part, "new"))
        return keys_new(argc - 1, argv + 1);
    if (!strcmp(part, "lock"))
        return keys_lock(argc - 1, argv + 1);
    if (!strcmp(part, "show"))
        return keys_show(argc - 1, argv + 1);
    if (!strcmp(part, "trust"))
        return keys_trust(argc - 1, argv + 1);
    fputs("usage: trundle ship keys new FILE | lock FILE --out NEW | show FILE | trust --root A --signing B --with A --out trust.json\n", help ? stdout : stderr);
    return help ? EXIT_OK : EXIT_USAGE;
}
