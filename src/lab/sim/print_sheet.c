/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Sheets of rich products: memory, smaller levels, scuffs and dirt, photos of the user's. */
#include "lab/sim/print_inner.h"

#include "lab/train/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PHOTO_BYTES_MOST = 32 << 20 };

enum trundle_status print_sheet(int side, struct sim_texture *t)
{
    *t = (struct sim_texture){ .w = side, .h = side, .levels = 1 };
    t->level[0] = calloc((size_t)side * (size_t)side, sizeof *t->level[0]);
    return t->level[0] ? TRUNDLE_OK : TRUNDLE_NO_MEMORY;
}

enum trundle_status print_levels(struct sim_texture *t)
{
    while (t->levels < SIM_MIPS_MAX && (t->w >> t->levels) > 0 && (t->h >> t->levels) > 0) {
        int w = t->w >> t->levels, h = t->h >> t->levels;
        const uint32_t *above = t->level[t->levels - 1];
        uint32_t *level = malloc((size_t)w * (size_t)h * sizeof *level);

        if (!level)
            return TRUNDLE_NO_MEMORY;
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                const uint32_t *a = above + (size_t)(2 * y) * (size_t)(2 * w) + 2 * x, *b = a + 2 * w;
                uint32_t even = ((a[0] & 0xff00ff) + (a[1] & 0xff00ff) + (b[0] & 0xff00ff) + (b[1] & 0xff00ff)) >> 2 & 0xff00ff;
                uint32_t odd = ((a[0] >> 8 & 0xff00ff) + (a[1] >> 8 & 0xff00ff) + (b[0] >> 8 & 0xff00ff) + (b[1] >> 8 & 0xff00ff)) >> 2 & 0xff00ff;

                level[(size_t)y * (size_t)w + (size_t)x] = even | odd << 8;
            }
        t->level[t->levels++] = level;
    }
    return TRUNDLE_OK;
}

void print_wear(uint32_t *px, double amount, struct rng *r)
{
    static const struct model_region all = { 0, 0, MODEL_SHEET, MODEL_SHEET };
    struct panel p = panel_make(px, &all, 1, 1);

    for (int i = 0; i < (int)(90 * amount); i++) {   /* scratches where ink is gone */
        float x = (float)rng_unit(r), y = (float)rng_unit(r), turn = (float)rng_range(r, 0, 3.1416), n = (float)rng_range(r, .005, .05);

        panel_line(&p, x, y, x + n * cosf(turn), y + n * sinf(turn), (float)rng_range(r, .0004, .0016), 0xe0dcd4);
    }
    for (int i = 0; i < (int)(14 * amount); i++) {   /* smudges */
        float cx = (float)rng_unit(r) * PRINT_SIDE, cy = (float)rng_unit(r) * PRINT_SIDE, size = (float)rng_range(r, 14, 70);
        double strong = rng_range(r, .15, .5);

        for (int y = (int)(cy - size) < 0 ? 0 : (int)(cy - size); y < PRINT_SIDE && y < (int)(cy + size); y++)
            for (int x = (int)(cx - size) < 0 ? 0 : (int)(cx - size); x < PRINT_SIDE && x < (int)(cx + size); x++) {
                float dx = ((float)x - cx) / size, dy = ((float)y - cy) / size, q = dx * dx + dy * dy;
                uint32_t *t = &px[y * PRINT_SIDE + x];

                if (q < 1)
                    *t = (*t & 0xff000000) | print_mix(*t & 0xffffff, 0x5a4c3c, strong * (double)((1 - q) * (1 - q)));
            }
    }
}

/* Cut to the panel's shape about its middle, then scaled by area. */
enum trundle_status panel_photo(const struct panel *p, const char *path)
{
    struct trundle_error err = { 0 };
    struct bytes file = { 0 };
    uint8_t *rgb = NULL, *cut = NULL, *scaled = NULL;
    int w, h, ow = (int)(p->clip[2] - p->clip[0]), oh = (int)(p->clip[3] - p->clip[1]), cw, ch;
    enum trundle_status status;

    TRY_GOTO(status, file_read(path, PHOTO_BYTES_MOST, &file, &err), out);
    TRY_GOTO(status, data_decode(file.data, file.n, path, &rgb, &w, &h, &err), out);
    cw = w;
    ch = (int)((float)w * p->tall);
    if (ch > h) {
        ch = h;
        cw = (int)((float)h / p->tall);
    }
    cw = cw < 1 ? 1 : cw > w ? w : cw;
    ch = ch < 1 ? 1 : ch;
    cut = malloc((size_t)cw * (size_t)ch * 3);
    scaled = malloc((size_t)ow * (size_t)oh * 3);
    if (!cut || !scaled) {
        status = TRUNDLE_NO_MEMORY;
        goto out;
    }
    for (int y = 0; y < ch; y++)
        memcpy(cut + (size_t)y * (size_t)cw * 3, rgb + ((size_t)(y + (h - ch) / 2) * (size_t)w + (size_t)((w - cw) / 2)) * 3, (size_t)cw * 3);
    TRY_GOTO(status, data_resize(cut, cw, ch, scaled, ow, oh), out);
    for (int y = 0; y < oh; y++)
        for (int x = 0; x < ow; x++) {
            const uint8_t *c = scaled + ((size_t)y * (size_t)ow + (size_t)x) * 3;

            p->px[((int)p->clip[1] + y) * PRINT_SIDE + (int)p->clip[0] + x] = 0xff000000 | print_rgb(c);
        }
out:
    bytes_done(&file);
    free(rgb);
    free(cut);
    free(scaled);
    return status;
}
