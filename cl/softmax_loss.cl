/* SPDX-License-Identifier: Apache-2.0 */
/* From logits, in one launch: softmax, the cross-entropy of each row, and the gradient of the mean
 * over the valid rows. Exact where the loss from probabilities is clipped.
 * QN_SPARSE: targets are class numbers instead of rows of probabilities. */
#include "lib/functions.h"
#include "lib/reduce.h"
#include "lib/step.h"

#ifndef QN_SPARSE
#define QN_SPARSE 0
#endif

enum { QN_WANT_PROBABILITIES = 1, QN_WANT_LOSS = 2, QN_WANT_GRADIENT = 4 };

#if QN_SPARSE
#define QN_NAME softmax_loss_sparse
typedef int qn_target;
#else
#define QN_NAME softmax_loss_categorical
typedef float qn_target;
#endif

/* Cross-entropy of one row: log_sum is the logarithm of the sum of exp(logits - shift). The sum of
 * the row's targets goes to *weight. A class outside the row has no loss: NaN. */
QN_INLINE float qn_row_loss(global const qn_target *y, global const float *logits, int columns,
                                float shift, float log_sum, float *weight, local float *scratch)
{
#if QN_SPARSE
    int label = *y;
    bool known = label >= 0 && label < columns;
    *weight = known ? 1.0f : 0.0f;
    return known ? log_sum - (logits[label] - shift) : NAN;
#else
    qn_v loss = 0.0f, sum = 0.0f;
    QN_LANES(c, columns)
    {
        qn_v target = qn_load(y + c, columns - c, 0.0f);
        loss += target * (log_sum - (qn_load(logits + c, columns - c, shift) - shift));
        sum += target;
    }
    *weight = qn_group_sum(qn_sum_of(sum), scratch);
    return qn_group_sum(qn_sum_of(loss), scratch);
#endif
}

QN_KERNEL void QN_NAME(global const qn_target *y_true, global const float *logits,
                       global float *probabilities, global float *row_loss, global float *dlogits,
                       int rows, int columns, int chunk, int inner, int wanted,
                       global const qn_step_row *table, int row)
{
    QN_SCRATCH(float, scratch);
    int valid = table[row].rows * inner;
    QN_ROWS(r, rows, chunk)
    {
        int at = r * columns;
        qn_v top = -INFINITY, total = 0.0f;
        QN_LANES(c, columns)
            top = fmax(top, qn_load(logits + at + c, columns - c, -INFINITY));
        float shift = qn_group_max(qn_max_of(top), scratch);
        QN_LANES(c, columns)
            total += exp(qn_load(logits + at + c, columns - c, -INFINITY) - shift);
        float sum = qn_group_sum(qn_sum_of(total), scratch);

#if QN_SPARSE
        global const int *y = y_true + r;
#else
        global const float *y = y_true + at;
#endif
        float weight;
        float loss = qn_row_loss(y, logits + at, columns, shift, log(sum), &weight, scratch);
        if ((wanted & QN_WANT_LOSS) && get_local_id(0) == 0)
            row_loss[r] = r < valid ? loss : 0.0f;

        float part = r < valid ? 1.0f / (float)valid : 0.0f;
        QN_LANES(c, columns)
        {
            int n = columns - c;
            qn_v p = exp(qn_load(logits + at + c, n, shift) - shift) / sum;
            if (wanted & QN_WANT_PROBABILITIES)
                qn_store(p, probabilities + at + c, n);
            if (!(wanted & QN_WANT_GRADIENT))
                continue;
#if QN_SPARSE
            qn_store(p * (weight * part), dlogits + at + c, n);
            if (weight > 0.0f && *y >= c && *y < c + QN_WIDTH)
                dlogits[at + *y] -= part;
#else
            qn_store((p * weight - qn_load(y + c, n, 0.0f)) * part, dlogits + at + c, n);
#endif
        }
    }
}
