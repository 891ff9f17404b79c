/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels as functions: each appends one launch (or a few) to a list of steps, with work sizes,
 * flavour and cost. One C file per family in cl/. Buffers are tight, row-major, float32 unless told
 * otherwise, and must outlive the steps. A status tells what failed; arguments are trusted (the ops
 * have checked shapes). `valid` rows: rows past step_row.rows are padding. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include "device/steps.h"

/* ---- elementwise.c ---- */

/* A function of cl/lib/functions.h ("tanh"), and its parameter where it has one: leaky_relu's
 * negative_slope, elu's alpha. NULL or "linear": none. */
typedef struct qn_elementwise {
    const char *function; /* a constant */
    double alpha;
} qn_elementwise;
/* One without a parameter. */
static inline qn_elementwise qn_plain(const char *function)
{
    return (qn_elementwise){.function = function};
}
/* Which of x and y the gradient of a function reads; false for an unknown function. */
bool qn_unary_reads(const char *function, bool *reads_x, bool *reads_y);
/* Whether it has a parameter. */
bool qn_unary_takes_alpha(const char *function);
/* "-D<macro>=qn_tanh", and the parameter where it has one: options of a program that calls it. */
void qn_elementwise_options(qn_elementwise function, const char *macro, char *options, size_t size);

/* y[i] = qn_<function>(x[i]) */
qn_status qn_kernel_unary(qn_steps *steps, qn_elementwise function, qn_buffer *x, qn_buffer *y,
                          int64_t count);
/* dx[i] = dy[i] * qn_<function>_grad(x[i], y[i]). x or y may be NULL when the gradient does not
 * read it (qn_unary_reads tells). */
qn_status qn_kernel_unary_grad(qn_steps *steps, qn_elementwise function, qn_buffer *dy,
                               qn_buffer *x, qn_buffer *y, qn_buffer *dx, int64_t count);
/* c[i] = a[i] op b[i % b_count]; op: add, subtract, multiply, divide, and for gradients:
 * divide_grad (c = -a / (b * b)): see cl/elementwise.cl. */
qn_status qn_kernel_binary(qn_steps *steps, const char *op, qn_buffer *a, qn_buffer *b,
                           qn_buffer *c, int64_t count, int64_t b_count);
/* y[i] = x[i] * factor + offset */
qn_status qn_kernel_affine(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                           double factor, double offset);
/* y[r, c] = qn_<function>(x[r, c] + bias[c]); in place allowed. */
qn_status qn_kernel_bias(qn_steps *steps, qn_elementwise function, qn_buffer *x, qn_buffer *bias,
                         qn_buffer *y, int64_t rows, int64_t columns);
/* y[r, c] = x[r, c] * scale[r] */
qn_status qn_kernel_scale_rows(qn_steps *steps, qn_buffer *x, qn_buffer *scale, qn_buffer *y,
                               int64_t rows, int64_t columns);
/* y[i] = x[0] * factor for all i */
qn_status qn_kernel_broadcast(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                              double factor);

/* ---- reduce.c: fixed order, so the same bits every time ---- */

/* y[0] = factor * sum of x; `scratch` holds qn_sum_scratch_bytes(device, count) or is NULL when 0
 */
qn_status qn_kernel_sum(qn_steps *steps, qn_buffer *x, qn_buffer *scratch, qn_buffer *y,
                        int64_t count, double factor);
size_t qn_sum_scratch_bytes(const qn_device *device, int64_t count);
/* Into how many parts such a sum is cut, and the elements of one. */
int64_t qn_sum_parts(int64_t count, int64_t *part);
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

/* ---- batch_norm.c ---- */

/* x [batch, between, channels, inner]: statistics by channel, over the valid rows. */
typedef struct qn_batch_norm {
    int64_t batch, between, channels, inner;
    double epsilon;
    double least;                /* of variance + epsilon, where the statistics are given */
    qn_buffer *x, *gamma, *beta; /* gamma and beta NULL: 1 and 0 */
    /* Results, NULL: not wanted. rest: what float32 mean cannot hold of the mean. */
    qn_buffer *y, *mean, *rest, *variance;
    qn_buffer *dy, *dx, *dgamma, *dbeta;
} qn_batch_norm;
/* y = ((x - mean) - rest) / sqrt(variance + epsilon) * gamma + beta, with the batch's statistics
 * (the biased variance); y is 0 in padded rows. */
qn_status qn_kernel_batch_norm(qn_steps *steps, const qn_batch_norm *norm);
/* The same with the given mean and variance (rest is 0), in every row. */
qn_status qn_kernel_batch_norm_inference(qn_steps *steps, const qn_batch_norm *norm);
/* dx (0 in padded rows), dgamma, dbeta, of the first; of the second when `fixed` (rest NULL). */
qn_status qn_kernel_batch_norm_grad(qn_steps *steps, const qn_batch_norm *norm, bool fixed);
/* average[i] = average[i] * momentum + value[i] * (1 - momentum), for one or two arrays of `length`
 * elements, unless latch[0] is set; latch may be NULL. */
#define QN_MAX_AVERAGES 2
qn_status qn_kernel_moving_average(qn_steps *steps, int count, qn_buffer *const *averages,
                                   qn_buffer *const *values, qn_buffer *latch, int64_t length,
                                   double momentum);

/* ---- norm.c: normalization within samples ---- */

typedef enum qn_norm_kind {
    QN_NORM_STANDARD, /* (x - mean) / sqrt(variance + epsilon) */
    QN_NORM_RMS,      /* x / sqrt(mean(x^2) + epsilon) */
    QN_NORM_UNIT      /* x * min(1 / sqrt(sum(x^2)), 1e12) */
} qn_norm_kind;
/* x [outer, before, channels, inner]. Normalized together, for each of `outer`: each of `groups` of
 * channels with all before and within them; or, `across` (before and groups 1), the channels at
 * each of `inner` places. Statistics by such set, gamma and beta by channel. */
typedef struct qn_norm {
    qn_norm_kind kind;
    int64_t outer, before, channels, inner, groups;
    bool across;
    int64_t batch; /* rows that `outer` is made of; 0: there is no batch, all is valid */
    double epsilon;
    qn_buffer *x, *gamma, *beta;
    /* mean and rest: of the standard kind; inverse: what deviations are multiplied by */
    qn_buffer *y, *inverse, *mean, *rest;
    qn_buffer *dy, *dx, *dgamma, *dbeta;
} qn_norm;
int64_t qn_norm_sets(const qn_norm *norm);
/* y = z * gamma + beta, z the normalized x; y and statistics are 0 in padded rows. */
qn_status qn_kernel_norm(qn_steps *steps, const qn_norm *norm);
/* dx, 0 in padded rows */
qn_status qn_kernel_norm_grad(qn_steps *steps, const qn_norm *norm);
/* dgamma, dbeta */
qn_status qn_kernel_norm_parameters(qn_steps *steps, const qn_norm *norm);

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

/* What random numbers of a layer depend on, beside step and element. */
typedef struct qn_random_key {
    uint64_t seed;
    uint32_t stream;
} qn_random_key;
/* y[i] = x[i] * factor + offset where u[i] >= rate, else `dropped`; u in [0, 1) from word i. These
 * three may run in place. */
qn_status qn_kernel_dropout(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                            qn_random_key key, double rate, double factor, double offset,
                            double dropped);
/* y[i] = x[i] * (1 + stddev * n[i]), n[i] normal as above; y[i] = x[i] + stddev * n[i] */
qn_status qn_kernel_gaussian_dropout(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                                     qn_random_key key, double stddev);
qn_status qn_kernel_gaussian_noise(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                                   qn_random_key key, double stddev);

/* ---- update.c: whole segments; nothing happens when latch[0] is set ---- */

typedef struct qn_update {
    qn_buffer *parameters, *gradients;
    qn_buffer *latch; /* NULL: none */
    int64_t count;
    bool decays; /* first p -= p * decay of the step row, which is learning_rate * weight_decay */
} qn_update;
qn_status qn_kernel_sgd(qn_steps *steps, const qn_update *update);
qn_status qn_kernel_sgd_momentum(qn_steps *steps, const qn_update *update, qn_buffer *velocity,
                                 double momentum, bool nesterov);
/* moment is NULL without momentum, average NULL when not centered */
qn_status qn_kernel_rmsprop(qn_steps *steps, const qn_update *update, qn_buffer *velocity,
                            qn_buffer *moment, qn_buffer *average, double rho, double momentum,
                            double epsilon);
/* rate of the step row = learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t). top: the largest v,
 * for AMSGrad; or NULL. */
qn_status qn_kernel_adam(qn_steps *steps, const qn_update *update, qn_buffer *m, qn_buffer *v,
                         qn_buffer *top, double beta_1, double beta_2, double epsilon);

/* ---- clip.c: gradients, in place ---- */

/* Each element into [-limit, limit]. */
qn_status qn_kernel_clip_value(qn_steps *steps, qn_buffer *gradients, int64_t count, double limit);
/* Where a norm is taken: `variables` ranges of the segment, cut into pieces, each a work-group's.
 * Fills `pieces` (NULL: only counts) and returns their number; depends on the ranges alone. As one
 * norm (`all`), or one for each range. */
typedef struct qn_piece {
    int32_t begin, count; /* elements of the segment */
    int32_t first, parts; /* pieces that its norm is made of */
} qn_piece;
typedef struct qn_extent {
    int64_t begin, count;
} qn_extent;
int qn_clip_pieces(const qn_extent *ranges, int variables, bool all, qn_piece *pieces);
/* Each norm at most `limit`. `pieces`: piece_count qn_piece; `squares`: piece_count floats of
 * scratch; count: of elements, for the cost. */
qn_status qn_kernel_clip_norm(qn_steps *steps, qn_buffer *gradients, qn_buffer *pieces,
                              qn_buffer *squares, int piece_count, bool all, int64_t count,
                              double limit);

/* ---- penalty.c ---- */

/* y[0] = l1 * sum |x| + l2 * sum x^2; scratch as qn_kernel_sum's. */
qn_status qn_kernel_penalty(qn_steps *steps, qn_buffer *x, qn_buffer *scratch, qn_buffer *y,
                            int64_t count, double l1, double l2);
/* The same over the valid rows of [batch, inner], divided by their number. */
qn_status qn_kernel_penalty_batch(qn_steps *steps, qn_buffer *x, qn_buffer *scratch, qn_buffer *y,
                                  int64_t batch, int64_t inner, double l1, double l2);
/* dx = dy[0] * (l1 * sign(x) + 2 * l2 * x) */
qn_status qn_kernel_penalty_grad(qn_steps *steps, qn_buffer *dy, qn_buffer *x, qn_buffer *dx,
                                 int64_t count, double l1, double l2);
/* ... divided by the number of valid rows, 0 in padded ones */
qn_status qn_kernel_penalty_batch_grad(qn_steps *steps, qn_buffer *dy, qn_buffer *x, qn_buffer *dx,
                                       int64_t batch, int64_t inner, double l1, double l2);
/* x [n, n] holds products of n vectors with each other: y[i, j] = x[i, j] / (|i| |j|), 0 on the
 * diagonal; and its gradient. */
qn_status qn_kernel_cosines(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t n);
qn_status qn_kernel_cosines_grad(qn_steps *steps, qn_buffer *dy, qn_buffer *x, qn_buffer *dx,
                                 int64_t n);
/* y = x in valid rows, 0 in padded ones; y[0] = x[0] / number of valid rows */
qn_status qn_kernel_valid_rows(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t batch,
                               int64_t inner);
qn_status qn_kernel_per_row(qn_steps *steps, qn_buffer *x, qn_buffer *y);

/* ---- constrain.c: weights, in place; latch as in update.c ---- */

/* w = max(w, 0) */
qn_status qn_kernel_constrain_non_neg(qn_steps *steps, qn_buffer *w, qn_buffer *latch,
                                      int64_t count);
/* Norms along the middle of [outer, n, inner] are brought into [low, high] by `rate` (1: at once),
 * with Keras's epsilon: cl/constrain.cl. */
qn_status qn_kernel_constrain_norm(qn_steps *steps, qn_buffer *w, qn_buffer *latch, int64_t outer,
                                   int64_t n, int64_t inner, double low, double high, double rate);

/* ---- gemm.c: the table of candidates ---- */

/* c [m, n] = activation(op(a) op(b) + bias); a is [m, k], or [k, m] when trans_a; b is [k, n], or
 * [n, k] when trans_b. bias [n] or NULL. With y [m, n] instead, which the activation made, c is
 * op(a) op(b) * activation'(y): of an activation whose gradient reads y alone (qn_unary_reads). */
typedef struct qn_gemm {
    int64_t m, n, k;
    bool trans_a, trans_b;
    qn_buffer *a, *b, *c;
    qn_buffer *bias, *y; /* one of them at most */
    qn_buffer *sums;     /* [n]: the column sums of b go there as well; not with trans_b */
    qn_elementwise activation;
} qn_gemm;
/* Takes the candidate that steps->gemm says ("auto": own kernels on CPUs, CLBlast on GPUs; the
 * other one where the first fails its self-test, with a warning in the log). */
qn_status qn_kernel_gemm(qn_steps *steps, const qn_gemm *gemm);
/* The candidates themselves; for tests and benchmarks. */
qn_status qn_gemm_quern(qn_steps *steps, const qn_gemm *gemm);
qn_status qn_gemm_clblast(qn_steps *steps, const qn_gemm *gemm);

#endif
