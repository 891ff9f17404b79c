/* SPDX-License-Identifier: Apache-2.0 */
/* One matrix product, computed and compared with a reference in double. */
#include "kernels/gemm_case.h"

const gemm_shape *gemm_shapes(void)
{
    static const gemm_shape all[] = {
        {1, 1, 1},      {3, 17, 5},     {17, 3, 100},  {8, 48, 16},     {15, 16, 33},
        {4, 31, 9},     {1, 257, 3},    {257, 1, 17},  {100, 10, 32},   {32, 10, 100},
        {32, 100, 10},  {33, 100, 257}, {257, 33, 17}, {128, 100, 784}, {784, 100, 32},
        {40, 50, 1400}, {100, 784, 3},  {0, 0, 0},
    };
    static const gemm_shape few[] = {{1, 1, 1},   {3, 17, 5},   {9, 35, 21},
                                     {17, 3, 20}, {5, 100, 33}, {0, 0, 0}};

    return test_is_small() ? few : all;
}

static double activate(const gemm_case *one, double x)
{
    const char *activation = one->activation;

    if (!activation || strcmp(activation, "linear") == 0)
        return x;
    if (strcmp(activation, "sigmoid") == 0)
        return 1.0 / (1.0 + exp(-x));
    if (strcmp(activation, "tanh") == 0)
        return tanh(x);
    if (strcmp(activation, "leaky_relu") == 0)
        return x > 0.0 ? x : (double)(float)one->alpha * x;
    if (strcmp(activation, "gelu") == 0)
        return 0.5 * x * erfc(-x / sqrt(2.0));
    assert_string_equal(activation, "relu");
    return x > 0.0 ? x : 0.0;
}

/* Told from y, as the kernels do. */
static double gradient_at(const gemm_case *one, double y)
{
    if (strcmp(one->activation, "sigmoid") == 0)
        return y * (1.0 - y);
    if (strcmp(one->activation, "tanh") == 0)
        return 1.0 - y * y;
    if (strcmp(one->activation, "leaky_relu") == 0)
        return y >= 0.0 ? 1.0 : (double)(float)one->alpha; /* at 0 as in JAX */
    assert_string_equal(one->activation, "relu");
    return y > 0.0 ? 1.0 : 0.0;
}

static double *reference(const gemm_case *one, const float *a, const float *b, const float *bias,
                         const float *y)
{
    double *c = malloc((size_t)one->m * (size_t)one->n * sizeof *c);

    assert_non_null(c);
    for (int i = 0; i < one->m; i++)
        for (int j = 0; j < one->n; j++) {
            double sum = one->bias ? (double)bias[j] : 0.0;

            for (int k = 0; k < one->k; k++)
                sum += (double)a[one->trans_a ? k * one->m + i : i * one->k + k] *
                       (double)b[one->trans_b ? j * one->k + k : k * one->n + j];
            c[i * one->n + j] = one->gradient ? sum * gradient_at(one, (double)y[i * one->n + j])
                                              : activate(one, sum);
        }
    return c;
}

/* A buffer of exactly these elements. */
static qn_buffer *put_tight(fixture *f, const float *data, int count)
{
    qn_buffer *buffer;

    assert_true(f->buffer_count < MAX_BUFFERS);
    OK(qn_buffer_create(f->device, (size_t)count * sizeof *data, &buffer));
    f->buffer[f->buffer_count++] = buffer;
    OK(qn_buffer_write(buffer, 0, (size_t)count * sizeof *data, data));
    return buffer;
}

static float *draw(fixture *f, int count, bool integral, double scale)
{
    return integral ? integers(f, count, -4, 4) : numbers(f, count, -scale, scale);
}

/* The column sums of b. */
static void check_sums(fixture *f, const gemm_case *one, const float *b, qn_buffer *sums,
                       bool integral)
{
    double *wanted = calloc((size_t)one->n, sizeof *wanted);

    assert_non_null(wanted);
    for (int k = 0; k < one->k; k++)
        for (int j = 0; j < one->n; j++)
            wanted[j] += (double)b[k * one->n + j];
    expect(f, "column sums", sums, wanted, one->n, integral ? 0.0 : TOLERANCE);
    free(wanted);
}

static const char *title(const gemm_case *one, char *text, size_t size)
{
    snprintf(text, size, "%c%c %d x %d x %d, %s, %s", one->trans_a ? 'T' : 'N',
             one->trans_b ? 'T' : 'N', one->m, one->n, one->k,
             one->gradient ? "gradient"
             : one->bias   ? "with bias"
                           : "no bias",
             one->activation ? one->activation : "linear");
    return text;
}

void check_product(fixture *f, const gemm_case *one, bool integral, gemm_record record,
                   const void *user)
{
    /* Weights have the scale of a layer's. With sums of 784 products of numbers up to 1, float32's
     * own rounding (1e-6 of the largest sum, 38) becomes 1.3e-5 behind an exact tanh. */
    float *a = draw(f, one->m * one->k, integral, 1.0);
    float *b = draw(f, one->k * one->n, integral, 1.0 / sqrt(one->k));
    float *bias = draw(f, one->n, integral, 1.0);
    float *y = draw(f, one->m * one->n, integral, 1.0);
    double *wanted = reference(one, a, b, bias, y);
    const int count = one->m * one->n;
    qn_gemm gemm = {.m = one->m,
                    .n = one->n,
                    .k = one->k,
                    .trans_a = one->trans_a,
                    .trans_b = one->trans_b,
                    .a = put_tight(f, a, one->m * one->k),
                    .b = put_tight(f, b, one->k * one->n),
                    .bias = one->bias ? put_tight(f, bias, one->n) : NULL,
                    .y = one->gradient ? put_tight(f, y, count) : NULL,
                    .sums = one->sums ? put(f, NULL, one->n) : NULL,
                    .activation = {one->activation, one->alpha}};
    float *first, *second;
    char text[128];

    gemm.c = put(f, NULL, count);
    OK(record(&f->steps, &gemm, user));
    run(f, (qn_step_row){.rows = one->m});
    first = take(f, gemm.c, count);
    compare(title(one, text, sizeof text), first, wanted, count, integral ? 0.0 : TOLERANCE);
    if (gemm.sums)
        check_sums(f, one, b, gemm.sums, integral);

    gemm.c = put(f, NULL, count);
    OK(record(&f->steps, &gemm, user));
    run(f, (qn_step_row){.rows = one->m});
    second = take(f, gemm.c, count);
    assert_memory_equal(first, second, (size_t)count * sizeof *first);

    clear(f);
    free(first);
    free(second);
    free(wanted);
    free(a);
    free(b);
    free(bias);
    free(y);
}

qn_status record_own(qn_steps *steps, const qn_gemm *gemm, const void *user)
{
    (void)user;
    return qn_gemm_quern(steps, gemm);
}

qn_status record_tiled(qn_steps *steps, const qn_gemm *gemm, const void *user)
{
    return qn_gemm_quern_tiled(steps, gemm, user);
}

/* Plain sums of integers; random numbers with an epilogue of the layout's own, as every combination
 * is a program to compile. */
void check_all_shapes(fixture *f)
{
    static const gemm_case layouts[] = {
        {.bias = true, .activation = "sigmoid"},
        {.trans_a = true, .bias = true, .activation = "tanh"},
        {.trans_b = true, .activation = "relu"},
    };

    for (const gemm_shape *shape = gemm_shapes(); shape->m > 0; shape++)
        for (int i = 0; i < QN_COUNT(layouts); i++) {
            gemm_case one = layouts[i];

            one.m = shape->m;
            one.n = shape->n;
            one.k = shape->k;
            check_product(f, &one, false, record_own, NULL);
            if (f->steps.flavour == QN_FLAVOUR_GPU)
                continue; /* its exact sums: test_gpu_tiles */
            one.bias = false;
            one.activation = NULL;
            check_product(f, &one, true, record_own, NULL);
        }
}

/* The stated order: an element is a chain of fused multiply-adds along k, bit for bit. */
void check_order(fixture *f)
{
    enum { M = 21, N = 67 };
    const int K = test_is_small() ? 24 : 300; /* more than a slice of k */
    float *a = numbers(f, M * K, -1.0, 1.0), *b = numbers(f, K * N, -1.0, 1.0);
    double *wanted = malloc(M * N * sizeof *wanted);

    assert_non_null(wanted);
    for (int layout = 0; layout < 3; layout++) {
        const bool trans_a = layout == 1, trans_b = layout == 2;
        const qn_gemm gemm = {.m = M,
                              .n = N,
                              .k = K,
                              .trans_a = trans_a,
                              .trans_b = trans_b,
                              .a = put(f, a, M * K),
                              .b = put(f, b, K * N),
                              .c = put(f, NULL, M * N)};

        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++) {
                float sum = 0.0f;

                for (int k = 0; k < K; k++)
                    sum = fmaf(a[trans_a ? k * M + i : i * K + k],
                               b[trans_b ? j * K + k : k * N + j], sum);
                wanted[i * N + j] = (double)sum;
            }
        OK(qn_gemm_quern(&f->steps, &gemm));
        run(f, (qn_step_row){.rows = M});
        expect(f, "chains of fma", gemm.c, wanted, M * N, 0.0);
    }
    free(wanted);
    free(a);
    free(b);
}

void check_epilogues(fixture *f)
{
    static const gemm_case cases[] = {
        {.m = 9, .n = 35, .k = 21, .bias = true, .activation = "linear"},
        {.m = 9, .n = 35, .k = 21, .bias = true, .activation = "relu"},
        {.m = 9, .n = 7, .k = 21, .bias = true},
        {.m = 9, .n = 35, .k = 21, .bias = true, .activation = "leaky_relu", .alpha = 0.25},
        {.m = 9, .n = 35, .k = 21, .activation = "leaky_relu", .alpha = 0.5},
        {.m = 9, .n = 35, .k = 21, .trans_b = true, .gradient = true, .activation = "relu"},
        {.m = 9, .n = 35, .k = 21, .gradient = true, .activation = "tanh"},
        {.m = 9, .n = 7, .k = 21, .trans_a = true, .gradient = true, .activation = "relu"},
        {.m = 19, .n = 7, .k = 21, .gradient = true, .activation = "leaky_relu", .alpha = 0.25},
        {.m = 19, .n = 35, .k = 21, .trans_a = true, .sums = true},
        {.m = 19, .n = 7, .k = 150, .trans_a = true, .sums = true},
        {.m = 1, .n = 16, .k = 64, .trans_a = true, .sums = true},
        {.m = 5, .n = 33, .k = 1, .sums = true},
    };
    static const gemm_case inexact[] = {
        {.m = 9, .n = 35, .k = 21, .bias = true, .activation = "leaky_relu", .alpha = 0.1},
        {.m = 9, .n = 35, .k = 21, .bias = true, .activation = "gelu"},
        {.m = 33, .n = 100, .k = 257, .trans_b = true, .gradient = true, .activation = "sigmoid"},
        {.m = 32, .n = 100, .k = 10, .trans_b = true, .gradient = true, .activation = "tanh"},
        {.m = 100, .n = 100, .k = 300, .trans_a = true, .sums = true},
    };

    for (int i = 0; i < QN_COUNT(cases); i++)
        check_product(f, &cases[i], true, record_own, NULL);
    for (int i = 0; i < QN_COUNT(inexact); i++)
        check_product(f, &inexact[i], false, record_own, NULL);
}
