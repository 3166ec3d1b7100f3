/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* cart.json in and out. Everything that can be wrong with a cart is found here, so that no other room has to ask. */
#include "cart/calib/cart_file.h"

#include "base/std/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

/* Refuses, by name, any field that is not in the NULL-terminated list. */
static enum trundle_status only(const struct json_at *at, const char *const *names, struct trundle_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach(at->value, key, value) {
        const char *const *name = names;

        while (*name && strcmp(*name, key) != 0)
            name++;
        if (!*name)
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, "docs/cart-file.md lists the fields", "has an unknown field '%.64s'", key);
    }
    return TRUNDLE_OK;
}

#define ONLY(at, ...) TRY(only((at), (const char *const[]){ __VA_ARGS__, NULL }, err))

static enum trundle_status number_or(const struct json_at *at, const char *key, double lo, double hi, double otherwise, double *out,
                                     struct trundle_error *err)
{
    if (json_has(at, key))
        return json_take_number(at, key, lo, hi, out, err);
    *out = otherwise;
    return TRUNDLE_OK;
}

static enum trundle_status integer_in(const struct json_at *at, const char *key, int64_t lo, int64_t hi, int *out, struct trundle_error *err)
{
    int64_t x;

    TRY(json_take_integer(at, key, lo, hi, &x, err));
    *out = (int)x;
    return TRUNDLE_OK;
}

static enum trundle_status integer_or(const struct json_at *at, const char *key, int64_t lo, int64_t hi, int otherwise, int *out,
                                      struct trundle_error *err)
{
    if (json_has(at, key))
        return integer_in(at, key, lo, hi, out, err);
    *out = otherwise;
    return TRUNDLE_OK;
}

static enum trundle_status text_or_empty(const struct json_at *at, const char *key, char *out, size_t size, struct trundle_error *err)
{
    if (json_has(at, key))
        return json_take_text(at, key, out, size, err);
    out[0] = '\0';
    return TRUNDLE_OK;
}

/* One of a NULL-terminated list of words; its place in the list. */
static enum trundle_status word_in(const struct json_at *at, const char *key, const char *const *words, int *out, struct trundle_error *err)
{
    char text[32], where[sizeof at->where + 64];

    TRY(json_take_text(at, key, text, sizeof text, err));
    for (int i = 0; words[i]; i++) {
        if (!strcmp(words[i], text)) {
            *out = i;
            return TRUNDLE_OK;
        }
    }
    (void)snprintf(where, sizeof where, "%s.%s", at->where, key);
    return error_set(err, TRUNDLE_BAD_INPUT, where, NULL, "is '%s', allowed are '%s' and '%s'", text, words[0], words[1]);
}

static const char *const wall_words[] = { "wire", "solid", NULL };
static const char *const wall_names[4] = { "rear", "right", "front", "left" };
static const char *const role_words[] = { "basket", "scanner", NULL };

static enum trundle_status take_basket(const struct json_at *root, struct cart_basket *out, struct trundle_error *err)
{
    struct json_at at, walls;

    TRY(json_take_object(root, "basket", &at, err));
    ONLY(&at, "size_m", "walls");
    TRY(json_take_numbers(&at, "size_m", out->size_m, 3, err));
    for (int i = 0; i < 3; i++)
        if (!(out->size_m[i] >= 0.05 && out->size_m[i] <= 5))
            return error_set(err, TRUNDLE_BAD_INPUT, at.where, "metres: width, length, height of the mouth",
                             "size_m[%d] is %g, allowed are 0.05 to 5", i, out->size_m[i]);
    TRY(json_take_object(&at, "walls", &walls, err));
    ONLY(&walls, "rear", "right", "front", "left");
    for (int i = 0; i < 4; i++) {
        int word;

        TRY(word_in(&walls, wall_names[i], wall_words, &word, err));
        out->wall[i] = (enum cart_wall)word;
    }
    return TRUNDLE_OK;
}

static enum trundle_status check_rotation(const struct json_at *at, const double T[12], struct trundle_error *err)
{
    double det = T[0] * (T[5] * T[10] - T[6] * T[9]) - T[1] * (T[4] * T[10] - T[6] * T[8]) + T[2] * (T[4] * T[9] - T[5] * T[8]);

    for (int i = 0; i < 3; i++) {
        for (int j = i; j < 3; j++) {
            double dot = T[4 * i] * T[4 * j] + T[4 * i + 1] * T[4 * j + 1] + T[4 * i + 2] * T[4 * j + 2];

            if (!(fabs(dot - (i == j)) <= 1e-3))
                return error_set(err, TRUNDLE_BAD_INPUT, at->where, "rows of [R | t]: x_basket = R x_cam + t, R orthonormal",
                                 "T_basket_cam is not a rotation: rows %d and %d give %g, wanted %d", i, j, dot, i == j);
        }
    }
    if (!(det > 0))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, "one axis has the wrong sign", "T_basket_cam mirrors: its determinant is %g", det);
    for (int i = 0; i < 3; i++)
        if (!(fabs(T[4 * i + 3]) <= 10))
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, "metres in the basket frame", "T_basket_cam puts the camera at %g m",
                             T[4 * i + 3]);
    return TRUNDLE_OK;
}

static bool in_picture(const struct cart_camera *c, double x, double y, double z)
{
    double px[2];

    return cart_camera_project(c, (const double[3]){ x, y, z }, px) && px[0] >= -0.5 && px[1] >= -0.5 && px[0] <= c->width_px - 0.5 &&
           px[1] <= c->height_px - 0.5;
}

/* Does any point of what may be kept, the floor and the solid walls, fall into the picture? */
static bool sees_basket(const struct cart_camera *c, const struct cart_basket *b)
{
    enum { STEPS = 12 };

    for (int i = 0; i <= STEPS; i++) {
        for (int j = 0; j <= STEPS; j++) {
            double u = (double)i / STEPS, v = (double)j / STEPS, x = u * b->size_m[0], y = u * b->size_m[1], z = v * b->size_m[2];

            if (in_picture(c, x, v * b->size_m[1], 0) || (b->wall[0] == CART_WALL_SOLID && in_picture(c, x, 0, z)) ||
                (b->wall[1] == CART_WALL_SOLID && in_picture(c, b->size_m[0], y, z)) ||
                (b->wall[2] == CART_WALL_SOLID && in_picture(c, x, b->size_m[1], z)) ||
                (b->wall[3] == CART_WALL_SOLID && in_picture(c, 0, y, z)))
                return true;
        }
    }
    return false;
}

static enum trundle_status take_camera(const struct json_at *at, const struct cart_basket *basket, struct cart_camera *out,
                                       struct trundle_error *err)
{
    int role = CART_CAMERA_BASKET;

    ONLY(at, "role", "source", "width_px", "height_px", "fps", "fx_px", "fy_px", "cx_px", "cy_px", "distortion", "T_basket_cam",
         "tolerance_deg", "tolerance_m");
    if (json_has(at, "role"))
        TRY(word_in(at, "role", role_words, &role, err));
    out->role = (enum cart_camera_role)role;
    TRY(text_or_empty(at, "source", out->source, sizeof out->source, err));
    TRY(integer_in(at, "width_px", 16, 8192, &out->width_px, err));
    TRY(integer_in(at, "height_px", 16, 8192, &out->height_px, err));
    TRY(number_or(at, "fps", 0.1, 240, 15, &out->fps, err));
    TRY(json_take_number(at, "fx_px", 1, 1e5, &out->fx_px, err));
    TRY(json_take_number(at, "fy_px", 1, 1e5, &out->fy_px, err));
    TRY(json_take_number(at, "cx_px", -1e4, 2e4, &out->cx_px, err));
    TRY(json_take_number(at, "cy_px", -1e4, 2e4, &out->cy_px, err));
    if (json_has(at, "distortion"))
        TRY(json_take_numbers(at, "distortion", out->distortion, 5, err));
    for (int i = 0; i < 5; i++)
        if (!(fabs(out->distortion[i]) <= 10))
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, "k1 k2 p1 p2 k3 of OpenCV", "distortion[%d] is %g, allowed are -10 to 10", i,
                             out->distortion[i]);
    TRY(json_take_numbers(at, "T_basket_cam", out->T_basket_cam, 12, err));
    TRY(number_or(at, "tolerance_deg", 0, 20, 1, &out->tolerance_deg, err));
    TRY(number_or(at, "tolerance_m", 0, 0.2, 0.01, &out->tolerance_m, err));
    TRY(check_rotation(at, out->T_basket_cam, err));
    if (out->role == CART_CAMERA_BASKET && (out->T_basket_cam[11] <= 0 || !sees_basket(out, basket)))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where,
                         "T_basket_cam maps camera to basket; its inverse, or a flipped axis, turns the camera inside out",
                         "looks away from the basket: neither its floor nor a solid wall is in the picture");
    return TRUNDLE_OK;
}

static enum trundle_status take_cells(const struct json_at *root, struct cart_cells *out, struct trundle_error *err)
{
    struct json_at at, list, one;

    TRY(json_take_object(root, "cells", &at, err));
    ONLY(&at, "hz", "cell");
    TRY(number_or(&at, "hz", 0.1, 10000, 80, &out->hz, err));
    TRY(json_take_array(&at, "cell", 1, TRUNDLE_CELLS_MAX, &list, err));
    out->n = (uint8_t)json_length(&list);
    for (size_t i = 0; i < out->n; i++) {
        struct cart_cell *c = &out->cell[i];

        TRY(json_element(&list, i, &one, err));
        if (!json_is_object(one.value))
            return error_set(err, TRUNDLE_BAD_INPUT, one.where, NULL, "must be an object {...}");
        ONLY(&one, "x_m", "y_m", "gain_g", "offset", "sd_g", "raw_min", "raw_max");
        TRY(json_take_number(&one, "x_m", -1, 6, &c->x_m, err));
        TRY(json_take_number(&one, "y_m", -1, 6, &c->y_m, err));
        TRY(json_take_number(&one, "gain_g", -1e4, 1e4, &c->gain_g, err));
        if (!(fabs(c->gain_g) >= 1e-9))
            return error_set(err, TRUNDLE_BAD_INPUT, one.where, "trundle calibrate cells finds the gains", "gain_g is zero: the cell says nothing");
        TRY(json_take_number(&one, "offset", -2147483648.0, 2147483647.0, &c->offset, err));
        TRY(number_or(&one, "sd_g", 1e-6, 1e4, 1, &c->sd_g, err));
        TRY(integer_or(&one, "raw_min", -2147483647, 2147483647, -8388608, &c->raw_min, err));
        TRY(integer_or(&one, "raw_max", -2147483647, 2147483647, 8388607, &c->raw_max, err));
        if (c->raw_min >= c->raw_max)
            return error_set(err, TRUNDLE_BAD_INPUT, one.where, NULL, "raw_min %d is not below raw_max %d", (int)c->raw_min, (int)c->raw_max);
        for (size_t j = 0; j < i; j++)
            if (hypot(c->x_m - out->cell[j].x_m, c->y_m - out->cell[j].y_m) < 0.01)
                return error_set(err, TRUNDLE_BAD_INPUT, one.where, "metres in the basket frame", "coincides with cell %zu at (%g, %g)", j,
                                 c->x_m, c->y_m);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_all(const struct json_at *root, struct cart_file *out, struct trundle_error *err)
{
    struct json_at at, one;

    if (!json_is_object(root->value))
        return error_set(err, TRUNDLE_BAD_INPUT, root->where, NULL, "must be an object {...}");
    TRY(integer_in(root, "version", 0, INT32_MAX, &out->version, err));
    if (out->version != 1)
        return error_set(err, TRUNDLE_UNSUPPORTED, root->where, "this build reads version 1", "version is %d", out->version);
    ONLY(root, "version", "id", "basket", "cameras", "cells", "scale", "scanner", "model_dir", "state_dir");
    TRY(json_take_text(root, "id", out->id, sizeof out->id, err));
    TRY(take_basket(root, &out->basket, err));
    if (json_has(root, "cameras")) {
        TRY(json_take_array(root, "cameras", 0, TRUNDLE_CAMERAS_MAX, &at, err));
        out->cameras_n = (uint8_t)json_length(&at);
        for (size_t i = 0; i < out->cameras_n; i++) {
            TRY(json_element(&at, i, &one, err));
            if (!json_is_object(one.value))
                return error_set(err, TRUNDLE_BAD_INPUT, one.where, NULL, "must be an object {...}");
            TRY(take_camera(&one, &out->basket, &out->camera[i], err));
        }
    }
    TRY(take_cells(root, &out->cells, err));
    TRY(json_take_object(root, "scale", &at, err));
    ONLY(&at, "e_g", "max_g", "source");
    TRY(json_take_number(&at, "e_g", 0.001, 1000, &out->scale.e_g, err));
    TRY(json_take_number(&at, "max_g", 1, 1e6, &out->scale.max_g, err));
    if (out->scale.e_g > out->scale.max_g)
        return error_set(err, TRUNDLE_BAD_INPUT, at.where, NULL, "e_g %g is over max_g %g", out->scale.e_g, out->scale.max_g);
    TRY(text_or_empty(&at, "source", out->scale.source, sizeof out->scale.source, err));
    if (json_has(root, "scanner")) {
        TRY(json_take_object(root, "scanner", &at, err));
        ONLY(&at, "source");
        TRY(text_or_empty(&at, "source", out->scanner.source, sizeof out->scanner.source, err));
    }
    TRY(text_or_empty(root, "model_dir", out->model_dir, sizeof out->model_dir, err));
    return text_or_empty(root, "state_dir", out->state_dir, sizeof out->state_dir, err);
}

enum trundle_status cart_file_parse(const void *bytes, size_t n, const char *where, struct cart_file *out, struct trundle_error *err)
{
    struct cart_file read = { 0 };
    enum trundle_status status;
    struct json_at root;
    json_t *json = NULL;

    TRY(json_parse(bytes, n, where, &json, err));
    root = json_at_root(json, where);
    status = take_all(&root, &read, err);
    json_decref(json);
    if (status == TRUNDLE_NOT_FOUND) {      /* a field that is missing is bad input, not a missing file */
        status = TRUNDLE_BAD_INPUT;
        if (err)
            err->status = status;
    }
    if (status == TRUNDLE_OK)
        *out = read;
    return status;
}

/* ---- writing ---- */

/* The shortest text that reads back as the same number; JSON knows no NAN, and cart files hold none. */
static const char *number(double x, char out[32])
{
    for (int digits = 9; digits <= 17; digits += digits == 9 ? 6 : 1) {
        (void)snprintf(out, 32, "%.*g", digits, x);
        if (strtod(out, NULL) == x)
            break;
    }
    return out;
}

static enum trundle_status put_numbers(struct bytes *b, const double *x, size_t n, size_t per_row)
{
    for (size_t i = 0; i < n; i++) {
        char text[32];

        if (!isfinite(x[i]))
            return TRUNDLE_BAD_INPUT;
        TRY(bytes_print(b, "%s%s", i == 0 ? "[" : i % per_row == 0 ? ",\n                       " : ", ", number(x[i], text)));
    }
    return bytes_print(b, "]");
}

static enum trundle_status put_number(struct bytes *b, const char *key, double x)
{
    char text[32];

    return isfinite(x) ? bytes_print(b, "\"%s\": %s", key, number(x, text)) : TRUNDLE_BAD_INPUT;
}

static enum trundle_status put_text(struct bytes *b, const char *key, const char *text)
{
    json_t *value = json_string(text);              /* NULL: not UTF-8 */
    char *quoted = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    enum trundle_status status = quoted ? bytes_print(b, "\"%s\": %s", key, quoted) : TRUNDLE_BAD_INPUT;

    free(quoted);
    json_decref(value);
    return status;
}

static enum trundle_status put_camera(struct bytes *b, const struct cart_camera *c)
{
    const struct { const char *key; double x; } numbers[] = { { "fps", c->fps }, { "fx_px", c->fx_px }, { "fy_px", c->fy_px },
                                                              { "cx_px", c->cx_px }, { "cy_px", c->cy_px } };

    TRY(bytes_print(b, "\n    {\"role\": \"%s\", ", role_words[c->role]));
    TRY(put_text(b, "source", c->source));
    TRY(bytes_print(b, ",\n     \"width_px\": %d, \"height_px\": %d", c->width_px, c->height_px));
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        TRY(bytes_print(b, ", "));
        TRY(put_number(b, numbers[i].key, numbers[i].x));
    }
    TRY(bytes_print(b, ",\n     \"distortion\": "));
    TRY(put_numbers(b, c->distortion, 5, 5));
    TRY(bytes_print(b, ",\n     \"T_basket_cam\": "));
    TRY(put_numbers(b, c->T_basket_cam, 12, 4));
    TRY(bytes_print(b, ",\n     "));
    TRY(put_number(b, "tolerance_deg", c->tolerance_deg));
    TRY(bytes_print(b, ", "));
    TRY(put_number(b, "tolerance_m", c->tolerance_m));
    return bytes_print(b, "}");
}

static enum trundle_status put_cell(struct bytes *b, const struct cart_cell *c)
{
    const struct { const char *key; double x; } numbers[] = { { "x_m", c->x_m }, { "y_m", c->y_m }, { "gain_g", c->gain_g },
                                                              { "offset", c->offset }, { "sd_g", c->sd_g } };

    TRY(bytes_print(b, "\n      {"));
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        TRY(put_number(b, numbers[i].key, numbers[i].x));
        TRY(bytes_print(b, ", "));
    }
    return bytes_print(b, "\"raw_min\": %d, \"raw_max\": %d}", (int)c->raw_min, (int)c->raw_max);
}

static enum trundle_status put_all(struct bytes *b, const struct cart_file *cart)
{
    TRY(bytes_print(b, "{\n  \"version\": 1,\n  "));
    TRY(put_text(b, "id", cart->id));
    TRY(bytes_print(b, ",\n  \"basket\": {\"size_m\": "));
    TRY(put_numbers(b, cart->basket.size_m, 3, 3));
    TRY(bytes_print(b, ", \"walls\": {"));
    for (int i = 0; i < 4; i++)
        TRY(bytes_print(b, "%s\"%s\": \"%s\"", i ? ", " : "", wall_names[i], wall_words[cart->basket.wall[i]]));
    TRY(bytes_print(b, "}},\n  \"cameras\": ["));
    for (int i = 0; i < cart->cameras_n; i++) {
        TRY(bytes_print(b, "%s", i ? "," : ""));
        TRY(put_camera(b, &cart->camera[i]));
    }
    TRY(bytes_print(b, "],\n  \"cells\": {"));
    TRY(put_number(b, "hz", cart->cells.hz));
    TRY(bytes_print(b, ",\n    \"cell\": ["));
    for (int i = 0; i < cart->cells.n; i++) {
        TRY(bytes_print(b, "%s", i ? "," : ""));
        TRY(put_cell(b, &cart->cells.cell[i]));
    }
    TRY(bytes_print(b, "]},\n  \"scale\": {"));
    TRY(put_number(b, "e_g", cart->scale.e_g));
    TRY(bytes_print(b, ", "));
    TRY(put_number(b, "max_g", cart->scale.max_g));
    TRY(bytes_print(b, ", "));
    TRY(put_text(b, "source", cart->scale.source));
    TRY(bytes_print(b, "},\n  \"scanner\": {"));
    TRY(put_text(b, "source", cart->scanner.source));
    TRY(bytes_print(b, "},\n  "));
    TRY(put_text(b, "model_dir", cart->model_dir));
    TRY(bytes_print(b, ",\n  "));
    TRY(put_text(b, "state_dir", cart->state_dir));
    return bytes_print(b, "\n}\n");
}

enum trundle_status cart_file_print(const struct cart_file *cart, struct bytes *out)
{
    size_t before = out->n;
    enum trundle_status status;

    if (cart->cameras_n > TRUNDLE_CAMERAS_MAX || cart->cells.n > TRUNDLE_CELLS_MAX)
        return TRUNDLE_BAD_ARG;
    status = put_all(out, cart);
    if (status != TRUNDLE_OK)
        out->n = before;
    return status;
}
