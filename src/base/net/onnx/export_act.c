/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/onnx/export_act - functions of one value, as the opset at hand has them. */
#include "base/net/onnx/write.h"

#include <math.h>

/* out = op(a, b) */
static void two(struct onnx_writer *w, const char *op, const char *a, const char *b, const char *out)
{
    onnx_node(w, op, (const char *[]){ a, b }, 2, out, NULL);
}

static void one(struct onnx_writer *w, const char *op, const char *in, const char *out)
{
    onnx_node(w, op, &in, 1, out, NULL);
}

static void times(struct onnx_writer *w, const char *op, const char *in, float v, const char *out, const char *stem)
{
    onnx_name number = onnx_floats(w, stem, &v, 0);
    two(w, op, in, number.text, out);
}

/* x/2 (1 + f) */
static void half_of(struct onnx_writer *w, const char *x, const char *f, const char *out, const char *stem)
{
    onnx_name plus = onnx_fresh(w, stem, "t"), half = onnx_fresh(w, stem, "t");
    times(w, "Add", f, 1, plus.text, stem);
    times(w, "Mul", x, 0.5f, half.text, stem);
    two(w, "Mul", half.text, plus.text, out);
}

enum trundle_status onnx_export_act(struct onnx_writer *w, const struct net_attr *a, const char *in, const char *out, const char *stem)
{
    struct onnx_attrs attrs = { 0 };
    onnx_name t, u, v;
    switch (a->act) {
    case NET_ACT_IDENTITY: one(w, "Identity", in, out); break;
    case NET_ACT_RELU: one(w, "Relu", in, out); break;
    case NET_ACT_SIGMOID: one(w, "Sigmoid", in, out); break;
    case NET_ACT_TANH: one(w, "Tanh", in, out); break;
    case NET_ACT_SOFTPLUS: one(w, "Softplus", in, out); break;
    case NET_ACT_EXP: one(w, "Exp", in, out); break;
    case NET_ACT_LOG: one(w, "Log", in, out); break;
    case NET_ACT_SQRT: one(w, "Sqrt", in, out); break;
    case NET_ACT_ABS: one(w, "Abs", in, out); break;
    case NET_ACT_NEG: one(w, "Neg", in, out); break;
    case NET_ACT_RECIPROCAL: one(w, "Reciprocal", in, out); break;
    case NET_ACT_ERF: one(w, "Erf", in, out); break;
    case NET_ACT_FLOOR: one(w, "Floor", in, out); break;
    case NET_ACT_CEIL: one(w, "Ceil", in, out); break;
    case NET_ACT_ROUND: one(w, "Round", in, out); break;
    case NET_ACT_SIGN: one(w, "Sign", in, out); break;
    case NET_ACT_SIN: one(w, "Sin", in, out); break;
    case NET_ACT_COS: one(w, "Cos", in, out); break;
    case NET_ACT_LEAKY_RELU: case NET_ACT_ELU:
        onnx_attr_f(&attrs, "alpha", a->alpha);
        onnx_node(w, a->act == NET_ACT_ELU ? "Elu" : "LeakyRelu", &in, 1, out, &attrs);
        break;
    case NET_ACT_CLIP: {
        onnx_name lo = { "" }, hi = { "" };
        if (!isinf(a->alpha))
            lo = onnx_floats(w, stem, &a->alpha, 0);
        if (!isinf(a->beta))
            hi = onnx_floats(w, stem, &a->beta, 0);
        onnx_node(w, "Clip", (const char *[]){ in, lo.text, hi.text }, 3, out, NULL);
        break;
    }
    case NET_ACT_HARD_SIGMOID:
        onnx_attr_f(&attrs, "alpha", a->alpha);
        onnx_attr_f(&attrs, "beta", a->beta);
        onnx_node(w, "HardSigmoid", &in, 1, out, &attrs);
        break;
    case NET_ACT_HARD_SWISH:
        if (w->opset >= 14) {
            one(w, "HardSwish", in, out);
            break;
        }
        t = onnx_fresh(w, stem, "t");
        onnx_attr_f(&attrs, "alpha", 1.0f / 6);
        onnx_attr_f(&attrs, "beta", 0.5f);
        onnx_node(w, "HardSigmoid", &in, 1, t.text, &attrs);
        two(w, "Mul", in, t.text, out);
        break;
    case NET_ACT_SILU:
        t = onnx_fresh(w, stem, "t");
        one(w, "Sigmoid", in, t.text);
        two(w, "Mul", in, t.text, out);
        break;
    case NET_ACT_MISH:
        t = onnx_fresh(w, stem, "t");
        u = onnx_fresh(w, stem, "t");
        one(w, "Softplus", in, t.text);
        one(w, "Tanh", t.text, u.text);
        two(w, "Mul", in, u.text, out);
        break;
    case NET_ACT_GELU:
        if (w->opset >= 20) {
            one(w, "Gelu", in, out);
            break;
        }
        t = onnx_fresh(w, stem, "t");
        u = onnx_fresh(w, stem, "t");
        times(w, "Mul", in, 0.70710678f, t.text, stem);
        one(w, "Erf", t.text, u.text);
        half_of(w, in, u.text, out, stem);
        break;
    case NET_ACT_GELU_TANH:
        if (w->opset >= 20) {
            onnx_attr_s(&attrs, "approximate", "tanh");
            onnx_node(w, "Gelu", &in, 1, out, &attrs);
            break;
        }
        t = onnx_fresh(w, stem, "t");                /* sqrt(2/pi) (x + 0.044715 x^3) = x (0.79788456 + 0.035677408 x^2) */
        u = onnx_fresh(w, stem, "t");
        v = onnx_fresh(w, stem, "t");
        two(w, "Mul", in, in, t.text);
        times(w, "Mul", t.text, 0.035677408f, u.text, stem);
        times(w, "Add", u.text, 0.79788456f, v.text, stem);
        t = onnx_fresh(w, stem, "t");
        two(w, "Mul", v.text, in, t.text);
        u = onnx_fresh(w, stem, "t");
        one(w, "Tanh", t.text, u.text);
        half_of(w, in, u.text, out, stem);
        break;
    case NET_ACT_COUNT:
        return error_set(w->err, TRUNDLE_UNSUPPORTED, stem, NULL, "ONNX has no word for this function");
    }
    return w->status;
}
