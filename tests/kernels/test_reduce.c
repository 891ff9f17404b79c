/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and means: exact on integers, within the tolerance on others, the same bits every time. */
#include "kernels/fixture.h"

static void check_sum(fixture *f, int n)
{
    float *whole = integers(f, n, -8, 8), *real = numbers(f, n, -1, 2);
    size_t scratch = qn_sum_scratch_bytes(f->device, n);
    qn_buffer *bscratch = scratch ? put(f, NULL, (int64_t)scratch / 4) : NULL;
    qn_buffer *y = put(f, NULL, 1), *z = put(f, NULL, 1);
    double exact = 0.0, sum = 0.0;

    for (int i = 0; i < n; i++) {
        exact += 0.5 * whole[i];
        sum += real[i];
    }
    OK(qn_kernel_sum(&f->steps, put(f, whole, n), bscratch, y, n, 0.5));
    OK(qn_kernel_sum(&f->steps, put(f, real, n), bscratch, z, n, 1.0));
    run(f, (qn_step_row){0});
    expect(f, "sum of integers", y, &exact, 1, 0);
    expect(f, "sum", z, &sum, 1, TOLERANCE);
    if (scratch)
        free(take(f, bscratch, (int64_t)scratch / 4)); /* its canaries */
    free(whole);
    free(real);
    clear(f);
}

static void sum_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++)
        check_sum(f, *n);
    check_sum(f, 16384);
    check_sum(f, 16385);
    if (!test_is_small()) {
        check_sum(f, 100003);
        check_sum(f, 3000001);
    }
}

static void test_sum(void **state)
{
    each_flavour(*state, sum_case);
}

static void check_columns(fixture *f, int rows, int columns)
{
    int n = rows * columns;
    float *whole = integers(f, n, -8, 8), *real = numbers(f, n, -1, 2);
    double *exact = calloc((size_t)columns, sizeof *exact);
    double *sum = calloc((size_t)columns, sizeof *sum);
    qn_buffer *y = put(f, NULL, columns), *z = put(f, NULL, columns);

    for (int i = 0; i < n; i++) {
        exact[i % columns] += whole[i];
        sum[i % columns] += real[i];
    }
    OK(qn_kernel_column_sum(&f->steps, put(f, whole, n), y, rows, columns));
    OK(qn_kernel_column_sum(&f->steps, put(f, real, n), z, rows, columns));
    run(f, (qn_step_row){0});
    expect(f, "column sums of integers", y, exact, columns, 0);
    expect(f, "column sums", z, sum, columns, TOLERANCE);
    free(whole);
    free(real);
    free(exact);
    free(sum);
    clear(f);
}

static void column_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        check_columns(f, *n, 10);
        check_columns(f, 32, *n);
        check_columns(f, 1, *n);
    }
}

static void test_column_sum(void **state)
{
    each_flavour(*state, column_case);
}

/* `rows` of `batch` are valid; the rest is NaN, which must not be read as a number. */
static void check_mean(fixture *f, int rows, int batch, int inner)
{
    int n = batch * inner, valid = rows * inner;
    float *x = numbers(f, n, -1, 2), gradient = 3.0f;
    double *expected = calloc((size_t)n, sizeof *expected), mean = 0.0;
    qn_buffer *y = put(f, NULL, 1), *dx = put(f, NULL, n);

    for (int i = 0; i < n; i++) {
        if (i >= valid)
            x[i] = NAN;
        else
            mean += x[i];
        expected[i] = i < valid ? 3.0 / valid : 0.0;
    }
    mean /= valid;
    OK(qn_kernel_batch_mean(&f->steps, put(f, x, n), y, batch, inner));
    OK(qn_kernel_batch_mean_grad(&f->steps, put(f, &gradient, 1), dx, batch, inner));
    run(f, (qn_step_row){.rows = rows});
    expect(f, "mean", y, &mean, 1, TOLERANCE);
    expect(f, "gradient of the mean", dx, expected, n, TOLERANCE);
    free(x);
    free(expected);
    clear(f);
}

static void mean_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        check_mean(f, *n, *n, 1);
        check_mean(f, (*n + 1) / 2, *n, 1);
        check_mean(f, 1, *n, 3);
        check_mean(f, *n, *n + 5, 7);
    }
}

static void test_mean(void **state)
{
    each_flavour(*state, mean_case);
}

static void bits_case(fixture *f)
{
    int n = test_is_small() ? 20000 : 200003;
    float *x = numbers(f, n, -1, 1), *first = NULL, *second = NULL;
    qn_buffer *bx = put(f, x, n), *scratch, *y = put(f, NULL, 1), *z = put(f, NULL, 100);

    scratch = put(f, NULL, (int64_t)qn_sum_scratch_bytes(f->device, n) / 4);
    for (int pass = 0; pass < 2; pass++) {
        float *bits = calloc(101, sizeof *bits), *sum, *columns;

        OK(qn_kernel_sum(&f->steps, bx, scratch, y, n, 1.0));
        OK(qn_kernel_column_sum(&f->steps, bx, z, n / 100, 100));
        run(f, (qn_step_row){0});
        sum = take(f, y, 1);
        columns = take(f, z, 100);
        bits[0] = sum[0];
        memcpy(bits + 1, columns, 100 * sizeof *bits);
        free(sum);
        free(columns);
        *(pass ? &second : &first) = bits;
    }
    assert_memory_equal(first, second, 101 * sizeof *first);
    free(first);
    free(second);
    free(x);
}

static void test_same_bits(void **state)
{
    each_flavour(*state, bits_case);
}

static void test_no_scratch(void **state)
{
    fixture *f = *state;
    qn_buffer *x = put(f, NULL, 20000), *y = put(f, NULL, 1);

    assert_int_equal(qn_kernel_sum(&f->steps, x, NULL, y, 20000, 1.0), QN_ERROR_INTERNAL);
    assert_int_equal(f->steps.count, 0);
    clear(f);
}

static void test_no_table(void **state)
{
    fixture *f = *state;
    qn_buffer *x = put(f, NULL, 20), *y = put(f, NULL, 1), *table = f->steps.table;

    f->steps.table = NULL;
    assert_int_equal(qn_kernel_batch_mean(&f->steps, x, y, 20, 1), QN_ERROR_INTERNAL);
    assert_int_equal(f->steps.count, 0);
    f->steps.table = table;
    clear(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum),        cmocka_unit_test(test_column_sum),
        cmocka_unit_test(test_mean),       cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_no_scratch), cmocka_unit_test(test_no_table),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
