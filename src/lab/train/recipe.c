/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Reading recipes. Every section is a table of its fields, which checks ranges, fills in defaults and knows what is unknown. */
#include "lab/train/recipe.h"

#include "base/std/hash.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 40 };
enum field_kind { FIELD_NUMBER, FIELD_INT, FIELD_INT64, FIELD_BOOL, FIELD_TEXT, FIELD_PAIR, FIELD_TRIPLE, FIELD_NAMED, FIELD_OTHER };

/* `names` of FIELD_NAMED: NULL ends it; the value is an int enum. FIELD_OTHER is read elsewhere. */
struct field {
    const char *key;
    enum field_kind kind;
    void *value;
    double lo, hi;
    const char *const *names;
    bool needed;
};

enum trundle_status recipe_only(const struct json_at *at, const char *const names[], struct trundle_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach (at->value, key, value) {
        size_t i = 0;

        while (names[i] && strcmp(names[i], key) != 0)
            i++;
        if (!names[i])
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, "docs/recipes.md has all fields", "unknown field '%.60s'", key);
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_named(const struct json_at *at, const struct field *f, struct trundle_error *err)
{
    char text[64], all[256];
    size_t used = 0;

    TRY(json_take_text(at, f->key, text, sizeof text, err));
    for (int i = 0; f->names[i]; i++) {
        if (!strcmp(f->names[i], text)) {
            *(int *)f->value = i;
            return TRUNDLE_OK;
        }
    }
    all[0] = 0;
    for (int i = 0; f->names[i] && used < sizeof all; i++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", f->names[i]);
    error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "%s is '%.40s'; it may be: %s", f->key, text, all);
    return TRUNDLE_BAD_INPUT;
}

static enum trundle_status take_field(const struct json_at *at, const struct field *f, struct trundle_error *err)
{
    int64_t whole;

    switch (f->kind) {
    case FIELD_NUMBER:
        return json_take_number(at, f->key, f->lo, f->hi, f->value, err);
    case FIELD_INT:
        TRY(json_take_integer(at, f->key, (int64_t)f->lo, (int64_t)f->hi, &whole, err));
        *(int *)f->value = (int)whole;
        return TRUNDLE_OK;
    case FIELD_INT64:
        return json_take_integer(at, f->key, (int64_t)f->lo, (int64_t)f->hi, f->value, err);
    case FIELD_BOOL:
        return json_take_bool(at, f->key, f->value, err);
    case FIELD_TEXT:
        return json_take_text(at, f->key, f->value, (size_t)f->hi, err);
    case FIELD_PAIR:
    case FIELD_TRIPLE: {
        size_t n = f->kind == FIELD_PAIR ? 2 : 3;
        double v[3];

        TRY(json_take_numbers(at, f->key, v, n, err));
        for (size_t i = 0; i < n; i++)
            if (!(v[i] >= f->lo && v[i] <= f->hi))
                return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "%s[%zu] is %g; it may be %g to %g", f->key, i, v[i], f->lo, f->hi);
        if (f->kind == FIELD_PAIR && v[0] > v[1])
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "%s is %g, %g; the first may not be the larger", f->key, v[0], v[1]);
        memcpy(f->value, v, n * sizeof *v);
        return TRUNDLE_OK;
    }
    case FIELD_NAMED:
        return take_named(at, f, err);
    case FIELD_OTHER:
        return TRUNDLE_OK;
    }
    return TRUNDLE_OK;
}

static enum trundle_status take_fields(const struct json_at *at, const struct field *f, size_t n, struct trundle_error *err)
{
    const char *names[FIELDS_MAX + 1] = { NULL };

    for (size_t i = 0; i < n; i++)
        names[i] = f[i].key;
    TRY(recipe_only(at, names, err));
    for (size_t i = 0; i < n; i++) {
        if (json_has(at, f[i].key))
            TRY(take_field(at, &f[i], err));
        else if (f[i].needed)
            return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "needs the field '%s'", f[i].key);
    }
    return TRUNDLE_OK;
}

static const char *const kinds[] = { "folder", "list", "coco", "trips", "generated", NULL };
static const char *const tasks[] = { "classes", "boxes", NULL };
static const char *const splits[] = { "hash", "run", NULL };

static enum trundle_status take_data(const struct json_at *at, struct data_config *d, struct trundle_error *err)
{
    int kind = DATA_FOLDER, task = DATA_CLASSES, split = DATA_BY_HASH;
    int64_t seed = 1;

    *d = (struct data_config){ .broken_most = 10, .held_out = 0.1, .memory_mb = 2048, .margin = 0.1, .visible_least = 0.3,
                               .generated_n = 10000, .generated_px = 64 };
    const struct field f[] = {
        { "kind", FIELD_NAMED, &kind, 0, 0, kinds, true },
        { "task", FIELD_NAMED, &task, 0, 0, tasks, false },
        { "path", FIELD_TEXT, d->path, 0, sizeof d->path, NULL, false },
        { "pictures", FIELD_TEXT, d->pictures, 0, sizeof d->pictures, NULL, false },
        { "names", FIELD_TEXT, d->names, 0, sizeof d->names, NULL, false },
        { "side_px", FIELD_INT, &d->side_px, 0, RECIPE_SIDE_MAX, NULL, false },
        { "broken_most", FIELD_INT, &d->broken_most, 0, 1e9, NULL, false },
        { "held_out", FIELD_NUMBER, &d->held_out, 0, 0.9, NULL, false },
        { "split", FIELD_NAMED, &split, 0, 0, splits, false },
        { "memory_mb", FIELD_NUMBER, &d->memory_mb, 0, 1e6, NULL, false },
        { "margin", FIELD_NUMBER, &d->margin, 0, 1, NULL, false },
        { "visible_least", FIELD_NUMBER, &d->visible_least, 0, 1, NULL, false },
        { "one_class", FIELD_BOOL, &d->one_class, 0, 0, NULL, false },
        { "n", FIELD_INT, &d->generated_n, 1, 1e7, NULL, false },
        { "px", FIELD_INT, &d->generated_px, 16, 256, NULL, false },
        { "seed", FIELD_INT64, &seed, 0, 9e15, NULL, false },
    };

    TRY(take_fields(at, f, COUNT_OF(f), err));
    d->kind = (enum data_kind)kind;
    d->task = (enum data_task)task;
    d->split = (enum data_split)split;
    d->generated_seed = (uint64_t)seed;
    if (d->kind != DATA_GENERATED && !d->path[0])
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "data of kind '%s' needs 'path'", kinds[kind]);
    if (d->task == DATA_BOXES && (d->kind == DATA_FOLDER || d->kind == DATA_LIST))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, "boxes come from coco, trips or generated", "data of kind '%s' has no boxes", kinds[kind]);
    return TRUNDLE_OK;
}

struct augment_config augment_config_default(void)
{
    return (struct augment_config){ .scale = { 1, 1 }, .aspect = 1, .blur_px = 1, .noise_dn = 8, .jpeg_quality = { 50, 95 }, .cutout_share = 0.3,
                                    .mixup_alpha = 0.2, .cutmix_alpha = 1, .mean = { 0.5, 0.5, 0.5 }, .sd = { 0.25, 0.25, 0.25 } };
}

static enum trundle_status take_augment(const struct json_at *at, struct augment_config *a, struct trundle_error *err)
{
    const struct field f[] = {
        { "scale", FIELD_PAIR, a->scale, 0.01, 1, NULL, false },
        { "aspect", FIELD_NUMBER, &a->aspect, 1, 4, NULL, false },
        { "flip", FIELD_NUMBER, &a->flip, 0, 1, NULL, false },
        { "flip_v", FIELD_NUMBER, &a->flip_v, 0, 1, NULL, false },
        { "rotate_deg", FIELD_NUMBER, &a->rotate_deg, 0, 180, NULL, false },
        { "brightness", FIELD_NUMBER, &a->brightness, 0, 1, NULL, false },
        { "contrast", FIELD_NUMBER, &a->contrast, 0, 1, NULL, false },
        { "saturation", FIELD_NUMBER, &a->saturation, 0, 1, NULL, false },
        { "hue_deg", FIELD_NUMBER, &a->hue_deg, 0, 180, NULL, false },
        { "blur", FIELD_NUMBER, &a->blur, 0, 1, NULL, false },
        { "blur_px", FIELD_NUMBER, &a->blur_px, 0.1, 8, NULL, false },
        { "noise", FIELD_NUMBER, &a->noise, 0, 1, NULL, false },
        { "noise_dn", FIELD_NUMBER, &a->noise_dn, 0, 64, NULL, false },
        { "jpeg", FIELD_NUMBER, &a->jpeg, 0, 1, NULL, false },
        { "jpeg_quality", FIELD_PAIR, a->jpeg_quality, 5, 100, NULL, false },
        { "cutout", FIELD_NUMBER, &a->cutout, 0, 1, NULL, false },
        { "cutout_share", FIELD_NUMBER, &a->cutout_share, 0.01, 1, NULL, false },
        { "mixup", FIELD_NUMBER, &a->mixup, 0, 1, NULL, false },
        { "mixup_alpha", FIELD_NUMBER, &a->mixup_alpha, 0.05, 10, NULL, false },
        { "cutmix", FIELD_NUMBER, &a->cutmix, 0, 1, NULL, false },
        { "cutmix_alpha", FIELD_NUMBER, &a->cutmix_alpha, 0.05, 10, NULL, false },
        { "mean", FIELD_TRIPLE, a->mean, 0, 1, NULL, false },
        { "sd", FIELD_TRIPLE, a->sd, 0.01, 1, NULL, false },
    };

    TRY(take_fields(at, f, COUNT_OF(f), err));
    if (a->mixup + a->cutmix > 1)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "mixup and cutmix exclude each other; their probabilities add up to %g, over 1", a->mixup + a->cutmix);
    return TRUNDLE_OK;
}

static enum trundle_status take_sizes(const struct json_at *at, struct recipe_schedule *s, struct trundle_error *err)
{
    struct json_at list, one;
    double last = 0;

    TRY(json_take_array(at, "sizes", 1, RECIPE_SIZES, &list, err));
    s->sizes_n = (int)json_length(&list);
    for (int i = 0; i < s->sizes_n; i++) {
        const struct field f[] = { { "px", FIELD_INT, &s->size[i].px, 16, RECIPE_SIDE_MAX, NULL, true },
                                   { "until", FIELD_NUMBER, &s->size[i].until, 0, 1, NULL, false } };

        s->size[i].until = 1;
        TRY(json_element(&list, (size_t)i, &one, err));
        TRY(take_fields(&one, f, COUNT_OF(f), err));
        if (s->size[i].until <= last || (i == s->sizes_n - 1 && s->size[i].until < 1))
            return error_set(err, TRUNDLE_BAD_INPUT, one.where, NULL, "'until' is %g; it must rise from size to size, to 1", s->size[i].until);
        last = s->size[i].until;
    }
    return TRUNDLE_OK;
}

static const char *const optimizers[] = { "sgd", "adamw", NULL };

static enum trundle_status take_schedule(const struct json_at *at, struct recipe_schedule *s, struct trundle_error *err)
{
    int optimizer = RECIPE_SGD, ends;

    *s = (struct recipe_schedule){ .lr = 0.05, .momentum = 0.9, .beta2 = 0.999, .batch = 32, .warmup = 0.05, .save_minutes = 2, .sizes_n = 1 };
    const struct field f[] = {
        { "optimizer", FIELD_NAMED, &optimizer, 0, 0, optimizers, false },
        { "lr", FIELD_NUMBER, &s->lr, 1e-7, 100, NULL, true },
        { "momentum", FIELD_NUMBER, &s->momentum, 0, 0.9999, NULL, false },
        { "beta2", FIELD_NUMBER, &s->beta2, 0, 0.999999, NULL, false },
        { "weight_decay", FIELD_NUMBER, &s->weight_decay, 0, 10, NULL, false },
        { "clip", FIELD_NUMBER, &s->clip, 0, 1e6, NULL, false },
        { "batch", FIELD_INT, &s->batch, 1, 65536, NULL, true },
        { "epochs", FIELD_NUMBER, &s->epochs, 1e-3, 1e6, NULL, false },
        { "steps", FIELD_INT64, &s->steps, 1, 1e12, NULL, false },
        { "minutes", FIELD_NUMBER, &s->minutes, 0.01, 1e6, NULL, false },
        { "cpu_minutes", FIELD_NUMBER, &s->cpu_minutes, 0.01, 1e6, NULL, false },
        { "warmup", FIELD_NUMBER, &s->warmup, 0, 0.9, NULL, false },
        { "floor", FIELD_NUMBER, &s->floor, 0, 1, NULL, false },
        { "ema", FIELD_NUMBER, &s->ema, 0, 0.999999, NULL, false },
        { "save_minutes", FIELD_NUMBER, &s->save_minutes, 0, 1e5, NULL, false },
        { "sizes", FIELD_OTHER, NULL, 0, 0, NULL, true },
    };

    TRY(take_fields(at, f, COUNT_OF(f), err));
    TRY(take_sizes(at, s, err));
    s->optimizer = (enum recipe_optimizer)optimizer;
    ends = (s->epochs > 0) + (s->steps > 0) + (s->minutes > 0) + (s->cpu_minutes > 0);
    if (ends != 1)
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "needs exactly one of epochs, steps, minutes, cpu_minutes; has %d", ends);
    return TRUNDLE_OK;
}

static enum trundle_status take_evaluation(const struct json_at *at, const struct recipe_schedule *s, struct recipe_evaluation *e, struct trundle_error *err)
{
    const struct field f[] = {
        { "every_epochs", FIELD_NUMBER, &e->every_epochs, 0, 1e6, NULL, false },
        { "px", FIELD_INT, &e->px, 16, RECIPE_SIDE_MAX, NULL, false },
        { "flip", FIELD_BOOL, &e->flip, 0, 0, NULL, false },
        { "crop", FIELD_NUMBER, &e->crop, 0.1, 1, NULL, false },
        { "final", FIELD_OTHER, NULL, 0, 0, NULL, false },
    };
    struct json_at final;

    *e = (struct recipe_evaluation){ .every_epochs = 1, .crop = 1, .px = s->size[s->sizes_n - 1].px };
    TRY(take_fields(at, f, COUNT_OF(f), err));
    e->has_final = json_has(at, "final");
    if (e->has_final) {
        TRY(json_take_object(at, "final", &final, err));
        TRY(take_data(&final, &e->final, err));
    }
    return TRUNDLE_OK;
}

static bool plain_name(const char *name)
{
    if (!*name || *name == '-')
        return false;
    for (; *name; name++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *name))
            return false;
    return true;
}

static enum trundle_status take_all(const struct json_at *at, struct recipe *r, struct trundle_error *err)
{
    int version = 0;
    int64_t seed = 1;
    struct json_at part;
    const struct field f[] = {
        { "recipe", FIELD_INT, &version, 1, 1e6, NULL, true },
        { "name", FIELD_TEXT, r->name, 0, sizeof r->name, NULL, true },
        { "about", FIELD_TEXT, r->about, 0, sizeof r->about, NULL, false },
        { "seed", FIELD_INT64, &seed, 0, 9e15, NULL, false },
        { "data", FIELD_OTHER, NULL, 0, 0, NULL, true },
        { "augmentation", FIELD_OTHER, NULL, 0, 0, NULL, false },
        { "network", FIELD_OTHER, NULL, 0, 0, NULL, true },
        { "losses", FIELD_OTHER, NULL, 0, 0, NULL, true },
        { "schedule", FIELD_OTHER, NULL, 0, 0, NULL, true },
        { "evaluation", FIELD_OTHER, NULL, 0, 0, NULL, false },
    };

    if (!json_is_object(at->value))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "a recipe is a JSON object");
    if (json_has(at, "recipe")) {            /* first: a later version may have other fields */
        TRY(take_field(at, &f[0], err));
        if (version > RECIPE_VERSION)
            return error_set(err, TRUNDLE_UNSUPPORTED, at->where, "a newer trundle reads it", "recipe version %d; this build reads %d", version, RECIPE_VERSION);
    }
    TRY(take_fields(at, f, COUNT_OF(f), err));
    r->seed = (uint64_t)seed;
    if (!plain_name(r->name))
        return error_set(err, TRUNDLE_BAD_INPUT, at->where, NULL, "name '%s' is not made of a-z, 0-9 and -", r->name);
    TRY(json_take_object(at, "data", &part, err));
    TRY(take_data(&part, &r->data, err));
    r->augment = augment_config_default();
    if (json_has(at, "augmentation")) {
        TRY(json_take_object(at, "augmentation", &part, err));
        TRY(take_augment(&part, &r->augment, err));
    }
    if (r->data.task == DATA_BOXES && r->augment.mixup + r->augment.cutmix > 0)
        return error_set(err, TRUNDLE_BAD_INPUT, part.where, NULL, "mixup and cutmix are for classes, not for boxes");
    TRY(json_take_object(at, "schedule", &part, err));
    TRY(take_schedule(&part, &r->schedule, err));
    r->evaluation = (struct recipe_evaluation){ .every_epochs = 1, .crop = 1, .px = r->schedule.size[r->schedule.sizes_n - 1].px };
    if (json_has(at, "evaluation")) {
        TRY(json_take_object(at, "evaluation", &part, err));
        TRY(take_evaluation(&part, &r->schedule, &r->evaluation, err));
        if (r->evaluation.has_final && r->evaluation.final.task != r->data.task)
            return error_set(err, TRUNDLE_BAD_INPUT, part.where, NULL, "final has another task than data");
    }
    TRY(json_take(at, "network", &r->network, err));
    return json_take_array(at, "losses", 1, 16, &r->losses, err);
}

enum trundle_status recipe_parse(const void *bytes, size_t n, const char *where, struct recipe **out, struct trundle_error *err)
{
    struct recipe *r = calloc(1, sizeof *r);
    enum trundle_status status;
    struct json_at at;

    if (!r)
        return error_set(err, TRUNDLE_NO_MEMORY, where, NULL, "no memory for a recipe");
    TRY_GOTO(status, json_parse(bytes, n, where, &r->root, err), out);
    at = json_at_root(r->root, where);
    TRY_GOTO(status, take_all(&at, r, err), out);
    (void)hash_sha256(bytes, n, r->sha256);
    *out = r;
    r = NULL;
out:
    recipe_free(r);
    return status;
}

enum trundle_status recipe_load(const char *path, struct recipe **out, struct trundle_error *err)
{
    struct bytes b = { 0 };
    enum trundle_status status;

    TRY(file_read(path, 1 << 20, &b, err));
    status = recipe_parse(b.data, b.n, path, out, err);
    bytes_done(&b);
    return status;
}

void recipe_free(struct recipe *r)
{
    if (!r)
        return;
    if (r->root)
        json_decref(r->root);
    free(r);
}
