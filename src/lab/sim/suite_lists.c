/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* What a suite file says of things: packs, categories, produce, pairs, and where photos for their fronts lie. */
#include "lab/sim/suite_read.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *const suite_pack_name[SUITE_PACKS] = { "carton", "box", "can", "bottle", "jar", "pouch", "glass", "clear_bottle", "tray", "cup", "sachet",
                                                   "blister", "multipack" };
const char *const suite_form_name[SUITE_FORMS] = { "round", "banana", "long", "pear", "cone", "lumpy", "bunch", "leafy" };
static const char PACKS[] = "carton box can bottle jar pouch glass clear_bottle tray cup sachet blister multipack";
static const char FORMS[] = "round banana long pear cone lumpy bunch leafy";

static bool known_category(const char *section, const char *key)
{
    static const char *const keys[] = { "name", "share", "packs", "quantities", "unit", "g_per_unit", "ml_per_unit", "cents_per_1000",
                                        "tax_bp", "words", "flavours" };

    (void)section;
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (!strcmp(key, keys[i]))
            return true;
    return false;
}

static bool known_produce(const char *section, const char *key)
{
    static const char *const keys[] = { "name", "plu", "share", "form", "length_m", "diameter_m", "piece_g", "piece_sd_g", "pieces",
                                        "cents_per_kg", "rgb", "rgb2" };

    (void)section;
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (!strcmp(key, keys[i]))
            return true;
    return false;
}

/* Print on packs is drawn with a bitmap font, and names go into CSV: capital letters, digits and a few signs. */
static enum trundle_status take_words(const struct json_at *at, const char *key, char out[SUITE_WORDS][SUITE_TEXT], size_t *out_n,
                                      struct trundle_error *err)
{
    struct json_at list;

    TRY(json_take_array(at, key, 1, SUITE_WORDS, &list, err));
    for (size_t i = 0; i < json_length(&list); i++) {
        const char *text = json_string_value(json_array_get(list.value, i));

        if (!text || !*text || strlen(text) >= SUITE_TEXT || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .%&+-/") != strlen(text))
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "element %zu must be 1 to %d of A-Z 0-9 space . %% & + - /", i,
                             SUITE_TEXT - 1);
        memcpy(out[i], text, strlen(text) + 1);
    }
    *out_n = json_length(&list);
    return TRUNDLE_OK;
}

static int name_index(const char *name, const char *const *names, int n)
{
    for (int i = 0; name && i < n; i++)
        if (!strcmp(name, names[i]))
            return i;
    return -1;
}

static enum trundle_status take_packs(const struct json_at *root, struct sim_suite *s, struct trundle_error *err)
{
    struct json_at packs, at;
    const char *key;
    json_t *value;

    TRY(json_take_object(root, "packs", &packs, err));
    json_object_foreach(packs.value, key, value) {
        if (name_index(key, suite_pack_name, SUITE_PACKS) < 0)
            return error_set(err, TRUNDLE_BAD_INPUT, packs.where, PACKS, "pack '%.40s' is not known", key);
    }
    for (int p = 0; p < SUITE_PACKS; p++) {
        struct suite_pack_shape *shape = &s->pack[p];

        TRY(json_take_object(&packs, suite_pack_name[p], &at, err));
        TRY(json_take_number(&at, "tare_share", 0, 2, &shape->tare_share, err));
        TRY(json_take_number(&at, "tare_g", 0, 500, &shape->tare_g, err));
        TRY(json_take_number(&at, "fill", .2, 1.5, &shape->fill, err));
        TRY(json_take_number(&at, "gloss", 0, 1, &shape->gloss, err));
        TRY(json_take_number(&at, "clear", 0, 1, &shape->clear, err));
        TRY(json_take_numbers(&at, "aspect", shape->aspect, 3, err));
        for (int k = 0; k < 3; k++)
            if (shape->aspect[k] < .1 || shape->aspect[k] > 10)
                return error_set(err, TRUNDLE_BAD_INPUT, at.where, NULL, "aspect is %g, allowed are 0.1 to 10", shape->aspect[k]);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_category(const struct json_at *at, struct suite_category *c, struct trundle_error *err)
{
    struct json_at list;

    TRY(suite_refuse_unknown(at, known_category, "", err));
    TRY(json_take_text(at, "name", c->name, sizeof c->name, err));
    if (!*c->name || strspn(c->name, "abcdefghijklmnopqrstuvwxyz_/") != strlen(c->name))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "name '%s' must be of a-z _ /", c->name);
    TRY(json_take_number(at, "share", 1e-6, 1, &c->share, err));
    TRY(json_take_array(at, "packs", 1, SUITE_PACKS, &list, err));
    for (size_t i = 0; i < json_length(&list); i++) {
        int pack = name_index(json_string_value(json_array_get(list.value, i)), suite_pack_name, SUITE_PACKS);

        if (pack < 0)
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, PACKS, "element %zu is no pack", i);
        c->packs |= 1U << pack;
    }
    TRY(json_take_array(at, "quantities", 1, SUITE_QUANTITIES, &list, err));
    c->quantities_n = json_length(&list);
    for (size_t i = 0; i < c->quantities_n; i++) {
        c->quantity[i] = json_number_value(json_array_get(list.value, i));
        if (!(c->quantity[i] >= 1 && c->quantity[i] <= 10000))
            return error_set(err, TRUNDLE_BAD_INPUT, list.where, NULL, "element %zu must be 1 to 10000", i);
    }
    TRY(json_take_text(at, "unit", c->unit, sizeof c->unit, err));
    if (strcmp(c->unit, "g") != 0 && strcmp(c->unit, "ml") != 0 && strcmp(c->unit, "each") != 0)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "unit '%s' must be g, ml or each", c->unit);
    TRY(json_take_number(at, "g_per_unit", .01, 1000, &c->g_per_unit, err));
    TRY(json_take_number(at, "ml_per_unit", .01, 2000, &c->ml_per_unit, err));
    TRY(suite_take_range(at, "cents_per_1000", 1, 1e6, &c->cents_per_1000, err));
    TRY(json_take_integer(at, "tax_bp", 0, 5000, &c->tax_bp, err));
    TRY(take_words(at, "words", c->word, &c->words_n, err));
    return take_words(at, "flavours", c->flavour, &c->flavours_n, err);
}

static enum trundle_status take_produce(const struct json_at *at, struct suite_produce *p, struct trundle_error *err)
{
    char form[SUITE_TEXT];
    int index;

    TRY(suite_refuse_unknown(at, known_produce, "", err));
    TRY(json_take_text(at, "name", p->name, sizeof p->name, err));
    if (!*p->name || strspn(p->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ") != strlen(p->name))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "name '%s' must be of letters and spaces", p->name);
    TRY(json_take_integer(at, "plu", 3000, 94999, &p->plu, err));
    TRY(json_take_number(at, "share", 1e-6, 1, &p->share, err));
    TRY(json_take_text(at, "form", form, sizeof form, err));
    index = name_index(form, suite_form_name, SUITE_FORMS);
    if (index < 0)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, FORMS, "form '%s' is not known", form);
    p->form = (enum suite_form)index;
    TRY(json_take_number(at, "length_m", .005, .4, &p->length_m, err));
    TRY(json_take_number(at, "diameter_m", .005, .3, &p->diameter_m, err));
    TRY(json_take_number(at, "piece_g", 1, 5000, &p->piece_g, err));
    TRY(json_take_number(at, "piece_sd_g", 0, p->piece_g / 3, &p->piece_sd_g, err));
    TRY(suite_take_range(at, "pieces", 1, 12, &p->pieces, err));
    TRY(suite_take_range(at, "cents_per_kg", 1, 1e5, &p->cents_per_kg, err));
    TRY(json_take_numbers(at, "rgb", p->rgb, 3, err));
    TRY(json_take_numbers(at, "rgb2", p->rgb2, 3, err));
    for (int k = 0; k < 3; k++)
        if (p->rgb[k] < 0 || p->rgb[k] > 255 || p->rgb2[k] < 0 || p->rgb2[k] > 255)
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "rgb must be 0 to 255");
    return TRUNDLE_OK;
}

/* The place of a category by name; categories_n for produce; more: none. */
static size_t category_index(const struct sim_suite *s, const char *name)
{
    size_t i = 0;

    if (!strcmp(name, "produce"))
        return s->categories_n;
    while (i < s->categories_n && strcmp(name, s->category[i].name) != 0)
        i++;
    return i < s->categories_n ? i : SIZE_MAX;
}

static bool known_pair(const char *section, const char *key)
{
    (void)section;
    return !strcmp(key, "a") || !strcmp(key, "b") || !strcmp(key, "odds");
}

static enum trundle_status take_pair(const struct json_at *at, const struct sim_suite *s, struct suite_pair *out, struct trundle_error *err)
{
    char a[SUITE_TEXT], b[SUITE_TEXT];

    TRY(suite_refuse_unknown(at, known_pair, "", err));
    TRY(json_take_text(at, "a", a, sizeof a, err));
    TRY(json_take_text(at, "b", b, sizeof b, err));
    TRY(json_take_number(at, "odds", .05, 20, &out->odds, err));
    out->a = category_index(s, a);
    out->b = category_index(s, b);
    if (out->a == SIZE_MAX || out->b == SIZE_MAX)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, "the name of a category, or produce", "'%s' is no category", out->a == SIZE_MAX ? a : b);
    if (out->a == out->b)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "a pair of '%s' with itself", a);
    return TRUNDLE_OK;
}

enum trundle_status suite_take_lists(const struct json_at *root, struct sim_suite *s, struct trundle_error *err)
{
    struct json_at list, at;

    TRY(take_packs(root, s, err));
    TRY(json_take_array(root, "categories", 1, SUITE_CATEGORIES, &list, err));
    s->categories_n = json_length(&list);
    for (size_t i = 0; i < s->categories_n; i++) {
        TRY(json_element(&list, i, &at, err));
        TRY(take_category(&at, &s->category[i], err));
    }
    TRY(json_take_array(root, "produce", 0, SUITE_PRODUCE, &list, err));
    s->produce_n = json_length(&list);
    for (size_t i = 0; i < s->produce_n; i++) {
        TRY(json_element(&list, i, &at, err));
        TRY(take_produce(&at, &s->produce[i], err));
        for (size_t k = 0; k < i; k++)
            if (s->produce[k].plu == s->produce[i].plu)
                return error_set(err, TRUNDLE_BAD_INPUT, at.where, NULL, "PLU %lld is there twice", (long long)s->produce[i].plu);
    }
    TRY(json_take_array(root, "pairs", 0, SUITE_PAIRS, &list, err));
    s->pairs_n = json_length(&list);
    for (size_t i = 0; i < s->pairs_n; i++) {
        TRY(json_element(&list, i, &at, err));
        TRY(take_pair(&at, s, &s->pair[i], err));
    }
    return TRUNDLE_OK;
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Below the folder of the suite file, else as it stands. */
enum trundle_status suite_find_textures(struct sim_suite *s, const char *where, struct trundle_error *err)
{
    const char *slash = strrchr(where, '/');
    char path[2 * SUITE_PATH + 4096];

    if (!*s->look.textures)
        return TRUNDLE_OK;
    if (slash && s->look.textures[0] != '/') {
        (void)snprintf(path, sizeof path, "%.*s/%s", (int)(slash - where), where, s->look.textures);
        if (is_folder(path) && strlen(path) < sizeof s->look.textures)
            memcpy(s->look.textures, path, strlen(path) + 1);
    }
    if (s->look.detail != SUITE_RICH)
        return error_set(err, TRUNDLE_BAD_INPUT, "look.textures", "look.detail must be rich", "a plain suite shows no photos");
    if (!is_folder(s->look.textures))
        return error_set(err, TRUNDLE_BAD_INPUT, "look.textures", "a folder beside the suite file or below the working folder, with JPEG or PNG files",
                         "there is no folder '%.300s'", s->look.textures);
    return TRUNDLE_OK;
}

enum trundle_status sim_suite_textures(struct sim_suite *suite, const char *folder, struct trundle_error *err)
{
    size_t n = strlen(folder);

    if (suite->look.detail != SUITE_RICH)
        return error_set(err, TRUNDLE_BAD_INPUT, "textures", "look.detail must be rich, as in suite v1", "a plain suite shows no photos");
    if (n >= sizeof suite->look.textures || !is_folder(folder))
        return error_set(err, TRUNDLE_BAD_INPUT, "textures", "a folder with JPEG or PNG files", "there is no folder '%.300s'", folder);
    memcpy(suite->look.textures, folder, n + 1);
    return TRUNDLE_OK;
}
