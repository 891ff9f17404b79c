/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of the elementwise kernels. */
#include "kernels/trial.h"
#include <math.h>

#define N QN_TRIAL_COUNT
#define OUT 4

#define FUNCTIONS(each)                                                                            \
    each(linear) each(negative) each(square) each(sqrt) each(exp) each(log) each(absolute)         \
        each(sigmoid) each(tanh) each(relu) each(leaky_relu) each(elu) each(selu) each(gelu)       \
            each(gelu_tanh) each(silu) each(softplus) each(softsign) each(relu6)                   \
                each(hard_sigmoid)

#define NUMBER(name) function_##name,
enum { FUNCTIONS(NUMBER) FUNCTION_COUNT };

#define NAME(name) #name,
static const char *const functions[] = {FUNCTIONS(NAME)};

#define ALPHA 0.25
static const double selu_scale = 1.0507009873554805, selu_low = 1.7580993408473766;

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* x Phi(x), and its approximation by a sigmoid of gelu_at(x). */
static double normal(double x)
{
    return 0.5 * erfc(-x * sqrt(0.5));
}

static double gelu_at(double x)
{
    return sqrt(8.0 / acos(-1.0)) * (x + 0.044715 * x * x * x);
}

static double value(int function, double x)
{
    const double y[FUNCTION_COUNT] = {
        [function_linear] = x,
        [function_negative] = -x,
        [function_square] = x * x,
        [function_sqrt] = sqrt(fabs(x)),
        [function_exp] = exp(x),
        [function_log] = log(fabs(x)),
        [function_absolute] = fabs(x),
        [function_sigmoid] = sigmoid(x),
        [function_tanh] = tanh(x),
        [function_relu] = x > 0 ? x : 0.0,
        [function_leaky_relu] = x > 0 ? x : ALPHA * x,
        [function_elu] = x > 0 ? x : ALPHA * expm1(x),
        [function_selu] = x > 0 ? selu_scale * x : selu_low * expm1(x),
        [function_gelu] = x * normal(x),
        [function_gelu_tanh] = x * sigmoid(gelu_at(x)),
        [function_silu] = x * sigmoid(x),
        [function_softplus] = log1p(exp(x)),
        [function_softsign] = x / (1.0 + fabs(x)),
        [function_relu6] = fmin(fmax(x, 0.0), 6.0),
        [function_hard_sigmoid] = fmin(fmax(x / 6.0 + 0.5, 0.0), 1.0),
    };

    return y[function];
}

/* d(x sigmoid(u)) / dx, from u and du/dx. */
static double gated_slope(double x, double u, double du)
{
    double s = sigmoid(u);

    return s * (1.0 + x * (1.0 - s) * du);
}

static double slope(int function, double x, double y)
{
    const double dy[FUNCTION_COUNT] = {
        [function_linear] = 1.0,
        [function_negative] = -1.0,
        [function_square] = 2.0 * x,
        [function_sqrt] = 0.5 / y,
        [function_exp] = y,
        [function_log] = 1.0 / x,
        [function_absolute] = (x > 0) - (x < 0),
        [function_sigmoid] = y * (1.0 - y),
        [function_tanh] = 1.0 - y * y,
        [function_relu] = y > 0,
        [function_leaky_relu] = x > 0 ? 1.0 : ALPHA,
        [function_elu] = x > 0 ? 1.0 : y + ALPHA,
        [function_selu] = x > 0 ? selu_scale : y + selu_low,
        [function_gelu] = normal(x) + x * exp(-0.5 * x * x) / sqrt(2.0 * acos(-1.0)),
        [function_gelu_tanh] =
            gated_slope(x, gelu_at(x), sqrt(8.0 / acos(-1.0)) * (1.0 + 0.134145 * x * x)),
        [function_silu] = gated_slope(x, x, 1.0),
        [function_softplus] = -expm1(-y),
        [function_softsign] = (1.0 - fabs(y)) * (1.0 - fabs(y)),
        [function_relu6] = y > 0 && y<6, [function_hard_sigmoid] = y> 0 && y < 1 ? 1.0 / 6.0 : 0.0,
    };

    return dy[function];
}

/* Both signs but for sqrt and log, never 0. */
static float argument(int function, int i)
{
    float x = 0.125f + 0.0625f * (float)((i * 7) % N);
    bool positive = function == function_sqrt || function == function_log;

    return i % 3 == 0 && !positive ? -x : x;
}

static qn_elementwise elementwise(int function)
{
    return (qn_elementwise){functions[function], ALPHA};
}

static qn_status try_unary(qn_trial *t, int function)
{
    for (int i = 0; i < N; i++) {
        t->in[0].f[i] = argument(function, i);
        t->expected[i] = value(function, (double)t->in[0].f[i]);
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_unary(&t->steps, elementwise(function), t->buffer[0], t->buffer[OUT], N));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

static qn_status try_unary_grad(qn_trial *t, int function)
{
    for (int i = 0; i < N; i++) {
        float x = argument(function, i), y = (float)value(function, (double)x);

        t->in[0].f[i] = x;
        t->in[1].f[i] = y;
        t->in[2].f[i] = (float)(i % 5 - 2);
        t->expected[i] = (double)t->in[2].f[i] * slope(function, (double)x, (double)y);
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_unary_grad(&t->steps, elementwise(function), t->buffer[2], t->buffer[0],
                                t->buffer[1], t->buffer[OUT], N));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

static qn_status try_bias(qn_trial *t, int function)
{
    for (int i = 0; i < N; i++) {
        int c = i % QN_TRIAL_COLUMNS;

        t->in[1].f[c] = 0.5f * (float)c;
        t->in[0].f[i] = argument(function, i) - t->in[1].f[c];
        t->expected[i] = value(function, (double)(t->in[0].f[i] + t->in[1].f[c]));
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_bias(&t->steps, elementwise(function), t->buffer[0], t->buffer[1],
                          t->buffer[OUT], QN_TRIAL_ROWS, QN_TRIAL_COLUMNS));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

/* Every op with whole arrays, repeated rows and a scalar: the same kernel. */
static qn_status try_binary(qn_trial *t, int variant)
{
    static const char *const ops[] = {"add", "subtract", "multiply", "divide", "divide_grad"};
    static const int counts[] = {N, QN_TRIAL_COLUMNS, 1};

    (void)variant;
    for (int i = 0; i < N; i++) {
        t->in[0].f[i] = argument(0, i);
        t->in[1].f[i] = 1.0f + 0.25f * (float)(i % 7);
    }
    QN_TRY(qn_trial_upload(t));
    for (int k = 0; k < QN_COUNT(ops) * QN_COUNT(counts) && t->passed; k++) {
        int op = k / QN_COUNT(counts), repeat = counts[k % QN_COUNT(counts)];

        for (int i = 0; i < N; i++) {
            double a = (double)t->in[0].f[i], b = (double)t->in[1].f[i % repeat];
            double c[] = {a + b, a - b, a * b, a / b, -a / (b * b)};

            t->expected[i] = c[op];
        }
        QN_TRY(qn_kernel_binary(&t->steps, ops[op], t->buffer[0], t->buffer[1], t->buffer[OUT], N,
                                repeat));
        QN_TRY(qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE));
    }
    return QN_OK;
}

static qn_status try_scale_rows(qn_trial *t, int variant)
{
    (void)variant;
    for (int i = 0; i < N; i++) {
        t->in[0].f[i] = (float)(i - 20);
        t->in[1].f[i] = 0.5f * (float)i + 1.0f;
    }
    for (int i = 0; i < N; i++)
        t->expected[i] = (double)t->in[0].f[i] * (double)t->in[1].f[i / QN_TRIAL_COLUMNS];
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_scale_rows(&t->steps, t->buffer[0], t->buffer[1], t->buffer[OUT],
                                QN_TRIAL_ROWS, QN_TRIAL_COLUMNS));
    return qn_trial_judge(t, OUT, N, 0.0);
}

static qn_status try_affine(qn_trial *t, int variant)
{
    (void)variant;
    for (int i = 0; i < N; i++) {
        t->in[0].f[i] = (float)(i - 20);
        t->expected[i] = 0.5 * (i - 20) - 3.0;
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_affine(&t->steps, t->buffer[0], t->buffer[OUT], N, 0.5, -3.0));
    return qn_trial_judge(t, OUT, N, 0.0);
}

static qn_status try_broadcast(qn_trial *t, int variant)
{
    (void)variant;
    t->in[0].f[0] = 3.0f;
    for (int i = 0; i < N; i++)
        t->expected[i] = 0.75;
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_broadcast(&t->steps, t->buffer[0], t->buffer[OUT], N, 0.25));
    return qn_trial_judge(t, OUT, N, 0.0);
}

#define UNARY_CASE(name) {"unary_qn_" #name, NULL, try_unary, function_##name},
#define GRADIENT_CASE(name) {"unary_grad_qn_" #name, NULL, try_unary_grad, function_##name},
#define BIAS_CASE(name) {"bias_qn_" #name, NULL, try_bias, function_##name},

/* Each macro brings its comma. */
/* clang-format off */
const qn_selftest_case qn_selftest_elementwise[] = {
    FUNCTIONS(UNARY_CASE)
    FUNCTIONS(GRADIENT_CASE)
    FUNCTIONS(BIAS_CASE)
    {"binary", NULL, try_binary, 0},
    {"affine", NULL, try_affine, 0},
    {"broadcast", NULL, try_broadcast, 0},
    {"scale_rows", NULL, try_scale_rows, 0},
    {NULL, NULL, NULL, 0},
};
/* clang-format on */
