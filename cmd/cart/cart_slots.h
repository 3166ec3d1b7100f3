/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * cart_slots - the parts of `trundle cart` that install bundles; each is called with argv[0] its own name, and returns the exit code.
 *
 * They work on STATE/slots (base/bundle/slots.h). The keyring that joining a hub left in STATE/trust.json is pinned there at the first use. What changes is
 * said in the outbox (cart/runtime/orders.h).
 */
#pragma once

int cart_slots_main(int argc, char **argv);        /* what both slots hold */
int cart_install_main(int argc, char **argv);      /* BUNDLE, from a stick or a hub; --trust FILE pins or follows a keyring */
int cart_good_main(int argc, char **argv);         /* ends a trial */
int cart_rollback_main(int argc, char **argv);     /* leaves what runs; works offline */
