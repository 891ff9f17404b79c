/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise functions and their derivatives, for one type a program: QN_REAL, float or a vector
 * of floats. qn_<function>_grad(x, y) is dy/dx at x, given y = f(x). They propagate NaN, so that a
 * diverged model shows in its loss. */
#ifndef QN_LIB_FUNCTIONS_H
#define QN_LIB_FUNCTIONS_H

/* Pastes after its arguments are expanded: QN_JOIN(QN_FUNCTION, _grad, ) with -DQN_FUNCTION=qn_exp.
 * Give names with their qn_: "exp" alone is a macro on some implementations (PoCL). */
#define QN_JOIN_(a, b, c) a##b##c
#define QN_JOIN(a, b, c) QN_JOIN_(a, b, c)

#ifndef QN_REAL
#define QN_REAL float
#endif
typedef QN_REAL qn_real;

/* The parameter of those that have one (src/kernels/elementwise.c lists them), as the bits of a
 * float: no spelling of a number to lose digits, or to depend on a locale. */
#ifndef QN_ALPHA_BITS
#define QN_ALPHA_BITS 0x3f800000u /* 1 */
#endif
#define QN_ALPHA as_float(QN_ALPHA_BITS)

/* Comparisons give 1 for scalars and -1 for vectors: select() reads both as true. */

static inline qn_real qn_linear(qn_real x)
{
    return x;
}

static inline qn_real qn_linear_grad(qn_real x, qn_real y)
{
    return (qn_real)(1.0f);
}

static inline qn_real qn_negative(qn_real x)
{
    return -x;
}

static inline qn_real qn_negative_grad(qn_real x, qn_real y)
{
    return (qn_real)(-1.0f);
}

static inline qn_real qn_square(qn_real x)
{
    return x * x;
}

static inline qn_real qn_square_grad(qn_real x, qn_real y)
{
    return 2.0f * x;
}

static inline qn_real qn_sqrt(qn_real x)
{
    return sqrt(x);
}

static inline qn_real qn_sqrt_grad(qn_real x, qn_real y)
{
    return 0.5f / y;
}

static inline qn_real qn_exp(qn_real x)
{
    return exp(x);
}

static inline qn_real qn_exp_grad(qn_real x, qn_real y)
{
    return y;
}

static inline qn_real qn_log(qn_real x)
{
    return log(x);
}

static inline qn_real qn_log_grad(qn_real x, qn_real y)
{
    return 1.0f / x;
}

static inline qn_real qn_absolute(qn_real x)
{
    return fabs(x);
}

static inline qn_real qn_absolute_grad(qn_real x, qn_real y)
{
    return sign(x);
}

static inline qn_real qn_sigmoid(qn_real x)
{
    return 1.0f / (1.0f + exp(-x));
}

static inline qn_real qn_sigmoid_grad(qn_real x, qn_real y)
{
    return y * (1.0f - y);
}

static inline qn_real qn_tanh(qn_real x)
{
    return tanh(x);
}

static inline qn_real qn_tanh_grad(qn_real x, qn_real y)
{
    return 1.0f - y * y;
}

static inline qn_real qn_relu(qn_real x)
{
    return select(x, (qn_real)(0.0f), x < (qn_real)(0.0f));
}

static inline qn_real qn_relu_grad(qn_real x, qn_real y)
{
    return select((qn_real)(0.0f), (qn_real)(1.0f), y > (qn_real)(0.0f));
}

static inline qn_real qn_leaky_relu(qn_real x)
{
    return select(x, x * QN_ALPHA, x < (qn_real)(0.0f));
}

/* 1 at 0; but with slope 0, where y does not tell, it is relu's. */
static inline qn_real qn_leaky_relu_grad(qn_real x, qn_real y)
{
    const float least = QN_ALPHA > 0.0f ? 0.0f : FLT_MIN;
    return select((qn_real)(1.0f), (qn_real)(QN_ALPHA), y < (qn_real)(least));
}

static inline qn_real qn_elu(qn_real x)
{
    return select(QN_ALPHA * expm1(x), x, x > (qn_real)(0.0f));
}

static inline qn_real qn_elu_grad(qn_real x, qn_real y)
{
    return select(y + QN_ALPHA, (qn_real)(1.0f), y > (qn_real)(0.0f));
}

/* Klambauer et al. 2017: scale, and scale * alpha. */
#define QN_SELU_SCALE 1.05070099f
#define QN_SELU_LOW 1.75809934f

static inline qn_real qn_selu(qn_real x)
{
    return select(QN_SELU_LOW * expm1(x), QN_SELU_SCALE * x, x > (qn_real)(0.0f));
}

static inline qn_real qn_selu_grad(qn_real x, qn_real y)
{
    return select(y + QN_SELU_LOW, (qn_real)(QN_SELU_SCALE), y > (qn_real)(0.0f));
}

static inline qn_real qn_softplus(qn_real x)
{
    return fmax(x, 0.0f) + log1p(exp(-fabs(x)));
}

static inline qn_real qn_softplus_grad(qn_real x, qn_real y)
{
    return -expm1(-y);
}

static inline qn_real qn_softsign(qn_real x)
{
    return x / (1.0f + fabs(x));
}

static inline qn_real qn_softsign_grad(qn_real x, qn_real y)
{
    qn_real rest = 1.0f - fabs(y);
    return rest * rest;
}

/* Passes NaN on. Of gradients that are constant outside, it keeps infinity * 0 away. */
static inline qn_real qn_within(qn_real x, float low, float high)
{
    qn_real raised = select(x, (qn_real)(low), x < (qn_real)(low));
    return select(raised, (qn_real)(high), x > (qn_real)(high));
}

static inline qn_real qn_relu6(qn_real x)
{
    return qn_within(x, 0.0f, 6.0f);
}

static inline qn_real qn_relu6_grad(qn_real x, qn_real y)
{
    qn_real rising = select((qn_real)(0.0f), (qn_real)(1.0f), y > (qn_real)(0.0f));
    return select(rising, (qn_real)(0.0f), y >= (qn_real)(6.0f));
}

static inline qn_real qn_hard_sigmoid(qn_real x)
{
    return qn_within((x + 3.0f) * (1.0f / 6.0f), 0.0f, 1.0f);
}

static inline qn_real qn_hard_sigmoid_grad(qn_real x, qn_real y)
{
    qn_real rising = select((qn_real)(0.0f), (qn_real)(1.0f / 6.0f), y > (qn_real)(0.0f));
    return select(rising, (qn_real)(0.0f), y >= (qn_real)(1.0f));
}

static inline qn_real qn_silu(qn_real x)
{
    return x / (1.0f + exp(-x));
}

static inline qn_real qn_silu_grad(qn_real x, qn_real y)
{
    qn_real near = qn_within(x, -100.0f, 100.0f), s = qn_sigmoid(near);
    return s * (1.0f + near * (1.0f - s));
}

/* 0.5 x (1 + tanh(u)) as x sigmoid(2 u), which does not cancel below 0;
 * 2 u = 2 sqrt(2 / pi) (x + 0.044715 x^3). */
#define QN_GELU_A 1.59576912f
#define QN_GELU_B 0.0713548163f

static inline qn_real qn_gelu_tanh(qn_real x)
{
    return x * qn_sigmoid(x * (QN_GELU_A + QN_GELU_B * x * x));
}

static inline qn_real qn_gelu_tanh_grad(qn_real x, qn_real y)
{
    qn_real near = qn_within(x, -100.0f, 100.0f), square = near * near;
    qn_real s = qn_sigmoid(near * (QN_GELU_A + QN_GELU_B * square));
    return s * (1.0f + near * (1.0f - s) * (QN_GELU_A + 3.0f * QN_GELU_B * square));
}

/* Phi(-a) / exp(-a a / 2) for a in [0, 15], Phi being the normal distribution's: a polynomial in
 * 1 / (1 + 0.31 a), fitted to the least relative error (1.7e-7). So gelu stays accurate below 0,
 * where 1 + erf(x / sqrt(2)) cancels. */
static inline qn_real qn_normal_ratio(qn_real a)
{
    qn_real t = 1.0f / (1.0f + 0.31f * a), sum = 0.0358902626f * t - 0.14181754f;
    sum = sum * t + 0.155456036f;
    sum = sum * t - 0.0152831674f;
    sum = sum * t + 0.110324681f;
    sum = sum * t + 0.107701398f;
    sum = sum * t + 0.124072343f;
    sum = sum * t + 0.123656072f;
    return sum * t;
}

static inline qn_real qn_gelu(qn_real x)
{
    qn_real a = fmin(fabs(x), 15.0f);
    qn_real low = a * exp(-0.5f * a * a) * qn_normal_ratio(a);
    return qn_relu(x) - low;
}

static inline qn_real qn_gelu_grad(qn_real x, qn_real y)
{
    qn_real a = fabs(qn_within(x, -15.0f, 15.0f));
    qn_real low = exp(-0.5f * a * a) * (qn_normal_ratio(a) - 0.398942280f * a);
    return select(low, 1.0f - low, x > (qn_real)(0.0f));
}

#endif
