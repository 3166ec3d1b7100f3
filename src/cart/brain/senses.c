/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The lanes: one weigh, and one see for every basket camera of the cart file. */
#include "cart/brain/senses.h"

#include "cart/see/see_model.h"
#include "cart/weigh/weigh.h"

#include <stdlib.h>
#include <trundle/trundle.h>

struct senses {
    struct weigh weigh;
    struct see *see[TRUNDLE_CAMERAS_MAX];    /* owned; NULL: no such camera, or not one that looks into the basket */
};

enum trundle_status senses_new(const struct cart_file *cart, const struct see_gallery *gallery, const struct trundle_text *see_json, struct senses **out,
                               struct trundle_error *err)
{
    struct weigh_config weigh = WEIGH_CONFIG_DEFAULT;
    struct see_config see = SEE_CONFIG_DEFAULT;
    struct see_model model;
    enum trundle_status status;
    struct senses *s = calloc(1, sizeof *s);

    if (!s)
        return error_set(err, TRUNDLE_NO_MEMORY, "senses", NULL, "no memory");
    if (see_json && see_json->n) {
        TRY_GOTO(status, see_model_parse(see_json->bytes, see_json->n, "see.json", &model, err), out);
        see.model = &model;
    }
    weigh.max_g = cart->scale.max_g;
    weigh.floor_m[0] = cart->basket.size_m[0];
    weigh.floor_m[1] = cart->basket.size_m[1];
    TRY_GOTO(status, weigh_init(&s->weigh, &cart->cells, &weigh, err), out);
    for (uint8_t i = 0; i < cart->cameras_n; i++)
        if (cart->camera[i].role == CART_CAMERA_BASKET)
            TRY_GOTO(status, see_new(&cart->camera[i], &cart->basket, gallery, &see, &s->see[i], err), out);
    *out = s;
    s = NULL;
out:
    senses_free(s);
    return status;
}

void senses_free(struct senses *s)
{
    if (!s)
        return;
    for (int i = 0; i < TRUNDLE_CAMERAS_MAX; i++)
        see_free(s->see[i]);
    free(s);
}

int senses_lane(const struct trundle_message *m)
{
    switch (m->channel) {
    case TRUNDLE_CELL:
    case TRUNDLE_IMU:
        return 0;
    case TRUNDLE_CAM:
        return m->sensor < TRUNDLE_CAMERAS_MAX ? 1 + m->sensor : -1;
    case TRUNDLE_DROP:
        return m->drop.channel == TRUNDLE_CAM && m->sensor < TRUNDLE_CAMERAS_MAX ? 1 + m->sensor : -1;
    default:
        return -1;
    }
}

void senses_push(struct senses *s, const struct trundle_message *m)
{
    int lane = senses_lane(m);

    if (lane == 0)
        weigh_push(&s->weigh, m);
    else if (lane > 0 && s->see[lane - 1])
        see_push(s->see[lane - 1], m);
}

enum trundle_status senses_poll(struct senses *s, int lane, struct trundle_evidence *out)
{
    if (lane == 0)
        return weigh_poll(&s->weigh, out);
    if (lane > 0 && lane < SENSES_LANES_MAX && s->see[lane - 1])
        return see_poll(s->see[lane - 1], out);
    return TRUNDLE_AGAIN;
}

struct sense_live senses_live(const struct senses *s, int lane)
{
    struct sense_live live = { .faults = 0 };

    if (lane == 0) {
        weigh_live(&s->weigh, &live.weigh);
        live.faults = live.weigh.faults;
    } else if (lane > 0 && lane < SENSES_LANES_MAX && s->see[lane - 1]) {
        live.faults = see_live(s->see[lane - 1]).faults;
    }
    return live;
}
