/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a dataset by their numbers, converted and scaled.
 * QN_IN: uchar, int or float; QN_OUT: float, or int with QN_OUT_INT=1 (no scale). */
#include "lib/functions.h"
#include "lib/step.h"
#include "lib/vector.h"

#ifndef QN_IN
#define QN_IN uchar
#endif
#ifndef QN_OUT
#define QN_OUT float
#endif
#ifndef QN_OUT_INT
#define QN_OUT_INT 0
#endif

#if QN_OUT_INT
#define QN_SCALED(v) (v)
#else
#define QN_SCALED(v) ((v) * scale)
#endif

#define QN_CONVERT QN_JOIN(convert_, QN_OUT, )
#define QN_CONVERT16 QN_JOIN(convert_, QN_OUT, 16)

#if QN_CPU
/* n elements of one row */
static inline void qn_copy_row(global const QN_IN *in, global QN_OUT *out, int n, float scale)
{
    int c = 0;
    for (; c + 16 <= n; c += 16)
        vstore16(QN_SCALED(QN_CONVERT16(vload16(0, in + c))), 0, out + c);
    for (; c < n; ++c)
        out[c] = QN_SCALED(QN_CONVERT(in[c]));
}
#endif

/* out[r, c] = data[index[index_at + r], c] * scale for valid rows, else 0 */
QN_KERNEL void QN_JOIN(gather_, QN_IN, QN_JOIN(_, QN_OUT, ))(
    global const QN_IN *data, global const uint *index, global QN_OUT *out, int count, int columns,
    int chunk, float scale, global const qn_step_row *table, int row)
{
    index += table[row].index_at;
    int valid = table[row].rows;
#if QN_CPU
    int begin = (int)get_global_id(0) * chunk, end = min(begin + chunk, count);
    for (int i = begin, n; i < end; i += n) {
        int r = i / columns, c = i - r * columns;
        n = min(columns - c, end - i);
        if (r < valid) {
            qn_copy_row(data + (size_t)index[r] * columns + c, out + i, n, scale);
        } else {
            for (int k = i; k < i + n; ++k)
                out[k] = 0;
        }
    }
#else
    QN_EACH(i, end, count, chunk)
    {
        int r = i / columns, c = i - r * columns;
        out[i] = r < valid ? QN_SCALED(QN_CONVERT(data[(size_t)index[r] * columns + c])) : 0;
    }
#endif
}
