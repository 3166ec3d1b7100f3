/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a clip holds of cameras: all of one that stands right, nothing of one that turned out to have moved, not even from before that was known. */
#include "base/seal/seal.h"
#include "base/std/time.h"
#include "base/trip/trip.h"
#include "cart/capture/policy.h"
#include "cart/runtime/identity.h"
#include "cart/runtime/keeper.h"
#include "tests/capture/still_scene.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char policy[] = "{\"before_s\": 3, \"after_s\": 1, \"longest_s\": 6, \"triggers\": [{\"name\": \"added\", \"when\": \"add\", \"purpose\": \"improve\", \"keep_days\": 30}]}";
static struct trundle_error err;
static char folder[3000];
static struct seal_key seal;
static const char *policy_now = policy;
static char cameras[100];                 /* as the last shop's health said it */

/* A cart with two cameras at its left rim, and such walls. */
static const char *cart_with(const char *wall)
{
    const struct cart_camera c = still_camera(0, 0, 0, 0);
    static char text[4000];
    char camera[1200];
    const double *t = c.T_basket_cam;

    (void)snprintf(camera, sizeof camera,
                   "{\"source\":\"x\",\"width_px\":320,\"height_px\":240,\"fps\":15,\"fx_px\":157,\"fy_px\":157,\"cx_px\":159.5,\"cy_px\":119.5,"
                   "\"T_basket_cam\":[%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g]}",
                   t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11]);
    (void)snprintf(text, sizeof text,
                   "{\"version\":1,\"id\":\"a\",\"basket\":{\"size_m\":[0.55,0.75,0.45],\"walls\":{\"rear\":\"%s\",\"right\":\"%s\",\"front\":\"%s\",\"left\":\"%s\"}},\"cameras\":[%s,%s],"
                   "\"cells\":{\"hz\":80,\"cell\":[{\"x_m\":0,\"y_m\":0,\"gain_g\":0.1,\"offset\":0,\"sd_g\":0.5},{\"x_m\":0.5,\"y_m\":0,\"gain_g\":0.1,\"offset\":0,\"sd_g\":0.5}]},"
                   "\"scale\":{\"e_g\":5,\"max_g\":30000}}",
                   wall, wall, wall, wall, camera, camera);
    return text;
}

/* What the newest health record says of the cameras. */
static void last_cameras(struct outbox *box)
{
    struct bytes lines = { 0 };
    int64_t first, last;
    const char *at, *newest = NULL;

    support_ok(outbox_batch(box, 1 << 20, 0, &lines, &first, &last, &err), &err);
    assert_int_equal(bytes_append(&lines, "", 1), TRUNDLE_OK);
    for (at = (const char *)lines.data; (at = strstr(at, "\"cameras\":")); at++)
        newest = at;
    assert_non_null(newest);
    (void)snprintf(cameras, sizeof cameras, "%.*s", (int)strcspn(newest + 10, "]") + 1, newest + 10);
    bytes_done(&lines);
}

/* Five seconds of two cameras, an item after two; camera 0 is told to have moved after `moved_s`, if that is not negative. Pictures of each in the clip. */
static void shop(const char *name, double moved_s, const char *cart_json, unsigned out_frames[2])
{
    const struct trip_head head = { .schema_version = 1, .build = "test", .suite = "test", .store = "store-1", .start_wall_ns = INT64_C(1780315200000000000) };
    struct keeper_health health = { .cameras_n = 2 };
    static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xd9 };
    struct trundle_message m = { .sequence = 0 };
    struct identity id;
    struct keeper *k;
    struct outbox *box;
    struct outbox_clip clip;
    struct seal_reader *sealed;
    struct trip_reader *r;
    struct bytes plain = { 0 };
    static struct basket basket;
    char dir[3100], path[3200];

    (void)snprintf(dir, sizeof dir, "%s/%s", folder, name);
    support_ok(identity_make(dir, &id, &err), &err);
    (void)snprintf(id.cart, sizeof id.cart, "cart-7");
    (void)seal_key_text(seal.public_key, id.seal_key);
    support_ok(identity_hub_set(&id, "https://127.0.0.1:1", NULL, &err), &err);
    support_ok(identity_save(dir, &id, &err), &err);
    (void)snprintf(path, sizeof path, "%s/" POLICY_FILE, dir);
    support_ok(file_write(path, policy_now, strlen(policy_now), &err), &err);
    support_ok(keeper_start(&(struct keeper_config){ .dir = dir, .health_s = 0.01 }, &k, &err), &err);
    keeper_patient(k, true);
    support_ok(keeper_trip_begin(k, &head, cart_json, strlen(cart_json), &err), &err);
    for (int i = 0; i < 50; i++) {
        m.log_ns = m.sensed_ns = 100 * NS_PER_MS * i;
        health.camera_moved[0] = moved_s >= 0 && ns_s(m.log_ns) >= moved_s;
        keeper_health(k, &health);
        for (uint8_t camera = 0; camera < 2; camera++) {
            if (health.camera_moved[camera])
                continue;                  /* the live cart withholds them from then on */
            m.sequence++;
            m.channel = TRUNDLE_CAM;
            m.sensor = camera;
            m.frame = (struct trundle_frame){ jpeg, sizeof jpeg };
            keeper_message(k, &m);
        }
        if (i == 20) {
            m.sequence++;
            m.channel = TRUNDLE_DECISION;
            m.sensor = 0;
            memset(&m.decision, 0, sizeof m.decision);
            m.decision = (struct trundle_decision){ .kind = TRUNDLE_DECIDE_ADD, .id = 1, .count = 1, .t_ns = m.log_ns, .t_event_ns = m.log_ns, .p = 0.9f };
            keeper_message(k, &m);
        }
    }
    basket_init(&basket, NULL, 5000, head.start_wall_ns);
    support_ok(keeper_trip_end(k, &(struct keeper_trip_end){ .ended_ns = head.start_wall_ns + 5 * NS_PER_S, .basket = &basket }, &err), &err);
    assert_int_equal(keeper_counts(k).clips, 1);
    clock_sleep_until_ns(clock_mono_ns() + 600 * NS_PER_MS);       /* one more health record */
    keeper_stop(k);
    support_ok(outbox_open(dir, OUTBOX_WRITE, &box, &err), &err);
    last_cameras(box);
    support_ok(outbox_clip_next(box, &clip, &err), &err);
    outbox_clip_path(box, clip.sha256, path, sizeof path);
    support_ok(seal_open_file(&seal, path, &sealed, &err), &err);
    support_ok(seal_open_all(sealed, 1 << 24, &plain, &err), &err);
    (void)snprintf(path, sizeof path, "%s/%s.mcap", folder, name);
    support_ok(file_write(path, plain.data, plain.n, &err), &err);
    support_ok(trip_open(path, &r, &err), &err);
    out_frames[0] = out_frames[1] = 0;
    while (trip_next(r, &m, &err) == TRUNDLE_OK)
        if (m.channel == TRUNDLE_CAM)
            out_frames[m.sensor]++;
    trip_free(r);
    seal_open_free(sealed);
    bytes_done(&plain);
    outbox_close(box);
}

static void a_camera_that_moved_is_in_no_clip(void **state)
{
    unsigned frames[2];

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    support_ok(seal_key_make(&seal, &err), &err);
    shop("right", -1, cart_with("solid"), frames);
    assert_string_equal(cameras, "[\"ok\",\"ok\"]");
    assert_in_range(frames[0], 25, 40);
    assert_int_equal(frames[0], frames[1]);
    shop("moved", 2.5, cart_with("solid"), frames);            /* known half a second after the item: its seconds are in the ring */
    assert_int_equal(frames[0], 0);
    assert_in_range(frames[1], 25, 40);
}

/* Through wire nothing tells whether a camera moved: only who says so gets its pictures. */
static void a_camera_that_cannot_be_checked_is_in_no_clip(void **state)
{
    static char allowed[400];
    unsigned frames[2];

    (void)state;
    shop("wire", -1, cart_with("wire"), frames);
    assert_int_equal(frames[0] + frames[1], 0);
    assert_string_equal(cameras, "[\"unchecked\",\"unchecked\"]");
    shop("strange", -1, "{}", frames);     /* a cart file that says nothing of them */
    assert_int_equal(frames[0] + frames[1], 0);
    (void)snprintf(allowed, sizeof allowed, "{\"unchecked_cameras\": true, %s", policy + 1);
    policy_now = allowed;
    shop("allowed", -1, cart_with("wire"), frames);
    assert_in_range(frames[0], 25, 40);
    assert_int_equal(frames[0], frames[1]);
    assert_string_equal(cameras, "[\"unchecked\",\"unchecked\"]");
    shop("allowed-moved", 2.5, cart_with("wire"), frames);
    assert_int_equal(frames[0], 0);
    policy_now = policy;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_camera_that_moved_is_in_no_clip), cmocka_unit_test(a_camera_that_cannot_be_checked_is_in_no_clip) };

    return support_run(tests);
}
