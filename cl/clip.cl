/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients clipped in place, as Keras clips them: by value, or by norm. A NaN stays, so that a
 * diverged model shows. */
#include "lib/reduce.h"

/* Each element into [-limit, limit] */
QN_KERNEL void clip_value(global float *gradients, int count, int chunk, float limit)
{
    QN_EACH(i, end, count, chunk)
    {
        int n = end - i;
        qn_v g = qn_load(gradients + i, n, 0.0f);
        g = select(g, (qn_v)(limit), g > limit);
        qn_store(select(g, (qn_v)(-limit), g < -limit), gradients + i, n);
    }
}

/* Norms go over pieces, a work-group each, so that two launches do for any number of variables. The
 * squares of a piece's norm are parts[first .. first + parts). */
typedef struct qn_piece {
    int begin, count; /* elements of the segment */
    int first, parts;
} qn_piece;

/* This work-item's part of the sum of squares, as qn_lane_sum. */
static inline float qn_lane_squares(global const float *x, int count)
{
    qn_v total = 0.0f;
    for (int block = 0; block < count; block += QN_SUM_BLOCK) {
        int n = min(QN_SUM_BLOCK, count - block);
        qn_v part = 0.0f;
        QN_LANES(i, n)
        {
            qn_v v = qn_load(x + block + i, n - i, 0.0f);
            part += v * v;
        }
        total += part;
    }
    return qn_sum_of(total);
}

/* squares[piece] = the sum of its squares */
QN_KERNEL void clip_squares(global const float *gradients, global const qn_piece *pieces,
                            global float *squares)
{
    QN_SCRATCH(float, scratch);
    qn_piece piece = pieces[get_group_id(0)];
    float total = qn_lane_squares(gradients + piece.begin, piece.count);
    total = qn_group_sum(total, scratch);
    if (get_local_id(0) == 0)
        squares[get_group_id(0)] = total;
}

/* Each norm of its own: g * limit / max(norm, limit). All as one: g * limit * min(1 / norm,
 * 1 / limit), and NaN where the norm is not finite. */
QN_KERNEL void clip_norm(global float *gradients, global const qn_piece *pieces,
                         global const float *squares, int all, float limit)
{
    QN_SCRATCH(float, scratch);
    qn_piece piece = pieces[get_group_id(0)];
    float norm = sqrt(qn_group_sum(qn_lane_sum(squares + piece.first, piece.parts), scratch));
    float times = limit, over = norm <= limit ? limit : norm;
    if (all) {
        times = isfinite(norm) ? limit * fmin(1.0f / norm, 1.0f / limit) : NAN;
        over = 1.0f;
    }
    global float *x = gradients + piece.begin;
    QN_LANES(i, piece.count)
    {
        int n = piece.count - i;
        qn_store(qn_load(x + i, n, 0.0f) * times / over, x + i, n);
    }
}
