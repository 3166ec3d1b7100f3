/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Cameras: pictures in the cart file's size, in time, losses said; and everything that can be wrong with one. */
#include "tests/runtime/device_bench.h"

#include "base/std/bytes.h"
#include "base/std/time.h"

#include <gst/gst.h>
#include <stdio.h>
#include <string.h>

static struct bench *camera(const char *source)
{
    struct bench *b = bench_new();

    (void)snprintf(b->cart.camera[0].source, sizeof b->cart.camera[0].source, "%s", source);
    return b;
}

static bool installed(const char *element)
{
    GstElementFactory *factory;

    assert_true(gst_init_check(NULL, NULL, NULL));
    factory = gst_element_factory_find(element);
    if (factory)
        gst_object_unref(factory);
    return factory != NULL;
}

/* "Live" is what a camera says of itself; videotestsrc can. */
static void a_camera_gives_pictures(void **state)
{
    struct bench *b = camera("videotestsrc is-live=true ! video/x-raw,width=128,height=96,framerate=30/1");

    (void)state;
    bench_open(b);
    assert_true(bench_wait(&b->pictures_n, 15, 3));
    assert_int_equal(devices_running(b->devices), 1);
    bench_close(b);
    assert_int_equal(b->picture.width_px, 64);
    assert_int_equal(b->picture.height_px, 48);
    assert_true(b->picture.stride_bytes >= 192);
    assert_int_equal(b->health, DEVICE_OK);
    assert_true(bench_said(b, DEVICE_OK, "128 x 96"));
    /* 14 periods of 1/30 s, and no picture from before the start. */
    assert_true(b->picture_ns[0] >= 0);
    assert_near(ns_s(b->picture_ns[14] - b->picture_ns[0]) - (double)b->dropped / 30, 14.0 / 30, 0.25);
}

/* A cart file that wants 5 a second of a camera at 30. */
static void a_fast_camera_is_thinned(void **state)
{
    struct bench *b = camera("videotestsrc num-buffers=60 ! video/x-raw,width=64,height=48,framerate=30/1");

    (void)state;
    b->cart.camera[0].fps = 5;
    b->config.fast = true;
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_END], 1, 3));
    bench_close(b);
    assert_true(b->pictures_n >= 9 && b->pictures_n <= 11);
    assert_int_equal(b->dropped, 0);
    assert_near(ns_s(b->picture_ns[1] - b->picture_ns[0]), 0.2, 0.001);
}

/* Who looks at each picture for 0.15 s gets the newest, and is told of every other. */
static void losses_are_said(void **state)
{
    struct bench *b = camera("videotestsrc is-live=true num-buffers=30 ! video/x-raw,width=64,height=48,framerate=30/1");
    struct device_counters c;
    unsigned said;

    (void)state;
    b->slow_ns = 150 * NS_PER_MS;
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_GONE], 1, 4));
    c = bench_counters(b, DEVICE_CAMERA);
    said = b->dropped;
    bench_close(b);
    assert_true(said > 10);
    assert_int_equal(said, c.dropped);
    assert_int_equal(c.samples + c.dropped, 30);
}

static void a_camera_that_stops_is_started_again(void **state)
{
    struct bench *b = camera("videotestsrc is-live=true num-buffers=5 ! video/x-raw,width=64,height=48,framerate=30/1");

    (void)state;
    bench_open(b);
    assert_true(bench_wait(&b->pictures_n, 11, 5));
    assert_true(b->health_n[DEVICE_GONE] >= 1);
    assert_true(bench_counters(b, DEVICE_CAMERA).opened >= 3);
    bench_close(b);
}

static void a_recording_ends_or_loops(void **state)
{
    const char *source = "videotestsrc num-buffers=8 ! video/x-raw,width=64,height=48,framerate=30/1";
    struct bench *b = camera(source);

    (void)state;
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_END], 1, 3));
    assert_int_equal(b->pictures_n + b->dropped, 8);
    for (int i = 0; i < 200 && devices_running(b->devices); i++)
        clock_sleep_until_ns(clock_mono_ns() + 10 * NS_PER_MS);
    assert_int_equal(devices_running(b->devices), 0);
    bench_close(b);

    b = camera(source);
    b->config.loop = b->config.fast = true;
    bench_open(b);
    assert_true(bench_wait(&b->pictures_n, 20, 5));
    bench_close(b);
    assert_int_equal(b->health_n[DEVICE_END], 0);
    assert_near(ns_s(b->picture_ns[19]), 19.0 / 30, 0.01);
}

/* 64 x 48 in two sizes, then 64 x 64: the first two are the same shape, the last is a lens that the cart file does not know. */
static void a_change_of_size_is_scaled_and_of_shape_held_back(void **state)
{
    struct bench *b = camera("concat name=c videotestsrc num-buffers=5 ! video/x-raw,width=128,height=96,framerate=30/1 ! c. "
                             "videotestsrc num-buffers=5 ! video/x-raw,width=320,height=240,framerate=30/1 ! c. "
                             "videotestsrc num-buffers=5 ! video/x-raw,width=64,height=64,framerate=30/1 ! c. c.");

    (void)state;
    b->config.fast = true;
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_END], 1, 3));
    assert_int_equal(b->pictures_n, 10);
    assert_int_equal(bench_counters(b, DEVICE_CAMERA).garbage, 5);
    bench_close(b);
    assert_int_equal(b->picture.width_px, 64);
    assert_true(bench_said(b, DEVICE_OK, "320 x 240"));
    assert_true(bench_said(b, DEVICE_GARBAGE, "64 x 64"));
}

/* A code scanner's picture has no mask, and any shape will do. */
static void a_scanner_camera_may_have_any_shape(void **state)
{
    struct bench *b = camera("videotestsrc num-buffers=3 ! video/x-raw,width=64,height=64");

    (void)state;
    b->config.fast = true;
    b->cart.camera[0].role = CART_CAMERA_SCANNER;
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_END], 1, 3));
    bench_close(b);
    assert_int_equal(b->pictures_n, 3);
}

static void a_covered_camera_is_dark(void **state)
{
    struct bench *b = camera("videotestsrc is-live=true pattern=black ! video/x-raw,width=64,height=48,framerate=30/1");

    (void)state;
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_DARK], 1, 4));
    bench_close(b);
    assert_true(b->pictures_n > 5);
}

/* A stream that stays up and sends nothing. */
static void a_silent_camera_is_noticed(void **state)
{
    struct bench *b = camera("videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=30/1 ! valve drop=true");

    (void)state;
    b->config.silent_ns = 100 * NS_PER_MS;
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_SILENT], 1, 3));
    assert_true(bench_wait(&b->health_n[DEVICE_GONE], 1, 3));
    bench_close(b);
    assert_int_equal(b->pictures_n, 0);
}

/* A driver that does not come back for 2.2 s holds up nobody for more than two. */
static void a_stuck_driver_is_left_behind(void **state)
{
    struct bench *b = camera("videotestsrc num-buffers=2 ! video/x-raw,width=64,height=48 ! identity sleep-time=2200000");
    unsigned before;

    (void)state;
    bench_open(b);
    clock_sleep_until_ns(clock_mono_ns() + 300 * NS_PER_MS);
    bench_close(b);
    before = b->pictures_n;
    clock_sleep_until_ns(clock_mono_ns() + NS_PER_S);
    assert_int_equal(b->pictures_n, before);
}

static void a_source_that_is_none_is_refused(void **state)
{
    static const struct { const char *source, *says; enum trundle_status status; } wrong[] = {
        { "quux device=/dev/video0", "quux", TRUNDLE_BAD_INPUT },
        { "videotestsrc ! frobnicate ! identity", "frobnicate", TRUNDLE_BAD_INPUT },
        { "videotestsrc nonsense=3", "nonsense", TRUNDLE_BAD_INPUT },
        { "videotestsrc !", "", TRUNDLE_BAD_INPUT },
        { "! ! !", "", TRUNDLE_BAD_INPUT },
        { "videotestsrc ! fakesink", "", TRUNDLE_BAD_INPUT },
        { "audiotestsrc", "", TRUNDLE_BAD_INPUT },
        { "/nowhere/at/all.mp4", "/nowhere/at/all.mp4", TRUNDLE_NOT_FOUND },
    };
    struct trundle_error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct bench *b = camera(wrong[i].source);

        assert_int_equal(bench_refused(b, &err), wrong[i].status);
        assert_non_null(strstr(err.what, wrong[i].says));
        assert_non_null(strstr(err.where, "cameras[0].source"));
    }
}

/* Not plugged in is not an error of the cart file: launch strings of docs/devices.md, on a machine that has no such camera. */
static void a_missing_camera_is_waited_for(void **state)
{
    static const struct { const char *element, *source; } sources[] = {
        { "v4l2src", "v4l2src device=/dev/v4l/by-id/usb-CAMERA-video-index0 ! image/jpeg,width=1280,height=720 ! jpegdec" },
        { "v4l2src", "v4l2src device=/dev/v4l/by-id/usb-CAMERA-video-index0 ! video/x-raw,format=YUY2,width=640,height=480" },
        { "openh264dec", "rtspsrc location=rtsp://127.0.0.1:9/front latency=100 ! rtph264depay ! h264parse ! openh264dec" },
    };
    struct bytes page = { 0 };
    struct trundle_error err;
    int tried = 0;

    (void)state;
    support_ok(file_read(support_source("docs/devices.md"), 1 << 20, &page, &err), &err);
    for (size_t i = 0; i < COUNT_OF(sources); i++) {
        struct bench *b = camera(sources[i].source);

        assert_non_null(strstr((const char *)page.data, sources[i].source));
        if (!installed(sources[i].element))
            continue;
        bench_open(b);
        assert_true(bench_wait(&b->health_n[DEVICE_GONE], 1, 3));
        bench_close(b);
        tried++;
    }
    bytes_done(&page);
    if (!tried)
        support_skip("neither GStreamer's v4l2src nor its openh264dec is installed");
}

static const char *bottles(void)
{
    const char *path = support_data("retail_videos/bottle-detection.mp4");

    if (!installed("openh264dec"))
        support_skip("GStreamer's openh264dec is not installed");
    return path;
}

/* A real video: the same pictures whichever way it is named, and its own time. */
static void a_video_file_is_a_camera(void **state)
{
    static uint32_t hash[BENCH_KEEP];
    char launch[400];
    const char *path = bottles();
    unsigned n = 0;

    (void)state;
    (void)snprintf(launch, sizeof launch, "filesrc location=%s ! qtdemux ! h264parse ! openh264dec", path);
    for (int round = 0; round < 2; round++) {
        struct bench *b = camera(round ? launch : path);

        b->cart.camera[0].role = CART_CAMERA_SCANNER;
        b->cart.camera[0].fps = 60;
        b->config.fast = true;
        bench_open(b);
        assert_true(round ? bench_wait(&b->pictures_n, 100, 10) : bench_wait(&b->health_n[DEVICE_END], 1, 30));
        bench_close(b);
        assert_int_equal(b->dropped, 0);
        if (round == 0) {
            n = b->pictures_n;
            memcpy(hash, b->picture_hash, sizeof hash);
            printf("# %u pictures, %.2f s\n", n, ns_s(b->last_ns));
            assert_true(n > 100 && n < BENCH_KEEP && b->last_ns > NS_PER_S);
        }
        assert_memory_equal(b->picture_hash, hash, 100 * sizeof hash[0]);
    }
}

/* At its own speed for a second and a half, like a camera: 30 pictures a second. */
static void a_video_file_plays_at_its_pace(void **state)
{
    struct bench *b = camera(bottles());
    int64_t cpu_ns = clock_cpu_ns();

    (void)state;
    b->cart.camera[0].width_px = 640;
    b->cart.camera[0].height_px = 360;
    bench_open(b);
    assert_true(bench_wait(&b->pictures_n, 45, 3));
    cpu_ns = clock_cpu_ns() - cpu_ns;
    bench_close(b);
    assert_near(ns_s(b->picture_ns[44] - b->picture_ns[0]) - (double)b->dropped / 30, 44 / 29.86, 0.3);
    printf("# %.1f ms of CPU a 640 x 360 picture, decoding included; %u lost\n", ns_s(cpu_ns) * 1e3 / 45, (unsigned)b->dropped);
}

/* The same file with one byte in a thousand wrong, cut in half, and without a right byte: it ends, whatever comes before that. */
static void a_broken_video_ends(void **state)
{
    const char *path = bottles();
    struct bytes file = { 0 };
    struct trundle_error err;
    char broken[4096];

    (void)state;
    support_ok(file_read(path, 16 << 20, &file, &err), &err);
    for (int round = 0; round < 3; round++) {
        struct bench *b;
        size_t n = round == 1 ? file.n / 2 : file.n;

        for (size_t i = 2000; round != 1 && i < file.n; i += 997)
            file.data[i] ^= 0x5a;
        if (round == 2)
            memset(file.data, 0x5a, n);
        (void)snprintf(broken, sizeof broken, "%s/broken%d.mp4", support_scratch(), round);
        support_ok(file_write(broken, file.data, n, &err), &err);
        b = camera(broken);
        b->cart.camera[0].role = CART_CAMERA_SCANNER;
        b->config.fast = true;
        b->config.silent_ns = 500 * NS_PER_MS;
        bench_open(b);
        assert_true(bench_wait(&b->health_n[DEVICE_END], 1, 20));
        printf("# broken in way %d: %u pictures\n", round, b->pictures_n);
        bench_close(b);
        if (b->pictures_n == 0)
            assert_true(b->health_n[DEVICE_GARBAGE] > 0);
    }
    bytes_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_camera_gives_pictures),
        cmocka_unit_test(a_fast_camera_is_thinned),
        cmocka_unit_test(losses_are_said),
        cmocka_unit_test(a_camera_that_stops_is_started_again),
        cmocka_unit_test(a_recording_ends_or_loops),
        cmocka_unit_test(a_change_of_size_is_scaled_and_of_shape_held_back),
        cmocka_unit_test(a_scanner_camera_may_have_any_shape),
        cmocka_unit_test(a_covered_camera_is_dark),
        cmocka_unit_test(a_silent_camera_is_noticed),
        cmocka_unit_test(a_stuck_driver_is_left_behind),
        cmocka_unit_test(a_source_that_is_none_is_refused),
        cmocka_unit_test(a_missing_camera_is_waited_for),
        cmocka_unit_test(a_video_file_is_a_camera),
        cmocka_unit_test(a_video_file_plays_at_its_pace),
        cmocka_unit_test(a_broken_video_ends),
    };

    return support_run(tests);
}
