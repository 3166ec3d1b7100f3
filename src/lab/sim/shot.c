/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Contact sheets: what the simulated cameras and the studio see, to be looked at. */
#include "lab/sim/develop.h"
#include "lab/sim/lights.h"
#include "lab/sim/make.h"
#include "lab/sim/world.h"

#include "cart/calib/mask.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 4, ROWS = 5, ENROL_COLUMNS = 10, ENROL_ROWS = 8 };

struct sheet { int columns, rows, w, h; uint8_t *rgb; };

static bool sheet_make(struct sheet *s, int columns, int rows, int w, int h)
{
    *s = (struct sheet){ columns, rows, w, h, NULL };
    s->rgb = calloc((size_t)(columns * w) * (size_t)(rows * h), 3);
    return s->rgb != NULL;
}

static void sheet_place(struct sheet *s, int i, const uint8_t *rgb)
{
    size_t stride = (size_t)(s->columns * s->w) * 3;

    for (int y = 0; y < s->h; y++)
        memcpy(s->rgb + (size_t)(i / s->columns * s->h + y) * stride + (size_t)(i % s->columns * s->w) * 3, rgb + (size_t)y * (size_t)s->w * 3,
               (size_t)s->w * 3);
}

static enum trundle_status sheet_write(const struct sheet *s, const char *path, struct trundle_error *err)
{
    png_image image = { .version = PNG_IMAGE_VERSION, .width = (png_uint_32)(s->columns * s->w), .height = (png_uint_32)(s->rows * s->h),
                        .format = PNG_FORMAT_RGB };
    png_alloc_size_t n = PNG_IMAGE_PNG_SIZE_MAX(image);
    struct bytes b = { 0 };
    enum trundle_status status;

    if (bytes_reserve(&b, n) != TRUNDLE_OK || !png_image_write_to_memory(&image, b.data, &n, 0, s->rgb, 0, NULL))
        status = error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "PNG encoder failed: %s", image.message);
    else
        status = file_write(path, b.data, n, err);
    bytes_done(&b);
    return status;
}

static enum trundle_status shoot_enrol(const struct sim_store *store, struct sheet *sheet, struct trundle_error *err)
{
    int side = (int)store->suite->store.enrol_px;
    struct studio *studio = NULL;
    enum trundle_status status = studio_new(store, side, &studio);

    if (status == TRUNDLE_OK && !sheet_make(sheet, ENROL_COLUMNS, ENROL_ROWS, side, side))
        status = TRUNDLE_NO_MEMORY;
    for (int i = 0; i < ENROL_COLUMNS * ENROL_ROWS && status == TRUNDLE_OK; i++) {
        const unsigned char *jpeg;
        const uint8_t *rgb;
        size_t n, fresh = store->suite->produce_n, packaged = store->products_n - fresh, most = fresh ? 60 : ENROL_COLUMNS * ENROL_ROWS;
        size_t product = (size_t)i < most ? (size_t)i * packaged / most : store->products_n - 1 - ((size_t)i - most) % fresh;

        status = studio_take(studio, product, i % (int)store->suite->store.enrol_pictures, &jpeg, &n, &rgb);
        if (status == TRUNDLE_OK)
            sheet_place(sheet, i, rgb);
    }
    studio_free(studio);
    return status == TRUNDLE_OK ? status : error_set(err, status, "shot", NULL, "cannot make the pictures");
}

/* Moments of interest: the crossings, then the middles of reaching in; both cameras side by side. */
static double moment(const struct plan *plan, int i, int n)
{
    const struct plan_event *e;

    if (!plan->events_n)
        return plan->end_s * (i + .5) / n;
    e = &plan->event[(size_t)i * plan->events_n / (size_t)n];
    switch (i % 3) {
    case 0:  return e->t_cross == e->t_cross ? e->t_cross - .1 : e->t_start + .8;
    case 1:  return e->t_cross == e->t_cross ? e->t_cross + .12 : e->t_start + 1;
    default: return e->t_end;
    }
}

static const struct sim_render_ops *engine_of(const struct sim_suite *suite, const char *name)
{
    if (!name || !*name)
        return sim_engine(suite);
    return !strcmp(name, sim_raster.name) ? &sim_raster : !strcmp(name, sim_trace.name) ? &sim_trace : NULL;
}

static struct cart_camera zoomed(const struct cart_camera *camera, int zoom)
{
    struct cart_camera out = *camera;

    out.width_px *= zoom;
    out.height_px *= zoom;
    out.fx_px *= zoom;
    out.fy_px *= zoom;
    out.cx_px = (camera->cx_px + .5) * zoom - .5;
    out.cy_px = (camera->cy_px + .5) * zoom - .5;
    return out;
}

static enum trundle_status shoot_trip(const struct sim_store *store, int64_t seed, const struct sim_shot_options *options, struct sheet *sheet,
                                      struct trundle_error *err)
{
    int zoom = options->zoom ? options->zoom : 1, columns = zoom > 1 ? COLUMNS / 2 : COLUMNS;
    struct plan *plan = NULL;
    struct world *world = NULL;
    struct sim_renderer *renderer = NULL;
    struct developer *developer = NULL;
    uint8_t *mask = NULL;
    const struct sim_render_ops *ops = engine_of(store->suite, options->engine);
    enum trundle_status status;
    int tiles = columns * ROWS / store->cart.cameras_n;

    if (!ops || zoom < 1 || zoom > 4)
        return error_set(err, TRUNDLE_BAD_ARG, "shot", "raster or trace; 1 to 4", "engine '%.20s', zoom %d", options->engine ? options->engine : "", zoom);
    TRY_GOTO(status, plan_new(store, seed, &plan, err), out);
    TRY_GOTO(status, world_new(plan, &world, err), out);
    for (int c = 0; c < store->cart.cameras_n && status == TRUNDLE_OK; c++) {
        const struct cart_camera stated = zoomed(&store->cart.camera[c], zoom), real = zoomed(&store->true_camera[c], zoom), *camera = &stated;

        ops->done(renderer);
        developer_free(developer);
        free(mask);
        renderer = NULL;
        developer = NULL;
        mask = malloc(mask_bytes(camera));
        if (!mask || ops->make(&real, &renderer) != TRUNDLE_OK ||
            developer_new(camera->width_px, camera->height_px, store->suite->camera.noise_dn, (uint64_t)seed, &developer) != TRUNDLE_OK ||
            (c == 0 && !sheet_make(sheet, columns, ROWS, camera->width_px, camera->height_px))) {
            status = error_set(err, TRUNDLE_NO_MEMORY, "shot", NULL, "no memory");
            goto out;
        }
        TRY_GOTO(status, mask_make(camera, &store->cart.basket, mask, mask_bytes(camera), err), out);
        developer_dark_noise(developer, store->suite->camera.dark_dn);
        for (int i = 0; i < tiles; i++) {
            double gain[3], auto_gain, t = moment(plan, i, tiles);
            struct plan_motion motion = plan_motion_at(plan, t);
            struct sim_scene scene, before;
            struct sim_view view;
            const unsigned char *jpeg;
            size_t n;

            world_scene(world, t, &scene);
            sim_lights_dress(store, &scene);
            world_scene(world, t - .005, &before);
            sim_lights_velocity(&before, .005, &scene);
            ops->render(renderer, &scene, &view);
            sim_lights_at(store, motion.x, motion.y, gain);
            for (int k = 0; k < 3; k++)
                gain[k] *= store->tint[k];
            auto_gain = pow(sim_lights_meter(&view, mask, gain), store->suite->camera.auto_exposure);
            for (int k = 0; k < 3; k++)
                gain[k] *= auto_gain;
            TRY_GOTO(status, developer_jpeg(developer, &view, gain, options->bare ? NULL : mask, 82, &jpeg, &n), out);
            sheet_place(sheet, i * store->cart.cameras_n + c, developer_rgb(developer));
        }
    }
out:
    ops->done(renderer);
    developer_free(developer);
    free(mask);
    world_free(world);
    plan_free(plan);
    return status;
}

enum trundle_status sim_shot_make(const struct sim_suite *suite, int64_t seed, const char *what, const struct sim_shot_options *options, const char *path,
                                  struct trundle_error *err)
{
    static const struct sim_shot_options plain = { .engine = NULL };
    struct sim_store *store = NULL;
    struct sheet sheet = { 0 };
    enum trundle_status status = sim_store_new(suite, sim_store_of(seed), &store, err);

    if (status == TRUNDLE_OK && !strcmp(what, "enrol"))
        status = shoot_enrol(store, &sheet, err);
    else if (status == TRUNDLE_OK && !strcmp(what, "trip"))
        status = shoot_trip(store, seed, options ? options : &plain, &sheet, err);
    else if (status == TRUNDLE_OK)
        status = error_set(err, TRUNDLE_BAD_ARG, "shot", "trip or enrol", "'%.40s' is nothing to shoot", what);
    if (status == TRUNDLE_OK)
        status = sheet_write(&sheet, path, err);
    free(sheet.rgb);
    sim_store_free(store);
    return status;
}
