/* SPDX-License-Identifier: Apache-2.0 */
/* Penalties of arrays and of a batch's valid rows, cosines, and their gradients, against double.
 * Padded rows hold NaN. */
#include "kernels/fixture.h"

static const double l1 = 0.5, l2 = 0.25;

static double penalty_of(const float *x, int64_t count)
{
    double sum = 0.0;

    for (int64_t i = 0; i < count; i++)
        sum += l1 * fabs((double)x[i]) + l2 * (double)x[i] * (double)x[i];
    return sum;
}

static double slope(float x)
{
    return l1 * ((x > 0) - (x < 0)) + 2.0 * l2 * (double)x;
}

static qn_buffer *scratch_for(fixture *f, int64_t count)
{
    size_t bytes = qn_sum_scratch_bytes(f->device, count);

    return bytes ? put(f, NULL, (int64_t)(bytes / 4)) : NULL;
}

static void array_of(fixture *f, int64_t n, bool exact)
{
    float *x = exact ? integers(f, n, -2, 2) : numbers(f, n, -1, 1), dy = 3.0f;
    double *slopes = calloc((size_t)n, sizeof *slopes), sum = penalty_of(x, n);
    qn_buffer *b = put(f, x, n), *y = put(f, NULL, 1), *dx = put(f, NULL, n);

    for (int64_t i = 0; i < n; i++)
        slopes[i] = 3.0 * slope(x[i]);
    OK(qn_kernel_penalty(&f->steps, b, scratch_for(f, n), y, n, l1, l2));
    OK(qn_kernel_penalty_grad(&f->steps, put(f, &dy, 1), b, dx, n, l1, l2));
    run(f, (qn_step_row){0});
    expect(f, "penalty", y, &sum, 1, exact ? 0 : TOLERANCE);
    expect(f, "its gradient", dx, slopes, n, TOLERANCE);
    free(x);
    free(slopes);
    clear(f);
}

static void array_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        array_of(f, *n, false);
        array_of(f, *n, true);
    }
    array_of(f, 20011, true); /* two launches */
    if (!test_is_small())
        array_of(f, 1500007, true);
}

static void test_array(void **state)
{
    each_flavour(*state, array_case);
}

static void batch_of(fixture *f, int64_t batch, int64_t inner, int valid)
{
    int64_t n = batch * inner;
    float *x = integers(f, n, -2, 2), dy = 3.0f;
    double *slopes = calloc((size_t)n, sizeof *slopes), mean = penalty_of(x, valid * inner) / valid;
    qn_buffer *b, *y = put(f, NULL, 1), *dx = put(f, NULL, n);

    for (int64_t i = 0; i < n; i++) {
        if (i < valid * inner)
            slopes[i] = 3.0 * slope(x[i]) / valid;
        else
            x[i] = NAN;
    }
    b = put(f, x, n);
    OK(qn_kernel_penalty_batch(&f->steps, b, scratch_for(f, n), y, batch, inner, l1, l2));
    OK(qn_kernel_penalty_batch_grad(&f->steps, put(f, &dy, 1), b, dx, batch, inner, l1, l2));
    run(f, (qn_step_row){.rows = valid});
    expect(f, "penalty_batch", y, &mean, 1, TOLERANCE);
    expect(f, "its gradient", dx, slopes, n, TOLERANCE);
    free(x);
    free(slopes);
    clear(f);
}

static void batch_case(fixture *f)
{
    batch_of(f, 1, 1, 1);
    batch_of(f, 3, 17, 2);
    batch_of(f, 5, 100, 5);
    batch_of(f, 32, 33, 17);
    batch_of(f, 64, 500, 1);
    batch_of(f, 64, 500, 63);
}

static void test_batch(void **state)
{
    each_flavour(*state, batch_case);
}

static void rows_case(fixture *f)
{
    static const int shapes[][3] = {{1, 1, 1}, {3, 17, 2}, {5, 100, 5}, {32, 33, 17}};

    for (int s = 0; s < QN_COUNT(shapes); s++) {
        int64_t n = shapes[s][0] * shapes[s][1], valid = shapes[s][2] * shapes[s][1];
        float *x = numbers(f, n, -1, 1);
        double *expected = calloc((size_t)n, sizeof *expected), first;
        qn_buffer *b, *y = put(f, NULL, n), *part = put(f, NULL, 1);

        for (int64_t i = 0; i < n; i++) {
            if (i < valid)
                expected[i] = x[i];
            else
                x[i] = NAN;
        }
        b = put(f, x, n);
        first = (double)x[0] / shapes[s][2];
        OK(qn_kernel_valid_rows(&f->steps, b, y, shapes[s][0], shapes[s][1]));
        OK(qn_kernel_per_row(&f->steps, b, part));
        run(f, (qn_step_row){.rows = shapes[s][2]});
        expect(f, "valid_rows", y, expected, n, 0);
        expect(f, "per_row", part, &first, 1, TOLERANCE);
        free(x);
        free(expected);
        clear(f);
    }
}

static void test_rows(void **state)
{
    each_flavour(*state, rows_case);
}

/* Products of n vectors of three elements; the first is zero where n is above 2. */
static void cosines_of(fixture *f, int n)
{
    int64_t count = (int64_t)n * n;
    float *v = numbers(f, 3 * n, 0.2, 1), *x = malloc((size_t)count * 4);
    float *dy = numbers(f, count, -1, 1);
    double *y = calloc((size_t)count, sizeof *y), *dx = calloc((size_t)count, sizeof *dx);
    qn_buffer *bx, *by = put(f, NULL, count), *bdx = put(f, NULL, count);

    for (int k = 0; n > 2 && k < 3; k++)
        v[k] = 0.0f;
    for (int64_t at = 0; at < count; at++) {
        const float *a = v + at / n * 3, *b = v + at % n * 3;

        x[at] = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    }
    for (int i = 0; i < n; i++) {
        double square = x[i * n + i], own = square > 0.0 ? 1.0 / sqrt(square) : 1e7, sum = 0.0;

        for (int j = 0; j < n; j++) {
            int at = i * n + j;
            double other = x[j * n + j], scale = own * (other > 0.0 ? 1.0 / sqrt(other) : 1e7);

            if (i == j)
                continue;
            y[at] = x[at] * scale;
            dx[at] = dy[at] * scale;
            sum += (dy[at] + (double)dy[j * n + i]) * y[at];
        }
        dx[i * n + i] = square > 0.0 ? -0.5 * sum / square : 0.0;
    }
    bx = put(f, x, count);
    OK(qn_kernel_cosines(&f->steps, bx, by, n));
    OK(qn_kernel_cosines_grad(&f->steps, put(f, dy, count), bx, bdx, n));
    run(f, (qn_step_row){0});
    expect(f, "cosines", by, y, count, TOLERANCE);
    expect(f, "their gradient", bdx, dx, count, TOLERANCE);
    free(v);
    free(x);
    free(dy);
    free(y);
    free(dx);
    clear(f);
}

static void cosines_case(fixture *f)
{
    cosines_of(f, 1);
    cosines_of(f, 2);
    cosines_of(f, 17);
    cosines_of(f, 100);
}

static void test_cosines(void **state)
{
    each_flavour(*state, cosines_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_array),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cosines),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
