/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Concatenation: copies of whole rows, requantised where the quantisation differs. */

static bool concat_fits(const struct net_site *s)
{
    (void)s;
    return true;
}

static void concat_run(const struct net_call *c)
{
    const struct net_tensor *out = c->site->out;
    int axis = c->site->node->attr.axes[0];
    const struct net_axis v = net_axis_of(&out->shape, axis);
    size_t bytes = net_type_bytes(out->type);
    int64_t begin, end, from = 0, outer = v.outer;
    bool split = outer < c->parts;         /* few long rows: each part takes its share of each */

    net_share(split ? c->parts : outer, c->part, c->parts, &begin, &end);
    for (int k = 0; k < c->site->in_n; k++) {
        const struct net_tensor *x = c->site->in[k];
        int64_t n = x->shape.d[axis] * v.inner, first = 0, last = n;
        bool same = out->type != NET_U8 || net_same_quant(x, out);
        if (split)
            net_share(n, c->part, c->parts, &first, &last);
        for (int64_t row = split ? 0 : begin; row < (split ? outer : end); row++) {
            char *to = (char *)c->out + (size_t)(row * v.n * v.inner + from + first) * bytes;
            const char *x0 = (const char *)c->in[k] + (size_t)(row * n + first) * bytes;
            if (same) {
                memcpy(to, x0, (size_t)(last - first) * bytes);
                continue;
            }
            for (int64_t i = 0; i < last - first; i += ROWS_CHUNK) {
                int64_t some = ROWS_MIN(last - first - i, ROWS_CHUNK);
                float t[ROWS_CHUNK];
                rows_dequant((const uint8_t *)x0 + i, t, some, x->quant.zero, net_scale_of(x));
                rows_requant(t, (uint8_t *)to + i, some, 1.0f / net_scale_of(out), out->quant.zero);
            }
        }
        from += n;
    }
}
