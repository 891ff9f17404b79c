/* SPDX-License-Identifier: Apache-2.0 */
/* One function of lib/functions.h over arrays: y = f(x), its gradient, and f(x + bias).
 * QN_FUNCTION: which, as "qn_tanh" ("tanh" alone is a macro on some implementations); it is part of
 * the kernels' names. */
#include "lib/vector.h"

#define QN_REAL qn_v
#include "lib/functions.h"

#ifndef QN_FUNCTION
#define QN_FUNCTION qn_linear
#endif

#define QN_GRADIENT QN_JOIN(QN_FUNCTION, _grad, )

QN_KERNEL void QN_JOIN(unary_, QN_FUNCTION, )(global const float *x, global float *y, int count,
                                              int chunk)
{
    QN_EACH(i, end, count, chunk)
        qn_store(QN_FUNCTION(qn_load(x + i, end - i, 1.0f)), y + i, end - i);
}

/* x and y are what the gradient reads; the other one may be any buffer of that size. */
QN_KERNEL void QN_JOIN(unary_grad_, QN_FUNCTION, )(global const float *dy, global const float *x,
                                                   global const float *y, global float *dx,
                                                   int count, int chunk)
{
    QN_EACH(i, end, count, chunk)
    {
        int n = end - i;
        qn_v slope = QN_GRADIENT(qn_load(x + i, n, 1.0f), qn_load(y + i, n, 1.0f));
        qn_store(qn_load(dy + i, n, 0.0f) * slope, dx + i, n);
    }
}

/* y[r, c] = f(x[r, c] + bias[c]) */
QN_KERNEL void QN_JOIN(bias_, QN_FUNCTION, )(global const float *x, global const float *bias,
                                             global float *y, int count, int columns, int chunk)
{
#if QN_CPU
    int begin = (int)get_global_id(0) * chunk, end = min(begin + chunk, count);
    for (int i = begin, n; i < end; i += n) {
        int c = i % columns;
        n = min(min(QN_WIDTH, columns - c), end - i);
        qn_store(QN_FUNCTION(qn_load(x + i, n, 1.0f) + qn_load(bias + c, n, 0.0f)), y + i, n);
    }
#else
    QN_EACH(i, end, count, chunk)
        y[i] = QN_FUNCTION(x[i] + bias[i % columns]);
#endif
}
