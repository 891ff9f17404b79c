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

static double activate(const char *activation, double x)
{
    if (!activation || strcmp(activation, "linear") == 0)
        return x;
    if (strcmp(activation, "sigmoid") == 0)
        return 1.0 / (1.0 + exp(-x));
    if (strcmp(activation, "tanh") == 0)
        return tanh(x);
    assert_string_equal(activation, "relu");
    return x > 0.0 ? x : 0.0;
}

static double *reference(const gemm_case *one, const float *a, const float *b, const float *bias)
{
    double *c = malloc((size_t)one->m * (size_t)one->n * sizeof *c);

    assert_non_null(c);
    for (int i = 0; i < one->m; i++)
        for (int j = 0; j < one->n; j++) {
            double sum = one->bias ? (double)bias[j] : 0.0;

            for (int k = 0; k < one->k; k++)
                sum += (double)a[one->trans_a ? k * one->m + i : i * one->k + k] *
                       (double)b[one->trans_b ? j * one->k + k : k * one->n + j];
            c[i * one->n + j] = activate(one->activation, sum);
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

static const char *title(const gemm_case *one, char *text, size_t size)
{
    snprintf(text, size, "%c%c %d x %d x %d, %s bias, %s", one->trans_a ? 'T' : 'N',
             one->trans_b ? 'T' : 'N', one->m, one->n, one->k, one->bias ? "with" : "no",
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
    double *wanted = reference(one, a, b, bias);
    const int count = one->m * one->n;
    qn_gemm gemm = {.m = one->m,
                    .n = one->n,
                    .k = one->k,
                    .trans_a = one->trans_a,
                    .trans_b = one->trans_b,
                    .a = put_tight(f, a, one->m * one->k),
                    .b = put_tight(f, b, one->k * one->n),
                    .bias = one->bias ? put_tight(f, bias, one->n) : NULL,
                    .activation = one->activation};
    float *first, *second;
    char text[128];

    gemm.c = put(f, NULL, count);
    OK(record(&f->steps, &gemm, user));
    run(f, (qn_step_row){.rows = one->m});
    first = take(f, gemm.c, count);
    compare(title(one, text, sizeof text), first, wanted, count, integral ? 0.0 : TOLERANCE);

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
}
