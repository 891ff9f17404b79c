/* SPDX-License-Identifier: Apache-2.0 */
/* Losses, one value per row of [rows, columns], and their gradients, as Keras has them:
 * cross-entropies clip probabilities to [1e-7, 1 - 1e-7] (the categorical ones after dividing by the
 * row's sum), and no gradient flows outside.
 * QN_LOSS: 0 categorical, 1 sparse categorical, 2 binary, 3 squared, 4 absolute. */
#include "lib/functions.h"
#include "lib/reduce.h"

#ifndef QN_LOSS
#define QN_LOSS 0
#endif

#if QN_LOSS == 0
#define QN_NAME categorical
#elif QN_LOSS == 1
#define QN_NAME sparse
#elif QN_LOSS == 2
#define QN_NAME binary
#elif QN_LOSS == 3
#define QN_NAME squared
#else
#define QN_NAME absolute
#endif

#if QN_LOSS == 1
typedef int qn_target;
#else
typedef float qn_target;
#endif

#define QN_LOW 1e-7f
#define QN_HIGH 0.9999999f

/* fmin and fmax drop a NaN; a diverged model must show it. */
static inline qn_v qn_clip(qn_v x)
{
    x = select(x, (qn_v)(QN_LOW), x < (qn_v)(QN_LOW));
    return select(x, (qn_v)(QN_HIGH), x > (qn_v)(QN_HIGH));
}

/* `slope` where the clip lets gradients through, else 0. */
static inline qn_v qn_through_clip(qn_v slope, qn_v x)
{
    slope = select(slope, (qn_v)(0.0f), x < (qn_v)(QN_LOW));
    return select(slope, (qn_v)(0.0f), x > (qn_v)(QN_HIGH));
}

QN_INLINE float qn_row_sum(global const float *p, int columns, local float *scratch)
{
    qn_v part = 0.0f;
    QN_LANES(c, columns)
        part += qn_load(p + c, columns - c, 0.0f);
    return qn_group_sum(qn_sum_of(part), scratch);
}

#if QN_LOSS == 0

QN_INLINE float qn_row_loss(global const float *y, global const float *p, int columns,
                                local float *scratch)
{
    float sum = qn_row_sum(p, columns, scratch);
    qn_v part = 0.0f;
    QN_LANES(c, columns)
    {
        qn_v target = qn_load(y + c, columns - c, 0.0f);
        part -= target * log(qn_clip(qn_load(p + c, columns - c, sum) / sum));
    }
    return qn_group_sum(qn_sum_of(part), scratch);
}

/* With u = p / sum and g the gradient by u, the gradient by p is (g - sum(g * u)) / sum. */
static inline qn_v qn_slope_by_share(qn_v target, qn_v share)
{
    return qn_through_clip(-target / qn_clip(share), share);
}

QN_INLINE void qn_row_grad(global const float *y, global const float *p, global float *dp,
                               int columns, float scale, local float *scratch)
{
    float sum = qn_row_sum(p, columns, scratch);
    qn_v part = 0.0f;
    QN_LANES(c, columns)
    {
        qn_v share = qn_load(p + c, columns - c, sum) / sum;
        part += qn_slope_by_share(qn_load(y + c, columns - c, 0.0f), share) * share;
    }
    float mean_slope = qn_group_sum(qn_sum_of(part), scratch);
    QN_LANES(c, columns)
    {
        int n = columns - c;
        qn_v slope = qn_slope_by_share(qn_load(y + c, n, 0.0f), qn_load(p + c, n, sum) / sum);
        qn_store((slope - mean_slope) / sum * scale, dp + c, n);
    }
}

#elif QN_LOSS == 1

/* A class outside the row has no loss: NaN, and no gradient. */
QN_INLINE float qn_row_loss(global const int *y, global const float *p, int columns,
                                local float *scratch)
{
    float sum = qn_row_sum(p, columns, scratch);
    if (*y < 0 || *y >= columns)
        return NAN;
    float share = p[*y] / sum;
    return -log(share < QN_LOW ? QN_LOW : share > QN_HIGH ? QN_HIGH : share);
}

QN_INLINE void qn_row_grad(global const int *y, global const float *p, global float *dp,
                               int columns, float scale, local float *scratch)
{
    float sum = qn_row_sum(p, columns, scratch), slope = 0.0f, share = 1.0f;
    int label = *y;
    if (label >= 0 && label < columns)
        share = p[label] / sum;
    if (!(share < QN_LOW || share > QN_HIGH))
        slope = -1.0f / share;
    float others = -(slope * share) / sum * scale, own = (slope - slope * share) / sum * scale;
    QN_LANES(c, columns)
    {
        qn_store((qn_v)(others), dp + c, columns - c);
        if (label >= c && label < min(c + QN_WIDTH, columns))
            dp[label] = own;
    }
}

#else

/* The other losses are means of one term per element. The targets that stand for missing lanes
 * make terms that are thrown away. */
static inline qn_v qn_term(qn_v y, qn_v p)
{
#if QN_LOSS == 2
    qn_v q = qn_clip(p);
    return -(y * log(q) + (1.0f - y) * log(1.0f - q));
#elif QN_LOSS == 3
    return (p - y) * (p - y);
#else
    return fabs(p - y);
#endif
}

static inline qn_v qn_term_grad(qn_v y, qn_v p)
{
#if QN_LOSS == 2
    qn_v q = qn_clip(p);
    return qn_through_clip((1.0f - y) / (1.0f - q) - y / q, p);
#elif QN_LOSS == 3
    return 2.0f * (p - y);
#else
    return sign(p - y);
#endif
}

QN_INLINE float qn_row_loss(global const float *y, global const float *p, int columns,
                                local float *scratch)
{
    qn_v part = 0.0f;
    QN_LANES(c, columns)
    {
        int n = columns - c;
        qn_v term = qn_term(qn_load(y + c, n, 0.0f), qn_load(p + c, n, 0.0f));
#if QN_CPU
        const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        term = select(term, (qn_v)(0.0f), lane >= n);
#endif
        part += term;
    }
    return qn_group_sum(qn_sum_of(part), scratch) / (float)columns;
}

QN_INLINE void qn_row_grad(global const float *y, global const float *p, global float *dp,
                               int columns, float scale, local float *scratch)
{
    QN_LANES(c, columns)
    {
        int n = columns - c;
        qn_v slope = qn_term_grad(qn_load(y + c, n, 0.0f), qn_load(p + c, n, 0.0f));
        qn_store(slope / (float)columns * scale, dp + c, n);
    }
}

#endif

#if QN_LOSS == 1
#define QN_TARGETS(r) (y_true + (r))
#else
#define QN_TARGETS(r) (y_true + (r) * columns)
#endif

QN_KERNEL void QN_JOIN(loss_, QN_NAME, )(global const qn_target *y_true, global const float *y_pred,
                                         global float *row_loss, int rows, int columns, int chunk)
{
    QN_SCRATCH(float, scratch);
    QN_ROWS(r, rows, chunk)
    {
        float loss = qn_row_loss(QN_TARGETS(r), y_pred + r * columns, columns, scratch);
        if (get_local_id(0) == 0)
            row_loss[r] = loss;
    }
}

/* dy_pred[r, c] = drow[r] * d row_loss[r] / d y_pred[r, c] */
QN_KERNEL void QN_JOIN(loss_grad_, QN_NAME, )(global const qn_target *y_true,
                                              global const float *y_pred, global const float *drow,
                                              global float *dy_pred, int rows, int columns,
                                              int chunk)
{
    QN_SCRATCH(float, scratch);
    QN_ROWS(r, rows, chunk)
        qn_row_grad(QN_TARGETS(r), y_pred + r * columns, dy_pred + r * columns, columns, drow[r],
                    scratch);
}
