/* SPDX-License-Identifier: Apache-2.0 */
/* Penalties, and what the orthogonal one needs: cl/penalty.cl. */
#include "base/util.h"
#include "kernels/kernels.h"
#include "kernels/launch.h"

static void begin(qn_launch *l, qn_steps *steps, const char *name)
{
    qn_launch_begin(l, steps, "penalty.cl", "", name);
}

/* The parts' launch ends in `scratch`, and a sum of the parts follows; one part needs neither. */
static qn_status add_up(qn_steps *steps, qn_buffer *scratch, qn_buffer *y, int64_t parts)
{
    return parts > 1 ? qn_kernel_sum(steps, scratch, NULL, y, parts, 1.0) : QN_OK;
}

qn_status qn_kernel_penalty(qn_steps *steps, qn_buffer *x, qn_buffer *scratch, qn_buffer *y,
                            int64_t count, double l1, double l2)
{
    int64_t part, parts = qn_sum_parts(count, &part);
    qn_launch l;

    begin(&l, steps, "penalty");
    qn_launch_rows(&l, 1, count); /* checks the count */
    qn_launch_groups(&l, parts);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, parts > 1 ? scratch : y);
    qn_launch_i32(&l, count);
    qn_launch_i32(&l, part);
    qn_launch_f32(&l, l1);
    qn_launch_f32(&l, l2);
    QN_TRY(qn_launch_end(&l, 5.0 * (double)count, (double)(count + parts)));
    return add_up(steps, scratch, y, parts);
}

qn_status qn_kernel_penalty_batch(qn_steps *steps, qn_buffer *x, qn_buffer *scratch, qn_buffer *y,
                                  int64_t batch, int64_t inner, double l1, double l2)
{
    int64_t count = batch * inner, part, parts = qn_sum_parts(count, &part);
    qn_launch l;

    begin(&l, steps, "penalty_batch");
    qn_launch_rows(&l, batch, inner); /* checks the count */
    qn_launch_groups(&l, parts);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, parts > 1 ? scratch : y);
    qn_launch_i32(&l, inner);
    qn_launch_i32(&l, part);
    qn_launch_f32(&l, l1);
    qn_launch_f32(&l, l2);
    qn_launch_table(&l);
    QN_TRY(qn_launch_end(&l, 5.0 * (double)count, (double)(count + parts)));
    return add_up(steps, scratch, y, parts);
}

qn_status qn_kernel_penalty_grad(qn_steps *steps, qn_buffer *dy, qn_buffer *x, qn_buffer *dx,
                                 int64_t count, double l1, double l2)
{
    qn_launch l;

    begin(&l, steps, "penalty_grad");
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, dy);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, dx);
    qn_launch_i32(&l, count);
    qn_launch_chunk(&l);
    qn_launch_f32(&l, l1);
    qn_launch_f32(&l, l2);
    return qn_launch_end(&l, 4.0 * (double)count, 2.0 * (double)count);
}

qn_status qn_kernel_penalty_batch_grad(qn_steps *steps, qn_buffer *dy, qn_buffer *x, qn_buffer *dx,
                                       int64_t batch, int64_t inner, double l1, double l2)
{
    double count = (double)batch * (double)inner;
    qn_launch l;

    begin(&l, steps, "penalty_batch_grad");
    qn_launch_elements(&l, batch * inner);
    qn_launch_buffer(&l, dy);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, dx);
    qn_launch_i32(&l, batch * inner);
    qn_launch_chunk(&l);
    qn_launch_i32(&l, inner);
    qn_launch_f32(&l, l1);
    qn_launch_f32(&l, l2);
    qn_launch_table(&l);
    return qn_launch_end(&l, 4.0 * count, 2.0 * count);
}

qn_status qn_kernel_cosines(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t n)
{
    double count = (double)n * (double)n;
    qn_launch l;

    begin(&l, steps, "cosines");
    qn_launch_rows(&l, n, n);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, n);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, 3.0 * count, 2.0 * count);
}

qn_status qn_kernel_cosines_grad(qn_steps *steps, qn_buffer *dy, qn_buffer *x, qn_buffer *dx,
                                 int64_t n)
{
    double count = (double)n * (double)n;
    qn_launch l;

    begin(&l, steps, "cosines_grad");
    qn_launch_rows(&l, n, n);
    qn_launch_buffer(&l, dy);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, dx);
    qn_launch_i32(&l, n);
    qn_launch_chunk(&l);
    return qn_launch_end(&l, 8.0 * count, 3.0 * count);
}

qn_status qn_kernel_valid_rows(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t batch,
                               int64_t inner)
{
    qn_launch l;

    begin(&l, steps, "valid_rows");
    qn_launch_elements(&l, batch * inner);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, batch * inner);
    qn_launch_chunk(&l);
    qn_launch_i32(&l, inner);
    qn_launch_table(&l);
    return qn_launch_end(&l, 0.0, 2.0 * (double)batch * (double)inner);
}

qn_status qn_kernel_per_row(qn_steps *steps, qn_buffer *x, qn_buffer *y)
{
    qn_launch l;

    begin(&l, steps, "per_row");
    qn_launch_groups(&l, 1);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_table(&l);
    return qn_launch_end(&l, 1.0, 2.0);
}
