/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A photo into a net, and class names out of it. */
#include "cmd/lab/net_picture.h"

#include "base/std/json.h"
#include "lab/train/augment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PICTURE_LIMIT = 64 << 20, CLASSES_SHOWN = 5 };

bool net_picture_named(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 || strcasecmp(dot, ".png") == 0);
}

static double triple_of(const json_t *about, const char *key, size_t i, double otherwise)
{
    const json_t *v = json_array_get(json_object_get(about, key), i);
    return json_is_number(v) ? json_number_value(v) : otherwise;
}

enum trundle_status net_picture_fill(const char *path, const char *about, const struct net_tensor *t, float *to, struct trundle_error *err)
{
    struct bytes b = { 0 };
    struct data_picture p = { 0 };
    uint8_t *rgb = NULL;
    char shape[80];
    if (t->type != NET_F32 || t->shape.rank != 4 || t->shape.d[0] != 1 || t->shape.d[3] != 3)
        return error_set(err, TRUNDLE_BAD_INPUT, path, "give it an .npy array", "the input \"%s\" is %s %s, not a picture of f32", t->name, net_type_name(t->type),
                         net_shape_text(&t->shape, shape));
    int h = t->shape.d[1], w = t->shape.d[2], pw = 0, ph = 0;
    struct augment_scratch *scratch = augment_scratch_new();
    json_t *told = json_loads(about, 0, NULL);
    enum trundle_status status = scratch ? TRUNDLE_OK : error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory left");
    if (status == TRUNDLE_OK)
        status = file_read(path, PICTURE_LIMIT, &b, err);
    if (status == TRUNDLE_OK)
        status = data_decode(b.data, b.n, path, &rgb, &pw, &ph, err);
    if (status == TRUNDLE_OK) {
        p.rgb = rgb;
        p.w = pw;
        p.h = ph;
        struct augment_warp warp = augment_warp_plain(false, 1, false, pw, ph, w, h);
        status = augment_warp_run(&warp, &p, w, h, scratch, to);
        if (status != TRUNDLE_OK)
            error_set(err, status, path, NULL, "no memory left");
    }
    for (int64_t i = 0; status == TRUNDLE_OK && i < (int64_t)w * h * 3; i++)
        to[i] = (float)(((double)to[i] / 255 - triple_of(told, "mean", (size_t)(i % 3), 0)) / triple_of(told, "sd", (size_t)(i % 3), 1));
    json_decref(told);
    free(rgb);
    bytes_done(&b);
    augment_scratch_free(scratch);
    return status;
}

bool net_picture_classes(const char *about, const struct net_tensor *t, const float *out)
{
    json_t *told = json_loads(about, 0, NULL), *names = json_object_get(told, "classes");
    int64_t n = net_shape_elements(&t->shape), shown[CLASSES_SHOWN];
    bool fits = t->type == NET_F32 && json_is_array(names) && (int64_t)json_array_size(names) == n && n > 1;
    if (fits) {
        double sum = 0, least = INFINITY, most = -INFINITY;
        for (int64_t i = 0; i < n; i++) {
            most = fmax(most, (double)out[i]);
            least = fmin(least, (double)out[i]);
            sum += (double)out[i];
        }
        bool logits = least < 0 || fabs(sum - 1) > 1e-3;           /* else they are probabilities already */
        sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += logits ? exp((double)out[i] - most) : (double)out[i];
        for (int k = 0; k < CLASSES_SHOWN && k < n; k++) {
            int64_t best = -1;
            for (int64_t i = 0; i < n; i++) {
                bool taken = false;
                for (int j = 0; j < k; j++)
                    taken = taken || shown[j] == i;
                if (!taken && (best < 0 || out[i] > out[best]))
                    best = i;
            }
            shown[k] = best;
            const char *name = json_string_value(json_array_get(names, (size_t)best));
            printf("  %5.1f %%  %s\n", 100 * (logits ? exp((double)out[best] - most) : (double)out[best]) / sum, name ? name : "?");
        }
    }
    json_decref(told);
    return fits;
}
