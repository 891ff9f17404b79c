/* SPDX-License-Identifier: Apache-2.0 */
/* Weights projected in place after an update, as Keras's constraints do it. Nothing happens once a
 * loss that is not finite was latched. */
#include "lib/reduce.h"

/* max(w, 0); a NaN stays. */
QN_KERNEL void constrain_non_neg(global float *w, int count, int chunk, global const int *latch,
                                 int has_latch)
{
    if (has_latch && latch[0])
        return;
    QN_EACH(i, end, count, chunk)
    {
        qn_v v = qn_load(w + i, end - i, 0.0f);
        qn_store(select(v, (qn_v)(0.0f), v < 0.0f), w + i, end - i);
    }
}

/* What a vector of that norm is multiplied by: desired / (epsilon + norm), desired = rate *
 * clip(norm, low, high) + (1 - rate) * norm, epsilon Keras's 1e-7. */
#define QN_EPSILON 1e-7f
static inline qn_v qn_norm_scale(qn_v norm, float low, float high, float rate)
{
    qn_v desired = rate * clamp(norm, low, high) + (1.0f - rate) * norm;
    return desired / (QN_EPSILON + norm);
}

/* Norms of rows of [rows, columns]. */
QN_KERNEL void constrain_rows(global float *w, int rows, int columns, int chunk, float low,
                              float high, float rate, global const int *latch, int has_latch)
{
    QN_SCRATCH(float, scratch);
    if (has_latch && latch[0])
        return;
    QN_ROWS(r, rows, chunk)
    {
        global float *x = w + r * columns;
        qn_v squares = 0.0f;
        QN_LANES(c, columns)
        {
            qn_v v = qn_load(x + c, columns - c, 0.0f);
            squares += v * v;
        }
        qn_v norm = sqrt((qn_v)(qn_group_sum(qn_sum_of(squares), scratch)));
        qn_v scale = qn_norm_scale(norm, low, high, rate);
        QN_LANES(c, columns)
            qn_store(qn_load(x + c, columns - c, 0.0f) * scale, x + c, columns - c);
    }
}

/* Norms along the middle of [outer, n, inner]: a group takes 16 columns of one outer index, on a
 * GPU with 4 lanes of n each. `blocks` groups do an outer index. No return after the barrier: PoCL
 * 3.1 then runs the loop behind it wrongly. */
QN_KERNEL void constrain_columns(global float *w, int n, int inner, int blocks, float low,
                                 float high, float rate, global const int *latch, int has_latch)
{
#if !QN_CPU
    local float scratch[QN_LOCAL];
#endif
    if (has_latch && latch[0])
        return;
    int group = (int)get_group_id(0), lane = (int)get_local_id(0), outer = group / blocks;
    int c = (group - outer * blocks) * 16 + (lane & 15); /* % beside / is a freeze: Oclgrind */
    global float *x = w + (size_t)outer * n * inner;
    int end = c < inner ? n : 0; /* each lane reads only what it writes */
    qn_v squares = 0.0f;
    for (int k = lane >> 4; k < end; k += (QN_LOCAL + 15) / 16) {
        qn_v v = qn_load(x + (size_t)k * inner + c, inner - c, 0.0f);
        squares += v * v;
    }
#if !QN_CPU
    scratch[lane] = squares;
    barrier(CLK_LOCAL_MEM_FENCE);
    int own = lane & 15;
    squares = (scratch[own] + scratch[own + 16]) + (scratch[own + 32] + scratch[own + 48]);
#endif
    qn_v scale = qn_norm_scale(sqrt(squares), low, high, rate);
    for (int k = lane >> 4; k < end; k += (QN_LOCAL + 15) / 16) {
        global float *at = x + (size_t)k * inner + c;
        qn_store(qn_load(at, inner - c, 0.0f) * scale, at, inner - c);
    }
}
