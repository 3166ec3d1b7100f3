/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* slots: install, trial, good, roll back; what is refused changes nothing. */
#include "tests/bundle/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct slots_start start(const struct slots_config *c)
{
    struct slots_start s;
    struct trundle_error err;

    support_ok(slots_start(c, &s, &err), &err);
    return s;
}

static enum bundle_refusal refusal(const struct slots_config *c, const char *bundle)
{
    enum bundle_refusal why = BUNDLE_NONE;
    struct trundle_error err;

    assert_true((slots_install(c, bundle, NULL, &why, &err) == TRUNDLE_OK) == (why == BUNDLE_NONE));
    return why;
}

static void a_bundle_goes_from_trial_to_good(void **state)
{
    struct make m;
    struct slots_config c;
    struct slots_start s;
    const char *one, *two;
    struct slots now;

    (void)state;
    make_init(&m);
    c = place_config(place_fresh(&m, "slots"));
    s = start(&c);
    assert_string_equal(s.model, "");
    one = make_bundle(&m, .serial = 1, .sign = 1);
    two = make_bundle(&m, .serial = 2, .sign = 1);
    place_install(&c, one);
    place_install(&c, one);                                          /* again: nothing to do */
    s = start(&c);
    assert_int_equal(s.slots.running, 0);
    assert_int_equal(s.slots.slot[0].state, SLOTS_TRIAL);
    assert_int_equal(refusal(&c, two), BUNDLE_BUSY);
    now = place_good(&c);
    assert_true(now.floor == 1 && now.fallback == -1);
    place_install(&c, two);
    s = start(&c);
    assert_true(s.slots.running == 1 && s.slots.fallback == 0 && s.slots.starts == 1);
    assert_non_null(strstr(s.model, "/b/model"));
    now = place_good(&c);
    assert_true(now.floor == 2 && now.starts == 0);
    assert_int_equal(refusal(&c, one), BUNDLE_OLDER);
    make_done(&m);
}

/* No hub, nobody: a bundle that never says it is good is left after three starts. */
static void a_trial_that_fails_falls_back_by_itself(void **state)
{
    struct make m;
    struct slots_config c;
    struct slots_start s;
    const char *two;

    (void)state;
    make_init(&m);
    c = place_config(place_fresh(&m, "slots"));
    place_install(&c, make_bundle(&m, .serial = 1, .sign = 1));
    (void)place_good(&c);
    two = make_bundle(&m, .serial = 2, .sign = 1);
    place_install(&c, two);
    for (int i = 1; i <= SLOTS_STARTS_MAX; i++) {
        s = start(&c);
        assert_true(!s.fell_back && s.slots.running == 1 && s.slots.starts == i);
    }
    s = start(&c);
    assert_true(s.fell_back && s.slots.running == 0 && s.slots.slot[1].state == SLOTS_LEFT);
    assert_string_equal(s.left_name, "b2");
    assert_non_null(strstr(s.slots.why, "3 starts"));
    assert_int_equal(refusal(&c, two), BUNDLE_ROLLED_BACK);
    s = start(&c);
    assert_true(!s.fell_back && s.slots.running == 0);
    place_install(&c, make_bundle(&m, .serial = 3, .sign = 1));
    make_done(&m);
}

static void rolling_back_leads_to_the_other_slot_then_to_the_built_in_model(void **state)
{
    struct make m;
    struct slots_config c;
    struct slots now;
    struct trundle_error err;

    (void)state;
    make_init(&m);
    c = place_config(place_fresh(&m, "slots"));
    assert_int_equal(slots_rollback(&c, "why", &now, &err), TRUNDLE_CONFLICT);
    place_install(&c, make_bundle(&m, .serial = 1, .sign = 1));
    (void)place_good(&c);
    place_install(&c, make_bundle(&m, .serial = 2, .sign = 1));
    (void)place_good(&c);
    support_ok(slots_rollback(&c, "too many questions", &now, &err), &err);
    assert_true(now.running == 0 && now.left_n == 1 && now.floor == 2);
    assert_string_equal(now.why, "too many questions");
    support_ok(slots_rollback(&c, NULL, &now, &err), &err);
    assert_true(now.running == -1 && now.left_n == 2);
    assert_string_equal(start(&c).model, "");
    make_done(&m);
}

static void damaged_files_are_not_run_and_may_be_installed_again(void **state)
{
    struct make m;
    struct slots_config c;
    struct slots_start s;
    const char *two;
    char path[700];

    (void)state;
    make_init(&m);
    c = place_config(place_fresh(&m, "slots"));
    place_install(&c, make_bundle(&m, .serial = 1, .sign = 1));
    (void)place_good(&c);
    two = make_bundle(&m, .serial = 2, .sign = 1);
    place_install(&c, two);
    (void)place_good(&c);
    (void)snprintf(path, sizeof path, "%s/b/model/fuse.json", c.folder);
    make_file(path, "{\"version\": 2}\n");
    s = start(&c);
    assert_true(s.fell_back && s.slots.running == 0);
    assert_non_null(strstr(s.slots.why, "damaged"));
    place_install(&c, two);
    s = start(&c);
    assert_int_equal(s.slots.running, 1);
    (void)place_good(&c);
    (void)snprintf(path, sizeof path, "%s/a/bundle.json", c.folder);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/b/model/card.md", c.folder);
    assert_int_equal(unlink(path), 0);
    s = start(&c);
    assert_true(s.fell_back && s.slots.running == -1);
    make_done(&m);
}

static void what_is_refused_leaves_the_slots_alone(void **state)
{
    struct make m;
    struct slots_config c;
    struct slots before, after;
    struct trundle_error err;
    char *listing[2] = { NULL, NULL };
    const struct { struct make_plan plan; enum bundle_refusal why; } cases[] = {
        { { .serial = 9 }, BUNDLE_UNSIGNED },
        { { .serial = 9, .sign = 4 }, BUNDLE_UNKNOWN_KEY },
        { { .serial = 9, .sign = 1, .hardware = "other" }, BUNDLE_HARDWARE },
        { { .serial = 9, .sign = 1, .gate = "" }, BUNDLE_NO_VERDICT },
        { { .serial = 9, .sign = 1, .needs = "99" }, BUNDLE_NEEDS },
        { { .serial = 1, .sign = 1 }, BUNDLE_OLDER },
        { { .serial = 2, .sign = 1, .name = "other" }, BUNDLE_OLDER },
    };

    (void)state;
    make_init(&m);
    c = place_config(place_fresh(&m, "slots"));
    place_install(&c, make_bundle(&m, .serial = 2, .sign = 1));
    (void)place_good(&c);
    support_ok(slots_read(&c, &before, &err), &err);
    (void)support_shell(&listing[0], "cd %s && find . -type f | sort | xargs sha256sum", c.folder);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(refusal(&c, make_bundle_of(&m, &cases[i].plan)), cases[i].why);
    assert_int_equal(refusal(&c, "/nonexistent"), BUNDLE_UNREADABLE);
    support_ok(slots_read(&c, &after, &err), &err);
    assert_memory_equal(&before, &after, sizeof before);
    (void)support_shell(&listing[1], "cd %s && find . -type f | sort | xargs sha256sum", c.folder);
    assert_string_equal(listing[0], listing[1]);
    free(listing[0]);
    free(listing[1]);
    make_done(&m);
}

static void without_a_keyring_nothing_is_installed(void **state)
{
    struct make m;
    struct slots_config c;
    struct bytes text = { 0 };
    struct trust_plan plan;
    struct trundle_error err;
    char folder[600];

    (void)state;
    make_init(&m);
    (void)snprintf(folder, sizeof folder, "%s/bare", make_scratch());
    c = place_config(folder);
    assert_int_equal(refusal(&c, make_bundle(&m, .sign = 1)), BUNDLE_UNKNOWN_KEY);
    assert_int_equal(slots_trust_put(&c, "{}", 2, &err), TRUNDLE_BAD_INPUT);
    support_ok(slots_trust_put(&c, m.trust_text.data, m.trust_text.n, &err), &err);
    plan = make_trust_plan(&m);
    plan.serial = 2;
    memcpy(plan.root[0], m.stranger.public_key, 32);
    make_trust(&plan, &m.stranger, 1, &text);
    assert_int_equal(slots_trust_put(&c, text.data, text.n, &err), TRUNDLE_CONFLICT);
    bytes_done(&text);
    place_install(&c, make_bundle(&m, .sign = 1));
    c.hardware = NULL;
    assert_int_equal(slots_install(&c, make_bundle(&m, .serial = 2, .sign = 1), NULL, NULL, &err), TRUNDLE_BAD_ARG);
    make_done(&m);
}

static void orders_are_followed(void **state)
{
    struct slots s = { .running = 0, .fallback = 1, .floor = 5, .left_n = 1, .slot = { { .state = SLOTS_GOOD, .serial = 5 }, { .state = SLOTS_GOOD, .serial = 4 } } };

    (void)state;
    (void)snprintf(s.slot[0].sha256, 65, "five");
    (void)snprintf(s.slot[1].sha256, 65, "four");
    (void)snprintf(s.left[0], 65, "bad");
    assert_int_equal(slots_next(&s, "", 0, ""), SLOTS_STAY);
    assert_int_equal(slots_next(&s, "five", 5, NULL), SLOTS_STAY);
    assert_int_equal(slots_next(&s, "six", 6, ""), SLOTS_FETCH);
    assert_int_equal(slots_next(&s, "bad", 7, ""), SLOTS_CANNOT);
    assert_int_equal(slots_next(&s, "three", 3, ""), SLOTS_CANNOT);
    assert_int_equal(slots_next(&s, "four", 4, ""), SLOTS_ROLL_BACK);
    assert_int_equal(slots_next(&s, "", 0, "five"), SLOTS_ROLL_BACK);
    assert_int_equal(slots_next(&s, "six", 6, "four"), SLOTS_FETCH);
    s.slot[0].state = SLOTS_TRIAL;
    assert_int_equal(slots_next(&s, "six", 6, ""), SLOTS_STAY);
}

static void a_damaged_state_file_is_said_not_guessed(void **state)
{
    struct make m;
    struct slots_config c;
    struct slots_start s;
    struct slots now;
    struct trundle_error err;
    char path[700];
    static const char *const bad[] = { "", "{", "{\"version\":1}", "[]",
                                       "{\"version\":1,\"running\":\"a\",\"starts\":0,\"floor\":0,\"floor_sha256\":\"\",\"why\":\"\",\"a\":{\"state\":\"empty\",\"name\":\"\","
                                       "\"sha256\":\"\",\"manifest_sha256\":\"\",\"serial\":0,\"installed_ns\":0},\"b\":{\"state\":\"empty\",\"name\":\"\",\"sha256\":\"\","
                                       "\"manifest_sha256\":\"\",\"serial\":0,\"installed_ns\":0},\"left\":[]}" };

    (void)state;
    make_init(&m);
    c = place_config(place_fresh(&m, "slots"));
    (void)snprintf(path, sizeof path, "%s/slots.json", c.folder);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        make_file(path, bad[i]);
        assert_int_equal(slots_read(&c, &now, &err), TRUNDLE_CORRUPT);
        assert_int_equal(slots_start(&c, &s, &err), TRUNDLE_CORRUPT);
        assert_true(err.hint[0] != '\0');
    }
    make_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_goes_from_trial_to_good),
        cmocka_unit_test(a_trial_that_fails_falls_back_by_itself),
        cmocka_unit_test(rolling_back_leads_to_the_other_slot_then_to_the_built_in_model),
        cmocka_unit_test(damaged_files_are_not_run_and_may_be_installed_again),
        cmocka_unit_test(what_is_refused_leaves_the_slots_alone),
        cmocka_unit_test(without_a_keyring_nothing_is_installed),
        cmocka_unit_test(orders_are_followed),
        cmocka_unit_test(a_damaged_state_file_is_said_not_guessed),
    };

    return support_run(tests);
}
