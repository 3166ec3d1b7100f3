/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a clip holds of cameras: all of one that stands right, nothing of one that turned out to have moved, not even from before that was known. */
#include "base/seal/seal.h"
#include "base/std/time.h"
#include "base/trip/trip.h"
#include "cart/capture/policy.h"
#include "cart/runtime/identity.h"
#include "cart/runtime/keeper.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char policy[] = "{\"before_s\": 3, \"after_s\": 1, \"longest_s\": 6, \"triggers\": [{\"name\": \"added\", \"when\": \"add\", \"purpose\": \"improve\", \"keep_days\": 30}]}";
static struct trundle_error err;
static char folder[3000];
static struct seal_key seal;

/* Five seconds of two cameras, an item after two; camera 0 is told to have moved after `moved_s`, if that is not negative. Pictures of each in the clip. */
static void shop(const char *name, double moved_s, unsigned out_frames[2])
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
    support_ok(file_write(path, policy, strlen(policy), &err), &err);
    support_ok(keeper_start(&(struct keeper_config){ .dir = dir, .health_s = -1 }, &k, &err), &err);
    keeper_patient(k, true);
    support_ok(keeper_trip_begin(k, &head, "{}", 2, &err), &err);
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
    keeper_stop(k);
    support_ok(outbox_open(dir, OUTBOX_WRITE, &box, &err), &err);
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
    shop("right", -1, frames);
    assert_in_range(frames[0], 25, 40);
    assert_int_equal(frames[0], frames[1]);
    shop("moved", 2.5, frames);            /* known half a second after the item: its seconds are in the ring */
    assert_int_equal(frames[0], 0);
    assert_in_range(frames[1], 25, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_camera_that_moved_is_in_no_clip) };

    return support_run(tests);
}
