/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise ops: values and gradients, every way of repeating the second operand. */
#include "rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- of one ---- */

static qn_value *build_unary(const rig_case *c, qn_value *const *in)
{
    return c->unary(in[0]);
}

static void host_unary(const rig_host *h)
{
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = h->c->unary_host(h->in[0][i]);
}

static double negative(double x)
{
    return -x;
}
static double square(double x)
{
    return x * x;
}
static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double relu(double x)
{
    return x > 0 ? x : 0;
}
static double same(double x)
{
    return x;
}

/* ---- activations, some by their text ---- */

#define BY_TEXT(name, text)                                                                        \
    static qn_value *name(qn_value *x)                                                             \
    {                                                                                              \
        return qn_op_activation(x, text);                                                          \
    }
BY_TEXT(leaky_relu_by_text, "leaky_relu(negative_slope=0.3)")
BY_TEXT(leaky_relu_of_keras, "leaky_relu")
BY_TEXT(elu_by_text, "elu(0.5)")
BY_TEXT(elu_of_keras, "elu")
BY_TEXT(gelu_of_keras, "gelu")
BY_TEXT(gelu_by_tanh, "gelu(approximate=true)")
BY_TEXT(swish, "swish")
BY_TEXT(exponential, "exponential")

static qn_value *leaky_relu_of_0(qn_value *x)
{
    return qn_ops_leaky_relu(x, 0);
}
static qn_value *elu_of_2(qn_value *x)
{
    return qn_ops_elu(x, 2);
}
static double leaky_relu_3(double x)
{
    return x > 0 ? x : 0.3 * x;
}
static double leaky_relu_2(double x)
{
    return x > 0 ? x : 0.2 * x;
}
static double elu(double x)
{
    return x > 0 ? x : expm1(x);
}
static double elu_half(double x)
{
    return x > 0 ? x : 0.5 * expm1(x);
}
static double elu_twice(double x)
{
    return x > 0 ? x : 2 * expm1(x);
}
static double selu(double x)
{
    return 1.0507009873554804934 * (x > 0 ? x : 1.6732632423543772848 * expm1(x));
}
static double gelu(double x)
{
    return 0.5 * x * erfc(-x / sqrt(2));
}
static double gelu_tanh(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}
static double silu(double x)
{
    return x * sigmoid(x);
}
static double softplus(double x)
{
    return log1p(exp(x));
}
static double softsign(double x)
{
    return x / (1 + fabs(x));
}
static double relu6(double x)
{
    return fmin(fmax(x, 0), 6);
}
static double hard_sigmoid(double x)
{
    return fmin(fmax(x / 6 + 0.5, 0), 1);
}

#define UNARY(title, op, function, low, high)                                                      \
    {                                                                                              \
        .name = title, .in = {{SHAPE(3, 17), low, high}}, .inputs = 1, .build = build_unary,       \
        .host = host_unary, .unary = op, .unary_host = function                                    \
    }

static const rig_case unary_cases[] = {
    UNARY("negative", qn_ops_negative, negative, -2, 2),
    UNARY("square", qn_ops_square, square, -2, 2),
    UNARY("sqrt", qn_ops_sqrt, sqrt, 0.2, 3),
    UNARY("exp", qn_ops_exp, exp, -2, 2),
    UNARY("log", qn_ops_log, log, 0.2, 3),
    UNARY("absolute", qn_ops_absolute, fabs, -2, 2),
    UNARY("sigmoid", qn_ops_sigmoid, sigmoid, -4, 4),
    UNARY("tanh", qn_ops_tanh, tanh, -2, 2),
    UNARY("relu", qn_ops_relu, relu, -2, 2),
    UNARY("linear", qn_op_copy, same, -2, 2),
    UNARY("leaky_relu", leaky_relu_by_text, leaky_relu_3, -2, 2),
    UNARY("leaky_relu, as Keras has it", leaky_relu_of_keras, leaky_relu_2, -2, 2),
    UNARY("leaky_relu of slope 0", leaky_relu_of_0, relu, -2, 2),
    UNARY("elu", elu_of_2, elu_twice, -2, 2),
    UNARY("elu of alpha 0.5", elu_by_text, elu_half, -2, 2),
    UNARY("elu, as Keras has it", elu_of_keras, elu, -2, 2),
    UNARY("selu", qn_ops_selu, selu, -2, 2),
    UNARY("gelu", gelu_of_keras, gelu, -4, 4),
    UNARY("gelu below 0", gelu_of_keras, gelu, -5, -3),
    UNARY("gelu by tanh", gelu_by_tanh, gelu_tanh, -4, 4),
    UNARY("silu", swish, silu, -4, 4),
    UNARY("softplus", qn_ops_softplus, softplus, -4, 4),
    UNARY("softsign", qn_ops_softsign, softsign, -4, 4),
    UNARY("relu6", qn_ops_relu6, relu6, -4, 4),
    UNARY("relu6, flat", qn_ops_relu6, relu6, 7, 8),
    UNARY("hard_sigmoid", qn_ops_hard_sigmoid, hard_sigmoid, -2, 2),
    UNARY("hard_sigmoid, flat", qn_ops_hard_sigmoid, hard_sigmoid, -5, -4),
    UNARY("exponential", exponential, exp, -2, 2),
    {.name = "sigmoid of a batch",
     .in = {{SHAPE(B, 7), -3, 3}},
     .inputs = 1,
     .build = build_unary,
     .host = host_unary,
     .unary = qn_ops_sigmoid,
     .unary_host = sigmoid},
    {.name = "gelu of a batch",
     .in = {{SHAPE(B, 7), -3, 3}},
     .inputs = 1,
     .build = build_unary,
     .host = host_unary,
     .unary = gelu_of_keras,
     .unary_host = gelu},
    {.name = "elu of a batch",
     .in = {{SHAPE(B, 7), -3, 3}},
     .inputs = 1,
     .build = build_unary,
     .host = host_unary,
     .unary = elu_by_text,
     .unary_host = elu_half},
    {.name = "tanh of a scalar",
     .in = {{{0}, 0.5, 1}},
     .inputs = 1,
     .build = build_unary,
     .host = host_unary,
     .unary = qn_ops_tanh,
     .unary_host = tanh},
};

/* ---- of two ---- */

static qn_value *build_binary(const rig_case *c, qn_value *const *in)
{
    return c->binary(in[0], in[1]);
}

static void host_binary(const rig_host *h)
{
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = h->c->binary_host(h->in[0][i], h->in[1][i % h->count[1]]);
}

static double add(double a, double b)
{
    return a + b;
}
static double subtract(double a, double b)
{
    return a - b;
}
static double multiply(double a, double b)
{
    return a * b;
}
static double divide(double a, double b)
{
    return a / b;
}

#define BINARY(title, shape_a, shape_b, op)                                                        \
    {                                                                                              \
        .name = #op ", " title, .in = {{shape_a, -2, 2}, {shape_b, 0.5, 2}}, .inputs = 2,          \
        .build = build_binary, .host = host_binary, .binary = qn_ops_##op, .binary_host = op       \
    }
#define ALL_BINARY(title, shape_a, shape_b)                                                        \
    BINARY(title, PASS(shape_a), PASS(shape_b), add),                                              \
        BINARY(title, PASS(shape_a), PASS(shape_b), subtract),                                     \
        BINARY(title, PASS(shape_a), PASS(shape_b), multiply),                                     \
        BINARY(title, PASS(shape_a), PASS(shape_b), divide)
#define PASS(...) __VA_ARGS__
/* A shape's braces survive one macro only: names for those in use. */
#define S_SCALAR                                                                                   \
    {                                                                                              \
        0                                                                                          \
    }
#define S_1 SHAPE(1)
#define S_1_1 SHAPE(1, 1)
#define S_13 SHAPE(13)
#define S_3_13 SHAPE(3, 13)
#define S_2_3_13 SHAPE(2, 3, 13)
#define S_B_13 SHAPE(B, 13)
#define S_B SHAPE(B)

static const rig_case binary_cases[] = {
    ALL_BINARY("equal shapes", S_3_13, S_3_13),
    ALL_BINARY("scalars", S_SCALAR, S_SCALAR),
    ALL_BINARY("a row", S_3_13, S_13),
    ALL_BINARY("a matrix", S_2_3_13, S_3_13),
    ALL_BINARY("a scalar", S_3_13, S_SCALAR),
    ALL_BINARY("one element", S_3_13, S_1),
    ALL_BINARY("one element of higher rank", S_13, S_1_1),
    ALL_BINARY("batches", S_B_13, S_B_13),
    ALL_BINARY("a row to a batch", S_B_13, S_13),
    ALL_BINARY("a scalar to a batch", S_B, S_SCALAR),
};

/* ---- affine, bias, and values that are used more than once ---- */

static qn_value *build_affine(const rig_case *c, qn_value *const *in)
{
    return qn_ops_affine(in[0], c->factor, c->offset);
}

static void host_affine(const rig_host *h)
{
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = h->in[0][i] * h->c->factor + h->c->offset;
}

static qn_value *build_bias(const rig_case *c, qn_value *const *in)
{
    (void)c;
    return qn_op_bias_add(in[0], in[1]);
}

static qn_value *build_scale_rows(const rig_case *c, qn_value *const *in)
{
    (void)c;
    return qn_op_scale_rows(in[0], in[1]);
}

static void host_scale_rows(const rig_host *h)
{
    int64_t columns = h->count[0] / h->count[1];
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = h->in[0][i] * h->in[1][i / columns];
}

/* x * x + sigmoid(x) * b - x / b */
static qn_value *build_expression(const rig_case *c, qn_value *const *in)
{
    (void)c;
    qn_value *x = in[0], *b = in[1];
    qn_value *left = qn_ops_add(qn_ops_multiply(x, x), qn_ops_multiply(qn_ops_sigmoid(x), b));
    return qn_ops_subtract(left, qn_ops_divide(x, b));
}

static void host_expression(const rig_host *h)
{
    for (int64_t i = 0; i < h->out_count; i++) {
        double x = h->in[0][i], b = h->in[1][i % h->count[1]];
        h->out[i] = x * x + sigmoid(x) * b - x / b;
    }
}

static const rig_case other_cases[] = {
    {.name = "affine",
     .in = {{SHAPE(3, 17), -2, 2}},
     .inputs = 1,
     .build = build_affine,
     .host = host_affine,
     .factor = -1.75,
     .offset = 0.5},
    {.name = "bias_add",
     .in = {{SHAPE(4, 13), -2, 2}, {SHAPE(13), -1, 1}},
     .inputs = 2,
     .build = build_bias,
     .host = host_binary,
     .binary_host = add},
    {.name = "bias_add to a batch",
     .in = {{SHAPE(B, 2, 7), -2, 2}, {SHAPE(7), -1, 1}},
     .inputs = 2,
     .build = build_bias,
     .host = host_binary,
     .binary_host = add},
    {.name = "bias_add to a vector",
     .in = {{SHAPE(7), -2, 2}, {SHAPE(7), -1, 1}},
     .inputs = 2,
     .build = build_bias,
     .host = host_binary,
     .binary_host = add},
    {.name = "scale_rows",
     .in = {{SHAPE(B, 3, 7), -2, 2}, {SHAPE(B), 0, 2, .fixed = true}},
     .inputs = 2,
     .build = build_scale_rows,
     .host = host_scale_rows},
    {.name = "scale_rows of single numbers",
     .in = {{SHAPE(B), -2, 2}, {SHAPE(B, 1), 0, 2, .fixed = true}},
     .inputs = 2,
     .build = build_scale_rows,
     .host = host_scale_rows},
    {.name = "an expression",
     .in = {{SHAPE(3, 13), -2, 2}, {SHAPE(13), 0.5, 2}},
     .inputs = 2,
     .build = build_expression,
     .host = host_expression},
};

void rig_functions_of_one(void **state)
{
    for (int i = 0; i < QN_COUNT(unary_cases); i++)
        rig_check(*state, &unary_cases[i]);
}

void rig_functions_of_two(void **state)
{
    for (int i = 0; i < QN_COUNT(binary_cases); i++)
        rig_check(*state, &binary_cases[i]);
}

void rig_other_functions(void **state)
{
    for (int i = 0; i < QN_COUNT(other_cases); i++)
        rig_check(*state, &other_cases[i]);
}
