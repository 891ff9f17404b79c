/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax over rows, and its gradient. */
#include "lib/reduce.h"

QN_KERNEL void softmax(global const float *x, global float *y, int rows, int columns, int chunk)
{
    QN_SCRATCH(float, scratch);
    QN_ROWS(r, rows, chunk)
    {
        global const float *in = x + r * columns;
        global float *out = y + r * columns;
        qn_v top = -INFINITY, total = 0.0f;
        QN_LANES(c, columns)
            top = fmax(top, qn_load(in + c, columns - c, -INFINITY));
        float shift = qn_group_max(qn_max_of(top), scratch);
        QN_LANES(c, columns)
            total += exp(qn_load(in + c, columns - c, -INFINITY) - shift);
        float sum = qn_group_sum(qn_sum_of(total), scratch);
        QN_LANES(c, columns)
            qn_store(exp(qn_load(in + c, columns - c, shift) - shift) / sum, out + c, columns - c);
    }
}

/* dx = y * (dy - sum(dy * y)) */
QN_KERNEL void softmax_grad(global const float *y, global const float *dy, global float *dx,
                            int rows, int columns, int chunk)
{
    QN_SCRATCH(float, scratch);
    QN_ROWS(r, rows, chunk)
    {
        int at = r * columns;
        qn_v part = 0.0f;
        QN_LANES(c, columns)
            part += qn_load(dy + at + c, columns - c, 0.0f) * qn_load(y + at + c, columns - c, 0.0f);
        float dot_product = qn_group_sum(qn_sum_of(part), scratch);
        QN_LANES(c, columns)
        {
            int n = columns - c;
            qn_v slope = qn_load(dy + at + c, n, 0.0f) - dot_product;
            qn_store(qn_load(y + at + c, n, 0.0f) * slope, dx + at + c, n);
        }
    }
}
