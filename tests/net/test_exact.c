/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* The functions of op/exact.h against libm in double, over all exponents, and at their edges. */
#include "tests/support/support.h"

#include "base/net/op/exact.h"

#include <stdio.h>

static double real_sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double real_silu(double x) { return x / (1 + exp(-x)); }
static double real_gelu(double x) { return 0.5 * x * erfc(-x / sqrt(2.0)); }
static double real_gelu_tanh(double x) { return x / (1 + exp(-2 * sqrt(2 / acos(-1.0)) * (x + 0.044715 * x * x * x))); }
static double real_elu(double x) { return x < 0 ? 1.5 * expm1(x) : x; }
static double real_softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
static double real_mish(double x) { return x * tanh(real_softplus(x)); }

static const struct { enum net_act act; double (*real)(double); double relative, absolute; } claims[] = {
    { NET_ACT_EXP, exp, 2e-7, 0 }, { NET_ACT_LOG, log, 2e-7, 0 }, { NET_ACT_TANH, tanh, 2e-7, 0 }, { NET_ACT_ERF, erf, 2e-7, 0 },
    { NET_ACT_SIGMOID, real_sigmoid, 2e-7, 0 }, { NET_ACT_SILU, real_silu, 2e-7, 0 }, { NET_ACT_ELU, real_elu, 2e-7, 0 },
    { NET_ACT_SOFTPLUS, real_softplus, 2e-7, 0 }, { NET_ACT_MISH, real_mish, 3e-7, 0 }, { NET_ACT_GELU_TANH, real_gelu_tanh, 1e-5, 0 },
    { NET_ACT_GELU, real_gelu, 2e-7, 2e-7 }, { NET_ACT_SIN, sin, 1e-7, 0 }, { NET_ACT_COS, cos, 1e-7, 0 },
};

/* The largest error over what is claimed; 1 is just kept. */
static double worst(size_t k, uint32_t step, double slip)
{
    double most = 0;

    for (uint64_t u = 0; u < (UINT64_C(1) << 32); u += step) {
        float x = net_of_bits((uint32_t)u), got;
        double real, error;

        if (!isfinite(x) || (claims[k].act >= NET_ACT_SIN && fabsf(x) > 0x1p20f))
            continue;
        real = claims[k].real((double)x);
        got = (float)((double)net_act_apply(claims[k].act, 1.5f, 0, x) * (1 + slip));
        if (isnan(real) && isnan(got))
            continue;
        if ((double)got == (double)(float)real || (fabs(real) < 1e-30 && fabs((double)got) < 2e-30))
            continue;
        error = fabs((double)got - real) / fmax(fabs(real) * claims[k].relative, claims[k].absolute);
        if (!(error <= most))
            most = error;
    }
    return most;
}

static void keeps_what_it_claims(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT_OF(claims); k++) {
        double w = worst(k, 20011, 0);

        printf("# %-10s %.2f of the claimed %g\n", net_act_name(claims[k].act), w, claims[k].relative);
        assert_true(w <= 1);
        assert_true(worst(k, 200017, 1e-4) > 1);           /* and a slip of 1e-4 is seen */
    }
}

static void edges(void **state)
{
    static const struct { enum net_act act; float a, b, x, y; } table[] = {
        { NET_ACT_RELU, 0, 0, -0.0f, -0.0f }, { NET_ACT_RELU, 0, 0, -3, 0 }, { NET_ACT_RELU, 0, 0, INFINITY, INFINITY },
        { NET_ACT_CLIP, -1, 6, 7, 6 }, { NET_ACT_CLIP, -1, 6, -INFINITY, -1 }, { NET_ACT_LEAKY_RELU, 0.5f, 0, -4, -2 },
        { NET_ACT_HARD_SIGMOID, 0.25f, 0.5f, 1, 0.75f }, { NET_ACT_HARD_SIGMOID, 0.25f, 0.5f, 9, 1 },
        { NET_ACT_HARD_SWISH, 0, 0, 4, 4 }, { NET_ACT_HARD_SWISH, 0, 0, -3, -0.0f }, { NET_ACT_EXP, 0, 0, 0, 1 },
        { NET_ACT_EXP, 0, 0, INFINITY, INFINITY }, { NET_ACT_EXP, 0, 0, -INFINITY, 0 }, { NET_ACT_EXP, 0, 0, 88.72284f, INFINITY },
        { NET_ACT_LOG, 0, 0, 1, 0 }, { NET_ACT_LOG, 0, 0, 0, -INFINITY }, { NET_ACT_LOG, 0, 0, INFINITY, INFINITY }, { NET_ACT_LOG, 0, 0, -1, NAN },
        { NET_ACT_TANH, 0, 0, -0.0f, -0.0f }, { NET_ACT_TANH, 0, 0, 99, 1 }, { NET_ACT_TANH, 0, 0, -INFINITY, -1 }, { NET_ACT_SIGMOID, 0, 0, -INFINITY, 0 },
        { NET_ACT_ERF, 0, 0, INFINITY, 1 }, { NET_ACT_ERF, 0, 0, -5, -1 }, { NET_ACT_GELU, 0, 0, INFINITY, INFINITY }, { NET_ACT_SOFTPLUS, 0, 0, 1e30f, 1e30f },
        { NET_ACT_ROUND, 0, 0, 2.5f, 2 }, { NET_ACT_ROUND, 0, 0, -1.5f, -2 }, { NET_ACT_SIGN, 0, 0, -7, -1 }, { NET_ACT_SQRT, 0, 0, 9, 3 },
        { NET_ACT_SIN, 0, 0, INFINITY, NAN }, { NET_ACT_COS, 0, 0, 0, 1 }, { NET_ACT_RECIPROCAL, 0, 0, -0.0f, -INFINITY },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        float y = net_act_apply(table[i].act, table[i].a, table[i].b, table[i].x);

        if (isnan(table[i].y) ? !isnan(y) : net_bits(y) != net_bits(table[i].y))
            fail_msg("%s(%g) is %g, not %g", net_act_name(table[i].act), (double)table[i].x, (double)y, (double)table[i].y);
    }
    for (int act = 0; act < NET_ACT_COUNT; act++)
        assert_true(isnan(net_act_apply((enum net_act)act, 1, 2, NAN)));
}

/* A row, as the compiler made vectors of it here, has the bits of one element at a time. */
static void rows_are_elements(void **state)
{
    float from[67], to[67];

    (void)state;
    for (int act = 0; act < NET_ACT_COUNT; act++) {
        for (int i = 0; i < 67; i++)
            from[i] = (float)(i - 33) * 0.37f;
        net_act_row((enum net_act)act, -0.75f, 2.5f, from, to, 67);
        for (int i = 0; i < 67; i++) {
            float y = net_act_apply((enum net_act)act, -0.75f, 2.5f, from[i]);

            assert_true(net_bits(y) == net_bits(to[i]) || (isnan(y) && isnan(to[i])));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_what_it_claims), cmocka_unit_test(edges), cmocka_unit_test(rows_are_elements) };

    return support_run(tests);
}
