/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Norms. Batch norm is two steps, because all samples meet between them: `sums` behind the layer that makes y, and `normalise` in a later
 * stage. Backward goes the other way: `normalise` stores g = dz act'(.) and sums it, `sums` makes dy of it (Ioffe, Szegedy 2015):
 *
 *     dy = gamma / sd (g - mean(g) - (y - mean) / var mean(g (y - mean)))
 *
 * Sums are taken around the running mean, so that float squares lose nothing where the mean is far from 0.
 */
#include "lab/train/inside.h"

#include <math.h>
#include <string.h>

static double *sums_of(const struct train_call *c)
{
    return c->layer->norm->sums + (size_t)c->part * 2 * (size_t)c->layer->norm->channels;
}

static void sums_forward(const struct train_call *c)
{
    struct train_norm *n = c->layer->norm;

    if (c->learn)
        train_vec_here()->sums(c->in[0].v, n->mean, train_rows(&c->in[0]), n->channels, sums_of(c));
}

static void sums_backward(const struct train_call *c)
{
    struct train_norm *n = c->layer->norm;
    int64_t rows = train_rows(&c->in[0]), each = rows / c->n;

    if (c->in[0].g)
        train_vec_here()->normalise_pull(c->in[0].v, n->g + (int64_t)c->first * each * n->channels, n->scale, n->pull, n->drift, false, rows, n->channels, c->in[0].g);
}

const struct train_op train_op_norm_sums = { .name = "norm_sums", .forward = sums_forward, .backward = sums_backward };

static struct train_act act_of(const struct train_call *c)
{
    const struct net_attr *a = &c->layer->node.attr;

    return (struct train_act){ a->act, a->alpha, a->beta };
}

static void normalise_forward(const struct train_call *c)
{
    struct train_norm *n = c->layer->norm;

    train_vec_here()->normalise(c->in[0].v, n->scale, n->shift, act_of(c), train_rows(&c->in[0]), n->channels, c->out.w);
}

static void normalise_backward(const struct train_call *c)
{
    struct train_norm *n = c->layer->norm;
    int64_t rows = train_rows(&c->in[0]), each = rows / c->n;

    train_vec_here()->normalise_back(c->in[0].v, c->out.g, n->scale, n->shift, n->mean, act_of(c), rows, n->channels, n->g + (int64_t)c->first * each * n->channels, sums_of(c));
}

const struct train_op train_op_norm = { .name = "norm", .again = true, .late = true, .forward = normalise_forward, .backward = normalise_backward };

/* The sums of all threads into those of the first. */
static void gather(struct train *t, struct train_norm *n)
{
    size_t two = 2 * (size_t)n->channels;

    for (int part = 1; part < t->threads; part++)
        for (size_t i = 0; i < two; i++)
            n->sums[i] += n->sums[(size_t)part * two + i];
}

void train_norm_forward(struct train *t, struct train_norm *n)
{
    size_t channels = (size_t)n->channels;
    float *mean = t->statistics + n->statistics, *var = mean + channels;
    const float *now_mean = t->now_statistics + n->statistics, *now_var = now_mean + channels;
    const float *gamma = t->now + t->parameter[n->parameter[0]].offset, *beta = t->now + t->parameter[n->parameter[1]].offset;
    double share = t->config.statistics > 0 ? t->config.statistics : 0.1, rows = (double)n->rows * t->ranks;

    if (t->mode == TRAIN_LEARN) {
        gather(t, n);
        if (t->ranks > 1)
            t->config.sum(t->config.user, n->sums, 2 * channels);
    }
    for (size_t c = 0; c < channels; c++) {
        double m = (double)now_mean[c], v = (double)now_var[c];

        if (t->mode == TRAIN_LEARN) {
            double off = n->sums[c] / rows;

            m = (double)n->mean[c] + off;
            v = n->sums[channels + c] / rows - off * off;
            v = v > 0 ? v : 0;
            mean[c] = (float)((1 - share) * (double)mean[c] + share * m);
            var[c] = (float)((1 - share) * (double)var[c] + share * v * (rows > 1 ? rows / (rows - 1) : 1));
        }
        n->mean[c] = (float)m;
        n->inverse[c] = (float)(1 / sqrt(v + n->eps));
        n->scale[c] = gamma[c] * n->inverse[c];
        n->shift[c] = (float)((double)beta[c] - m * (double)n->scale[c]);
    }
    memset(n->sums, 0, (size_t)t->threads * 2 * channels * sizeof *n->sums);
}

void train_norm_backward(struct train *t, struct train_norm *n)
{
    size_t channels = (size_t)n->channels;
    float *dgamma = t->part_gradients[0] + t->parameter[n->parameter[0]].offset, *dbeta = t->part_gradients[0] + t->parameter[n->parameter[1]].offset;
    double rows = (double)n->rows * t->ranks;

    gather(t, n);
    for (size_t c = 0; c < channels; c++) {
        dbeta[c] += (float)n->sums[c];
        dgamma[c] += (float)(n->sums[channels + c] * (double)n->inverse[c]);
    }
    if (t->ranks > 1)
        t->config.sum(t->config.user, n->sums, 2 * channels);
    for (size_t c = 0; c < channels; c++) {
        double scale = (double)n->scale[c], inverse = (double)n->inverse[c], pull = -scale * inverse * inverse * n->sums[channels + c] / rows;

        n->pull[c] = (float)pull;
        n->drift[c] = (float)(-scale * n->sums[c] / rows - pull * (double)n->mean[c]);
    }
    memset(n->sums, 0, (size_t)t->threads * 2 * channels * sizeof *n->sums);
}

/* --- along axes of one sample --- */

struct line { int64_t outer, inner; int32_t n; };

/* Values along `axis`: element k of line (o, i) is at (o n + k) inner + i. */
static struct line line_of(const struct net_shape *s, int axis)
{
    struct line l = { 1, 1, s->d[axis] };

    for (int i = 0; i < s->rank; i++)
        if (i < axis)
            l.outer *= s->d[i];
        else if (i > axis)
            l.inner *= s->d[i];
    return l;
}

static void layer_norm_line(const struct train_call *c, const float *x, int64_t n, double *mean, double *inverse)
{
    double s = 0, q = 0;

    for (int64_t i = 0; i < n; i++)
        s += (double)x[i];
    *mean = s / (double)n;
    for (int64_t i = 0; i < n; i++)
        q += ((double)x[i] - *mean) * ((double)x[i] - *mean);
    *inverse = 1 / sqrt(q / (double)n + (double)c->layer->node.attr.eps);
}

static int64_t layer_norm_n(const struct train_call *c)
{
    int64_t n = 1;

    for (int i = c->layer->node.attr.axes[0]; i < c->in[0].shape.rank; i++)
        n *= c->in[0].shape.d[i];
    return n;
}

static void layer_norm_forward(const struct train_call *c)
{
    int64_t n = layer_norm_n(c), rows = train_elements(&c->in[0]) / n;
    const float *gamma = c->in_n > 1 ? c->in[1].v : NULL, *beta = c->in_n > 2 ? c->in[2].v : NULL;
    double mean, inverse;

    for (int64_t r = 0; r < rows; r++) {
        const float *x = c->in[0].v + r * n;
        float *y = c->out.w + r * n, a, b;

        layer_norm_line(c, x, n, &mean, &inverse);
        a = (float)inverse;
        b = (float)(-mean * inverse);
        for (int64_t i = 0; i < n; i++)
            y[i] = (x[i] * a + b) * (gamma ? gamma[i] : 1) + (beta ? beta[i] : 0);
    }
}

static void layer_norm_backward(const struct train_call *c)
{
    int64_t n = layer_norm_n(c), rows = train_elements(&c->in[0]) / n;
    const float *gamma = c->in_n > 1 ? c->in[1].v : NULL;
    double mean, inverse;

    for (int64_t r = 0; r < rows; r++) {
        const float *x = c->in[0].v + r * n, *dy = c->out.g + r * n;
        double s = 0, q = 0;
        float a, b, ms, mq;

        layer_norm_line(c, x, n, &mean, &inverse);
        a = (float)inverse;
        b = (float)(-mean * inverse);
        for (int64_t i = 0; i < n; i++) {
            float d = dy[i] * (gamma ? gamma[i] : 1), h = x[i] * a + b;

            s += (double)d;
            q += (double)(d * h);
            if (c->in_n > 1 && c->in[1].g)
                c->in[1].g[i] += dy[i] * h;
            if (c->in_n > 2 && c->in[2].g)
                c->in[2].g[i] += dy[i];
        }
        if (!c->in[0].g)
            continue;
        ms = (float)(s / (double)n);
        mq = (float)(q / (double)n);
        for (int64_t i = 0; i < n; i++)
            c->in[0].g[r * n + i] = a * (dy[i] * (gamma ? gamma[i] : 1) - ms - (x[i] * a + b) * mq);
    }
}

const struct train_op train_op_layer_norm = { .name = "layer_norm", .forward = layer_norm_forward, .backward = layer_norm_backward };

/* x / max(|x|, eps) */
static double length_of(const float *x, const struct line *l, double eps)
{
    double q = 0;

    for (int k = 0; k < l->n; k++)
        q += (double)x[k * l->inner] * (double)x[k * l->inner];
    q = sqrt(q);
    return q > eps ? q : -eps;
}

static void l2_forward(const struct train_call *c)
{
    struct line l = line_of(&c->in[0].shape, c->layer->node.attr.axes[0]);

    for (int64_t o = 0; o < l.outer; o++)
        for (int64_t i = 0; i < l.inner; i++) {
            int64_t at = o * l.n * l.inner + i;
            double length = fabs(length_of(c->in[0].v + at, &l, (double)c->layer->node.attr.eps));

            for (int k = 0; k < l.n; k++)
                c->out.w[at + k * l.inner] = (float)((double)c->in[0].v[at + k * l.inner] / length);
        }
}

static void l2_backward(const struct train_call *c)
{
    struct line l = line_of(&c->in[0].shape, c->layer->node.attr.axes[0]);

    if (!c->in[0].g)
        return;
    for (int64_t o = 0; o < l.outer; o++)
        for (int64_t i = 0; i < l.inner; i++) {
            int64_t at = o * l.n * l.inner + i;
            double length = length_of(c->in[0].v + at, &l, (double)c->layer->node.attr.eps), along = 0;

            for (int k = 0; k < l.n && length > 0; k++)
                along += (double)c->out.g[at + k * l.inner] * (double)c->in[0].v[at + k * l.inner];
            for (int k = 0; k < l.n; k++)
                c->in[0].g[at + k * l.inner] += (float)(((double)c->out.g[at + k * l.inner] - (double)c->in[0].v[at + k * l.inner] * along / (length * length)) / fabs(length));
        }
}

const struct train_op train_op_l2_norm = { .name = "l2_norm", .adds = true, .forward = l2_forward, .backward = l2_backward };

static void softmax_forward(const struct train_call *c)
{
    struct line l = line_of(&c->in[0].shape, c->layer->node.attr.axes[0]);
    bool log_ = c->layer->node.attr.log_;

    for (int64_t o = 0; o < l.outer; o++)
        for (int64_t i = 0; i < l.inner; i++) {
            const float *x = c->in[0].v + o * l.n * l.inner + i;
            float *y = c->out.w + o * l.n * l.inner + i, most = x[0];
            double sum = 0;

            for (int k = 1; k < l.n; k++)
                most = x[k * l.inner] > most ? x[k * l.inner] : most;
            for (int k = 0; k < l.n; k++) {
                y[k * l.inner] = expf(x[k * l.inner] - most);
                sum += (double)y[k * l.inner];
            }
            for (int k = 0; k < l.n; k++)
                y[k * l.inner] = log_ ? x[k * l.inner] - most - (float)log(sum) : (float)((double)y[k * l.inner] / sum);
        }
}

static void softmax_backward(const struct train_call *c)
{
    struct line l = line_of(&c->in[0].shape, c->layer->node.attr.axes[0]);
    bool log_ = c->layer->node.attr.log_;

    if (!c->in[0].g)
        return;
    for (int64_t o = 0; o < l.outer; o++)
        for (int64_t i = 0; i < l.inner; i++) {
            int64_t at = o * l.n * l.inner + i;
            const float *y = c->out.v + at, *dy = c->out.g + at;
            double sum = 0;

            for (int k = 0; k < l.n; k++)
                sum += (double)dy[k * l.inner] * (log_ ? 1 : (double)y[k * l.inner]);
            for (int k = 0; k < l.n; k++)
                c->in[0].g[at + k * l.inner] = log_ ? dy[k * l.inner] - (float)(exp((double)y[k * l.inner]) * sum) : y[k * l.inner] * (dy[k * l.inner] - (float)sum);
        }
}

const struct train_op train_op_softmax = { .name = "softmax", .forward = softmax_forward, .backward = softmax_backward };
