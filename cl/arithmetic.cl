/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on two arrays, the second one repeated as often as needed, and with numbers. */
#include "lib/vector.h"

enum { QN_ADD, QN_SUBTRACT, QN_MULTIPLY, QN_DIVIDE, QN_DIVIDE_GRAD };

static inline qn_v qn_combine(int op, qn_v a, qn_v b)
{
    switch (op) {
    case QN_ADD:
        return a + b;
    case QN_SUBTRACT:
        return a - b;
    case QN_MULTIPLY:
        return a * b;
    case QN_DIVIDE:
        return a / b;
    default: /* QN_DIVIDE_GRAD: a = dy * numerator, b = denominator */
        return -a / (b * b);
    }
}

/* c[i] = a[i] op b[i % b_count] */
QN_KERNEL void binary(global const float *a, global const float *b, global float *c, int count,
                      int b_count, int op, int chunk)
{
    if (b_count == 1) {
        qn_v all = b[0];
        QN_EACH(i, end, count, chunk)
            qn_store(qn_combine(op, qn_load(a + i, end - i, 1.0f), all), c + i, end - i);
        return;
    }
#if QN_CPU
    int begin = (int)get_global_id(0) * chunk, end = min(begin + chunk, count);
    for (int i = begin, n; i < end; i += n) {
        int j = i % b_count;
        n = min(min(QN_WIDTH, b_count - j), end - i);
        qn_v left = qn_load(a + i, n, 1.0f), right = qn_load(b + j, n, 1.0f);
        qn_store(qn_combine(op, left, right), c + i, n);
    }
#else
    QN_EACH(i, end, count, chunk)
        c[i] = qn_combine(op, a[i], b[i % b_count]);
#endif
}

/* y[i] = x[i] * factor + offset */
QN_KERNEL void affine(global const float *x, global float *y, int count, int chunk, float factor,
                      float offset)
{
    QN_EACH(i, end, count, chunk)
        qn_store(qn_load(x + i, end - i, 0.0f) * factor + offset, y + i, end - i);
}

/* y[i] = x[0] * factor */
QN_KERNEL void broadcast(global const float *x, global float *y, int count, int chunk, float factor)
{
    qn_v all = x[0] * factor;
    QN_EACH(i, end, count, chunk)
        qn_store(all, y + i, end - i);
}

/* y[r, c] = x[r, c] * scale[r] */
QN_KERNEL void scale_rows(global const float *x, global const float *scale, global float *y,
                          int count, int columns, int chunk)
{
#if QN_CPU
    int begin = (int)get_global_id(0) * chunk, end = min(begin + chunk, count);
    for (int i = begin, n; i < end; i += n) {
        int r = i / columns;
        n = min(min(QN_WIDTH, (r + 1) * columns - i), end - i);
        qn_store(qn_load(x + i, n, 0.0f) * scale[r], y + i, n);
    }
#else
    QN_EACH(i, end, count, chunk)
        y[i] = x[i] * scale[i / columns];
#endif
}
