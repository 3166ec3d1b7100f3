/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Looks of the v1 world: shapes, dents, prints and their codes, old and new design, photos of a user's. */
#include "lab/sim/look.h"
#include "lab/sim/render.h"

#include "base/std/bytes.h"
#include "tests/support/support.h"

#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zbar.h>

static struct sim_suite *v1(void)
{
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;

    support_ok(sim_suite_load(support_source("suites/v1.json"), &suite, &err), &err);
    return suite;
}

static struct sim_store *store_of(const struct sim_suite *suite, int64_t id)
{
    struct trundle_error err = { 0 };
    struct sim_store *store = NULL;

    support_ok(sim_store_new(suite, id, &store, &err), &err);
    return store;
}

/* ---- shapes ---- */

/* Fails unless the mesh is closed, the right way out, about as large as `half`, with unit normals. */
static void check_shape(const struct sim_product *p, const struct sim_mesh *m, const double half[3], double slack, double slack_m)
{
    double sum[3] = { 0 }, area = 0, volume = 0;

    for (uint32_t t = 0; t < m->triangles; t++) {
        const float *a, *b, *c;
        double u[3], v[3], n[3];

        for (int k = 0; k < 3; k++)
            assert_true(m->index[3 * t + (uint32_t)k] < m->vertices);
        a = m->vertex[m->index[3 * t]].p;
        b = m->vertex[m->index[3 * t + 1]].p;
        c = m->vertex[m->index[3 * t + 2]].p;
        for (int k = 0; k < 3; k++) {
            u[k] = (double)(b[k] - a[k]);
            v[k] = (double)(c[k] - a[k]);
        }
        n[0] = u[1] * v[2] - u[2] * v[1];
        n[1] = u[2] * v[0] - u[0] * v[2];
        n[2] = u[0] * v[1] - u[1] * v[0];
        area += .5 * sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        for (int k = 0; k < 3; k++) {
            sum[k] += .5 * n[k];
            volume += n[k] * (double)a[k] / 6;
        }
    }
    for (int k = 0; k < 3; k++) {               /* of a closed surface the oriented areas add up to nothing */
        if (!(fabs(sum[k]) < 2e-3 * area))
            fail_msg("%s is open: %g of %g", p->name, sum[k], area);
        if (!((double)m->half_m[k] < slack * half[k] + slack_m && (double)m->half_m[k] > .6 * half[k]))
            fail_msg("%s: half %d is %g, should be %g", p->name, k, (double)m->half_m[k], half[k]);
    }
    if (!(volume > .1 * 8 * half[0] * half[1] * half[2]))
        fail_msg("%s: inside out or flat: %g of %g", p->name, volume, 8 * half[0] * half[1] * half[2]);
    for (uint32_t v = 0; v < m->vertices; v++) {
        const struct sim_vertex *x = &m->vertex[v];

        assert_near(x->n[0] * x->n[0] + x->n[1] * x->n[1] + x->n[2] * x->n[2], 1, .01);
        assert_true(x->u >= 0 && x->u <= 1 && x->v >= 0 && x->v <= 1);
    }
}

static void each_shape_is_closed_and_of_its_size(void **state)
{
    struct sim_suite *suite = v1();
    struct sim_store *store = store_of(suite, 2);
    double triangles = 0;
    size_t bags = 0;

    (void)state;
    for (size_t i = 0; i < store->products_n; i++) {
        const struct sim_product *p = &store->product[i];
        int pieces = p->produce ? (int)p->produce->pieces.hi : 1;
        struct sim_look look = sim_look_item(store, i, support_seed() + i, pieces, 1, p->mass_g * pieces);
        double half[3];
        struct sim_mesh m = { 0 };

        assert_int_equal(sim_look_model(p, &look, &m), TRUNDLE_OK);
        sim_model_half(p, pieces, 1, half);
        triangles += m.triangles;
        if (m.vertices > 4096 || m.triangles < 400)
            fail_msg("%s: %u vertices, %u triangles", p->name, m.vertices, m.triangles);
        check_shape(p, &m, half, p->produce ? 1.4 : 1.25, p->produce ? .02 : .002);
        sim_mesh_done(&m);
        if (!look.bagged) {
            assert_int_equal(sim_look_film(p, &look, &m), TRUNDLE_BAD_ARG);
            continue;
        }
        assert_int_equal(sim_look_film(p, &look, &m), TRUNDLE_OK);
        check_shape(p, &m, half, 1.6, .06);
        sim_mesh_done(&m);
        bags++;
    }
    print_message("# %.0f triangles a thing, %zu bags\n", triangles / (double)store->products_n, bags);
    assert_true(triangles / (double)store->products_n > 1000 && bags > 5);
    sim_store_free(store);
    sim_suite_free(suite);
}

static struct sim_texture print_of(const struct sim_product *p, const struct sim_look *look)
{
    struct sim_texture t = { 0 };

    assert_int_equal(sim_look_print(p, look, &t), TRUNDLE_OK);
    return t;
}

/* The outline of a bag is counted, that of what is in it is not. */
static void a_bag_and_its_content_are_one_outline(void **state)
{
    struct sim_suite *suite = v1();
    struct sim_store *store = store_of(suite, 2);
    struct cart_camera camera = { .width_px = 160, .height_px = 120, .fx_px = 200, .fy_px = 200, .cx_px = 80, .cy_px = 60 };
    const struct sim_render_ops *const engines[2] = { &sim_raster, &sim_trace };
    struct sim_renderer *r = NULL;
    struct sim_look look;
    struct sim_texture t;
    struct sim_mesh pieces = { 0 }, film = { 0 };
    struct sim_seen bare, bagged;
    struct sim_scene scene;
    struct sim_view view;
    size_t i = store->products_n - suite->produce_n;

    (void)state;
    camera.T_basket_cam[0] = camera.T_basket_cam[6] = 1;         /* looks along +y, z up */
    camera.T_basket_cam[9] = -1;
    do
        look = sim_look_item(store, i, i, 4, 1, 600);
    while (!look.bagged && ++i < store->products_n);
    assert_true(look.bagged && look.film_clear > .5f && look.clear == 0);
    t = print_of(&store->product[i], &look);
    assert_int_equal(sim_look_model(&store->product[i], &look, &pieces), TRUNDLE_OK);
    assert_int_equal(sim_look_film(&store->product[i], &look, &film), TRUNDLE_OK);
    for (int e = 0; e < 2; e++) {
        assert_int_equal(engines[e]->make(&camera, &r), TRUNDLE_OK);
        for (uint32_t n = 1; n <= 2; n++) {
            scene = (struct sim_scene){ .cart = &store->cart, .n = n, .light = { .ambient = .6f, .diffuse = .4f, .direction = { 0, 0, 1 }, .tint = { 1, 1, 1 } } };
            scene.solid[0] = (struct sim_solid){ .id = 5, .mesh = &pieces, .texture = &t, .pose = sim_pose_make(0, .6, 0, 0, 0, 0) };
            scene.solid[1] = scene.solid[0];
            scene.solid[1].mesh = &film;
            scene.solid[1].clear = look.film_clear;
            scene.solid[0].inside = n == 2;
            engines[e]->render(r, &scene, &view);
            assert_true(engines[e]->seen(r, 5, NULL, n == 1 ? &bare : &bagged));
        }
        print_message("# %s: %u of %.0f px bare, %u of %.0f px in its bag\n", engines[e]->name, bare.visible_px, (double)bare.whole_px, bagged.visible_px,
                      (double)bagged.whole_px);
        assert_true(bagged.visible_px > bare.visible_px && (double)bagged.visible_px > .8 * (double)bagged.whole_px);
        assert_true(bagged.whole_px < 1.2f * (float)bagged.visible_px && (double)bagged.visible_px < 1.02 * (double)bagged.whole_px);
        engines[e]->done(r);
    }
    sim_mesh_done(&pieces);
    sim_mesh_done(&film);
    sim_texture_done(&t);
    sim_store_free(store);
    sim_suite_free(suite);
}

static double mesh_distance(const struct sim_product *p, const struct sim_look *a, const struct sim_look *b)
{
    struct sim_mesh x = { 0 }, y = { 0 };
    double most = 0;

    assert_int_equal(sim_look_model(p, a, &x), TRUNDLE_OK);
    assert_int_equal(sim_look_model(p, b, &y), TRUNDLE_OK);
    assert_int_equal(x.vertices, y.vertices);
    for (uint32_t i = 0; i < x.vertices; i++)
        for (int k = 0; k < 3; k++)
            most = fmax(most, (double)fabsf(x.vertex[i].p[k] - y.vertex[i].p[k]));
    sim_mesh_done(&x);
    sim_mesh_done(&y);
    return most;
}

static void items_of_one_product_are_dented_each_its_own_way(void **state)
{
    struct sim_suite *suite = v1();
    struct sim_store *store = store_of(suite, 2);
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < 60; i++) {
        const struct sim_product *p = &store->product[i];
        struct sim_look a = sim_look_item(store, i, 11, 1, 1, p->mass_g), b = sim_look_item(store, i, 12, 1, 1, p->mass_g), rigid = a;

        assert_true(mesh_distance(p, &a, &a) == 0);
        rigid.deform = 0;
        if (p->pack == SUITE_GLASS || p->pack == SUITE_JAR) {
            assert_true(mesh_distance(p, &a, &rigid) == 0);
            continue;
        }
        seen += mesh_distance(p, &a, &b) > .0005;
    }
    assert_true(seen > 25);
    sim_store_free(store);
    sim_suite_free(suite);
}

/* ---- prints ---- */

/* Share of texels that differ clearly. */
static double difference(const struct sim_product *p, const struct sim_look *look, const struct sim_product *q, const struct sim_look *other)
{
    struct sim_texture a = print_of(p, look), b = print_of(q, other);
    size_t n = (size_t)a.w * (size_t)a.h, apart = 0;

    for (size_t i = 0; i < n; i++) {
        bool differs = false;

        for (int k = 0; k < 24; k += 8)
            differs = differs || abs((int)(a.level[0][i] >> k & 255) - (int)(b.level[0][i] >> k & 255)) > 24;
        apart += differs;
    }
    sim_texture_done(&a);
    sim_texture_done(&b);
    return (double)apart / (double)n;
}

static void siblings_look_alike_and_never_the_same(void **state)
{
    struct sim_suite *suite = v1();
    struct sim_store *store = store_of(suite, 4);
    double sum[3] = { 0 }, stranger = 0;
    size_t n[3] = { 0 }, strangers = 0;

    (void)state;
    for (size_t i = 1; i < 160; i++) {
        const struct sim_product *p = &store->product[i - 1], *q = &store->product[i];
        struct sim_look a = sim_look_enrol(store, i - 1, 0), b = sim_look_enrol(store, i, 0);
        double apart = difference(p, &a, q, &b);
        int sort = p->text_only ? 0 : !strcmp(p->flavour, q->flavour) ? 1 : 2;

        if (!sim_product_sibling(store, i - 1, i)) {
            stranger += p->pack == q->pack ? apart : 0;
            strangers += p->pack == q->pack;
            continue;
        }
        assert_true(apart > .001);
        sum[sort] += apart;
        n[sort]++;
    }
    for (int k = 0; k < 3; k++)
        sum[k] /= (double)n[k];
    stranger /= (double)strangers;
    print_message("# texels that differ: text only %.3f, size only %.3f, colour %.3f, strangers in the same pack %.3f\n", sum[0], sum[1], sum[2], stranger);
    assert_true(sum[0] < .12 && sum[1] < .12 && sum[2] < .3);
    assert_true(sum[0] < sum[2] && sum[2] < .7 * stranger);
    sim_store_free(store);
    sim_suite_free(suite);
}

static void old_and_new_print_are_on_sale_together(void **state)
{
    struct sim_suite *suite = v1();
    struct sim_store *store = store_of(suite, 4);
    size_t old = 0, items = 0, enrolled_old = 0, products = 0;

    (void)state;
    for (size_t i = 0; i < 400; i++) {
        for (uint64_t k = 0; k < 40; k++) {
            struct sim_look look = sim_look_item(store, i, 1000 * i + k, 1, 1, 100);

            assert_true(!look.old_print || store->product[i].redesign);
            old += look.old_print;
            items += store->product[i].redesign;
        }
        for (int k = 0; k < 6; k++)
            assert_false(sim_look_enrol(store, i, k).old_print);
        if (store->product[i].redesign && products++ < 8) {
            struct sim_look fresh = sim_look_enrol(store, i, 0), past = fresh;

            past.old_print = true;
            assert_true(difference(&store->product[i], &fresh, &store->product[i], &past) > .05);
        }
    }
    assert_near((double)old / (double)items, suite->look.old_share, .05);
    suite->look.enrol_old_share = .5;
    for (size_t i = 0; i < 400; i++)
        for (int k = 0; k < 6; k++)
            enrolled_old += sim_look_enrol(store, i, k).old_print;
    assert_near((double)enrolled_old / (6 * (double)products), .5, .15);
    sim_store_free(store);
    sim_suite_free(suite);
}

/* What zbar reads on a sheet; counts those that say `digits` (the last digits of it). */
static int reads(const struct sim_texture *t, zbar_symbol_type_t type, const char *digits)
{
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();
    size_t n = (size_t)t->w * (size_t)t->h;
    uint8_t *grey = malloc(n);
    int found = 0;

    assert_non_null(grey);
    for (size_t i = 0; i < n; i++)
        grey[i] = (uint8_t)(t->level[0][i] >> 8 & 255);
    (void)zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
    (void)zbar_image_scanner_set_config(scanner, type, ZBAR_CFG_ENABLE, 1);
    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, (unsigned)t->w, (unsigned)t->h);
    zbar_image_set_data(image, grey, n, NULL);
    (void)zbar_scan_image(scanner, image);
    for (const zbar_symbol_t *s = zbar_image_first_symbol(image); s; s = zbar_symbol_next(s)) {
        const char *data = zbar_symbol_get_data(s);

        found += strstr(data, digits) != NULL;
    }
    zbar_image_destroy(image);
    zbar_image_scanner_destroy(scanner);
    free(grey);
    return found;
}

static void codes_are_read_from_the_print(void **state)
{
    struct sim_suite *suite = v1();
    struct sim_store *store = store_of(suite, 6);
    size_t read = 0, all = 0, bagged = 0;

    (void)state;
    for (size_t i = 0; i < 400; i += 3) {
        struct sim_look look = sim_look_enrol(store, i, 0);
        struct sim_texture t = print_of(&store->product[i], &look);
        char digits[16];

        (void)sim_product_code(&store->product[i], digits);
        read += reads(&t, ZBAR_EAN13, digits) > 0;             /* zbar says UPC-A as EAN-13 */
        all++;
        sim_texture_done(&t);
    }
    print_message("# %zu of %zu codes read off the sheet\n", read, all);
    assert_true((double)read >= .97 * (double)all);
    for (size_t i = 400; i < store->products_n; i++) {
        const struct sim_product *p = &store->product[i];
        struct sim_look look = sim_look_item(store, i, 3 * i, 3, 1, 3 * p->mass_g);
        struct sim_texture t;
        char weight[32];

        if (!look.bagged)
            continue;
        t = print_of(p, &look);
        (void)snprintf(weight, sizeof weight, "3103%06d", (int)lrint(look.mass_g));
        assert_int_equal(reads(&t, ZBAR_DATABAR_EXP, weight), 1);
        bagged++;
        sim_texture_done(&t);
    }
    assert_true(bagged > 8);
    sim_store_free(store);
    sim_suite_free(suite);
}

/* ---- photos ---- */

static void write_photo(const char *path, uint8_t red, uint8_t green, uint8_t blue)
{
    png_image image = { .version = PNG_IMAGE_VERSION, .width = 60, .height = 90, .format = PNG_FORMAT_RGB };
    uint8_t rgb[60 * 90 * 3];

    for (size_t i = 0; i < sizeof rgb; i += 3) {
        rgb[i] = red;
        rgb[i + 1] = green;
        rgb[i + 2] = blue;
    }
    assert_true(png_image_write_to_file(&image, path, 0, rgb, 0, NULL));
}

static uint32_t front_of(const struct sim_store *store, size_t product)
{
    struct sim_look look = sim_look_enrol(store, product, 0);
    struct sim_texture t = print_of(&store->product[product], &look);
    uint32_t rgb = t.level[0][300 * t.w + 200] & 0xffffff;

    sim_texture_done(&t);
    return rgb;
}

static void photos_of_the_users_are_fronts(void **state)
{
    static const char text[] = "{\"extends\": \"v1\", \"name\": \"photos\", \"look\": {\"textures\": \"fronts\"}}";
    const char *scratch = support_scratch();
    char folder[512], path[640], suite_path[600], key[TRUNDLE_PRODUCT_TEXT];
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL, *plain = v1();
    struct sim_store *store = store_of(plain, 5), *with = NULL;
    size_t box = 0;

    (void)state;
    (void)setenv("TRUNDLE_SUITES", support_source("suites"), 1);
    (void)snprintf(folder, sizeof folder, "%s/fronts", scratch);
    (void)snprintf(suite_path, sizeof suite_path, "%s/photos.json", scratch);
    support_ok(file_write(suite_path, text, sizeof text - 1, &err), &err);
    assert_int_equal(sim_suite_load(suite_path, &suite, &err), TRUNDLE_BAD_INPUT);        /* no such folder yet */
    assert_string_equal(err.where, "look.textures");
    assert_null(suite);
    support_ok(folder_make(folder, &err), &err);
    support_ok(sim_suite_load(suite_path, &suite, &err), &err);
    assert_int_equal(sim_store_new(suite, 5, &with, &err), TRUNDLE_BAD_INPUT);            /* nothing in it */
    assert_non_null(strstr(err.where, "fronts"));
    while (store->product[box].pack != SUITE_BOX)
        box++;
    (void)snprintf(path, sizeof path, "%s/any.png", folder);
    write_photo(path, 200, 10, 20);
    (void)trundle_product_text(store->product[box].key, key);
    *strchr(key, ':') = '-';
    (void)snprintf(path, sizeof path, "%s/%s.png", folder, key);
    write_photo(path, 10, 20, 200);
    support_ok(sim_store_new(suite, 5, &with, &err), &err);
    assert_int_equal(front_of(with, box), 0x0a14c8);
    for (size_t i = 0, seen = 0; i < 400 && seen < 5; i++)
        if (i != box && with->product[i].pack == SUITE_BOX) {
            uint32_t front = front_of(with, i);

            assert_true(front == 0xc80a14 || front == 0x0a14c8);
            seen++;
        }
    (void)snprintf(path, sizeof path, "%s/any.png", folder);
    support_ok(file_write(path, "no picture", 10, &err), &err);
    for (size_t i = 0; i < 400; i++)
        if (strstr(with->product[i].photo, "any.png")) {
            struct sim_look look = sim_look_enrol(with, i, 0);
            struct sim_texture t = { 0 };

            if (with->product[i].pack != SUITE_BOX)
                continue;
            assert_int_equal(sim_look_print(&with->product[i], &look, &t), TRUNDLE_CORRUPT);
            break;
        }
    assert_int_equal(sim_suite_textures(plain, "/no/such/folder", &err), TRUNDLE_BAD_INPUT);
    support_ok(sim_suite_textures(plain, folder, &err), &err);
    sim_store_free(with);
    sim_store_free(store);
    sim_suite_free(suite);
    sim_suite_free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shape_is_closed_and_of_its_size),
        cmocka_unit_test(a_bag_and_its_content_are_one_outline),
        cmocka_unit_test(items_of_one_product_are_dented_each_its_own_way),
        cmocka_unit_test(siblings_look_alike_and_never_the_same),
        cmocka_unit_test(old_and_new_print_are_on_sale_together),
        cmocka_unit_test(codes_are_read_from_the_print),
        cmocka_unit_test(photos_of_the_users_are_fronts),
    };

    return support_run(tests);
}
