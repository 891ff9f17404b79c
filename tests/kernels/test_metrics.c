/* SPDX-License-Identifier: Apache-2.0 */
/* Accuracies (exact: their values are ratios of small integers) and the row of results. */
#include "kernels/fixture.h"

static int argmax(const float *x, int n)
{
    int at = 0;

    for (int c = 1; c < n; c++)
        if (x[c] > x[at])
            at = c;
    return at;
}

static bool in_top_k(const float *p, int n, int label, int k)
{
    int larger = 0;

    for (int c = 0; c < n; c++)
        larger += p[c] > p[label];
    return 1 + larger <= k;
}

static float refer(qn_accuracy_kind kind, const float *y, int label, const float *p, int n, int k)
{
    int right = 0;

    switch (kind) {
    case QN_ACCURACY_BINARY:
        for (int c = 0; c < n; c++)
            right += (p[c] > 0.5f) == y[c];
        return (float)right / (float)n;
    case QN_ACCURACY_CATEGORICAL:
        return argmax(y, n) == argmax(p, n);
    case QN_ACCURACY_SPARSE:
        return label == argmax(p, n);
    case QN_ACCURACY_TOP_K:
        return in_top_k(p, n, argmax(y, n), k);
    default:
        return in_top_k(p, n, label, k);
    }
}

static bool is_sparse(qn_accuracy_kind kind)
{
    return kind == QN_ACCURACY_SPARSE || kind == QN_ACCURACY_SPARSE_TOP_K;
}

/* Few distinct values, so that equal ones are common. */
static void check_accuracy(fixture *f, qn_accuracy_kind kind, int rows, int columns, int k)
{
    int n = rows * columns;
    float *y = integers(f, n, 0, 1), *p = integers(f, n, 0, 6);
    int32_t *label = labels(f, rows, columns);
    double *expected = calloc((size_t)rows, sizeof *expected);
    qn_buffer *value = put(f, NULL, rows);
    char what[64];

    snprintf(what, sizeof what, "accuracy of kind %d, flavour %d", kind, f->steps.flavour);
    for (int i = 0; i < n; i++)
        p[i] /= 6;
    for (int r = 0; r < rows; r++)
        expected[r] = (double)refer(kind, y + r * columns, label[r], p + r * columns, columns, k);
    OK(qn_kernel_accuracy(&f->steps, kind, 0.5, k,
                          is_sparse(kind) ? put(f, label, rows) : put(f, y, n), put(f, p, n), value,
                          rows, columns));
    run(f, (qn_step_row){0});
    /* Exact but for the division in a mean over columns: OpenCL allows it 2.5 ulp. */
    expect(f, what, value, expected, rows, kind == QN_ACCURACY_BINARY ? 3e-7 : 0);
    free(y);
    free(p);
    free(label);
    free(expected);
    clear(f);
}

static void accuracy_case(fixture *f)
{
    for (qn_accuracy_kind kind = QN_ACCURACY_BINARY; kind <= QN_ACCURACY_SPARSE_TOP_K; kind++) {
        for (const int *n = test_sizes(); *n; n++) {
            check_accuracy(f, kind, *n, 10, 3);
            check_accuracy(f, kind, 7, *n, *n / 3 + 1);
            check_accuracy(f, kind, *n, 1, 5);
        }
    }
}

static void test_accuracy(void **state)
{
    each_flavour(*state, accuracy_case);
}

/* What Keras 3 on JAX gives for these rows: the first of equals, NaN as the largest in argmax and
 * as no match in in_top_k, no such class. */
static void corners_case(fixture *f)
{
    const float p[5][3] = {
        {1, 1, 1}, {0, NAN, 2}, {-INFINITY, -INFINITY, -INFINITY}, {0.5f, 0.25f, 0.5f}, {3, 2, 1}};
    const int32_t label[5] = {0, 1, 0, 2, 7};
    const double sparse[5] = {1, 1, 1, 0, 0}, top_1[5] = {1, 0, 1, 1, 0};
    qn_buffer *bp = put(f, p, 15), *by = put(f, label, 5);
    qn_buffer *a = put(f, NULL, 5), *b = put(f, NULL, 5);

    OK(qn_kernel_accuracy(&f->steps, QN_ACCURACY_SPARSE, 0, 0, by, bp, a, 5, 3));
    OK(qn_kernel_accuracy(&f->steps, QN_ACCURACY_SPARSE_TOP_K, 0, 1, by, bp, b, 5, 3));
    run(f, (qn_step_row){0});
    expect(f, "sparse", a, sparse, 5, 0);
    expect(f, "top 1", b, top_1, 5, 0);
}

static void test_corners(void **state)
{
    each_flavour(*state, corners_case);
}

static void check_record(fixture *f, int count, int rows, int batch)
{
    float *data[QN_MAX_RECORDS];
    qn_buffer *values[QN_MAX_RECORDS], *results = put(f, NULL, 4 * count);
    int64_t inner[QN_MAX_RECORDS];
    float *got;

    for (int j = 0; j < count; j++) {
        inner[j] = 1 << (j % 3); /* so that the division is exact */
        data[j] = integers(f, batch * inner[j], -9, 9);
        values[j] = put(f, data[j], batch * inner[j]);
    }
    OK(qn_kernel_record(&f->steps, count, values, inner, results, NULL, batch));
    run(f, (qn_step_row){.rows = rows, .out_at = 2});
    got = take(f, results, 4 * count);
    for (int i = 0; i < 4 * count; i++) {
        int j = i - 2 * count;
        double sum = 0.0;

        if (j < 0 || j >= count) {
            assert_true(isnan(got[i]));
            continue;
        }
        for (int64_t e = 0; e < rows * inner[j]; e++)
            sum += data[j][e];
        assert_true((double)got[i] == sum / (double)inner[j]);
    }
    free(got);
    for (int j = 0; j < count; j++)
        free(data[j]);
    clear(f);
}

static void record_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        check_record(f, 2, *n, *n);
        check_record(f, 3, (*n + 1) / 2, *n);
    }
    check_record(f, 1, 32, 32);
    check_record(f, QN_MAX_RECORDS, 5, 32);
}

static void test_record(void **state)
{
    each_flavour(*state, record_case);
}

/* The first step without a finite loss is latched, later ones and other results are not. */
static void latch_case(fixture *f)
{
    const float losses[4] = {1, INFINITY, 2, NAN}, metrics[4] = {NAN, 1, 1, 1};
    const int32_t none[2] = {0, -1};
    const int64_t inner[2] = {1, 1};
    qn_buffer *results = put(f, NULL, 8), *latch = put(f, none, 2);
    int32_t *state;

    for (int step = 0; step < 4; step++) {
        qn_buffer *values[2] = {put(f, &losses[step], 1), put(f, &metrics[step], 1)};

        OK(qn_kernel_record(&f->steps, 2, values, inner, results, latch, 1));
        run(f, (qn_step_row){.rows = 1, .out_at = step});
        state = take(f, latch, 2);
        assert_int_equal(state[0], step >= 1);
        assert_int_equal(state[1], step >= 1 ? 1 : -1);
        free(state);
    }
}

static void test_latch(void **state)
{
    each_flavour(*state, latch_case);
}

static void test_too_many_records(void **state)
{
    fixture *f = *state;

    assert_int_equal(qn_kernel_record(&f->steps, 17, NULL, NULL, NULL, NULL, 1), QN_ERROR_USAGE);
    assert_non_null(strstr(qn_error(f->ctx), "17"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accuracy),         cmocka_unit_test(test_corners),
        cmocka_unit_test(test_record),           cmocka_unit_test(test_latch),
        cmocka_unit_test(test_too_many_records),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
