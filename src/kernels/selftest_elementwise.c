/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of the elementwise kernels. */
#include "kernels/trial.h"
#include <math.h>

#define N QN_TRIAL_COUNT
#define OUT 4

static const char *const functions[] = {"linear", "negative", "square",  "sqrt", "exp",
                                        "log",    "absolute", "sigmoid", "tanh", "relu"};

static double value(int function, double x)
{
    double y[] = {x,       -x,
                  x * x,   sqrt(fabs(x)),
                  exp(x),  log(fabs(x)),
                  fabs(x), 1.0 / (1.0 + exp(-x)),
                  tanh(x), x > 0 ? x : 0.0};

    return y[function];
}

static double slope(int function, double x, double y)
{
    double sign = (x > 0) - (x < 0);
    double dy[] = {1.0,     -1.0, 2.0 * x,       0.5 / y,     y,
                   1.0 / x, sign, y * (1.0 - y), 1.0 - y * y, y > 0};

    return dy[function];
}

/* Both signs but for sqrt and log, never 0. */
static float argument(int function, int i)
{
    float x = 0.125f + 0.0625f * (float)((i * 7) % N);

    return i % 3 == 0 && function != 3 && function != 5 ? -x : x;
}

static qn_status try_unary(qn_trial *t, int function)
{
    for (int i = 0; i < N; i++) {
        t->in[0].f[i] = argument(function, i);
        t->expected[i] = value(function, (double)t->in[0].f[i]);
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_unary(&t->steps, functions[function], t->buffer[0], t->buffer[OUT], N));
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
    QN_TRY(qn_kernel_unary_grad(&t->steps, functions[function], t->buffer[2], t->buffer[0],
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
    QN_TRY(qn_kernel_bias(&t->steps, functions[function], t->buffer[0], t->buffer[1],
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

/* In the order of `functions`. */
#define EACH_FUNCTION(kernel, trial)                                                               \
    {kernel "_qn_linear", NULL, trial, 0}, {kernel "_qn_negative", NULL, trial, 1},                \
        {kernel "_qn_square", NULL, trial, 2}, {kernel "_qn_sqrt", NULL, trial, 3},                \
        {kernel "_qn_exp", NULL, trial, 4}, {kernel "_qn_log", NULL, trial, 5},                    \
        {kernel "_qn_absolute", NULL, trial, 6}, {kernel "_qn_sigmoid", NULL, trial, 7},           \
        {kernel "_qn_tanh", NULL, trial, 8},                                                       \
    {                                                                                              \
        kernel "_qn_relu", NULL, trial, 9                                                          \
    }

const qn_selftest_case qn_selftest_elementwise[] = {
    EACH_FUNCTION("unary", try_unary),
    EACH_FUNCTION("unary_grad", try_unary_grad),
    EACH_FUNCTION("bias", try_bias),
    {"binary", NULL, try_binary, 0},
    {"affine", NULL, try_affine, 0},
    {"broadcast", NULL, try_broadcast, 0},
    {NULL, NULL, NULL, 0},
};
