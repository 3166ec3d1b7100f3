/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Codes on rich sheets, as libzint draws them, whole texels per module. */
#include "lab/sim/print_inner.h"

#include <string.h>
#include <zint.h>

enum { QUIET = 10 };

enum trundle_status panel_code(const struct panel *p, int symbology, const char *digits, float cx, float cy, float tall, int texels,
                               struct sim_code_place *out_place)
{
    struct zint_symbol *symbol = ZBarcode_Create();
    enum trundle_status status = TRUNDLE_OK;
    unsigned char text[128];
    int modules, left, top, height, row, room = (int)(p->clip[2] - p->clip[0]);

    if (!symbol)
        return TRUNDLE_NO_MEMORY;
    (void)memset(text, 0, sizeof text);
    memcpy(text, digits, strlen(digits) < sizeof text ? strlen(digits) : sizeof text - 1);
    symbol->symbology = symbology;
    symbol->show_hrt = 0;
    symbol->scale = .5f;                       /* a pixel per module */
    if (ZBarcode_Encode_and_Buffer(symbol, text, 0, 0) >= ZINT_ERROR || symbol->bitmap_width < 60) {
        status = TRUNDLE_BAD_INPUT;
        goto out;
    }
    modules = symbol->bitmap_width;
    while (texels > 1 && texels * (modules + 2 * QUIET) > room)
        texels--;
    if (texels * (modules + 2) > room) {
        status = TRUNDLE_TOO_LARGE;
        goto out;
    }
    row = symbol->bitmap_height / 4;
    height = (int)(tall * p->sy);
    left = (int)(p->ox + cx * p->sx) - texels * modules / 2;
    top = (int)(p->oy + cy * p->sy) - height / 2;
    for (int y = top - texels * 3; y < top + height + texels * 3; y++)
        for (int x = left - QUIET * texels; x < left + (modules + QUIET) * texels; x++) {
            int m = x < left ? -1 : (x - left) / texels;
            bool dark = m >= 0 && m < modules && y >= top && y < top + height && symbol->bitmap[3 * (row * modules + m)] == 0;

            if (y >= (int)p->clip[1] && y < (int)p->clip[3] && x >= (int)p->clip[0] && x < (int)p->clip[2])
                p->px[y * PRINT_SIDE + x] = dark ? 0xff141414 : 0xfff4f4f4;
        }
    if (out_place) {
        int first = 0, end = modules;          /* libzint's rows may begin and end light */

        while (first < modules && symbol->bitmap[3 * (row * modules + first)] != 0)
            first++;
        while (end > first && symbol->bitmap[3 * (row * modules + end - 1)] != 0)
            end--;
        *out_place = (struct sim_code_place){ .u = (left + .5 * texels * (first + end)) / PRINT_SIDE, .v = (top + .5 * height) / PRINT_SIDE,
                                              .wide = (double)(texels * (end - first)) / PRINT_SIDE, .tall = (double)height / PRINT_SIDE,
                                              .modules = end - first };
    }
out:
    ZBarcode_Delete(symbol);
    return status;
}
