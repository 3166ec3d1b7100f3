/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle cart slots, install, good, rollback: what a technician does at the cart, with or without a hub. */
#include "cmd/cart/cart_slots.h"

#include "cart/runtime/orders.h"
#include "cmd/cart/cart.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdio.h>

/* Says what changed in the outbox too, so that a hub hears of it; that this cannot be said changes nothing here. */
static void tell(const char *dir, const struct slots *s)
{
    struct trundle_error err;

    if (orders_report(dir, s, &err) != TRUNDLE_OK)
        fprintf(stderr, "trundle cart: the hub will not hear of this: %s: %s\n", err.where, err.what);
}

static void print_slot(const struct slots *s, int i)
{
    const struct slots_slot *slot = &s->slot[i];

    if (slot->state == SLOTS_EMPTY)
        printf("%s %c  empty\n", s->running == i ? "->" : "  ", 'a' + i);
    else
        printf("%s %c  %-8s %s, serial %lld\n", s->running == i ? "->" : "  ", 'a' + i, slots_state_text(slot->state), slot->name, (long long)slot->serial);
}

static int show(const struct slots *s, bool json)
{
    struct bytes text = { 0 };

    if (json) {
        if (slots_json(s, &text) != TRUNDLE_OK)
            return EXIT_ENVIRONMENT;
        (void)fwrite(text.data, 1, text.n, stdout);
        (void)putchar('\n');
        bytes_done(&text);
        return EXIT_OK;
    }
    print_slot(s, 0);
    print_slot(s, 1);
    if (s->running < 0)
        puts("-> the built-in model");
    else if (s->slot[s->running].state == SLOTS_TRIAL)
        printf("on trial: started %d times; trundle cart good ends it\n", s->starts);
    if (s->why[0])
        printf("last: %s\n", s->why);
    return EXIT_OK;
}

#define STATE_ROW(state) { "state", "DIR", OPTION_TEXT, &(state), "state folder (default $TRUNDLE_STATE)" }
#define JSON_ROW(json) { "json", NULL, OPTION_FLAG, &(json), "the slots as one JSON object" }

int cart_slots_main(int argc, char **argv)
{
    const char *state = NULL, *dir;
    bool json = false;
    const struct option_row rows[] = { STATE_ROW(state), JSON_ROW(json), { 0 } };
    struct trundle_error err;
    struct orders_place p;
    struct slots s;
    int first, code;

    if (!option_parse(argc, argv, "trundle cart slots", "What the two slots hold, which of them runs, and why.", rows, &first, &code))
        return code;
    if (argc != first) {
        fputs("trundle cart slots: takes no operands\n", stderr);
        return EXIT_USAGE;
    }
    if (cart_state(state, &dir, &err) != TRUNDLE_OK || orders_place(dir, NULL, &p, &err) != TRUNDLE_OK || slots_read(&p.slots, &s, &err) != TRUNDLE_OK)
        return option_fail("cart slots", &err);
    return show(&s, json);
}

static enum trundle_status put_trust(const struct orders_place *p, const char *path, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status = file_read(path, TRUST_BYTES_MAX, &b, err);

    if (status == TRUNDLE_OK)
        status = slots_trust_put(&p->slots, b.data, b.n, err);
    bytes_done(&b);
    return status;
}

int cart_install_main(int argc, char **argv)
{
    const char *state = NULL, *hardware = NULL, *trust = NULL, *dir;
    bool json = false;
    const struct option_row rows[] = { STATE_ROW(state),
                                       { "hardware", "NAME", OPTION_TEXT, &hardware, "what the cart is (default: as it joined, else this machine's architecture)" },
                                       { "trust", "FILE", OPTION_TEXT, &trust, "keyring: the first one is pinned, later ones must follow it" },
                                       JSON_ROW(json),
                                       { 0 } };
    enum bundle_refusal why = BUNDLE_UNREADABLE;
    struct trundle_error err;
    struct orders_place p;
    struct slots s;
    enum trundle_status status;
    int first, code;

    if (!option_parse(argc, argv, "trundle cart install BUNDLE", "Verifies a bundle and puts it into the slot that does not run; it runs from the next start on, on trial.\n"
                      "Exit 1: the cart refuses it.", rows, &first, &code))
        return code;
    if (argc - first > 1 || (argc == first && !trust)) {
        fputs("trundle cart install: needs one BUNDLE, or --trust\n", stderr);
        return EXIT_USAGE;
    }
    status = cart_state(state, &dir, &err);
    if (status == TRUNDLE_OK)
        status = orders_place(dir, hardware, &p, &err);
    if (status == TRUNDLE_OK)
        status = folder_make(dir, &err);
    if (status == TRUNDLE_OK)
        status = trust ? put_trust(&p, trust, &err) : orders_pin(dir, &p, &err);      /* without a keyring the installation says that there is none */
    if (status == TRUNDLE_OK && argc == first)
        status = slots_read(&p.slots, &s, &err);
    else if (status == TRUNDLE_OK)
        status = slots_install(&p.slots, argv[first], &s, &why, &err);
    if (status == TRUNDLE_OK) {
        if (argc != first)
            tell(dir, &s);
        return show(&s, json);
    }
    code = option_fail("cart install", &err);
    return why == BUNDLE_UNREADABLE || why == BUNDLE_NONE ? code : EXIT_VERDICT;
}

int cart_good_main(int argc, char **argv)
{
    const char *state = NULL, *dir;
    bool json = false;
    const struct option_row rows[] = { STATE_ROW(state), JSON_ROW(json), { 0 } };
    struct trundle_error err;
    struct orders_place p;
    struct slots s;
    int first, code;

    if (!option_parse(argc, argv, "trundle cart good", "Says that the cart works with its new bundle: the trial ends. The cart does so itself after a trip.", rows, &first, &code))
        return code;
    if (argc != first) {
        fputs("trundle cart good: takes no operands\n", stderr);
        return EXIT_USAGE;
    }
    if (cart_state(state, &dir, &err) != TRUNDLE_OK || orders_place(dir, NULL, &p, &err) != TRUNDLE_OK || slots_good(&p.slots, &s, &err) != TRUNDLE_OK)
        return option_fail("cart good", &err);
    tell(dir, &s);
    return show(&s, json);
}

int cart_rollback_main(int argc, char **argv)
{
    const char *state = NULL, *why = NULL, *dir;
    bool json = false;
    const struct option_row rows[] = { STATE_ROW(state), { "why", "TEXT", OPTION_TEXT, &why, "noted" }, JSON_ROW(json), { 0 } };
    struct trundle_error err;
    struct orders_place p;
    struct slots s;
    int first, code;

    if (!option_parse(argc, argv, "trundle cart rollback", "Leaves the bundle that runs for the other slot, or the built-in model. Works offline; that bundle is not taken again.", rows,
                      &first, &code))
        return code;
    if (argc != first) {
        fputs("trundle cart rollback: takes no operands\n", stderr);
        return EXIT_USAGE;
    }
    if (cart_state(state, &dir, &err) != TRUNDLE_OK || orders_place(dir, NULL, &p, &err) != TRUNDLE_OK || slots_rollback(&p.slots, why, &s, &err) != TRUNDLE_OK)
        return option_fail("cart rollback", &err);
    tell(dir, &s);
    return show(&s, json);
}
