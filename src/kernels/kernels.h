/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels as functions: each appends one launch (or a few) to a list of steps, with work sizes,
 * flavour and cost. One C file per family in cl/. Buffers are tight, row-major, float32 unless told
 * otherwise, and must outlive the steps. A status tells what failed; arguments are trusted (the ops
 * have checked shapes). `valid` rows: rows past step_row.rows are padding. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include "device/steps.h"

/* ---- elementwise.c ---- */

/* y[i] = qn_<function>(x[i]); functions are those of cl/lib/functions.h: negative, square, sqrt,
 * exp, log, absolute, sigmoid, tanh, relu, linear. */
qn_status qn_kernel_unary(qn_steps *steps, const char *function, qn_buffer *x, qn_buffer *y,
                          int64_t count);
/* dx[i] = dy[i] * qn_<function>_grad(x[i], y[i]). x or y may be NULL when the gradient does not
 * read it (qn_unary_reads tells). */
qn_status qn_kernel_unary_grad(qn_steps *steps, const char *function, qn_buffer *dy, qn_buffer *x,
                               qn_buffer *y, qn_buffer *dx, int64_t count);
/* Which of x and y the gradient of a function reads; false for an unknown function. */
bool qn_unary_reads(const char *function, bool *reads_x, bool *reads_y);
/* c[i] = a[i] op b[i % b_count]; op: add, subtract, multiply, divide, and for gradients:
 * divide_grad (c = -a / (b * b)): see cl/elementwise.cl. */
qn_status qn_kernel_binary(qn_steps *steps, const char *op, qn_buffer *a, qn_buffer *b,
                           qn_buffer *c, int64_t count, int64_t b_count);
/* y[i] = x[i] * factor + offset */
qn_status qn_kernel_affine(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                           double factor, double offset);
/* y[r, c] = qn_<function>(x[r, c] + bias[c]); in place allowed; function NULL or "linear": none. */
qn_status qn_kernel_bias(qn_steps *steps, const char *function, qn_buffer *x, qn_buffer *bias,
                         qn_buffer *y, int64_t rows, int64_t columns);
/* y[i] = x[0] * factor for all i */
qn_status qn_kernel_broadcast(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                              double factor);

/* ---- reduce.c: fixed order, so the same bits every time ---- */

/* y[0] = factor * sum of x; `scratch` holds qn_sum_scratch_bytes(device, count) or is NULL when 0
 */
qn_status qn_kernel_sum(qn_steps *steps, qn_buffer *x, qn_buffer *scratch, qn_buffer *y,
                        int64_t count, double factor);
size_t qn_sum_scratch_bytes(const qn_device *device, int64_t count);
/* y[c] = sum over rows of x[r, c] */
qn_status qn_kernel_column_sum(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t rows,
                               int64_t columns);
/* Valid rows only: y[0] = mean of x[0 .. rows * inner); `rows` from the step table. */
qn_status qn_kernel_batch_mean(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t batch,
                               int64_t inner);
/* dx[i] = dy[0] / (rows * inner) for valid rows, else 0 */
qn_status qn_kernel_batch_mean_grad(qn_steps *steps, qn_buffer *dy, qn_buffer *dx, int64_t batch,
                                    int64_t inner);

/* ---- softmax.c ---- */

qn_status qn_kernel_softmax(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t rows,
                            int64_t columns);
/* dx = y * (dy - sum(dy * y)) */
qn_status qn_kernel_softmax_grad(qn_steps *steps, qn_buffer *y, qn_buffer *dy, qn_buffer *dx,
                                 int64_t rows, int64_t columns);

/* ---- losses.c: one value per row of [rows, columns], and gradients ---- */

typedef enum qn_loss_kind {
    QN_LOSS_CATEGORICAL, /* y_true float [rows, columns], y_pred probabilities; design section 11 */
    QN_LOSS_SPARSE,      /* y_true int32 [rows] */
    QN_LOSS_BINARY,      /* mean over columns, clipped to [1e-7, 1 - 1e-7] */
    QN_LOSS_SQUARED,     /* mean over columns of (y_pred - y_true)^2 */
    QN_LOSS_ABSOLUTE     /* ... of |y_pred - y_true|; gradient at 0 is 0 */
} qn_loss_kind;
qn_status qn_kernel_loss(qn_steps *steps, qn_loss_kind kind, qn_buffer *y_true, qn_buffer *y_pred,
                         qn_buffer *row_loss, int64_t rows, int64_t columns);
/* dy_pred[r, c] = drow[r] * d row_loss[r] / d y_pred[r, c] */
qn_status qn_kernel_loss_grad(qn_steps *steps, qn_loss_kind kind, qn_buffer *y_true,
                              qn_buffer *y_pred, qn_buffer *drow, qn_buffer *dy_pred, int64_t rows,
                              int64_t columns);
/* Softmax, (sparse) categorical cross-entropy and the gradient of the mean over valid rows, from
 * logits: probabilities, row_loss and dlogits in one launch. NULL: not wanted (dlogits in
 * evaluation). A padded row has loss 0; a label outside the classes has loss NaN and no gradient.
 * rows = batch * inner. */
qn_status qn_kernel_softmax_loss(qn_steps *steps, qn_loss_kind kind, qn_buffer *y_true,
                                 qn_buffer *logits, qn_buffer *probabilities, qn_buffer *row_loss,
                                 qn_buffer *dlogits, int64_t batch, int64_t inner, int64_t columns);

/* ---- metrics.c ---- */

typedef enum qn_accuracy_kind {
    QN_ACCURACY_BINARY,      /* mean over columns of (y_pred > threshold) == y_true */
    QN_ACCURACY_CATEGORICAL, /* argmax(y_true) == argmax(y_pred); the first of equals */
    QN_ACCURACY_SPARSE,
    QN_ACCURACY_TOP_K, /* Keras's in_top_k with the label argmax(y_true) */
    QN_ACCURACY_SPARSE_TOP_K
} qn_accuracy_kind;
qn_status qn_kernel_accuracy(qn_steps *steps, qn_accuracy_kind kind, double threshold, int k,
                             qn_buffer *y_true, qn_buffer *y_pred, qn_buffer *row_value,
                             int64_t rows, int64_t columns);
/* results[out_at * count + j] = sum over valid rows of values[j][0 .. rows * inner[j]) / inner[j].
 * When latch is not NULL and results of j = 0 is not finite: latch[0] = 1, latch[1] = out_at,
 * unless latched already. count at most QN_MAX_RECORDS. */
#define QN_MAX_RECORDS 16
qn_status qn_kernel_record(qn_steps *steps, int count, qn_buffer *const *values,
                           const int64_t *inner, qn_buffer *results, qn_buffer *latch,
                           int64_t batch);

/* ---- gather.c ---- */

/* out[r, c] = data[index[index_at + r], c] * scale for valid rows, else 0. data: [n, columns] of
 * `dtype` (QN_U8, QN_I32, QN_F32); out float32, or int32 when out_dtype is QN_I32 (no scale). */
qn_status qn_kernel_gather(qn_steps *steps, qn_dtype dtype, qn_dtype out_dtype, qn_buffer *data,
                           qn_buffer *index, qn_buffer *out, int64_t batch, int64_t columns,
                           float scale);
/* out[(out_at + r), c] = x[r, c] for valid rows */
qn_status qn_kernel_store_rows(qn_steps *steps, qn_buffer *x, qn_buffer *out, int64_t batch,
                               int64_t columns);

/* ---- random.c: element i is word i of the stream (base/util.h), step from the step table ---- */

qn_status qn_kernel_random_uniform(qn_steps *steps, qn_buffer *out, int64_t count, uint64_t seed,
                                   uint32_t stream, double low, double high);
/* Box-Muller on words (2 i, 2 i + 1): mean + stddev * sqrt(-2 log u1) cos(2 pi u2), u1 in (0, 1] */
qn_status qn_kernel_random_normal(qn_steps *steps, qn_buffer *out, int64_t count, uint64_t seed,
                                  uint32_t stream, double mean, double stddev);

/* ---- update.c: whole segments; nothing happens when latch[0] is set (latch may be NULL) ---- */

qn_status qn_kernel_sgd(qn_steps *steps, qn_buffer *parameters, qn_buffer *gradients,
                        qn_buffer *latch, int64_t count);
/* rate of the step row = learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) */
qn_status qn_kernel_adam(qn_steps *steps, qn_buffer *parameters, qn_buffer *gradients, qn_buffer *m,
                         qn_buffer *v, qn_buffer *latch, int64_t count, double beta_1,
                         double beta_2, double epsilon);

/* ---- gemm.c: the table of candidates ---- */

/* c [m, n] = activation(op(a) op(b) + bias); a is [m, k], or [k, m] when trans_a; b is [k, n], or
 * [n, k] when trans_b. bias [n] or NULL; activation: a function of cl/lib/functions.h, or NULL. */
typedef struct qn_gemm {
    int64_t m, n, k;
    bool trans_a, trans_b;
    qn_buffer *a, *b, *c;
    qn_buffer *bias;
    const char *activation;
} qn_gemm;
/* Takes the candidate that steps->gemm says ("auto": own kernels on CPUs, CLBlast on GPUs; the
 * other one where the first fails its self-test, with a warning in the log). */
qn_status qn_kernel_gemm(qn_steps *steps, const qn_gemm *gemm);
/* The candidates themselves; for tests and benchmarks. */
qn_status qn_gemm_quern(qn_steps *steps, const qn_gemm *gemm);
qn_status qn_gemm_clblast(qn_steps *steps, const qn_gemm *gemm);

#endif
