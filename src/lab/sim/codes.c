/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * A thing is turned until its code faces the camera, brought as near as its modules ask for, and given to a hand. What covers the code, or does
 * not fit, is tried again in another way: shoppers turn a thing until its code is in sight.
 */
#include "lab/sim/codes.h"

#include "lab/sim/code_mesh.h"
#include "lab/sim/develop.h"
#include "lab/sim/hands.h"
#include "lab/sim/lights.h"
#include "lab/sim/model.h"

#include "base/std/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
enum { ID = 1, PRODUCTS_TRIED = 40, WAYS_TRIED = 14, WAYS_WITH_HAND = 9, EDGE_PX = 6 };
static const double NEAREST_M = .045;

struct shoot {
    const struct sim_store *store;
    const struct sim_product *product;
    struct sim_look look;
    struct sim_mesh mesh, film;
    struct sim_texture print, floor, wall;
    struct hands *hands;
    struct sim_code_place place;
    struct code_mesh code;                 /* on the mesh that carries it */
    struct cart_camera camera;
    struct sim_scene scene;
    struct sim_renderer *renderer;
    struct sim_code_shot shot;
};

static void thing_done(struct shoot *s)
{
    sim_mesh_done(&s->mesh);
    sim_mesh_done(&s->film);
    sim_texture_done(&s->print);
}

static void done(struct shoot *s)
{
    thing_done(s);
    sim_texture_done(&s->floor);
    sim_texture_done(&s->wall);
    hands_free(s->hands);
}

/* A thing of the store with a code on it: NOT_FOUND when this one has none. */
static enum trundle_status take_thing(struct shoot *s, struct rng *r, uint64_t seed)
{
    size_t i = sim_store_pick(s->store, r);
    const struct sim_product *p = &s->store->product[i];
    int pieces = p->produce ? (int)rng_range(r, p->produce->pieces.lo, p->produce->pieces.hi + .999) : 1;
    const struct sim_mesh *carrier = &s->mesh;
    double mass = 0;

    thing_done(s);
    s->product = p;
    if (!p->rich)
        return TRUNDLE_UNSUPPORTED;
    for (int k = 0; k < pieces; k++)
        mass += sim_product_mass(p, r);
    s->look = sim_look_item(s->store, i, seed, pieces, p->produce ? cbrt(mass / (pieces * p->mass_g)) : 1, mass);
    TRY(sim_look_print_code(p, &s->look, &s->print, &s->place));
    TRY(sim_look_model(p, &s->look, &s->mesh));
    if (s->look.bagged) {
        TRY(sim_look_film(p, &s->look, &s->film));
        carrier = &s->film;
    }
    return code_mesh_find(carrier, &s->place, &s->code);
}

/* Over the basket's middle, turned any way, a little up or down. */
static void place_camera(struct shoot *s, struct rng *r)
{
    const struct sim_suite *suite = s->store->suite;
    const double *size = s->store->cart.basket.size_m;
    double yaw = rng_range(r, 0, 2 * PI), up = PI / 180 * rng_range(r, suite->shown.aim_deg.lo, suite->shown.aim_deg.hi);
    double right[3] = { cos(yaw), -sin(yaw), 0 }, ahead[3] = { sin(yaw) * cos(up), cos(yaw) * cos(up), sin(up) }, at[3], down[3];
    double focal = rng_range(r, suite->shown.focal_px.lo, suite->shown.focal_px.hi);

    at[0] = .5 * size[0];
    at[1] = .5 * size[1];
    at[2] = size[2] + rng_range(r, suite->shown.above_m.lo, suite->shown.above_m.hi);
    for (int k = 0; k < 3; k++)
        down[k] = ahead[(k + 1) % 3] * right[(k + 2) % 3] - ahead[(k + 2) % 3] * right[(k + 1) % 3];
    s->camera = (struct cart_camera){ .width_px = (int)suite->shown.width_px, .height_px = (int)suite->shown.height_px, .fx_px = focal, .fy_px = focal };
    s->camera.cx_px = .5 * (s->camera.width_px - 1);
    s->camera.cy_px = .5 * (s->camera.height_px - 1);
    for (int k = 0; k < 3; k++) {
        double *row = &s->camera.T_basket_cam[4 * k];

        row[0] = right[k];
        row[1] = down[k];
        row[2] = ahead[k];
        row[3] = at[k];
    }
}

/* A point of the posed thing in the camera's frame: x right, y down, z ahead. */
static void seen_from(const struct shoot *s, const struct sim_pose *pose, const float p[3], double out[3])
{
    float world[3];

    sim_pose_apply(pose, p, world);
    for (int k = 0; k < 3; k++) {
        out[k] = 0;
        for (int i = 0; i < 3; i++)
            out[k] += s->camera.T_basket_cam[4 * i + k] * ((double)world[i] - s->camera.T_basket_cam[4 * i + 3]);
    }
}

static void project(const struct shoot *s, const struct sim_pose *pose, const float p[3], double out_px[2])
{
    double at[3];

    seen_from(s, pose, p, at);
    out_px[0] = s->camera.cx_px + s->camera.fx_px * at[0] / fmax(at[2], 1e-3);
    out_px[1] = s->camera.cy_px + s->camera.fy_px * at[1] / fmax(at[2], 1e-3);
}

/* 3x3, row-major. */
static void times(const double a[9], const double b[9], double out[9])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
}

/* The rotation that turns the code's axes into the camera's, then tilts about an axis in the picture; columns of `camera` are its axes. */
static void face(const struct code_mesh *code, const double camera[9], double tilt, double about, double turn, float out[9])
{
    double c = cos(tilt), n = sin(tilt), x = cos(about), y = sin(about), local[9], a[9], b[9];
    const double tilted[9] = { c + x * x * (1 - c), x * y * (1 - c), y * n, x * y * (1 - c), c + y * y * (1 - c), -x * n, -y * n, x * n, c };
    const double turned[9] = { cos(turn), -sin(turn), 0, sin(turn), cos(turn), 0, 0, 0, 1 };

    for (int k = 0; k < 3; k++) {
        local[k] = code->right[k];
        local[3 + k] = code->down[k];
        local[6 + k] = -code->out[k];
    }
    times(turned, local, a);
    times(tilted, a, b);
    times(camera, b, a);
    for (int k = 0; k < 9; k++)
        out[k] = (float)a[k];
}

/* Pixels per module: over the whole code, and where they are narrowest. */
static void measure(struct shoot *s, const struct sim_pose *pose)
{
    double px[CODE_MESH_COLUMNS][2], modules = (double)s->place.modules / (CODE_MESH_COLUMNS - 1);

    for (int end = 0; end < 2; end++)
        project(s, pose, s->code.end[end], s->shot.end_px[end]);
    s->shot.module_px = hypot(s->shot.end_px[1][0] - s->shot.end_px[0][0], s->shot.end_px[1][1] - s->shot.end_px[0][1]) / s->place.modules;
    s->shot.narrow_px = s->shot.module_px;
    for (int i = 0; i < CODE_MESH_COLUMNS; i++)
        project(s, pose, s->code.point[CODE_MESH_ROWS / 2 * CODE_MESH_COLUMNS + i], px[i]);
    for (int i = 1; i < CODE_MESH_COLUMNS; i++)
        s->shot.narrow_px = fmin(s->shot.narrow_px, hypot(px[i][0] - px[i - 1][0], px[i][1] - px[i - 1][1]) / modules);
}

/* The pose that shows the code at the drawn size. False: the thing does not fit before the camera. */
static bool place_thing(struct shoot *s, struct rng *r, struct sim_pose *pose)
{
    const struct sim_suite *suite = s->store->suite;
    const double *T = s->camera.T_basket_cam, camera[9] = { T[0], T[1], T[2], T[4], T[5], T[6], T[8], T[9], T[10] };
    double module = rng_range(r, suite->shown.module_px.lo, suite->shown.module_px.hi);
    double tilt = PI / 180 * rng_range(r, suite->shown.tilt_deg.lo, suite->shown.tilt_deg.hi), about = rng_range(r, 0, 2 * PI);
    double turn = PI / 180 * rng_range(r, suite->shown.turn_deg.lo, suite->shown.turn_deg.hi) * (rng_unit(r) < .5 ? -1 : 1);
    double wide = module * s->place.modules, tall = wide * s->code.tall_m / s->code.wide_m, ratio[2] = { rng_range(r, -1, 1), rng_range(r, -1, 1) };
    double room[2] = { .5 * (s->camera.width_px - wide * fabs(cos(turn)) - tall * fabs(sin(turn))) - 4 * EDGE_PX,
                       .5 * (s->camera.height_px - tall * fabs(cos(turn)) - wide * fabs(sin(turn))) - 4 * EDGE_PX };
    double far = s->camera.fx_px * s->code.wide_m / wide, normal = 0, length = 0;
    const struct sim_mesh *mesh = s->look.bagged ? &s->film : &s->mesh;

    face(&s->code, camera, tilt, about, turn, pose->r);
    for (int round = 0; round < 12; round++) {
        double at[3] = { fmax(0, room[0]) * ratio[0] * far / s->camera.fx_px, fmax(0, room[1]) * ratio[1] * far / s->camera.fy_px, far };

        for (int k = 0; k < 3; k++) {
            double world = T[4 * k + 3], own = 0;

            for (int i = 0; i < 3; i++) {
                world += T[4 * k + i] * at[i];
                own += (double)pose->r[3 * k + i] * (double)s->code.middle[i];
            }
            pose->t[k] = (float)(world - own);
        }
        measure(s, pose);
        far *= fmin(1.5, fmax(.6, s->shot.narrow_px / module));
    }
    for (int k = 0; k < 3; k++) {          /* towards the camera */
        double world[2] = { T[4 * k + 3] - (double)pose->t[k], 0 };

        for (int i = 0; i < 3; i++) {
            world[0] -= (double)pose->r[3 * k + i] * (double)s->code.middle[i];
            world[1] += (double)pose->r[3 * k + i] * s->code.out[i];
        }
        normal += world[0] * world[1];
        length += world[0] * world[0];
    }
    s->shot.tilt_deg = 180 / PI * acos(fmin(1, normal / sqrt(length)));
    for (uint32_t i = 0; i < mesh->vertices; i++) {
        double at[3];

        seen_from(s, pose, mesh->vertex[i].p, at);
        if (at[2] < NEAREST_M)
            return false;
    }
    return fabs(s->shot.narrow_px / module - 1) < .01;
}

static void fill_scene(struct shoot *s, const struct sim_pose *pose, uint8_t id, const double velocity[3], bool with_hand, int which)
{
    struct sim_solid thing = { .id = id, .mesh = &s->mesh, .texture = &s->print, .pose = *pose, .gloss = s->look.gloss, .clear = s->look.clear,
                               .mass_g = s->look.mass_g };

    s->scene = (struct sim_scene){ .cart = &s->store->cart, .floor = &s->floor, .wall = &s->wall, .resting_version = 1 };
    sim_lights_dress(s->store, &s->scene);
    s->scene.solid[s->scene.n++] = thing;
    if (s->look.bagged) {
        s->scene.solid[0].inside = true;
        thing.mesh = &s->film;
        thing.gloss = s->look.film_gloss;
        thing.clear = s->look.film_clear;
        thing.mass_g = 0;
        s->scene.solid[s->scene.n++] = thing;
    }
    if (with_hand) {
        double p[3], reach = 0;

        for (int k = 0; k < 3; k++) {
            reach += fabs((double)pose->r[6 + k]) * (double)s->mesh.half_m[k];
            p[k] = (double)pose->t[k];
        }
        p[2] += .75 * reach + .025;        /* where a script has a hand that holds it: hands.c */
        hands_place(s->hands, which, p, &s->scene);
    }
    for (uint32_t i = 0; i < s->scene.n; i++)
        for (int k = 0; k < 3; k++)
            s->scene.solid[i].velocity_ms[k] = (float)velocity[k];
}

/* The whole code is in the picture and nothing lies before it; with a hand, that is in sight too. */
static bool shows(const struct shoot *s, const struct sim_pose *pose, uint8_t id, const struct sim_view *view, bool with_hand)
{
    size_t hand = 0, pixels = (size_t)view->w * (size_t)view->h;

    for (int i = 0; i < CODE_MESH_POINTS; i++) {
        double px[2], at[3], towards = 0;
        int x, y;

        seen_from(s, pose, s->code.point[i], at);
        project(s, pose, s->code.point[i], px);
        x = (int)lrint(fmin(1e6, fmax(-1e6, px[0])));
        y = (int)lrint(fmin(1e6, fmax(-1e6, px[1])));
        if (x < EDGE_PX || y < EDGE_PX || x >= view->w - EDGE_PX || y >= view->h - EDGE_PX || view->id[y * view->w + x] != id)
            return false;
        for (int k = 0; k < 3; k++) {
            double normal = 0;

            for (int j = 0; j < 3; j++) {
                double world = 0;

                for (int m = 0; m < 3; m++)
                    world += (double)pose->r[3 * j + m] * (double)s->code.normal[i][m];
                normal += s->camera.T_basket_cam[4 * j + k] * world;
            }
            towards -= normal * at[k];
        }
        if (towards < .35 * sqrt(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]))
            return false;
    }
    for (size_t i = 0; i < pixels; i++)
        hand += view->id[i] == SIM_HAND_ID;
    return !with_hand || hand > pixels / 100;
}

/* Tries until the code is in sight; the rasteriser says which things are where. */
static enum trundle_status arrange(struct shoot *s, struct rng *r)
{
    const struct sim_suite *suite = s->store->suite;
    bool wanted = rng_unit(r) < suite->shown.hand_share, good = false;

    for (int way = 0; way < WAYS_TRIED && !good; way++) {
        bool with_hand = wanted && way < WAYS_WITH_HAND;
        int which = (int)rng_below(r, 2);
        double speed = rng_range(r, suite->shown.speed_ms.lo, suite->shown.speed_ms.hi), angle = rng_range(r, 0, 2 * PI), velocity[3];
        uint8_t id = (uint8_t)(ID + way);  /* hands.c grips by it */
        struct sim_renderer *quick = NULL;
        struct sim_pose pose = { .t = { 0, 0, 0 } };
        struct sim_view view;

        place_camera(s, r);
        if (!place_thing(s, r, &pose))
            continue;
        for (int k = 0; k < 3; k++)
            velocity[k] = speed * (cos(angle) * s->camera.T_basket_cam[4 * k] + sin(angle) * s->camera.T_basket_cam[4 * k + 1]);
        fill_scene(s, &pose, id, velocity, with_hand, which);
        TRY(sim_raster.make(&s->camera, &quick));
        sim_raster.render(quick, &s->scene, &view);
        good = shows(s, &pose, id, &view, with_hand);
        s->shot.hand = with_hand;
        sim_raster.done(quick);
    }
    return good ? TRUNDLE_OK : TRUNDLE_NOT_FOUND;
}

static enum trundle_status develop(const struct shoot *s, struct rng *r, uint64_t seed, struct bytes *out)
{
    const struct sim_suite *suite = s->store->suite;
    const struct sim_render_ops *ops = sim_engine(suite);
    double red = exp(suite->camera.white_sd * rng_normal(r)), blue = exp(suite->camera.white_sd * rng_normal(r));
    double bright = exp(suite->camera.exposure_sd * rng_normal(r)), gain[3], metered;
    struct sim_renderer *renderer = NULL;
    struct developer *developer = NULL;
    struct sim_view view;
    const unsigned char *jpeg;
    enum trundle_status status;
    size_t n;

    TRY_GOTO(status, ops->make(&s->camera, &renderer), out);
    TRY_GOTO(status, developer_new(s->camera.width_px, s->camera.height_px, suite->camera.noise_dn, seed, &developer), out);
    developer_dark_noise(developer, suite->camera.dark_dn);
    ops->render(renderer, &s->scene, &view);
    sim_lights_at(s->store, s->product->zone_x_m, s->product->zone_y_m, gain);
    gain[0] *= red * s->store->tint[0];
    gain[1] *= s->store->tint[1];
    gain[2] *= blue * s->store->tint[2];
    metered = bright * pow(sim_lights_meter(&view, NULL, gain), suite->camera.auto_exposure);
    for (int k = 0; k < 3; k++)
        gain[k] *= metered;
    TRY_GOTO(status, developer_jpeg(developer, &view, gain, NULL, (int)suite->camera.jpeg_quality, &jpeg, &n), out);
    out->n = 0;
    status = bytes_append(out, jpeg, n);
out:
    ops->done(renderer);
    developer_free(developer);
    return status;
}

static enum trundle_status shoot(const struct sim_store *store, int64_t k, struct sim_code_shot *out_shot, struct bytes *out_jpeg)
{
    static const double grey[3] = { 150, 150, 150 }, none[3] = { 0, 0, 0 };
    const char *root = store->suite->root;
    uint64_t seed = hash64(&k, sizeof k, hash64(root, strlen(root), 3));
    struct rng r = rng_seed(seed, "codes/shot");
    struct shoot s = { .store = store };
    enum trundle_status status = TRUNDLE_NOT_FOUND;

    TRY_GOTO(status, sim_print_plain(grey, .06, 64, 1, &s.floor), out);
    TRY_GOTO(status, sim_print_plain(grey, .05, 64, 2, &s.wall), out);
    TRY_GOTO(status, hands_new(store->suite, &store->cart.basket, seed, none, none, &s.hands), out);
    status = TRUNDLE_NOT_FOUND;
    for (int i = 0; i < PRODUCTS_TRIED && status == TRUNDLE_NOT_FOUND; i++) {
        status = take_thing(&s, &r, hash64(&i, sizeof i, seed));
        if (status == TRUNDLE_OK)
            status = arrange(&s, &r);
    }
    if (status == TRUNDLE_OK)
        status = develop(&s, &r, seed, out_jpeg);
    if (status == TRUNDLE_OK) {
        s.shot.modules = s.place.modules;
        s.shot.bent_deg = s.code.bent_deg;
        (void)snprintf(s.shot.symbology, sizeof s.shot.symbology, "%s", s.product->produce ? "databar_expanded" : s.product->upca ? "upca" : "ean13");
        (void)sim_look_code_text(s.product, &s.look, s.shot.text);
        (void)trundle_product_text(s.product->key, s.shot.product);
        *out_shot = s.shot;
    }
out:
    done(&s);
    return status;
}

static enum trundle_status refuse(enum trundle_status status, struct trundle_error *err)
{
    if (status == TRUNDLE_UNSUPPORTED)
        return error_set(err, status, "codes", "a suite with look.detail rich, as v1", "plain products show no codes");
    return error_set(err, status, "codes", NULL, "cannot make the picture: %s", trundle_status_text(status));
}

enum trundle_status sim_code_shoot(const struct sim_suite *suite, int64_t k, struct sim_code_shot *out_shot, struct bytes *out_jpeg,
                                   struct trundle_error *err)
{
    struct sim_store *store = NULL;
    enum trundle_status status;

    TRY(sim_store_new(suite, sim_store_of(k), &store, err));
    status = shoot(store, k, out_shot, out_jpeg);
    sim_store_free(store);
    return status == TRUNDLE_OK ? status : refuse(status, err);
}

enum trundle_status sim_codes_make(const struct sim_suite *suite, int64_t seed, size_t count, const char *dir,
                                   void (*progress)(void *user, size_t done, size_t total), void *user, struct trundle_error *err)
{
    struct bytes csv = { 0 }, jpeg = { 0 };
    struct sim_store *store = NULL;
    enum trundle_status status;
    char path[4096];

    if (count < 1 || count > SIM_CODES_MAX || seed > INT64_MAX / 2 || seed < INT64_MIN / 2 || strlen(dir) > 4000)
        return error_set(err, TRUNDLE_BAD_ARG, "codes", NULL, "pictures are 1 to %d", SIM_CODES_MAX);
    TRY_GOTO(status, folder_make(dir, err), out);
    TRY_GOTO(status, bytes_print(&csv, "file,symbology,text,product,module_px,tilt_deg,bent_deg\n"), out);
    for (size_t i = 0; i < count; i++) {
        int64_t k = seed + (int64_t)i;
        struct sim_code_shot shot;

        if (!store || store->id != sim_store_of(k)) {
            sim_store_free(store);
            store = NULL;
            TRY_GOTO(status, sim_store_new(suite, sim_store_of(k), &store, err), out);
        }
        status = shoot(store, k, &shot, &jpeg);
        if (status != TRUNDLE_OK) {
            status = refuse(status, err);
            goto out;
        }
        (void)snprintf(path, sizeof path, "%s/%lld.jpg", dir, (long long)k);
        TRY_GOTO(status, file_write(path, jpeg.data, jpeg.n, err), out);
        TRY_GOTO(status, bytes_print(&csv, "%lld.jpg,%s,%s,%s,%.3f,%.1f,%.1f\n", (long long)k, shot.symbology, shot.text, shot.product, shot.module_px, shot.tilt_deg,
                                     shot.bent_deg),
                 out);
        if (progress)
            progress(user, i + 1, count);
    }
    (void)snprintf(path, sizeof path, "%s/codes.csv", dir);
    status = file_write(path, csv.data, csv.n, err);
out:
    bytes_done(&csv);
    bytes_done(&jpeg);
    sim_store_free(store);
    return status;
}
