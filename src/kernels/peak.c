/* SPDX-License-Identifier: Apache-2.0 */
/* Launches of cl/peak.cl. */
#include "kernels/peak.h"
#include "kernels/launch.h"
#include <stdio.h>

#define CHAINS 12          /* QN_CHAINS of cl/peak.cl */
#define UNROLL 8           /* QN_UNROLL */
#define CPU_WIDTH 16       /* QN_WIDTH of lib/vector.h */
#define GROUPS_PER_UNIT 64 /* many: evens out what else the device does */
#define CPU_ROUNDS 4096
#define GPU_ROUNDS 1024

int64_t qn_peak_groups(const qn_steps *steps)
{
    uint32_t units = qn_device_description(steps->device)->compute_units;

    return GROUPS_PER_UNIT * (int64_t)(units ? units : 1);
}

int64_t qn_peak_most(const qn_steps *steps)
{
    return qn_flavour_cpu(steps) ? CPU_ROUNDS : GPU_ROUNDS;
}

int64_t qn_peak_block(const qn_steps *steps)
{
    return UNROLL * (qn_flavour_cpu(steps) ? CPU_WIDTH : (int64_t)qn_flavour_local(steps));
}

/* Work-items of so many groups. */
static double items(const qn_steps *steps, int64_t groups)
{
    return (double)groups * (double)qn_flavour_local(steps);
}

qn_status qn_kernel_peak_fma(qn_steps *steps, int width, qn_buffer *x, qn_buffer *y, double a,
                             double b, int64_t groups, int64_t count)
{
    char name[32];
    qn_launch l;

    snprintf(name, sizeof name, "peak_fma_%d", width);
    qn_launch_begin(&l, steps, "peak.cl", "", name);
    qn_launch_groups(&l, groups);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_f32(&l, a);
    qn_launch_f32(&l, b);
    qn_launch_i32(&l, count);
    return qn_launch_end(&l, 2.0 * CHAINS * width * (double)count * items(steps, groups),
                         (double)groups);
}

qn_status qn_kernel_peak_read(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t elements,
                              int64_t groups, int64_t count)
{
    const int64_t block = qn_peak_block(steps);
    int64_t stride = elements / groups / block * block;
    double moved = (double)groups * (double)count * (double)block;
    qn_launch l;

    qn_launch_begin(&l, steps, "peak.cl", "", "peak_read");
    qn_launch_groups(&l, groups);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, elements - 1);
    qn_launch_i32(&l, stride ? stride : block);
    qn_launch_i32(&l, count);
    return qn_launch_end(&l, moved, moved);
}

qn_status qn_kernel_peak_write(qn_steps *steps, qn_buffer *y, double value, int64_t groups,
                               int64_t count)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "peak.cl", "", "peak_write");
    qn_launch_groups(&l, groups);
    qn_launch_buffer(&l, y);
    qn_launch_f32(&l, value);
    qn_launch_i32(&l, count);
    return qn_launch_end(&l, 0.0, (double)groups * (double)(count * qn_peak_block(steps)));
}

qn_status qn_kernel_peak_copy(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t groups,
                              int64_t count)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "peak.cl", "", "peak_copy");
    qn_launch_groups(&l, groups);
    qn_launch_buffer(&l, x);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, count);
    return qn_launch_end(&l, 0.0, 2.0 * (double)groups * (double)(count * qn_peak_block(steps)));
}

qn_status qn_kernel_peak_local(qn_steps *steps, qn_buffer *y, int64_t stride, int64_t groups,
                               int64_t count)
{
    double moved = UNROLL * (double)count * items(steps, groups);
    qn_launch l;

    qn_launch_begin(&l, steps, "peak.cl", "", "peak_local");
    qn_launch_groups(&l, groups);
    qn_launch_buffer(&l, y);
    qn_launch_i32(&l, stride);
    qn_launch_i32(&l, count);
    return qn_launch_end(&l, moved, moved);
}

qn_status qn_kernel_peak_launch(qn_steps *steps, qn_buffer *y, double value)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "peak.cl", "", "peak_launch");
    qn_launch_groups(&l, 1);
    qn_launch_buffer(&l, y);
    qn_launch_f32(&l, value);
    return qn_launch_end(&l, 0.0, 1.0);
}
