/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The stages of reading a picture: zbar as it is, the own line reader, zbar on prepared pictures; what is confirmed is kept. */
#include "cart/scan/picture.h"

#include "cart/scan/gs1.h"
#include "cart/scan/lines.h"
#include "cart/scan/prepare.h"

#include <stdlib.h>
#include <string.h>
#include <zbar.h>

/* What the stages have said so far. zbar's votes are the lines on which it read the code. */
struct tally_votes { int votes, stages, last_stage; };
struct tally {
    int stage;
    struct tally_votes of[SCAN_CODES_MAX];
    struct scan_codes codes;
};

enum {
    VOTES_EAN = 6, VOTES_UPCE = 20,      /* enough to believe; UPC-E has no middle guard and few bars */
    VOTES_OURS = 20,                     /* what a read of the line reader counts, which summed its lines before it spoke */
    VOTES_LATE = 3, STAGES_LATE = 2,     /* or so few, when different preparations agree */
    PREPARED_SIDE = 1280                 /* longest side of an enlarged picture; a larger one has pixels enough */
};

struct scanner {
    struct scanner_config config;
    zbar_image_scanner_t *zbar;          /* owned */
    struct line_reader *lines;           /* owned */
    struct plane original, work[2];      /* owned buffers */
};

enum trundle_status scanner_new(const struct scanner_config *config, struct scanner **out, struct trundle_error *err)
{
    static const zbar_symbol_type_t wanted[] = { ZBAR_EAN13, ZBAR_EAN8, ZBAR_UPCE, ZBAR_DATABAR, ZBAR_DATABAR_EXP, ZBAR_CODE128, ZBAR_QRCODE };
    struct scanner *s = calloc(1, sizeof *s);

    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, "scanner", NULL, "no memory for a scanner");
    s->config = *config;
    s->zbar = zbar_image_scanner_create();
    s->lines = line_reader_new();
    if (!s->zbar || !s->lines) {
        scanner_free(s);
        return error_set(err, TRUNDLE_NO_MEMORY, "scanner", NULL, "no memory for a scanner");
    }
    (void)zbar_image_scanner_set_config(s->zbar, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        (void)zbar_image_scanner_set_config(s->zbar, wanted[i], ZBAR_CFG_ENABLE, 1);
    *out = s;
    return TRUNDLE_OK;
}

void scanner_free(struct scanner *s)
{
    if (!s)
        return;
    if (s->zbar)
        zbar_image_scanner_destroy(s->zbar);
    line_reader_free(s->lines);
    plane_done(&s->original);
    plane_done(&s->work[0]);
    plane_done(&s->work[1]);
    free(s);
}

static enum trundle_symbology symbology_of(zbar_symbol_type_t type)
{
    switch (type) {
    case ZBAR_EAN13:
        return TRUNDLE_SYM_EAN13;
    case ZBAR_EAN8:
        return TRUNDLE_SYM_EAN8;
    case ZBAR_UPCE:
        return TRUNDLE_SYM_UPCE;
    case ZBAR_DATABAR:
        return TRUNDLE_SYM_DATABAR;
    case ZBAR_DATABAR_EXP:
        return TRUNDLE_SYM_DATABAR_EXPANDED;
    case ZBAR_CODE128:
        return TRUNDLE_SYM_CODE128;
    case ZBAR_QRCODE:
        return TRUNDLE_SYM_QR;
    default:
        return TRUNDLE_SYM_OTHER;
    }
}

static void vote(struct tally *t, int i, int votes)
{
    t->of[i].votes += votes;
    if (!t->of[i].stages || t->of[i].last_stage != t->stage)
        t->of[i].stages++;
    t->of[i].last_stage = t->stage;
}

/* Adds a code once. EAN and UPC whose digits do not hold are left out. */
static void add(struct tally *t, enum trundle_symbology symbology, const char *text, size_t n, int votes)
{
    struct scan_codes *codes = &t->codes;
    struct trundle_code *code;
    char upca[13];

    if (n == 0 || n >= TRUNDLE_CODE_TEXT)
        return;
    if (symbology == TRUNDLE_SYM_EAN13 && n == 13 && text[0] == '0') {
        symbology = TRUNDLE_SYM_UPCA;
        text++;
        n--;
    }
    if (((symbology == TRUNDLE_SYM_EAN13 || symbology == TRUNDLE_SYM_UPCA || symbology == TRUNDLE_SYM_EAN8) && !scan_check_digit_holds(text, n)) ||
        (symbology == TRUNDLE_SYM_UPCE && (n != 8 || !scan_upce_expand(text, upca))))
        return;
    for (int i = 0; i < codes->n; i++)
        if (codes->code[i].symbology == symbology && codes->code[i].text_bytes == n && !memcmp(codes->code[i].text, text, n)) {
            vote(t, i, votes);
            return;
        }
    if (codes->n == SCAN_CODES_MAX)
        return;
    code = &codes->code[codes->n];
    memset(code, 0, sizeof *code);
    code->source = TRUNDLE_CODE_CAMERA;
    code->symbology = symbology;
    code->text_bytes = (uint16_t)n;
    memcpy(code->text, text, n);
    t->of[codes->n] = (struct tally_votes){ 0 };
    vote(t, codes->n++, votes);
}

/* Moves what is believed to *out, most votes first. `late`: all stages are through. */
static void believed(const struct tally *t, bool late, struct scan_codes *out)
{
    int votes[SCAN_CODES_MAX];

    out->n = 0;
    for (int i = 0; i < t->codes.n; i++) {
        enum trundle_symbology symbology = t->codes.code[i].symbology;
        bool linear = symbology == TRUNDLE_SYM_EAN13 || symbology == TRUNDLE_SYM_UPCA || symbology == TRUNDLE_SYM_EAN8;
        int enough = symbology == TRUNDLE_SYM_UPCE ? VOTES_UPCE : linear ? VOTES_EAN : 1;

        if (t->of[i].votes >= enough || (late && linear && t->of[i].votes >= VOTES_LATE && t->of[i].stages >= STAGES_LATE)) {
            int at = out->n++;

            for (; at > 0 && votes[at - 1] < t->of[i].votes; at--) {
                out->code[at] = out->code[at - 1];
                votes[at] = votes[at - 1];
            }
            out->code[at] = t->codes.code[i];
            votes[at] = t->of[i].votes;
        }
    }
}

static enum trundle_status run_zbar(struct scanner *s, const uint8_t *luma, int width, int height, struct tally *t, struct trundle_error *err)
{
    zbar_image_t *image = zbar_image_create();

    if (!image)
        return error_set(err, TRUNDLE_NO_MEMORY, "scanner", NULL, "no memory for a picture");
    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, (unsigned)width, (unsigned)height);
    zbar_image_set_data(image, luma, (unsigned long)width * (unsigned long)height, NULL);
    (void)zbar_scan_image(s->zbar, image);
    for (const zbar_symbol_t *symbol = zbar_image_first_symbol(image); symbol; symbol = zbar_symbol_next(symbol))
        add(t, symbology_of(zbar_symbol_get_type(symbol)), zbar_symbol_get_data(symbol), zbar_symbol_get_data_length(symbol),
            zbar_symbol_get_quality(symbol));
    t->stage++;
    zbar_image_destroy(image);
    return TRUNDLE_OK;
}

static void read_lines(struct scanner *s, const struct plane *p, struct tally *t)
{
    struct line_code found[LINE_CODES_MAX];
    int n = line_reader_read(s->lines, p->pixel, p->width, p->height, found);

    for (int i = 0; i < n; i++)
        add(t, TRUNDLE_SYM_EAN13, found[i].digits, strlen(found[i].digits), VOTES_OURS);
    t->stage++;
}

/* From cheap to dear. Larger: zbar wants two pixels a module. Sharper: blur. Even: shadow. Smaller: noise, and wide blurred bars. */
struct preparation { double scale, sharpen; bool even; };
static const struct preparation preparations[] = { { 2, 0, false }, { 2, 1.5, false }, { 1, 0, true }, { 3, 0, false }, { 0.5, 0, false }, { 1.5, 1.5, false } };

/* The prepared picture lies in *out, one of the scanner's planes. False: no memory. */
static bool prepare(struct scanner *s, const struct plane *original, const struct preparation *how, int width, int height, const struct plane **out)
{
    int radius = (int)(2 * how->scale), at = 0;

    if (!plane_resize(&s->work[0], original, width, height))
        return false;
    if (how->even) {
        if (!plane_even(&s->work[1], &s->work[0], (width < height ? width : height) / 12 + 4))
            return false;
        at = 1;
    }
    if (how->sharpen > 0) {
        if (!plane_sharpen(&s->work[1 - at], &s->work[at], radius, how->sharpen))
            return false;
        at = 1 - at;
    }
    *out = &s->work[at];
    return true;
}

static enum trundle_status read_stages(struct scanner *s, struct tally *t, struct scan_codes *out, struct trundle_error *err)
{
    const struct plane *original = &s->original, *p;

    TRY(run_zbar(s, original->pixel, original->width, original->height, t, err));
    believed(t, false, out);
    if (out->n || s->config.effort == SCAN_LIVE)
        return TRUNDLE_OK;
    read_lines(s, original, t);
    believed(t, false, out);
    for (size_t i = 0; i < COUNT_OF(preparations) && !out->n; i++) {
        int width = (int)(original->width * preparations[i].scale), height = (int)(original->height * preparations[i].scale);

        if (width < 16 || height < 16 || (preparations[i].scale > 1 && (width > PREPARED_SIDE || height > PREPARED_SIDE)))
            continue;
        if (!prepare(s, original, &preparations[i], width, height, &p))
            return error_set(err, TRUNDLE_NO_MEMORY, "scanner", NULL, "no memory for a prepared picture");
        TRY(run_zbar(s, p->pixel, width, height, t, err));
        believed(t, false, out);
    }
    if (!out->n)
        believed(t, true, out);
    return TRUNDLE_OK;
}

enum trundle_status scanner_read(struct scanner *s, const uint8_t *luma, int width, int height, int stride, struct scan_codes *out, struct trundle_error *err)
{
    struct tally t = { 0 };
    struct scan_codes codes = { 0 };

    if (!luma || width < 1 || height < 1 || width > SCAN_SIDE_MAX || height > SCAN_SIDE_MAX || (long)width * height > SCAN_PIXELS_MAX || stride < width)
        return error_set(err, TRUNDLE_BAD_ARG, "scanner", NULL, "a picture of %d x %d pixels, stride %d", width, height, stride);
    if (!plane_copy(&s->original, luma, width, height, stride))
        return error_set(err, TRUNDLE_NO_MEMORY, "scanner", NULL, "no memory for a picture");
    TRY(read_stages(s, &t, &codes, err));
    *out = codes;
    return TRUNDLE_OK;
}
