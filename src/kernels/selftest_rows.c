/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of the kernels that work by rows: softmax, losses, accuracies. */
#include "kernels/trial.h"
#include <math.h>

#define N QN_TRIAL_COUNT
#define ROWS QN_TRIAL_ROWS
#define COLUMNS QN_TRIAL_COLUMNS
enum { TRUTH, PREDICTED, ROW_GRADIENT, OUT = 4, OUT_2 };

/* Label of a row, and predictions between 0 and 1 that differ within it. */
static int label(int r)
{
    return (5 + 7 * r) % COLUMNS;
}

static float predicted(int r, int c)
{
    return 0.03125f * (float)(1 + (11 * c + 5 * r) % COLUMNS);
}

static void fill(qn_trial *t, bool sparse)
{
    for (int i = 0; i < N; i++) {
        int r = i / COLUMNS, c = i % COLUMNS;

        t->in[PREDICTED].f[i] = predicted(r, c);
        if (!sparse)
            t->in[TRUTH].f[i] = c == label(r) ? 1.0f : 0.0f;
    }
    for (int r = 0; r < ROWS; r++) {
        t->in[ROW_GRADIENT].f[r] = 0.5f + (float)r;
        if (sparse)
            t->in[TRUTH].i[r] = label(r);
    }
    t->row.rows = ROWS - 1; /* the last one is padding, for those that look */
}

/* Softmax of the predictions of row r, to p; the logarithm of the sum of exponentials. */
static double softmax(int r, double p[COLUMNS])
{
    double sum = 0.0;

    for (int c = 0; c < COLUMNS; c++)
        sum += p[c] = exp((double)predicted(r, c));
    for (int c = 0; c < COLUMNS; c++)
        p[c] /= sum;
    return log(sum);
}

static qn_status try_softmax(qn_trial *t, int variant)
{
    (void)variant;
    fill(t, false);
    for (int r = 0; r < ROWS; r++)
        softmax(r, t->expected + r * COLUMNS);
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_softmax(&t->steps, t->buffer[PREDICTED], t->buffer[OUT], ROWS, COLUMNS));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

static qn_status try_softmax_grad(qn_trial *t, int variant)
{
    (void)variant;
    fill(t, false);
    for (int i = 0; i < N; i++)
        t->expected[i] =
            (double)predicted(i / COLUMNS, i % COLUMNS) *
            ((double)t->in[TRUTH].f[i] - (double)predicted(i / COLUMNS, label(i / COLUMNS)));
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_softmax_grad(&t->steps, t->buffer[PREDICTED], t->buffer[TRUTH], t->buffer[OUT],
                                  ROWS, COLUMNS));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

static qn_status try_softmax_loss(qn_trial *t, int kind)
{
    double p[COLUMNS];

    fill(t, kind == QN_LOSS_SPARSE);
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_softmax_loss(&t->steps, (qn_loss_kind)kind, t->buffer[TRUTH],
                                  t->buffer[PREDICTED], NULL, t->buffer[OUT_2], t->buffer[OUT],
                                  ROWS, 1, COLUMNS));
    for (int r = 0; r < ROWS; r++) {
        softmax(r, p);
        for (int c = 0; c < COLUMNS; c++)
            t->expected[r * COLUMNS + c] =
                r < ROWS - 1 ? (p[c] - (c == label(r))) / (ROWS - 1) : 0.0;
    }
    QN_TRY(qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE));
    for (int r = 0; r < ROWS; r++)
        t->expected[r] = r < ROWS - 1 ? softmax(r, p) - (double)predicted(r, label(r)) : 0.0;
    return qn_trial_judge(t, OUT_2, ROWS, QN_TRIAL_TOLERANCE);
}

static double clip(double x)
{
    return x < 1e-7 ? 1e-7 : x > 1.0 - 1e-7 ? 1.0 - 1e-7 : x;
}

static double row_sum(int r)
{
    double sum = 0.0;

    for (int c = 0; c < COLUMNS; c++)
        sum += (double)predicted(r, c);
    return sum;
}

/* What element c adds to the loss of row r, and its derivative by the prediction. */
static double term(int kind, int r, int c, double *slope)
{
    double p = (double)predicted(r, c), y = c == label(r), q = clip(p), n = COLUMNS;
    double share = (double)predicted(r, label(r)) / row_sum(r);

    switch ((qn_loss_kind)kind) {
    case QN_LOSS_CATEGORICAL:
    case QN_LOSS_SPARSE:
        *slope = (1.0 - y / share) / row_sum(r);
        return -y * log(share);
    case QN_LOSS_BINARY:
        *slope = ((1.0 - y) / (1.0 - q) - y / q) / n;
        return -(y * log(q) + (1.0 - y) * log(1.0 - q)) / n;
    case QN_LOSS_SQUARED:
        *slope = 2.0 * (p - y) / n;
        return (p - y) * (p - y) / n;
    case QN_LOSS_ABSOLUTE:
        *slope = (p > y ? 1.0 : -1.0) / n;
        return fabs(p - y) / n;
    }
    return 0.0;
}

static qn_status try_loss(qn_trial *t, int kind)
{
    fill(t, kind == QN_LOSS_SPARSE);
    for (int i = 0; i < N; i++) {
        double slope;

        t->expected[i / COLUMNS] += term(kind, i / COLUMNS, i % COLUMNS, &slope);
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_loss(&t->steps, (qn_loss_kind)kind, t->buffer[TRUTH], t->buffer[PREDICTED],
                          t->buffer[OUT], ROWS, COLUMNS));
    return qn_trial_judge(t, OUT, ROWS, QN_TRIAL_TOLERANCE);
}

static qn_status try_loss_grad(qn_trial *t, int kind)
{
    fill(t, kind == QN_LOSS_SPARSE);
    for (int i = 0; i < N; i++) {
        term(kind, i / COLUMNS, i % COLUMNS, &t->expected[i]);
        t->expected[i] *= (double)t->in[ROW_GRADIENT].f[i / COLUMNS];
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_loss_grad(&t->steps, (qn_loss_kind)kind, t->buffer[TRUTH],
                               t->buffer[PREDICTED], t->buffer[ROW_GRADIENT], t->buffer[OUT], ROWS,
                               COLUMNS));
    return qn_trial_judge(t, OUT, N, QN_TRIAL_TOLERANCE);
}

/* Elements of row r that are larger than the label's. */
static int larger(int r)
{
    int count = 0;

    for (int c = 0; c < COLUMNS; c++)
        count += predicted(r, c) > predicted(r, label(r));
    return count;
}

static qn_status try_accuracy(qn_trial *t, int kind)
{
    bool sparse = kind == QN_ACCURACY_SPARSE || kind == QN_ACCURACY_SPARSE_TOP_K;
    int k = larger(1) + 1; /* row 1 is just in */

    fill(t, sparse);
    for (int r = 0; r < ROWS; r++) {
        int right = 0;

        for (int c = 0; c < COLUMNS; c++)
            right += (predicted(r, c) > 0.25f) == (c == label(r));
        t->expected[r] = larger(r) < (kind >= QN_ACCURACY_TOP_K ? k : 1);
        if (kind == QN_ACCURACY_BINARY)
            t->expected[r] = (double)right / COLUMNS;
    }
    QN_TRY(qn_trial_upload(t));
    QN_TRY(qn_kernel_accuracy(&t->steps, (qn_accuracy_kind)kind, 0.25, k, t->buffer[TRUTH],
                              t->buffer[PREDICTED], t->buffer[OUT], ROWS, COLUMNS));
    return qn_trial_judge(t, OUT, ROWS, QN_TRIAL_TOLERANCE);
}

const qn_selftest_case qn_selftest_rows[] = {
    {"softmax", NULL, try_softmax, 0},
    {"softmax_grad", NULL, try_softmax_grad, 0},
    {"softmax_loss_categorical", NULL, try_softmax_loss, QN_LOSS_CATEGORICAL},
    {"softmax_loss_sparse", NULL, try_softmax_loss, QN_LOSS_SPARSE},
    {"loss_categorical", NULL, try_loss, QN_LOSS_CATEGORICAL},
    {"loss_sparse", NULL, try_loss, QN_LOSS_SPARSE},
    {"loss_binary", NULL, try_loss, QN_LOSS_BINARY},
    {"loss_squared", NULL, try_loss, QN_LOSS_SQUARED},
    {"loss_absolute", NULL, try_loss, QN_LOSS_ABSOLUTE},
    {"loss_grad_categorical", NULL, try_loss_grad, QN_LOSS_CATEGORICAL},
    {"loss_grad_sparse", NULL, try_loss_grad, QN_LOSS_SPARSE},
    {"loss_grad_binary", NULL, try_loss_grad, QN_LOSS_BINARY},
    {"loss_grad_squared", NULL, try_loss_grad, QN_LOSS_SQUARED},
    {"loss_grad_absolute", NULL, try_loss_grad, QN_LOSS_ABSOLUTE},
    {"accuracy_binary", NULL, try_accuracy, QN_ACCURACY_BINARY},
    {"accuracy_categorical", NULL, try_accuracy, QN_ACCURACY_CATEGORICAL},
    {"accuracy_sparse", NULL, try_accuracy, QN_ACCURACY_SPARSE},
    {"accuracy_top_k", NULL, try_accuracy, QN_ACCURACY_TOP_K},
    {"accuracy_sparse_top_k", NULL, try_accuracy, QN_ACCURACY_SPARSE_TOP_K},
    {NULL, NULL, NULL, 0},
};
