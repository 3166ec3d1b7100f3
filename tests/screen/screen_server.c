/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * A touchscreen whose cart is standard input: each line is a state to publish. What is touched comes out as a line of JSON, the
 * address first. `screen_server FOLDER [ADDRESS]`; FOLDER has KEY.svg pictures and plu.json. Lines that start with '!':
 * `!full` refuses touches, `!take` takes them again, `!quit` ends.
 */
#include "base/std/json.h"
#include "cart/screen/screen.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *folder;
static atomic_bool full;

static enum trundle_status read_file(const char *name, const char *ending, struct bytes *out, struct trundle_error *err)
{
    char path[1024];

    (void)snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    return file_read(path, 1 << 20, out, err);
}

static enum trundle_status on_picture(void *user, struct trundle_product product, struct bytes *out, const char **out_type, struct trundle_error *err)
{
    char name[TRUNDLE_PRODUCT_TEXT];

    (void)user;
    *strchr(trundle_product_text(product, name), ':') = '-';
    *out_type = "image/svg+xml";
    return read_file(name, ".svg", out, err);
}

static enum trundle_status on_moment(void *user, uint32_t line, struct bytes *out, const char **out_type, struct trundle_error *err)
{
    (void)user;
    if (line == 99)
        return error_set(err, TRUNDLE_NOT_FOUND, "moment", NULL, "no picture was kept");
    *out_type = "image/svg+xml";
    return read_file("moment", ".svg", out, err);
}

static bool has(const char *text, const char *query)
{
    size_t n = strlen(query);

    for (; *text; text++)
        if (strncasecmp(text, query, n) == 0)
            return true;
    return !n;
}

static enum trundle_status on_find(void *user, const char *query, struct bytes *out, struct trundle_error *err)
{
    struct bytes file = { 0 };
    json_t *root = NULL, *found = json_array(), *item;
    size_t i;
    enum trundle_status status;
    char *text;

    (void)user;
    TRY_GOTO(status, read_file("plu", ".json", &file, err), out);
    TRY_GOTO(status, json_parse(file.data, file.n, "plu.json", &root, err), out);
    json_array_foreach (json_object_get(root, "items"), i, item)
        if (has(json_string_value(json_object_get(item, "name")), query) || has(json_string_value(json_object_get(item, "product")), query))
            json_array_append(found, item);
    json_object_set(root, "items", found);
    text = json_dumps(root, JSON_COMPACT);
    status = bytes_append(out, text, strlen(text));
    free(text);
out:
    json_decref(found);
    json_decref(root);
    bytes_done(&file);
    return status;
}

static enum trundle_status on_touch(void *user, const struct trundle_touch *touch, struct trundle_error *err)
{
    char product[TRUNDLE_PRODUCT_TEXT];

    (void)user;
    if (full)
        return error_set(err, TRUNDLE_FULL, "touch", "again in a moment", "too much at once");
    printf("{\"kind\":%d,\"ref\":%u,\"option\":%d,\"product\":\"%s\",\"count\":%d}\n", touch->kind, touch->ref, touch->option,
           trundle_product_text(touch->product, product), touch->count);
    (void)fflush(stdout);
    return TRUNDLE_OK;
}

int main(int argc, char **argv)
{
    struct screen_config config = { .address = argc > 2 ? argv[2] : "127.0.0.1:0", .picture = on_picture, .moment = on_moment,
                                    .find = on_find, .touch = on_touch };
    struct screen *screen;
    struct trundle_error err;
    static char line[1 << 20], text[1024];

    if (argc < 2)
        return 2;
    folder = argv[1];
    if (screen_start(&config, &screen, &err) != TRUNDLE_OK) {
        fprintf(stderr, "screen_server: %s\n", error_text(&err, text, sizeof text));
        return 4;
    }
    printf("{\"url\":\"%s\"}\n", screen_url(screen));
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) && strcmp(line, "!quit\n") != 0) {
        if (line[0] == '!')
            full = strcmp(line, "!full\n") == 0;
        else if (screen_publish(screen, line, strcspn(line, "\n")) != TRUNDLE_OK)
            fprintf(stderr, "screen_server: not published\n");
    }
    screen_stop(screen);
    return 0;
}
