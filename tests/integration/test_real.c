/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * A trip of parts that nobody here made: photos of groceries as what the basket camera sees, photos of barcodes as what the
 * scanner camera sees, the noise of a real scale, prices of a real shop. Ours are the masses, and one step of the product's
 * mass per code shown. And a real video as a live camera.
 */
#include "base/catalog/import.h"
#include "base/std/time.h"
#include "cart/capture/capture.h"
#include "cart/runtime/live.h"
#include "cart/runtime/replay.h"
#include "cart/scan/gs1.h"
#include "cart/scan/picture.h"
#include "cart/scan/picture_file.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <unistd.h>

enum { PRODUCTS = 10, PHOTOS = 20, W = 320, H = 240, CELL_HZ = 10, FRAME_HZ = 3, NOISE = 3842, QUIET_S = 20, ITEM_S = 8, STEP_AFTER_S = 3 };

static const char cart_json[] =
    "{\"version\":1,\"id\":\"real\",\"basket\":{\"size_m\":[0.6,0.9,0.5],\"walls\":{\"rear\":\"wire\",\"right\":\"solid\",\"front\":\"wire\",\"left\":\"solid\"}},"
    "\"cameras\":[{\"width_px\":320,\"height_px\":240,\"fps\":3,\"fx_px\":200,\"fy_px\":200,\"cx_px\":159.5,\"cy_px\":119.5,\"T_basket_cam\":"
    "[1,0,0,0.3,0,-0.8660254037844386,0.5,0.1,0,-0.5,-0.8660254037844386,1.1]},"
    "{\"role\":\"scanner\",\"width_px\":640,\"height_px\":480,\"fx_px\":400,\"fy_px\":400,\"cx_px\":319.5,\"cy_px\":239.5,\"T_basket_cam\":[1,0,0,0.3,0,-1,0,0.1,0,0,-1,1.1]}],"
    "\"cells\":{\"hz\":10,\"cell\":[{\"x_m\":0.05,\"y_m\":0.05,\"gain_g\":0.01,\"offset\":0,\"sd_g\":0.3},{\"x_m\":0.55,\"y_m\":0.05,\"gain_g\":0.01,\"offset\":0,\"sd_g\":0.3},"
    "{\"x_m\":0.05,\"y_m\":0.85,\"gain_g\":0.01,\"offset\":0,\"sd_g\":0.3},{\"x_m\":0.55,\"y_m\":0.85,\"gain_g\":0.01,\"offset\":0,\"sd_g\":0.3}]},"
    "\"scale\":{\"e_g\":5,\"max_g\":30000}}";

struct product { struct trundle_product key; struct grey_picture photo; double mass_g; int64_t cents; };

static struct real {
    struct product product[PRODUCTS];
    size_t products_n, photos_n, noise_n;
    struct { uint8_t *jpeg; size_t n; } photo[PHOTOS];      /* masked, as the basket camera kept them */
    double noise_g[NOISE];
    struct catalog *catalog;
    char folder[4096];
} real;

/* Products of the codes whose photos are in a set: the first photo of each. The truth is the set's own text. */
static void read_codes(const char *set)
{
    for (int i = 1; i <= 60 && real.products_n < PRODUCTS; i++) {
        struct product *p = &real.product[real.products_n];
        struct bytes text = { 0 };
        struct trundle_error err;
        char path[4200], digits[32];
        size_t k = 0;

        (void)snprintf(path, sizeof path, "%s/%s/%02d.txt", support_data("barcode_zxing/blackbox"), set, i);
        if (access(path, R_OK) != 0)
            continue;
        support_ok(file_read(path, 64, &text, &err), &err);
        (void)snprintf(digits, sizeof digits, "%.*s", (int)strcspn((const char *)text.data, "\r\n"), (const char *)text.data);
        bytes_done(&text);
        p->key = trundle_product_gtin(strtoull(digits, NULL, 10));
        while (k < real.products_n && real.product[k].key.key != p->key.key)
            k++;
        if (k < real.products_n)
            continue;
        memcpy(strrchr(path, '.'), ".png", 4);
        if (access(path, R_OK) != 0)
            memcpy(strrchr(path, '.'), ".jpg", 4);
        support_ok(grey_picture_load(path, &p->photo, &err), &err);
        p->mass_g = 180 + 137.0 * (double)real.products_n;
        real.products_n++;
    }
}

/* What was paid for one item, in the order of the rows. */
static void read_prices(void)
{
    FILE *f = fopen(support_data("baskets_completejourney/transactions_weeks01-40.csv"), "r");
    char line[512];
    size_t n = 0;
    double quantity, value;

    assert_non_null(f);
    while (n < real.products_n && fgets(line, sizeof line, f))
        if (sscanf(line, "%*[^,],%*[^,],%*[^,],%*[^,],%lf,%lf", &quantity, &value) == 2 && quantity > 0.5 && quantity < 1.5 && value > 0.1)
            real.product[n++].cents = (int64_t)(value * 100 + 0.5);
    (void)fclose(f);
    assert_int_equal(n, real.products_n);
}

static void read_noise(void)
{
    FILE *f = fopen(support_data("loadcell/samples_bbcbac1e.txt"), "r");

    assert_non_null(f);
    while (real.noise_n < NOISE && fscanf(f, "%lf", &real.noise_g[real.noise_n]) == 1)
        real.noise_n++;
    (void)fclose(f);
    assert_true(real.noise_n > 3000);
}

/* A photo in the camera's size (nearest pixel), masked. */
static void keep_photo(struct capture *capture, const char *relative)
{
    static uint8_t small[W * H * 3];
    tjhandle tj = tjInitDecompress();
    struct bytes file = { 0 };
    struct trundle_error err;
    int w, h, sub, space;
    uint8_t *rgb;

    support_ok(file_read(support_data(relative), 1 << 22, &file, &err), &err);
    assert_int_equal(tjDecompressHeader3(tj, file.data, file.n, &w, &h, &sub, &space), 0);
    rgb = malloc((size_t)w * (size_t)h * 3);
    assert_non_null(rgb);
    assert_int_equal(tjDecompress2(tj, file.data, file.n, rgb, w, 0, h, TJPF_RGB, 0), 0);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            memcpy(&small[(y * W + x) * 3], &rgb[((y * h / H) * w + x * w / W) * 3], 3);
    real.photo[real.photos_n].jpeg = malloc(capture_bound(capture));
    assert_non_null(real.photo[real.photos_n].jpeg);
    support_ok(capture_mask(capture, &(struct capture_picture){ small, W, H, W * 3 }, real.photo[real.photos_n].jpeg, capture_bound(capture),
                            &real.photo[real.photos_n].n, &err), &err);
    real.photos_n++;
    free(rgb);
    bytes_done(&file);
    tjDestroy(tj);
}

static void read_photos(void)
{
    FILE *list = fopen(support_data("grocery/dataset/val.txt"), "r");
    struct cart_file cart;
    struct capture *capture;
    struct trundle_error err;
    char line[512], path[600];

    assert_non_null(list);
    support_ok(cart_file_parse(cart_json, strlen(cart_json), "cart.json", &cart, &err), &err);
    support_ok(capture_new(&cart.camera[0], &cart.basket, &(struct capture_config)CAPTURE_CONFIG_DEFAULT, &capture, &err), &err);
    for (int i = 0; real.photos_n < PHOTOS && fgets(line, sizeof line, list); i++)
        if (i % 14 == 0) {                                   /* fruit, packages and vegetables */
            line[strcspn(line, ",")] = '\0';
            (void)snprintf(path, sizeof path, "grocery/dataset/%s", line);
            keep_photo(capture, path);
        }
    assert_int_equal(real.photos_n, PHOTOS);
    capture_free(capture);
    (void)fclose(list);
}

static void make_catalog(void)
{
    struct bytes products = { 0 }, prices = { 0 };
    char path[4200];
    struct trundle_error err;

    support_ok(bytes_print(&products, "product,name,mass_g,mass_sd_g\n"), NULL);
    support_ok(bytes_print(&prices, "product,price\n"), NULL);
    for (size_t i = 0; i < real.products_n; i++) {
        const struct product *p = &real.product[i];
        unsigned long long gtin = trundle_product_number(p->key);

        support_ok(bytes_print(&products, "gtin:%014llu,Thing %zu,%g,3\n", gtin, i + 1, p->mass_g), NULL);
        support_ok(bytes_print(&prices, "gtin:%014llu,%lld.%02lld\n", gtin, (long long)p->cents / 100, (long long)p->cents % 100), NULL);
    }
    (void)snprintf(real.folder, sizeof real.folder, "%s", support_scratch());
    (void)snprintf(path, sizeof path, "%s/stores/real", real.folder);
    support_ok(folder_make(path, &err), &err);
    (void)snprintf(path, sizeof path, "%s/stores/real/products.csv", real.folder);
    support_ok(file_write(path, products.data, products.n, &err), &err);
    (void)snprintf(path, sizeof path, "%s/stores/real/prices.csv", real.folder);
    support_ok(file_write(path, prices.data, prices.n, &err), &err);
    (void)snprintf(path, sizeof path, "%s/stores/real", real.folder);
    support_ok(catalog_import_dir(path, &(struct catalog_import){ .strict = true }, &real.catalog, &err), &err);
    bytes_done(&products);
    bytes_done(&prices);
}

static void read_all(void)
{
    if (real.catalog)
        return;
    read_codes("ean13-3");
    read_codes("upca-5");
    read_codes("upca-2");
    assert_int_equal(real.products_n, PRODUCTS);
    read_prices();
    read_noise();
    read_photos();
    make_catalog();
}

enum what { ALL_RIGHT, STEP_MISSING, OTHER_MASS };

struct shopping { struct session *s; struct scanner *scanner; int64_t t_ns; uint64_t sample; double load_g; int decisions, questions; };

static void on_output(void *user, const struct trundle_message *m, bool again)
{
    struct shopping *h = user;

    (void)again;
    h->decisions += m->channel == TRUNDLE_DECISION;
    h->questions += m->channel == TRUNDLE_DECISION && (m->decision.kind == TRUNDLE_DECIDE_ASK || m->decision.kind == TRUNDLE_DECIDE_RESCAN);
}

static void push(struct shopping *h, struct trundle_message m)
{
    struct trundle_error err;

    m.sensed_ns = m.log_ns = h->t_ns;
    support_ok(session_push(h->s, &m, &err), &err);
}

/* Cells with the real noise, another photo three times a second, ticks. */
static void shop(struct shopping *h, double seconds)
{
    for (int i = 0; i < (int)(seconds * CELL_HZ); i++, h->sample++) {
        struct trundle_message m = { .channel = TRUNDLE_CELL, .cell.n = 4 };

        h->t_ns += NS_PER_S / CELL_HZ;
        for (int k = 0; k < 4; k++)
            m.cell.raw[k] = (int32_t)((h->load_g + real.noise_g[h->sample % real.noise_n]) / 4 * 100);
        push(h, m);
        if (h->sample % (CELL_HZ / FRAME_HZ) == 0) {
            size_t at = (h->sample / (CELL_HZ / FRAME_HZ)) % real.photos_n;

            push(h, (struct trundle_message){ .channel = TRUNDLE_CAM, .frame = { real.photo[at].jpeg, real.photo[at].n } });
        }
        push(h, (struct trundle_message){ .channel = TRUNDLE_TICK });
    }
}

/* The scanner camera: codes, never pictures. */
static void show_code(struct shopping *h, const struct product *p)
{
    struct scan_codes codes;
    struct trundle_error err;

    support_ok(scanner_read(h->scanner, p->photo.luma, p->photo.width, p->photo.height, p->photo.width, &codes, &err), &err);
    for (int i = 0; i < codes.n; i++)
        push(h, (struct trundle_message){ .channel = TRUNDLE_CODE, .sensor = 1, .code = codes.code[i] });
}

static bool receipt_right(const struct shopping *h, size_t products)
{
    const struct basket *b = brain_basket(session_brain(h->s));
    int64_t total = 0;
    bool right = b->n == products;

    for (size_t i = 0; i < products; i++) {
        bool there = false;

        for (size_t k = 0; k < b->n; k++)
            there |= b->line[k].item.product.key == real.product[i].key.key && b->line[k].item.count == 1;
        right &= there;
        total += real.product[i].cents;
    }
    return right && basket_totals(b).total_cents == total;
}

/* Shops `products` of them, recording to `path`; says whether the receipt is right and nothing had to be asked: what was scanned is a line in any case. */
static bool shop_real(const char *path, size_t products, enum what what)
{
    struct shopping h = { .t_ns = 0 };
    struct session_config config = { .threads = 1, .record = path, .user = &h, .output = on_output };
    struct scanner_config scanner = SCANNER_CONFIG_DEFAULT;
    struct bytes catalog_json = { 0 };
    struct trundle_error err;
    bool right;

    support_ok(catalog_to_json(real.catalog, NULL, 0, &catalog_json), NULL);
    config.setup.cart_json = (struct trundle_text){ cart_json, strlen(cart_json) };
    config.setup.catalog_json = (struct trundle_text){ (const char *)catalog_json.data, catalog_json.n };
    config.head.schema_version = TRIP_SCHEMA_VERSION;
    config.head.start_wall_ns = INT64_C(1780315200000000000);
    (void)snprintf(config.head.store, sizeof config.head.store, "real");
    (void)snprintf(config.head.catalog_sha256, sizeof config.head.catalog_sha256, "%s", catalog_hash(real.catalog));
    support_ok(session_open(&config, &h.s, &err), &err);
    support_ok(scanner_new(&scanner, &h.scanner, &err), &err);
    shop(&h, QUIET_S);
    assert_int_equal(h.decisions, 0);                        /* only photos change: no event */
    for (size_t i = 0; i < products; i++) {
        const struct product *p = &real.product[i];
        bool wrong = i == products / 2;

        show_code(&h, p);
        shop(&h, STEP_AFTER_S);
        if (!(wrong && what == STEP_MISSING))
            h.load_g += wrong && what == OTHER_MASS ? p->mass_g + 300 : p->mass_g;
        shop(&h, ITEM_S - STEP_AFTER_S);
    }
    {
        int before = h.decisions;

        support_ok(session_settle(h.s, &err), &err);
        right = receipt_right(&h, products);
        shop(&h, QUIET_S);
        right = right && receipt_right(&h, products) && !h.questions;
        printf("# %zu codes, %d decisions, %d of them in the last %d s, when only photos change\n", products, h.decisions, h.decisions - before, QUIET_S);
        if (what == ALL_RIGHT)
            assert_int_equal(h.decisions, before);
    }
    support_ok(session_finish(h.s, &err), &err);
    scanner_free(h.scanner);
    bytes_done(&catalog_json);
    return right;
}

static struct bytes receipt_of(const char *path, bool recorded, uint64_t *out_decisions)
{
    struct replay_config config = REPLAY_CONFIG_DEFAULT;
    struct replay_summary s;
    struct trundle_error err;

    config.recorded = recorded;
    support_ok(replay_trip(path, &config, &s, &err), &err);
    *out_decisions = s.counts.decisions;
    bytes_done(&s.receipt_json);
    return s.receipt_text;
}

static void a_trip_of_real_parts_has_the_right_receipt(void **state)
{
    struct bytes a, b;
    uint64_t decided_a, decided_b;
    char path[4200];

    (void)state;
    read_all();
    (void)snprintf(path, sizeof path, "%s/real.mcap", real.folder);
    assert_true(shop_real(path, PRODUCTS, ALL_RIGHT));
    a = receipt_of(path, true, &decided_a);                  /* replay A: the recorded evidence; replay B: sensed again */
    b = receipt_of(path, false, &decided_b);
    assert_int_equal(decided_a, decided_b);
    assert_true(decided_a >= PRODUCTS);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.data, b.data, a.n);
    bytes_done(&a);
    bytes_done(&b);
}

/* The mutants: the check above must be able to fail. */
static void a_missing_step_is_not_right(void **state)
{
    char path[4200];

    (void)state;
    read_all();
    (void)snprintf(path, sizeof path, "%s/missing.mcap", real.folder);
    assert_false(shop_real(path, 3, STEP_MISSING));
}

static void another_mass_is_not_right(void **state)
{
    char path[4200];

    (void)state;
    read_all();
    (void)snprintf(path, sizeof path, "%s/mass.mcap", real.folder);
    assert_false(shop_real(path, 3, OTHER_MASS));
}

/* Hidden pixels of every frame of the trip are blank where no visible one shares their JPEG block. */
static int look_at_frames(const char *path, const struct cart_file *cart)
{
    const struct cart_camera *camera = &cart->camera[0];
    struct trip_reader *trip;
    struct trundle_message m;
    struct capture *capture;
    struct trundle_error err;
    const uint8_t *visible;
    int frames = 0, w = camera->width_px, h = camera->height_px, lit = 0;

    support_ok(capture_new(camera, &cart->basket, &(struct capture_config)CAPTURE_CONFIG_LIVE, &capture, &err), &err);
    visible = capture_visible(capture);
    support_ok(trip_open(path, &trip, &err), &err);
    while (trip_next(trip, &m, &err) == TRUNDLE_OK) {
        struct grey_picture p;

        if (m.channel != TRUNDLE_CAM || frames++ % 10)
            continue;
        support_ok(grey_picture_decode(m.frame.jpeg, m.frame.jpeg_bytes, "frame", &p, &err), &err);
        assert_int_equal(p.width, w);
        assert_int_equal(p.height, h);
        for (int by = 0; by + 16 <= h; by += 16)
            for (int bx = 0; bx + 16 <= w; bx += 16) {
                int seen = 0, most = 0;

                for (int y = by; y < by + 16; y++)
                    for (int x = bx; x < bx + 16; x++) {
                        seen += visible[y * w + x];
                        most = p.luma[y * w + x] > most ? p.luma[y * w + x] : most;
                    }
                lit += seen == 256 && most > 20;
                if (!seen)
                    assert_in_range(most, 0, 2);
            }
        grey_picture_done(&p);
    }
    assert_true(lit > 0);
    trip_free(trip);
    capture_free(capture);
    return frames;
}

static void a_video_is_a_camera(void **state)
{
    struct cart_file cart;
    struct live_config config = { .threads = 2, .fast = true };
    struct replay_summary s;
    struct trundle_error err;
    struct bytes json = { 0 };
    char cart_path[4200], record[4200], store[4200];
    enum trundle_status status;
    int frames;

    (void)state;
    read_all();
    support_ok(cart_file_parse(cart_json, strlen(cart_json), "cart.json", &cart, &err), &err);
    (void)snprintf(cart.camera[0].source, sizeof cart.camera[0].source, "%s", support_data("retail_videos/bottle-detection.mp4"));
    cart.camera[0].width_px = 384;                           /* the video's shape, at half its size */
    cart.camera[0].height_px = 216;
    cart.camera[0].cx_px = 191.5;
    cart.camera[0].cy_px = 107.5;
    cart.camera[0].fps = 10;
    cart.cameras_n = 1;
    support_ok(cart_file_print(&cart, &json), NULL);
    (void)snprintf(cart_path, sizeof cart_path, "%s/cart.json", real.folder);
    (void)snprintf(record, sizeof record, "%s/live.mcap", real.folder);
    (void)snprintf(store, sizeof store, "%s/stores/real", real.folder);
    support_ok(file_write(cart_path, json.data, json.n, &err), &err);
    bytes_done(&json);
    config.cart_path = cart_path;
    config.catalog_dir = store;
    config.record = record;
    status = live_run(&config, &s, &err);
    if (status == TRUNDLE_DEVICE)
        support_skip(err.what);
    support_ok(status, &err);
    frames = look_at_frames(record, &cart);
    printf("# %d frames of the video in a trip of %.1f s, %.1f s of CPU\n", frames, s.trip_s, s.cpu_s);
    assert_in_range(frames, 50, 2000);
    assert_int_equal(s.total_cents, 0);
    replay_summary_done(&s);
}

static int clean_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < real.products_n; i++)
        grey_picture_done(&real.product[i].photo);
    for (size_t i = 0; i < real.photos_n; i++)
        free(real.photo[i].jpeg);
    catalog_free(real.catalog);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trip_of_real_parts_has_the_right_receipt),
        cmocka_unit_test(a_missing_step_is_not_right),
        cmocka_unit_test(another_mass_is_not_right),
        cmocka_unit_test(a_video_is_a_camera),
    };

    return cmocka_run_group_tests(tests, NULL, clean_up);
}
