/* SPDX-License-Identifier: Apache-2.0 */
/* Products, sums, softmax, reshape, losses and accuracies: values and gradients. */
#include "rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- products ---- */

static qn_value *build_matmul(const rig_case *c, qn_value *const *in)
{
    return qn_ops_matmul(in[0], in[1], c->transpose_a, c->transpose_b);
}

static void host_matmul(const rig_host *h)
{
    const rig_case *c = h->c;
    int64_t n = h->columns, m = h->out_count / n, k = h->count[0] / m;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum += h->in[0][c->transpose_a ? l * m + i : i * k + l] *
                       h->in[1][c->transpose_b ? j * k + l : l * n + j];
            h->out[i * n + j] = sum;
        }
    }
}

#define MATMUL(title, shape_a, shape_b, ta, tb)                                                    \
    {                                                                                              \
        .name = "matmul, " title, .in = {{shape_a, -1, 1}, {shape_b, -1, 1}}, .inputs = 2,         \
        .build = build_matmul, .host = host_matmul, .transpose_a = ta, .transpose_b = tb           \
    }
#define S_2_3_5 SHAPE(2, 3, 5)
#define S_2_3_4 SHAPE(2, 3, 4)
#define S_3_17 SHAPE(3, 17)
#define S_17_3 SHAPE(17, 3)
#define S_17_9 SHAPE(17, 9)
#define S_9_17 SHAPE(9, 17)
#define S_5_7 SHAPE(5, 7)
#define S_7_5 SHAPE(7, 5)
#define S_B_5 SHAPE(B, 5)
#define S_B_7 SHAPE(B, 7)
#define S_B_2_5 SHAPE(B, 2, 5)
#define S_B_2_4 SHAPE(B, 2, 4)
#define S_1_1 SHAPE(1, 1)

static const rig_case matmul_cases[] = {
    MATMUL("NN", S_3_17, S_17_9, false, false),
    MATMUL("NT", S_3_17, S_9_17, false, true),
    MATMUL("TN", S_17_3, S_17_9, true, false),
    MATMUL("of single elements", S_1_1, S_1_1, false, false),
    MATMUL("rows of a batch", S_B_5, S_5_7, false, false),
    MATMUL("rows of a batch, NT", S_B_5, S_7_5, false, true),
    MATMUL("rows of rank 3", S_2_3_5, S_5_7, false, false),
    MATMUL("rows of rank 3, NT", S_2_3_5, S_7_5, false, true),
    MATMUL("rows of a batch of rank 3", S_B_2_5, S_5_7, false, false),
    MATMUL("contracted rows of rank 3", S_2_3_5, S_2_3_4, true, false),
};

/* ---- sums ---- */

static void host_sum(const rig_host *h)
{
    h->out[0] = 0;
    for (int64_t i = 0; i < h->count[0]; i++)
        h->out[0] += h->in[0][i];
}

static void host_mean(const rig_host *h)
{
    host_sum(h);
    h->out[0] /= (double)h->count[0];
}

static void host_batch_mean(const rig_host *h)
{
    int64_t valid = h->count[0] / RIG_BATCH * RIG_ROWS;
    h->out[0] = 0;
    for (int64_t i = 0; i < valid; i++)
        h->out[0] += h->in[0][i] / (double)valid;
}

static qn_value *build_unary(const rig_case *c, qn_value *const *in)
{
    return c->unary(in[0]);
}

static qn_value *build_column_sum(const rig_case *c, qn_value *const *in)
{
    return qn_op_column_sum(in[0], c->kind);
}

static void host_column_sum(const rig_host *h)
{
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = 0;
    for (int64_t i = 0; i < h->count[0]; i++)
        h->out[i % h->out_count] += h->in[0][i];
}

static qn_value *build_broadcast(const rig_case *c, qn_value *const *in)
{
    return qn_op_broadcast(in[0], &(qn_shape)SHAPE(3, 7), c->factor);
}

static void host_broadcast(const rig_host *h)
{
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = h->in[0][0] * h->c->factor;
}

#define REDUCE(title, shape_x, op, function)                                                       \
    {                                                                                              \
        .name = title, .in = {{shape_x, -1, 1}}, .inputs = 1, .build = build_unary,                \
        .host = function, .unary = op                                                              \
    }
#define S_257 SHAPE(257)
#define S_SCALAR                                                                                   \
    {                                                                                              \
        0                                                                                          \
    }
#define S_B SHAPE(B)

static const rig_case sum_cases[] = {
    REDUCE("sum", S_2_3_5, qn_ops_sum, host_sum),
    REDUCE("sum of a scalar", S_SCALAR, qn_ops_sum, host_sum),
    REDUCE("mean", S_257, qn_ops_mean, host_mean),
    REDUCE("batch_mean", S_B, qn_op_batch_mean, host_batch_mean),
    REDUCE("batch_mean of rank 3", S_B_2_5, qn_op_batch_mean, host_batch_mean),
    {.name = "sum of many",
     .in = {{SHAPE(101, 1009), 0, 1}},
     .inputs = 1,
     .build = build_unary,
     .host = host_sum,
     .unary = qn_ops_sum,
     .no_gradient = true},
    {.name = "column_sum, a row stays",
     .in = {{SHAPE(2, 3, 17), -1, 1}},
     .inputs = 1,
     .build = build_column_sum,
     .host = host_column_sum,
     .kind = 1,
     .no_gradient = true},
    {.name = "column_sum, a matrix stays",
     .in = {{SHAPE(B, 3, 17), -1, 1}},
     .inputs = 1,
     .build = build_column_sum,
     .host = host_column_sum,
     .kind = 2,
     .no_gradient = true},
    {.name = "broadcast",
     .in = {{SHAPE(1), -1, 1}},
     .inputs = 1,
     .build = build_broadcast,
     .host = host_broadcast,
     .factor = -0.25},
    {.name = "broadcast of a scalar",
     .in = {{{0}, -1, 1}},
     .inputs = 1,
     .build = build_broadcast,
     .host = host_broadcast,
     .factor = 1},
};

/* ---- reshape ---- */

/* Squared, so that the gradient is not the same everywhere; back and forth. */
static qn_value *build_reshape(const rig_case *c, qn_value *const *in)
{
    (void)c;
    qn_value *rows = qn_ops_reshape(in[0], 2, (int64_t[]){-1, 6});
    return qn_ops_square(qn_ops_reshape(rows, 3, (int64_t[]){-1, 2, 3}));
}

static qn_value *build_flatten(const rig_case *c, qn_value *const *in)
{
    (void)c;
    return qn_ops_square(qn_op_flatten(in[0]));
}

static void host_square(const rig_host *h)
{
    for (int64_t i = 0; i < h->out_count; i++)
        h->out[i] = h->in[0][i] * h->in[0][i];
}

static const rig_case reshape_cases[] = {
    {.name = "reshape",
     .in = {{SHAPE(3, 4), -2, 2}},
     .inputs = 1,
     .build = build_reshape,
     .host = host_square},
    {.name = "reshape of a batch",
     .in = {{SHAPE(B, 3, 2), -2, 2}},
     .inputs = 1,
     .build = build_reshape,
     .host = host_square},
    {.name = "flatten",
     .in = {{SHAPE(B, 3, 2, 2), -2, 2}},
     .inputs = 1,
     .build = build_flatten,
     .host = host_square},
};

/* ---- softmax and losses ---- */

static void softmax_rows(const double *x, double *y, int64_t rows, int64_t columns)
{
    for (int64_t r = 0; r < rows; r++) {
        double top = -INFINITY, sum = 0;
        for (int64_t c = 0; c < columns; c++)
            top = fmax(top, x[r * columns + c]);
        for (int64_t c = 0; c < columns; c++)
            sum += exp(x[r * columns + c] - top);
        for (int64_t c = 0; c < columns; c++)
            y[r * columns + c] = exp(x[r * columns + c] - top) / sum;
    }
}

static void host_softmax(const rig_host *h)
{
    softmax_rows(h->in[0], h->out, h->out_count / h->columns, h->columns);
}

static const rig_case softmax_cases[] = {
    REDUCE("softmax", S_3_17, qn_ops_softmax, host_softmax),
    REDUCE("softmax of one class", SHAPE(4, 1), qn_ops_softmax, host_softmax),
    REDUCE("softmax of a vector", S_257, qn_ops_softmax, host_softmax),
    REDUCE("softmax of a batch", S_B_2_5, qn_ops_softmax, host_softmax),
};

static double clip(double p)
{
    return fmin(fmax(p, 1e-7), 1 - 1e-7);
}

/* y: the row's targets (sparse: its label). p: the row's predictions. */
static double host_row_loss(qn_loss_kind kind, const double *y, const double *p, int64_t columns)
{
    double loss = 0, sum = 0;
    for (int64_t c = 0; c < columns; c++)
        sum += p[c];
    if (kind == QN_LOSS_SPARSE)
        return -log(clip(p[(int)y[0]] / sum));
    for (int64_t c = 0; c < columns; c++) {
        double q = clip(p[c]);
        if (kind == QN_LOSS_CATEGORICAL)
            loss -= y[c] * log(clip(p[c] / sum));
        else if (kind == QN_LOSS_BINARY)
            loss -= (y[c] * log(q) + (1 - y[c]) * log(1 - q)) / (double)columns;
        else if (kind == QN_LOSS_SQUARED)
            loss += (p[c] - y[c]) * (p[c] - y[c]) / (double)columns;
        else
            loss += fabs(p[c] - y[c]) / (double)columns;
    }
    return loss;
}

static void host_loss_of(const rig_host *h, const double *p)
{
    bool sparse = h->c->kind == QN_LOSS_SPARSE;
    int64_t columns = h->count[1] / h->out_count;
    for (int64_t r = 0; r < h->out_count; r++)
        h->out[r] = host_row_loss(h->c->kind, h->in[0] + r * (sparse ? 1 : columns),
                                  p + r * columns, columns);
}

static void host_loss(const rig_host *h)
{
    host_loss_of(h, h->in[1]);
}

static void host_softmax_loss(const rig_host *h)
{
    double p[512];
    int64_t columns = h->count[1] / h->out_count;
    assert_in_range(h->count[1], 1, QN_COUNT(p));
    softmax_rows(h->in[1], p, h->out_count, columns);
    host_loss_of(h, p);
}

static qn_value *build_loss(const rig_case *c, qn_value *const *in)
{
    return qn_op_loss((qn_loss_kind)c->kind, in[0], in[1]);
}

static qn_value *build_softmax_loss(const rig_case *c, qn_value *const *in)
{
    return qn_op_loss((qn_loss_kind)c->kind, in[0], qn_ops_softmax(in[1]));
}

/* y_true in (0, 1), apart from the predictions: mean_absolute_error has a kink where they meet. */
#define LOSS(title, loss_kind, shape)                                                              \
    {                                                                                              \
        .name = title, .in = {{shape, 0, 1, .fixed = true}, {shape, 0.1, 0.9}}, .inputs = 2,       \
        .build = build_loss, .host = host_loss, .kind = loss_kind                                  \
    }
#define LABELS(shape)                                                                              \
    {                                                                                              \
        shape, 0, 6.99, true, QN_I32                                                               \
    }
#define S_B_17 SHAPE(B, 17)
#define S_B_3_7 SHAPE(B, 3, 7)
#define S_4_17 SHAPE(4, 17)

static const rig_case loss_cases[] = {
    LOSS("categorical_crossentropy", QN_LOSS_CATEGORICAL, S_B_17),
    LOSS("categorical_crossentropy, rank 3", QN_LOSS_CATEGORICAL, S_B_3_7),
    LOSS("binary_crossentropy", QN_LOSS_BINARY, S_B_17),
    LOSS("binary_crossentropy, rank 3", QN_LOSS_BINARY, S_B_3_7),
    LOSS("mean_squared_error", QN_LOSS_SQUARED, S_B_17),
    LOSS("mean_squared_error of no batch", QN_LOSS_SQUARED, S_4_17),
    LOSS("mean_absolute_error", QN_LOSS_ABSOLUTE, S_B_17),
    {.name = "sparse_categorical_crossentropy",
     .in = {LABELS(SHAPE(B)), {SHAPE(B, 7), 0.1, 0.9}},
     .inputs = 2,
     .build = build_loss,
     .host = host_loss,
     .kind = QN_LOSS_SPARSE},
    {.name = "sparse_categorical_crossentropy, a column of labels",
     .in = {LABELS(SHAPE(B, 1)), {SHAPE(B, 7), 0.1, 0.9}},
     .inputs = 2,
     .build = build_loss,
     .host = host_loss,
     .kind = QN_LOSS_SPARSE},
    {.name = "softmax and categorical_crossentropy",
     .in = {{SHAPE(B, 2, 7), 0, 1, .fixed = true}, {SHAPE(B, 2, 7), -3, 3}},
     .inputs = 2,
     .build = build_softmax_loss,
     .host = host_softmax_loss,
     .kind = QN_LOSS_CATEGORICAL},
    {.name = "softmax and sparse_categorical_crossentropy",
     .in = {LABELS(SHAPE(B, 2)), {SHAPE(B, 2, 7), -3, 3}},
     .inputs = 2,
     .build = build_softmax_loss,
     .host = host_softmax_loss,
     .kind = QN_LOSS_SPARSE},
};

/* ---- accuracies ---- */

static int64_t top(const double *x, int64_t columns)
{
    int64_t best = 0;
    for (int64_t c = 1; c < columns; c++)
        if (x[c] > x[best])
            best = c;
    return best;
}

static double host_row_accuracy(const rig_case *c, const double *y, const double *p,
                                int64_t columns)
{
    double sum = 0;
    int64_t label, above = 0;
    switch ((qn_accuracy_kind)c->kind) {
    case QN_ACCURACY_BINARY:
        for (int64_t i = 0; i < columns; i++)
            sum += (p[i] > c->factor) == (y[i] != 0);
        return sum / (double)columns;
    case QN_ACCURACY_CATEGORICAL:
    case QN_ACCURACY_SPARSE:
        label = c->kind == QN_ACCURACY_SPARSE ? (int64_t)y[0] : top(y, columns);
        return label == top(p, columns);
    default:
        label = c->kind == QN_ACCURACY_SPARSE_TOP_K ? (int64_t)y[0] : top(y, columns);
        for (int64_t i = 0; i < columns; i++)
            above += p[i] > p[label];
        return above < (int64_t)c->offset;
    }
}

/* kind; factor: threshold; offset: k */
static qn_value *build_accuracy(const rig_case *c, qn_value *const *in)
{
    qn_value *y_true = in[0];
    if (c->kind == QN_ACCURACY_BINARY) /* zeros and ones of numbers in [-1, 1] */
        y_true = qn_ops_divide(qn_ops_relu(y_true), qn_ops_absolute(y_true));
    return qn_op_accuracy((qn_accuracy_kind)c->kind, c->factor, (int)c->offset, y_true, in[1]);
}

static void host_accuracy(const rig_host *h)
{
    bool sparse = h->c->kind == QN_ACCURACY_SPARSE || h->c->kind == QN_ACCURACY_SPARSE_TOP_K;
    int64_t columns = h->count[1] / h->out_count;
    for (int64_t r = 0; r < h->out_count; r++) {
        double y[32];
        for (int64_t i = 0; i < (sparse ? 1 : columns); i++) {
            y[i] = h->in[0][r * (sparse ? 1 : columns) + i];
            if (h->c->kind == QN_ACCURACY_BINARY)
                y[i] = y[i] > 0;
        }
        h->out[r] = host_row_accuracy(h->c, y, h->in[1] + r * columns, columns);
    }
}

#define ACCURACY(title, accuracy_kind, targets, shape, threshold, k)                               \
    {                                                                                              \
        .name = title, .in = {targets, {shape, 0, 1}}, .inputs = 2, .build = build_accuracy,       \
        .host = host_accuracy, .kind = accuracy_kind, .factor = threshold, .offset = k,            \
        .no_gradient = true                                                                        \
    }
#define DENSE_TARGETS(shape)                                                                       \
    {                                                                                              \
        shape, -1, 1, true                                                                         \
    }
#define S_40_7 SHAPE(40, 7)
#define S_40 SHAPE(40)

static const rig_case accuracy_cases[] = {
    ACCURACY("binary_accuracy", QN_ACCURACY_BINARY, DENSE_TARGETS(S_40_7), S_40_7, 0.5, 0),
    ACCURACY("binary_accuracy at 0.3", QN_ACCURACY_BINARY, DENSE_TARGETS(S_40_7), S_40_7, 0.3, 0),
    ACCURACY("categorical_accuracy", QN_ACCURACY_CATEGORICAL, DENSE_TARGETS(S_40_7), S_40_7, 0, 0),
    ACCURACY("sparse_categorical_accuracy", QN_ACCURACY_SPARSE, LABELS(S_40), S_40_7, 0, 0),
    ACCURACY("top_k_categorical_accuracy", QN_ACCURACY_TOP_K, DENSE_TARGETS(S_40_7), S_40_7, 0, 3),
    ACCURACY("sparse_top_k_categorical_accuracy", QN_ACCURACY_SPARSE_TOP_K, LABELS(S_40), S_40_7, 0,
             3),
    ACCURACY("sparse_categorical_accuracy of a batch", QN_ACCURACY_SPARSE, LABELS(SHAPE(B, 3)),
             S_B_3_7, 0, 0),
};

#define CHECK_ALL(function, cases)                                                                 \
    void rig_##function(void **state)                                                              \
    {                                                                                              \
        for (int i = 0; i < QN_COUNT(cases); i++)                                                  \
            rig_check(*state, &(cases)[i]);                                                        \
    }
CHECK_ALL(products, matmul_cases)
CHECK_ALL(sums, sum_cases)
CHECK_ALL(reshapes, reshape_cases)
CHECK_ALL(softmaxes, softmax_cases)
CHECK_ALL(losses, loss_cases)
CHECK_ALL(accuracies, accuracy_cases)
