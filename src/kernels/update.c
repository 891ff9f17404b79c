/* SPDX-License-Identifier: Apache-2.0 */
/* Optimizer updates of whole segments: cl/update.cl. */
#include "kernels/kernels.h"
#include "kernels/launch.h"

/* cl/lib/step.h states the same struct for the device. */
_Static_assert(sizeof(qn_step_row) == 32, "a row of the step table has 32 bytes on the device");

qn_status qn_kernel_sgd(qn_steps *steps, qn_buffer *parameters, qn_buffer *gradients,
                        qn_buffer *latch, int64_t count)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "update.cl", "", "sgd");
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, parameters);
    qn_launch_buffer(&l, gradients);
    qn_launch_i32(&l, count);
    qn_launch_chunk(&l);
    qn_launch_optional(&l, latch, gradients);
    qn_launch_table(&l);
    return qn_launch_end(&l, 2.0 * (double)count, 3.0 * (double)count);
}

qn_status qn_kernel_adam(qn_steps *steps, qn_buffer *parameters, qn_buffer *gradients, qn_buffer *m,
                         qn_buffer *v, qn_buffer *latch, int64_t count, double beta_1,
                         double beta_2, double epsilon)
{
    qn_launch l;

    qn_launch_begin(&l, steps, "update.cl", "", "adam");
    qn_launch_elements(&l, count);
    qn_launch_buffer(&l, parameters);
    qn_launch_buffer(&l, gradients);
    qn_launch_buffer(&l, m);
    qn_launch_buffer(&l, v);
    qn_launch_i32(&l, count);
    qn_launch_chunk(&l);
    qn_launch_f32(&l, 1.0 - beta_1);
    qn_launch_f32(&l, 1.0 - beta_2);
    qn_launch_f32(&l, epsilon);
    qn_launch_optional(&l, latch, gradients);
    qn_launch_table(&l);
    return qn_launch_end(&l, 12.0 * (double)count, 7.0 * (double)count);
}
