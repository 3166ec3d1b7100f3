/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/int8_ends - from the sums of a tile to what is stored, in plain C that becomes vectors of the including file's instruction set.
 * The slow, general end: any act, f32 output, values that may leave int32. Files of int8 kernels alone include it.
 */
#pragma once

#include "base/net/op/exact.h"
#include "base/net/op/int8.h"
#include "base/net/op/requant.h"

enum { INT8_ROW_MAX = 64 };        /* channels of a panel */

/* sums[pixels][row], row = lanes * vectors. */
static inline void int8_store_general(const struct int8_tile *t, const int32_t *sums, int pixels, int row)
{
    const struct int8_post *p = t->post;
    float real[INT8_ROW_MAX] = { 0 };

    for (int i = 0; i < pixels; i++, sums += row) {
        for (int j = 0; j < row; j++)
            real[j] = fmaf((float)sums[j], t->scale[j], t->bias[j]);
        if (t->residual) {
            const uint8_t *r = t->residual + i * t->out_step;
            for (int j = 0; j < t->width; j++)
                real[j] = fmaf((float)(r[j] - p->residual_zero), p->residual_scale, real[j]);
        }
        net_act_row(p->act, p->alpha, p->beta, real, real, row);
        if (p->real) {
            memcpy((float *)t->out + i * t->out_step, real, (size_t)t->width * sizeof(float));
        } else {
            uint8_t to[INT8_ROW_MAX];
            for (int j = 0; j < row; j++)
                to[j] = net_requant(real[j], p->inverse, p->zero);
            memcpy((uint8_t *)t->out + i * t->out_step, to, (size_t)t->width);
        }
    }
}
