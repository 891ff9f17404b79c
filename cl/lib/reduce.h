/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions over a work-group and over arrays, in a fixed order: the same bits every time. A kernel
 * declares QN_SCRATCH(float, scratch) and gives it to the group functions, which every work-item of
 * the group must call. */
#ifndef QN_LIB_REDUCE_H
#define QN_LIB_REDUCE_H

#include "lib/vector.h"

#if QN_CPU
#define QN_SCRATCH(type, name) local type *name = 0
#define QN_GROUP_REDUCE(name, combine)                                                             \
    QN_INLINE float name(float x, local float *scratch) { return x; }
#else
#define QN_SCRATCH(type, name) local type name[QN_LOCAL]
#define QN_GROUP_REDUCE(name, combine)                                                             \
    QN_INLINE float name(float x, local float *scratch)                                            \
    {                                                                                              \
        int lane = (int)get_local_id(0);                                                           \
        scratch[lane] = x;                                                                         \
        barrier(CLK_LOCAL_MEM_FENCE);                                                              \
        for (int half_size = QN_LOCAL / 2; half_size > 0; half_size /= 2) {                        \
            if (lane < half_size)                                                                  \
                scratch[lane] = combine(scratch[lane], scratch[lane + half_size]);                 \
            barrier(CLK_LOCAL_MEM_FENCE);                                                          \
        }                                                                                          \
        x = scratch[0];                                                                            \
        barrier(CLK_LOCAL_MEM_FENCE);                                                              \
        return x;                                                                                  \
    }
#endif

#define QN_PLUS(a, b) ((a) + (b))
QN_GROUP_REDUCE(qn_group_sum, QN_PLUS)
QN_GROUP_REDUCE(qn_group_max, fmax)

/* This work-item's part of the sum of `count` elements. Partial sums of 256 bound the rounding error
 * of long arrays. */
#define QN_SUM_BLOCK (256 * QN_LOCAL * QN_WIDTH)
static inline float qn_lane_sum(global const float *x, int count)
{
    qn_v total = 0.0f;
    for (int block = 0; block < count; block += QN_SUM_BLOCK) {
        int n = min(QN_SUM_BLOCK, count - block);
        qn_v part = 0.0f;
        QN_LANES(i, n)
            part += qn_load(x + block + i, n - i, 0.0f);
        total += part;
    }
    return qn_sum_of(total);
}

#endif
