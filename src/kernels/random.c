/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers by a counter: cl/random.cl. */
#include "base/util.h"
#include "kernels/kernels.h"
#include "kernels/launch.h"

/* `a` and `b`: low and range, or mean and deviation. A Philox counter makes four words. */
static qn_status add_random(qn_steps *steps, const char *name, qn_buffer *out, int64_t count,
                            int words, uint64_t seed, uint32_t stream, double a, double b)
{
    int64_t counters = (count * words + 3) / 4;
    qn_launch l;

    qn_launch_begin(&l, steps, "random.cl", "", name);
    qn_launch_elements(&l, count);
    qn_launch_elements(&l, counters);
    qn_launch_buffer(&l, out);
    qn_launch_i32(&l, count);
    qn_launch_i32(&l, counters);
    qn_launch_chunk(&l);
    qn_launch_u32(&l, (uint32_t)seed);
    qn_launch_u32(&l, (uint32_t)(seed >> 32));
    qn_launch_u32(&l, QN_RANDOM_OPS);
    qn_launch_u32(&l, stream);
    qn_launch_f32(&l, a);
    qn_launch_f32(&l, b);
    qn_launch_table(&l);
    return qn_launch_end(&l, 80.0 * (double)counters, (double)count);
}

qn_status qn_kernel_random_uniform(qn_steps *steps, qn_buffer *out, int64_t count, uint64_t seed,
                                   uint32_t stream, double low, double high)
{
    return add_random(steps, "random_uniform", out, count, 1, seed, stream, low, high - low);
}

qn_status qn_kernel_random_normal(qn_steps *steps, qn_buffer *out, int64_t count, uint64_t seed,
                                  uint32_t stream, double mean, double stddev)
{
    return add_random(steps, "random_normal", out, count, 2, seed, stream, mean, stddev);
}
