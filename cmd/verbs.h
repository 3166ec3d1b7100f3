/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * verbs - every verb once: V(name, program, what it does). The face prints them and starts the program; the program
 * calls `verb_NAME(argc, argv)` (argv[0] is the verb), whose result is the exit code.
 */
#pragma once

/* clang-format off */
#define CART_VERBS(V) \
    V(run, "drive the cart with a recorded trip or with devices") \
    V(info, "what a trip holds: head, channels, rates, sizes, attachments") \
    V(recover, "copy what is whole of a damaged trip into a proper one") \
    V(catalog, "import and check products, prices and promotions") \
    V(scan, "the product codes in pictures") \
    V(weigh, "settled weight steps of a recorded trace") \
    V(calibrate, "gains, offsets and places of the load cells, into the cart file") \
    V(cart, "join a hub, send what was seen, install what it should run, roll back") \
    V(see, "recognise products: enrol a gallery, classify photos, fit and replay the camera sense") \
    /* end of the cart */
#define LAB_VERBS(V) \
    V(demo, "shop in the demo store: simulate a trip, drive the cart with it, show the touchscreen") \
    V(sim, "simulated shopping trips with their truth, of a suite") \
    V(eval, "scores trips with truth, or a suite made for it: every figure with its interval") \
    V(train, "trains the net of a recipe, and goes on after kills") \
    V(net, "neural networks: info, run, check, tune, import, export, bench, quantize, prune") \
    /* end of the lab */
#define HUB_VERBS(V) \
    V(hub, "the server of a fleet: what carts saw comes in, what they should run goes out; backup, restore, fsck") \
    V(ship, "build, sign, publish a bundle; a rollout's status, stop, rollback") \
    /* end of the hub */
/* clang-format on */

/* Exit codes (docs/contracts.md). */
enum { EXIT_OK = 0, EXIT_VERDICT = 1, EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_ENVIRONMENT = 4 };

#define DECLARE_VERB(name, text) int verb_##name(int argc, char **argv);
CART_VERBS(DECLARE_VERB)
LAB_VERBS(DECLARE_VERB)
HUB_VERBS(DECLARE_VERB)
#undef DECLARE_VERB
