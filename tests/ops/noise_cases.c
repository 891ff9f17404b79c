/* SPDX-License-Identifier: Apache-2.0 */
/* Dropout and Gaussian noise: values and gradients with the mask that the key gives, mistakes. */
#include "base/util.h"
#include "rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const qn_random_key key = {0xfedcba9876543210ull, 17};

/* u in [0, 1) and n of a standard normal distribution, of an element in step 0. */
static double uniform(int64_t i)
{
    return qn_random_uniform(qn_random_word(key.seed, QN_RANDOM_OPS, key.stream, 0, (uint64_t)i));
}

static double normal(int64_t i)
{
    double u1 = uniform(2 * i) + 0x1p-24, u2 = uniform(2 * i + 1);
    return sqrt(-2 * log(u1)) * cos(2 * acos(-1.0) * u2);
}

/* factor: the rate or the deviation */
static qn_value *build_dropout(const rig_case *c, qn_value *const *in)
{
    return qn_op_dropout(in[0], key, c->factor);
}

static void host_dropout(const rig_host *h)
{
    double rate = h->c->factor;
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = uniform(i) >= rate ? h->in[0][i] / (1 - rate) : 0;
}

static qn_value *build_alpha_dropout(const rig_case *c, qn_value *const *in)
{
    return qn_op_alpha_dropout(in[0], key, c->factor);
}

/* As Keras computes it. */
static void host_alpha_dropout(const rig_host *h)
{
    const double alpha = 1.6732632423543772848170429916717;
    const double scale = 1.0507009873554804934193349852946;
    double rate = h->c->factor, low = -alpha * scale;
    double a = pow((1 - rate) * (1 + rate * low * low), -0.5), b = -a * low * rate;
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = a * (uniform(i) >= rate ? h->in[0][i] : low) + b;
}

static qn_value *build_gaussian_dropout(const rig_case *c, qn_value *const *in)
{
    return qn_op_gaussian_dropout(in[0], key, c->factor);
}

static void host_gaussian_dropout(const rig_host *h)
{
    double rate = h->c->factor;
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = h->in[0][i] * (1 + sqrt(rate / (1 - rate)) * normal(i));
}

static qn_value *build_gaussian_noise(const rig_case *c, qn_value *const *in)
{
    return qn_op_gaussian_noise(in[0], key, c->factor);
}

static void host_gaussian_noise(const rig_host *h)
{
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = h->in[0][i] + h->c->factor * normal(i);
}

#define NOISE(title, op, shape, amount)                                                            \
    {                                                                                              \
        .name = title, .in = {{shape, -2, 2}}, .inputs = 1, .build = build_##op,                   \
        .host = host_##op, .factor = amount                                                        \
    }
#define NOISES(op, amount)                                                                         \
    NOISE(#op, op, SHAPE(3, 37), amount), NOISE(#op " of a batch", op, SHAPE(B, 41), amount),      \
        NOISE(#op " of a batch of rank 3", op, SHAPE(B, 3, 7), amount)

static const rig_case noise_cases[] = {
    NOISES(dropout, 0.4),
    NOISES(alpha_dropout, 0.3),
    NOISES(gaussian_dropout, 0.2),
    NOISES(gaussian_noise, 0.5),
};

void rig_noises(void **state)
{
    for (int i = 0; i < QN_COUNT(noise_cases); i++)
        rig_check(*state, &noise_cases[i]);
}

typedef qn_value *(*noise_op)(qn_value *x, qn_random_key key, double amount);

static void assert_mistake(qn_context *ctx, noise_op op, double amount, const char *expected)
{
    qn_graph *graph = NULL;
    if (qn_graph_create(ctx, &graph) != QN_OK)
        fail_msg("%s", qn_error(ctx));
    qn_value *x = qn_graph_add_input(graph, "x", QN_F32, (qn_shape)SHAPE(B, 3));
    assert_null(op(x, key, amount));
    if (!strstr(qn_error(ctx), expected))
        fail_msg("the mistake reads '%s', without '%s'", qn_error(ctx), expected);
    qn_graph_destroy(&graph);
}

/* What is out of range is refused; what changes nothing launches nothing. */
void rig_noise_amounts(void **state)
{
    static const noise_op rated[] = {qn_op_dropout, qn_op_alpha_dropout, qn_op_gaussian_dropout};
    qn_context *ctx = *state;
    qn_graph *graph = NULL;
    if (qn_graph_create(ctx, &graph) != QN_OK)
        fail_msg("%s", qn_error(ctx));
    qn_value *x = qn_graph_add_input(graph, "x", QN_F32, (qn_shape)SHAPE(B, 3));
    for (int i = 0; i < QN_COUNT(rated); i++) {
        assert_ptr_equal(rated[i](x, key, 0), x);
        assert_null(rated[i](NULL, key, 0.5));
        assert_mistake(ctx, rated[i], 1, "dropout: the rate 1 is not in [0, 1)");
        assert_mistake(ctx, rated[i], -0.1, "dropout: the rate -0.1 is not in [0, 1)");
        assert_mistake(ctx, rated[i], NAN, "is not in [0, 1)");
    }
    assert_ptr_equal(qn_op_gaussian_noise(x, key, 0), x);
    assert_null(qn_op_gaussian_noise(NULL, key, 1));
    assert_mistake(ctx, qn_op_gaussian_noise, -1, "the standard deviation -1 is below 0");
    qn_graph_destroy(&graph);
}
