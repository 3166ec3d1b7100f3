/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * The trainer's loops. Compiled several times, with TRAIN_VEC the name of the table and the instruction set's flags; vectors of sixteen
 * floats are the compiler's, so that it splits them where registers are shorter.
 */
#include "lab/train/vec.h"

#include <math.h>
#include <string.h>

typedef float vf __attribute__((vector_size(64)));
typedef float vf_any __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(64)));

enum { V = 16, BLOCK = 64 /* rows summed in float before they go to double */ };

/* A vector as a macro argument would do, a function would not: passing one by value depends on the instruction set. */
#define LOAD(p) (*(const vf_any *)(p))
#define STORE(p, x) (*(vf_any *)(p) = (x))
#define ALL(x) ((vf){ 0 } + (x))
#define PICK(mask, a, b) ((vf)(((vi)(a) & (mask)) | ((vi)(b) & ~(mask))))

/* e^x, relative error 2e-7: 2^(n + f), |f| <= 1/2 (Cody and Waite's reduction, Taylor to the seventh). */
static inline float exp_(float x)
{
    float n, f, p;
    int32_t bits;

    x = x > 88.0F ? 88.0F : x;
    x = x < -87.0F ? -87.0F : x;
    n = x * 1.44269504F;
    n = n >= 0 ? (float)(int32_t)(n + 0.5F) : (float)(int32_t)(n - 0.5F);
    f = x - n * 0.693359375F + n * 2.12194440e-4F;
    p = 1 + f * (1 + f * (0.5F + f * (1 / 6.0F + f * (1 / 24.0F + f * (1 / 120.0F + f * (1 / 720.0F + f * (1 / 5040.0F)))))));
    bits = ((int32_t)n + 127) << 23;
    memcpy(&n, &bits, sizeof n);
    return p * n;
}

static inline float sigmoid_(float x)
{
    return 1 / (1 + exp_(-x));
}

static inline float tanh_(float x)
{
    return 1 - 2 / (exp_(2 * x) + 1);
}

static inline float act_(float x, enum net_act act, float a, float b)
{
    switch (act) {
    case NET_ACT_RELU: return x < 0 ? 0 : x;        /* what is not a number stays so, and is found */
    case NET_ACT_LEAKY_RELU: return x > 0 ? x : a * x;
    case NET_ACT_CLIP: return x < a ? a : x > b ? b : x;
    case NET_ACT_HARD_SIGMOID: x = a * x + b; return x < 0 ? 0 : x > 1 ? 1 : x;
    case NET_ACT_HARD_SWISH: a = x * (1 / 6.0F) + 0.5F; a = a < 0 ? 0 : a > 1 ? 1 : a; return x * a;
    case NET_ACT_SIGMOID: return sigmoid_(x);
    case NET_ACT_SILU: return x * sigmoid_(x);
    case NET_ACT_TANH: return tanhf(x);
    case NET_ACT_GELU: return 0.5F * x * (1 + erff(x * 0.70710678F));
    case NET_ACT_GELU_TANH: return 0.5F * x * (1 + tanh_(0.79788456F * (x + 0.044715F * x * x * x)));
    case NET_ACT_ELU: return x > 0 ? x : a * (exp_(x) - 1);
    case NET_ACT_SOFTPLUS: return (x > 0 ? x : 0) + log1pf(expf(-fabsf(x)));
    case NET_ACT_MISH: return x * tanhf((x > 0 ? x : 0) + log1pf(expf(-fabsf(x))));
    case NET_ACT_EXP: return expf(x);
    case NET_ACT_LOG: return logf(x);
    case NET_ACT_SQRT: return sqrtf(x);
    case NET_ACT_ABS: return fabsf(x);
    case NET_ACT_NEG: return -x;
    case NET_ACT_RECIPROCAL: return 1 / x;
    case NET_ACT_ERF: return erff(x);
    case NET_ACT_FLOOR: return floorf(x);
    case NET_ACT_CEIL: return ceilf(x);
    case NET_ACT_ROUND: return rintf(x);
    case NET_ACT_SIGN: return x > 0 ? 1 : x < 0 ? -1 : 0;
    case NET_ACT_SIN: return sinf(x);
    case NET_ACT_COS: return cosf(x);
    case NET_ACT_IDENTITY:
    case NET_ACT_COUNT: break;
    }
    return x;
}

static inline float slope_(float x, enum net_act act, float a, float b)
{
    float s, t;

    switch (act) {
    case NET_ACT_RELU: return x > 0 ? 1 : 0;
    case NET_ACT_LEAKY_RELU: return x > 0 ? 1 : a;
    case NET_ACT_CLIP: return x > a && x < b ? 1 : 0;
    case NET_ACT_HARD_SIGMOID: s = a * x + b; return s > 0 && s < 1 ? a : 0;
    case NET_ACT_HARD_SWISH: s = x * (1 / 3.0F) + 0.5F; s = x > -3 ? s : 0; return x < 3 ? s : 1;
    case NET_ACT_SIGMOID: s = sigmoid_(x); return s * (1 - s);
    case NET_ACT_SILU: s = sigmoid_(x); return s * (1 + x * (1 - s));
    case NET_ACT_TANH: s = tanhf(x); return 1 - s * s;
    case NET_ACT_GELU: return 0.5F * (1 + erff(x * 0.70710678F)) + x * 0.39894228F * exp_(-0.5F * x * x);
    case NET_ACT_GELU_TANH:
        t = tanh_(0.79788456F * (x + 0.044715F * x * x * x));
        return 0.5F * (1 + t) + 0.5F * x * (1 - t * t) * 0.79788456F * (1 + 0.134145F * x * x);
    case NET_ACT_ELU: return x > 0 ? 1 : a * exp_(x);
    case NET_ACT_SOFTPLUS: return 1 / (1 + expf(-x));
    case NET_ACT_MISH:
        t = tanhf((x > 0 ? x : 0) + log1pf(expf(-fabsf(x))));
        return t + x * (1 - t * t) / (1 + expf(-x));
    case NET_ACT_EXP: return expf(x);
    case NET_ACT_LOG: return 1 / x;
    case NET_ACT_SQRT: return 0.5F / sqrtf(x);
    case NET_ACT_ABS: return x > 0 ? 1 : x < 0 ? -1 : 0;
    case NET_ACT_NEG: return -1;
    case NET_ACT_RECIPROCAL: return -1 / (x * x);
    case NET_ACT_ERF: return 1.12837917F * expf(-x * x);
    case NET_ACT_FLOOR:
    case NET_ACT_CEIL:
    case NET_ACT_ROUND:
    case NET_ACT_SIGN: return 0;
    case NET_ACT_SIN: return cosf(x);
    case NET_ACT_COS: return -sinf(x);
    case NET_ACT_IDENTITY:
    case NET_ACT_COUNT: break;
    }
    return 1;
}

/* One loop for each function that is worth a vector loop, one for all others. */
#define FOR_ACT(loop, a)                                     \
    switch ((a).act) {                                       \
    case NET_ACT_IDENTITY: loop(NET_ACT_IDENTITY); break;    \
    case NET_ACT_RELU: loop(NET_ACT_RELU); break;            \
    case NET_ACT_LEAKY_RELU: loop(NET_ACT_LEAKY_RELU); break; \
    case NET_ACT_CLIP: loop(NET_ACT_CLIP); break;            \
    case NET_ACT_HARD_SIGMOID: loop(NET_ACT_HARD_SIGMOID); break; \
    case NET_ACT_HARD_SWISH: loop(NET_ACT_HARD_SWISH); break; \
    case NET_ACT_SIGMOID: loop(NET_ACT_SIGMOID); break;      \
    case NET_ACT_SILU: loop(NET_ACT_SILU); break;            \
    case NET_ACT_GELU_TANH: loop(NET_ACT_GELU_TANH); break;  \
    case NET_ACT_ELU: loop(NET_ACT_ELU); break;              \
    default: loop((a).act); break;                           \
    }

static void sums(const float *y, const float *base, int64_t rows, int channels, double *out)
{
    int c = 0;

    for (; c + V <= channels; c += V) {
        vf at = LOAD(base + c);

        for (int64_t r0 = 0; r0 < rows; r0 += BLOCK) {
            int64_t r1 = r0 + BLOCK < rows ? r0 + BLOCK : rows;
            vf s = { 0 }, q = { 0 };

            for (int64_t r = r0; r < r1; r++) {
                vf d = LOAD(y + r * channels + c) - at;

                s += d;
                q += d * d;
            }
            for (int k = 0; k < V; k++) {
                out[c + k] += (double)s[k];
                out[channels + c + k] += (double)q[k];
            }
        }
    }
    for (; c < channels; c++) {
        double s = 0, q = 0;

        for (int64_t r = 0; r < rows; r++) {
            double d = (double)(y[r * channels + c] - base[c]);

            s += d;
            q += d * d;
        }
        out[c] += s;
        out[channels + c] += q;
    }
}

static void normalise(const float *restrict y, const float *restrict scale, const float *restrict shift, struct train_act act, int64_t rows, int channels, float *restrict z)
{
#define LOOP(which)                                                                                                  \
    for (int64_t r = 0; r < rows; r++)                                                                               \
        for (int c = 0; c < channels; c++)                                                                           \
            z[r * channels + c] = act_(y[r * channels + c] * scale[c] + shift[c], which, act.alpha, act.beta)
    FOR_ACT(LOOP, act)
#undef LOOP
}

static inline void slopes(const float at[V], struct train_act f, float by[V])
{
#define LOOP(which)             \
    for (int k = 0; k < V; k++) \
        by[k] *= slope_(at[k], which, f.alpha, f.beta)
    FOR_ACT(LOOP, f)
#undef LOOP
}

/* Sums stay in registers for a block of rows. */
static void normalise_back(const float *restrict y, const float *restrict dz, const float *restrict scale, const float *restrict shift, const float *restrict mean,
                           struct train_act act, int64_t rows, int channels, float *restrict g, double *restrict out)
{
    int c = 0;

    for (; c + V <= channels; c += V) {
        vf a = LOAD(scale + c), b = LOAD(shift + c), m = LOAD(mean + c), zero = { 0 }, lo = ALL(act.alpha), hi = ALL(act.beta);

        for (int64_t r0 = 0; r0 < rows; r0 += BLOCK) {
            int64_t r1 = r0 + BLOCK < rows ? r0 + BLOCK : rows;
            vf s = { 0 }, q = { 0 };

#define LOOP(...)                                         \
    for (int64_t r = r0; r < r1; r++) {                   \
        vf v = LOAD(y + r * channels + c), d = LOAD(dz + r * channels + c), t = v * a + b; \
        __VA_ARGS__;                                      \
        STORE(g + r * channels + c, d);                   \
        s += d;                                           \
        q += d * (v - m);                                 \
    }
            if (act.act == NET_ACT_IDENTITY) {
                LOOP((void)t)
            } else if (act.act == NET_ACT_RELU) {
                LOOP(d = (vf)((vi)d & (t > zero)))
            } else if (act.act == NET_ACT_CLIP) {
                LOOP(d = (vf)((vi)d & (t > lo) & (t < hi)))
            } else if (act.act == NET_ACT_LEAKY_RELU) {
                LOOP(d = PICK(t > zero, d, d * lo))
            } else {
                LOOP({
                    float at[V], by[V];
                    STORE(at, t);
                    STORE(by, d);
                    slopes(at, act, by);
                    d = LOAD(by);
                })
            }
#undef LOOP
            for (int k = 0; k < V; k++) {
                out[c + k] += (double)s[k];
                out[channels + c + k] += (double)q[k];
            }
        }
    }
    for (; c < channels; c++) {
        double s = 0, q = 0;

        for (int64_t r = 0; r < rows; r++) {
            float v = y[r * channels + c], d = dz[r * channels + c] * slope_(v * scale[c] + shift[c], act.act, act.alpha, act.beta);

            g[r * channels + c] = d;
            s += (double)d;
            q += (double)d * (double)(v - mean[c]);
        }
        out[c] += s;
        out[channels + c] += q;
    }
}

static void normalise_pull(const float *restrict y, const float *restrict g, const float *restrict scale, const float *restrict pull, const float *restrict drift, bool add,
                           int64_t rows, int channels, float *restrict dy)
{
    if (add)
        for (int64_t r = 0; r < rows; r++)
            for (int c = 0; c < channels; c++)
                dy[r * channels + c] += g[r * channels + c] * scale[c] + (y[r * channels + c] * pull[c] + drift[c]);
    else
        for (int64_t r = 0; r < rows; r++)
            for (int c = 0; c < channels; c++)
                dy[r * channels + c] = g[r * channels + c] * scale[c] + (y[r * channels + c] * pull[c] + drift[c]);
}

static void act(const float *restrict x, struct train_act f, int64_t n, float *restrict z)
{
#define LOOP(which)                 \
    for (int64_t i = 0; i < n; i++) \
        z[i] = act_(x[i], which, f.alpha, f.beta)
    FOR_ACT(LOOP, f)
#undef LOOP
}

static void act_back(const float *restrict x, const float *restrict dz, struct train_act f, int64_t n, float *restrict dx)
{
#define LOOP(which)                 \
    for (int64_t i = 0; i < n; i++) \
        dx[i] = dz[i] * slope_(x[i], which, f.alpha, f.beta)
    FOR_ACT(LOOP, f)
#undef LOOP
}

static void add(const float *a, const float *b, int64_t n, float *z)
{
    for (int64_t i = 0; i < n; i++)
        z[i] = a[i] + b[i];
}

static void bias(float *restrict y, const float *restrict b, int64_t rows, int channels)
{
    for (int64_t r = 0; r < rows; r++)
        for (int c = 0; c < channels; c++)
            y[r * channels + c] += b[c];
}

static void columns(const float *restrict y, int64_t rows, int channels, float *restrict out)
{
    for (int64_t r = 0; r < rows; r++)
        for (int c = 0; c < channels; c++)
            out[c] += y[r * channels + c];
}

static void sgd(float *restrict w, const float *restrict g, float *restrict m, size_t n, float rate, float decay, float momentum, float scale, int nesterov)
{
    if (nesterov)
        for (size_t i = 0; i < n; i++) {
            float d = g[i] * scale + decay * w[i];

            m[i] = momentum * m[i] + d;
            w[i] -= rate * (d + momentum * m[i]);
        }
    else
        for (size_t i = 0; i < n; i++) {
            m[i] = momentum * m[i] + (g[i] * scale + decay * w[i]);
            w[i] -= rate * m[i];
        }
}

static void adam(float *restrict w, const float *restrict g, float *restrict m, float *restrict v, size_t n, float rate, float decay, float beta1, float beta2, float eps,
                 float fix1, float fix2, float scale)
{
    for (size_t i = 0; i < n; i++) {
        float d = g[i] * scale;

        m[i] = beta1 * m[i] + (1 - beta1) * d;
        v[i] = beta2 * v[i] + (1 - beta2) * d * d;
        w[i] -= rate * (m[i] * fix1 / (sqrtf(v[i] * fix2) + eps) + decay * w[i]);
    }
}

static void lerp(float *restrict a, const float *restrict w, size_t n, float keep)
{
    for (size_t i = 0; i < n; i++)
        a[i] += (1 - keep) * (w[i] - a[i]);
}

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
const struct train_vec TRAIN_VEC = {
    .name = TEXT(TRAIN_VEC), .sums = sums, .normalise = normalise, .normalise_back = normalise_back, .normalise_pull = normalise_pull, .act = act, .act_back = act_back,
    .add = add, .bias = bias, .columns = columns, .sgd = sgd, .adam = adam, .lerp = lerp,
};
