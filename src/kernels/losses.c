/* SPDX-License-Identifier: Apache-2.0 */
/* Losses by row and their gradients (cl/losses.cl), and softmax with cross-entropy from logits
 * (cl/softmax_loss.cl). */
#include "kernels/kernels.h"
#include "kernels/launch.h"
#include <stdio.h>

static const char *const loss_names[] = {"categorical", "sparse", "binary", "squared", "absolute"};

static void begin_loss(qn_launch *launch, qn_steps *steps, const char *kernel, qn_loss_kind kind)
{
    char options[32], name[64];

    snprintf(options, sizeof options, "-DQN_LOSS=%d", (int)kind);
    snprintf(name, sizeof name, "%s_%s", kernel, loss_names[kind]);
    qn_launch_begin(launch, steps, "losses.cl", options, name);
}

qn_status qn_kernel_loss(qn_steps *steps, qn_loss_kind kind, qn_buffer *y_true, qn_buffer *y_pred,
                         qn_buffer *row_loss, int64_t rows, int64_t columns)
{
    double count = (double)rows * (double)columns;
    qn_launch l;

    begin_loss(&l, steps, "loss", kind);
    qn_launch_rows(&l, rows, columns);
    qn_launch_buffer(&l, y_true);
    qn_launch_buffer(&l, y_pred);
    qn_launch_buffer(&l, row_loss);
    qn_launch_i32(&l, rows);
    qn_launch_i32(&l, columns);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, 12.0 * count, 2.0 * count + (double)rows);
}

qn_status qn_kernel_loss_grad(qn_steps *steps, qn_loss_kind kind, qn_buffer *y_true,
                              qn_buffer *y_pred, qn_buffer *drow, qn_buffer *dy_pred, int64_t rows,
                              int64_t columns)
{
    double count = (double)rows * (double)columns;
    qn_launch l;

    begin_loss(&l, steps, "loss_grad", kind);
    qn_launch_rows(&l, rows, columns);
    qn_launch_buffer(&l, y_true);
    qn_launch_buffer(&l, y_pred);
    qn_launch_buffer(&l, drow);
    qn_launch_buffer(&l, dy_pred);
    qn_launch_i32(&l, rows);
    qn_launch_i32(&l, columns);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, 8.0 * count, 3.0 * count + (double)rows);
}

qn_status qn_kernel_softmax_loss(qn_steps *steps, qn_loss_kind kind, qn_buffer *y_true,
                                 qn_buffer *logits, qn_buffer *probabilities, qn_buffer *row_loss,
                                 qn_buffer *dlogits, int64_t batch, int64_t inner, int64_t columns)
{
    int64_t rows = batch * inner;
    double count = (double)rows * (double)columns;
    bool sparse = kind == QN_LOSS_SPARSE;
    int wanted = (probabilities ? 1 : 0) | (row_loss ? 2 : 0) | (dlogits ? 4 : 0);
    qn_launch l;

    if (kind != QN_LOSS_SPARSE && kind != QN_LOSS_CATEGORICAL)
        return qn_fail(qn_device_env(steps->device), QN_ERROR_INTERNAL,
                       "softmax with a loss that is no categorical cross-entropy: %s",
                       loss_names[kind]);
    qn_launch_begin(&l, steps, "softmax_loss.cl", sparse ? "-DQN_SPARSE=1" : "-DQN_SPARSE=0",
                    sparse ? "softmax_loss_sparse" : "softmax_loss_categorical");
    qn_launch_rows(&l, rows, columns);
    qn_launch_buffer(&l, y_true);
    qn_launch_buffer(&l, logits);
    qn_launch_buffer(&l, probabilities ? probabilities : logits);
    qn_launch_buffer(&l, row_loss ? row_loss : logits);
    qn_launch_buffer(&l, dlogits ? dlogits : logits);
    qn_launch_i32(&l, rows);
    qn_launch_i32(&l, columns);
    qn_launch_chunk(&l);
    qn_launch_i32(&l, inner);
    qn_launch_i32(&l, wanted);
    qn_launch_table(&l);
    return qn_launch_end(&l, 20.0 * count, (dlogits ? 4.0 : 3.0) * count + (double)rows);
}
