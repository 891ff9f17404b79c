/* SPDX-License-Identifier: Apache-2.0 */
/* Losses by row and their gradients against references in double. */
#include "kernels/fixture.h"

static const double low = 1e-7f, high = 0.9999999f; /* where Keras clips, in float32 */

static double clip(double x)
{
    return x < low ? low : x > high ? high : x;
}

static double through(double x)
{
    return x < low || x > high ? 0.0 : 1.0;
}

/* Loss of one row; its gradient by the predictions goes to `slope`. */
static double refer_categorical(const double *y, const float *p, int n, double *slope)
{
    double sum = 0.0, loss = 0.0, dot = 0.0;

    for (int c = 0; c < n; c++)
        sum += p[c];
    for (int c = 0; c < n; c++) {
        double share = p[c] / sum;

        loss -= y[c] * log(clip(share));
        slope[c] = -y[c] / clip(share) * through(share);
        dot += slope[c] * share;
    }
    for (int c = 0; c < n; c++)
        slope[c] = (slope[c] - dot) / sum;
    return loss;
}

static double refer_binary(const double *y, const float *p, int n, double *slope)
{
    double loss = 0.0;

    for (int c = 0; c < n; c++) {
        double q = clip(p[c]);

        loss -= (y[c] * log(q) + (1.0 - y[c]) * log(1.0 - q)) / n;
        slope[c] = ((1.0 - y[c]) / (1.0 - q) - y[c] / q) * through(p[c]) / n;
    }
    return loss;
}

static double refer_squared(const double *y, const float *p, int n, double *slope)
{
    double loss = 0.0;

    for (int c = 0; c < n; c++) {
        loss += (p[c] - y[c]) * (p[c] - y[c]) / n;
        slope[c] = 2.0 * (p[c] - y[c]) / n;
    }
    return loss;
}

static double refer_absolute(const double *y, const float *p, int n, double *slope)
{
    double loss = 0.0;

    for (int c = 0; c < n; c++) {
        loss += fabs(p[c] - y[c]) / n;
        slope[c] = (double)((p[c] > y[c]) - (p[c] < y[c])) / n;
    }
    return loss;
}

static double (*const refer[])(const double *y, const float *p, int n, double *slope) = {
    refer_categorical, refer_categorical, refer_binary, refer_squared, refer_absolute,
};

/* Targets y [rows, columns], or labels where the loss is sparse, against predictions p. */
static void check_against(fixture *f, qn_loss_kind kind, const float *y, const int32_t *label,
                          const float *p, int rows, int columns)
{
    int n = rows * columns;
    float *drow = numbers(f, rows, -2, 2);
    double *row = calloc((size_t)columns, sizeof *row);
    double *loss = calloc((size_t)rows, sizeof *loss);
    double *slope = calloc((size_t)n, sizeof *slope);
    qn_buffer *by = kind == QN_LOSS_SPARSE ? put(f, label, rows) : put(f, y, n);
    qn_buffer *bp = put(f, p, n), *bl = put(f, NULL, rows), *bg = put(f, NULL, n);

    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++)
            row[c] = kind == QN_LOSS_SPARSE ? c == label[r] : y[r * columns + c];
        loss[r] = refer[kind](row, p + r * columns, columns, slope + r * columns);
        for (int c = 0; c < columns; c++)
            slope[r * columns + c] *= drow[r];
    }
    OK(qn_kernel_loss(&f->steps, kind, by, bp, bl, rows, columns));
    OK(qn_kernel_loss_grad(&f->steps, kind, by, bp, put(f, drow, rows), bg, rows, columns));
    run(f, (qn_step_row){0});
    expect(f, "loss", bl, loss, rows, TOLERANCE);
    expect(f, "gradient", bg, slope, n, TOLERANCE);
    free(drow);
    free(row);
    free(loss);
    free(slope);
    clear(f);
}

static void check_random(fixture *f, qn_loss_kind kind, int rows, int columns)
{
    float *y = numbers(f, (int64_t)rows * columns, 0, 1);
    float *p = numbers(f, (int64_t)rows * columns, 0.05, 0.95);
    int32_t *label = labels(f, rows, columns);

    check_against(f, kind, y, label, p, rows, columns);
    free(y);
    free(p);
    free(label);
}

static void random_case(fixture *f)
{
    for (qn_loss_kind kind = QN_LOSS_CATEGORICAL; kind <= QN_LOSS_ABSOLUTE; kind++) {
        /* Of one class a categorical loss is that of a clipped 1: see the extremes. */
        int least = kind <= QN_LOSS_SPARSE ? 2 : 1;

        for (const int *n = test_sizes(); *n; n++) {
            check_random(f, kind, *n, 10);
            check_random(f, kind, 5, *n < least ? least : *n);
        }
    }
}

static void test_random(void **state)
{
    each_flavour(*state, random_case);
}

/* Zeros and ones among the probabilities, one class, equal predictions and targets. */
static void extremes_case(fixture *f)
{
    static const float p[] = {0, 0, 1, 0, 1, 0, 0.5f, 0, 0.5f, 1e-9f, 1, 1e-8f};
    static const float y[] = {1, 0, 0, 0, 1, 0, 0.5f, 0.5f, 0, 0, 1, 0};
    static const int32_t label[] = {0, 1, 2, 1};
    static const float ones[] = {1, 1, 0.25f, 3};
    static const int32_t zeros[] = {0, 0, 0, 0};

    for (qn_loss_kind kind = QN_LOSS_CATEGORICAL; kind <= QN_LOSS_ABSOLUTE; kind++) {
        check_against(f, kind, y, label, p, 4, 3);
        check_against(f, kind, ones, zeros, ones, 4, 1);
    }
}

static void test_extremes(void **state)
{
    each_flavour(*state, extremes_case);
}

static void bad_label_case(fixture *f)
{
    const int32_t label[4] = {1, -1, 3, INT32_MAX};
    const float p[12] = {1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1}, drow[4] = {1, 1, 1, 1};
    const double loss[4] = {log(2.0), NAN, NAN, NAN}, slope[12] = {0.25, -0.25, 0.25};
    qn_buffer *y = put(f, label, 4), *bp = put(f, p, 12), *bl = put(f, NULL, 4);
    qn_buffer *bg = put(f, NULL, 12);

    OK(qn_kernel_loss(&f->steps, QN_LOSS_SPARSE, y, bp, bl, 4, 3));
    OK(qn_kernel_loss_grad(&f->steps, QN_LOSS_SPARSE, y, bp, put(f, drow, 4), bg, 4, 3));
    run(f, (qn_step_row){0});
    expect(f, "loss", bl, loss, 4, TOLERANCE);
    expect(f, "gradient", bg, slope, 12, TOLERANCE);
}

static void test_bad_label(void **state)
{
    each_flavour(*state, bad_label_case);
}

static void nan_case(fixture *f)
{
    for (qn_loss_kind kind = QN_LOSS_CATEGORICAL; kind <= QN_LOSS_ABSOLUTE; kind++) {
        float p[3] = {0.5f, NAN, 0.2f}, y[3] = {0, 1, 0}, *loss;
        int32_t label = 1;
        qn_buffer *bl = put(f, NULL, 1);
        qn_buffer *by = kind == QN_LOSS_SPARSE ? put(f, &label, 1) : put(f, y, 3);

        OK(qn_kernel_loss(&f->steps, kind, by, put(f, p, 3), bl, 1, 3));
        run(f, (qn_step_row){0});
        loss = take(f, bl, 1);
        assert_true(isnan(*loss));
        free(loss);
        clear(f);
    }
}

static void test_nan_shows(void **state)
{
    each_flavour(*state, nan_case);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_bad_label),
        cmocka_unit_test(test_nan_shows),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
