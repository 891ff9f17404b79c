/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax over rows and its gradient: cl/softmax.cl. */
#include "kernels/kernels.h"
#include "kernels/launch.h"

qn_status qn_kernel_softmax(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t rows,
                            int64_t columns)
{
    double count = (double)rows * (double)columns;
    qn_launch l;

    qn_launch_begin(&l, steps, "softmax.cl", "", "softmax");
    qn_launch_rows(&l, rows, columns);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, rows);
    qn_launch_i32(&l, columns);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, 15.0 * count, 2.0 * count);
}

qn_status qn_kernel_softmax_grad(qn_steps *steps, qn_buffer *y, qn_buffer *dy, qn_buffer *dx,
                                 int64_t rows, int64_t columns)
{
    double count = (double)rows * (double)columns;
    qn_launch l;

    qn_launch_begin(&l, steps, "softmax.cl", "", "softmax_grad");
    qn_launch_rows(&l, rows, columns);
    qn_launch_buffer(&l, y);
    qn_launch_buffer(&l, dy);
    qn_launch_buffer(&l, dx);
    qn_launch_i32(&l, rows);
    qn_launch_i32(&l, columns);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, 4.0 * count, 3.0 * count);
}
