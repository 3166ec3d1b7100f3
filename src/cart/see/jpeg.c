/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* turbojpeg behind four functions. The accurate transform is asked for: it gives the same bits on every machine. */
#include "cart/see/jpeg.h"

#include <turbojpeg.h>

bool see_jpeg_init(struct see_jpeg *j)
{
    j->decoder = tjInitDecompress();
    return j->decoder != NULL;
}

void see_jpeg_done(struct see_jpeg *j)
{
    if (j->decoder)
        (void)tjDestroy(j->decoder);
    j->decoder = NULL;
}

bool see_jpeg_size(struct see_jpeg *j, const uint8_t *jpeg, size_t n, int limit, int *out_w, int *out_h)
{
    int w, h, subsampling, colours;

    if (!jpeg || n < 4 || n > SEE_JPEG_BYTES_MAX)
        return false;
    if (tjDecompressHeader3(j->decoder, jpeg, (unsigned long)n, &w, &h, &subsampling, &colours) < 0)
        return false;
    if (w < 1 || h < 1 || w > limit || h > limit)
        return false;
    *out_w = w;
    *out_h = h;
    return true;
}

bool see_jpeg_rgb(struct see_jpeg *j, const uint8_t *jpeg, size_t n, int w, int h, uint8_t *out)
{
    return tjDecompress2(j->decoder, jpeg, (unsigned long)n, out, w, 3 * w, h, TJPF_RGB, TJFLAG_ACCURATEDCT) == 0;
}

bool see_jpeg_quarter(struct see_jpeg *j, const uint8_t *jpeg, size_t n, int w, int h, uint8_t *out)
{
    tjscalingfactor quarter = { 1, 4 };
    int qw = TJSCALED(w, quarter), qh = TJSCALED(h, quarter);

    return tjDecompress2(j->decoder, jpeg, (unsigned long)n, out, qw, qw, qh, TJPF_GRAY, TJFLAG_ACCURATEDCT) == 0;
}
