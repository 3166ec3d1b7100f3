/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * What a run leaves: checkpoints, and at the end the model folder.
 *
 * checkpoint.bin: "TRNDCKP1", u32 bytes of the header (little endian), the header (JSON: recipe, step, times), the state of the training
 * (train_state_save), and the sha256, in hex, of all before it.
 */
#include "lab/train/run_inner.h"

#include "base/net/file.h"
#include "base/net/manifest.h"
#include "base/std/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[8] = { 'T', 'R', 'N', 'D', 'C', 'K', 'P', '1' };
enum { HEADER_MOST = 65536, HEX = HASH_SHA256_TEXT - 1 };

enum trundle_status run_path(const struct run *r, const char *name, char *out, size_t size, struct trundle_error *err)
{
    int n = snprintf(out, size, "%s/%s", r->folder, name);

    return n < 0 || (size_t)n >= size ? error_set(err, TRUNDLE_TOO_LARGE, r->folder, NULL, "a path of %d bytes", n) : TRUNDLE_OK;
}

static enum trundle_status no_memory(struct trundle_error *err)
{
    return error_set(err, TRUNDLE_NO_MEMORY, "run", NULL, "no memory for what the run leaves");
}

enum trundle_status run_save(struct run *r, struct trundle_error *err)
{
    char path[RECIPE_PATH + 256], hex[HASH_SHA256_TEXT], *head = NULL;
    struct bytes b = { 0 };
    enum trundle_status status = TRUNDLE_OK;
    size_t n = train_state_bytes(r->train), head_n;
    json_t *o;

    if (r->ranks.rank != 0)
        return TRUNDLE_OK;
    o = json_pack("{s:s, s:s, s:I, s:I, s:f, s:f, s:I}", "name", r->recipe->name, "recipe_sha256", r->recipe->sha256, "step", (json_int_t)r->step, "steps", (json_int_t)r->steps,
                  "wall_s", run_wall_s(r), "cpu_s", run_cpu_s(r), "state_bytes", (json_int_t)n);
    head = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    if (!head)
        return no_memory(err);
    head_n = strlen(head);
    if (bytes_reserve(&b, sizeof magic + 4 + head_n + n + HEX) != TRUNDLE_OK) {
        status = no_memory(err);
        goto out;
    }
    memcpy(b.data, magic, sizeof magic);
    for (int i = 0; i < 4; i++)
        b.data[8 + i] = (uint8_t)(head_n >> (8 * i));
    memcpy(b.data + 12, head, head_n);
    train_state_save(r->train, b.data + 12 + head_n);
    b.n = 12 + head_n + n;
    (void)hash_sha256(b.data, b.n, hex);
    memcpy(b.data + b.n, hex, HEX);
    b.n += HEX;
    TRY_GOTO(status, run_path(r, "checkpoint.bin", path, sizeof path, err), out);
    TRY_GOTO(status, file_write(path, b.data, b.n, err), out);
    TRY_GOTO(status, run_log_write(r, err), out);
out:
    free(head);
    bytes_done(&b);
    return status;
}

/* The header of a checkpoint that is whole, and where its state begins. */
static enum trundle_status read_head(const struct bytes *b, const char *path, json_t **out, size_t *out_state, struct trundle_error *err)
{
    char hex[HASH_SHA256_TEXT];
    size_t head_n;

    if (b->n < 12 + HEX || memcmp(b->data, magic, sizeof magic) != 0)
        return error_set(err, TRUNDLE_CORRUPT, path, NULL, "not a checkpoint");
    (void)hash_sha256(b->data, b->n - HEX, hex);
    if (memcmp(hex, b->data + b->n - HEX, HEX) != 0)
        return error_set(err, TRUNDLE_CORRUPT, path, NULL, "its hash does not fit");
    head_n = (size_t)b->data[8] | (size_t)b->data[9] << 8 | (size_t)b->data[10] << 16 | (size_t)b->data[11] << 24;
    if (head_n > HEADER_MOST || head_n > b->n - 12 - HEX)
        return error_set(err, TRUNDLE_CORRUPT, path, NULL, "a header of %zu bytes", head_n);
    *out_state = 12 + head_n;
    return json_parse(b->data + 12, head_n, path, out, err);
}

enum trundle_status run_load(struct run *r, struct trundle_error *err)
{
    char path[RECIPE_PATH + 256], text[80];
    enum trundle_status status;
    struct bytes b = { 0 };
    json_t *root = NULL;
    struct json_at at;
    size_t state = 0;
    int64_t step, bytes;

    TRY(run_path(r, "checkpoint.bin", path, sizeof path, err));
    status = file_read(path, (size_t)4 << 30, &b, err);
    if (status != TRUNDLE_OK)
        return status == TRUNDLE_NOT_FOUND ? error_set(err, status, path, "start without --resume", "no checkpoint to go on from") : status;
    TRY_GOTO(status, read_head(&b, path, &root, &state, err), out);
    at = json_at_root(root, path);
    TRY_GOTO(status, json_take_text(&at, "recipe_sha256", text, sizeof text, err), out);
    if (strcmp(text, r->recipe->sha256) != 0) {
        status = error_set(err, TRUNDLE_CONFLICT, path, "resume with the recipe it was begun with", "it belongs to another version of the recipe");
        goto out;
    }
    TRY_GOTO(status, json_take_integer(&at, "step", 0, INT64_MAX / 2, &step, err), out);
    TRY_GOTO(status, json_take_integer(&at, "state_bytes", 0, INT64_MAX / 2, &bytes, err), out);
    TRY_GOTO(status, json_take_number(&at, "wall_s", 0, 1e12, &r->wall_before_s, err), out);
    TRY_GOTO(status, json_take_number(&at, "cpu_s", 0, 1e12, &r->cpu_before_s, err), out);
    if ((size_t)bytes != b.n - HEX - state) {
        status = error_set(err, TRUNDLE_CORRUPT, path, NULL, "a state of %zu bytes, and its header says %lld", b.n - HEX - state, (long long)bytes);
        goto out;
    }
    TRY_GOTO(status, train_state_load(r->train, b.data + state, (size_t)bytes, err), out);
    r->step = step;
    run_say(r, "going on from step %lld", (long long)step);
    if (r->ranks.rank == 0)
        status = run_log_read(r, err);
out:
    json_decref(root);
    bytes_done(&b);
    return status;
}

/* --- the model folder --- */

static json_t *names_of(const struct data_set *set)
{
    json_t *list = json_array();

    for (int32_t i = 0; list && i < data_classes(set); i++)
        (void)json_array_append_new(list, json_string(data_class_name(set, i)));
    return list;
}

static json_t *coarse_of(const struct data_set *set)
{
    const int32_t *of = data_coarse_of(set);
    json_t *list = of ? json_array() : NULL;

    for (int32_t i = 0; list && i < data_classes(set); i++)
        (void)json_array_append_new(list, json_integer(of[i]));
    return list;
}

static json_t *triple(const double v[3])
{
    return json_pack("[f, f, f]", v[0], v[1], v[2]);
}

/* What a user of the net must know: goes into the .net file and result.json. */
static json_t *about_net(const struct run *r)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "name", r->recipe->name, "made_by", "trundle " TRUNDLE_VERSION, "recipe_sha256", r->recipe->sha256, "px",
                          r->recipe->evaluation.px, "mean", triple(r->recipe->augment.mean), "sd", triple(r->recipe->augment.sd), "classes", names_of(r->set));
    json_t *coarse = o ? coarse_of(r->set) : NULL;

    if (coarse)
        (void)json_object_set_new(o, "coarse_of", coarse);
    return o;
}

static enum trundle_status save_net(struct run *r, struct run_report *report, struct trundle_error *err)
{
    char path[RECIPE_PATH + 256], name[RECIPE_NAME + 8], *about = NULL;
    struct net_graph *g = NULL;
    struct bytes b = { 0 };
    enum trundle_status status;
    json_t *o = about_net(r);

    (void)snprintf(name, sizeof name, "%s.net", r->recipe->name);
    about = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(8)) : NULL;
    json_decref(o);
    if (!about)
        return no_memory(err);
    TRY_GOTO(status, train_export(r->judge, TRAIN_AVERAGED, true, &g, err), out);      /* holds the averaged weights, at the evaluation's size */
    TRY_GOTO(status, net_file_encode(g, about, &b, err), out);
    (void)hash_sha256(b.data, b.n, report->net_sha256);
    TRY_GOTO(status, run_path(r, name, path, sizeof path, err), out);
    status = file_write(path, b.data, b.n, err);
out:
    free(about);
    net_graph_free(g);
    bytes_done(&b);
    return status;
}

static enum trundle_status write_json(const struct run *r, const char *name, json_t *o, struct trundle_error *err)
{
    char path[RECIPE_PATH + 256], *text = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(8)) : NULL;
    enum trundle_status status;

    if (!text)
        return no_memory(err);
    status = run_path(r, name, path, sizeof path, err);
    if (status == TRUNDLE_OK)
        status = file_write(path, text, strlen(text), err);
    free(text);
    return status;
}

static enum trundle_status save_result(struct run *r, const struct run_report *report, struct trundle_error *err)
{
    json_t *o = about_net(r), *scores = json_object();
    enum trundle_status status;
    char net[RECIPE_NAME + 8];

    (void)snprintf(net, sizeof net, "%s.net", r->recipe->name);
    if (o && scores) {
        (void)json_object_set_new(o, "net", json_string(net));
        (void)json_object_set_new(o, "net_sha256", json_string(report->net_sha256));
        (void)json_object_set_new(o, "seed", json_integer((json_int_t)r->recipe->seed));
        (void)json_object_set_new(o, "steps", json_integer((json_int_t)report->steps));
        (void)json_object_set_new(o, "epochs", json_real(report->epochs));
        (void)json_object_set_new(o, "wall_s", json_real(report->wall_s));
        (void)json_object_set_new(o, "cpu_s", json_real(report->cpu_s));
        (void)json_object_set_new(o, "threads", json_integer(r->options->threads));
        (void)json_object_set_new(o, "ranks", json_integer(r->ranks.n));
        if (report->has_held_out)
            (void)json_object_set_new(scores, "held_out", run_score_json(&report->held_out));
        if (report->has_final)
            (void)json_object_set_new(scores, "final", run_score_json(&report->final));
        (void)json_object_set(o, "scores", scores);
    }
    json_decref(scores);
    status = write_json(r, "result.json", o, err);
    json_decref(o);
    return status;
}

static enum trundle_status save_card(struct run *r, const struct run_report *report, struct trundle_error *err)
{
    const struct recipe *c = r->recipe;
    char path[RECIPE_PATH + 256], text[160];
    struct bytes b = { 0 };
    enum trundle_status status;

    TRY_GOTO(status, bytes_print(&b, "# %s\n%s\n\n", c->name, c->about), out);
    TRY_GOTO(status, bytes_print(&b, "- data: %s (%zu pictures for training, %zu held out, %d classes)\n", c->data.path[0] ? c->data.path : "generated", data_part_n(r->set, DATA_TRAIN),
                                 data_part_n(r->set, DATA_HELD_OUT), data_classes(r->set)), out);
    TRY_GOTO(status, bytes_print(&b, "- recipe: recipe.json, sha256 %s, seed %llu\n", c->sha256, (unsigned long long)c->seed), out);
    if (r->options->command)
        TRY_GOTO(status, bytes_print(&b, "- command: `%s`\n", r->options->command), out);
    TRY_GOTO(status, bytes_print(&b, "- training: %lld steps, %.1f epochs, %.0f s by the clock, %.0f CPU seconds, %d threads, %d ranks, trundle %s\n", (long long)report->steps,
                                 report->epochs, report->wall_s, report->cpu_s, r->options->threads, r->ranks.n, TRUNDLE_VERSION), out);
    if (report->has_held_out)
        TRY_GOTO(status, bytes_print(&b, "- held out: %s\n", objective_text(&report->held_out, text)), out);
    if (report->has_final)
        TRY_GOTO(status, bytes_print(&b, "- final (%s), scored once, after training: %s\n", c->evaluation.final.path, objective_text(&report->final, text)), out);
    TRY_GOTO(status, bytes_print(&b, "- net: %s.net, sha256 %s; pictures of %d px\n\n![learning curve](curve.svg)\n", c->name, report->net_sha256, c->evaluation.px), out);
    TRY_GOTO(status, run_path(r, "card.md", path, sizeof path, err), out);
    status = file_write(path, b.data, b.n, err);
out:
    bytes_done(&b);
    return status;
}

static enum trundle_status save_manifest(const struct run *r, struct trundle_error *err)
{
    char net[RECIPE_NAME + 8];
    const char *const files[] = { net, "card.md", "recipe.json", "result.json", "log.jsonl", "curve.svg" };

    (void)snprintf(net, sizeof net, "%s.net", r->recipe->name);
    return net_manifest_write(r->folder, r->recipe->name, files, (int)COUNT_OF(files), err);
}

enum trundle_status run_finish(struct run *r, struct run_report *report, struct trundle_error *err)
{
    char path[RECIPE_PATH + 256];

    TRY(run_log_write(r, err));
    TRY(save_net(r, report, err));
    TRY(save_card(r, report, err));
    TRY(write_json(r, "recipe.json", r->recipe->root, err));
    TRY(save_result(r, report, err));
    TRY(save_manifest(r, err));               /* last: a folder with a manifest is a whole model */
    TRY(run_path(r, "checkpoint.bin", path, sizeof path, err));
    (void)unlink(path);
    return TRUNDLE_OK;
}
