/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers by a counter: an element depends on its number, not on how the work was split. The
 * words are those of qn_random_word (src/base/util.h). */
#include "lib/philox.h"
#include "lib/step.h"
#include "lib/vector.h"

/* The host's bits: no fused multiply-add. */
#pragma OPENCL FP_CONTRACT OFF

/* Words 4 q .. 4 q + 3 of a stream in this step. */
static inline uint4 qn_words(int q, uint seed_low, uint seed_high, uint purpose, uint stream,
                             uint step)
{
    return qn_philox((uint4)((uint)q, step, stream, purpose), (uint2)(seed_low, seed_high));
}

/* Calls per work-item: whole counters, four words each. */
#if QN_CPU
#define QN_COUNTERS(q, count, chunk)                                                               \
    for (int q = (int)get_global_id(0) * (chunk), end_##q = min(q + (chunk), (count));             \
         q < end_##q; ++q)
#else
#define QN_COUNTERS(q, count, chunk)                                                               \
    for (int q = (int)get_global_id(0); q < (count); q += (int)get_global_size(0))
#endif

/* out[i] = low + (high - low) * u, u the word's upper 24 bits in [0, 1) */
QN_KERNEL void random_uniform(global float *out, int count, int counters, int chunk, uint seed_low,
                              uint seed_high, uint purpose, uint stream, float low, float range,
                              global const qn_step_row *table, int row)
{
    QN_COUNTERS(q, counters, chunk)
    {
        uint4 word = qn_words(q, seed_low, seed_high, purpose, stream, table[row].step);
        float4 u = low + range * (convert_float4(word >> 8u) * 0x1p-24f);
        float part[4] = {u.s0, u.s1, u.s2, u.s3};
        for (int k = 0; k < min(4, count - 4 * q); ++k)
            out[4 * q + k] = part[k];
    }
}

/* Box-Muller on words (2 i, 2 i + 1), u1 in (0, 1]: mean + stddev * sqrt(-2 log u1) cos(2 pi u2) */
QN_KERNEL void random_normal(global float *out, int count, int counters, int chunk, uint seed_low,
                             uint seed_high, uint purpose, uint stream, float mean, float stddev,
                             global const qn_step_row *table, int row)
{
    QN_COUNTERS(q, counters, chunk)
    {
        uint4 word = qn_words(q, seed_low, seed_high, purpose, stream, table[row].step);
        float2 u1 = convert_float2((word.even >> 8u) + 1u) * 0x1p-24f;
        float2 u2 = convert_float2(word.odd >> 8u) * 0x1p-23f;
        float2 normal = mean + stddev * (sqrt(-2.0f * log(u1)) * cospi(u2));
        out[2 * q] = normal.s0;
        if (2 * q + 1 < count)
            out[2 * q + 1] = normal.s1;
    }
}
