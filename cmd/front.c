/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "cmd/front.h"

#include "cart/runtime/summary.h"
#include "cmd/verbs.h"

#include <signal.h>
#include <stdio.h>

static atomic_int stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

const atomic_int *front_stop(void)
{
    static bool installed;
    struct sigaction action = { .sa_handler = on_signal };

    if (!installed) {
        (void)sigaction(SIGINT, &action, NULL);
        (void)sigaction(SIGTERM, &action, NULL);
        installed = true;
    }
    return &stop;
}

static enum trundle_status to_screen(void *to, const char *json, size_t n)
{
    return screen_publish(to, json, n);
}

void front_close(struct front *f)
{
    screen_stop(f->screen);
    face_free(f->face);
    inbox_free(f->inbox);
    *f = (struct front){ NULL, NULL, NULL };
}

enum trundle_status front_open(struct front *f, const char *address, bool till, struct trundle_error *err)
{
    struct screen_config screen = { .address = address, .picture = face_picture, .moment = face_moment, .find = face_find, .touch = face_touch };
    enum trundle_status status;

    status = inbox_new(&f->inbox);
    if (status == TRUNDLE_OK)
        status = face_new(&(struct face_config){ .inbox = f->inbox, .till = till }, &f->face);
    if (status != TRUNDLE_OK)
        (void)error_set(err, status, "screen", NULL, "no memory");
    screen.user = f->face;
    if (status == TRUNDLE_OK)
        status = screen_start(&screen, &f->screen, err);
    if (status != TRUNDLE_OK) {
        front_close(f);
        return status;
    }
    face_target(f->face, to_screen, f->screen);
    fprintf(stderr, "touchscreen: %s\n", screen_url(f->screen));
    return TRUNDLE_OK;
}

int front_print(const struct replay_summary *s, bool json)
{
    struct bytes text = { 0 };
    enum trundle_status status = json ? summary_json(s, &text) : summary_text(s, &text);

    if (status == TRUNDLE_OK)
        (void)fwrite(text.data, 1, text.n, stdout);
    bytes_done(&text);
    return status == TRUNDLE_OK && fflush(stdout) == 0 ? EXIT_OK : EXIT_ENVIRONMENT;
}
