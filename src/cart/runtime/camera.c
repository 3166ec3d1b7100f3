/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * A camera's thread: a GStreamer pipeline of the cart file's launch string and our own end (rate, size, RGB, a sink that keeps
 * the newest two pictures), started again when it stops. No GStreamer type leaves this file. Masking is `capture`'s work.
 */
#include "cart/runtime/device_part.h"

#include "base/std/time.h"

#include <errno.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WAITING_PICTURES = 2, DARK_MEAN = 6, DARK_STEP_PX = 16 };

/* One pipeline, from start to stop. */
struct stream {
    GstElement *pipeline, *sink;           /* owned */
    bool live;
    /* Of GStreamer's thread alone: pictures that reached the sink; the camera's size, before scaling, 0 not known yet. */
    uint32_t arrived;
    int width_px, height_px;

    uint32_t taken;                        /* number of the last picture taken */
    int64_t started_ns, heard_ns, bright_ns;
    int said_width_px, said_height_px;
    bool pictures, recorded;
};

/* Every picture gets its number, the instant of its arrival and the size it was taken in, which a full queue cannot lose: in
 * the two offsets, which raw video leaves unused (it leaves the DTS unused, too, but the sink would wait by it). */
static GstPadProbeReturn number_picture(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
    struct stream *s = user;
    GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));

    (void)pad;
    GST_BUFFER_OFFSET(buffer) = (guint64)++s->arrived << 32 | (guint64)s->width_px << 16 | (guint64)s->height_px;
    GST_BUFFER_OFFSET_END(buffer) = (guint64)clock_mono_ns();
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn note_size(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
    struct stream *s = user;
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
    GstCaps *caps = NULL;
    const GstStructure *structure;
    int width, height;

    (void)pad;
    if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS)
        return GST_PAD_PROBE_OK;
    gst_event_parse_caps(event, &caps);
    structure = caps ? gst_caps_get_structure(caps, 0) : NULL;
    if (structure && gst_structure_get_int(structure, "width", &width) && gst_structure_get_int(structure, "height", &height)) {
        s->width_px = width & 0xffff;
        s->height_px = height & 0xffff;
    }
    return GST_PAD_PROBE_OK;
}

static void probe(GstElement *pipeline, const char *element, GstPadProbeType type, GstPadProbeCallback callback, struct stream *s)
{
    GstElement *e = gst_bin_get_by_name(GST_BIN(pipeline), element);
    GstPad *pad = gst_element_get_static_pad(e, "sink");

    (void)gst_pad_add_probe(pad, type, callback, s, NULL);
    gst_object_unref(pad);
    gst_object_unref(e);
}

/* The pipeline's text is ours from `videorate` on; its element names carry our name so that a launch string may use any other. */
static enum trundle_status pipeline_make(const struct device *d, GstElement **out_pipeline, struct trundle_error *err)
{
    const struct cart_camera *c = &d->camera.cart;
    char text[4 * CART_TEXT], where[64];
    GError *error = NULL;
    GstElement *pipeline, *sink, *file;
    enum trundle_status status = TRUNDLE_OK;

    (void)snprintf(where, sizeof where, "cart file: cameras[%u].source", d->index);
    (void)snprintf(text, sizeof text,
                   "%s ! videorate drop-only=true max-rate=%d ! videoscale name=trundle_scale add-borders=false ! videoconvert"
                   " ! video/x-raw,format=RGB,width=%d,height=%d ! appsink name=trundle_sink max-buffers=%d drop=%s sync=%s enable-last-sample=false",
                   d->camera.launch, (int)ceil(c->fps), c->width_px, c->height_px, WAITING_PICTURES, d->config.fast ? "false" : "true",
                   d->config.fast ? "false" : "true");
    pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (!pipeline || error) {
        status = error_set(err, TRUNDLE_BAD_INPUT, where, "try it: gst-launch-1.0 SOURCE ! videoconvert ! fakesink", "GStreamer says: %s",
                           error ? error->message : "nothing");
        g_clear_error(&error);
        gst_clear_object(&pipeline);
        return status;
    }
    sink = GST_IS_BIN(pipeline) ? gst_bin_get_by_name(GST_BIN(pipeline), "trundle_sink") : NULL;
    file = sink && d->camera.file[0] ? gst_bin_get_by_name(GST_BIN(pipeline), "trundle_file") : NULL;
    if (!sink || !GST_IS_PIPELINE(pipeline)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, where, "a launch string like v4l2src device=/dev/video0", "is no pipeline that ends in one video stream");
        gst_clear_object(&pipeline);
    } else if (file) {
        g_object_set(file, "location", d->camera.file, NULL);
    }
    gst_clear_object(&file);
    gst_clear_object(&sink);
    if (status == TRUNDLE_OK)
        *out_pipeline = pipeline;
    return status;
}

static bool stream_start(struct device *d, struct stream *s)
{
    struct trundle_error err;
    GstClock *clock;

    memset(s, 0, sizeof *s);
    s->recorded = d->camera.file[0] != 0;
    s->started_ns = s->heard_ns = s->bright_ns = clock_mono_ns();
    if (pipeline_make(d, &s->pipeline, &err) != TRUNDLE_OK) {
        device_say(d, DEVICE_GONE, "camera %u: %s", d->index, err.what);
        return false;
    }
    s->sink = gst_bin_get_by_name(GST_BIN(s->pipeline), "trundle_sink");
    probe(s->pipeline, "trundle_sink", GST_PAD_PROBE_TYPE_BUFFER, number_picture, s);
    probe(s->pipeline, "trundle_scale", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, note_size, s);
    clock = gst_system_clock_obtain();             /* monotonic, so its times are ours */
    gst_pipeline_use_clock(GST_PIPELINE(s->pipeline), clock);
    gst_object_unref(clock);
    atomic_fetch_add(&d->opened, 1);
    switch (gst_element_set_state(s->pipeline, GST_STATE_PAUSED)) {
    case GST_STATE_CHANGE_FAILURE: return true;     /* why is on the bus */
    case GST_STATE_CHANGE_NO_PREROLL:
        s->live = true;
        g_object_set(s->sink, "sync", FALSE, "drop", TRUE, NULL);
        break;
    default: s->recorded = true;
    }
    (void)gst_element_set_state(s->pipeline, GST_STATE_PLAYING);
    return true;
}

static void stream_stop(struct stream *s)
{
    if (!s->pipeline)
        return;
    (void)gst_element_set_state(s->pipeline, GST_STATE_NULL);
    gst_object_unref(s->sink);
    gst_object_unref(s->pipeline);
}

/* A camera in the basket whose picture has another shape sees by another lens than the cart file says: the mask would be wrong,
 * so nothing of it is handed on. Another size of the same shape is scaled. */
static bool shape_fits(struct device *d, int width, int height)
{
    const struct cart_camera *c = &d->camera.cart;
    bool fits = c->role == CART_CAMERA_SCANNER || fabs((double)width * c->height_px / ((double)height * c->width_px) - 1) < 0.01;

    if (!fits)
        device_bad(d, "camera %u sends %d x %d, of another shape than the %d x %d of the cart file: its mask would be wrong, so its pictures are held back",
                   d->index, width, height, c->width_px, c->height_px);
    return fits;
}

static bool is_dark(const uint8_t *rgb, size_t stride, int width, int height)
{
    uint64_t sum = 0, n = 0;

    for (int y = 0; y < height; y += DARK_STEP_PX)
        for (int x = 0; x < width; x += DARK_STEP_PX, n++)
            sum += rgb[(size_t)y * stride + 3 * (size_t)x + 1];
    return sum < n * DARK_MEAN;
}

/* When the picture was taken: by the stream's own stamps, unless they make no sense beside the clock. */
static int64_t sensed(const struct device *d, const struct stream *s, GstSample *sample, int64_t base_ns)
{
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    const GstSegment *segment = gst_sample_get_segment(sample);
    int64_t arrived = (int64_t)GST_BUFFER_OFFSET_END(buffer), now = clock_mono_ns(), latest = s->live ? arrived : now, at;
    GstClockTime running = GST_BUFFER_PTS_IS_VALID(buffer) && segment->format == GST_FORMAT_TIME
                         ? gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer)) : GST_CLOCK_TIME_NONE;

    if (d->config.fast && s->recorded)
        return GST_CLOCK_TIME_IS_VALID(running) ? base_ns + (int64_t)running : d->last_sensed_ns;
    at = GST_CLOCK_TIME_IS_VALID(running) ? (int64_t)(gst_element_get_base_time(s->pipeline) + running) : arrived;
    if (at > latest || at < latest - NS_PER_S)
        at = arrived < latest ? arrived : latest;
    return at - d->config.start_mono_ns;
}

static void say_dropped(struct device *d, uint32_t n)
{
    struct trundle_message m = { .channel = TRUNDLE_DROP, .sensed_ns = d->last_sensed_ns };

    m.drop = (struct trundle_drop){ .channel = TRUNDLE_CAM, .count = n };
    atomic_fetch_add(&d->dropped, n);
    device_sample(d, &m);
}

static void judge(struct device *d, struct stream *s, const struct device_picture *p, int width, int height, int64_t now)
{
    const struct cart_camera *c = &d->camera.cart;

    if (!is_dark(p->rgb, p->stride_bytes, p->width_px, p->height_px))
        s->bright_ns = now;
    if (now - s->bright_ns > NS_PER_S)
        device_say(d, DEVICE_DARK, "camera %u sees black: is it covered?", d->index);
    else if (d->health != DEVICE_DARK || s->bright_ns == now)
        device_good(d);
    if (width != s->said_width_px || height != s->said_height_px) {
        bool first = s->said_width_px == 0;

        s->said_width_px = width;
        s->said_height_px = height;
        if (d->health == DEVICE_OK && (!first || width != c->width_px || height != c->height_px)) {
            d->health_said = false;
            device_say(d, DEVICE_OK, "camera %u sends %d x %d, scaled to the %d x %d of the cart file", d->index, width, height, c->width_px, c->height_px);
        }
    }
}

static void take_picture(struct device *d, struct stream *s, GstSample *sample, int64_t base_ns)
{
    const struct cart_camera *c = &d->camera.cart;
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    GstVideoInfo info;
    GstVideoFrame frame;
    uint32_t number;
    int width, height;

    s->heard_ns = clock_mono_ns();
    s->pictures = true;
    if (!buffer)
        return;
    number = (uint32_t)(GST_BUFFER_OFFSET(buffer) >> 32);
    if (number > s->taken + 1)
        say_dropped(d, number - s->taken - 1);
    s->taken = number;
    width = (int)(GST_BUFFER_OFFSET(buffer) >> 16 & 0xffff);
    height = (int)(GST_BUFFER_OFFSET(buffer) & 0xffff);
    if (!shape_fits(d, width, height))
        return;
    if (!gst_sample_get_caps(sample) || !gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) || GST_VIDEO_INFO_WIDTH(&info) != c->width_px
        || GST_VIDEO_INFO_HEIGHT(&info) != c->height_px || !gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ)) {
        device_bad(d, "camera %u sends a picture that cannot be read", d->index);
        return;
    }
    if (GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0) >= 3 * c->width_px) {
        struct device_picture p = { .rgb = GST_VIDEO_FRAME_PLANE_DATA(&frame, 0), .width_px = c->width_px, .height_px = c->height_px,
                                    .stride_bytes = (size_t)GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0), .sensed_ns = sensed(d, s, sample, base_ns) };

        judge(d, s, &p, width, height, s->heard_ns);
        atomic_fetch_add(&d->samples, 1);
        if (s->recorded)
            device_turn(d, p.sensed_ns);
        device_picture(d, &p);
    }
    gst_video_frame_unmap(&frame);
}

enum verdict { GOES_ON, ENDED, BROKE };

/* What the pipeline says about itself. */
static enum verdict take_bus(struct device *d, struct stream *s)
{
    GstBus *bus = gst_element_get_bus(s->pipeline);
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    enum verdict verdict = GOES_ON;

    gst_object_unref(bus);
    if (!message)
        return GOES_ON;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        verdict = ENDED;
        if (!s->recorded)
            device_say(d, DEVICE_GONE, "camera %u stopped", d->index);
    } else {
        GError *error = NULL;

        verdict = BROKE;
        gst_message_parse_error(message, &error, NULL);
        if (s->recorded)
            device_bad(d, "camera %u: %s: %s", d->index, GST_MESSAGE_SRC_NAME(message), error->message);
        else
            device_say(d, DEVICE_GONE, "camera %u: %s: %s", d->index, GST_MESSAGE_SRC_NAME(message), error->message);
        g_error_free(error);
    }
    gst_message_unref(message);
    return verdict;
}

static enum verdict stream_run(struct device *d, struct stream *s, int64_t base_ns)
{
    while (!device_stopping(d)) {
        GstSample *sample = gst_app_sink_try_pull_sample(GST_APP_SINK(s->sink), 50 * GST_MSECOND);
        int64_t quiet_ns;

        if (sample) {
            take_picture(d, s, sample, base_ns);
            gst_sample_unref(sample);
            continue;
        }
        if (gst_app_sink_is_eos(GST_APP_SINK(s->sink)))      /* or not started: the pull did not wait */
            (void)device_pause(d, 10 * NS_PER_MS);
        switch (take_bus(d, s)) {
        case ENDED: return ENDED;
        case BROKE: return BROKE;
        case GOES_ON: break;
        }
        quiet_ns = clock_mono_ns() - s->heard_ns;
        if (quiet_ns > d->config.silent_ns)
            device_say(d, DEVICE_SILENT, "camera %u has sent nothing for %.1f s", d->index, ns_s(quiet_ns));
        if (quiet_ns > 5 * d->config.silent_ns) {
            device_say(d, DEVICE_GONE, "camera %u is started again after %.1f s of silence", d->index, ns_s(quiet_ns));
            return BROKE;
        }
    }
    return GOES_ON;
}

static void run_camera(struct device *d)
{
    unsigned pause_ms = 0;
    int64_t base_ns = 0;

    do {
        struct stream s;
        enum verdict verdict = BROKE;

        if (stream_start(d, &s)) {
            if (!s.recorded)
                device_no_turn(d);
            verdict = stream_run(d, &s, base_ns);
        }
        stream_stop(&s);
        if (device_stopping(d))
            return;
        if (s.recorded && verdict == ENDED && !s.pictures)
            device_bad(d, "the recording of camera %u held no picture that can be read", d->index);
        if (s.recorded && (verdict == BROKE || !d->config.loop || !s.pictures)) {
            device_say(d, DEVICE_END, "the recording of camera %u has ended", d->index);
            return;
        }
        if (s.recorded) {
            base_ns = d->last_sensed_ns + (int64_t)(1e9 / d->camera.cart.fps);
            continue;
        }
        if (s.pictures && clock_mono_ns() - s.started_ns > 5 * NS_PER_S)
            pause_ms = 0;
        if (!device_retry(d, &pause_ms))
            return;
    } while (!device_stopping(d));
}

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n > m && strcmp(text + n - m, end) == 0;
}

static bool element_exists(const char *name)
{
    GstElementFactory *factory = gst_element_factory_find(name);
    bool exists = factory != NULL;

    gst_clear_object(&factory);
    return exists;
}

/* A source without '!' and '=' that holds a '/' or a '.' or is there as a file is a path. H.264 in MP4 only, by decoders that we name. */
static enum trundle_status launch_make(struct device *d, const char *where, struct trundle_error *err)
{
    static const char *const decoders[] = { "openh264dec", "avdec_h264" };
    const char *source = d->camera.cart.source;

    if (strpbrk(source, "!=") || !(strpbrk(source, "/.") || access(source, F_OK) == 0)) {
        (void)snprintf(d->camera.launch, sizeof d->camera.launch, "%s", source);
        return TRUNDLE_OK;
    }
    if (access(source, R_OK) != 0)
        return error_set(err, TRUNDLE_NOT_FOUND, where, "a path, or a launch string like v4l2src device=/dev/video0", "%.120s: %s", source, strerror(errno));
    if (!ends_in(source, ".mp4") && !ends_in(source, ".m4v") && !ends_in(source, ".mov"))
        return error_set(err, TRUNDLE_UNSUPPORTED, where, "write the launch string: filesrc location=FILE ! demuxer ! decoder",
                         "%.120s: only H.264 in .mp4 .m4v .mov opens by its path", source);
    for (size_t i = 0; i < COUNT_OF(decoders); i++)
        if (element_exists(decoders[i])) {
            (void)snprintf(d->camera.file, sizeof d->camera.file, "%s", source);
            (void)snprintf(d->camera.launch, sizeof d->camera.launch, "filesrc name=trundle_file ! qtdemux ! h264parse ! %s", decoders[i]);
            return TRUNDLE_OK;
        }
    return error_set(err, TRUNDLE_DEVICE, where, "install gstreamer1.0-plugins-bad", "there is no H.264 decoder here");
}

enum trundle_status camera_prepare(struct device *d, const struct cart_camera *camera, struct trundle_error *err)
{
    char where[64];
    GError *error = NULL;
    GstElement *pipeline = NULL;

    (void)snprintf(where, sizeof where, "cart file: cameras[%u].source", d->index);
    d->camera.cart = *camera;
    d->run = run_camera;
    if (camera->width_px < 16 || camera->width_px > 8192 || camera->height_px < 16 || camera->height_px > 8192 || !(camera->fps >= 1 && camera->fps <= 240))
        return error_set(err, TRUNDLE_BAD_INPUT, where, "16 to 8192 pixels, 1 to 240 pictures a second", "%d x %d at %g", camera->width_px, camera->height_px, camera->fps);
    if (!gst_init_check(NULL, NULL, &error)) {
        (void)error_set(err, TRUNDLE_DEVICE, where, "install gstreamer1.0-plugins-base", "GStreamer does not start: %s", error ? error->message : "");
        g_clear_error(&error);
        return TRUNDLE_DEVICE;
    }
    TRY(launch_make(d, where, err));
    TRY(pipeline_make(d, &pipeline, err));
    gst_object_unref(pipeline);
    return TRUNDLE_OK;
}
