/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The ray tracer: its geometry is the rasteriser's and that of rays, a picture depends on its scene alone, and it is near its reference. */
#include "lab/sim/lights.h"
#include "lab/sim/model.h"
#include "lab/sim/plan.h"
#include "lab/sim/trace.h"
#include "lab/sim/world.h"
#include "tests/support/support.h"

#include "base/std/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 9 };
static const double PSNR_FLOOR = 30;       /* a denoiser that borrows nothing comes to 27 */

struct basket {
    struct sim_suite *suite;
    struct sim_store *store;
    struct sim_mesh mesh[ITEMS], hand, fleck;
    struct sim_texture print[ITEMS], floor, wall, skin;
    struct cart_camera camera;
    struct sim_scene scene;
};

static struct sim_suite *suite_with(const char *section, const char *key, json_t *value)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    json_t *root = NULL;
    char *text;

    support_ok(json_parse_file(support_source("suites/smoke.json"), &root, &err), &err);
    if (section)
        (void)json_object_set_new(json_object_get(root, section), key, value);
    (void)json_object_set_new(json_object_get(root, "store"), "products", json_integer(30));
    text = json_dumps(root, 0);
    support_ok(sim_suite_parse(text, strlen(text), "suite", &suite, &err), &err);
    free(text);
    json_decref(root);
    return suite;
}

/* Nine things in a grid, one see-through, in a picture of w x h. */
static void fill(struct basket *b, int w, int h)
{
    struct trundle_error err = { 0 };
    static const double grey[3] = { 150, 152, 158 }, pink[3] = { 220, 170, 150 };

    *b = (struct basket){ .suite = suite_with(NULL, NULL, NULL) };
    support_ok(sim_store_new(b->suite, 3, &b->store, &err), &err);
    for (int i = 0; i < 4; i++)
        b->store->cart.basket.wall[i] = i == 2 ? CART_WALL_WIRE : CART_WALL_SOLID;
    assert_int_equal(sim_print_plain(grey, .05, 64, 1, &b->floor), TRUNDLE_OK);
    assert_int_equal(sim_print_plain(grey, .05, 64, 2, &b->wall), TRUNDLE_OK);
    assert_int_equal(sim_print_plain(pink, .05, 16, 3, &b->skin), TRUNDLE_OK);
    assert_int_equal(sim_model_hand(&b->hand), TRUNDLE_OK);
    assert_int_equal(sim_model_patch(.025f, .025f, 1, &b->fleck), TRUNDLE_OK);
    b->camera = b->store->cart.camera[0];
    b->camera.fx_px = b->camera.fy_px = b->camera.fx_px * w / b->camera.width_px;
    b->camera.width_px = w;
    b->camera.height_px = h;
    b->camera.cx_px = .5 * (w - 1);
    b->camera.cy_px = .5 * (h - 1);
    b->scene = (struct sim_scene){ .cart = &b->store->cart, .floor = &b->floor, .wall = &b->wall, .resting_version = 1 };
    sim_lights_of(b->store, &b->scene.light, &b->scene.backdrop);
    for (int i = 0; i < ITEMS; i++) {
        const struct sim_product *p = &b->store->product[i * 3];
        double half[3];

        assert_int_equal(sim_model_item(p, p->produce ? (int)p->produce->pieces.lo : 1, 1, &b->mesh[i]), TRUNDLE_OK);
        assert_int_equal(sim_print_product(p, &b->print[i]), TRUNDLE_OK);
        sim_model_half(p, 1, 1, half);
        b->scene.solid[b->scene.n++] = (struct sim_solid){ .id = (uint8_t)(i + 1), .mesh = &b->mesh[i], .texture = &b->print[i], .resting = true,
                                                           .gloss = .1f * (float)i, .clear = i == 4 ? .6f : 0,
                                                           .pose = sim_pose_make(.12 + .15 * (i % 3), .15 + .2 * (i / 3), half[2], .5 * i, 0, 0) };
    }
}

static void empty(struct basket *b)
{
    for (int i = 0; i < ITEMS; i++) {
        sim_mesh_done(&b->mesh[i]);
        sim_texture_done(&b->print[i]);
    }
    sim_mesh_done(&b->hand);
    sim_mesh_done(&b->fleck);
    sim_texture_done(&b->floor);
    sim_texture_done(&b->wall);
    sim_texture_done(&b->skin);
    sim_store_free(b->store);
    sim_suite_free(b->suite);
}

static double share_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
    size_t same = 0;

    for (size_t i = 0; i < n; i++)
        same += (a[i] == SIM_SHADOW_ID ? SIM_BASKET_ID : a[i]) == (b[i] == SIM_SHADOW_ID ? SIM_BASKET_ID : b[i]);
    return (double)same / (double)n;
}

static void geometry_is_that_of_the_rasteriser_and_of_rays(void **state)
{
    struct basket b;
    struct sim_renderer *raster = NULL, *trace = NULL;
    struct sim_view flat, view;
    struct sim_seen one, other;
    uint8_t *rays = malloc(320 * 240);

    (void)state;
    fill(&b, 320, 240);
    b.store->cart.basket.wall[2] = CART_WALL_SOLID;        /* the rasteriser draws no wires */
    b.scene.backdrop = (struct sim_backdrop){ .store = true };
    for (int k = 0; k < 2; k++) {
        assert_int_equal(sim_raster.make(&b.camera, &raster), TRUNDLE_OK);
        assert_int_equal(sim_trace.make(&b.camera, &trace), TRUNDLE_OK);
        sim_raster.render(raster, &b.scene, &flat);
        sim_trace.render(trace, &b.scene, &view);
        assert_true(share_equal(flat.id, view.id, 320 * 240) > .99);
        trace_reference(trace, 1, NULL, rays);
        assert_true(share_equal(rays, view.id, 320 * 240) > .99);
        for (uint8_t id = 1; id <= ITEMS; id++) {
            assert_true(sim_raster.seen(raster, id, NULL, &one) && sim_trace.seen(trace, id, NULL, &other));
            assert_near(one.whole_px, other.whole_px, .02 * (double)one.whole_px + 4);
            assert_near(one.visible_px, other.visible_px, .05 * one.visible_px + 12);
        }
        assert_false(sim_trace.seen(trace, 200, NULL, &other));
        sim_raster.done(raster);
        sim_trace.done(trace);
        b.camera.distortion[0] = -.05;                     /* and through a lens */
    }
    free(rays);
    empty(&b);
}

/* A hand and what it holds, at step i of a way through the picture; what rests changes on the way. */
static void step(struct basket *b, int i)
{
    struct sim_scene *s = &b->scene;

    s->shutter = (struct sim_shutter){ i % 2 ? .01f : 0, i % 3 ? .02f : 0 };
    s->n = ITEMS;
    for (int k = 0; k < ITEMS; k++)
        s->solid[k].resting = true;
    if (i >= 4) {                                          /* the last one was taken: it moves from then on */
        s->resting_version = 2;
        s->solid[ITEMS - 1].resting = false;
        s->solid[ITEMS - 1].pose.t[2] = .1f + .02f * (float)i;
        s->solid[ITEMS - 1].velocity_ms[2] = .8f;
    }
    if (i % 4 != 3)
        s->solid[s->n++] = (struct sim_solid){ .id = SIM_HAND_ID, .mesh = &b->hand, .texture = &b->skin,
                                               .pose = sim_pose_make(.1 + .05 * i, .2 + .04 * i, .2, .3 * i, 0, 0), .velocity_ms = { 1.2f, -.4f, .1f } };
    else                                                   /* so small that few points are in its shadow, and those that borrow from them are more */
        s->solid[s->n++] = (struct sim_solid){ .id = 100, .mesh = &b->fleck, .texture = &b->skin, .pose = sim_pose_make(.2 + .02 * i, .3, .1, 0, 0, 0) };
}

static void a_picture_depends_on_its_scene_alone(void **state)
{
    struct basket b;
    struct sim_renderer *on = NULL;

    (void)state;
    fill(&b, 161, 119);                                    /* odd, so that points at the edges are shared */
    assert_int_equal(sim_trace.make(&b.camera, &on), TRUNDLE_OK);
    for (int i = 0; i < 9; i++) {
        struct sim_renderer *fresh = NULL;
        struct sim_view one, other;
        struct sim_seen seen, again;

        step(&b, i);
        assert_int_equal(sim_trace.make(&b.camera, &fresh), TRUNDLE_OK);
        sim_trace.render(on, &b.scene, &one);
        sim_trace.render(fresh, &b.scene, &other);
        assert_memory_equal(one.id, other.id, 161 * 119);
        assert_memory_equal(one.rgb, other.rgb, 161 * 119 * sizeof *one.rgb);
        assert_int_equal(sim_trace.seen(on, SIM_HAND_ID, NULL, &seen), sim_trace.seen(fresh, SIM_HAND_ID, NULL, &again));
        assert_int_equal(sim_trace.seen(on, SIM_HAND_ID, NULL, &seen), i % 4 != 3);
        /* and that of the same things all at rest, in which nothing is laid over anything and no light is taken over */
        b.scene.shutter = (struct sim_shutter){ 0, 0 };
        sim_trace.render(on, &b.scene, &one);
        for (uint32_t k = 0; k < b.scene.n; k++)
            b.scene.solid[k].resting = true;
        b.scene.resting_version = 100 + (uint32_t)i;
        sim_trace.render(fresh, &b.scene, &other);
        b.scene.resting_version = i >= 4 ? 2 : 1;
        assert_memory_equal(one.id, other.id, 161 * 119);
        assert_memory_equal(one.rgb, other.rgb, 161 * 119 * sizeof *one.rgb);
        sim_trace.done(fresh);
    }
    sim_trace.done(on);
    empty(&b);
}

/* Colours where the mask keeps them are those of the whole picture, also while things move; ids are those everywhere. */
static void a_mask_takes_nothing_from_what_it_keeps(void **state)
{
    struct basket b;
    struct sim_renderer *whole = NULL, *part = NULL;
    uint8_t *mask = calloc(160, 120);
    size_t dark = 0;

    (void)state;
    fill(&b, 160, 120);
    for (int y = 30; y < 90; y++)
        memset(mask + 160 * y + 40 + y / 4, 1, 60);
    assert_int_equal(sim_trace.make(&b.camera, &whole), TRUNDLE_OK);
    assert_int_equal(sim_trace.make(&b.camera, &part), TRUNDLE_OK);
    sim_trace.limit(part, mask);
    for (int i = 0; i < 6; i++) {
        struct sim_view one, other;

        step(&b, i);
        sim_trace.render(whole, &b.scene, &one);
        sim_trace.render(part, &b.scene, &other);
        assert_memory_equal(one.id, other.id, 160 * 120);
        for (int k = 0; k < 160 * 120; k++) {
            if (mask[k])
                assert_int_equal(one.rgb[k], other.rgb[k]);
            dark += !mask[k] && !other.rgb[k];
        }
    }
    assert_true(dark > 6 * 160 * 120 / 3);                 /* and is worth having */
    sim_trace.done(whole);
    sim_trace.done(part);
    free(mask);
    empty(&b);
}

static double psnr_db(const uint32_t *a, const uint32_t *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 24; k += 8) {
            double d = (double)(a[i] >> k & 255) - (double)(b[i] >> k & 255);

            sum += d * d;
        }
    return 10 * log10(255. * 255 * 3 * (double)n / (sum + 1e-9));
}

static void near_the_reference(void **state)
{
    uint32_t *reference = malloc(160 * 120 * sizeof *reference);
    struct sim_renderer *r = NULL;
    struct sim_view view;
    struct basket b;
    double still, moving;

    (void)state;
    fill(&b, 160, 120);
    assert_int_equal(sim_trace.make(&b.camera, &r), TRUNDLE_OK);
    sim_trace.render(r, &b.scene, &view);
    trace_reference(r, 4, reference, NULL);
    still = psnr_db(reference, view.rgb, 160 * 120);
    step(&b, 2);
    b.scene.shutter = (struct sim_shutter){ 0, 0 };
    b.scene.solid[ITEMS].velocity_ms[0] = 0;
    sim_trace.render(r, &b.scene, &view);
    trace_reference(r, 4, reference, NULL);
    moving = psnr_db(reference, view.rgb, 160 * 120);
    printf("# %.1f dB at rest, %.1f dB under a hand\n", still, moving);
    assert_true(still > PSNR_FLOOR && moving > PSNR_FLOOR);
    sim_trace.done(r);
    free(reference);
    empty(&b);
}

/* The middle of item `id` in a band of rows; -1 not there. */
static double middle_of(const struct sim_view *v, uint8_t id, int y0, int y1)
{
    double sum = 0;
    int n = 0;

    for (int y = y0; y < y1; y++)
        for (int x = 0; x < v->w; x++)
            if (v->id[y * v->w + x] == id) {
                sum += x;
                n++;
            }
    return n ? sum / n : -1;
}

/* A square that passes: straight and sharp at an instant, leaning by the readout, blurred by the exposure. */
static void the_shutter_takes_its_time(void **state)
{
    struct cart_camera camera = { .width_px = 320, .height_px = 240, .fx_px = 160, .fy_px = 160, .cx_px = 159.5, .cy_px = 119.5,
                                  .T_basket_cam = { 1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 1 } };      /* at z = 1, looking down */
    struct cart_file cart = { .basket.size_m = { 1, 1, 1 } };
    struct sim_scene scene = { .cart = &cart, .n = 1, .resting_version = 1, .light = { .ambient = 1, .direction = { 0, 0, 1 } } };
    struct sim_texture white = { 0 };
    struct sim_mesh mesh = { 0 };
    struct sim_renderer *r = NULL;
    struct sim_view view;
    static const double rgb[3] = { 250, 250, 250 };
    int soft[2] = { 0, 0 };

    (void)state;
    assert_int_equal(sim_print_plain(rgb, 0, 16, 1, &white), TRUNDLE_OK);
    assert_int_equal(sim_model_patch(.6f, .6f, 4, &mesh), TRUNDLE_OK);
    assert_int_equal(sim_trace.make(&camera, &r), TRUNDLE_OK);
    scene.solid[0] = (struct sim_solid){ .id = 1, .mesh = &mesh, .texture = &white, .pose = sim_pose_make(-.3, -.3, .5, 0, 0, 0), .velocity_ms = { 2, 0, 0 } };
    sim_trace.render(r, &scene, &view);
    assert_near(middle_of(&view, 1, 40, 60), middle_of(&view, 1, 180, 200), .1);
    scene.shutter.readout_s = .02f;                        /* 140 rows later it is 2 m/s x .02 s x 140 / 240 further: at 320 px/m 7.5 px */
    sim_trace.render(r, &scene, &view);
    assert_near(middle_of(&view, 1, 180, 200) - middle_of(&view, 1, 40, 60), 2 * .02 * 140 / 240 * 320, 1);
    for (int k = 0; k < 2; k++) {
        scene.shutter = (struct sim_shutter){ k ? .02f : 0, 0 };
        sim_trace.render(r, &scene, &view);
        for (int x = 0; x < 320; x++) {
            int green = (int)(view.rgb[120 * 320 + x] >> 8 & 255);

            soft[k] += green > 60 && green < 200 ? 1 : 0;
        }
    }
    assert_true(soft[0] <= 3 && soft[1] >= 8);             /* 2 m/s x .02 s: 12.8 px on either side, in steps of a quarter */
    sim_trace.done(r);
    sim_mesh_done(&mesh);
    sim_texture_done(&white);
}

/* Under a wide ceiling a thing darkens the floor beside it, and less further away; through glass more light comes than through card. */
static void light_is_taken_away(void **state)
{
    struct cart_camera camera = { .width_px = 160, .height_px = 120, .fx_px = 80, .fy_px = 80, .cx_px = 79.5, .cy_px = 59.5,
                                  .T_basket_cam = { 1, 0, 0, .5, 0, -1, 0, .5, 0, 0, -1, .9 } };
    struct cart_file cart = { .basket.size_m = { 1, 1, .5 } };
    struct sim_scene scene = { .cart = &cart, .resting_version = 1, .light = { .ambient = .7f, .diffuse = .5f, .direction = { 0, 0, 1 } } };
    struct sim_texture grey = { 0 };
    struct sim_mesh lid = { 0 };
    struct sim_renderer *r = NULL;
    struct sim_view view;
    static const double rgb[3] = { 150, 150, 150 };
    int level[3];

    (void)state;
    assert_int_equal(sim_print_plain(rgb, 0, 16, 1, &grey), TRUNDLE_OK);
    assert_int_equal(sim_model_patch(.3f, .3f, 4, &lid), TRUNDLE_OK);
    scene.floor = scene.wall = &grey;
    scene.solid[0] = (struct sim_solid){ .id = 1, .mesh = &lid, .texture = &grey, .pose = sim_pose_make(.6, .35, .08, 0, 0, 0), .resting = true };
    for (int k = 0; k < 3; k++) {                          /* nothing; glass; card */
        scene.n = k > 0;
        scene.solid[0].clear = k == 1 ? .7f : 0;
        scene.resting_version++;
        if (!r)
            assert_int_equal(sim_trace.make(&camera, &r), TRUNDLE_OK);
        sim_trace.render(r, &scene, &view);
        level[k] = (int)(view.rgb[60 * 160 + 86] >> 8 & 255);      /* the floor at x = .57, under the rim of the lid */
        assert_int_equal(view.id[60 * 160 + 86], SIM_BASKET_ID);
        if (k == 2)
            assert_true((int)(view.rgb[60 * 160 + 60] >> 8 & 255) > level[2] + 8);
    }
    printf("# floor %d, under glass %d, under card %d\n", level[0], level[1], level[2]);
    assert_true(level[0] >= level[1] && level[1] > level[2] + 6);
    sim_trace.done(r);
    sim_mesh_done(&lid);
    sim_texture_done(&grey);
}

static double apart(const struct cart_camera *a, const struct cart_camera *b)
{
    double sum = 0;

    for (int k = 3; k < 12; k += 4)
        sum += (a->T_basket_cam[k] - b->T_basket_cam[k]) * (a->T_basket_cam[k] - b->T_basket_cam[k]);
    return sqrt(sum);
}

/* What a suite says about cameras: how many, moved with the file, moved without. The others stay where they are. */
static void cameras_stand_where_the_suite_says(void **state)
{
    static const char *const keys[4] = { "cameras", "camera_move_m", "camera_shift_m", "camera_place" };
    struct sim_suite *plain = suite_with(NULL, NULL, NULL);
    struct trundle_error err = { 0 };
    struct sim_store *store = NULL;

    (void)state;
    support_ok(sim_store_new(plain, 2, &store, &err), &err);
    assert_int_equal(store->cart.cameras_n, 2);
    for (int k = 0; k < 4; k++) {
        struct sim_suite *suite = suite_with("cart", keys[k], k == 0 ? json_integer(4) : k == 3 ? json_string("rim") : json_real(.05));
        struct sim_store *other = NULL;
        struct bytes text = { 0 };
        struct cart_file *read = calloc(1, sizeof *read);

        support_ok(sim_store_new(suite, 2, &other, &err), &err);
        assert_int_equal(other->cart.cameras_n, k == 0 ? 4 : 2);
        for (int c = 0; c < other->cart.cameras_n; c++) {
            if (k < 3 && c < 2)
                assert_near(apart(&other->cart.camera[c], &store->cart.camera[c]), k == 1 ? .05 : 0, 1e-9);
            assert_near(apart(&other->cart.camera[c], &other->true_camera[c]), k == 2 ? .05 : 0, 1e-9);
        }
        assert_int_equal(cart_file_print(&other->cart, &text), TRUNDLE_OK);
        support_ok(cart_file_parse(text.data, text.n, "cart", read, &err), &err);     /* all look into the basket */
        bytes_done(&text);
        free(read);
        sim_store_free(other);
        sim_suite_free(suite);
    }
    sim_store_free(store);
    sim_suite_free(plain);
}

static void light_changes_slowly_from_place_to_place(void **state)
{
    struct sim_suite *plain = suite_with(NULL, NULL, NULL), *suite = suite_with("light", "place_sd", json_real(.2));
    struct trundle_error err = { 0 };
    struct sim_store *store = NULL;
    double last[3] = { 0 }, lo = 9, hi = 0;

    (void)state;
    support_ok(sim_store_new(plain, 2, &store, &err), &err);
    sim_lights_at(store, 3, 4, last);
    assert_true(last[0] == 1 && last[1] == 1 && last[2] == 1);
    sim_store_free(store);
    support_ok(sim_store_new(suite, 2, &store, &err), &err);
    for (int i = 0; i < 1000; i++) {
        double gain[3];

        sim_lights_at(store, -20 + .05 * i, 3, gain);
        assert_true(i == 0 || fabs(gain[1] - last[1]) < .02);
        lo = fmin(lo, gain[1]);
        hi = fmax(hi, gain[1]);
        memcpy(last, gain, sizeof last);
    }
    assert_true(hi / lo > 1.15);
    sim_lights_at(store, NAN, INFINITY, last);             /* a place that is none */
    assert_true(last[1] > 0 && last[1] < 10);
    sim_store_free(store);
    sim_suite_free(plain);
    sim_suite_free(suite);
}

/* A trip of v1 in steps of a picture: what is shown is where it is to within a millimetre, also while it trembles, and fewer things move than bodies do. */
static void what_trembles_is_shown_as_it_lies(void **state)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    struct sim_store *store = NULL;
    struct plan *plan = NULL;
    struct world *world = NULL;
    struct sim_scene *scene = calloc(1, sizeof *scene);
    size_t seen = 0, bodies_move = 0, shown_move = 0;
    double off = 0;

    (void)state;
    support_ok(sim_suite_load(support_source("suites/v1.json"), &suite, &err), &err);
    support_ok(sim_store_new(suite, 400000, &store, &err), &err);
    support_ok(plan_new(store, 2000004, &plan, &err), &err);
    support_ok(world_new(plan, &world, &err), &err);
    for (double t = 0; t < plan->end_s; t += 1. / 30) {
        world_scene(world, t, scene);
        for (uint32_t i = 0; i < scene->n; i++) {
            const struct sim_solid *s = &scene->solid[i];
            const struct plan_item *item;
            struct sim_pose pose;
            bool resting;

            if (s->id >= SIM_HAND_ID || s->mass_g <= 0)
                continue;
            item = &plan->item[s->id - 1];
            assert_true(plan_pose_at(&item->track, t, &pose, &resting));
            seen++;
            bodies_move += !resting;
            shown_move += !s->resting;
            assert_true(s->resting || !resting);           /* and what lies stays */
            for (int corner = 0; corner < 8; corner++)
                for (int k = 0; k < 3; k++) {
                    double d = (double)(s->pose.t[k] - pose.t[k]);

                    for (int j = 0; j < 3; j++)
                        d += (double)(s->pose.r[3 * k + j] - pose.r[3 * k + j]) * item->half_m[j] * (corner >> j & 1 ? 1 : -1);
                    off = fmax(off, fabs(d));
                }
        }
    }
    printf("# of %zu poses %zu of bodies that move, %zu are shown to; at most %.2f mm beside\n", seen, bodies_move, shown_move, 1000 * off);
    assert_true(seen > 1000 && off < .001);
    assert_true(off > 0 && shown_move < bodies_move - bodies_move / 20);
    world_free(world);
    plan_free(plan);
    sim_store_free(store);
    sim_suite_free(suite);
    free(scene);
}

static void nothing_is_fine(void **state)
{
    struct sim_renderer *r = NULL;
    struct sim_view view;
    struct basket b;

    (void)state;
    sim_trace.done(NULL);
    fill(&b, 65, 33);
    b.scene = (struct sim_scene){ .cart = &b.store->cart };        /* no light, no floor, no solids */
    assert_int_equal(sim_trace.make(&b.camera, &r), TRUNDLE_OK);
    sim_trace.render(r, &b.scene, &view);
    for (int i = 0; i < 65 * 33; i++)
        assert_int_equal(view.id[i], 0);
    b.scene.n = SIM_SOLIDS_MAX;                            /* as many as there can be, all at one place, some around the camera */
    b.scene.resting_version = 1;
    for (uint32_t i = 0; i < b.scene.n; i++)
        b.scene.solid[i] = (struct sim_solid){ .id = (uint8_t)(i + 1), .mesh = &b.mesh[i % ITEMS], .texture = &b.print[i % ITEMS], .resting = i % 2,
                                               .pose = sim_pose_make(b.camera.T_basket_cam[3] * (i % 3), .3, b.camera.T_basket_cam[11] * (i % 4) / 3, i, i, i) };
    sim_trace.render(r, &b.scene, &view);
    sim_trace.done(r);
    empty(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(geometry_is_that_of_the_rasteriser_and_of_rays),
        cmocka_unit_test(a_picture_depends_on_its_scene_alone),
        cmocka_unit_test(a_mask_takes_nothing_from_what_it_keeps),
        cmocka_unit_test(near_the_reference),
        cmocka_unit_test(the_shutter_takes_its_time),
        cmocka_unit_test(light_is_taken_away),
        cmocka_unit_test(cameras_stand_where_the_suite_says),
        cmocka_unit_test(light_changes_slowly_from_place_to_place),
        cmocka_unit_test(what_trembles_is_shown_as_it_lies),
        cmocka_unit_test(nothing_is_fine),
    };

    return support_run(tests);
}
