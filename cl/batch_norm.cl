/* SPDX-License-Identifier: Apache-2.0 */
/* Batch normalization of [outer, channels, inner] (lib/pieces.h): statistics by channel over the
 * valid rows, in one launch that walks a channel three times. `per_row`: how many of `outer` belong
 * to one row of the batch. Padded rows of the outputs are zero.
 *
 * The corrected two-pass algorithm (Chan, Golub & LeVeque 1983): deviations are from a mean that is
 * nearly right, and their own mean corrects both. `rest` is what float32 cannot hold of the mean,
 * so that x - mean - rest is right where the deviation is small beside the mean. */
#include "lib/pieces.h"
#include "lib/step.h"

typedef struct qn_moments {
    qn_s mean, rest, variance;
} qn_moments;

/* Sums are of differences from the first element: the mean comes out as exact as it can be. */
QN_INLINE qn_s qn_mean(global const float *x, qn_channels v, int valid, float count,
                       local float *scratch)
{
    qn_s shift = QN_PLANES ? (qn_s)(x[v.c * v.inner]) : qn_statistic(x, v);
    qn_v total = 0.0f;
    QN_BLOCKS(begin, end, valid, QN_STEP)
    {
        qn_v part = 0.0f;
        QN_WALK(k, begin, end)
        {
            qn_piece p = qn_piece_of(v, k);
            part += qn_load(x + p.at, p.n, QN_FILL(shift)) - shift;
        }
        total += part;
    }
    return shift + qn_channel_sum(total, scratch) / count;
}

QN_INLINE qn_moments qn_moments_of(global const float *x, qn_channels v, int valid, float count,
                                   local float *scratch)
{
    qn_s near = qn_mean(x, v, valid, count, scratch);
    qn_v total = 0.0f, squares = 0.0f;
    QN_BLOCKS(begin, end, valid, QN_STEP)
    {
        qn_v part = 0.0f, part_squares = 0.0f;
        QN_WALK(k, begin, end)
        {
            qn_piece p = qn_piece_of(v, k);
            qn_v d = qn_load(x + p.at, p.n, QN_FILL(near)) - near;
            part += d;
            part_squares += d * d;
        }
        total += part;
        squares += part_squares;
    }
    qn_moments m;
    qn_s sum = qn_channel_sum(total, scratch), rest = sum / count;
    m.variance = (qn_channel_sum(squares, scratch) - sum * rest) / count;
    /* rounded below zero; a NaN stays */
    m.variance = select(m.variance, (qn_s)(0.0f), m.variance < (qn_s)(0.0f));
    m.mean = near + rest;
    m.rest = rest - (m.mean - near);
    return m;
}

/* y = ((x - mean) - rest) * factor + offset in pieces [begin, end), 0 in those past `valid` */
QN_INLINE void qn_normalize(global const float *x, global float *y, qn_channels v, qn_s mean,
                            qn_s rest, qn_s factor, qn_s offset, int begin, int end, int valid)
{
    QN_WALK(k, begin, end)
    {
        qn_piece p = qn_piece_of(v, k);
        qn_v value = 0.0f;
        if (k < valid)
            value = ((qn_load(x + p.at, p.n, 0.0f) - mean) - rest) * factor + offset;
        qn_put(value, y, p);
    }
}

QN_KERNEL void QN_NAMED(batch_norm)(global const float *x, global const float *gamma, int has_gamma,
                                    global const float *beta, int has_beta, global float *y,
                                    int has_y, global float *mean, int has_mean, global float *rest,
                                    int has_rest, global float *variance, int has_variance,
                                    int outer, int channels, int inner, int per_row, float epsilon,
                                    global const qn_step_row *table, int row)
{
    QN_SCRATCH(float, scratch);
    qn_channels v = qn_channels_of((int)get_group_id(0), channels, inner);
    int rows = table[row].rows * per_row, valid = rows * v.pieces;
    qn_moments m = qn_moments_of(x, v, valid, (float)rows * (float)inner, scratch);
    if (has_y) {
        qn_s factor = rsqrt(m.variance + epsilon), offset = 0.0f;
        if (has_gamma)
            factor *= qn_statistic(gamma, v);
        if (has_beta)
            offset = qn_statistic(beta, v);
        qn_normalize(x, y, v, m.mean, m.rest, factor, offset, 0, outer * v.pieces, valid);
    }
    if (has_mean)
        qn_keep(m.mean, mean, v);
    if (has_rest)
        qn_keep(m.rest, rest, v);
    if (has_variance)
        qn_keep(m.variance, variance, v);
}

/* 1 / sqrt(variance + epsilon), of `least` at least; a NaN stays */
static inline qn_s qn_inverse(qn_s variance, float epsilon, float least)
{
    qn_s v = variance + epsilon;
    return rsqrt(select(v, (qn_s)(least), v < (qn_s)(least)));
}

/* With given statistics; every row. Groups split the pieces as well: `parts` of `chunk`. */
QN_KERNEL void QN_NAMED(batch_norm_inference)(global const float *x, global const float *mean,
                                              global const float *variance,
                                              global const float *gamma, int has_gamma,
                                              global const float *beta, int has_beta,
                                              global float *y, int outer, int channels, int inner,
                                              float epsilon, float least, int parts,
                                              int chunk)
{
    int id = (int)get_group_id(0), group = id / parts, begin = (id - group * parts) * chunk;
    qn_channels v = qn_channels_of(group, channels, inner);
    int end = min(begin + chunk, outer * v.pieces);
    qn_s factor = qn_inverse(qn_statistic(variance, v), epsilon, least), offset = 0.0f;
    if (has_gamma)
        factor *= qn_statistic(gamma, v);
    if (has_beta)
        offset = qn_statistic(beta, v);
    qn_normalize(x, y, v, qn_statistic(mean, v), (qn_s)(0.0f), factor, offset, begin, end, end);
}

/* dbeta = sum(dy), dgamma = sum(dy * z) with z the normalized x, and
 * dx = gamma / sqrt(variance + epsilon) * (dy - dbeta / n - z * dgamma / n),
 * without the last two terms where the statistics are `fixed`. */
QN_KERNEL void QN_NAMED(batch_norm_grad)(global const float *x, global const float *dy,
                                         global const float *mean, global const float *rest,
                                         int has_rest, global const float *variance,
                                         global const float *gamma, int has_gamma, global float *dx,
                                         int has_dx, global float *dgamma, int has_dgamma,
                                         global float *dbeta, int has_dbeta, int outer,
                                         int channels, int inner, int per_row, float epsilon,
                                         float least, int fixed, global const qn_step_row *table,
                                         int row)
{
    QN_SCRATCH(float, scratch);
    qn_channels v = qn_channels_of((int)get_group_id(0), channels, inner);
    int rows = table[row].rows * per_row, valid = rows * v.pieces;
    float share = fixed ? 0.0f : 1.0f / ((float)rows * (float)inner);
    qn_s m = qn_statistic(mean, v), r = 0.0f;
    qn_s inverse = qn_inverse(qn_statistic(variance, v), epsilon, least);
    if (has_rest)
        r = qn_statistic(rest, v);
    qn_v total = 0.0f, along = 0.0f;
    QN_BLOCKS(begin, end, valid, QN_STEP)
    {
        qn_v part = 0.0f, part_along = 0.0f;
        QN_WALK(k, begin, end)
        {
            qn_piece p = qn_piece_of(v, k);
            qn_v g = qn_load(dy + p.at, p.n, 0.0f);
            part += g;
            part_along += g * ((qn_load(x + p.at, p.n, QN_FILL(m)) - m) - r);
        }
        total += part;
        along += part_along;
    }
    qn_s sum = qn_channel_sum(total, scratch);
    qn_s sum_along = qn_channel_sum(along, scratch) * inverse;
    if (has_dgamma)
        qn_keep(sum_along, dgamma, v);
    if (has_dbeta)
        qn_keep(sum, dbeta, v);
    if (!has_dx)
        return;
    qn_s scale = has_gamma ? inverse * qn_statistic(gamma, v) : inverse;
    qn_s slope = sum_along * share * inverse;
    sum *= share;
    QN_WALK(k, 0, outer * v.pieces)
    {
        qn_piece p = qn_piece_of(v, k);
        qn_v value = 0.0f;
        if (k < valid)
            value = ((qn_load(dy + p.at, p.n, 0.0f) - sum) -
                     ((qn_load(x + p.at, p.n, 0.0f) - m) - r) * slope) * scale;
        qn_put(value, dx, p);
    }
}
