/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and means in a fixed order: cl/reduce.cl. */
#include "base/util.h"
#include "kernels/kernels.h"
#include "kernels/launch.h"

#define ONE_LAUNCH 16384 /* up to here one group sums everything */
#define MAX_PARTS 256

/* Elements of one part of a long sum: at most MAX_PARTS of them. */
static int64_t part_of(int64_t count)
{
    int64_t part = qn_divide_up(count, MAX_PARTS);

    return part < ONE_LAUNCH / 4 ? ONE_LAUNCH / 4 : (part + 15) / 16 * 16;
}

int64_t qn_sum_parts(int64_t count, int64_t *part)
{
    *part = count <= ONE_LAUNCH ? count : part_of(count);
    return qn_divide_up(count, *part);
}

size_t qn_sum_scratch_bytes(const qn_device *device, int64_t count)
{
    (void)device;
    return count <= ONE_LAUNCH ? 0 : MAX_PARTS * sizeof(float);
}

static qn_status sum_parts(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count, int64_t part,
                           double factor)
{
    int64_t groups = qn_divide_up(count, part);
    qn_launch l;

    qn_launch_begin(&l, steps, "reduce.cl", "", "sum");
    qn_launch_rows(&l, 1, count); /* checks the count */
    qn_launch_groups(&l, groups);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, count);
    qn_launch_i32(&l, part);
    qn_launch_f32(&l, factor);
    return qn_launch_end(&l, (double)count, (double)(count + groups));
}

qn_status qn_kernel_sum(qn_steps *steps, qn_buffer *x, qn_buffer *scratch, qn_buffer *y,
                        int64_t count, double factor)
{
    int64_t part, parts = qn_sum_parts(count, &part);

    if (parts == 1)
        return sum_parts(steps, x, y, count, part, factor);
    if (!scratch)
        return qn_fail(qn_device_env(steps->device), QN_ERROR_INTERNAL,
                       "the sum of %lld elements was given no scratch memory", (long long)count);
    QN_TRY(sum_parts(steps, x, scratch, count, part, 1.0));
    return sum_parts(steps, scratch, y, parts, parts, factor);
}

qn_status qn_kernel_column_sum(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t rows,
                               int64_t columns)
{
    double count = (double)rows * (double)columns;
    qn_launch l;

    qn_launch_begin(&l, steps, "reduce.cl", "", "column_sum");
    qn_launch_rows(&l, rows, columns); /* checks the count */
    qn_launch_groups(&l, (columns + 15) / 16);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, rows);
    qn_launch_i32(&l, columns);
    return qn_launch_end(&l, count, count + (double)columns);
}

qn_status qn_kernel_batch_mean(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t batch,
                               int64_t inner)
{
    double count = (double)batch * (double)inner;
    qn_launch l;

    qn_launch_begin(&l, steps, "reduce.cl", "", "batch_mean");
    qn_launch_rows(&l, batch, inner); /* checks the count */
    qn_launch_groups(&l, 1);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, inner);
    qn_launch_table(&l);
    return qn_launch_end(&l, count, count + 1.0);
}

qn_status qn_kernel_batch_mean_grad(qn_steps *steps, qn_buffer *dy, qn_buffer *dx, int64_t batch,
                                    int64_t inner)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "reduce.cl", "", "batch_mean_grad");
    qn_launch_elements(&l, batch * inner);
    qn_launch_buffer(&l, dy);
    qn_launch_buffer(&l, dx);
    qn_launch_i32(&l, batch * inner);
    qn_launch_chunk(&l);
    qn_launch_i32(&l, inner);
    qn_launch_table(&l);
    return qn_launch_end(&l, 1.0, (double)batch * (double)inner + 1.0);
}
