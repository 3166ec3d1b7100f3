/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle scan: the codes in pictures. */
#include "cart/scan/gs1.h"
#include "cart/scan/picture.h"
#include "cart/scan/picture_file.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const symbology_names[] = { "unknown", "ean13", "ean8", "upca", "upce", "databar", "databar_expanded", "code128", "qr", "other" };

/* GTIN of 14 digits, or empty when the code names none. */
static void gtin_of(const struct trundle_code *code, char out[TRUNDLE_PRODUCT_TEXT])
{
    char text[TRUNDLE_PRODUCT_TEXT];
    struct scan_item item;

    out[0] = '\0';
    if (scan_parse(code, NULL, &item, NULL) == TRUNDLE_OK && trundle_product_is_gtin(item.product))
        (void)snprintf(out, TRUNDLE_PRODUCT_TEXT, "%s", trundle_product_text(item.product, text) + strlen("gtin:"));
}

static void print_json(const char *file, const struct scan_codes *codes)
{
    json_t *list = json_array(), *line = json_pack("{s:s%, s:o}", "file", file, strlen(file), "codes", list);
    char *text;

    for (int i = 0; line && i < codes->n; i++) {
        char gtin[TRUNDLE_PRODUCT_TEXT];

        gtin_of(&codes->code[i], gtin);
        (void)json_array_append_new(list, json_pack("{s:s, s:s%, s:s?}", "symbology", symbology_names[codes->code[i].symbology], "text",
                                                    codes->code[i].text, (size_t)codes->code[i].text_bytes, "gtin", *gtin ? gtin : NULL));
    }
    text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    if (text)
        puts(text);
    else      /* a file name or a QR text that is not UTF-8 */
        fprintf(stderr, "trundle scan: %s: its name or a text in it is not UTF-8\n", file);
    free(text);
    json_decref(line);
}

static void print_plain(const char *file, const struct scan_codes *codes)
{
    for (int i = 0; i < codes->n; i++)
        printf("%s: %s %s\n", file, symbology_names[codes->code[i].symbology], codes->code[i].text);
    if (!codes->n)
        printf("%s: no code\n", file);
}

int verb_scan(int argc, char **argv)
{
    bool json = false, live = false;
    const struct option_row rows[] = {
        { "json", NULL, OPTION_FLAG, &json, "one JSON object a picture" },
        { "live", NULL, OPTION_FLAG, &live, "the quick stage only, as on a running camera" },
        { 0 },
    };
    struct scanner_config config = SCANNER_CONFIG_DEFAULT;
    struct scanner *scanner = NULL;
    struct trundle_error err;
    int first, code;

    if (!option_parse(argc, argv, "trundle scan PICTURE...", "Reads the product codes in JPEG and PNG pictures.", rows, &first, &code))
        return code;
    if (first == argc) {
        fprintf(stderr, "trundle scan: which picture? trundle scan PICTURE...\n");
        return EXIT_USAGE;
    }
    config.effort = live ? SCAN_LIVE : SCAN_STILL;
    if (scanner_new(&config, &scanner, &err) != TRUNDLE_OK)
        return option_fail("scan", &err);
    for (int i = first; i < argc; i++) {
        struct grey_picture p = { 0 };
        struct scan_codes codes;

        if (grey_picture_load(argv[i], &p, &err) != TRUNDLE_OK || scanner_read(scanner, p.luma, p.width, p.height, p.width, &codes, &err) != TRUNDLE_OK)
            code = option_fail("scan", &err);      /* the other pictures are still read */
        else if (json)
            print_json(argv[i], &codes);
        else
            print_plain(argv[i], &codes);
        grey_picture_done(&p);
    }
    scanner_free(scanner);
    return code;
}
