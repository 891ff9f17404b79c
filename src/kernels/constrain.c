/* SPDX-License-Identifier: Apache-2.0 */
/* Weights projected in place: cl/constrain.cl. */
#include "base/util.h"
#include "kernels/kernels.h"
#include "kernels/launch.h"

qn_status qn_kernel_constrain_non_neg(qn_steps *steps, qn_buffer *w, qn_buffer *latch,
                                      int64_t count)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "constrain.cl", "", "constrain_non_neg");
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, w);
    qn_launch_i32(&l, count);
    qn_launch_chunk(&l);
    qn_launch_optional(&l, latch, w);
    return qn_launch_end(&l, (double)count, 2.0 * (double)count);
}

static qn_status end(qn_launch *l, qn_buffer *w, qn_buffer *latch, int64_t count, double low,
                     double high, double rate)
{
    qn_launch_f32(l, low);
    qn_launch_f32(l, high);
    qn_launch_f32(l, rate);
    qn_launch_optional(l, latch, w);
    return qn_launch_end(l, 3.0 * (double)count, 3.0 * (double)count);
}

static qn_status rows_of(qn_steps *steps, qn_buffer *w, qn_buffer *latch, int64_t rows,
                         int64_t columns, double low, double high, double rate)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "constrain.cl", "", "constrain_rows");
    qn_launch_rows(&l, rows, columns);
    qn_launch_buffer(&l, w);
    qn_launch_i32(&l, rows);
    qn_launch_i32(&l, columns);
    qn_launch_chunk(&l);
    return end(&l, w, latch, rows * columns, low, high, rate);
}

qn_status qn_kernel_constrain_norm(qn_steps *steps, qn_buffer *w, qn_buffer *latch, int64_t outer,
                                   int64_t n, int64_t inner, double low, double high, double rate)
{
    int64_t blocks = qn_divide_up(inner, 16);
    qn_launch l;

    if (inner == 1)
        return rows_of(steps, w, latch, outer, n, low, high, rate);
    qn_launch_begin(&l, steps, "constrain.cl", "", "constrain_columns");
    qn_launch_rows(&l, outer * n, inner); /* checks the count */
    qn_launch_groups(&l, outer * blocks);
    qn_launch_buffer(&l, w);
    qn_launch_i32(&l, n);
    qn_launch_i32(&l, inner);
    qn_launch_i32(&l, blocks);
    return end(&l, w, latch, outer * n * inner, low, high, rate);
}
