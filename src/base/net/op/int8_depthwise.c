/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The driver of the int8 depthwise kernels (int8_depthwise.h): packing, rows, tiles. No instruction set in it. */
#include "base/net/op/int8_depthwise.h"

#include <string.h>

enum { GROUPS_MAX = 16 };          /* of four kernel rows */

struct header {
    size_t start, scale, bias, plain_scale, plain_bias, weights;
    size_t block_weights;
    bool   general;
};

static size_t round64(size_t n) { return (n + 63) & ~(size_t)63; }
static int32_t ceil_div(int32_t a, int32_t b) { return (a + b - 1) / b; }

bool int8_depthwise_fits(const struct net_site *s)
{
    const struct net_attr *a = &s->node->attr;

    return s->node->op == NET_CONV && int8_fits(s) && a->groups > 1 && a->groups == s->in[0]->shape.d[3] && a->groups == s->out->shape.d[3] &&
           s->in[1]->shape.d[1] <= INT8_DEPTHWISE_ROWS * GROUPS_MAX;
}

static struct header header_of(const struct net_site *s, const struct int8_depthwise_micro *m)
{
    size_t block = (size_t)m->block, blocks = (size_t)ceil_div(s->out->shape.d[3], m->block), channels = round64(blocks * block * 4);
    const struct net_shape *w = &s->in[1]->shape;
    struct header h = { .start = round64(sizeof h) };

    h.scale = h.start + channels;
    h.bias = h.scale + channels;
    h.plain_scale = h.bias + channels;
    h.plain_bias = h.plain_scale + channels;
    h.weights = h.plain_bias + channels;
    h.block_weights = (size_t)ceil_div(w->d[1], INT8_DEPTHWISE_ROWS) * (size_t)w->d[2] * block * (size_t)INT8_DEPTHWISE_ROWS * (m->unit == 4 ? 1 : 2);
    return h;
}

size_t int8_depthwise_packed_bytes(const struct net_site *s, const struct int8_depthwise_micro *m)
{
    struct header h = header_of(s, m);

    return h.weights + h.block_weights * (size_t)ceil_div(s->out->shape.d[3], m->block);
}

/* Pixels of a block, where a row is taken as one line of bytes. */
static int32_t flat_of(const struct net_site *s, const struct int8_depthwise_micro *m)
{
    const struct net_attr *a = &s->node->attr;
    int32_t c = s->out->shape.d[3];
    bool flat = m->flat && c < m->block && m->block % c == 0 && s->in[1]->shape.d[1] == 3 && s->in[1]->shape.d[2] == 3 && a->stride[1] == 1 && a->dilation[1] == 1;

    return flat ? m->block / c : 1;
}

void int8_depthwise_pack(const struct net_site *s, const struct int8_depthwise_micro *m, void *packed)
{
    struct header *head = packed;
    char *base = packed;
    int32_t channels = s->out->shape.d[3], kh = s->in[1]->shape.d[1], kw = s->in[1]->shape.d[2], flat = flat_of(s, m);
    const struct net_tensor *bias = s->in_n > 2 ? s->in[2] : NULL;
    const int8_t *w = s->in[1]->data;

    *head = header_of(s, m);
    for (int32_t at = 0; at < ceil_div(channels, m->block) * m->block; at++) {
        int32_t first = at / m->block * m->block, lane = at - first, plain = first + m->order[lane], o = flat > 1 ? plain % channels : plain, sum = 0, size = 0;
        char *to = base + head->weights + (size_t)(first / m->block) * head->block_weights;
        float scale, offset;

        if (o >= channels)
            continue;
        for (int32_t y = 0; y < kh; y++)
            for (int32_t x = 0; x < kw; x++) {
                int8_t v = w[((int64_t)o * kh + y) * kw + x];
                int32_t row = y % INT8_DEPTHWISE_ROWS, place = (y / INT8_DEPTHWISE_ROWS * kw + x) * INT8_DEPTHWISE_ROWS * m->block;
                sum += v;
                size += v < 0 ? -v : v;
                place += (row / m->unit * m->block + lane) * m->unit + row % m->unit;
                if (m->unit == 4)
                    ((int8_t *)to)[place] = v;
                else
                    ((int16_t *)(void *)to)[place] = v;
            }
        scale = int8_channel_scale(s, o);
        offset = bias ? ((const float *)bias->data)[o] : 0.0f;
        ((int32_t *)(void *)(base + head->start))[at] = -s->in[0]->quant.zero * sum;
        ((float *)(void *)(base + head->scale))[at] = scale;
        ((float *)(void *)(base + head->bias))[at] = offset;
        ((float *)(void *)(base + head->plain_scale))[plain] = scale;
        ((float *)(void *)(base + head->plain_bias))[plain] = offset;
        head->general |= int8_may_overflow(s, o, size);
    }
}

void int8_depthwise_run(const struct net_call *c, const struct int8_depthwise_micro *m)
{
    const struct net_site *s = c->site;
    const struct net_attr *a = &s->node->attr;
    const struct net_shape *in = &s->in[0]->shape, *out = &s->out->shape;
    const struct header *head = c->packed;
    const char *packed = c->packed;
    const int32_t kh = s->in[1]->shape.d[1], h = in->d[1], ow = out->d[2], channels = in->d[3];
    const uint8_t *residual = s->in_n > 3 && s->in[3] ? c->in[3] : NULL;
    const struct int8_post post = int8_post_of(s, head->general);
    uint8_t zeros[64];
    struct int8_depthwise_rows group[GROUPS_MAX], block[GROUPS_MAX];
    struct int8_depthwise d = {
        .w = in->d[2], .c = channels, .x = -a->pad[1], .kh = kh, .ahead = (ptrdiff_t)in->d[2] * channels, .kw = s->in[1]->shape.d[2], .sx = a->stride[1], .dx = a->dilation[1],
        .groups = ceil_div(kh, INT8_DEPTHWISE_ROWS), .flat = flat_of(s, m), .group = block, .zeros = zeros, .end = { .post = &post, .out_step = channels },
    };
    int64_t begin, end;

    memset(zeros, s->in[0]->quant.zero, sizeof zeros);
    net_share((int64_t)out->d[0] * out->d[1], c->part, c->parts, &begin, &end);
    for (; begin < end; begin++) {
        int64_t image = begin / out->d[1], at = begin * ow * channels;
        int32_t y = (int32_t)(begin % out->d[1]) * a->stride[0] - a->pad[0];
        for (int32_t r = 0; r < d.groups * INT8_DEPTHWISE_ROWS; r++) {
            int32_t yy = y + (r < kh ? r : kh - 1) * a->dilation[0];
            bool inside = yy >= 0 && yy < h;
            struct int8_depthwise_rows *g = &group[r / INT8_DEPTHWISE_ROWS];
            g->row[r % INT8_DEPTHWISE_ROWS] = inside ? (const uint8_t *)c->in[0] + (image * h + yy) * d.w * channels : zeros;
            g->keep[r % INT8_DEPTHWISE_ROWS] = inside ? -1 : 0;
        }
        for (int32_t first = 0; first < channels; first += m->block) {
            for (int32_t g = 0; g < d.groups; g++)
                for (int r = 0; r < INT8_DEPTHWISE_ROWS; r++) {
                    block[g].row[r] = group[g].row[r] + (first & group[g].keep[r]);
                    block[g].keep[r] = group[g].keep[r];
                }
            d.weights = (const int8_t *)(packed + head->weights) + (size_t)(first / m->block) * head->block_weights;
            d.start = (const int32_t *)(const void *)(packed + head->start) + first;
            d.scale = (const float *)(const void *)(packed + head->scale) + first;
            d.bias = (const float *)(const void *)(packed + head->bias) + first;
            d.end.scale = (const float *)(const void *)(packed + head->plain_scale) + first;
            d.end.bias = (const float *)(const void *)(packed + head->plain_bias) + first;
            d.end.width = channels - first < m->block ? channels - first : m->block;
            d.end.out = (char *)c->out + (size_t)(at + first) * (post.real ? 4 : 1);
            d.end.residual = residual ? residual + at + first : NULL;
            m->row(&d, ow);
        }
    }
}
