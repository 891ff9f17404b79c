/* SPDX-License-Identifier: Apache-2.0 */
/* Normalization within samples: cl/norm.cl. */
#include "base/util.h"
#include "kernels/kernels.h"
#include "kernels/launch.h"

#define CHANNELS 16 /* that a group takes where inner is 1 */

static int64_t sets_of_outer(const qn_norm *norm)
{
    return norm->across ? norm->inner : norm->groups;
}

int64_t qn_norm_sets(const qn_norm *norm)
{
    return norm->outer * sets_of_outer(norm);
}

static int64_t elements_of(const qn_norm *norm)
{
    return norm->outer * norm->before * norm->channels * norm->inner;
}

/* How many of `outer` times `each` belong to a row of the batch; 0: there is no batch. */
static int64_t per_row(const qn_norm *norm, int64_t each)
{
    return norm->batch > 0 ? norm->outer / norm->batch * each : 0;
}

static void geometry(qn_launch *l, const qn_norm *norm)
{
    qn_launch_i32(l, norm->before);
    qn_launch_i32(l, norm->channels);
    qn_launch_i32(l, norm->inner);
    qn_launch_i32(l, norm->groups);
    qn_launch_i32(l, norm->across);
}

static void sets(qn_launch *l, const qn_norm *norm)
{
    qn_launch_i32(l, qn_norm_sets(norm));
    qn_launch_chunk(l);
    qn_launch_i32(l, per_row(norm, sets_of_outer(norm)));
    qn_launch_table(l);
}

qn_status qn_kernel_norm(qn_steps *steps, const qn_norm *norm)
{
    double count = (double)elements_of(norm);
    qn_launch l;

    qn_launch_begin(&l, steps, "norm.cl", "", "norm");
    qn_launch_rows(&l, qn_norm_sets(norm), elements_of(norm) / qn_norm_sets(norm));
    qn_launch_buffer(&l, norm->x);
    qn_launch_optional(&l, norm->gamma, norm->x);
    qn_launch_optional(&l, norm->beta, norm->x);
    qn_launch_optional(&l, norm->y, norm->x);
    qn_launch_optional(&l, norm->inverse, norm->x);
    qn_launch_optional(&l, norm->mean, norm->x);
    qn_launch_optional(&l, norm->rest, norm->x);
    qn_launch_i32(&l, norm->kind);
    qn_launch_f32(&l, norm->epsilon);
    geometry(&l, norm);
    sets(&l, norm);
    return qn_launch_end(&l, (norm->kind == QN_NORM_STANDARD ? 12.0 : 7.0) * count, 2.0 * count);
}

qn_status qn_kernel_norm_grad(qn_steps *steps, const qn_norm *norm)
{
    double count = (double)elements_of(norm);
    qn_launch l;

    qn_launch_begin(&l, steps, "norm.cl", "", "norm_grad");
    qn_launch_rows(&l, qn_norm_sets(norm), elements_of(norm) / qn_norm_sets(norm));
    qn_launch_buffer(&l, norm->x);
    qn_launch_buffer(&l, norm->dy);
    qn_launch_optional(&l, norm->gamma, norm->x);
    qn_launch_buffer(&l, norm->inverse);
    qn_launch_optional(&l, norm->mean, norm->x);
    qn_launch_optional(&l, norm->rest, norm->x);
    qn_launch_buffer(&l, norm->dx);
    qn_launch_i32(&l, norm->kind);
    geometry(&l, norm);
    sets(&l, norm);
    return qn_launch_end(&l, 13.0 * count, 3.0 * count);
}

qn_status qn_kernel_norm_parameters(qn_steps *steps, const qn_norm *norm)
{
    bool planes = norm->inner > 1;
    double count = (double)elements_of(norm);
    qn_launch l;

    qn_launch_begin(&l, steps, "norm.cl", planes ? "-DQN_PLANES=1" : "-DQN_PLANES=0",
                    planes ? "norm_parameters_planes" : "norm_parameters_columns");
    qn_launch_rows(&l, norm->outer, elements_of(norm) / norm->outer); /* checks the count */
    qn_launch_groups(&l, planes ? norm->channels : qn_divide_up(norm->channels, CHANNELS));
    qn_launch_buffer(&l, norm->x);
    qn_launch_buffer(&l, norm->dy);
    qn_launch_buffer(&l, norm->inverse);
    qn_launch_optional(&l, norm->mean, norm->x);
    qn_launch_optional(&l, norm->rest, norm->x);
    qn_launch_optional(&l, norm->dgamma, norm->x);
    qn_launch_optional(&l, norm->dbeta, norm->x);
    qn_launch_i32(&l, norm->outer * norm->before);
    geometry(&l, norm);
    qn_launch_i32(&l, per_row(norm, norm->before));
    qn_launch_table(&l);
    return qn_launch_end(&l, 5.0 * count, 2.0 * count);
}
