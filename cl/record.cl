/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the results: for each of up to 16 values the sum over the step's valid rows. */
#include "lib/reduce.h"
#include "lib/step.h"

#define QN_VALUES(n) global const float *x##n, int inner##n
#define QN_CASE(n)                                                                                 \
    case n:                                                                                        \
        x = x##n;                                                                                  \
        inner = inner##n;                                                                          \
        break;

/* Group j sums value j. The first loss that is not finite is latched: {1, row of the results}. */
QN_KERNEL void record(QN_VALUES(0), QN_VALUES(1), QN_VALUES(2), QN_VALUES(3), QN_VALUES(4),
                      QN_VALUES(5), QN_VALUES(6), QN_VALUES(7), QN_VALUES(8), QN_VALUES(9),
                      QN_VALUES(10), QN_VALUES(11), QN_VALUES(12), QN_VALUES(13), QN_VALUES(14),
                      QN_VALUES(15), int count, global float *results, global int *latch,
                      int has_latch, global const qn_step_row *table, int row)
{
    QN_SCRATCH(float, scratch);
    int j = (int)get_group_id(0), inner = inner0;
    global const float *x = x0;
    switch (j) {
        QN_CASE(1) QN_CASE(2) QN_CASE(3) QN_CASE(4) QN_CASE(5)
        QN_CASE(6) QN_CASE(7) QN_CASE(8) QN_CASE(9) QN_CASE(10)
        QN_CASE(11) QN_CASE(12) QN_CASE(13) QN_CASE(14) QN_CASE(15)
    }
    float total = qn_group_sum(qn_lane_sum(x, table[row].rows * inner), scratch);
    if (get_local_id(0) != 0)
        return;
    total /= (float)inner;
    results[(size_t)table[row].out_at * count + j] = total;
    if (j == 0 && has_latch && !isfinite(total) && !latch[0]) {
        latch[0] = 1;
        latch[1] = table[row].out_at;
    }
}
