/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * A cart and its hub as people use them: `trundle hub`, `cart join`, `run`, `cart send`; `ship keys, build, sign, publish`, a rollout of one cart, which
 * fetches the bundle, runs a trip on trial, calls it good, and goes back when it is rolled back. What the hub then knows is asked of its API.
 */
#include "base/std/time.h"
#include "base/trip/trip.h"
#include "cart/runtime/model.h"
#include "lab/sim/sim.h"
#include "tests/integration/hub_process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEED = 511, TRIPS = 6 };

static struct trundle_error err;
static struct hub_process hub;
static char folder[800];

/* `trundle ARGUMENTS` in the scratch folder; its exit code, and what it said in OUT (owned by the caller) when that is not NULL. */
static int trundle(char **out, const char *arguments)
{
    return support_shell(out, "cd %s && TRUNDLE_HUB=%s TRUNDLE_TOKEN=%s TRUNDLE_STATE=%s/cart %s %s 2>&1", folder, hub.url, hub.token, folder, support_build("trundle"), arguments);
}

static void says(const char *arguments, int code, const char *text)
{
    char *out = NULL;
    int got = trundle(&out, arguments);

    if (got != code || !strstr(out, text))
        fail_msg("trundle %s: exit %d, expected %d and '%s': %s", arguments, got, code, text, out);
    free(out);
}

static const char *in(const char *name)
{
    static char path[4][1000];
    static int n;
    char *at = path[n++ % 4];

    (void)snprintf(at, sizeof path[0], "%s/%s", folder, name);
    return at;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static size_t rows_of(const char *path)
{
    json_t *answer = hub_process_get(&hub, path);
    size_t n = json_array_size(json_object_get(answer, "rows"));

    json_decref(answer);
    return n;
}

static int set_up(void **state)
{
    static const char policy[] = "{\"policy\":{\"before_s\":1.5,\"after_s\":1,\"longest_s\":6,\"triggers\":[{\"name\":\"added\",\"when\":\"add\",\"purpose\":\"improve\","
                                 "\"keep_days\":400,\"worth\":2}]}}";
    static const char gate[] = "{\"held\":true,\"findings\":[{\"statement\":\"event_f1 >= 0.5\",\"held\":true}]}";
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    struct sim_suite *suite;
    char code[64], text[400];
    long status = 0;

    (void)state;
    options.pictures = false;              /* what a picture costs is another test's */
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    support_ok(sim_suite_load("smoke", &suite, &err), &err);
    support_ok(sim_trips_make(suite, SEED, TRIPS, folder, &options, &err), &err);
    sim_suite_free(suite);
    (void)snprintf(hub.dir, sizeof hub.dir, "%s/hub", folder);
    hub_process_start(&hub);
    hub_process_sign_in(&hub);
    hub_process_invite(&hub, "s1", code);
    (void)snprintf(text, sizeof text, "cart join %s --code %s --pin %s --name cart-1 --hardware lab", hub.url, code, hub.pin);
    says(text, 0, "joined");
    says(text, 3, "already");
    json_decref(hub_process_ask(&hub, "PUT", "/api/v1/policy", policy, &status));
    assert_int_equal(status, 204);
    says("cart update", 0, "nothing to do");           /* brings the policy */
    assert_int_equal(support_shell(NULL, "cp -r %s %s", in("cart"), in("cart.old")), 0);
    support_ok(file_write(in("gate.json"), gate, strlen(gate), &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return hub_process_end(&hub, SIGTERM);
}

/* ---- what a trip leaves at the hub ---- */

static void shop(int trip)
{
    char text[100];

    (void)snprintf(text, sizeof text, "run %d.mcap --state cart --record kept-%d.mcap", SEED + trip, SEED + trip);
    says(text, 0, "items right");
}

static void clip_opens(const char *sha256, const char *trip)
{
    struct trip_reader *reader = NULL;
    struct trundle_message m;
    struct bytes content = { 0 };
    size_t messages = 0;
    enum trundle_status status;
    char path[200];

    (void)snprintf(path, sizeof path, "/api/v1/clips/%s/content?why=test", sha256);
    hub_process_bytes(&hub, path, &content);
    support_ok(file_write(in("clip.mcap"), content.data, content.n, &err), &err);
    bytes_done(&content);
    support_ok(trip_open(in("clip.mcap"), &reader, &err), &err);
    while ((status = trip_next(reader, &m, &err)) == TRUNDLE_OK)
        messages++;
    assert_int_equal(status, TRUNDLE_END);
    assert_true(messages > 100);
    assert_non_null(strstr(trip, "-511"));
    assert_int_equal(trip_head(reader)->seed, SEED);
    trip_free(reader);
}

static void a_trip_arrives_once(void **state)
{
    json_t *answer, *row, *records, *cart;
    size_t i, decisions = 0, ends = 0, adds = 0, clips, kept;
    char path[200], trip[64], *said = NULL;

    (void)state;
    shop(0);
    assert_int_equal(trundle(&said, "cart status --json"), 0);
    cart = json_loads(said, 0, NULL);
    kept = (size_t)(json_integer_value(json_object_get(cart, "clips")) + json_integer_value(json_object_get(cart, "sent_clips")));
    json_decref(cart);
    free(said);
    says("cart send", 0, "all sent");
    says("cart send", 0, "0 records taken");
    answer = hub_process_get(&hub, "/api/v1/trips");
    assert_int_equal(json_array_size(json_object_get(answer, "rows")), 1);
    row = json_array_get(json_object_get(answer, "rows"), 0);
    assert_string_equal(text_of(row, "cart"), "cart-1");
    assert_string_equal(text_of(row, "store"), "s1");
    assert_true(json_integer_value(json_object_get(row, "items")) > 0);
    (void)snprintf(trip, sizeof trip, "%s", text_of(row, "trip"));
    json_decref(answer);
    (void)snprintf(path, sizeof path, "/api/v1/trips/cart-1/%s/records?why=test", trip);
    records = hub_process_get(&hub, path);
    json_array_foreach(json_object_get(records, "rows"), i, row)
    {
        decisions += !strcmp(text_of(row, "kind"), "decision");
        adds += !strcmp(text_of(row, "kind"), "decision") && !strcmp(text_of(json_object_get(row, "body"), "kind"), "add");
        ends += !strcmp(text_of(row, "kind"), "trip");
    }
    json_decref(records);
    assert_true(decisions > 5 && adds > 0 && ends == 1);
    answer = hub_process_get(&hub, "/api/v1/clips");
    clips = json_array_size(json_object_get(answer, "rows"));
    assert_true(clips > 0 && clips == kept);
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        assert_string_equal(text_of(row, "state"), "here");
        assert_string_equal(text_of(row, "trip"), trip);
    }
    clip_opens(text_of(json_array_get(json_object_get(answer, "rows"), 0), "sha256"), trip);
    json_decref(answer);
    says("run 511.mcap --state cart", 0, "items right");          /* the same trip again says nothing new */
    says("cart send", 0, "all sent");
    assert_int_equal(rows_of("/api/v1/trips"), 1);
    assert_int_equal(rows_of("/api/v1/clips"), clips);
}

/* ---- what the hub orders ---- */

static json_t *rollout(int id)
{
    char path[64];

    (void)snprintf(path, sizeof path, "/api/v1/rollouts/%d", id);
    return hub_process_get(&hub, path);
}

/* How many carts of a rollout are in that state. */
static int carts_in(int id, const char *key)
{
    json_t *r = rollout(id);
    int n = (int)json_integer_value(json_object_get(json_object_get(r, "counts"), key));

    json_decref(r);
    return n;
}

static void publish(const char *arguments, int code, const char *text)
{
    char line[400];

    (void)snprintf(line, sizeof line, "ship publish %s --pin %s", arguments, hub.pin);
    says(line, code, text);
}

static void model_of(int trip, char out[65])
{
    struct trip_reader *reader = NULL;
    char name[64];

    (void)snprintf(name, sizeof name, "kept-%d.mcap", SEED + trip);
    support_ok(trip_open(in(name), &reader, &err), &err);
    (void)snprintf(out, 65, "%s", trip_head(reader)->model_sha256);
    trip_free(reader);
}

static void newest_trip_ran(const char *bundle)
{
    json_t *answer = hub_process_get(&hub, "/api/v1/trips");

    assert_string_equal(text_of(json_array_get(json_object_get(answer, "rows"), 0), "bundle"), bundle);
    json_decref(answer);
}

/* The first bytes of a bundle where a fetch keeps them; `damage` is added to each. */
static void put_part(const char *bundle, const char *sha256, size_t n, int damage)
{
    struct bytes file = { 0 };
    char name[100];

    support_ok(file_read(in(bundle), 1 << 20, &file, &err), &err);
    assert_true(file.n > n);
    for (size_t i = 0; i < n; i++)
        file.data[i] = (uint8_t)(file.data[i] + damage);
    support_ok(folder_make(in("cart/fetch"), &err), &err);
    (void)snprintf(name, sizeof name, "cart/fetch/%.64s", sha256);
    support_ok(file_write(in(name), file.data, n, &err), &err);
    bytes_done(&file);
}

static void newest_bundle(char out[65])
{
    json_t *answer = hub_process_get(&hub, "/api/v1/bundles");

    (void)snprintf(out, 65, "%s", text_of(json_array_get(json_object_get(answer, "rows"), 0), "sha256"));
    json_decref(answer);
}

/* Once some of the trip is on the disk. */
static void kill_in_the_middle(int trip)
{
    char name[64];
    struct stat about;
    bool some = false;
    pid_t pid;
    int status;

    (void)snprintf(name, sizeof name, "kept-%d.mcap", SEED + trip);
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        char line[2200];

        (void)snprintf(line, sizeof line, "cd %s && exec %s run %d.mcap --state cart --record %s --speed 4 >killed.out 2>&1", folder, support_build("trundle-cart"), SEED + trip, name);
        (void)execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(99);
    }
    assert_true(pid > 0);
    for (int i = 0; i < 2000 && !some; i++) {
        some = stat(in(name), &about) == 0 && about.st_size > 30000;
        clock_sleep_until_ns(clock_mono_ns() + 10 * NS_PER_MS);
    }
    (void)kill(pid, SIGKILL);
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_true(some && WIFSIGNALED(status));
}

static void a_bundle_comes_and_goes(void **state)
{
    char sha256[65], line[300], model[65];
    struct model expected;

    (void)state;
    kill_in_the_middle(5);
    assert_int_equal(support_shell(NULL, "mkdir %s && cp %s/* %s && printf '\\nb1\\n' >>%s/card.md", in("model"), support_source("models/baseline"), in("model"), in("model")), 0);
    says("ship keys new root.key", 0, "id");
    says("ship keys new sign.key", 0, "id");
    says("ship keys new next.key", 0, "id");
    says("ship keys trust --root root.key --signing sign.key --with root.key --out trust.json", 0, "serial 1");
    assert_int_equal(support_shell(NULL, "(printf '{\"accuracy\":'; cat %s; printf '}') >%s; echo '{\"accuracy\":{\"right\":[2]}}' >%s", support_source("src/hub/watch/accuracy.json"), in("calibration.json"),
                                   in("nonsense.json")), 0);
    says("ship build --model model --name b2 --serial 2 --hardware lab --gate gate.json --calibration calibration.json --out b2.bundle", 0, "not signed yet");
    publish("b2.bundle --trust trust.json", 3, "nobody signed");
    says("ship build --model model --name old --serial 1 --hardware lab --gate gate.json --out old.bundle", 0, "not signed yet");
    says("ship sign old.bundle --key sign.key", 0, "signed by");
    publish("old.bundle", 0, "");          /* before b2: after it the hub would not take it */
    says("ship sign b2.bundle --key sign.key", 0, "signed by");
    publish("b2.bundle --rollout --start --stages 1,100%", 0, "rollout 1: stage");
    newest_bundle(sha256);
    put_part("b2.bundle", sha256, 1000, 0);                       /* as a fetch that broke off left it */
    says("cart update", 0, "b2 is installed");                    /* the keyring came with it: this cart joined before there was one */
    assert_int_equal(carts_in(1, "installed"), 1);
    says("cart update", 0, "nothing to do");
    says("cart slots", 0, "-> a  trial    b2, serial 2");
    shop(5);                               /* goes on as it was begun; of the new bundle that says nothing */
    says("cart send", 0, "all sent");
    newest_trip_ran("");
    model_of(5, model);
    assert_string_equal(model, "");
    says("cart slots", 0, "-> a  trial    b2, serial 2");
    shop(1);
    says("cart slots", 0, "-> a  good     b2, serial 2");
    says("cart send", 0, "all sent");
    assert_int_equal(carts_in(1, "good"), 1);
    newest_trip_ran(sha256);
    support_ok(model_load(in("model"), &expected, &err), &err);
    model_of(1, model);
    assert_string_equal(model, expected.sha256);
    model_done(&expected);
    model_of(0, model);
    assert_string_equal(model, "");

    /* A hub gives a serial to one bundle only. */
    says("ship build --model model --name other --serial 2 --hardware lab --gate gate.json --out other.bundle", 0, "not signed yet");
    says("ship sign other.bundle --key sign.key", 0, "signed by");
    publish("other.bundle", 3, "belongs to another bundle");

    /* A model that was damaged since it was trained. */
    assert_int_equal(support_shell(NULL, "mkdir %s && cp %s/* %s && printf '{\"version\":1,\"name\":\"m\",\"files\":{\"fuse.json\":\"%064d\"},\"kernels\":{}}' >%s/manifest.json", in("hurt"), support_source("models/baseline"),
                                   in("hurt"), 7, in("hurt")), 0);
    says("ship build --model hurt --name hurt --serial 3 --hardware lab --gate gate.json --out hurt.bundle", 3, "the manifest says");

    /* A calibration that nobody could read belief by. */
    says("ship build --model model --name odd --serial 3 --hardware lab --gate gate.json --calibration nonsense.json --out odd.bundle", 0, "not signed yet");
    says("ship sign odd.bundle --key sign.key", 0, "signed by");
    publish("odd.bundle", 3, "calibration.accuracy");

    /* By hand, with a stick: older, unsigned, cut. */
    says("ship build --model model --name b1 --serial 1 --hardware lab --gate gate.json --out b1.bundle", 0, "not signed yet");
    says("cart install b1.bundle", 1, "signature");
    says("ship sign b1.bundle --key sign.key", 0, "signed by");
    says("cart install b1.bundle", 1, "not newer");
    assert_int_equal(support_shell(NULL, "head -c 3000 %s >%s", in("b1.bundle"), in("cut.bundle")), 0);
    says("cart install cut.bundle", 1, "ends");

    (void)snprintf(line, sizeof line, "ship rollback 1 --why 'asks too much' --pin %s", hub.pin);
    says(line, 0, "rolled_back");
    says("cart update", 0, "left b2: the hub called it back");
    assert_int_equal(carts_in(1, "rolled_back"), 1);
    says("cart slots", 0, "-> the built-in model");
    says("cart update", 0, "nothing to do");
    shop(2);
    says("cart send", 0, "all sent");
    newest_trip_ran("");
}

/* The hub may order what it likes: the cart takes what is signed, newer and for it, and says why not. */
static void a_cart_refuses_and_says_so_once(void **state)
{
    char line[200], sha256[65], *id = NULL;
    size_t before;

    (void)state;
    publish("old.bundle --rollout --start --stages 1,100%", 0, "rollout 2: stage");
    says("cart update", 1, "refused (older)");
    assert_int_equal(carts_in(2, "rolled_back"), 1);
    before = rows_of("/api/v1/access");
    says("cart update", 0, "nothing to do");                      /* not each minute */
    assert_int_equal(rows_of("/api/v1/access"), before);

    /* The key is revoked after the hub took the bundle: the cart follows the keyring first, and does not take it. */
    says("ship build --model model --name b3 --serial 3 --hardware lab --gate gate.json --out b3.bundle", 0, "not signed yet");
    says("ship sign b3.bundle --key sign.key", 0, "signed by");
    (void)snprintf(line, sizeof line, "ship rollback 2 --why older --pin %s", hub.pin);
    says(line, 0, "rolled_back");
    publish("b3.bundle --rollout --start --stages 1,100%", 0, "rollout 3: stage");
    assert_int_equal(trundle(&id, "ship keys show sign.key"), 0);
    assert_non_null(strstr(id, "id "));
    (void)snprintf(line, sizeof line, "ship keys trust --from trust.json --signing next.key --revoke %.16s --with root.key --out trust2.json", strstr(id, "id ") + 3);
    free(id);
    says(line, 0, "serial 2");
    publish("--trust trust2.json", 0, "");
    says("cart update", 1, "refused (revoked_key)");
    assert_int_equal(access(in("cart/fetch/refused.json"), F_OK), 0);
    says("cart update", 0, "nothing to do");
    assert_int_equal(carts_in(3, "rolled_back"), 1);

    /* Signed again by the new key it is another file, and is taken. */
    says("ship build --model model --name b4 --serial 4 --hardware lab --gate gate.json --out b4.bundle", 0, "not signed yet");
    says("ship sign b4.bundle --key next.key", 0, "signed by");
    (void)snprintf(line, sizeof line, "ship rollback 3 --why revoked --pin %s", hub.pin);
    says(line, 0, "rolled_back");
    publish("b4.bundle --rollout --start --stages 1,100%", 0, "rollout 4: stage");
    newest_bundle(sha256);
    put_part("b4.bundle", sha256, 500, 1);
    says("cart update", 3, "what came has the sha256");           /* whoever damaged it: it is fetched anew */
    says("cart update", 0, "b4 is installed");
    says("cart slots", 0, "b4, serial 4");
}

/* Three starts that do not end in a paid trip: the cart leaves the bundle by itself, without a hub, and tells it later. */
static void a_bundle_that_fails_is_left_offline(void **state)
{
    (void)state;
    assert_int_equal(hub_process_end(&hub, SIGKILL), -1);
    for (int i = 0; i < 3; i++)
        says("run 514.mcap --state cart --record /nonexistent/x.mcap", 4, "cannot create");
    shop(3);
    says("cart slots", 0, "-> the built-in model");
    hub_process_start(&hub);
    says("cart send", 0, "all sent");
    assert_int_equal(carts_in(4, "rolled_back"), 1);
    newest_trip_ran("");
}

/* A cart whose disk was put back to an older copy gives numbers out that the hub has with other content: they are changed, and nothing is lost. */
static void a_cart_that_was_set_back_is_heard(void **state)
{
    size_t trips = rows_of("/api/v1/trips");

    (void)state;
    assert_int_equal(support_shell(NULL, "mv %s %s && cp -r %s %s", in("cart"), in("cart.new"), in("cart.old"), in("cart")), 0);
    shop(4);
    says("cart send", 0, "all sent");
    says("cart status --json", 0, "\"refused_records\":0");
    assert_int_equal(rows_of("/api/v1/trips"), trips + 1);
    newest_trip_ran("");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_trip_arrives_once), cmocka_unit_test(a_bundle_comes_and_goes), cmocka_unit_test(a_cart_refuses_and_says_so_once),
                                        cmocka_unit_test(a_bundle_that_fails_is_left_offline), cmocka_unit_test(a_cart_that_was_set_back_is_heard) };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
