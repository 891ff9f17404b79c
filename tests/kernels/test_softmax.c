/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, its gradient, and softmax with cross-entropy, against references in double. */
#include "kernels/fixture.h"

/* Probabilities of one row; returns the logarithm of the sum of exp(x). */
static double softmax_row(const float *x, int columns, double *p)
{
    double top = -INFINITY, sum = 0.0;

    for (int c = 0; c < columns; c++)
        top = fmax(top, x[c]);
    for (int c = 0; c < columns; c++)
        sum += p[c] = exp(x[c] - top);
    for (int c = 0; c < columns; c++)
        p[c] /= sum;
    return top + log(sum);
}

static void check_softmax(fixture *f, int rows, int columns, double scale)
{
    int n = rows * columns;
    float *x = numbers(f, n, -scale, scale), *dy = numbers(f, n, -1, 1), *y;
    double *expected = calloc((size_t)n, sizeof *expected);
    qn_buffer *by = put(f, NULL, n), *dx = put(f, NULL, n);

    for (int r = 0; r < rows; r++)
        softmax_row(x + r * columns, columns, expected + r * columns);
    OK(qn_kernel_softmax(&f->steps, put(f, x, n), by, rows, columns));
    OK(qn_kernel_softmax_grad(&f->steps, by, put(f, dy, n), dx, rows, columns));
    run(f, (qn_step_row){0});
    expect(f, "softmax", by, expected, n, TOLERANCE);
    y = take(f, by, n);
    for (int r = 0; r < rows; r++) {
        double dot = 0.0;

        for (int i = r * columns; i < (r + 1) * columns; i++)
            dot += (double)y[i] * dy[i];
        for (int i = r * columns; i < (r + 1) * columns; i++)
            expected[i] = y[i] * (dy[i] - dot);
    }
    /* Of one class, or saturated, the true gradient is below the rounding of dy. */
    if (columns > 1 && scale < 10)
        expect(f, "softmax_grad", dx, expected, n, TOLERANCE);
    free(x);
    free(dy);
    free(y);
    free(expected);
    clear(f);
}

static void softmax_case(fixture *f)
{
    for (const int *n = test_sizes(); *n; n++) {
        check_softmax(f, *n, 10, 3);
        check_softmax(f, 5, *n, 3);
        check_softmax(f, 3, *n, 1e4); /* saturated */
    }
}

static void test_softmax(void **state)
{
    each_flavour(*state, softmax_case);
}

typedef struct loss_case {
    int rows, batch, inner, columns;
    double scale;
    float *logits, *y;
    int32_t *label;
    double *p, *loss, *gradient;
} loss_case;

static void make_case(fixture *f, loss_case *c)
{
    int rows = c->batch * c->inner, n = rows * c->columns;

    c->logits = numbers(f, n, -c->scale, c->scale);
    c->y = numbers(f, n, 0, 1);
    c->label = labels(f, rows, c->columns);
    c->p = calloc((size_t)n, sizeof *c->p);
    c->loss = calloc((size_t)rows, sizeof *c->loss);
    c->gradient = calloc((size_t)n, sizeof *c->gradient);
}

/* The references for dense targets, or for the labels. Padded rows have no loss and no gradient. */
static void refer(loss_case *k, bool sparse)
{
    for (int r = 0; r < k->batch * k->inner; r++) {
        double top = softmax_row(k->logits + r * k->columns, k->columns, k->p + r * k->columns);
        double weight = 0.0, part = r < k->rows * k->inner ? 1.0 / (k->rows * k->inner) : 0.0;

        k->loss[r] = 0.0;
        for (int c = 0; c < k->columns; c++) {
            int i = r * k->columns + c;
            double y = sparse ? c == k->label[r] : k->y[i];

            weight += y;
            k->loss[r] += part > 0 ? y * (top - k->logits[i]) : 0.0;
        }
        for (int c = 0; c < k->columns; c++) {
            int i = r * k->columns + c;
            double y = sparse ? c == k->label[r] : k->y[i];

            k->gradient[i] = (k->p[i] * weight - y) * part;
        }
    }
}

static void free_case(loss_case *c)
{
    free(c->logits);
    free(c->y);
    free(c->label);
    free(c->p);
    free(c->loss);
    free(c->gradient);
}

static void check_loss(fixture *f, bool sparse, bool training, loss_case k)
{
    int rows = k.batch * k.inner, n = rows * k.columns;
    qn_buffer *p = put(f, NULL, n), *loss = put(f, NULL, rows);
    qn_buffer *gradient = training ? put(f, NULL, n) : NULL, *y;

    make_case(f, &k);
    refer(&k, sparse);
    y = sparse ? put(f, k.label, rows) : put(f, k.y, n);
    OK(qn_kernel_softmax_loss(&f->steps, sparse ? QN_LOSS_SPARSE : QN_LOSS_CATEGORICAL, y,
                              put(f, k.logits, n), p, loss, gradient, k.batch, k.inner, k.columns));
    run(f, (qn_step_row){.rows = k.rows});
    expect(f, "probabilities", p, k.p, n, TOLERANCE);
    expect(f, "loss", loss, k.loss, rows, TOLERANCE);
    /* Of one class the gradient is 0 but for rounding. */
    if (gradient && k.columns > 1)
        expect(f, "gradient", gradient, k.gradient, n, TOLERANCE);
    free_case(&k);
    clear(f);
}

static void loss_cases(fixture *f)
{
    for (int sparse = 0; sparse < 2; sparse++) {
        for (const int *n = test_sizes(); *n; n++) {
            check_loss(f, sparse, true, (loss_case){*n, *n, 1, 10, 3});
            check_loss(f, sparse, true, (loss_case){3, 5, 2, *n, 3});
            check_loss(f, sparse, false, (loss_case){(*n + 1) / 2, *n, 1, 3, 3});
        }
        /* Saturated: the loss from logits stays exact where probabilities are 0 or 1. */
        check_loss(f, sparse, true, (loss_case){30, 30, 1, 10, 1e3});
    }
}

static void test_softmax_loss(void **state)
{
    each_flavour(*state, loss_cases);
}

/* A class that there is not: a loss that is not a number, no gradient, nothing read elsewhere. */
static void bad_label_case(fixture *f)
{
    const int32_t label[4] = {1, -1, 3, INT32_MAX};
    const float logits[12] = {0};
    const double loss[4] = {log(3.0), NAN, NAN, NAN};
    double gradient[12] = {1.0 / 12, -2.0 / 12, 1.0 / 12};
    qn_buffer *row_loss = put(f, NULL, 4), *dlogits = put(f, NULL, 12);

    OK(qn_kernel_softmax_loss(&f->steps, QN_LOSS_SPARSE, put(f, label, 4), put(f, logits, 12), NULL,
                              row_loss, dlogits, 4, 1, 3));
    run(f, (qn_step_row){.rows = 4});
    expect(f, "loss", row_loss, loss, 4, TOLERANCE);
    expect(f, "gradient", dlogits, gradient, 12, TOLERANCE);
}

static void test_bad_label(void **state)
{
    each_flavour(*state, bad_label_case);
}

static void nan_case(fixture *f)
{
    float logits[20] = {0}, y[20] = {1};
    float *p, *loss;
    qn_buffer *bp = put(f, NULL, 20), *bl = put(f, NULL, 1);

    logits[3] = NAN;
    OK(qn_kernel_softmax_loss(&f->steps, QN_LOSS_CATEGORICAL, put(f, y, 20), put(f, logits, 20), bp,
                              bl, NULL, 1, 1, 20));
    run(f, (qn_step_row){.rows = 1});
    p = take(f, bp, 20);
    loss = take(f, bl, 1);
    assert_true(isnan(p[0]) && isnan(loss[0]));
    free(p);
    free(loss);
}

static void test_nan_shows(void **state)
{
    each_flavour(*state, nan_case);
}

static void test_wrong_loss(void **state)
{
    fixture *f = *state;

    assert_int_equal(
        qn_kernel_softmax_loss(&f->steps, QN_LOSS_SQUARED, NULL, NULL, NULL, NULL, NULL, 1, 1, 1),
        QN_ERROR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax),    cmocka_unit_test(test_softmax_loss),
        cmocka_unit_test(test_bad_label),  cmocka_unit_test(test_nan_shows),
        cmocka_unit_test(test_wrong_loss),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
