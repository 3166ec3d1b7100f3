/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Enrolment pictures: a product alone before a plain ground, seen from the sides that a cart may see. */
#include "lab/sim/make.h"

#include "lab/sim/develop.h"
#include "lab/sim/look.h"

#include <math.h>
#include <stdlib.h>

struct studio {
    const struct sim_store *store;
    struct cart_camera camera;
    struct cart_file cart;
    struct sim_renderer *renderer;
    struct developer *developer;
    struct sim_mesh mesh;
    struct sim_texture print;
    bool old_print;
    size_t product;                        /* whose mesh and print are loaded; SIZE_MAX none */
    uint32_t version;
};

static const double PI = 3.14159265358979323846;

enum trundle_status studio_new(const struct sim_store *store, int side, struct studio **out)
{
    struct studio *s = calloc(1, sizeof *s);
    enum trundle_status status;

    if (!s)
        return TRUNDLE_NO_MEMORY;
    s->store = store;
    s->product = SIZE_MAX;
    s->cart.basket.size_m[0] = s->cart.basket.size_m[1] = s->cart.basket.size_m[2] = .001;   /* all light: nothing is deep */
    s->camera = (struct cart_camera){ .width_px = side, .height_px = side, .fx_px = 2.2 * side, .fy_px = 2.2 * side, .cx_px = .5 * (side - 1),
                                      .cy_px = .5 * (side - 1) };
    /* at the origin, looking along +y with z up */
    s->camera.T_basket_cam[0] = 1;
    s->camera.T_basket_cam[6] = 1;
    s->camera.T_basket_cam[9] = -1;
    status = sim_raster.make(&s->camera, &s->renderer);
    if (status == TRUNDLE_OK)
        status = developer_new(side, side, store->suite->camera.noise_dn * .5, (uint64_t)store->id, &s->developer);
    if (status != TRUNDLE_OK) {
        studio_free(s);
        return status;
    }
    *out = s;
    return TRUNDLE_OK;
}

enum trundle_status studio_take(struct studio *s, size_t product, int k, const unsigned char **out_jpeg, size_t *out_n, const uint8_t **out_rgb)
{
    /* yaw and tilt of the camera around the product: front, half left, back, half right, from above, lying */
    static const double view[8][2] = { { .15, .35 }, { -.7, .6 }, { .8, .9 }, { PI - .2, .5 }, { .3, 1.25 }, { PI / 2, .6 }, { -.2, .9 }, { PI + .6, .9 } };
    const struct sim_product *p = &s->store->product[product];
    const struct sim_look look = sim_look_enrol(s->store, product, k);
    struct sim_scene scene = { .cart = &s->cart, .n = 1, .resting_version = ++s->version,
                               .light = { .ambient = .6f, .diffuse = .45f, .direction = { .2f, -.55f, .81f }, .tint = { 1, 1, 1 } } };
    static const double gain[3] = { 1, 1, 1 };
    struct sim_view picture;
    double size = 0;

    if (s->product != product || s->old_print != look.old_print) {
        sim_mesh_done(&s->mesh);
        sim_texture_done(&s->print);
        s->product = SIZE_MAX;
        TRY(sim_look_model(p, &look, &s->mesh));
        TRY(sim_look_print(p, &look, &s->print));
        s->product = product;
        s->old_print = look.old_print;
    }
    for (int i = 0; i < 3; i++)
        size += (double)(s->mesh.half_m[i] * s->mesh.half_m[i]);
    scene.solid[0] = (struct sim_solid){ .id = 1, .mesh = &s->mesh, .texture = &s->print, .gloss = look.gloss, .clear = look.clear };
    /* the front of a model is +y and the camera looks along +y: turn it round, then tip it towards the camera */
    scene.solid[0].pose = sim_pose_make(0, 5.2 * sqrt(size), 0, 0, view[k & 7][1], 0);
    {
        struct sim_pose turn = sim_pose_make(0, 0, 0, (p->produce ? 0 : PI) + view[k & 7][0], 0, 0), tip = scene.solid[0].pose;

        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++)
                scene.solid[0].pose.r[3 * i + j] = tip.r[3 * i] * turn.r[j] + tip.r[3 * i + 1] * turn.r[3 + j] + tip.r[3 * i + 2] * turn.r[6 + j];
    }
    sim_raster.render(s->renderer, &scene, &picture);
    TRY(developer_jpeg(s->developer, &picture, gain, NULL, 90, out_jpeg, out_n));
    if (out_rgb)
        *out_rgb = developer_rgb(s->developer);
    return TRUNDLE_OK;
}

void studio_free(struct studio *s)
{
    if (!s)
        return;
    sim_raster.done(s->renderer);
    developer_free(s->developer);
    sim_mesh_done(&s->mesh);
    sim_texture_done(&s->print);
    free(s);
}
