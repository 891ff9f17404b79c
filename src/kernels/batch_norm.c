/* SPDX-License-Identifier: Apache-2.0 */
/* Batch normalization and moving averages: cl/batch_norm.cl, cl/moving_average.cl. */
#include "base/util.h"
#include "kernels/kernels.h"
#include "kernels/launch.h"
#include <stdio.h>

#define CHANNELS 16 /* that a group takes where inner is 1 */
#define GRAIN 2048  /* fewer elements are not worth another group (inference) */

static int64_t outer_of(const qn_batch_norm *norm)
{
    return norm->batch * norm->between;
}

static double elements_of(const qn_batch_norm *norm)
{
    return (double)outer_of(norm) * (double)norm->channels * (double)norm->inner;
}

static int64_t groups_of(const qn_batch_norm *norm)
{
    return norm->inner > 1 ? norm->channels : qn_divide_up(norm->channels, CHANNELS);
}

static void begin(qn_launch *l, qn_steps *steps, const char *kernel, const qn_batch_norm *norm)
{
    bool planes = norm->inner > 1;
    char name[64];

    snprintf(name, sizeof name, "%s_%s", kernel, planes ? "planes" : "columns");
    qn_launch_begin(l, steps, "batch_norm.cl", planes ? "-DQN_PLANES=1" : "-DQN_PLANES=0", name);
    qn_launch_rows(l, outer_of(norm), norm->channels * norm->inner); /* checks the count */
    qn_launch_groups(l, groups_of(norm));
}

static void shape(qn_launch *l, const qn_batch_norm *norm)
{
    qn_launch_i32(l, outer_of(norm));
    qn_launch_i32(l, norm->channels);
    qn_launch_i32(l, norm->inner);
}

qn_status qn_kernel_batch_norm(qn_steps *steps, const qn_batch_norm *norm)
{
    double count = elements_of(norm);
    qn_launch l;

    begin(&l, steps, "batch_norm", norm);
    qn_launch_buffer(&l, norm->x);
    qn_launch_optional(&l, norm->gamma, norm->x);
    qn_launch_optional(&l, norm->beta, norm->x);
    qn_launch_optional(&l, norm->y, norm->x);
    qn_launch_optional(&l, norm->mean, norm->x);
    qn_launch_optional(&l, norm->rest, norm->x);
    qn_launch_optional(&l, norm->variance, norm->x);
    shape(&l, norm);
    qn_launch_i32(&l, norm->between);
    qn_launch_f32(&l, norm->epsilon);
    qn_launch_table(&l);
    return qn_launch_end(&l, 10.0 * count, 2.0 * count);
}

qn_status qn_kernel_batch_norm_inference(qn_steps *steps, const qn_batch_norm *norm)
{
    int64_t width = qn_flavour_cpu(steps) ? CHANNELS : 1;
    int64_t pieces = outer_of(norm) * (norm->inner > 1 ? qn_divide_up(norm->inner, width) : 1);
    int64_t parts = qn_divide_up((int64_t)elements_of(norm), GRAIN * groups_of(norm));
    int64_t chunk = qn_divide_up(pieces, parts < pieces ? parts : pieces);
    double count = elements_of(norm);
    qn_launch l;

    parts = qn_divide_up(pieces, chunk);
    begin(&l, steps, "batch_norm_inference", norm);
    qn_launch_groups(&l, groups_of(norm) * parts);
    qn_launch_buffer(&l, norm->x);
    qn_launch_buffer(&l, norm->mean);
    qn_launch_buffer(&l, norm->variance);
    qn_launch_optional(&l, norm->gamma, norm->x);
    qn_launch_optional(&l, norm->beta, norm->x);
    qn_launch_buffer(&l, norm->y);
    shape(&l, norm);
    qn_launch_f32(&l, norm->epsilon);
    qn_launch_f32(&l, norm->least);
    qn_launch_i32(&l, parts);
    qn_launch_i32(&l, chunk);
    return qn_launch_end(&l, 4.0 * count, 2.0 * count);
}

qn_status qn_kernel_batch_norm_grad(qn_steps *steps, const qn_batch_norm *norm, bool fixed)
{
    double count = elements_of(norm);
    qn_launch l;

    begin(&l, steps, "batch_norm_grad", norm);
    qn_launch_buffer(&l, norm->x);
    qn_launch_buffer(&l, norm->dy);
    qn_launch_buffer(&l, norm->mean);
    qn_launch_optional(&l, norm->rest, norm->x);
    qn_launch_buffer(&l, norm->variance);
    qn_launch_optional(&l, norm->gamma, norm->x);
    qn_launch_optional(&l, norm->dx, norm->x);
    qn_launch_optional(&l, norm->dgamma, norm->x);
    qn_launch_optional(&l, norm->dbeta, norm->x);
    shape(&l, norm);
    qn_launch_i32(&l, norm->between);
    qn_launch_f32(&l, norm->epsilon);
    qn_launch_f32(&l, norm->least);
    qn_launch_i32(&l, fixed);
    qn_launch_table(&l);
    return qn_launch_end(&l, 11.0 * count, 3.0 * count);
}

qn_status qn_kernel_moving_average(qn_steps *steps, int count, qn_buffer *const *averages,
                                   qn_buffer *const *values, qn_buffer *latch, int64_t length,
                                   double momentum)
{
    int second = count > 1 ? 1 : 0;
    double elements = (double)count * (double)length;
    qn_launch l;

    qn_launch_begin(&l, steps, "moving_average.cl", "", "moving_average");
    qn_launch_elements(&l, length);
    qn_launch_buffer(&l, averages[0]);
    qn_launch_buffer(&l, values[0]);
    qn_launch_buffer(&l, averages[second]);
    qn_launch_buffer(&l, values[second]);
    qn_launch_i32(&l, second);
    qn_launch_i32(&l, length);
    qn_launch_chunk(&l);
    qn_launch_f32(&l, momentum);
    qn_launch_f32(&l, 1.0 - momentum);
    qn_launch_optional(&l, latch, values[0]);
    return qn_launch_end(&l, 3.0 * elements, 3.0 * elements);
}
