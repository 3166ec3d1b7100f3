/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * net/op/matmul/f32_panels - fp32 matrix product. The right side is cut into panels (f32_tile.h): when the plan is made where it is constant,
 * else one panel at a time in scratch, just before all rows of the left side go over it.
 */
#pragma once

#include "base/net/op/f32_sweep.h"
#include "base/net/op/geometry.h"

struct mm {
    int64_t batches, m, n, k;      /* products; each m x k by k x n */
    int64_t rights;                /* different right sides */
    int64_t step_k, step_n;        /* floats in a right side */
    struct net_shape lead;
    int64_t sa[NET_RANK_MAX], sb[NET_RANK_MAX];    /* by lead's axes, in matrices */
};

static struct mm mm_of(const struct net_site *s)
{
    const struct net_shape *y = &s->out->shape;
    struct net_shape la = s->in[0]->shape, lb = s->in[1]->shape;
    struct mm m = { .m = y->d[y->rank - 2], .n = y->d[y->rank - 1], .k = la.d[la.rank - 1], .lead = *y };

    m.step_k = s->node->attr.flip_b ? 1 : m.n;
    m.step_n = s->node->attr.flip_b ? m.k : 1;
    m.lead.rank -= 2;
    la.rank -= 2;
    lb.rank -= 2;
    m.batches = net_shape_elements(&m.lead);
    m.rights = net_shape_elements(&lb);
    if (m.rights == 1 && net_shape_elements(&la) == m.batches) {       /* one right side for all: one tall left side */
        m.m *= m.batches;
        m.batches = 1;
        m.lead.rank = 0;
        return m;
    }
    net_broadcast_strides(&la, &m.lead, m.sa);
    net_broadcast_strides(&lb, &m.lead, m.sb);
    return m;
}

static bool mm_fits(const struct net_site *s)
{
    return s->in[0]->type == NET_F32 && s->in[1]->type == NET_F32 && s->out->type == NET_F32 && s->in[0]->shape.rank >= 2 && s->in[1]->shape.rank >= 2;
}

static bool mm_fits_packed(const struct net_site *s)
{
    return mm_fits(s) && s->in[1]->data && (s->in_n < 3 || !s->in[2] || s->in[2]->data);
}

static int64_t mm_bias_floats(const struct mm *m) { return f32_panels(m->n) * F32_PANEL; }

/* bias, then the panels of each right side */
static size_t mm_packed_bytes(const struct net_site *s)
{
    const struct mm m = mm_of(s);
    return (size_t)(mm_bias_floats(&m) + m.rights * f32_panels_floats(m.k, m.n)) * sizeof(float);
}

static size_t mm_scratch_bytes(const struct net_site *s, int parts)
{
    const struct mm m = mm_of(s);
    (void)parts;
    return (size_t)(m.k * F32_PANEL + F32_PANEL) * sizeof(float);
}

static void mm_pack(const struct net_site *s, void *packed)
{
    const struct mm m = mm_of(s);
    float *to = packed;

    f32_pack_bias(to, m.n, s->in_n > 2 && s->in[2] ? s->in[2]->data : NULL);
    to += mm_bias_floats(&m);
    for (int64_t r = 0; r < m.rights; r++, to += f32_panels_floats(m.k, m.n))
        for (int64_t k = 0; k < m.k; k++)
            f32_pack_row(to, k, m.k, m.n, (const float *)s->in[1]->data + r * m.n * m.k + k * m.step_k, m.step_n);
}

/* One panel of `lanes` channels and its bias, in scratch: zeros behind the last. */
static void mm_panel(const struct mm *m, const float *b, int lanes, const float *bias, float *to)
{
    const int wide = lanes <= VL ? VL : F32_PANEL;

    for (int i = 0; i < F32_PANEL; i++)
        to[i] = bias && i < lanes ? bias[i] : -0.0f;
    to += F32_PANEL;
    if (m->step_n == 1) {
        for (int64_t k = 0; k < m->k; k++, to += wide) {
            memcpy(to, b + k * m->step_k, (size_t)lanes * sizeof(float));
            if (lanes < wide) memset(to + lanes, 0, (size_t)(wide - lanes) * sizeof(float));
        }
        return;
    }
    for (int64_t k0 = 0; k0 < m->k; k0 += 16) {
        const int64_t k1 = k0 + 16 < m->k ? k0 + 16 : m->k;
        for (int i = 0; i < wide; i++)
            for (int64_t k = k0; k < k1; k++)
                to[k * wide + i] = i < lanes ? b[i * m->step_n + k] : 0.0f;
    }
}

static void mm_run(const struct net_call *c)
{
    const struct mm m = mm_of(c->site);
    const struct net_attr *a = &c->site->node->attr;
    const float *residual = c->site->in_n > 3 && c->site->in[3] ? c->in[3] : NULL, *bias = c->site->in_n > 2 && c->site->in[2] ? c->in[2] : NULL;
    const int64_t f = (int64_t)sizeof(float), panels = f32_panels(m.n);
    const struct f32_run run = { 0, 0, m.k };
    struct f32_grid g = { .in_pixel = m.k * f, .out_pixel = m.n * f, .rows = 1, .width = (int)m.m, .run = &run, .runs = 1, .k = m.k, .act = a->act,
        .alpha = a->alpha, .beta = a->beta };
    int64_t b0 = 0, b1 = m.batches, p0 = 0, p1 = panels, q0 = 0, q1;

    g.h = f32_groups(m.m, &g.per_row);
    q1 = g.per_row;
    if (m.batches >= c->parts)
        net_share(m.batches, c->part, c->parts, &b0, &b1);
    else if (panels >= c->parts && (!c->packed || m.n > m.m))
        net_share(panels, c->part, c->parts, &p0, &p1);
    else
        net_share(g.per_row, c->part, c->parts, &q0, &q1);
    if (q0 == q1)
        return;
    for (int64_t i = b0; i < b1; i++) {
        int64_t at_a = 0, at_b = 0, rest = i;
        for (int d = m.lead.rank; d-- > 0; rest /= m.lead.d[d]) {
            at_a += rest % m.lead.d[d] * m.sa[d];
            at_b += rest % m.lead.d[d] * m.sb[d];
        }
        g.in = (const float *)c->in[0] + at_a * m.m * m.k;
        if (c->packed) {
            int64_t step = F32_BAND / (g.h * m.k * f) / F32_G * F32_G;
            step = step < F32_G ? F32_G : step;
            g.out = (float *)c->out + i * m.m * m.n;
            g.residual = residual ? residual + i * m.m * m.n : NULL;
            g.n = (int)m.n;
            g.bias = c->packed;
            g.w = g.bias + mm_bias_floats(&m) + at_b * f32_panels_floats(m.k, m.n);
            for (int64_t q = q0; q < q1; q += step)
                f32_sweep(&g, q, q + step < q1 ? q + step : q1, p0, p1);
            continue;
        }
        for (int64_t p = p0; p < p1; p++) {
            const int64_t n = p * F32_PANEL, at = i * m.m * m.n + n;
            g.n = m.n - n < F32_PANEL ? (int)(m.n - n) : F32_PANEL;
            mm_panel(&m, (const float *)c->in[1] + at_b * m.k * m.n + n * m.step_n, g.n, bias ? bias + n : NULL, c->scratch);
            g.out = (float *)c->out + at;
            g.residual = residual ? residual + at : NULL;
            g.bias = c->scratch;
            g.w = g.bias + F32_PANEL;
            f32_sweep(&g, q0, q1, 0, 1);
        }
    }
}
