/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Frames from outside: the JPEG between frames that are good, then enough good ones for an episode to end. */
#include "tests/see/draw.h"

#include "base/std/time.h"
#include "cart/see/see.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void push(struct see *see, uint32_t *sequence, const uint8_t *jpeg, size_t n)
{
    struct trundle_message m = { .channel = TRUNDLE_CAM, .sequence = ++*sequence };
    struct trundle_evidence e;

    m.sensed_ns = m.log_ns = (int64_t)*sequence * (NS_PER_S / 15);
    m.frame = (struct trundle_frame){ jpeg, n };
    see_push(see, &m);
    while (see_poll(see, &e) == TRUNDLE_OK)
        if (!(e.llr_put >= -1000 && e.llr_put <= 1000) || e.products_n > TRUNDLE_EVIDENCE_PRODUCTS)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct draw d;
    struct cart_camera camera = draw_camera();
    struct cart_basket basket = draw_basket();
    struct see_config config = SEE_CONFIG_DEFAULT;
    struct see *see = NULL;
    uint32_t sequence = 0;

    if (!d.jpeg_bytes) {
        d = draw_start(2);
        draw_frame(&d);
    }
    if (see_new(&camera, &basket, NULL, &config, &see, NULL) != TRUNDLE_OK)
        return 0;
    for (int i = 0; i < 3; i++)
        push(see, &sequence, d.jpeg, d.jpeg_bytes);
    for (int i = 0; i < 2; i++)
        push(see, &sequence, data, n);
    for (int i = 0; i < 6; i++)
        push(see, &sequence, d.jpeg, d.jpeg_bytes);
    see_free(see);
    return 0;
}
