/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Every source of data, from files that the test writes; broken pictures; splits and orders. */
#include "tests/support/support.h"

#include "base/std/bytes.h"
#include "base/std/rng.h"
#include "lab/sim/sim.h"
#include "lab/train/data.h"
#include "lab/train/pictures.h"

#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

/* One scratch folder for the whole program. */
static const char *home(void)
{
    static char folder[4000];

    if (!folder[0])
        (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    return folder;
}

static struct data_config config_of(enum data_kind kind, const char *path)
{
    struct data_config c = { .kind = kind, .held_out = 0.25, .memory_mb = 64, .broken_most = 0, .margin = 0.1, .visible_least = 0.3, .generated_n = 40, .generated_px = 32,
                             .generated_seed = 5 };

    (void)snprintf(c.path, sizeof c.path, "%s", path);
    return c;
}

static void write_text(const char *name, const char *text)
{
    struct trundle_error err = { 0 };
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s", home(), name);
    support_ok(file_write(path, text, strlen(text), &err), &err);
}

/* One colour. `png`: as a PNG. */
static void write_picture(const char *name, int w, int h, const uint8_t colour[3], bool png)
{
    struct trundle_error err = { 0 };
    uint8_t *rgb = malloc((size_t)w * (size_t)h * 3), *jpeg = NULL;
    unsigned long n = 0;
    char path[4096], *slash;

    assert_non_null(rgb);
    for (int i = 0; i < w * h; i++)
        memcpy(rgb + 3 * i, colour, 3);
    (void)snprintf(path, sizeof path, "%s/%s", home(), name);
    slash = strrchr(path, '/');
    *slash = 0;
    support_ok(folder_make(path, &err), &err);
    *slash = '/';
    if (png) {
        png_image image = { .version = PNG_IMAGE_VERSION, .width = (png_uint_32)w, .height = (png_uint_32)h, .format = PNG_FORMAT_RGB };

        assert_int_not_equal(png_image_write_to_file(&image, path, 0, rgb, 0, NULL), 0);
    } else {
        tjhandle j = tjInitCompress();

        assert_int_equal(tjCompress2(j, rgb, w, 0, h, TJPF_RGB, &jpeg, &n, TJSAMP_444, 95, 0), 0);
        support_ok(file_write(path, jpeg, n, &err), &err);
        tjFree(jpeg);
        tjDestroy(j);
    }
    free(rgb);
}

static struct data_set *open_set(const struct data_config *c, int threads)
{
    struct trundle_error err = { 0 };
    struct data_set *set = NULL;

    support_ok(data_open(c, home(), threads, &set, &err), &err);
    return set;
}

static void refuse(const struct data_config *c, enum trundle_status status, const char *where, const char *says)
{
    struct trundle_error err = { 0 };
    struct data_set *set = NULL;
    enum trundle_status got = data_open(c, home(), 1, &set, &err);
    char told[1024];

    (void)error_text(&err, told, sizeof told);
    if (got != status || set || !strstr(err.where, where) || !strstr(told, says))
        fail_msg("status %d, \"%s\"; wanted %s, %s", got, told, where, says);
}

static const uint8_t red[3] = { 200, 10, 10 }, green[3] = { 10, 200, 10 }, blue[3] = { 10, 10, 200 };

static void folders_are_classes(void **state)
{
    struct data_config c = config_of(DATA_FOLDER, "shop");
    struct trundle_error err = { 0 };
    struct data_picture p;
    struct data_set *set;

    (void)state;
    write_picture("shop/apple/1.jpg", 40, 30, red, false);
    write_picture("shop/apple/2.PNG", 20, 20, red, true);
    write_picture("shop/pear/1.jpeg", 30, 60, green, false);
    write_text("shop/pear/notes.txt", "no picture");
    c.side_px = 15;
    set = open_set(&c, 2);
    assert_int_equal(data_n(set), 3);
    assert_int_equal(data_classes(set), 2);
    assert_string_equal(data_class_name(set, 1), "pear");
    assert_string_equal(data_item(set, 0)->name, "apple/1.jpg");
    assert_int_equal(data_item(set, 2)->label, 1);
    assert_true(data_in_memory(set));
    support_ok(data_picture(set, 2, &p, &err), &err);
    assert_int_equal(p.w, 15);
    assert_int_equal(p.h, 30);
    assert_null(p.owned);
    for (int k = 0; k < 3; k++)
        assert_near(p.rgb[3 * 100 + k], green[k], 4);
    data_picture_done(&p);
    data_free(set);

    c.memory_mb = 0;                          /* decoded when asked for: the same pixels */
    set = open_set(&c, 1);
    assert_false(data_in_memory(set));
    support_ok(data_picture(set, 2, &p, &err), &err);
    assert_non_null(p.owned);
    assert_int_equal(p.h, 30);
    data_picture_done(&p);
    data_free(set);
    data_free(NULL);
    refuse(&(struct data_config){ .kind = DATA_FOLDER, .path = "nowhere" }, TRUNDLE_NOT_FOUND, "nowhere", "--data");
}

static void lists_have_fine_and_coarse_classes(void **state)
{
    struct data_config c = config_of(DATA_LIST, "list/train.txt");
    struct data_set *set;

    (void)state;
    write_picture("list/a.jpg", 10, 10, red, false);
    write_picture("list/b.jpg", 10, 10, green, false);
    write_picture("list/c.png", 10, 10, blue, true);
    write_text("list/train.txt", "a.jpg, 0, 0\nb.jpg, 2, 1\nc.png, 1, 0\n");
    write_text("list/names.csv", "Name,Class,More\nrubin,0,x\nsapphire,1,y\n");
    (void)snprintf(c.names, sizeof c.names, "list/names.csv");
    set = open_set(&c, 1);
    assert_int_equal(data_n(set), 3);
    assert_int_equal(data_classes(set), 3);
    assert_int_equal(data_coarse_classes(set), 2);
    assert_int_equal(data_coarse_of(set)[2], 1);
    assert_int_equal(data_coarse_of(set)[1], 0);
    assert_string_equal(data_class_name(set, 1), "sapphire");
    assert_string_equal(data_class_name(set, 2), "");
    data_free(set);

    write_text("list/bad.txt", "a.jpg, 0\nb.jpg, zwei\n");
    c = config_of(DATA_LIST, "list/bad.txt");
    refuse(&c, TRUNDLE_BAD_INPUT, "bad.txt, line 2", "zwei");
    write_text("list/bad.txt", "a.jpg, 0\nb.jpg\n");
    refuse(&c, TRUNDLE_BAD_INPUT, "bad.txt, line 2", "path, class");
    write_text("list/bad.txt", "a.jpg, 0, 0\nb.jpg, 0, 1\n");
    refuse(&c, TRUNDLE_BAD_INPUT, "b.jpg", "coarse class 1");
    write_text("list/bad.txt", "");
    refuse(&c, TRUNDLE_NOT_FOUND, "bad.txt", "no pictures");
}

static const char coco[] = "{\"images\": [{\"id\": 7, \"file_name\": \"x.jpg\", \"width\": 40, \"height\": 20}, {\"id\": 3, \"file_name\": \"y.jpg\", \"width\": 20, \"height\": 20}],"
                           "\"categories\": [{\"id\": 90, \"name\": \"pear\"}, {\"id\": 4, \"name\": \"apple\"}],"
                           "\"annotations\": [{\"image_id\": 7, \"category_id\": 90, \"bbox\": [10, 5, 20, 10], \"iscrowd\": 0},"
                           "{\"image_id\": 7, \"category_id\": 4, \"bbox\": [0, 0, 10, 10]}, {\"image_id\": 3, \"category_id\": 4, \"bbox\": [0, 0, 5, 5], \"iscrowd\": 1}]}";

static void coco_files_have_boxes(void **state)
{
    struct data_config c = config_of(DATA_COCO, "coco/a.json");
    struct trundle_error err = { 0 };
    struct data_picture p;
    struct data_set *set;

    (void)state;
    write_picture("coco/x.jpg", 40, 20, red, false);
    write_picture("coco/y.jpg", 20, 20, blue, false);
    write_text("coco/a.json", coco);
    c.task = DATA_BOXES;
    set = open_set(&c, 1);
    assert_int_equal(data_n(set), 2);
    assert_int_equal(data_classes(set), 2);
    assert_string_equal(data_class_name(set, 0), "apple");
    assert_int_equal(data_item(set, 0)->boxes_n, 2);
    assert_int_equal(data_item(set, 1)->boxes_n, 0);
    assert_int_equal(data_item(set, 0)->box[0].label, 1);
    assert_near(data_item(set, 0)->box[0].x0, 0.25, 1e-6);
    assert_near(data_item(set, 0)->box[0].y1, 0.75, 1e-6);
    data_free(set);

    c.task = DATA_CLASSES;                    /* each box a picture */
    c.margin = 0;
    set = open_set(&c, 1);
    assert_int_equal(data_n(set), 2);
    assert_string_equal(data_item(set, 0)->name, "x.jpg#0");
    assert_int_equal(data_item(set, 1)->label, 0);
    support_ok(data_picture(set, 0, &p, &err), &err);
    assert_int_equal(p.w, 20);
    assert_int_equal(p.h, 10);
    data_picture_done(&p);
    data_free(set);
}

static void wrong_coco_files_are_refused(void **state)
{
    static const struct { const char *what, *with, *where, *says; } rows[] = {
        { "\"image_id\": 3", "\"image_id\": 5", "annotations[2]", "id 5" },
        { "\"category_id\": 4", "\"category_id\": 5", "annotations[1]", "category" },
        { "[0, 0, 10, 10]", "[0, 0, -1, 10]", "annotations[1]", "no box" },
        { "[0, 0, 10, 10]", "[0, 0, 10]", "annotations[1]", "4" },
        { "\"id\": 3", "\"id\": 7", "images", "id 7" },
        { "\"id\": 4", "\"id\": 90", "categories", "id 90" },
        { "\"width\": 40", "\"width\": 0", "images[0].width", "allowed" },
        { "\"annotations\"", "\"annotation\"", "annotations", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct data_config c = config_of(DATA_COCO, "coco/bad.json");
        const char *at = strstr(coco, rows[i].what);
        char text[2048];

        assert_non_null(at);
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - coco), coco, rows[i].with, at + strlen(rows[i].what));
        write_text("coco/bad.json", text);
        c.task = DATA_BOXES;
        if (!strstr(rows[i].with, "\"annotation\""))
            refuse(&c, TRUNDLE_BAD_INPUT, rows[i].where, rows[i].says);
        else
            refuse(&c, TRUNDLE_NOT_FOUND, "bad.json", "");
    }
}

/* A short trip with pictures, of the simulator. */
static void trips_have_boxes_and_crops(void **state)
{
    struct sim_options options = SIM_OPTIONS_DEFAULT;
    struct data_config c = config_of(DATA_TRIPS, "trips");
    struct trundle_error err = { 0 };
    struct sim_suite *suite = NULL;
    struct data_set *boxes, *crops;
    struct data_picture p;
    char path[4096];
    size_t seen = 0;

    (void)state;
    if (getenv("TRUNDLE_TEST_PICTURES") && !strcmp(getenv("TRUNDLE_TEST_PICTURES"), "0"))
        support_skip("pictures are rendered in the plain build");
    (void)snprintf(path, sizeof path, "%s/trips", home());
    support_ok(folder_make(path, &err), &err);
    support_ok(sim_suite_load("smoke", &suite, &err), &err);
    (void)snprintf(path, sizeof path, "%s/trips/1.mcap", home());
    support_ok(sim_trip_make(suite, 1, path, &options, NULL, &err), &err);
    sim_suite_free(suite);

    c.task = DATA_BOXES;
    c.one_class = true;
    c.side_px = 64;
    boxes = open_set(&c, 2);
    assert_int_equal(data_classes(boxes), 1);
    for (size_t i = 0; i < data_n(boxes); i++) {
        const struct data_item *item = data_item(boxes, i);

        assert_true(item->boxes_n > 0);
        for (int k = 0; k < item->boxes_n; k++) {
            assert_true(item->box[k].x0 >= 0 && item->box[k].x0 < item->box[k].x1 && item->box[k].x1 <= 1);
            seen++;
        }
    }
    c.task = DATA_CLASSES;
    c.one_class = false;
    crops = open_set(&c, 2);
    assert_int_equal(data_n(crops), seen);
    assert_true(data_classes(crops) > 3);
    assert_int_equal(strncmp(data_item(crops, 0)->name, "1.mcap#", 7), 0);
    assert_true(strlen(data_class_name(crops, 0)) > 4);
    support_ok(data_picture(crops, 0, &p, &err), &err);
    assert_true(p.w <= 64 || p.h <= 64);
    data_picture_done(&p);
    printf("# %zu frames with %zu boxes of %d products\n", data_n(boxes), seen, data_classes(crops));
    data_free(boxes);
    data_free(crops);
    c = config_of(DATA_TRIPS, "nowhere");
    refuse(&c, TRUNDLE_NOT_FOUND, "nowhere", "trundle sim");
}

static void generated_pictures_are_those_of_the_seed(void **state)
{
    struct data_config c = config_of(DATA_GENERATED, "");
    struct trundle_error err = { 0 };
    struct data_set *set = open_set(&c, 2);
    uint8_t rgb[32 * 32 * 3];
    struct data_picture p;
    int label;

    (void)state;
    assert_int_equal(data_n(set), 40);
    assert_int_equal(data_classes(set), PICTURES_CLASSES);
    support_ok(data_picture(set, 17, &p, &err), &err);
    pictures_draw(5, 17, 32, rgb, &label);
    assert_memory_equal(p.rgb, rgb, sizeof rgb);
    assert_int_equal(data_item(set, 17)->label, label);
    data_picture_done(&p);
    data_free(set);
}

static void broken_pictures_are_named_up_to_a_limit(void **state)
{
    struct data_config c = config_of(DATA_FOLDER, "broken");
    struct trundle_error err = { 0 };
    const struct data_broken *broken;
    struct bytes b = { 0 };
    struct data_set *set;
    char path[4096];
    size_t n;

    (void)state;
    for (int i = 0; i < 4; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "broken/k/%d.jpg", i);
        write_picture(name, 64, 64, red, false);
    }
    (void)snprintf(path, sizeof path, "%s/broken/k/1.jpg", home());
    support_ok(file_read(path, 1 << 20, &b, &err), &err);
    support_ok(file_write(path, b.data, b.n / 2, &err), &err);     /* cut short */
    bytes_done(&b);
    write_text("broken/k/2.jpg", "this is no picture");
    c.broken_most = 2;
    set = open_set(&c, 1);
    assert_int_equal(data_n(set), 2);
    broken = data_broken(set, &n);
    assert_int_equal(n, 2);
    assert_string_equal(broken[0].name, "k/1.jpg");
    assert_string_equal(broken[1].name, "k/2.jpg");
    assert_non_null(strstr(broken[1].what, "neither"));
    data_free(set);
    c.broken_most = 1;
    refuse(&c, TRUNDLE_BAD_INPUT, "broken", "2 broken pictures, the first is k/1.jpg");
}

static void splits_depend_on_names_alone(void **state)
{
    struct data_config c = config_of(DATA_GENERATED, "");
    struct data_set *few, *many;
    size_t held = 0;

    (void)state;
    c.generated_n = 200;
    c.generated_px = 16;
    few = open_set(&c, 1);
    c.generated_n = 400;
    many = open_set(&c, 1);
    assert_int_equal(data_part_n(few, DATA_TRAIN) + data_part_n(few, DATA_HELD_OUT), 200);
    assert_near((double)data_part_n(many, DATA_HELD_OUT) / 400, 0.25, 0.1);
    for (size_t i = 0; i < data_part_n(many, DATA_HELD_OUT); i++)
        held += data_part(many, DATA_HELD_OUT, i) < 200;
    assert_int_equal(held, data_part_n(few, DATA_HELD_OUT));
    for (size_t i = 0; i < data_part_n(few, DATA_HELD_OUT); i++)
        assert_int_equal(data_part(few, DATA_HELD_OUT, i), data_part(many, DATA_HELD_OUT, i));
    data_free(few);
    data_free(many);

    c.split = DATA_BY_RUN;                    /* the last of each class */
    few = open_set(&c, 1);
    for (size_t i = 0; i < data_part_n(few, DATA_HELD_OUT); i++)
        for (size_t k = 0; k < data_part_n(few, DATA_TRAIN); k++) {
            const struct data_item *h = data_item(few, data_part(few, DATA_HELD_OUT, i)), *t = data_item(few, data_part(few, DATA_TRAIN, k));

            assert_true(h->label != t->label || h->order > t->order);
        }
    assert_true(data_part_n(few, DATA_HELD_OUT) > 50);
    data_free(few);
}

static void orders_are_seeded(void **state)
{
    uint32_t a[1000], b[1000], times[1000] = { 0 };
    int same = 0;

    (void)state;
    data_shuffle(1, 0, 1000, a);
    data_shuffle(1, 0, 1000, b);
    assert_memory_equal(a, b, sizeof a);
    data_shuffle(1, 1, 1000, b);
    for (int i = 0; i < 1000; i++) {
        times[a[i]]++;
        same += a[i] == b[i];
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(times[i], 1);
    assert_true(same < 10);
}

static void scaling_by_area_keeps_the_mean(void **state)
{
    struct rng r = rng_seed(support_seed(), "resize");
    uint8_t in[37 * 23 * 3], out[37 * 23 * 3];

    (void)state;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)rng_below(&r, 256);
    support_ok(data_resize(in, 37, 23, out, 37, 23), NULL);
    assert_memory_equal(in, out, sizeof in);
    for (int turn = 0; turn < 20; turn++) {
        int w = 1 + (int)rng_below(&r, 36), h = 1 + (int)rng_below(&r, 22);
        double before = 0, after = 0;

        support_ok(data_resize(in, 37, 23, out, w, h), NULL);
        for (size_t i = 0; i < sizeof in; i++)
            before += in[i];
        for (int i = 0; i < 3 * w * h; i++)
            after += out[i];
        assert_near(before / sizeof in, after / (3 * w * h), 1.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_classes), cmocka_unit_test(lists_have_fine_and_coarse_classes), cmocka_unit_test(coco_files_have_boxes),
        cmocka_unit_test(wrong_coco_files_are_refused), cmocka_unit_test(trips_have_boxes_and_crops), cmocka_unit_test(generated_pictures_are_those_of_the_seed),
        cmocka_unit_test(broken_pictures_are_named_up_to_a_limit), cmocka_unit_test(splits_depend_on_names_alone), cmocka_unit_test(orders_are_seeded),
        cmocka_unit_test(scaling_by_area_keeps_the_mean),
    };

    return support_run(tests);
}
