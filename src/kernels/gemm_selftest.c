/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of the matrix products: small integers, whose sums are exact in any order. */
#include "kernels/gemm.h"
#include <math.h>
#include <stdio.h>

#define M 19
#define N 35
#define K 21

typedef struct product {
    int n;
    bool trans_a, trans_b, bias, sigmoid;
    bool gradient; /* times relu's gradient, which is told from y */
    bool sums;     /* of b's columns as well */
} product;

/* What a dense layer and its gradients ask for; n = 10 is narrower than a vector. */
static const product products[] = {
    {.n = N, .bias = true, .sigmoid = true},     {.n = 10, .bias = true},
    {.n = N, .trans_b = true, .gradient = true}, {.n = N, .trans_a = true, .sums = true},
    {.n = 10, .trans_a = true, .sums = true},
};

static float a_at(int i, int k)
{
    return (float)((i * 5 + k * 3) % 7 - 3);
}

static float b_at(int k, int j)
{
    return (float)((k * 2 + j * 11) % 9 - 4);
}

static float bias_at(int j)
{
    return (float)(j % 5 - 2);
}

/* Of rows of `p->n`. */
static float y_at(int at)
{
    return (float)(at % 3 - 1);
}

static double expected_at(const product *p, int i, int j)
{
    double sum = p->bias ? bias_at(j) : 0.0;

    for (int k = 0; k < K; k++)
        sum += (double)a_at(i, k) * (double)b_at(k, j);
    if (p->gradient)
        return y_at(i * p->n + j) > 0.0f ? sum : 0.0;
    return p->sigmoid ? 1.0 / (1.0 + exp(-sum)) : sum;
}

typedef struct operands {
    qn_buffer *a, *b, *bias, *y, *c, *sums;
} operands;

static void free_operands(operands *x)
{
    qn_buffer_destroy(&x->a);
    qn_buffer_destroy(&x->b);
    qn_buffer_destroy(&x->bias);
    qn_buffer_destroy(&x->y);
    qn_buffer_destroy(&x->sums);
    qn_buffer_destroy(&x->c);
}

static qn_status filled(qn_device *device, const float *values, size_t count, qn_buffer **buffer)
{
    QN_TRY(qn_buffer_create(device, count * sizeof *values, buffer));
    return qn_buffer_write(*buffer, 0, count * sizeof *values, values);
}

static qn_status make_operands(qn_device *device, const product *p, operands *x)
{
    float a[M * K], b[K * N], bias[N], y[M * N];

    for (int i = 0; i < M; i++)
        for (int k = 0; k < K; k++)
            a[p->trans_a ? k * M + i : i * K + k] = a_at(i, k);
    for (int k = 0; k < K; k++)
        for (int j = 0; j < p->n; j++)
            b[p->trans_b ? j * K + k : k * p->n + j] = b_at(k, j);
    for (int j = 0; j < p->n; j++)
        bias[j] = bias_at(j);
    QN_TRY(filled(device, a, M * K, &x->a));
    QN_TRY(filled(device, b, (size_t)(K * p->n), &x->b));
    for (int i = 0; i < M * p->n; i++)
        y[i] = y_at(i);
    QN_TRY(filled(device, bias, (size_t)p->n, &x->bias));
    QN_TRY(filled(device, y, (size_t)(M * p->n), &x->y));
    QN_TRY(qn_buffer_create(device, (size_t)p->n * sizeof(float), &x->sums));
    return qn_buffer_create(device, (size_t)(M * p->n) * sizeof(float), &x->c);
}

typedef qn_status (*record_fn)(qn_steps *steps, const qn_gemm *gemm);

static qn_status compute(qn_device *device, const product *p, qn_flavour flavour, record_fn record,
                         float *c, float *sums)
{
    operands x = {0};
    qn_steps steps;
    qn_status status;

    qn_steps_init(&steps, device);
    steps.flavour = flavour;
    status = make_operands(device, p, &x);
    if (status == QN_OK) {
        const qn_gemm gemm = {.m = M,
                              .n = p->n,
                              .k = K,
                              .trans_a = p->trans_a,
                              .trans_b = p->trans_b,
                              .a = x.a,
                              .b = x.b,
                              .c = x.c,
                              .bias = p->bias ? x.bias : NULL,
                              .y = p->gradient ? x.y : NULL,
                              .sums = p->sums ? x.sums : NULL,
                              .activation = qn_plain(p->sigmoid    ? "sigmoid"
                                                     : p->gradient ? "relu"
                                                                   : NULL)};

        status = record(&steps, &gemm);
    }
    if (status == QN_OK)
        status = qn_steps_replay(&steps, 0);
    if (status == QN_OK)
        status = qn_buffer_read(x.c, 0, (size_t)(M * p->n) * sizeof *c, c);
    if (status == QN_OK)
        status = qn_buffer_read(x.sums, 0, (size_t)p->n * sizeof *sums, sums);
    qn_steps_free(&steps);
    free_operands(&x);
    return status;
}

static bool right_sums(const product *p, const float *sums, char *detail, size_t size)
{
    for (int j = 0; p->sums && j < p->n; j++) {
        double expected = 0;

        for (int k = 0; k < K; k++)
            expected += (double)b_at(k, j);
        if ((double)sums[j] == expected)
            continue;
        snprintf(detail, size, "sum of column %d of [%d, %d] should be %.9g and is %.9g", j, K,
                 p->n, expected, (double)sums[j]);
        return false;
    }
    return true;
}

static bool right(const product *p, const float *c, char *detail, size_t size)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < p->n; j++) {
            double expected = expected_at(p, i, j), found = (double)c[i * p->n + j];

            /* Not "greater than": a NaN must fail. */
            if (fabs(found - expected) <= (p->sigmoid ? 1e-5 : 0.0))
                continue;
            snprintf(detail, size,
                     "product %c%c of [%d, %d] x [%d, %d]: row %d, column %d should be %.9g and is "
                     "%.9g",
                     p->trans_a ? 'T' : 'N', p->trans_b ? 'T' : 'N', M, K, K, p->n, i, j, expected,
                     found);
            return false;
        }
    return true;
}

/* A driver's refusal is a wrong answer too: another implementation may do. */
static qn_status run(qn_device *device, qn_flavour flavour, record_fn record, bool epilogue,
                     bool *passed, char *detail, size_t size)
{
    float c[M * N], sums[N];

    *passed = true;
    for (int i = 0; i < QN_COUNT(products) && *passed; i++) {
        product p = products[i];
        qn_status status;

        p.bias = p.bias && epilogue;
        p.sigmoid = p.sigmoid && epilogue;
        p.gradient = p.gradient && epilogue;
        p.sums = p.sums && epilogue;
        status = compute(device, &p, flavour, record, c, sums);
        if (status != QN_OK && status != QN_ERROR_DEVICE)
            return status;
        if (status == QN_ERROR_DEVICE)
            snprintf(detail, size, "%s", qn_device_env(device)->message);
        *passed =
            status == QN_OK && right(&p, c, detail, size) && right_sums(&p, sums, detail, size);
    }
    return QN_OK;
}

static qn_status run_cpu(qn_device *device, bool *passed, char *detail, size_t size)
{
    return run(device, QN_FLAVOUR_CPU, qn_gemm_quern, true, passed, detail, size);
}

static qn_status run_gpu(qn_device *device, bool *passed, char *detail, size_t size)
{
    return run(device, QN_FLAVOUR_GPU, qn_gemm_quern, true, passed, detail, size);
}

/* Bias and activation are launches of their own there. */
static qn_status run_clblast(qn_device *device, bool *passed, char *detail, size_t size)
{
    return run(device, QN_FLAVOUR_AUTO, qn_gemm_clblast, false, passed, detail, size);
}

const qn_selftest_case qn_selftest_gemm[] = {
    {"gemm_cpu", run_cpu}, {"gemm_gpu", run_gpu}, {"sgemm", run_clblast}, {NULL, NULL}};
