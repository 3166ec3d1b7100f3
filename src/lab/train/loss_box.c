/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The IoU family. A box and its target are four numbers; slopes are carried by hand through each formula. */
#include "lab/train/loss.h"

#include <math.h>

/* A value and its slopes towards the four numbers of the prediction. */
struct slope { double v, d[4]; };

static struct slope constant(double v)
{
    return (struct slope){ .v = v };
}

static struct slope variable(double v, int i)
{
    struct slope s = { .v = v };

    s.d[i] = 1;
    return s;
}

static struct slope linear(struct slope a, double by_a, struct slope b, double by_b)
{
    struct slope s = { .v = a.v * by_a + b.v * by_b };

    for (int i = 0; i < 4; i++)
        s.d[i] = a.d[i] * by_a + b.d[i] * by_b;
    return s;
}

static struct slope times(struct slope a, struct slope b)
{
    struct slope s = { .v = a.v * b.v };

    for (int i = 0; i < 4; i++)
        s.d[i] = a.d[i] * b.v + a.v * b.d[i];
    return s;
}

static struct slope over(struct slope a, struct slope b)
{
    struct slope s = { .v = a.v / b.v };

    for (int i = 0; i < 4; i++)
        s.d[i] = (a.d[i] - s.v * b.d[i]) / b.v;
    return s;
}

static struct slope larger(struct slope a, struct slope b)
{
    return a.v >= b.v ? a : b;
}

static struct slope smaller(struct slope a, struct slope b)
{
    return a.v <= b.v ? a : b;
}

static struct slope minus(struct slope a, struct slope b)
{
    return linear(a, 1, b, -1);
}

static struct slope one(enum loss_box kind, const float *box, const float *target)
{
    const double tiny = 1e-9, pi = 3.14159265358979323846;
    struct slope zero = constant(0), p[4], t[4], w, h, iw, ih, both, all, iou, loss, cw, ch;
    double tw, th;

    for (int i = 0; i < 4; i++) {
        p[i] = variable((double)box[i], i);
        t[i] = constant((double)target[i]);
    }
    w = larger(minus(p[2], p[0]), zero);
    h = larger(minus(p[3], p[1]), zero);
    tw = t[2].v - t[0].v;
    th = t[3].v - t[1].v;
    iw = larger(minus(smaller(p[2], t[2]), larger(p[0], t[0])), zero);
    ih = larger(minus(smaller(p[3], t[3]), larger(p[1], t[1])), zero);
    both = times(iw, ih);
    all = minus(linear(times(w, h), 1, constant(tw * th + tiny), 1), both);
    iou = over(both, all);
    loss = minus(constant(1), iou);
    if (kind == LOSS_IOU)
        return loss;
    cw = minus(larger(p[2], t[2]), smaller(p[0], t[0]));
    ch = minus(larger(p[3], t[3]), smaller(p[1], t[1]));
    if (kind == LOSS_GIOU) {
        struct slope hull = linear(times(cw, ch), 1, constant(tiny), 1);

        return linear(loss, 1, over(minus(hull, all), hull), 1);
    }
    {
        struct slope dx = linear(linear(p[0], 0.5, p[2], 0.5), 1, constant((t[0].v + t[2].v) / 2), -1);
        struct slope dy = linear(linear(p[1], 0.5, p[3], 0.5), 1, constant((t[1].v + t[3].v) / 2), -1);
        struct slope far = linear(times(dx, dx), 1, times(dy, dy), 1), diagonal = linear(linear(times(cw, cw), 1, times(ch, ch), 1), 1, constant(tiny), 1);

        loss = linear(loss, 1, over(far, diagonal), 1);
    }
    if (kind == LOSS_CIOU) {
        double tangent = atan2(tw, th), ours = atan2(w.v, h.v), square = w.v * w.v + h.v * h.v + tiny, v = 4 / (pi * pi) * (tangent - ours) * (tangent - ours);
        double alpha = v / (1 - iou.v + v + tiny), by = alpha * 8 / (pi * pi) * (ours - tangent) / square;

        loss.v += alpha * v;
        for (int i = 0; i < 4; i++)
            loss.d[i] += by * (h.v * w.d[i] - w.v * h.d[i]);
    }
    return loss;
}

double loss_box(enum loss_box kind, const float *box, const float *target, const float *weight, int64_t n, double scale, float *grad)
{
    double value = 0;

    for (int64_t r = 0; r < n; r++) {
        double by = weight ? (double)weight[r] : 1;
        struct slope s;

        if (by == 0)
            continue;
        s = one(kind, box + r * 4, target + r * 4);
        value += by * s.v;
        for (int i = 0; i < 4 && grad; i++)
            grad[r * 4 + i] += (float)(scale * by * s.d[i]);
    }
    return value * scale;
}
