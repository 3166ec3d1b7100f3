/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Attention for one head after the other: the head's keys are turned once, so that scores are vectors over keys, and results vectors over channels. */

static bool attention_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

static size_t attention_scratch(const struct net_site *s, int parts)
{
    size_t keys = (size_t)s->in[1]->shape.d[1], d = (size_t)(s->in[0]->shape.d[2] / s->node->attr.heads);

    (void)parts;
    return (keys + VL - 1) / VL * VL * (d + 1) * sizeof(float);
}

static void attention_run(const struct net_call *c)
{
    const struct net_attr *a = &c->site->node->attr;
    const struct net_shape *q = &c->site->in[0]->shape, *v = &c->site->in[2]->shape;
    int64_t queries = q->d[1], keys = v->d[1], d = q->d[2] / a->heads, e = v->d[2] / a->heads, sm[NET_RANK_MAX] = { 0 }, turned_of = -1;
    int64_t wide = (keys + VL - 1) / VL * VL;      /* whole vectors of keys; what is past the last counts for nothing */
    const struct net_shape full = { 4, { q->d[0], a->heads, q->d[1], v->d[1] } };
    const float *mask = net_in(c, 3);
    float *turned = c->scratch, *score, scale = a->scale[0] > 0 ? a->scale[0] : 1.0f / sqrtf((float)d);

    score = turned + wide * d;
    if (mask)
        net_broadcast_strides(&c->site->in[3]->shape, &full, sm);
    NET_FOR_SHARE(at, q->d[0] * a->heads * queries) {
        int64_t which = at / queries, n = which / a->heads, head = which % a->heads, t = at % queries;
        const float *qs = (const float *)c->in[0] + (n * queries + t) * q->d[2] + head * d, *vs = (const float *)c->in[2] + n * keys * v->d[2] + head * e;
        float *out = (float *)c->out + (n * queries + t) * v->d[2] + head * e;
        if (turned_of != which) {
            const float *ks = (const float *)c->in[1] + n * keys * q->d[2] + head * d;
            memset(turned, 0, (size_t)(wide * d) * sizeof *turned);
            for (int64_t s = 0; s < keys; s++)
                for (int64_t k = 0; k < d; k++)
                    turned[k * wide + s] = ks[s * q->d[2] + k];
            turned_of = which;
        }
        rows_chains(score, turned, wide, qs, d, wide);
        for (int64_t s = 0; s < keys; s++)
            score[s] *= scale;
        for (int64_t s = 0; mask && s < keys; s++)
            score[s] += mask[n * sm[0] + head * sm[1] + t * sm[2] + s * sm[3]];
        float sum = rows_exp(score, score, rows_largest(score, keys), keys);
        for (int64_t s = 0; s < keys; s++)
            score[s] = score[s] / sum;
        rows_chains(out, vs, v->d[2], score, keys, e);
    }
}
