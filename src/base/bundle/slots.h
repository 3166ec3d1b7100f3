/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * bundle/slots - the two places (a, b) that a cart has for bundles: one runs, the other one takes what comes next.
 *
 *     struct slots_config config = { .folder = "/var/lib/trundle/slots", .hardware = "pi5-2cam", .now_ns = clock_wall_ns() };
 *     TRY(slots_start(&config, &start, err));                       // once per start of the cart: start.model is what to run, "" the built-in model
 *     ...
 *     TRY(slots_good(&config, NULL, err));                          // the cart works with it: the trial ends
 *     TRY(slots_install(&config, "b17.bundle", &slots, &why, err)); // into the other slot; it runs from the next start on
 *
 * FOLDER/{a,b}/ hold bundles as bundle_extract writes them, FOLDER/trust.json the keyring, FOLDER/slots.json which one runs. Everything of a slot is synced before slots.json
 * is replaced by one rename, so a cart that loses power anywhere comes up with the old or the new bundle, whole. After an installation the new bundle is on trial: when
 * the cart has started `starts_max` times without slots_good, it falls back by itself; no hub is needed for that. A slot whose files are damaged is left at the start.
 * A bundle that was left is not taken again; a fix has a new serial. Installed is only what has a higher serial than all that
 * were ever good here (or is the newest of these again, when its files were damaged).
 *
 * Threads and processes: any; calls that change something hold FOLDER/lock and wait up to 10 s for it (IO).
 */
#pragma once

#include "base/bundle/bundle.h"

enum { SLOTS_STARTS_MAX = 3, SLOTS_LEFT_MAX = 16, SLOTS_PATH = 1024 };

struct slots_config {
    const char *folder;                /* made when absent, not its parents */
    const char *hardware;              /* what this cart is; needed to install */
    int         starts_max;            /* of a trial; 0: SLOTS_STARTS_MAX */
    int64_t     now_ns;                /* wall clock, for the record */
};

enum slots_state { SLOTS_EMPTY, SLOTS_TRIAL, SLOTS_GOOD, SLOTS_LEFT };
const char *slots_state_text(enum slots_state state);                /* "empty" "trial" "good" "left" */

struct slots_slot {
    enum slots_state state;
    char    name[BUNDLE_NAME], sha256[65];                           /* sha256 of the bundle file, as orders name it */
    char    manifest_sha256[65];
    int64_t serial, installed_ns;
};
struct slots {
    int     running;                   /* 0 a, 1 b, -1 none: the built-in model */
    int     fallback;                  /* where a rollback leads to: the other slot when it is good, else -1 */
    int     starts;                    /* of the trial so far */
    int64_t floor;                     /* highest serial that was ever good here, and its bundle */
    char    floor_sha256[65];
    struct slots_slot slot[2];
    char    why[160];                  /* of the last change */
    size_t  left_n;
    char    left[SLOTS_LEFT_MAX][65];  /* sha256 of bundles that this cart left, newest last */
};

/* An absent folder reads as empty slots. CORRUPT: slots.json is damaged. */
TRUNDLE_MUST_USE enum trundle_status slots_read(const struct slots_config *config, struct slots *out, struct trundle_error *err);
TRUNDLE_MUST_USE enum trundle_status slots_json(const struct slots *s, struct bytes *out);

/* Verifies and installs; see bundle_refusal. The running program keeps its files: the next slots_start gives the new ones. Installing what runs already changes nothing. */
TRUNDLE_MUST_USE enum trundle_status slots_install(const struct slots_config *config, const char *bundle_path, struct slots *out, enum bundle_refusal *out_why,
                                                   struct trundle_error *err);

struct slots_start {
    char model[SLOTS_PATH];            /* folder of the model to run; "" the built-in one */
    struct slots slots;
    bool fell_back;                    /* this start left a bundle: slots.why says why, `left` is its sha256 */
    char left[65], left_name[BUNDLE_NAME];
};
/* Counts the start of a trial before anything of it runs; checks the files of what is about to run. On an error run the built-in model, and say so. */
TRUNDLE_MUST_USE enum trundle_status slots_start(const struct slots_config *config, struct slots_start *out, struct trundle_error *err);
/* Ends the trial. Nothing to do when none is running. */
TRUNDLE_MUST_USE enum trundle_status slots_good(const struct slots_config *config, struct slots *out, struct trundle_error *err);
/* Leaves what runs for the other slot if that one was good, else for the built-in model. CONFLICT: the built-in one runs. */
TRUNDLE_MUST_USE enum trundle_status slots_rollback(const struct slots_config *config, const char *why, struct slots *out, struct trundle_error *err);

/* What to do to run the bundle that the hub orders: `wanted` its sha256 ("" no order) and serial, `leave` the one that the hub called back ("" none). */
enum slots_next { SLOTS_STAY, SLOTS_FETCH, SLOTS_ROLL_BACK, SLOTS_CANNOT };
/* STAY: it runs, nothing is ordered, or a trial has to end first. FETCH: download it and slots_install. ROLL_BACK: slots_rollback. CANNOT: this cart left the ordered one, or
 * had a newer one. */
enum slots_next slots_next(const struct slots *s, const char *wanted, int64_t serial, const char *leave);

/* The keyring. The first one is taken as it is (enrolment pins it); later ones only if trust_follows. */
TRUNDLE_MUST_USE enum trundle_status slots_trust_put(const struct slots_config *config, const void *bytes, size_t n, struct trundle_error *err);
/* NOT_FOUND: none yet. */
TRUNDLE_MUST_USE enum trundle_status slots_trust(const struct slots_config *config, struct trust **out, struct trundle_error *err);
