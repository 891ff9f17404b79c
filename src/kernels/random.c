/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers by a counter (cl/random.cl), and what they do to an array (cl/noise.cl). */
#include "base/util.h"
#include "kernels/kernels.h"
#include "kernels/launch.h"
#include <math.h>

#define WORD_FLOPS 20.0   /* Philox, for one word */
#define NORMAL_FLOPS 65.0 /* two words, log, sqrt, cospi */
#define GPU_DRAW 4        /* QN_DRAW of lib/draw.h: elements that a work-item takes at once */

/* Where a step's words come from: QN_SOURCE of lib/draw.h, the last arguments. */
static void launch_source(qn_launch *l, qn_random_key key)
{
    qn_launch_u32(l, (uint32_t)key.seed);
    qn_launch_u32(l, (uint32_t)(key.seed >> 32));
    qn_launch_u32(l, QN_RANDOM_OPS);
    qn_launch_u32(l, key.stream);
    qn_launch_table(l);
}

/* Begins a launch with its first arguments: x (NULL: none), y, count, chunk. */
static void begin_draws(qn_launch *l, qn_steps *steps, const char *file, const char *kernel,
                        qn_buffer *x, qn_buffer *y, int64_t count)
{
    qn_launch_begin(l, steps, file, "", kernel);
    qn_launch_elements(l, count);
    if (!qn_flavour_cpu(steps))
        qn_launch_elements(l, qn_divide_up(count, GPU_DRAW));
    if (x)
        qn_launch_buffer(l, x);
    qn_launch_buffer(l, y);
    qn_launch_i32(l, count);
    qn_launch_chunk(l);
}

qn_status qn_kernel_random_uniform(qn_steps *steps, qn_buffer *out, int64_t count, uint64_t seed,
                                   uint32_t stream, double low, double high)
{
    qn_launch l;

    begin_draws(&l, steps, "random.cl", "random_uniform", NULL, out, count);
    qn_launch_f32(&l, low);
    qn_launch_f32(&l, high - low);
    launch_source(&l, (qn_random_key){seed, stream});
    return qn_launch_end(&l, WORD_FLOPS * (double)count, (double)count);
}

qn_status qn_kernel_random_normal(qn_steps *steps, qn_buffer *out, int64_t count, uint64_t seed,
                                  uint32_t stream, double mean, double stddev)
{
    qn_launch l;

    begin_draws(&l, steps, "random.cl", "random_normal", NULL, out, count);
    qn_launch_f32(&l, mean);
    qn_launch_f32(&l, stddev);
    launch_source(&l, (qn_random_key){seed, stream});
    return qn_launch_end(&l, NORMAL_FLOPS * (double)count, (double)count);
}

qn_status qn_kernel_dropout(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                            qn_random_key key, double rate, double factor, double offset,
                            double dropped)
{
    qn_launch l;

    begin_draws(&l, steps, "noise.cl", "dropout", x, y, count);
    /* Of a uniform number u = k / 2^24, u >= rate is k >= rate 2^24: exact for every rate. */
    qn_launch_u32(&l, (uint32_t)ceil(rate * 0x1p24));
    qn_launch_f32(&l, factor);
    qn_launch_f32(&l, offset);
    qn_launch_f32(&l, dropped);
    launch_source(&l, key);
    return qn_launch_end(&l, (WORD_FLOPS + 3.0) * (double)count, 2.0 * (double)count);
}

static qn_status add_gaussian(qn_steps *steps, const char *kernel, qn_buffer *x, qn_buffer *y,
                              int64_t count, qn_random_key key, double stddev)
{
    qn_launch l;

    begin_draws(&l, steps, "noise.cl", kernel, x, y, count);
    qn_launch_f32(&l, stddev);
    launch_source(&l, key);
    return qn_launch_end(&l, (NORMAL_FLOPS + 3.0) * (double)count, 2.0 * (double)count);
}

qn_status qn_kernel_gaussian_dropout(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                                     qn_random_key key, double stddev)
{
    return add_gaussian(steps, "gaussian_dropout", x, y, count, key, stddev);
}

qn_status qn_kernel_gaussian_noise(qn_steps *steps, qn_buffer *x, qn_buffer *y, int64_t count,
                                   qn_random_key key, double stddev)
{
    return add_gaussian(steps, "gaussian_noise", x, y, count, key, stddev);
}
