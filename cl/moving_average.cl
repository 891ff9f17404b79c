/* SPDX-License-Identifier: Apache-2.0 */
/* Moving averages of one or two arrays of equal length. */
#include "lib/vector.h"

/* average = average * momentum + value * share, unless latch[0] is set */
QN_KERNEL void moving_average(global float *average, global const float *value,
                              global float *average2, global const float *value2, int has_second,
                              int count, int chunk, float momentum, float share,
                              global const int *latch, int has_latch)
{
    if (has_latch && latch[0])
        return;
    QN_EACH(i, end, count, chunk)
    {
        int n = end - i;
        qn_store(qn_load(average + i, n, 0.0f) * momentum + qn_load(value + i, n, 0.0f) * share,
                 average + i, n);
        if (has_second)
            qn_store(qn_load(average2 + i, n, 0.0f) * momentum +
                         qn_load(value2 + i, n, 0.0f) * share,
                     average2 + i, n);
    }
}
