/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle see enrol: a gallery from folders of product pictures, or from a list of photos with class numbers. */
#include "cmd/cart/see.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <stdio.h>
#include <string.h>

/* Classes that are no products stand as PLUs from here on: a range that is not given to produce. */
enum { CLASS_PLU = 80000, CLASSES_MAX = 10000 };

static enum trundle_status add_list(struct see_pictures *pictures, const char *list_path, struct bytes *labels, struct trundle_error *err)
{
    static long coarse_of[CLASSES_MAX];
    struct see_list list = { 0 };
    enum trundle_status status;

    TRY(see_list_read(list_path, &list, err));
    for (size_t c = 0; c < CLASSES_MAX; c++)
        coarse_of[c] = -1;
    status = list.n ? TRUNDLE_OK : error_set(err, TRUNDLE_BAD_INPUT, list_path, NULL, "lists nothing");
    for (size_t i = 0; i < list.n && status == TRUNDLE_OK; i++) {
        char path[SEE_PATH];

        if (list.row[i].fine < 0 || list.row[i].fine >= CLASSES_MAX || list.row[i].coarse < 0) {
            status = error_set(err, TRUNDLE_BAD_INPUT, list_path, "path, fine class, coarse class", "entry %zu has no class below %d", i + 1, CLASSES_MAX);
            break;
        }
        coarse_of[list.row[i].fine] = list.row[i].coarse;
        see_list_path(list_path, list.row[i].file, path);
        status = see_pictures_add(pictures, trundle_product_plu((uint32_t)(CLASS_PLU + list.row[i].fine)), path, err);
    }
    if (status == TRUNDLE_OK)
        status = bytes_print(labels, "product,fine,coarse\n");
    for (size_t c = 0; c < CLASSES_MAX && status == TRUNDLE_OK; c++)
        if (coarse_of[c] >= 0)
            status = bytes_print(labels, "plu:%zu,%zu,%ld\n", CLASS_PLU + c, c, coarse_of[c]);
    see_list_done(&list);
    return status;
}

static enum trundle_status write_gallery(const char *dir, const struct see_gallery *gallery, const struct bytes *labels, struct trundle_error *err)
{
    struct bytes blob = { 0 };
    char path[SEE_PATH];
    enum trundle_status status;

    TRY(folder_make(dir, err));
    (void)snprintf(path, sizeof path, "%s/gallery.bin", dir);
    status = see_gallery_print(gallery, &blob);
    if (status == TRUNDLE_OK)
        status = file_write(path, blob.data, blob.n, err);
    if (status == TRUNDLE_OK && labels->n) {
        (void)snprintf(path, sizeof path, "%s/labels.csv", dir);
        status = file_write(path, labels->data, labels->n, err);
    }
    bytes_done(&blob);
    return status;
}

int see_enrol_main(int argc, char **argv)
{
    const char *list = NULL, *out = NULL;
    struct see_gallery_config config = SEE_GALLERY_CONFIG_DEFAULT;
    double ridge = 0;
    const struct option_row rows[] = {
        { "list", "FILE", OPTION_TEXT, &list, "photos as they come: lines of path, fine class, coarse class" },
        { "out", "DIR", OPTION_TEXT, &out, "where gallery.bin (and labels.csv of a list) go" },
        { "ridge", "X", OPTION_NUMBER, &ridge, "regularisation, share of the mean variance (default 0.5)" },
        { 0 } };
    struct see_pictures pictures = { 0 };
    struct see_gallery *gallery = NULL;
    struct bytes labels = { 0 };
    struct trundle_error err = { 0 };
    enum trundle_status status = TRUNDLE_OK;
    int first, code;

    if (!option_parse(argc, argv, "trundle see enrol (DIR... | --list FILE) --out DIR",
                      "makes a gallery; DIR holds a folder of .jpg per product, named gtin-<14 digits> or plu-<4-5 digits>", rows, &first, &code))
        return code;
    if (!out || (!list && first == argc) || (list && first < argc)) {
        fprintf(stderr, "trundle see enrol: give --out, and folders or --list\n");
        return EXIT_USAGE;
    }
    config.background = list ? SEE_BACKGROUND_ANY : SEE_BACKGROUND_PLAIN;
    config.ridge = ridge != 0 ? ridge : config.ridge;
    if (list)
        TRY_GOTO(status, add_list(&pictures, list, &labels, &err), out);
    for (int i = first; i < argc; i++)
        TRY_GOTO(status, see_pictures_folder(&pictures, argv[i], &err), out);
    TRY_GOTO(status, see_gallery_from_pictures(pictures.row, pictures.n, &config, &gallery, &err), out);
    TRY_GOTO(status, write_gallery(out, gallery, &labels, &err), out);
    fprintf(stderr, "%zu products from %zu pictures\n", see_gallery_n(gallery), pictures.n);
out:
    see_pictures_done(&pictures);
    see_gallery_free(gallery);
    bytes_done(&labels);
    return status == TRUNDLE_OK ? EXIT_OK : option_fail("see enrol", &err);
}
