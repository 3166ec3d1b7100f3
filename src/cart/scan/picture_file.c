/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* JPEG by turbojpeg, PNG by libpng's simplified interface. */
#include "cart/scan/picture_file.h"

#include "base/std/bytes.h"
#include "cart/scan/picture.h"

#include <png.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

enum { FILE_LIMIT = 64 << 20 };

static bool fits(long width, long height)
{
    return width > 0 && height > 0 && width <= SCAN_SIDE_MAX && height <= SCAN_SIDE_MAX && width * height <= SCAN_PIXELS_MAX;
}

static enum trundle_status decode_png(const void *bytes, size_t n, const char *where, struct grey_picture *out, struct trundle_error *err)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    const png_color white = { 255, 255, 255 };
    enum trundle_status status = TRUNDLE_OK;
    uint8_t *luma = NULL;

    if (!png_image_begin_read_from_memory(&image, bytes, n))
        return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "damaged PNG: %s", image.message);
    image.format = PNG_FORMAT_GRAY;
    if (!fits((long)image.width, (long)image.height)) {
        status = error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "PNG of %u x %u pixels", image.width, image.height);
        goto out;
    }
    luma = malloc(PNG_IMAGE_SIZE(image));
    if (!luma) {
        status = error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for %u x %u pixels", image.width, image.height);
        goto out;
    }
    if (!png_image_finish_read(&image, &white, luma, 0, NULL)) {
        status = error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "damaged PNG: %s", image.message);
        goto out;
    }
    *out = (struct grey_picture){ luma, (int)image.width, (int)image.height };
    luma = NULL;
out:
    free(luma);
    png_image_free(&image);
    return status;
}

static enum trundle_status decode_jpeg(const uint8_t *bytes, size_t n, const char *where, struct grey_picture *out, struct trundle_error *err)
{
    tjhandle jpeg = tjInitDecompress();
    int width = 0, height = 0, sampling, colours;
    enum trundle_status status = TRUNDLE_OK;
    uint8_t *luma = NULL;

    if (!jpeg)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for a JPEG decoder");
    if (tjDecompressHeader3(jpeg, bytes, (unsigned long)n, &width, &height, &sampling, &colours) != 0 || width < 1 || height < 1) {
        status = error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "damaged JPEG: %s", tjGetErrorStr2(jpeg));
        goto out;
    }
    if (!fits(width, height)) {
        status = error_set(err, TRUNDLE_TOO_LARGE, where, NULL, "JPEG of %d x %d pixels", width, height);
        goto out;
    }
    luma = malloc((size_t)width * (size_t)height);
    if (!luma) {
        status = error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for %d x %d pixels", width, height);
        goto out;
    }
    if (tjDecompress2(jpeg, bytes, (unsigned long)n, luma, width, width, height, TJPF_GRAY, TJFLAG_ACCURATEDCT) != 0 &&
        tjGetErrorCode(jpeg) != TJERR_WARNING) {
        status = error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "damaged JPEG: %s", tjGetErrorStr2(jpeg));
        goto out;
    }
    *out = (struct grey_picture){ luma, width, height };
    luma = NULL;
out:
    free(luma);
    (void)tjDestroy(jpeg);
    return status;
}

enum trundle_status grey_picture_decode(const void *bytes, size_t n, const char *where, struct grey_picture *out, struct trundle_error *err)
{
    if (n >= 8 && !memcmp(bytes, "\x89PNG\r\n\x1a\n", 8))
        return decode_png(bytes, n, where, out, err);
    if (n >= 3 && !memcmp(bytes, "\xff\xd8\xff", 3))
        return decode_jpeg(bytes, n, where, out, err);
    return error_set(err, TRUNDLE_BAD_INPUT, where, "JPEG and PNG are read", "is neither JPEG nor PNG");
}

enum trundle_status grey_picture_load(const char *path, struct grey_picture *out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status = file_read(path, FILE_LIMIT, &b, err);

    if (status == TRUNDLE_OK)
        status = grey_picture_decode(b.data, b.n, path, out, err);
    bytes_done(&b);
    return status;
}

void grey_picture_done(struct grey_picture *p)
{
    free(p->luma);
    *p = (struct grey_picture){ 0 };
}
