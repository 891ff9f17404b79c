/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers by a counter: an element depends on its number, not on how the work was split. */
#include "lib/draw.h"

/* The host's bits: no fused multiply-add. */
#pragma OPENCL FP_CONTRACT OFF

/* out[i] = low + range * u, u the upper 24 bits of word i in [0, 1) */
QN_KERNEL void random_uniform(global float *out, int count, int chunk, float low, float range,
                              QN_SOURCE)
{
    const qn_source from = QN_FROM;
    QN_DRAWS(i, end, count, chunk, 2 * QN_DRAW)
    {
        qn_words word[2];
        qn_draw(i, from, word);
        for (int k = 0, at = i; k < 2 && at < end; ++k, at += QN_DRAW) {
            qn_draws u = QN_DRAW_FLOAT(word[k] >> 8u) * 0x1p-24f;
            qn_draw_store(low + range * u, out + at, end - at);
        }
    }
}

QN_KERNEL void random_normal(global float *out, int count, int chunk, float mean, float stddev,
                             QN_SOURCE)
{
    const qn_source from = QN_FROM;
    QN_DRAWS(i, end, count, chunk, QN_DRAW)
        qn_draw_store(mean + stddev * qn_draw_normal(i, from), out + i, end - i);
}
