/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What happens to one sample, in which order: warp, colour, blur, noise, JPEG, cut-out, normalise, mix. The geometry is augment_warp.c. */
#include "lab/train/augment_inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

struct augment_scratch *augment_scratch_new(void)
{
    return calloc(1, sizeof(struct augment_scratch));
}

void augment_scratch_free(struct augment_scratch *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < COUNT_OF(s->half); i++)
        free(s->half[i]);
    free(s->row);
    free(s->mix);
    free(s->bytes);
    free(s->jpeg);
    if (s->encoder)
        (void)tjDestroy(s->encoder);
    if (s->decoder)
        (void)tjDestroy(s->decoder);
    free(s);
}

void *augment_room(void **at, size_t *room, size_t bytes)
{
    if (*room < bytes) {
        free(*at);
        *at = malloc(bytes);
        *room = *at ? bytes : 0;
    }
    return *at;
}

/* --- colour --- */

/* One matrix: saturation and hue turn about the grey axis (as in YIQ), brightness scales; contrast pulls towards the mean luma. */
void augment_colour(float *x, int n, double brightness, double contrast, double saturation, double hue_deg)
{
    static const double luma[3] = { 0.299, 0.587, 0.114 };
    static const double to_yiq[3][3] = { { 0.299, 0.587, 0.114 }, { 0.595716, -0.274453, -0.321263 }, { 0.211456, -0.522591, 0.311135 } };
    static const double from_yiq[3][3] = { { 1, 0.9563, 0.6210 }, { 1, -0.2721, -0.6474 }, { 1, -1.1070, 1.7046 } };
    double a = hue_deg * 0.017453292519943295, c = cos(a) * saturation, s = sin(a) * saturation, t[3][3], m[3][3];
    double sum = 0, offset;
    float f[3][3], o;

    if (brightness == 1 && contrast == 1 && saturation == 1 && hue_deg == 0)
        return;
    for (int k = 0; k < 3; k++) {
        t[0][k] = to_yiq[0][k];
        t[1][k] = c * to_yiq[1][k] - s * to_yiq[2][k];
        t[2][k] = s * to_yiq[1][k] + c * to_yiq[2][k];
    }
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            m[i][k] = from_yiq[i][0] * t[0][k] + from_yiq[i][1] * t[1][k] + from_yiq[i][2] * t[2][k];
            if (saturation == 1 && hue_deg == 0)
                m[i][k] = i == k;             /* exactly */
        }
    for (int i = 0; i < n; i++)
        sum += luma[0] * (double)x[3 * i] + luma[1] * (double)x[3 * i + 1] + luma[2] * (double)x[3 * i + 2];
    offset = brightness * (1 - contrast) * sum / n;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            f[i][k] = (float)(m[i][k] * brightness * contrast);
    o = (float)offset;
    for (int i = 0; i < n; i++, x += 3) {
        float r = x[0], g = x[1], b = x[2];

        for (int k = 0; k < 3; k++) {
            float v = f[k][0] * r + f[k][1] * g + f[k][2] * b + o;

            x[k] = v < 0 ? 0 : v > 255 ? 255 : v;
        }
    }
}

/* --- blur, noise, JPEG --- */

enum trundle_status augment_blur(float *x, int w, int h, double sd_px, struct augment_scratch *s)
{
    int radius = (int)ceil(2.5 * sd_px), longer = w > h ? w : h;
    float weight[64], *line, sum = 0;

    radius = radius < 1 ? 1 : radius > 31 ? 31 : radius;
    for (int i = 0; i <= radius; i++) {
        weight[i] = (float)exp(-0.5 * i * i / (sd_px * sd_px));
        sum += i ? 2 * weight[i] : weight[i];
    }
    for (int i = 0; i <= radius; i++)
        weight[i] /= sum;
    line = augment_room((void **)&s->row, &s->row_room, sizeof(float) * 3 * (size_t)longer);
    if (!line)
        return TRUNDLE_NO_MEMORY;
    for (int pass = 0; pass < 2; pass++) {
        int n = pass ? h : w, lines = pass ? w : h, step = pass ? 3 * w : 3;

        for (int l = 0; l < lines; l++) {
            float *p = x + (pass ? 3 * l : 3 * w * l);

            for (int i = 0; i < n; i++)
                for (int c = 0; c < 3; c++)
                    line[3 * i + c] = p[i * step + c];
            for (int i = 0; i < n; i++)
                for (int c = 0; c < 3; c++) {
                    float v = weight[0] * line[3 * i + c];

                    for (int k = 1; k <= radius; k++) {
                        int before = i - k < 0 ? 0 : i - k, after = i + k >= n ? n - 1 : i + k;

                        v += weight[k] * (line[3 * before + c] + line[3 * after + c]);
                    }
                    p[i * step + c] = v;
                }
        }
    }
    return TRUNDLE_OK;
}

static void add_noise(float *x, int n, double sd, struct rng *r)
{
    for (int i = 0; i < 3 * n; i++) {
        float v = x[i] + (float)(sd * rng_normal(r));

        x[i] = v < 0 ? 0 : v > 255 ? 255 : v;
    }
}

static enum trundle_status through_jpeg(float *x, int w, int h, int quality, struct augment_scratch *s)
{
    size_t n = (size_t)w * (size_t)h * 3;
    unsigned long bytes = tjBufSize(w, h, TJSAMP_420);
    uint8_t *rgb = augment_room((void **)&s->bytes, &s->bytes_room, n), *jpeg = augment_room((void **)&s->jpeg, &s->jpeg_room, bytes);

    if (!s->encoder)
        s->encoder = tjInitCompress();
    if (!s->decoder)
        s->decoder = tjInitDecompress();
    if (!rgb || !jpeg || !s->encoder || !s->decoder)
        return TRUNDLE_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        rgb[i] = (uint8_t)(x[i] + 0.5f);
    if (tjCompress2(s->encoder, rgb, w, 3 * w, h, TJPF_RGB, &jpeg, &bytes, TJSAMP_420, quality, TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT) < 0 ||
        tjDecompress2(s->decoder, jpeg, bytes, rgb, w, 3 * w, h, TJPF_RGB, TJFLAG_ACCURATEDCT) < 0)
        return TRUNDLE_CORRUPT;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rgb[i];
    return TRUNDLE_OK;
}

/* A rectangle of about `share` of the sides, its middle anywhere, in the mean colour. */
static void cut_out(const struct augment_config *c, float *x, int w, int h, double share, struct rng *r)
{
    double cw = share * w, ch = share * h, mx = rng_range(r, 0, w), my = rng_range(r, 0, h);
    int x0 = (int)fmax(0, mx - cw / 2), x1 = (int)fmin(w, mx + cw / 2), y0 = (int)fmax(0, my - ch / 2), y1 = (int)fmin(h, my + ch / 2);

    for (int v = y0; v < y1; v++)
        for (int u = x0; u < x1; u++)
            for (int k = 0; k < 3; k++)
                x[3 * (v * w + u) + k] = (float)(255 * c->mean[k]);
}

static void normalise(const struct augment_config *c, float *x, int n)
{
    float scale[3], offset[3];

    for (int k = 0; k < 3; k++) {
        scale[k] = (float)(1 / (255 * c->sd[k]));
        offset[k] = (float)(-c->mean[k] / c->sd[k]);
    }
    for (int i = 0; i < n; i++, x += 3)
        for (int k = 0; k < 3; k++)
            x[k] = x[k] * scale[k] + offset[k];
}

/* --- samples --- */

static double factor(double spread, struct rng *r)
{
    return rng_range(r, 1 - spread, 1 + spread);
}

static enum trundle_status failed(enum trundle_status status, const struct data_item *item, struct trundle_error *err)
{
    return error_set(err, status, item->name, NULL, status == TRUNDLE_NO_MEMORY ? "no memory for a sample" : "JPEG refused the sample");
}

static void truth_of(const struct data_item *item, size_t index, struct augment_truth *t)
{
    t->label = t->label2 = item->label;
    t->coarse = t->coarse2 = item->coarse;
    t->lambda = 1;
    t->item = (uint32_t)index;
    t->boxes_n = 0;
}

/* One item with everything but mixing; every draw is made whether its step happens or not, so that steps shift no other's. */
static enum trundle_status draw(const struct augment_plan *plan, const struct data_set *set, size_t index, int w, int h, struct rng *r, struct augment_scratch *s,
                                float *x, struct augment_truth *out, struct trundle_error *err)
{
    const struct augment_config *c = &plan->config;
    const struct data_item *item = data_item(set, index);
    enum trundle_status status;
    struct data_picture p;
    struct augment_warp warp;
    double brightness, contrast, saturation, hue, blur, blur_sd, noise, noise_sd, jpeg, quality, cut, share;

    TRY(data_picture(set, index, &p, err));
    warp = augment_warp_draw(c, plan->boxes, p.w, p.h, w, h, r);
    brightness = factor(c->brightness, r);
    contrast = factor(c->contrast, r);
    saturation = factor(c->saturation, r);
    hue = rng_range(r, -c->hue_deg, c->hue_deg);
    blur = rng_unit(r);
    blur_sd = rng_range(r, 0.05, c->blur_px);
    noise = rng_unit(r);
    noise_sd = rng_range(r, 0, c->noise_dn);
    jpeg = rng_unit(r);
    quality = rng_range(r, c->jpeg_quality[0], c->jpeg_quality[1] + 1);
    cut = rng_unit(r);
    share = rng_range(r, c->cutout_share / 4, c->cutout_share);

    TRY_GOTO(status, augment_warp_run(&warp, &p, w, h, s, x), out);
    augment_colour(x, w * h, brightness, contrast, saturation, hue);
    if (blur < c->blur && blur_sd > 0.2)
        TRY_GOTO(status, augment_blur(x, w, h, blur_sd, s), out);
    if (noise < c->noise)
        add_noise(x, w * h, noise_sd, r);
    if (jpeg < c->jpeg)
        TRY_GOTO(status, through_jpeg(x, w, h, quality > 100 ? 100 : (int)quality, s), out);
    if (cut < c->cutout)
        cut_out(c, x, w, h, share, r);
    normalise(c, x, w * h);
    truth_of(item, index, out);
    if (plan->boxes)
        out->boxes_n = augment_warp_boxes(&warp, item->box, item->boxes_n, p.w, p.h, w, h, out->box);
out:
    data_picture_done(&p);
    return status == TRUNDLE_OK ? TRUNDLE_OK : failed(status, item, err);
}

/* Beta(a, a) as a ratio of gammas (Marsaglia, Tsang: "A simple method for generating gamma variables", 2000). */
static double draw_gamma(double a, struct rng *r)
{
    double boost = 1, d, c;

    if (a < 1) {
        boost = pow(1 - rng_unit(r), 1 / a);
        a += 1;
    }
    d = a - 1.0 / 3;
    c = 1 / sqrt(9 * d);
    for (;;) {
        double x = rng_normal(r), v = 1 + c * x, u = 1 - rng_unit(r);

        if (v <= 0)
            continue;
        v = v * v * v;
        if (log(u) < 0.5 * x * x + d - d * v + d * log(v))
            return boost * d * v;
    }
}

static double draw_beta(double a, struct rng *r)
{
    double x = draw_gamma(a, r), y = draw_gamma(a, r);

    return x + y > 0 ? x / (x + y) : 0.5;
}

static void mix_up(float *x, const float *other, size_t n, float lambda)
{
    for (size_t i = 0; i < n; i++)
        x[i] = lambda * x[i] + (1 - lambda) * other[i];
}

/* Returns the share of x that is left. */
static float cut_mix(float *x, const float *other, int w, int h, double lambda, struct rng *r)
{
    double side = sqrt(1 - lambda);
    int cw = (int)(side * w + 0.5), ch = (int)(side * h + 0.5);
    int x0 = (int)rng_below(r, (uint32_t)(w - cw + 1)), y0 = (int)rng_below(r, (uint32_t)(h - ch + 1));

    for (int v = y0; v < y0 + ch; v++)
        memcpy(x + 3 * (v * w + x0), other + 3 * (v * w + x0), sizeof(float) * 3 * (size_t)cw);
    return 1 - (float)(cw * ch) / (float)(w * h);
}

static struct rng rng_of(const struct augment_plan *plan, uint32_t epoch, size_t index, const char *what)
{
    char stream[64];

    (void)snprintf(stream, sizeof stream, "%s/%u/%zu", what, epoch, index);
    return rng_seed(plan->seed, stream);
}

enum trundle_status augment_sample(const struct augment_plan *plan, const struct data_set *set, enum data_part part, uint32_t epoch, size_t i, int w, int h,
                                   struct augment_scratch *s, float *x, struct augment_truth *out, struct trundle_error *err)
{
    const struct augment_config *c = &plan->config;
    size_t index = data_part(set, part, i), partner, n = (size_t)w * (size_t)h * 3;
    struct rng r = rng_of(plan, epoch, index, "augment"), m = rng_of(plan, epoch, index, "mix");
    double which = rng_unit(&m), lambda;
    const struct data_item *other;
    struct augment_truth *unused;
    float *x2;

    TRY(draw(plan, set, index, w, h, &r, s, x, out, err));
    if (plan->boxes || which >= c->mixup + c->cutmix)
        return TRUNDLE_OK;
    partner = data_part(set, part, rng_below(&m, (uint32_t)data_part_n(set, part)));
    lambda = draw_beta(which < c->mixup ? c->mixup_alpha : c->cutmix_alpha, &m);
    unused = &s->truth;
    x2 = augment_room((void **)&s->mix, &s->mix_room, n * sizeof *x2);
    if (!x2)
        return failed(TRUNDLE_NO_MEMORY, data_item(set, index), err);
    r = rng_of(plan, epoch, index, "partner");
    TRY(draw(plan, set, partner, w, h, &r, s, x2, unused, err));
    other = data_item(set, partner);
    out->label2 = other->label;
    out->coarse2 = other->coarse;
    if (which < c->mixup) {
        out->lambda = (float)lambda;
        mix_up(x, x2, n, out->lambda);
    } else {
        out->lambda = cut_mix(x, x2, w, h, lambda, &m);
    }
    return TRUNDLE_OK;
}

enum trundle_status augment_plain(const struct augment_plan *plan, const struct data_set *set, enum data_part part, size_t i, int w, int h, bool mirror,
                                  struct augment_scratch *s, float *x, struct augment_truth *out, struct trundle_error *err)
{
    size_t index = data_part(set, part, i);
    const struct data_item *item = data_item(set, index);
    struct augment_warp warp;
    enum trundle_status status;
    struct data_picture p;

    TRY(data_picture(set, index, &p, err));
    warp = augment_warp_plain(plan->boxes, plan->crop, mirror, p.w, p.h, w, h);
    status = augment_warp_run(&warp, &p, w, h, s, x);
    truth_of(item, index, out);
    if (status == TRUNDLE_OK && plan->boxes)
        out->boxes_n = augment_warp_boxes(&warp, item->box, item->boxes_n, p.w, p.h, w, h, out->box);
    data_picture_done(&p);
    if (status != TRUNDLE_OK)
        return failed(status, item, err);
    normalise(&plan->config, x, w * h);
    return TRUNDLE_OK;
}
