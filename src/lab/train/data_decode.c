/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* JPEG and PNG to RGB, and scaling by area. A picture that the decoder only warns about (cut short) counts as broken. */
#include "lab/train/data.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

enum { SIDE_MOST = 8192 };

static enum trundle_status decode_jpeg(const void *bytes, size_t n, const char *where, uint8_t **out_rgb, int *out_w, int *out_h, struct trundle_error *err)
{
    tjhandle j = tjInitDecompress();
    enum trundle_status status = TRUNDLE_OK;
    uint8_t *rgb = NULL;
    int w, h, subsampling, colours;

    if (!j)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no JPEG decoder");
    if (tjDecompressHeader3(j, bytes, (unsigned long)n, &w, &h, &subsampling, &colours) < 0) {
        status = error_set(err, TRUNDLE_CORRUPT, where, NULL, "not a whole JPEG: %s", tjGetErrorStr2(j));
        goto out;
    }
    if (w < 1 || h < 1 || w > SIDE_MOST || h > SIDE_MOST) {
        status = error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "a picture of %d x %d; sides may be 1 to %d", w, h, SIDE_MOST);
        goto out;
    }
    rgb = malloc((size_t)w * (size_t)h * 3);
    if (!rgb) {
        status = error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for a picture of %d x %d", w, h);
        goto out;
    }
    if (tjDecompress2(j, bytes, (unsigned long)n, rgb, w, 3 * w, h, TJPF_RGB, TJFLAG_ACCURATEDCT) < 0) {
        status = error_set(err, TRUNDLE_CORRUPT, where, NULL, "a broken JPEG: %s", tjGetErrorStr2(j));
        goto out;
    }
    *out_rgb = rgb;
    *out_w = w;
    *out_h = h;
    rgb = NULL;
out:
    free(rgb);
    (void)tjDestroy(j);
    return status;
}

static enum trundle_status decode_png(const void *bytes, size_t n, const char *where, uint8_t **out_rgb, int *out_w, int *out_h, struct trundle_error *err)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    png_color white = { 255, 255, 255 };
    enum trundle_status status;
    uint8_t *rgb;

    if (!png_image_begin_read_from_memory(&image, bytes, n))
        return error_set(err, TRUNDLE_CORRUPT, where, NULL, "not a whole PNG: %s", image.message);
    if (image.width < 1 || image.height < 1 || image.width > SIDE_MOST || image.height > SIDE_MOST) {
        status = error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "a picture of %u x %u; sides may be 1 to %d", image.width, image.height, SIDE_MOST);
        png_image_free(&image);
        return status;
    }
    image.format = PNG_FORMAT_RGB;
    rgb = malloc((size_t)image.width * image.height * 3);
    if (!rgb) {
        png_image_free(&image);
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for a picture");
    }
    if (!png_image_finish_read(&image, &white, rgb, 0, NULL)) {
        status = error_set(err, TRUNDLE_CORRUPT, where, NULL, "a broken PNG: %s", image.message);
        png_image_free(&image);
        free(rgb);
        return status;
    }
    *out_rgb = rgb;
    *out_w = (int)image.width;
    *out_h = (int)image.height;
    return TRUNDLE_OK;
}

enum trundle_status data_decode(const void *bytes, size_t n, const char *where, uint8_t **out_rgb, int *out_w, int *out_h, struct trundle_error *err)
{
    static const uint8_t png_head[4] = { 0x89, 'P', 'N', 'G' };
    const uint8_t *b = bytes;

    if (n >= 4 && b[0] == 0xff && b[1] == 0xd8)
        return decode_jpeg(bytes, n, where, out_rgb, out_w, out_h, err);
    if (n >= 4 && !memcmp(bytes, png_head, 4))
        return decode_png(bytes, n, where, out_rgb, out_w, out_h, err);
    return error_set(err, TRUNDLE_CORRUPT, where, NULL, "neither JPEG nor PNG");
}

/* One output line's weights over the input: *out_first, and at most `most` of them in weight, that sum to 1. */
static int area_weights(int at, int in, int out, float *weight, int *out_first)
{
    double step = (double)in / out, a = at * step, b = a + step, sum = 0;
    int first, n = 0;

    if (step < 1) {                           /* enlarging: between the two nearest middles */
        double middle = (a + b) / 2 - 0.5;
        double f = floor(middle);

        first = f < 0 ? 0 : (int)f;
        *out_first = first;
        if (f < 0 || first + 1 >= in) {
            weight[0] = 1;
            return 1;
        }
        weight[0] = (float)(1 - (middle - f));
        weight[1] = (float)(middle - f);
        return 2;
    }
    first = (int)a;
    for (int i = first; i < in && i < b - 1e-9; i++) {
        double w = fmin(b, i + 1) - fmax(a, i);

        weight[n++] = (float)w;
        sum += w;
    }
    for (int i = 0; i < n; i++)
        weight[i] = (float)((double)weight[i] / sum);
    *out_first = first;
    return n;
}

enum trundle_status data_resize(const uint8_t *rgb, int w, int h, uint8_t *out, int ow, int oh)
{
    enum trundle_status status = TRUNDLE_NO_MEMORY;
    int most = w / ow + 3 > h / oh + 3 ? w / ow + 3 : h / oh + 3;
    float *weight = malloc(sizeof(float) * (size_t)most * (size_t)ow), *row_weight = malloc(sizeof(float) * (size_t)most);
    int *first = malloc(sizeof(int) * (size_t)ow), *count = malloc(sizeof(int) * (size_t)ow);
    float *row = malloc(sizeof(float) * (size_t)w * 3);

    if (!weight || !row_weight || !first || !count || !row)
        goto out;
    for (int x = 0; x < ow; x++)
        count[x] = area_weights(x, w, ow, weight + (size_t)x * (size_t)most, &first[x]);
    for (int y = 0; y < oh; y++) {
        int y0, n = area_weights(y, h, oh, row_weight, &y0);

        memset(row, 0, sizeof(float) * (size_t)w * 3);
        for (int k = 0; k < n; k++) {
            const uint8_t *in = rgb + (size_t)(y0 + k) * (size_t)w * 3;
            float v = row_weight[k];

            for (int i = 0; i < 3 * w; i++)
                row[i] += v * (float)in[i];
        }
        for (int x = 0; x < ow; x++) {
            float sum[3] = { 0.5f, 0.5f, 0.5f };
            const float *v = weight + (size_t)x * (size_t)most, *in = row + 3 * (size_t)first[x];

            for (int k = 0; k < count[x]; k++)
                for (int c = 0; c < 3; c++)
                    sum[c] += v[k] * in[3 * k + c];
            for (int c = 0; c < 3; c++)
                *out++ = (uint8_t)(sum[c] > 255 ? 255 : sum[c]);
        }
    }
    status = TRUNDLE_OK;
out:
    free(weight);
    free(row_weight);
    free(first);
    free(count);
    free(row);
    return status;
}
