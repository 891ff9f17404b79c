/* SPDX-License-Identifier: Apache-2.0 */
/* Random changes of an array: dropout and Gaussian noise. A mask is not stored: the gradient draws
 * it again from the same key. */
#include "lib/draw.h"

/* The same bits on every device: no fused multiply-add. */
#pragma OPENCL FP_CONTRACT OFF

/* y[i] = x[i] * factor + offset where the upper 24 bits of word i are at least `limit`, else
 * `dropped`: dropout, alpha dropout and their gradients. */
QN_KERNEL void dropout(global const float *x, global float *y, int count, int chunk, uint limit,
                       float factor, float offset, float dropped, QN_SOURCE)
{
    const qn_source from = QN_FROM;
    QN_DRAWS(i, end, count, chunk, 2 * QN_DRAW)
    {
        qn_words word[2];
        qn_draw(i, from, word);
        for (int k = 0, at = i; k < 2 && at < end; ++k, at += QN_DRAW) {
            qn_draws kept = qn_draw_load(x + at, end - at) * factor + offset;
            kept = select(kept, (qn_draws)(dropped), (word[k] >> 8u) < (qn_words)(limit));
            qn_draw_store(kept, y + at, end - at);
        }
    }
}

/* y[i] = x[i] * (1 + stddev * normal), and its gradient */
QN_KERNEL void gaussian_dropout(global const float *x, global float *y, int count, int chunk,
                                float stddev, QN_SOURCE)
{
    const qn_source from = QN_FROM;
    QN_DRAWS(i, end, count, chunk, QN_DRAW)
    {
        qn_draws factor = 1.0f + stddev * qn_draw_normal(i, from);
        qn_draw_store(qn_draw_load(x + i, end - i) * factor, y + i, end - i);
    }
}

/* y[i] = x[i] + stddev * normal */
QN_KERNEL void gaussian_noise(global const float *x, global float *y, int count, int chunk,
                              float stddev, QN_SOURCE)
{
    const qn_source from = QN_FROM;
    QN_DRAWS(i, end, count, chunk, QN_DRAW)
    {
        qn_draws noise = stddev * qn_draw_normal(i, from);
        qn_draw_store(qn_draw_load(x + i, end - i) + noise, y + i, end - i);
    }
}
