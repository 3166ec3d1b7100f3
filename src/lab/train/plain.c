/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The shim without a library: plain loops, right and slow. Built when oneDNN is not there. */
#include "lab/train/shim.h"

#include <stdlib.h>
#include <string.h>

struct shim_conv {
    struct shim_site site;
    int    threads, sizes_n, size[8];
    const float *w;
    float *sum;                             /* [threads][weights] */
    size_t n;
};

bool shim_built(void)
{
    return false;
}

void shim_one_thread(void)
{
}

enum trundle_status shim_conv_new(const struct shim_site *site, const int *size, int sizes_n, int threads, struct shim_conv **out, struct trundle_error *err)
{
    struct shim_conv *c = calloc(1, sizeof *c);

    if (c) {
        c->site = *site;
        c->threads = threads;
        c->sizes_n = sizes_n;
        memcpy(c->size, size, (size_t)sizes_n * sizeof *size);
        c->n = (size_t)site->o * (size_t)site->kh * (size_t)site->kw * (size_t)(site->c / site->groups);
        c->sum = calloc(c->n * (size_t)threads, sizeof *c->sum);
    }
    if (!c || !c->sum) {
        free(c);
        return error_set(err, TRUNDLE_NO_MEMORY, "convolution", NULL, "no memory for a convolution");
    }
    *out = c;
    return TRUNDLE_OK;
}

void shim_conv_free(struct shim_conv *c)
{
    if (c)
        free(c->sum);
    free(c);
}

const char *shim_conv_describe(const struct shim_conv *c)
{
    (void)c;
    return "plain loops";
}

void shim_conv_pack(struct shim_conv *c, const float *w, bool backward)
{
    (void)backward;
    c->w = w;
}

/* Calls for every product of the convolution: which 0: y += w x, 1: dx += w dy, 2: dw += x dy. */
static void loops(const struct shim_conv *c, int size, int which, const float *x, const float *y, const float *w, float *out)
{
    const struct shim_site *s = &c->site;
    int cg = s->c / s->groups, og = s->o / s->groups;

    for (int n = 0; n < c->size[size]; n++)
        for (int oy = 0; oy < s->oh; oy++)
            for (int ox = 0; ox < s->ow; ox++)
                for (int o = 0; o < s->o; o++) {
                    size_t at = (((size_t)n * (size_t)s->oh + (size_t)oy) * (size_t)s->ow + (size_t)ox) * (size_t)s->o + (size_t)o;
                    float sum = 0, dy = which ? y[at] : 0;

                    for (int ky = 0; ky < s->kh; ky++)
                        for (int kx = 0; kx < s->kw; kx++) {
                            int iy = oy * s->stride[0] - s->pad[0] + ky * s->dilation[0], ix = ox * s->stride[1] - s->pad[1] + kx * s->dilation[1];
                            size_t wi = (((size_t)o * (size_t)s->kh + (size_t)ky) * (size_t)s->kw + (size_t)kx) * (size_t)cg, xi;

                            if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w)
                                continue;
                            xi = (((size_t)n * (size_t)s->h + (size_t)iy) * (size_t)s->w + (size_t)ix) * (size_t)s->c + (size_t)(o / og * cg);
                            for (int i = 0; i < cg; i++)
                                if (which == 0)
                                    sum += w[wi + (size_t)i] * x[xi + (size_t)i];
                                else if (which == 1)
                                    out[xi + (size_t)i] += w[wi + (size_t)i] * dy;
                                else
                                    out[wi + (size_t)i] += x[xi + (size_t)i] * dy;
                        }
                    if (which == 0)
                        out[at] = sum;
                }
}

void shim_conv_forward(struct shim_conv *c, int size, int part, const float *x, float *y)
{
    (void)part;
    loops(c, size, 0, x, NULL, c->w, y);
}

void shim_conv_backward_data(struct shim_conv *c, int size, int part, const float *dy, float *dx)
{
    (void)part;
    memset(dx, 0, (size_t)c->size[size] * (size_t)c->site.h * (size_t)c->site.w * (size_t)c->site.c * sizeof *dx);
    loops(c, size, 1, NULL, dy, c->w, dx);
}

void shim_conv_backward_weights(struct shim_conv *c, int size, int part, bool fresh, const float *x, const float *dy)
{
    float *sum = c->sum + (size_t)part * c->n;

    if (fresh)
        memset(sum, 0, c->n * sizeof *sum);
    loops(c, size, 2, x, dy, NULL, sum);
}

void shim_conv_unpack(struct shim_conv *c, int part, float *dw)
{
    for (size_t i = 0; i < c->n; i++)
        dw[i] += c->sum[(size_t)part * c->n + i];
}

void shim_matmul(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                 int64_t ldc)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float sum = 0;

            for (int64_t l = 0; l < k; l++)
                sum += (ta ? a[l * lda + i] : a[i * lda + l]) * (tb ? b[j * ldb + l] : b[l * ldb + j]);
            c[i * ldc + j] = alpha * sum + (beta != 0.0F ? beta * c[i * ldc + j] : 0);
        }
}
