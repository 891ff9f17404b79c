/* SPDX-License-Identifier: Apache-2.0 */
/* Optimizer updates of whole segments: cl/update.cl. */
#include "kernels/kernels.h"
#include "kernels/launch.h"
#include <stdio.h>

/* cl/lib/step.h states the same struct for the device. */
_Static_assert(sizeof(qn_step_row) == 32, "a row of the step table has 32 bytes on the device");

static void begin(qn_launch *l, qn_steps *steps, const qn_update *update, const char *options,
                  const char *name)
{
    char full_name[64], all[64];

    snprintf(full_name, sizeof full_name, "%s%s", name, update->decays ? "_decay" : "");
    snprintf(all, sizeof all, "%s%s%s", options, *options && update->decays ? " " : "",
             update->decays ? "-DQN_DECAY=1" : "");
    qn_launch_begin(l, steps, "update.cl", all, full_name);
    qn_launch_elements(l, update->count);
    qn_launch_buffer(l, update->parameters);
    qn_launch_buffer(l, update->gradients);
}

static void count_and_chunk(qn_launch *l, const qn_update *update)
{
    qn_launch_i32(l, update->count);
    qn_launch_chunk(l);
}

/* What every update ends with; FLOP and elements moved are of one element. */
static qn_status end(qn_launch *l, const qn_update *update, double flops, double elements)
{
    double count = (double)update->count;

    qn_launch_optional(l, update->latch, update->gradients);
    qn_launch_table(l);
    return qn_launch_end(l, (update->decays ? 2.0 + flops : flops) * count, elements * count);
}

qn_status qn_kernel_sgd(qn_steps *steps, const qn_update *update)
{
    qn_launch l;

    begin(&l, steps, update, "", "sgd");
    count_and_chunk(&l, update);
    return end(&l, update, 2.0, 3.0);
}

qn_status qn_kernel_sgd_momentum(qn_steps *steps, const qn_update *update, qn_buffer *velocity,
                                 double momentum, bool nesterov)
{
    qn_launch l;

    begin(&l, steps, update, "", "sgd_momentum");
    qn_launch_buffer(&l, velocity);
    count_and_chunk(&l, update);
    qn_launch_f32(&l, momentum);
    qn_launch_i32(&l, nesterov);
    return end(&l, update, nesterov ? 7.0 : 4.0, 5.0);
}

qn_status qn_kernel_rmsprop(qn_steps *steps, const qn_update *update, qn_buffer *velocity,
                            qn_buffer *moment, qn_buffer *average, double rho, double momentum,
                            double epsilon)
{
    qn_launch l;

    begin(&l, steps, update, "", "rmsprop");
    qn_launch_buffer(&l, velocity);
    qn_launch_optional(&l, moment, velocity);
    qn_launch_optional(&l, average, velocity);
    count_and_chunk(&l, update);
    qn_launch_f32(&l, rho);
    qn_launch_f32(&l, 1.0 - rho);
    qn_launch_f32(&l, momentum);
    qn_launch_f32(&l, epsilon);
    return end(&l, update, 9.0 + (average ? 5.0 : 0.0) + (moment ? 2.0 : 0.0),
               5.0 + (average ? 2.0 : 0.0) + (moment ? 2.0 : 0.0));
}

qn_status qn_kernel_adam(qn_steps *steps, const qn_update *update, qn_buffer *m, qn_buffer *v,
                         qn_buffer *top, double beta_1, double beta_2, double epsilon)
{
    qn_launch l;

    begin(&l, steps, update, top ? "-DQN_AMSGRAD=1" : "", top ? "adam_amsgrad" : "adam");
    qn_launch_buffer(&l, m);
    qn_launch_buffer(&l, v);
    if (top)
        qn_launch_buffer(&l, top);
    count_and_chunk(&l, update);
    qn_launch_f32(&l, 1.0 - beta_1);
    qn_launch_f32(&l, 1.0 - beta_2);
    qn_launch_f32(&l, epsilon);
    return end(&l, update, 12.0, top ? 9.0 : 7.0);
}
