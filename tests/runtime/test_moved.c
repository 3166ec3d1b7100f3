/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A live camera that does not stand where the cart file says: its pictures end, drop messages say so, the verdict outlives the process and ends with another
 * calibration. One that stands right is kept. */
#include "base/std/time.h"
#include "cart/runtime/live.h"
#include "lab/sim/sim.h"
#include "tests/capture/still_scene.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <unistd.h>

static struct trundle_error err;
static char folder[3000], catalog[3100];
static int moved_said;

static void on_health(void *user, const char *device, unsigned index, const char *state, const char *text)
{
    (void)user, (void)text;
    moved_said += !strcmp(device, "camera") && index == 0 && !strcmp(state, "moved");
}

static int prepare(void **state)
{
    struct sim_suite *suite;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    (void)snprintf(catalog, sizeof catalog, "%s/store", folder);
    support_ok(sim_suite_load("smoke", &suite, &err), &err);
    support_ok(sim_store_make(suite, 1, catalog, false, &err), &err);
    sim_suite_free(suite);
    return 0;
}

static void write_picture(const struct cart_camera *real, const char *path)
{
    tjhandle tj = tjInitCompress();
    unsigned char *jpeg = NULL;
    unsigned long n = 0;

    assert_int_equal(tjCompress2(tj, still_draw(real, 40, 0, 1), STILL_W, 0, STILL_H, TJPF_RGB, &jpeg, &n, TJSAMP_444, 95, 0), 0);
    support_ok(file_write(path, jpeg, n, &err), &err);
    tjFree(jpeg);
    (void)tjDestroy(tj);
}

/* Shops for ten seconds of one picture; how many are in the trip, and how many it says were dropped. */
static void shop(const struct cart_camera *real, const char *id, const char *state_dir, unsigned *out_frames, unsigned *out_drops)
{
    static const char cells[] = "\"cells\":{\"hz\":80,\"cell\":[{\"x_m\":0,\"y_m\":0,\"gain_g\":0.1,\"offset\":0,\"sd_g\":0.5},{\"x_m\":0.5,\"y_m\":0,\"gain_g\":0.1,\"offset\":0,\"sd_g\":0.5}]},"
                                "\"scale\":{\"e_g\":5,\"max_g\":30000}";
    const struct cart_camera c = still_camera(0, 0, 0, 0);
    struct replay_summary summary;
    struct trundle_message m;
    struct trip_reader *r;
    char text[4000], picture[3100], cart[3100], trip[3100];
    const double *t = c.T_basket_cam;

    (void)snprintf(picture, sizeof picture, "%s/picture.jpg", folder);
    (void)snprintf(cart, sizeof cart, "%s/cart.json", folder);
    (void)snprintf(trip, sizeof trip, "%s/trip.mcap", folder);
    write_picture(real, picture);
    (void)snprintf(text, sizeof text,
                   "{\"version\":1,\"id\":\"%s\",\"basket\":{\"size_m\":[0.55,0.75,0.45],\"walls\":{\"rear\":\"solid\",\"right\":\"solid\",\"front\":\"solid\",\"left\":\"solid\"}},"
                   "\"cameras\":[{\"source\":\"multifilesrc location=%.300s num-buffers=150 caps=image/jpeg,framerate=15/1 ! jpegdec\",\"width_px\":320,\"height_px\":240,\"fps\":15,"
                   "\"fx_px\":157,\"fy_px\":157,\"cx_px\":159.5,\"cy_px\":119.5,\"T_basket_cam\":[%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g]}],"
                   "%s,\"state_dir\":\"%.500s\"}",
                   id, picture, t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], cells, state_dir);
    support_ok(file_write(cart, text, strlen(text), &err), &err);
    (void)unlink(trip);
    support_ok(live_run(&(struct live_config){ .cart_path = cart, .catalog_dir = catalog, .record = trip, .threads = 1, .fast = true, .health = on_health }, &summary, &err), &err);
    replay_summary_done(&summary);
    *out_frames = *out_drops = 0;
    support_ok(trip_open(trip, &r, &err), &err);
    while (trip_next(r, &m, &err) == TRUNDLE_OK) {
        *out_frames += m.channel == TRUNDLE_CAM;
        *out_drops += m.channel == TRUNDLE_DROP && m.drop.channel == TRUNDLE_CAM ? m.drop.count : 0;
    }
    trip_free(r);
}

static void a_camera_that_moved_stops_storing(void **state)
{
    const struct cart_camera right = still_camera(0, 0, 0, 0), moved = still_camera(0, 0, 0, .06);
    char state_dir[3100];
    unsigned frames, drops;

    (void)state;
    (void)snprintf(state_dir, sizeof state_dir, "%s/state", folder);
    shop(&right, "cart-a", state_dir, &frames, &drops);
    assert_in_range(frames, 145, 150);
    assert_int_equal(moved_said, 0);
    shop(&moved, "cart-a", state_dir, &frames, &drops);
    assert_int_equal(moved_said, 1);
    assert_in_range(frames, 1, 70);
    assert_true(drops > 50);
    shop(&moved, "cart-a", state_dir, &frames, &drops);        /* it is known now */
    assert_int_equal(frames, 0);
    assert_int_equal(moved_said, 2);
    shop(&right, "cart-a", state_dir, &frames, &drops);        /* put back, and not calibrated: nobody can know */
    assert_int_equal(frames, 0);
    shop(&right, "cart-b", state_dir, &frames, &drops);        /* calibrated again */
    assert_in_range(frames, 145, 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_camera_that_moved_stops_storing) };

    return cmocka_run_group_tests(tests, prepare, NULL);
}
