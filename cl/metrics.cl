/* SPDX-License-Identifier: Apache-2.0 */
/* Accuracies, one value per row of [rows, columns], as Keras on the JAX backend has them.
 * QN_ACCURACY: 0 binary, 1 categorical, 2 sparse categorical, 3 top k, 4 sparse top k. */
#include "lib/functions.h"
#include "lib/reduce.h"

#ifndef QN_ACCURACY
#define QN_ACCURACY 1
#endif

#if QN_ACCURACY == 0
#define QN_NAME accuracy_binary
#elif QN_ACCURACY == 1
#define QN_NAME accuracy_categorical
#elif QN_ACCURACY == 2
#define QN_NAME accuracy_sparse
#elif QN_ACCURACY == 3
#define QN_NAME accuracy_top_k
#else
#define QN_NAME accuracy_sparse_top_k
#endif

#if QN_ACCURACY == 2 || QN_ACCURACY == 4
typedef int qn_target;
#define QN_TARGETS(r) (y_true + (r))
#else
typedef float qn_target;
#define QN_TARGETS(r) (y_true + (r) * columns)
#endif

/* One element after the other: rows are short, and a search does not pay in vectors. */
#define QN_ELEMENTS(c, columns) for (int c = (int)get_local_id(0); c < (columns); c += QN_LOCAL)

/* Whether element b at `at_b` beats element a at `at_a`: NaN is the largest, the first wins. */
static inline bool qn_beats(float b, int at_b, float a, int at_a)
{
    if (isnan(a) || isnan(b))
        return isnan(b) && (!isnan(a) || at_b < at_a);
    return b > a || (b == a && at_b < at_a);
}

/* Index of the largest element; every work-item of the group gets it. */
QN_INLINE int qn_argmax(global const float *x, int columns, local float *values,
                            local int *places)
{
    float best = -INFINITY;
    int at = INT_MAX;
    QN_ELEMENTS(c, columns)
    {
        if (qn_beats(x[c], c, best, at)) {
            best = x[c];
            at = c;
        }
    }
#if !QN_CPU
    int lane = (int)get_local_id(0);
    values[lane] = best;
    places[lane] = at;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_size = QN_LOCAL / 2; half_size > 0; half_size /= 2) {
        int other = lane + half_size;
        if (lane < half_size && qn_beats(values[other], places[other], values[lane], places[lane])) {
            values[lane] = values[other];
            places[lane] = places[other];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    at = places[0];
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
    return at;
}

/* The row's value, in every work-item of the group. */
QN_INLINE float qn_row_accuracy(global const qn_target *y, global const float *p, int columns,
                                    float threshold, int k, local float *values,
                                    local int *places)
{
#if QN_ACCURACY == 0
    float right = 0.0f;
    QN_ELEMENTS(c, columns)
        right += (p[c] > threshold ? 1.0f : 0.0f) == y[c] ? 1.0f : 0.0f;
    return qn_group_sum(right, values) / (float)columns;
#else
#if QN_ACCURACY == 2 || QN_ACCURACY == 4
    int label = *y;
#else
    int label = qn_argmax(y, columns, values, places);
#endif
#if QN_ACCURACY <= 2
    return qn_argmax(p, columns, values, places) == label ? 1.0f : 0.0f;
#else
    /* in_top_k: 1 + how many are larger <= k; a NaN at the label (or no such class) is -infinity. */
    float own = label >= 0 && label < columns ? p[label] : -INFINITY, larger = 0.0f;
    if (isnan(own))
        own = -INFINITY;
    QN_ELEMENTS(c, columns)
        larger += p[c] > own ? 1.0f : 0.0f;
    return qn_group_sum(larger, values) < (float)k ? 1.0f : 0.0f;
#endif
#endif
}

QN_KERNEL void QN_NAME(global const qn_target *y_true, global const float *y_pred,
                       global float *row_value, int rows, int columns, float threshold, int k,
                       int chunk)
{
    QN_SCRATCH(float, values);
    QN_SCRATCH(int, places);
    QN_ROWS(r, rows, chunk)
    {
        float value = qn_row_accuracy(QN_TARGETS(r), y_pred + r * columns, columns, threshold, k,
                                      values, places);
        if (get_local_id(0) == 0)
            row_value[r] = value;
    }
}
